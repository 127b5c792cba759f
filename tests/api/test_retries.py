"""A session that is retried: which agents run again, and which keep their results."""

from collections.abc import Mapping
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.engine import factory, sweeper
from ai_coordination.engine.context import Engine
from ai_coordination.engine.session import retry as retrying
from tests.api.execution import (
    after,
    agents,
    echo,
    external,
    input_of,
    outcomes,
    report,
    session,
    started,
    states,
    tell,
    work_off,
)
from tests.support.contexts import SYSTEM
from tests.support.graph_api import Place, change, data, new_agent, new_place, refusal
from tests.support.stored import put_state, refused, stored

pytestmark = pytest.mark.usefixtures("worked_queue")

GIVEN_KEY = "session { sessionUuid status }"
ONCE = {"maxAttempts": 1}
RUNS = """query ($s: ID!) {
    sessionRuns(sessionUuid: $s, first: 100) {
        nodes { agentUuid outcome output usage { inputTokens } }
    }
}"""
BROKEN = "It is broken"


def retry(place: Place, **more: Any) -> None:
    change("retrySession", {**place.key, **more}, GIVEN_KEY)
    work_off()


def address(place: Place, name: str) -> str:
    return str(agents(place)[name]["sessionAgentUuid"])


def fail(place: Place, name: str) -> None:
    tell("failSessionAgent", {**report(place, name), "notes": "No", "retryable": False})


def complete(place: Place, name: str, output: str) -> None:
    tell("completeSessionAgent", {**report(place, name), "agentOutput": output})


def outputs(place: Place) -> list[tuple[str, str | None, str | None]]:
    found = data(RUNS, {"s": place.session})["sessionRuns"]["nodes"]
    return [(run["agentUuid"], run["outcome"], run["output"]) for run in found]


def members(place: Place, *given: Mapping[str, Any]) -> None:
    """The coordination has these members from now on."""
    key = {"coordinationUuid": place.coordination}
    change("updateCoordination", {**key, "agents": list(given)}, "coordination { version }")


def side_by_side() -> Place:
    """A has completed; b has failed, and c, which follows it, is cancelled; d has completed."""
    actions = [after("a"), after("b", "a"), after("c", "b"), after("d", "a")]
    place = started([echo("a"), external("b"), echo("c"), echo("d")], actions)
    fail(place, "b")
    return place


def continued() -> Place:
    """A failed; b went on without it, and c followed b."""
    actions = [after("a", onFailure="CONTINUE"), after("b", "a"), after("c", "b"), after("d")]
    place = started([external("a"), echo("b"), echo("c"), echo("d")], actions)
    fail(place, "a")
    return place


def asked() -> Place:
    """A has answered and asks for an approval, b works outside."""
    actions = [after("a", userInTheLoop="APPROVAL"), after("b")]
    place = started([external("a"), external("b")], actions)
    complete(place, "a", "A draft")
    return place


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


def test_an_answer_that_nobody_judged_asks_again_without_a_call() -> None:
    place = asked()
    change("cancelSession", place.key, GIVEN_KEY)
    assert states(place) == {"a": "CANCELLED", "b": "CANCELLED"}
    first = agents(place)["a"]["currentRun"]["runUuid"]

    retry(place)

    found = agents(place)
    assert states(place) == {"a": "WAITING_FOR_INPUT", "b": "IN_PROGRESS"}
    assert found["a"]["agentOutput"] == "A draft"
    assert found["a"]["currentRun"]["runUuid"] != first
    assert outputs(place) == [
        ("a", "COMPLETED", "A draft"),
        ("b", "CANCELLED", None),
        ("a", "COMPLETED", "A draft"),
        ("b", None, None),
    ]
    tell("answerSessionAgent", {**report(place, "a"), "approved": True})
    complete(place, "b", "Done")
    assert session(place)["status"] == "COMPLETED"


def test_a_judged_answer_is_kept_when_a_sibling_fails_and_when_nobody_answers_in_time() -> None:
    place = asked()
    fail(place, "b")

    retry(place)

    assert (states(place)["a"], agents(place)["a"]["agentOutput"]) == (
        "WAITING_FOR_INPUT",
        "A draft",
    )
    timed = started([echo("a")], [after("a", userInTheLoop="INPUT", answerTimeoutSeconds=1)])
    long_ago = "2026-01-01T00:00:00.000000+00:00"
    put_state(
        models.SessionAgent,
        timed.session,
        address(timed, "a"),
        due_at=long_ago,
        deadline_at=long_ago,
    )
    sweeper.sweep(factory.of_a_worker(SYSTEM, 20))
    work_off()
    assert (session(timed)["status"], agents(timed)["a"]["notes"]) == (
        "FAILED",
        "Nobody has answered in time",
    )
    retry(timed)
    assert (states(timed)["a"], agents(timed)["a"]["notes"]) == ("WAITING_FOR_INPUT", None)


def test_a_rejected_agent_works_anew_and_is_told_its_draft_and_why() -> None:
    place = asked()
    answer = {**report(place, "a"), "approved": False, "userInput": "Shorter"}
    tell("answerSessionAgent", answer)

    retry(place)

    found = agents(place)["a"]
    assert (found["state"], found["agentOutput"], found["userInput"]) == ("IN_PROGRESS", None, None)
    draft, why = "Your own earlier answer, which a person rejected", "Why the person rejected it"
    assert found["agentInput"] == input_of(found, "Which?", **{draft: "A draft", why: "Shorter"})
    complete(place, "a", "Short")
    tell("answerSessionAgent", {**report(place, "a"), "approved": True})
    assert ("a", "COMPLETED", "A draft") in outputs(place)
    assert ("a", "COMPLETED", "Short") in outputs(place)
    stored_now = stored(models.SessionAgent, place.session, found["sessionAgentUuid"])
    assert {stored_now.rejected_output, stored_now.rejected_because} == {None}


@pytest.mark.parametrize("how", ["follows", "named", "current members"])
def test_a_kept_answer_is_done_anew_where_it_has_to_be(how: str) -> None:
    actions = [after("a"), after("b", "a", userInTheLoop="APPROVAL")]
    place = started([echo("a"), external("b")], actions)
    complete(place, "b", "A draft")
    change("cancelSession", place.key, GIVEN_KEY)
    named = {"follows": ["a"], "named": ["b"], "current members": []}[how]
    uuids = [address(place, name) for name in named]
    given = {"sessionAgentUuids": uuids} if uuids else {"withCurrentMembers": True}

    retry(place, **given)

    found = agents(place)["b"]
    assert (found["state"], found["agentOutput"]) == ("IN_PROGRESS", None)


def test_what_a_run_used_is_not_counted_for_the_next_iteration() -> None:
    place = started([external("a")], [after("a", retry=ONCE)])
    usage = {"inputTokens": 3, "outputTokens": 4}
    given = {**report(place, "a"), "agentOutput": "One", "usage": usage}
    tell("completeSessionAgent", given)

    retry(place, sessionAgentUuids=[address(place, "a")])
    complete(place, "a", "Two")

    runs = data(RUNS, {"s": place.session})["sessionRuns"]["nodes"]
    assert [run["usage"] for run in runs] == [{"inputTokens": 3}, None]


def test_a_retry_seals_the_run_of_a_completed_agent_that_it_resets() -> None:
    place = continued()
    agent = stored(models.SessionAgent, place.session, address(place, "b"))
    # As if its worker had died after it had written the output.
    put_state(
        models.SessionRun, place.session, agent.current_run_uuid, outcome=None, finished_at=None
    )
    put_state(
        models.SessionAgent,
        place.session,
        agent.session_agent_uuid,
        due_at="2026-01-01T00:00:00.000000+00:00",
        due_shard="due-0",
    )

    change("retrySession", place.key, GIVEN_KEY)

    run = stored(models.SessionRun, place.session, agent.current_run_uuid)
    assert (run.outcome, run.output) == ("completed", "Which?")


def test_a_second_worker_goes_on_with_the_plan_of_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = side_by_side()
    real = retrying.resume
    monkeypatch.setattr(retrying, "resume", lambda engine, session: None)
    change("retrySession", {**place.key, "sessionAgentUuids": [address(place, "a")]}, GIVEN_KEY)
    monkeypatch.setattr(retrying, "resume", real)

    retry(place)

    assert states(place) == {
        "a": "COMPLETED",
        "b": "IN_PROGRESS",
        "c": "INITIAL",
        "d": "COMPLETED",
    }
    assert [run[:2] for run in outputs(place) if run[0] == "a"] == [("a", "COMPLETED")] * 2


def test_a_retry_that_was_planned_before_another_one_began_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = side_by_side()
    mark = retrying.mark

    def mark_late(engine: Engine, read: models.Session, plan: Any) -> models.Session | None:
        monkeypatch.setattr(retrying, "mark", mark)
        retry(place)
        return mark(engine, read, plan)

    monkeypatch.setattr(retrying, "mark", mark_late)

    assert refusal("retrySession", place.key) == {"code": "INVALID_STATE", "state": "IN_PROGRESS"}
    assert stored(models.Session, *place).iteration_count == 2
