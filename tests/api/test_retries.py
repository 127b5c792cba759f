"""A session that is retried: which agents run again, and which keep their results."""

from collections.abc import Mapping
from typing import Any

import pytest

from ai_coordination import models
from tests.api.execution import (
    after,
    agents,
    echo,
    external,
    input_of,
    outcomes,
    session,
    started,
    states,
    work_off,
)
from tests.api.retrying import (
    GIVEN_KEY,
    ONCE,
    address,
    complete,
    continued,
    fail,
    retry,
    side_by_side,
)
from tests.support.graph_api import Place, change, new_agent, new_place
from tests.support.stored import refused, stored

pytestmark = pytest.mark.usefixtures("worked_queue")
BROKEN = "It is broken"


def members(place: Place, *given: Mapping[str, Any]) -> None:
    """The coordination has these members from now on."""
    key = {"coordinationUuid": place.coordination}
    change("updateCoordination", {**key, "agents": list(given)}, "coordination { version }")


def test_a_retry_leaves_what_follows_nothing_that_failed() -> None:
    place = side_by_side()
    before = agents(place)
    assert session(place)["status"] == "FAILED"

    told_at_once = change("retrySession", place.key, GIVEN_KEY)["session"]

    assert told_at_once["status"] == "IN_PROGRESS"
    assert states(place) == {"a": "COMPLETED", "b": "INITIAL", "c": "INITIAL", "d": "COMPLETED"}
    work_off()
    complete(place, "b", "Mended")
    found = agents(place)
    assert session(place)["status"] == "COMPLETED"
    assert (found["a"], found["d"]) == (before["a"], before["d"])
    assert found["c"]["agentInput"] == input_of(found["c"], "Which?", **{"Agent B": "Mended"})


def test_a_retry_does_again_what_had_gone_on_without_a_failed_agent() -> None:
    place = continued()
    before = agents(place)
    assert session(place)["status"] == "COMPLETED"

    retry(place)

    assert states(place) == {
        "a": "IN_PROGRESS",
        "b": "INITIAL",
        "c": "INITIAL",
        "d": "COMPLETED",
    }
    assert agents(place)["b"]["agentOutput"] is None
    complete(place, "a", "At last")
    found = agents(place)
    assert session(place)["status"] == "COMPLETED"
    assert found["b"]["agentInput"] == input_of(found["b"], "Which?", **{"Agent A": "At last"})
    assert found["d"] == before["d"]
    assert outcomes(place) == [
        ("a", 1, "COMPLETED"),
        ("a", 1, "FAILED"),
        ("b", 1, "COMPLETED"),
        ("b", 1, "COMPLETED"),
        ("c", 1, "COMPLETED"),
        ("c", 1, "COMPLETED"),
        ("d", 1, "COMPLETED"),
    ]


def test_a_retry_of_named_agents_does_them_and_what_follows_again() -> None:
    actions = [after("a"), after("b", "a"), after("c", "b")]
    place = started([echo("a"), echo("b"), echo("c")], actions)
    before = agents(place)

    retry(place, sessionAgentUuids=[address(place, "b")])

    found = agents(place)
    assert session(place)["status"] == "COMPLETED"
    assert found["a"] == before["a"]
    assert found["b"]["currentRun"] != before["b"]["currentRun"]
    assert found["c"]["currentRun"] != before["c"]["currentRun"]


def test_a_retry_that_leaves_failed_agents_fails_again() -> None:
    place = side_by_side()

    retry(place, sessionAgentUuids=[address(place, "d")])

    assert session(place)["status"] == "FAILED"
    assert states(place) == {"a": "COMPLETED", "b": "FAILED", "c": "CANCELLED", "d": "COMPLETED"}
    assert len([run for run in outcomes(place) if run[0] == "d"]) == 2
    last = stored(models.Session, *place).logs[-1]
    assert last.message == "Agents that failed or were cancelled before were not retried"
    retry(place)
    complete(place, "b", "Mended")
    assert session(place)["status"] == "COMPLETED"


def test_reset_agents_wait_for_each_other_through_completed_ones() -> None:
    actions = [after("a", onFailure="CONTINUE"), after("b", "a"), after("c", "b")]
    place = started([external("a"), echo("b"), external("c")], actions)
    fail(place, "a")
    fail(place, "c")

    retry(place)

    assert states(place) == {"a": "IN_PROGRESS", "b": "INITIAL", "c": "INITIAL"}
    complete(place, "a", "At last")
    assert states(place) == {"a": "COMPLETED", "b": "COMPLETED", "c": "IN_PROGRESS"}


def test_named_agents_are_checked_before_anything_is_written() -> None:
    place, other = side_by_side(), side_by_side()
    known, foreign = address(place, "b"), address(other, "b")

    def told_of(*uuids: str) -> dict[str, Any]:
        return refused("retrySession", {**place.key, "sessionAgentUuids": list(uuids)})

    def at(*index: int) -> dict[str, Any]:
        path = ["input", "sessionAgentUuids", *index]
        return {"code": "BAD_USER_INPUT", "inputPath": path}

    assert told_of() == at()
    assert told_of(known, known) == at(1)
    assert told_of(known, foreign) == at(1)
    assert told_of(known, "b") == at(1)


def test_what_is_complete_or_under_way_is_not_retried() -> None:
    complete_one = started([echo("a")])
    waiting = started([echo("a")], [after("a", userInTheLoop="INPUT")])
    asks = {"code": "INVALID_STATE", "state": "WAITING_FOR_INPUT"}

    named = {"sessionAgentUuids": [address(waiting, "a")]}

    assert refused("retrySession", waiting.key) == asks
    assert refused("retrySession", {**waiting.key, **named}) == asks
    assert refused("retrySession", complete_one.key) == {**asks, "state": "COMPLETED"}


def test_a_session_that_never_started_or_has_lost_an_agent_is_not_retried() -> None:
    unstarted, incomplete = new_place(), side_by_side()
    new_agent(*unstarted, agentUuid="rag")
    change("cancelSession", unstarted.key, GIVEN_KEY)
    gone = {"sessionUuid": incomplete.session, "sessionAgentUuid": address(incomplete, "c")}
    change("deleteSessionAgent", gone, "deletedId")

    refused_with = {"code": "INVALID_STATE", "state": "CANCELLED"}
    assert refused("retrySession", unstarted.key) == refused_with
    assert refused("retrySession", incomplete.key) == {**refused_with, "state": "FAILED"}


def test_a_retry_with_current_members_runs_the_members_of_now() -> None:
    actions = [after("a"), after("b", "a"), after("c", "b")]
    place = started(
        [echo("a"), echo("b", fail=BROKEN), echo("c")], [{**one, "retry": ONCE} for one in actions]
    )
    members(place, echo("b"), echo("c"))

    retry(place)
    assert (session(place)["status"], agents(place)["b"]["notes"]) == ("FAILED", BROKEN)
    retry(place, withCurrentMembers=True)

    assert session(place)["status"] == "COMPLETED"
    assert len([run for run in outcomes(place) if run[0] == "a"]) == 1


def test_a_member_that_is_gone_stops_a_retry_before_anything_is_written() -> None:
    place = side_by_side()
    members(place, echo("a"), echo("b"))

    told_of = refused("retrySession", {**place.key, "withCurrentMembers": True})

    assert told_of == {"code": "BAD_USER_INPUT", "inputPath": ["input", "withCurrentMembers"]}
