"""A session whose budget has seconds fails when they are over, whatever its agents do."""

from datetime import timedelta
from typing import Any

import pytest

from ai_coordination import models, timestamps
from ai_coordination.engine import factory, message_handler, sweeper
from ai_coordination.engine.context import Engine
from tests.api.execution import (
    SESSION,
    after,
    blueprint,
    echo,
    external,
    report,
    start,
    started,
    states,
    tell,
    work_off,
)
from tests.support.contexts import SYSTEM, At
from tests.support.graph_api import Place, change, create, data, new_coordination
from tests.support.stored import refused, stored

pytestmark = pytest.mark.usefixtures("worked_queue")

SEEN = """query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) {
    status startedAt deadlineAt logs { message }
} }"""
HOUR = {"seconds": 3600}


def seen(place: Place) -> dict[str, Any]:
    return dict(data(SEEN, {"c": place.coordination, "s": place.session})["session"])


def item(place: Place) -> models.Session:
    return stored(models.Session, place.coordination, place.session)


def worker_in(seconds: float) -> Engine:
    return factory.of_a_worker(At(moment=SYSTEM.utc() + timedelta(seconds=seconds)), 20)


def look_in(seconds: float, place: Place) -> None:
    """What a worker does with the message of a sweep then."""
    message_handler.session_work(worker_in(seconds), item(place))


def test_a_session_fails_when_its_time_is_over() -> None:
    actions = [after("a"), after("b"), after("c", "a", "b")]
    place = started([echo("a"), external("b"), echo("c")], actions, budget=HOUR)
    before = seen(place)
    assert before["deadlineAt"] == timestamps.later(before["startedAt"], 3600) == item(place).due_at

    assert sweeper.sweep(worker_in(3500)) == 0
    assert sweeper.sweep(worker_in(3601)) == 1
    look_in(3601, place)

    found = seen(place)
    assert found["status"] == "FAILED"
    assert found["logs"][-1]["message"] == "The session's budget of 3600 seconds is used up"
    assert states(place) == {"a": "COMPLETED", "b": "CANCELLED", "c": "CANCELLED"}
    assert item(place).due_at is None


def test_an_agent_whose_start_is_delayed_ends_with_its_session() -> None:
    actions = [after("a", delaySeconds=7200), after("b", "a"), after("c", when="`false`")]
    place = started([echo("a"), echo("b"), echo("c")], actions, budget=HOUR)
    assert sweeper.sweep(worker_in(3601)) == 1

    look_in(3601, place)
    assert sweeper.sweep(worker_in(7201)) == 0

    assert seen(place)["status"] == "FAILED"
    assert states(place) == {"a": "CANCELLED", "b": "CANCELLED", "c": "SKIPPED"}


def test_a_session_that_completes_in_time_is_no_longer_due() -> None:
    place = started([external("a")], budget=HOUR)

    tell("completeSessionAgent", {**report(place, "a"), "agentOutput": "Done"})

    assert seen(place)["status"] == "COMPLETED"
    assert item(place).due_at is None


def test_a_retry_has_the_whole_time_again() -> None:
    place = started([external("a")], budget=HOUR)
    look_in(3601, place)

    change("retrySession", place.key, SESSION)
    work_off()

    found = seen(place)
    assert found["status"] == "IN_PROGRESS"
    assert found["deadlineAt"] == timestamps.later(found["startedAt"], 3600)
    assert item(place).due_at == item(place).deadline_at


def test_a_longer_limit_holds_at_once_and_a_removed_one_too() -> None:
    place = started([external("a")], budget=HOUR)
    change("updateSession", {**place.key, "budget": {"seconds": 7200}}, SESSION)
    assert seen(place)["deadlineAt"] == timestamps.later(seen(place)["startedAt"], 7200)

    look_in(3601, place)
    assert (seen(place)["status"], item(place).due_at) == ("IN_PROGRESS", seen(place)["deadlineAt"])

    change("updateSession", {**place.key, "budget": None}, SESSION)
    look_in(7201, place)
    assert seen(place)["status"] == "IN_PROGRESS"
    assert item(place).due_at is None
    assert seen(place)["deadlineAt"] is None


@pytest.mark.parametrize("how", ["dispatched", "started in chunks"])
def test_the_time_begins_with_the_start(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if how == "dispatched":
        coordination = new_coordination(agents=[external("a")])
        given = {"coordinationUuid": coordination, "budget": HOUR}
        place = Place(coordination, create("createSession", given, "sessionUuid")["sessionUuid"])
        create("createSessionAgent", {**place.key, "agentUuid": "a"})
        assert seen(place)["deadlineAt"] is None
        change("dispatchSession", place.key, SESSION)
    else:
        monkeypatch.setattr("ai_coordination.engine.session.start.MOST_AT_ONCE", 0)
        place = start(blueprint([external("a")]), taskQuery="Which?", budget=HOUR)

    found = item(place)
    assert found.due_at == found.deadline_at == seen(place)["deadlineAt"]
    assert found.deadline_at == timestamps.later(found.started_at, 3600)


@pytest.mark.parametrize("seconds", [0, 31_622_401])
def test_a_limit_of_seconds_is_from_one_to_a_year(seconds: int) -> None:
    told = refused("startSession", {**blueprint([echo("a")]), "budget": {"seconds": seconds}})

    assert told == {"code": "BAD_USER_INPUT", "inputPath": ["input", "budget", "seconds"]}
