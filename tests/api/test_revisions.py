"""Outputs that are sent back, and what a retry leaves of questions."""

import pytest

from ai_coordination import models
from tests.api.asking import (
    agent,
    ask,
    bad,
    invalid,
    runs,
    stored_agent,
)
from tests.api.execution import (
    after,
    agents,
    echo,
    external,
    input_of,
    report,
    session,
    started,
    tell,
    work_off,
)
from tests.support.graph_api import change
from tests.support.stored import refused

pytestmark = pytest.mark.usefixtures("worked_queue")


def test_an_output_that_is_sent_back_is_revised_with_the_remark() -> None:
    place = started(
        [external("a"), echo("end")], [after("a", userInTheLoop="APPROVAL"), after("end", "a")]
    )
    ask(place)
    tell("answerSessionAgent", {**report(place, "a"), "userInput": "The second"})
    tell("completeSessionAgent", {**report(place, "a"), "agentOutput": "Draft"})
    judged = {**report(place, "a"), "approved": False, "revise": True, "userInput": "Shorter"}
    waiting = agent(place)
    assert (waiting["turn"], waiting["ask"]["kind"], waiting["ask"]["question"]) == (
        2,
        "APPROVAL",
        None,
    )
    assert refused("answerSessionAgent", {**judged, "approved": True}) == bad("revise")
    assert refused("answerSessionAgent", {**judged, "answer": 1}) == bad("answer")

    sent_back = tell("answerSessionAgent", judged)

    assert (sent_back["state"], sent_back["attempt"], sent_back["agentOutput"]) == (
        "INITIAL",
        0,
        None,
    )
    again = tell("answerSessionAgent", judged)
    assert (again["state"], again["userInput"]) == ("IN_PROGRESS", None)
    for other in ({"userInput": "Longer"}, {"revise": False}, {"approved": True, "revise": False}):
        assert refused("answerSessionAgent", {**judged, **other}) == invalid("IN_PROGRESS")
    revised = agent(place)
    assert (revised["turn"], revised["attempt"], revised["ask"]["approved"]) == (3, 1, False)
    assert revised["ask"]["answer"] == "Shorter"
    one = agents(place)["a"]
    assert one["agentInput"] == input_of(
        one,
        "Which?",
        **{
            "Your own question to a person": "Which one?",
            "The person's answer": "The second",
            "Your own earlier answer, which a person rejected": "Draft",
            "Why the person rejected it": "Shorter",
        },
    )
    tell("completeSessionAgent", {**report(place, "a"), "agentOutput": "Final"})
    assert tell("answerSessionAgent", judged)["state"] == "WAITING_FOR_INPUT"
    tell("answerSessionAgent", {**report(place, "a"), "approved": True})
    assert session(place)["status"] == "COMPLETED"
    assert runs(place) == [
        (1, 1, "INPUT_REQUIRED", "Which one?"),
        (2, 1, "COMPLETED", "Draft"),
        (3, 1, "COMPLETED", "Final"),
    ]
    end = agents(place)["end"]
    assert end["agentInput"] == input_of(end, "Which?", **{"Agent A": "Final"})


def test_an_output_is_not_sent_back_in_the_last_turn_nor_where_a_text_is_asked_for() -> None:
    actions = [
        after("a", userInTheLoop="APPROVAL", maxTurns=1),
        after("b", userInTheLoop="INPUT"),
    ]
    place = started([echo("a"), echo("b")], actions)
    revised = {"approved": False, "revise": True}

    last = refused("answerSessionAgent", {**report(place, "a"), **revised})
    assert last == invalid("WAITING_FOR_INPUT")
    text = {**report(place, "b"), "userInput": "Well", "revise": True}
    assert refused("answerSessionAgent", text) == bad("revise")
    assert tell("answerSessionAgent", {**report(place, "a"), "approved": True})["state"] == (
        "COMPLETED"
    )


def test_a_retry_begins_with_the_first_turn_and_knows_nothing_of_the_question() -> None:
    place = started([external("a")])
    ask(place, resume={"page": 1})
    key = report(place, "a")
    tell("answerSessionAgent", {**key, "userInput": "This"})
    ask(place, resume={"page": 2})
    change("cancelSession", place.key, "session { status }")
    assert agent(place)["state"] == "CANCELLED"
    assert refused("answerSessionAgent", {**report(place, "a"), "userInput": "Late"}) == invalid(
        "CANCELLED"
    )

    change("retrySession", place.key, "session { status }")
    work_off()

    again = agent(place)
    assert (again["state"], again["turn"], again["attempt"], again["ask"]) == (
        "IN_PROGRESS",
        1,
        1,
        None,
    )
    one = agents(place)["a"]
    assert one["agentInput"] == "Which?"
    assert stored_agent(place).resume is None
    assert refused("answerSessionAgent", {**key, "userInput": "This"}) == invalid("IN_PROGRESS")
    iterations = [run["iteration"] for run in again["sessionRuns"]["nodes"]]
    assert iterations == [1, 1, 2]


def test_an_agent_that_an_earlier_version_left_waiting_shows_what_it_asks() -> None:
    place = started([echo("a")], [after("a", userInTheLoop="APPROVAL")])
    row = stored_agent(place)
    kind = models.SessionAgent
    row.update([kind.asked_at.remove(), kind.turn.remove()])

    waiting = agent(place)

    assert waiting["turn"] == 1
    assert waiting["ask"]["askedAt"] == str(row.open_since).partition("#")[0]
    assert waiting["ask"]["kind"] == "APPROVAL"
