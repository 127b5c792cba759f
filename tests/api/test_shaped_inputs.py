"""What agents are told whose action has `input`."""

from typing import Any

import pytest

from ai_coordination.services import validation
from tests.api.execution import (
    WAITS,
    after,
    agents,
    echo,
    external,
    function,
    input_of,
    outcomes,
    report,
    session,
    started,
    states,
    tell,
)
from tests.support.graph_api import Place
from tests.support.lambda_service import LambdaService, returning

pytestmark = pytest.mark.usefixtures("worked_queue")

CITY = '{"city": "Zürich", "people": 421878, "rivers": ["Limmat", "Sihl"]}'


def passing(uuid: str) -> dict[str, Any]:
    return {"agentUuid": uuid, "agentName": uuid.upper(), "runtime": {"kind": "PASS"}}


def told(expression: str, said: str = CITY, **more: Any) -> Place:
    """A session in which A says this, and B gets what the expression gives."""
    actions = [after("a"), after("b", "a", input=expression, **more)]
    queries = [{"agentUuid": "a", "subtaskQuery": said}, {"agentUuid": "b", "subtaskQuery": "Own"}]
    return started([echo("a"), passing("b")], actions, subtaskQueries=queries)


INPUTS = {
    "a text": ("join('', ['Visit ', outputs.a.city])", "Visit Zürich"),
    "a number": ("outputs.a.people", "421878"),
    "a list": ("outputs.a.rivers", '["Limmat", "Sihl"]'),
    "an object": ("{city: outputs.a.city, turn: turn}", '{"city": "Zürich", "turn": 1}'),
    "null": ("outputs.a.mayor", "null"),
    "queries": ("join('/', [query, taskQuery])", "Own/Which?"),
}


@pytest.mark.parametrize(("expression", "text"), INPUTS.values(), ids=INPUTS)
def test_an_agent_is_told_what_its_input_gives(expression: str, text: str) -> None:
    agent = agents(told(expression))["b"]

    assert (agent["agentInput"], agent["agentOutput"]) == (text, text)
    assert agent["subtaskQuery"] == "Own"


def test_echo_answers_with_its_shaped_input() -> None:
    place = started([echo("a")], [after("a", input="join('', [taskQuery, ' And why?'])")])

    assert agents(place)["a"]["agentOutput"] == "Which? And why?"


def test_the_payload_of_a_function_has_the_shaped_input_and_all_outputs(
    functions: LambdaService,
) -> None:
    functions.deploy("agent-writer", returning("Done"))
    actions = [after("a"), after("b", "a", input="outputs.a.city")]
    queries = [{"agentUuid": "a", "subtaskQuery": CITY}, {"agentUuid": "b", "subtaskQuery": "Own"}]

    started([echo("a"), function("b", **WAITS)], actions, subtaskQueries=queries)

    (invocation,) = functions.invocations
    event = invocation.event
    assert (event["agentInput"], event["subtaskQuery"]) == ("Zürich", "Own")
    assert [one["agentOutput"] for one in event["predecessors"]] == [CITY]


def test_an_agent_is_told_beside_it_what_a_person_said_to_its_own_output() -> None:
    rule = {"input": "join(' ', ['Turn', to_string(turn)])", "userInTheLoop": "APPROVAL"}
    place = started([external("a")], [after("a", **rule)])
    tell("completeSessionAgent", {**report(place, "a"), "agentOutput": "Draft"})

    judged = {**report(place, "a"), "approved": False, "revise": True, "userInput": "Shorter"}
    tell("answerSessionAgent", judged)

    agent = agents(place)["a"]
    said = {
        "Your own earlier answer, which a person rejected": "Draft",
        "Why the person rejected it": "Shorter",
    }
    assert agent["agentInput"] == input_of(agent, "Turn 2", **said)


def test_an_input_that_fails_is_not_tried_again() -> None:
    place = told("sum(outputs.a.rivers)", retry={"maxAttempts": 5}, onFailure="CONTINUE")

    assert states(place) == {"a": "COMPLETED", "b": "FAILED"}
    assert session(place)["status"] == "COMPLETED"
    notes = agents(place)["b"]["notes"]
    assert notes.startswith("`input` has failed: ")
    assert notes.endswith(". Its expression is: sum(outputs.a.rivers)")
    assert outcomes(place) == [("a", 1, "COMPLETED")]


def test_an_input_of_more_digits_than_can_be_written_fails() -> None:
    place = told("sum(outputs.a)", f"[{'9' * 4_300}, 1]", onFailure="CONTINUE")

    assert states(place) == {"a": "COMPLETED", "b": "FAILED"}
    assert agents(place)["b"]["notes"] == (
        "`input` has failed: it gives a number of more than 4,300 digits. Its expression is:"
        " sum(outputs.a)"
    )


def test_an_input_that_is_too_large_fails(bucket: None) -> None:
    half = "x" * (validation.LONGEST_TEXT_BYTES // 2 + 1)

    place = told("join('', [outputs.a, outputs.a])", half)

    assert agents(place)["b"]["notes"].startswith("`input` has failed: ")
    assert "2 MB" in agents(place)["b"]["notes"]
