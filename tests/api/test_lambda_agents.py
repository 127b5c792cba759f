"""Agents that are Lambda functions: their payload, and their answers."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from botocore.retries.standard import ExponentialBackoff

from ai_coordination import models
from ai_coordination.clients import clients
from ai_coordination.config import settings
from tests.api.execution import (
    FUNCTION,
    WAITS,
    after,
    agents,
    blueprint,
    echo,
    function,
    input_of,
    outcomes,
    report,
    session,
    start,
    started,
    states,
    tell,
    work_off,
)
from tests.support.http_server import Reply
from tests.support.lambda_service import LambdaService, raising, refusing, returning
from tests.support.stored import stored

pytestmark = pytest.mark.usefixtures("worked_queue")

TWO_MB = 2 * 1024 * 1024


def replied(
    functions: LambdaService, replies: Sequence[Reply], parameters: Mapping[str, str] = WAITS
) -> list[dict[str, Any]]:
    """The agents of a session after their functions have replied so; none is tried twice."""
    names = [f"n{number:02}" for number in range(len(replies))]
    for name, reply in zip(names, replies, strict=True):
        functions.deploy(f"agent-{name}", reply)
    members = [function(name, f"agent-{name}", **parameters) for name in names]
    rules = {"retry": {"maxAttempts": 2, "intervalSeconds": 600}, "onFailure": "CONTINUE"}
    place = started(members, [after(name, **rules) for name in names])
    assert sorted(one.function for one in functions.invocations) == sorted(functions.functions)
    found = agents(place)
    return [found[name] for name in names]


def test_a_function_gets_what_the_contract_says(functions: LambdaService) -> None:
    functions.deploy(FUNCTION, returning(None))
    zh = function("zh", style="formal")
    actions = [after("rag", userInTheLoop="INPUT"), after("zh", "rag")]
    files = [{"name": "rfq.pdf", "uri": "s3://bucket/rfq.pdf", "mediaType": "application/pdf"}]
    place = start(
        blueprint([echo("rag"), zh], actions), taskQuery="Which?", userId="u-17", inputFiles=files
    )
    work_off()
    tell("answerSessionAgent", {**report(place, "rag"), "userInput": "Green tea"})

    found = agents(place)
    (invocation,) = functions.invocations
    assert (invocation.function, invocation.kind) == (FUNCTION, "Event")
    agent = stored(models.SessionAgent, place.session, found["zh"]["sessionAgentUuid"])
    assert invocation.event == {
        "version": 1,
        "context": {"endpointId": "acme", "partId": "sales", "userId": "u-17"},
        "replyTo": {"functionName": "ai-coordination-api"},
        "coordinationUuid": place.coordination,
        "sessionUuid": place.session,
        "sessionAgentUuid": found["zh"]["sessionAgentUuid"],
        "runUuid": found["zh"]["currentRun"]["runUuid"],
        "turn": 1,
        "attempt": 1,
        "threadUuid": agent.thread_uuid,
        "deadlineAt": agent.deadline_at,
        "agent": {"agentUuid": "zh", "agentName": "ZH", "parameters": {"style": "formal"}},
        "subtaskQuery": "Which?",
        "agentInput": input_of(
            found["zh"], "Which?", **{"Agent RAG": "Which?", "A person, to agent RAG": "Green tea"}
        ),
        "resume": None,
        "reply": None,
        "rejected": None,
        "isLastTurn": False,
        "lastFailure": None,
        "outputSchema": None,
        "delegates": [],
        "delegated": [],
        "delegatedBefore": [],
        "predecessors": [
            {
                "sessionAgentUuid": found["rag"]["sessionAgentUuid"],
                "agentUuid": "rag",
                "agentName": "RAG",
                "state": "COMPLETED",
                "agentOutput": "Which?",
                "userInput": "Green tea",
            }
        ],
        "inputFiles": files,
    }


def test_a_function_that_was_handed_the_event_reports_later(functions: LambdaService) -> None:
    functions.deploy(FUNCTION, returning({"agentOutput": "not looked at"}))
    place = started([function()])
    agent = stored(models.SessionAgent, place.session, agents(place)["a"]["sessionAgentUuid"])
    assert agent.state == "in_progress"
    assert agent.lease_until is None
    assert agent.due_at == agent.deadline_at

    tell("completeSessionAgent", {**report(place, "a"), "agentOutput": "Done"})

    assert session(place)["status"] == "COMPLETED"
    assert outcomes(place) == [("a", 1, "COMPLETED")]
    assert len(functions.invocations) == 1


def test_a_function_that_is_waited_for_answers_with_what_it_returns(
    functions: LambdaService,
) -> None:
    values: list[Any] = ["Done", "", {"agentOutput": "Done"}, {"agentOutput": "", "more": 1}]

    found = replied(functions, [returning(value) for value in values])

    assert [one["state"] for one in found] == ["COMPLETED"] * 4
    assert [one["agentOutput"] for one in found] == ["Done", "", "Done", ""]
    assert [one["currentRun"]["usage"] for one in found] == [None] * 4
    assert {one.kind for one in functions.invocations} == {"RequestResponse"}


USAGES: list[tuple[Any, bool]] = [
    ({"inputTokens": 3, "outputTokens": 0}, True),
    ({"inputTokens": 2**31 - 1, "outputTokens": 1}, True),
    ({"inputTokens": -1, "outputTokens": 4}, False),
    ({"inputTokens": "3", "outputTokens": 4}, False),
    ({"inputTokens": True, "outputTokens": 4}, False),
    ({"inputTokens": 3.5, "outputTokens": 4}, False),
    ({"inputTokens": 2**31, "outputTokens": 4}, False),
    ({"inputTokens": 3}, False),
    ({}, False),
    (None, False),
    ("many", False),
    ([1, 2], False),
]


def test_a_usage_that_is_none_does_not_cost_the_answer(functions: LambdaService) -> None:
    answers = [returning({"agentOutput": "Done", "usage": usage}) for usage, _ in USAGES]

    found = replied(functions, answers)

    assert [one["agentOutput"] for one in found] == ["Done"] * len(USAGES)
    expected = [usage if counts else None for usage, counts in USAGES]
    assert [one["currentRun"]["usage"] for one in found] == expected


RETURNS = "A function returns a text, or an object with agentOutput, question or delegate"
NO_JSON = "The function returned no JSON"
TOO_LARGE = "The agent's output: A text has at most 2 MB of UTF-8"
NO_ANSWERS: list[tuple[Reply, str]] = [
    (returning(None), f"The function returned nothing (null). {RETURNS}"),
    (Reply(b""), f"The function returned nothing (null). {RETURNS}"),
    (returning(7), f"The function returned a number. {RETURNS}"),
    (returning(7.5), f"The function returned a number. {RETURNS}"),
    (returning(True), f"The function returned a boolean. {RETURNS}"),
    (returning(["Done"]), f"The function returned a list. {RETURNS}"),
    (returning({}), f"The function returned an empty object. {RETURNS}"),
    (
        returning({"agentOutput": None}),
        f"The function returned an object with 'agentOutput'. {RETURNS}",
    ),
    (
        returning({"agentOutput": {"text": "Done"}}),
        f"The function returned an object whose agentOutput is an object. {RETURNS}",
    ),
    (
        returning({"question": ["Why?"]}),
        f"The function returned an object whose question is a list. {RETURNS}",
    ),
    (
        returning({"answer": "Done", "x" * 60: 1, "a": 1, "b": 1, "c": 1, "d": 1}),
        f"The function returned an object with 'answer', '{'x' * 50}', 'a', 'b', 'c'. {RETURNS}",
    ),
    (Reply(b"Done"), NO_JSON),
    (Reply(b'"\xff"'), NO_JSON),
    (Reply(b"[" * 100_000), NO_JSON),
    (returning("x" * (TWO_MB + 1)), TOO_LARGE),
    (returning("ä" * (TWO_MB // 2) + "b"), TOO_LARGE),
    (
        returning("half \ud800 of a pair"),
        "The agent's output: This contains half a surrogate pair, which is not text",
    ),
]


def test_what_is_no_answer_fails_the_agent_and_is_not_tried_again(functions: LambdaService) -> None:
    found = replied(functions, [reply for reply, _ in NO_ANSWERS])

    assert [one["notes"] for one in found] == [notes for _, notes in NO_ANSWERS]
    assert {(one["state"], one["attempt"], one["agentOutput"]) for one in found} == {
        ("FAILED", 1, None)
    }
    assert {one["currentRun"]["outcome"] for one in found} == {"FAILED"}


HANDLED = {"X-Amz-Function-Error": "Handled"}
OTHERWISE = "Lambda rejected the invocation"
PASSING: list[tuple[Reply, str]] = [
    (raising("KeyError", "'price'"), "KeyError: 'price'"),
    (raising("", "Task timed out after 3.00 seconds"), "Task timed out after 3.00 seconds"),
    (raising("Bad\ud800", "x" * 3_000), "Bad?: " + "x" * 1_994),
    (Reply(b"null", headers=HANDLED), "The function has failed"),
    (Reply(b'{"errorMessage": 1}', headers=HANDLED), "The function has failed"),
    (Reply(b"<", headers=HANDLED), "The function has failed"),
    (refusing(500, "ServiceException"), f"{OTHERWISE} (ServiceException)"),
    (refusing(502, "ENILimitReachedException"), f"{OTHERWISE} (ENILimitReachedException)"),
    (refusing(409, "ResourceConflictException"), f"{OTHERWISE} (ResourceConflictException)"),
]


def test_a_failure_that_may_pass_is_followed_by_the_next_attempt(functions: LambdaService) -> None:
    found = replied(functions, [reply for reply, _ in PASSING])

    assert [one["notes"] for one in found] == [notes for _, notes in PASSING]
    assert {(one["state"], one["attempt"]) for one in found} == {("INITIAL", 1)}
    assert {one["currentRun"]["outcome"] for one in found} == {"FAILED"}


LASTING = [
    (404, "ResourceNotFoundException", "The function does not exist"),
    (403, "AccessDeniedException", "The engine is not allowed to invoke this function"),
    (413, "RequestTooLargeException", "The payload is larger than Lambda accepts"),
    (400, "InvalidParameterValueException", OTHERWISE),
]


@pytest.mark.parametrize("parameters", [{}, WAITS], ids=["event", "call"])
def test_a_refusal_that_stays_fails_the_agent_and_says_nothing_of_the_account(
    functions: LambdaService, parameters: dict[str, str]
) -> None:
    replies = [refusing(status, code) for status, code, _ in LASTING]

    found = replied(functions, replies, parameters)

    assert [one["notes"] for one in found] == [f"{notes} ({code})" for _, code, notes in LASTING]
    assert {(one["state"], one["attempt"]) for one in found} == {("FAILED", 1)}


def test_an_event_that_lambda_throttles_is_sent_again_at_once(functions: LambdaService) -> None:
    replies = iter([refusing(429, "TooManyRequestsException"), returning(None)])
    functions.deploy(FUNCTION, lambda event: next(replies))

    place = started([function()])

    assert states(place) == {"a": "IN_PROGRESS"}
    first, second = functions.invocations
    assert first == second


@pytest.mark.parametrize("parameters", [{}, WAITS], ids=["event", "call"])
def test_a_function_that_nobody_serves_is_tried_again(
    functions: LambdaService, parameters: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda backoff, context: 0)
    clients.forget()
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:9")

    place = started([function(**parameters)])
    clients.forget()

    agent = agents(place)["a"]
    assert (agent["state"], agent["attempt"]) == ("INITIAL", 1)
    assert agent["notes"] == "The function could not be reached (EndpointConnectionError)"


def test_a_target_is_checked_again_when_it_is_invoked(
    functions: LambdaService, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = start(blueprint([function()]), taskQuery="Which?")
    monkeypatch.setenv("AI_COORDINATION_AGENT_FUNCTION_PREFIX", "bot-")
    settings.cache_clear()

    work_off()

    agent = agents(place)["a"]
    assert (agent["state"], agent["attempt"]) == ("FAILED", 1)
    assert agent["notes"] == "The function's name must begin with 'bot-' (runtime.target)"
    assert functions.invocations == []


def test_parameters_that_an_earlier_version_took_fail_the_agent_at_once(
    functions: LambdaService,
) -> None:
    stored_before = {
        "a": {"invocation": "requestresponse"},
        "b": {"fail": {"attempts": "x"}},
        "c": {"fail": {"attempts": 1, "notes": 5}},
        "d": {"seconds": "3"},
    }
    members = [function("a"), echo("b"), echo("c"), echo("d")]
    place = start(blueprint(members, [after(one, onFailure="CONTINUE") for one in "abcd"]))
    for agent in models.SessionAgent.query(place.session):
        runtime = agent.member.runtime
        runtime.parameters = stored_before[agent.agent_uuid]
        runtime.target = runtime.target or "somewhere"
        agent.save()

    work_off()

    found = agents(place)
    # It was taken for no number of seconds.
    assert found.pop("d")["state"] == "COMPLETED"
    assert {name: (agent["state"], agent["attempt"]) for name, agent in found.items()} == (
        dict.fromkeys("abc", ("FAILED", 1))
    )
    assert [found[name]["notes"].rpartition(" (")[2] for name in "abc"] == [
        "runtime.parameters.invocation)",
        "runtime.parameters.fail.attempts)",
        "runtime.parameters.fail.notes)",
    ]
    assert functions.invocations == []
