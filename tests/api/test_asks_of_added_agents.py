"""People answer the elements of a list and the rounds of a loop, and what follows knows."""

import json
from typing import Any

import pytest

from ai_coordination import models
from tests.api.asking import FORM, time_out
from tests.api.delegating import BOSS, begin, boss, events, says, work
from tests.api.execution import (
    WAITS,
    after,
    agents,
    echo,
    function,
    input_of,
    session,
    started,
    tell,
    work_off,
)
from tests.api.growing import by_parent, mapped, rows
from tests.support.graph_api import CALLER, Place, data
from tests.support.lambda_service import LambdaService
from tests.support.stored import refused

pytestmark = pytest.mark.usefixtures("worked_queue")

COLOURS = ["Red", "Green"]
CHOICE: dict[str, Any] = {"kind": "CHOICE", "options": COLOURS}
APPROVAL: dict[str, Any] = {"kind": "APPROVAL", "onRejection": "CONTINUE"}
UNTIL_APPROVED = {"until": "answers.b.approved", "maxRounds": 3}
KINDS_OF_ANSWERS = "userInput", "approved", "choice", "answer"
ASK = """query ($s: ID!, $a: ID!) { sessionAgent(sessionUuid: $s, sessionAgentUuid: $a) {
    ask { kind approved choice answer answeredBy comment }
} }"""


def answer(one: models.SessionAgent, **said: Any) -> None:
    key = {
        "sessionUuid": one.session_uuid,
        "sessionAgentUuid": one.session_agent_uuid,
        "runUuid": one.current_run_uuid,
    }
    tell("answerSessionAgent", {**key, **said})


def waiting(place: Place) -> list[models.SessionAgent]:
    return [one for one in rows(place) if one.state == "waiting_for_input"]


def of_start(place: Place, name: str) -> dict[str, Any]:
    """An agent that the session started with."""
    uuids = {one.session_agent_uuid for one in by_parent(place)[None]}
    found = session(place)["sessionAgents"]["nodes"]
    one = next(
        one for one in found if one["agentUuid"] == name and one["sessionAgentUuid"] in uuids
    )
    return dict(one)


def shown(place: Place, name: str) -> Any:
    given = {"s": place.session, "a": of_start(place, name)["sessionAgentUuid"]}
    return data(ASK, given)["sessionAgent"]["ask"]


def looped(ask: dict[str, Any], repeat: dict[str, Any], **more: Any) -> Place:
    """`b` is repeated, and `c` follows it."""
    return started(
        [echo("b"), echo("c")],
        [after("b", ask=ask, repeat=repeat, **more), after("c", "b")],
        subtaskQueries=[{"agentUuid": name, "subtaskQuery": name.upper()} for name in "bc"],
    )


def test_each_element_asks_and_the_list_says_what_people_said() -> None:
    place = mapped('["x", {"y": 1}, "z"]', "{item}", ask=CHOICE)
    assert len(waiting(place)) == 3

    for one, option in zip(waiting(place), ["Red", "Green", "Red"], strict=True):
        answer(one, choice=option, userInput=f"For {option}")

    listed = json.loads(of_start(place, "b")["agentOutput"])
    assert listed == [
        {"agentOutput": "x", "userInput": "For Red", "choice": "Red"},
        {"agentOutput": {"y": 1}, "userInput": "For Green", "choice": "Green"},
        {"agentOutput": "z", "userInput": "For Red", "choice": "Red"},
    ]
    assert (shown(place, "b"), session(place)["status"]) == (None, "COMPLETED")
    end = of_start(place, "c")
    assert end["agentInput"] == input_of(end, "Join", **{"Agent B": json.dumps(listed)})


def test_a_condition_sees_what_was_chosen_in_the_list() -> None:
    each = {"forEach": {"items": "['x', 'y']"}, "ask": CHOICE}
    actions = [
        after("b", **each),
        after("c", "b", when="contains(outputs.b[].choice, 'Green')"),
        after("d", "b", when="answers.b.choice == 'Green'"),
    ]
    place = started([echo("b"), echo("c"), echo("d")], actions)

    for one, option in zip(waiting(place), COLOURS, strict=True):
        answer(one, choice=option)

    states = {name: of_start(place, name)["state"] for name in "bcd"}
    assert states == {"b": "COMPLETED", "c": "COMPLETED", "d": "SKIPPED"}


@pytest.mark.usefixtures("bucket")
def test_a_list_has_the_answers_to_forms_and_rejections_that_failed_nothing() -> None:
    large = {"days": 1, "note": "n" * 5_000}
    filled = mapped('["x", "y"]', "{item}", ask={"kind": "INPUT", "form": FORM})
    for one, value in zip(waiting(filled), [large, {"days": 2}], strict=True):
        answer(one, answer=value)
    judged = mapped('["x", "y"]', "{item}", ask=APPROVAL)
    for one, approved in zip(waiting(judged), [True, False], strict=True):
        answer(one, approved=approved)

    listed = json.loads(_whole(filled))
    assert [one["answer"] for one in listed] == [large, {"days": 2}]
    assert [one["userInput"] for one in listed] == [None, None]
    said = [(one["agentOutput"], one["approved"]) for one in json.loads(_whole(judged))]
    assert said == [("x", True), ("y", False)]


def _whole(place: Place) -> str:
    return str(of_start(place, "b")["agentOutput"])


def test_a_join_has_the_list_of_agents_that_asked_as_it_is() -> None:
    join = {"agentUuid": "c", "agentName": "Join", "runtime": {"kind": "PASS"}}
    place = mapped('["x"]', "{item}", ask=CHOICE, members=[echo("a"), echo("b"), join])

    answer(*waiting(place), choice="Red")

    assert of_start(place, "c")["agentOutput"] == of_start(place, "b")["agentOutput"]


def test_rounds_follow_until_a_person_approves_and_each_is_told_of_the_rejection() -> None:
    place = looped(APPROVAL, UNTIL_APPROVED)

    answer(*waiting(place), approved=False, userInput="Shorter")
    answer(*waiting(place), approved=True, userInput="Well done", comment="!")

    first, second = by_parent(place)["b"]
    assert (first.approved, second.approved) == (False, True)
    told = str(second.subtask_query)
    assert "A person, who rejected the answer of agent B\nShorter" in told
    parent = of_start(place, "b")
    assert (parent["agentOutput"], parent["userInput"]) == (second.agent_output, "Well done")
    assert shown(place, "b") == {
        "kind": "APPROVAL",
        "approved": True,
        "choice": None,
        "answer": "Well done",
        "answeredBy": CALLER.user_id,
        "comment": "!",
    }
    end = of_start(place, "c")
    said = {"Agent B": parent["agentOutput"], "A person, to agent B": "Well done"}
    assert end["agentInput"] == input_of(end, "C", **said)
    assert [one.run_count for one in rows(place)] == [1, 1, 1, 1]
    key = {"sessionUuid": place.session, "sessionAgentUuid": parent["sessionAgentUuid"]}
    unasked = {**key, "runUuid": parent["currentRun"]["runUuid"], "approved": True}
    refusal = refused("answerSessionAgent", {**unasked, "userInput": "Well done"})
    assert refusal == {"code": "INVALID_STATE", "state": "COMPLETED"}


def test_what_follows_a_loop_sees_that_its_last_round_was_rejected_too() -> None:
    repeat = {**UNTIL_APPROVED, "maxRounds": 2}
    actions = [
        after("b", ask=APPROVAL, repeat=repeat),
        after("c", "b", when="answers.b.approved"),
        after("d", "b", when="!(answers.b.approved)"),
    ]
    place = started([echo("b"), echo("c"), echo("d")], actions)

    for _ in range(2):
        answer(*waiting(place), approved=False)

    ended = {name: one["state"] for name, one in agents(place).items() if name != "b"}
    assert ended == {"c": "SKIPPED", "d": "COMPLETED"}
    assert "A person, who rejected the answer of agent B" in of_start(place, "d")["agentInput"]


def test_a_loop_ends_by_a_choice_and_by_a_default() -> None:
    chosen = looped(CHOICE, {"until": "answers.b.choice == 'Green'", "maxRounds": 5})
    answer(*waiting(chosen), choice="Red")
    answer(*waiting(chosen), choice="Green")
    assert len(by_parent(chosen)["b"]) == 2
    assert shown(chosen, "b")["choice"] == "Green"
    assert session(chosen)["status"] == "COMPLETED"

    ask = {**APPROVAL, "default": True, "onTimeout": "DEFAULT"}
    left = looped(ask, UNTIL_APPROVED, answerTimeoutSeconds=60)
    time_out(left)
    work_off()
    assert len(by_parent(left)["b"]) == 1
    assert (shown(left, "b")["approved"], shown(left, "b")["answeredBy"]) == (True, "engine")
    assert session(left)["status"] == "COMPLETED"


def test_a_rejection_that_fails_ends_the_loop_and_an_element_follows_its_policy() -> None:
    place = looped({"kind": "APPROVAL"}, UNTIL_APPROVED)
    answer(*waiting(place), approved=False, userInput="No")
    assert session(place)["status"] == "FAILED"

    listed = mapped('["x", "y"]', "{item}", ask={"kind": "APPROVAL"}, each={"toleratedFailures": 1})
    rejected, approved = waiting(listed)
    answer(rejected, approved=False)
    answer(approved, approved=True)
    assert session(listed)["status"] == "COMPLETED"
    assert json.loads(of_start(listed, "b")["agentOutput"]) == [
        None,
        {"agentOutput": "y", "userInput": None},
    ]


@pytest.mark.usefixtures("bucket")
def test_an_agent_that_delegates_is_told_what_people_said_about_the_results(
    functions: LambdaService,
) -> None:
    asks = {"choice": CHOICE, "form": {"kind": "INPUT", "form": FORM}, "judged": APPROVAL}
    delegation = {"delegate": [work(name, name) for name in (*asks, "free")]}
    functions.deploy(BOSS, says(delegation, "Done"))
    members = [function("boss", BOSS, **WAITS), *map(echo, [*asks, "free"])]
    actions = [boss(*asks, "free"), *(after(name, ask=rule) for name, rule in asks.items())]
    place = begin(members, *actions)
    large = {"days": 1, "note": "n" * 5_000}
    said: dict[str, dict[str, Any]] = {
        "choice": {"choice": "Red", "userInput": "Warm"},
        "form": {"answer": large},
        "judged": {"approved": False},
    }

    for one in waiting(place):
        answer(one, **said[one.agent_uuid])

    _, event = events(functions)
    judged = {
        one["agentUuid"]: {name: one[name] for name in KINDS_OF_ANSWERS if name in one}
        for one in event["delegated"]
    }
    assert judged == {
        "choice": {"choice": "Red", "userInput": "Warm"},
        "form": {"answer": large, "userInput": None},
        "judged": {"approved": False, "userInput": None},
        "free": {},
    }
    told = event["agentInput"]
    assert "A person's choice, after agent CHOICE\nRed" in told
    assert "A person, who rejected the answer of agent JUDGED\n(without a remark)" in told
    assert session(place)["status"] == "COMPLETED"
