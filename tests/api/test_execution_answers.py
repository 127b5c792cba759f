"""People answer agents that ask for input."""

from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.engine import factory, sweeper
from tests.api.execution import (
    after,
    agents,
    echo,
    input_of,
    listed,
    outcomes,
    report,
    session,
    started,
    states,
    tell,
    work_off,
)
from tests.support.contexts import SYSTEM
from tests.support.graph_api import NOBODY, RIVAL, Place, change
from tests.support.stored import refused, stored

pytestmark = pytest.mark.usefixtures("worked_queue")

LONG_AGO = "2026-01-01T00:00:00.000000+00:00"


def asking(kind: str = "APPROVAL", **rules: Any) -> Place:
    """A session whose first agent asks a person."""
    actions = [after("ask", userInTheLoop=kind, **rules), after("end", "ask")]
    return started([echo("ask"), echo("end")], actions)


def invalid(state: str) -> dict[str, str]:
    return {"code": "INVALID_STATE", "state": state}


def test_an_agent_that_asks_is_in_the_list_and_goes_on_when_approved() -> None:
    place = asking()
    assert [one["agentUuid"] for one in listed("WAITING_FOR_INPUT")] == ["ask"]
    assert stored(models.Session, *place).awaiting_input == {0}
    given = {**report(place, "ask"), "approved": True, "userInput": "Well done"}

    told = tell("answerSessionAgent", given)

    assert (told["state"], told["userInput"]) == ("COMPLETED", "Well done")
    assert tell("answerSessionAgent", given) == told
    assert listed("WAITING_FOR_INPUT") == []
    assert session(place)["status"] == "COMPLETED"
    end, said = agents(place)["end"], {"Agent ASK": "Which?", "A person, to agent ASK": "Well done"}
    assert end["agentInput"] == input_of(end, "Which?", **said)
    assert outcomes(place) == [("ask", 1, "COMPLETED"), ("end", 1, "COMPLETED")]


def test_a_rejection_fails_the_agent_and_is_not_tried_again() -> None:
    place = asking()
    given = {**report(place, "ask"), "approved": False, "userInput": "Too dear"}

    told = tell("answerSessionAgent", given)

    assert (told["state"], told["notes"], told["attempt"]) == ("FAILED", "Too dear", 1)
    assert session(place)["status"] == "FAILED"
    assert states(place) == {"ask": "FAILED", "end": "CANCELLED"}
    assert refused("answerSessionAgent", {**given, "approved": True}) == invalid("FAILED")


def test_an_input_is_a_text_and_an_approval_is_a_verdict() -> None:
    approval, text = report(asking(), "ask"), report(asking("INPUT"), "ask")
    bad = {"code": "BAD_USER_INPUT", "inputPath": ["input", "approved"]}

    assert refused("answerSessionAgent", {**approval, "userInput": "Well"}) == bad
    assert refused("answerSessionAgent", {**text, "userInput": "Well", "approved": True}) == bad
    assert refused("answerSessionAgent", text) == {**bad, "inputPath": ["input", "userInput"]}
    assert tell("answerSessionAgent", {**text, "userInput": "Well"})["state"] == "COMPLETED"


def test_an_answer_needs_the_run_that_was_asked_and_its_own_tenant() -> None:
    given = {**report(asking(), "ask"), "approved": True}

    other_run = refused("answerSessionAgent", {**given, "runUuid": NOBODY})
    assert other_run == invalid("WAITING_FOR_INPUT")
    assert refused("answerSessionAgent", given, RIVAL)["code"] == "NOT_FOUND"


def test_an_answer_that_comes_late_or_unasked_is_refused() -> None:
    place = asking()
    late = {**report(place, "ask"), "approved": True}
    change("cancelSession", place.key, "session { status }")
    done = started([echo("a")])

    assert refused("answerSessionAgent", late) == invalid("CANCELLED")
    unasked = {**report(done, "a"), "userInput": "Well"}
    assert refused("answerSessionAgent", unasked) == invalid("COMPLETED")


def test_a_rejection_after_nobody_has_answered_in_time_is_refused() -> None:
    place = asking(answerTimeoutSeconds=1)
    late = {**report(place, "ask"), "approved": False}
    kind = models.SessionAgent
    for agent in kind.query(place.session, consistent_read=True):
        if agent.state == "waiting_for_input":
            agent.update([kind.deadline_at.set(LONG_AGO), kind.due_at.set(LONG_AGO)])
    sweeper.sweep(factory.of_a_worker(SYSTEM, 20))
    work_off()
    assert agents(place)["ask"]["notes"] == "Nobody has answered in time"

    assert refused("answerSessionAgent", late) == invalid("FAILED")
