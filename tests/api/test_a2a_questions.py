"""Agents that speak A2A: they ask, a person replies, and their task continues."""

from typing import Any

import pytest

from ai_coordination.engine import factory, sweeper
from ai_coordination.engine.agent import lease, question
from ai_coordination.runtimes import a2a_call
from tests.api.asking import agent, runs
from tests.api.execution import a2a_agent, after, report, started, tell, work_off
from tests.support.a2a_agent import A2aAgent, Refusal, card, reply_of, task, task_03
from tests.support.contexts import SYSTEM
from tests.support.faults import Died
from tests.support.graph_api import Place

pytestmark = pytest.mark.usefixtures("worked_queue")

AT_ONCE = {"retry": {"maxAttempts": 2, "intervalSeconds": 0}}
ASKS = {"task": task("INPUT_REQUIRED", "Which colour?")}
DONE = {"task": task("COMPLETED", output="5 kg")}


def asking(desk: A2aAgent, **parameters: Any) -> Place:
    place = started([a2a_agent(desk.url, **parameters)], [after("a", **AT_ONCE)])
    assert agent(place)["state"] == "WAITING_FOR_INPUT"
    return place


def reply(place: Place, text: str = "green") -> dict[str, Any]:
    tell("answerSessionAgent", {**report(place, "a"), "userInput": text})
    return agent(place)


def test_a_question_is_for_a_person_and_the_reply_continues_the_task(desk: A2aAgent) -> None:
    desk.answers("SendMessage", ASKS, {"task": task("WORKING")})
    desk.answers(
        "GetTask", task("INPUT_REQUIRED", "And how much?"), task("COMPLETED", output="5 kg")
    )
    place = asking(desk)
    assert agent(place)["ask"]["question"] == "Which colour?"

    assert reply(place)["ask"]["question"] == "And how much?"
    assert reply(place, "a lot")["agentOutput"] == "5 kg"

    first, *replies = (sent["message"] for sent in desk.sent("SendMessage"))
    assert [one["parts"] for one in replies] == [[{"text": "green"}], [{"text": "a lot"}]]
    assert {one["contextId"] for one in replies} == {first["contextId"]}
    assert {one["taskId"] for one in replies} == {"task-1"}
    assert len({one["messageId"] for one in (first, *replies)}) == 3
    assert [(turn, outcome) for turn, _, outcome, _ in runs(place)] == [
        (1, "INPUT_REQUIRED"),
        (2, "INPUT_REQUIRED"),
        (3, "COMPLETED"),
    ]


def test_an_agent_that_says_nothing_asks_nevertheless(desk: A2aAgent) -> None:
    desk.answers("SendMessage", {"task": task("INPUT_REQUIRED")})

    asked = agent(asking(desk))["ask"]["question"]

    assert asked == "The agent needs input, and has not said what for"


def test_an_agent_that_wants_data_is_sent_data(desk: A2aAgent) -> None:
    desk.card = card(f"{desk.url}/a2a", "0.3")
    asks = task_03("INPUT_REQUIRED", "Agent requires input")
    interrupt = {"interruptId": "i1", "name": "approve"}
    asks["status"]["message"]["parts"].append({"kind": "data", "data": {"interrupts": [interrupt]}})
    desk.answers("message/send", asks, task_03("COMPLETED", output="5 kg"))

    assert reply(asking(desk))["agentOutput"] == "5 kg"

    parts = desk.sent("message/send")[1]["message"]["parts"]
    data = {"interruptResponse": {"interruptId": "i1", "response": "green"}}
    assert parts == [{"kind": "data", "data": data, "metadata": {}}]


# What the task is once the first attempt at sending the reply has failed; the methods that the
# second attempt uses, and its output.
FAILED_FIRST: dict[str, tuple[Any, list[str], str]] = {
    "not delivered": (ASKS["task"], ["GetTask", "SendMessage"], "5 kg"),
    "delivered": (task("COMPLETED", output="6 kg"), ["GetTask"], "6 kg"),
    "unknown": (Refusal(-32001), ["GetTask", "SendMessage"], "5 kg"),
    "failed": (task("FAILED", "broken"), ["GetTask", "SendMessage"], "5 kg"),
    "cancelled": (task("CANCELED"), ["GetTask", "SendMessage"], "5 kg"),
}


@pytest.mark.parametrize("name", FAILED_FIRST)
def test_a_reply_whose_answer_was_lost_is_not_sent_twice(desk: A2aAgent, name: str) -> None:
    now, methods, output = FAILED_FIRST[name]
    desk.answers("SendMessage", ASKS, Refusal(-32603), DONE)
    desk.answers("GetTask", now)

    assert reply(asking(desk))["agentOutput"] == output

    assert desk.methods() == ["CARD", "SendMessage", "SendMessage", *methods]
    last = desk.sent("SendMessage")[-1]["message"]
    begins_anew = name in ("unknown", "failed", "cancelled")
    assert ("taskId" in last) is not begins_anew
    if begins_anew:
        assert "Which colour?" in last["parts"][0]["text"]
        assert "green" in last["parts"][0]["text"]


def test_a_reply_to_a_task_that_the_agent_no_longer_knows_begins_the_work_anew(
    desk: A2aAgent,
) -> None:
    desk.answers("SendMessage", ASKS, Refusal(-32001), DONE)

    assert reply(asking(desk))["agentOutput"] == "5 kg"

    *_, second, last = (sent["message"] for sent in desk.sent("SendMessage"))
    assert (second.get("taskId"), last.get("taskId")) == ("task-1", None)
    assert len(desk.sent("SendMessage")) == 3


def test_a_reply_that_was_given_up_is_followed_by_a_new_task(
    desk: A2aAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine cancels what it gives up, perhaps only after the next attempt has looked."""
    monkeypatch.setattr(a2a_call, "MOST_MISSES", 1)
    down, working, cancelled = reply_of({}, 502), task("WORKING"), task("CANCELED")
    desk.answers("SendMessage", ASKS, {"task": working}, DONE)
    desk.answers("GetTask", down, working, cancelled)
    desk.answers("CancelTask", cancelled)
    retry = {"retry": {"maxAttempts": 3, "intervalSeconds": 0}}
    place = started([a2a_agent(desk.url)], [after("a", **retry)])

    assert reply(place)["agentOutput"] == "5 kg"

    assert desk.sent("CancelTask")
    outcomes = [(turn, attempt, outcome) for turn, attempt, outcome, _ in runs(place)]
    assert outcomes[1:] == [(2, 1, "FAILED"), (2, 2, "FAILED"), (2, 3, "COMPLETED")]


def test_a_worker_that_takes_over_a_reply_sees_that_the_agent_asks_something_else(
    desk: A2aAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*given: Any) -> None:
        raise Died

    again = task("INPUT_REQUIRED", "And how much?")
    desk.answers("SendMessage", ASKS, {"task": again})
    desk.answers("GetTask", again)
    place = asking(desk)
    monkeypatch.setattr(lease, "LEASE_AFTER_WORKER_SECONDS", -1_000.0)
    with monkeypatch.context() as patch:
        patch.setattr(question, "ask", dies)
        with pytest.raises(Died):
            reply(place)

    sweeper.sweep(factory.of_a_worker(SYSTEM, 20))
    work_off()

    assert agent(place)["ask"]["question"] == "And how much?"
    assert desk.methods() == ["CARD", "SendMessage", "SendMessage", "GetTask"]
