"""Agents that fail: further attempts, and the end of the session."""

import pytest
from pynamodb.expressions.update import Action

from ai_coordination import models
from ai_coordination.engine import factory, sweeper
from tests.api.execution import (
    after,
    agents,
    blueprint,
    echo,
    external,
    outcomes,
    session,
    start,
    started,
    states,
    work_off,
)
from tests.support.contexts import SYSTEM
from tests.support.graph_api import Place, change
from tests.support.stored import stored

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
    sweeper.sweep(factory.of_a_worker(SYSTEM, 20))
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
    assert agents(place)["b"]["notes"] == "Skipped: A has failed"


def test_a_failure_may_be_passed_over() -> None:
    place = failing("CONTINUE")

    assert session(place)["status"] == "COMPLETED"
    assert states(place) == {"a": "FAILED", "b": "COMPLETED", "c": "COMPLETED"}
    assert agents(place)["b"]["agentInput"] == "Which?"


def test_a_sweep_goes_on_until_nothing_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeper, "ROWS", 2)
    place = start(blueprint([external(name) for name in "abcde"]), taskQuery="Which?")
    kind = models.SessionAgent
    for agent in kind.query(place.session, consistent_read=True):
        agent.update([kind.due_at.set(LONG_AGO)])

    found = [sweeper.sweep(factory.of_a_worker(SYSTEM, 20)) for _ in range(2)]

    assert found == [5, 0]


def test_a_sweep_without_time_leaves_what_is_due_to_the_next() -> None:
    place = start(blueprint([external("a")]), taskQuery="Which?")
    kind = models.SessionAgent
    for agent in kind.query(place.session, consistent_read=True):
        agent.update([kind.due_at.set(LONG_AGO)])

    found = [sweeper.sweep(factory.of_a_worker(SYSTEM, seconds)) for seconds in (5, 20)]

    assert found == [0, 1]


def test_the_log_of_a_session_holds_a_hundred_entries_however_often_it_fails() -> None:
    place = started([echo("a", fail="No")], [after("a", retry={"maxAttempts": 1})])
    found = stored(models.Session, *place)
    full = (list(found.logs) * 100)[:100]
    found.update([models.Session.logs.set(full)])

    change("retrySession", place.key, GIVEN_KEY)
    work_off()

    assert session(place)["status"] == "FAILED"
    assert len(stored(models.Session, *place).logs) == 100
