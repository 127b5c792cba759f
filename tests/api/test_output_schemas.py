"""What an agent says is checked by the schema of its action, whatever the kind of agent."""

import json
from typing import Any

import pytest

from ai_coordination import models
from tests.api.calling_back import ACCEPTED, call_back, code_of
from tests.api.execution import (
    FUNCTION,
    WAITS,
    a2a_agent,
    after,
    agents,
    echo,
    external,
    function,
    http_agent,
    listed,
    outcomes,
    report,
    session,
    started,
    tell,
    work_off,
)
from tests.support.a2a_agent import A2aAgent, task
from tests.support.chat_server import ChatServer
from tests.support.graph_api import Place, ask, mutation, new_coordination, refusal
from tests.support.http_server import Reply
from tests.support.lambda_service import LambdaService, returning
from tests.support.stored import stored

pytestmark = pytest.mark.usefixtures("worked_queue")

SCHEMA = {
    "type": "object",
    "properties": {"score": {"type": "integer", "minimum": 0, "maximum": 10}},
    "required": ["score"],
}
BAD, GOOD = '{"score": "high"}', '{"score": 7}'
WHY = (
    "The agent's output does not fit the outputSchema. "
    "This must be a whole number from 0 to 10 (score)"
)
AT_ONCE = {"maxAttempts": 2, "intervalSeconds": 0}
CHECKED = {"outputSchema": SCHEMA, "retry": AT_ONCE}


def refused_report(given: Any) -> Any:
    """The error of a report that is not taken."""
    document = mutation("completeSessionAgent", "CompleteSessionAgentInput", "__typename")
    (refused,) = ask(document, {"input": given})["errors"]
    return refused


def check_second_is_taken(place: Place) -> None:
    """The first output was a failed attempt, and the second one is the agent's."""
    (agent,) = agents(place).values()
    runs = session(place)["sessionRuns"]["nodes"]
    assert (agent["state"], agent["agentOutput"]) == ("COMPLETED", GOOD)
    assert [(run["outcome"], run["notes"]) for run in runs] == [
        ("FAILED", WHY),
        ("COMPLETED", None),
    ]


def test_a_function_is_told_the_schema_and_why_its_last_attempt_failed(
    functions: LambdaService,
) -> None:
    replies = iter([returning(BAD), returning(GOOD)])
    functions.deploy(FUNCTION, lambda event: next(replies))

    place = started([function(**WAITS)], [after("a", **CHECKED)])

    check_second_is_taken(place)
    runs = models.SessionRun.query(place.session, consistent_read=True)
    assert sorted((run.attempt, run.output) for run in runs) == [(1, BAD), (2, GOOD)]

    events = [invocation.event for invocation in functions.invocations]
    assert [event["lastFailure"] for event in events] == [None, WHY]
    assert [event["outputSchema"] for event in events] == [SCHEMA, SCHEMA]
    assert events[0]["agentInput"] == events[1]["agentInput"] == "Which?"


def test_a_function_without_a_schema_is_told_of_its_failures_in_this_turn_alone(
    functions: LambdaService,
) -> None:
    asked = {"question": "Which one?"}
    replies = iter([returning(7), returning(asked), returning("Done")])
    functions.deploy(FUNCTION, lambda event: next(replies))
    place = started([function(**WAITS)], [after("a", retry=AT_ONCE)])
    assert agents(place)["a"]["state"] == "FAILED"

    replies = iter([Reply(b"", 500), returning(asked), returning("Done")])
    place = started([function(**WAITS)], [after("a", retry=AT_ONCE)])
    tell("answerSessionAgent", {**report(place, "a"), "userInput": "The second"})

    told = [one.event["lastFailure"] for one in functions.invocations[-3:]]
    assert (told[0], told[2]) == (None, None)
    assert told[1]
    assert {one.event["outputSchema"] for one in functions.invocations} == {None}


def test_a_report_that_does_not_fit_is_a_failed_attempt(functions: LambdaService) -> None:
    functions.deploy(FUNCTION, returning(None))
    place = started([function()], [after("a", **CHECKED)])
    first = report(place, "a")
    usage = {"inputTokens": 3, "outputTokens": 4}

    for expected in (f"The attempt has failed. {WHY}", "This run has ended with another result"):
        refused = refused_report({**first, "agentOutput": BAD, "usage": usage})
        assert refused["extensions"]["code"] == "INVALID_STATE"
        assert refused["extensions"]["state"] == "INITIAL"
        assert refused["message"].startswith(expected)
    work_off()
    tell("completeSessionAgent", {**report(place, "a"), "agentOutput": GOOD})

    check_second_is_taken(place)
    run = stored(models.SessionRun, place.session, first["runUuid"])
    assert run.output == BAD
    assert (run.usage.input_tokens, run.usage.output_tokens) == (3, 4)


def test_an_external_worker_corrects_its_report() -> None:
    place = started([external("a")], [after("a", outputSchema=SCHEMA)])
    run = report(place, "a")

    refused = refused_report({**run, "agentOutput": BAD})
    assert refused["message"] == WHY
    assert refused["extensions"]["code"] == "BAD_USER_INPUT"
    assert refused["extensions"]["inputPath"] == ["input", "agentOutput"]
    assert [one["currentRun"]["runUuid"] for one in listed("IN_PROGRESS")] == [run["runUuid"]]
    tell("completeSessionAgent", {**run, "agentOutput": GOOD})

    assert outcomes(place) == [("a", 1, "COMPLETED")]


def test_a_callback_that_does_not_fit_is_a_failed_attempt(agent_server: ChatServer) -> None:
    agent_server.answers(ACCEPTED, ACCEPTED)
    place = started([http_agent(agent_server.url)], [after("a", **CHECKED)])

    status, answered = call_back(agent_server.requests[-1].body["callback"], {"agentOutput": BAD})
    assert (status, code_of(answered)) == (409, "INVALID_STATE")
    assert agent_server.requests[-1].body["lastFailure"] == WHY
    assert agent_server.requests[-1].body["outputSchema"] == SCHEMA
    call_back(agent_server.requests[-1].body["callback"], {"agentOutput": GOOD})

    check_second_is_taken(place)


def test_an_agent_that_speaks_a2a_is_told_the_schema_and_the_failure(desk: A2aAgent) -> None:
    desk.answers("GetTask", task("COMPLETED", output=BAD), task("COMPLETED", output=GOOD))
    desk.answers("SendMessage", {"task": task("WORKING")}, {"task": task("WORKING")})

    place = started([a2a_agent(desk.url)], [after("a", **CHECKED)])

    check_second_is_taken(place)
    first, second = (sent["message"] for sent in desk.sent("SendMessage"))
    mark = f"[{second['messageId'][-12:]}]"
    assert first["parts"][0]["text"].endswith(f"must fit\n{json.dumps(SCHEMA)}")
    assert second["parts"][0]["text"] == "\n\n".join(
        [
            "Which?",
            f"Headings begin with {mark}.",
            f"{mark} The JSON Schema that your answer must fit\n{json.dumps(SCHEMA)}",
            f"{mark} Why your last attempt failed\n{WHY}",
        ]
    )


@pytest.mark.parametrize(
    ("schema", "output", "fits"),
    [
        (SCHEMA, '```json\n{"score": 1}\n```', True),
        (SCHEMA, 'It is this:\n```\n{"score": 1}\n```', True),
        (SCHEMA, "7", False),
        (SCHEMA, "[]", False),
        ({"type": "array"}, "[1]", True),
        ({"type": "string", "enum": ["yes", "no"]}, " yes\n", True),
        ({"type": "string", "enum": ["yes", "no"]}, "maybe", False),
        ({"type": "string", "maxLength": 3}, "{}", False),
        ({"anyOf": [{"type": "array"}, {"enum": ["none"]}]}, "none", True),
        ({}, "", True),
    ],
)
def test_what_is_checked_is_the_value_that_expressions_see(
    schema: Any, output: str, fits: bool
) -> None:
    once = {"outputSchema": schema, "retry": {"maxAttempts": 1}}
    passing = {**echo("pass"), "runtime": {"kind": "PASS"}}
    members = [echo("echo"), passing]

    place = started(
        members,
        [after(member["agentUuid"], **once, onFailure="CONTINUE") for member in members],
        taskQuery=output,
    )

    expected = ("COMPLETED", output) if fits else ("FAILED", None)
    found = {name: (one["state"], one["agentOutput"]) for name, one in agents(place).items()}
    assert found == dict.fromkeys(found, expected)
    assert len(found) == 2


@pytest.mark.parametrize("schema", [{"type": "number"}, {"type": ["integer", "null"]}])
def test_a_schema_that_no_output_fits_is_refused(schema: Any) -> None:
    key = {"coordinationUuid": new_coordination(agents=[echo("a")]), "taskName": "Judge"}
    action = {"agentUuid": "a", "outputSchema": schema}

    refused = refusal("createTask", {**key, "agentActions": [action]})

    assert refused["code"] == "BAD_USER_INPUT"
    assert refused["inputPath"] == ["input", "agentActions", 0, "outputSchema"]
