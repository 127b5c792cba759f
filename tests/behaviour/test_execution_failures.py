"""Agents that fail: further attempts, and what becomes of the session."""

import pytest
from pynamodb.expressions.update import Action

from ai_coordination import models
from ai_coordination.services.execution import engines, retrying, sweeping
from ai_coordination.services.execution.engine import Engine
from tests.behaviour.executing import (
    after,
    agents,
    blueprint,
    echo,
    external,
    outcomes,
    report,
    session,
    start,
    started,
    states,
    tell,
    work_off,
)
from tests.graph_api import Place, change, refusal
from tests.stored import everything_stored, refused, stored

pytestmark = pytest.mark.usefixtures("worked_queue")

LONG_AGO = "2026-01-01T00:00:00.000000+00:00"
GIVEN_KEY = "session { sessionUuid status }"


def wait_for_everything(place: Place) -> None:
    """As if so much time had passed that whatever is to happen later is due."""
    kind = models.SessionAgent
    for agent in kind.query(place.session, consistent_read=True):
        actions: list[Action] = [kind.due_at.set(LONG_AGO)] if agent.due_at else []
        if agent.not_before:
            actions.append(kind.not_before.set(LONG_AGO))
        if actions:
            agent.update(actions)
    sweeping.sweep(engines.of_a_worker(20))
    work_off()


def failing(policy: str) -> Place:
    """A fails, B follows it, C follows nobody."""
    actions = [after("a", onFailure=policy), after("b", "a"), after("c")]
    agents = [echo("a", fail="No answer"), echo("b"), echo("c")]
    retry = {"maxAttempts": 1}
    return started(agents, [{**one, "retry": retry} for one in actions])


def test_an_agent_is_tried_again_until_it_answers() -> None:
    retry = {"maxAttempts": 3, "intervalSeconds": 60}
    flaky = echo("a", fail={"attempts": 1, "notes": "Not yet"})
    place = started([flaky, echo("b")], [after("a", retry=retry), after("b", "a")])
    assert states(place) == {"a": "INITIAL", "b": "INITIAL"}
    assert agents(place)["a"]["notes"] == "Not yet"

    wait_for_everything(place)

    assert session(place)["status"] == "COMPLETED"
    assert outcomes(place) == [("a", 1, "FAILED"), ("a", 2, "COMPLETED"), ("b", 1, "COMPLETED")]


def test_attempts_run_out() -> None:
    retry = {"maxAttempts": 2, "intervalSeconds": 60}
    place = started([echo("a", fail="No")], [after("a", retry=retry)])

    wait_for_everything(place)

    assert session(place)["status"] == "FAILED"
    assert outcomes(place) == [("a", 1, "FAILED"), ("a", 2, "FAILED")]
    assert (agents(place)["a"]["state"], agents(place)["a"]["notes"]) == ("FAILED", "No")


def test_a_failure_may_fail_the_session() -> None:
    place = failing("FAIL_SESSION")

    found = states(place)
    assert session(place)["status"] == "FAILED"
    assert (found["a"], found["b"]) == ("FAILED", "CANCELLED")


def test_a_failure_may_skip_what_follows() -> None:
    place = failing("SKIP_SUCCESSORS")

    assert session(place)["status"] == "COMPLETED"
    assert states(place) == {"a": "FAILED", "b": "SKIPPED", "c": "COMPLETED"}


def test_a_failure_may_be_passed_over() -> None:
    place = failing("CONTINUE")

    assert session(place)["status"] == "COMPLETED"
    assert states(place) == {"a": "FAILED", "b": "COMPLETED", "c": "COMPLETED"}
    assert agents(place)["b"]["agentInput"] == "Which?"


def test_a_retry_starts_what_was_not_completed_and_leaves_the_rest() -> None:
    once = {"maxAttempts": 1}
    actions = [after("a"), after("b", "a", retry=once), after("c", "b")]
    place = started([echo("a"), echo("b", fail="No"), echo("c")], actions)
    before = agents(place)
    assert session(place)["status"] == "FAILED"

    told = change("retrySession", place.key, GIVEN_KEY)["session"]
    assert told["status"] == "IN_PROGRESS"
    assert {name: one["state"] for name, one in agents(place).items()} == {
        "a": "COMPLETED",
        "b": "INITIAL",
        "c": "INITIAL",
    }
    work_off()

    assert session(place)["status"] == "FAILED"
    assert agents(place)["a"] == before["a"]
    assert agents(place)["b"]["currentRun"] != before["b"]["currentRun"]
    assert outcomes(place) == [("a", 1, "COMPLETED"), ("b", 1, "FAILED"), ("b", 1, "FAILED")]


def test_what_is_complete_or_under_way_is_not_retried() -> None:
    complete = started([echo("a")])
    waiting = started([echo("a")], [after("a", userInTheLoop="INPUT")])

    asks = {"code": "INVALID_STATE", "state": "WAITING_FOR_INPUT"}
    assert refused("retrySession", waiting.key) == asks
    assert refused("retrySession", complete.key) == {**asks, "state": "COMPLETED"}


def test_a_sweep_goes_on_until_nothing_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "ROWS", 2)
    place = start(blueprint([external(name) for name in "abcde"]), taskQuery="Which?")
    kind = models.SessionAgent
    for agent in kind.query(place.session, consistent_read=True):
        agent.update([kind.due_at.set(LONG_AGO)])

    found = [sweeping.sweep(engines.of_a_worker(20)) for _ in range(2)]

    assert found == [5, 0]


def test_a_sweep_without_time_leaves_what_is_due_to_the_next() -> None:
    place = start(blueprint([external("a")]), taskQuery="Which?")
    kind = models.SessionAgent
    for agent in kind.query(place.session, consistent_read=True):
        agent.update([kind.due_at.set(LONG_AGO)])

    found = [sweeping.sweep(engines.of_a_worker(seconds)) for seconds in (5, 20)]

    assert found == [0, 1]


def test_a_retry_that_meets_the_very_end_of_its_session_leaves_it_complete(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = started([external("a")])
    done = {**report(place, "a"), "agentOutput": "Done"}
    begin = retrying.begin
    left: list[object] = []

    def begin_after_the_end(engine: Engine, read: models.Session) -> models.Session | None:
        tell("completeSessionAgent", done)
        left.append(everything_stored())
        return begin(engine, read)

    monkeypatch.setattr(retrying, "begin", begin_after_the_end)

    assert refusal("retrySession", place.key) == {"code": "INVALID_STATE", "state": "COMPLETED"}
    assert left == [everything_stored()]
    assert session(place)["status"] == "COMPLETED"


def test_the_log_of_a_session_holds_a_hundred_entries_however_often_it_fails() -> None:
    place = started([echo("a", fail="No")], [after("a", retry={"maxAttempts": 1})])
    found = stored(models.Session, *place)
    full = (list(found.logs) * 100)[:100]
    found.update([models.Session.logs.set(full)])

    change("retrySession", place.key, GIVEN_KEY)
    work_off()

    assert session(place)["status"] == "FAILED"
    assert len(stored(models.Session, *place).logs) == 100
