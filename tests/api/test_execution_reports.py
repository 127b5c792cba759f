"""Reports of a run from outside are taken once, and only with the run's UUID."""

import pytest

from ai_coordination import models
from tests.api.execution import (
    after,
    agents,
    echo,
    external,
    input_of,
    listed,
    outcomes,
    report,
    session,
    started,
    states,
    tell,
)
from tests.support.graph_api import NOBODY, RIVAL, Place, change
from tests.support.stored import refused, stored

pytestmark = pytest.mark.usefixtures("worked_queue")

AGENTS = [external("out"), echo("end")]
ACTIONS = [after("out", retry={"maxAttempts": 2}), after("end", "out")]


def invalid(state: str) -> dict[str, str]:
    return {"code": "INVALID_STATE", "state": state}


def in_hand() -> Place:
    """A session whose first agent is worked on elsewhere."""
    return started(AGENTS, ACTIONS)


def test_work_is_found_in_the_list_and_its_report_is_taken() -> None:
    place = in_hand()
    (found,) = listed("IN_PROGRESS")
    key = report(place, "out")
    assert (found["agentUuid"], found["agentInput"]) == ("out", "Which?")
    assert found["currentRun"] == {"runUuid": key["runUuid"]}

    usage = {"inputTokens": 3, "outputTokens": 4}
    told = tell("completeSessionAgent", {**key, "agentOutput": "Done", "usage": usage})

    assert (told["state"], told["agentOutput"]) == ("COMPLETED", "Done")
    assert listed("IN_PROGRESS") == []
    assert session(place)["status"] == "COMPLETED"
    assert agents(place)["out"]["currentRun"]["usage"] == usage
    end = agents(place)["end"]
    assert end["agentInput"] == input_of(end, "Which?", **{"Agent OUT": "Done"})


def test_the_same_report_again_gives_the_same_and_another_is_refused() -> None:
    place = in_hand()
    key = report(place, "out")
    first = tell("completeSessionAgent", {**key, "agentOutput": "Done"})

    again = tell("completeSessionAgent", {**key, "agentOutput": "Done"})

    assert again == first
    other = {**key, "agentOutput": "Done otherwise"}
    assert refused("completeSessionAgent", other) == invalid("COMPLETED")
    assert refused("failSessionAgent", {**key, "notes": "No"}) == invalid("COMPLETED")
    assert refused("acceptSessionAgent", key) == invalid("COMPLETED")
    assert outcomes(place) == [("end", 1, "COMPLETED"), ("out", 1, "COMPLETED")]


def test_a_report_needs_the_current_run_of_the_callers_own_agent() -> None:
    key = report(in_hand(), "out")
    done = {**key, "agentOutput": "Done"}
    not_found = {"code": "NOT_FOUND", "inputPath": ["input", "sessionAgentUuid"]}

    other_run = refused("completeSessionAgent", {**done, "runUuid": NOBODY})
    assert other_run == invalid("IN_PROGRESS")
    assert refused("completeSessionAgent", done, RIVAL) == not_found
    assert refused("completeSessionAgent", {**done, "sessionAgentUuid": NOBODY}) == not_found


def test_an_agent_that_has_not_started_takes_no_report() -> None:
    place = in_hand()
    waiting = {**report(place, "out"), "sessionAgentUuid": agents(place)["end"]["sessionAgentUuid"]}

    given = {**waiting, "agentOutput": "Done"}
    assert refused("completeSessionAgent", given) == invalid("INITIAL")


def test_a_session_that_has_ended_takes_no_report() -> None:
    place = in_hand()
    key = report(place, "out")
    change("cancelSession", place.key, "session { status }")

    given = {**key, "agentOutput": "Done"}
    assert refused("completeSessionAgent", given) == invalid("CANCELLED")
    assert outcomes(place) == [("out", 1, "CANCELLED")]


def test_a_failure_that_may_be_retried_makes_the_agent_wait_for_its_next_attempt() -> None:
    place = in_hand()
    given = {**report(place, "out"), "notes": "Out of reach"}

    told = tell("failSessionAgent", given)

    assert (told["state"], told["attempt"], told["notes"]) == ("INITIAL", 1, "Out of reach")
    assert tell("failSessionAgent", given) == told
    assert outcomes(place) == [("out", 1, "FAILED")]
    agent = stored(models.SessionAgent, place.session, given["sessionAgentUuid"])
    assert agent.not_before is not None
    assert agent.due_at is not None


def test_the_same_failure_again_gives_the_same_though_the_next_attempt_has_begun() -> None:
    place = started(
        AGENTS, [after("out", retry={"maxAttempts": 2, "intervalSeconds": 0}), *ACTIONS[1:]]
    )
    first, given = report(place, "out"), {"notes": "Out of reach"}
    tell("failSessionAgent", {**first, **given})
    second = report(place, "out")
    assert second != first

    told = tell("failSessionAgent", {**first, **given})

    assert (told["state"], told["attempt"]) == ("IN_PROGRESS", 2)
    other = refused("failSessionAgent", {**first, "notes": "Otherwise"})
    assert other == invalid("IN_PROGRESS")
    assert refused("failSessionAgent", {**given, **first, "runUuid": NOBODY}) == other
    assert outcomes(place) == [("out", 1, "FAILED"), ("out", 2, None)]


def test_a_failure_that_may_not_be_retried_fails_the_session() -> None:
    place = in_hand()
    given = {**report(place, "out"), "notes": "Never", "retryable": False}

    told = tell("failSessionAgent", given)

    assert (told["state"], told["notes"]) == ("FAILED", "Never")
    assert session(place)["status"] == "FAILED"
    assert states(place) == {"out": "FAILED", "end": "CANCELLED"}


def test_work_is_accepted_under_one_name() -> None:
    place = in_hand()
    key = report(place, "out")
    given = {**key, "asyncTaskUuid": "job-1", "threadUuid": "thread-1"}

    assert tell("acceptSessionAgent", given)["state"] == "IN_PROGRESS"
    assert tell("acceptSessionAgent", given)["state"] == "IN_PROGRESS"

    assert agents(place)["out"]["currentRun"]["asyncTaskUuid"] == "job-1"
    other = {**key, "asyncTaskUuid": "job-2"}
    assert refused("acceptSessionAgent", other) == invalid("IN_PROGRESS")
