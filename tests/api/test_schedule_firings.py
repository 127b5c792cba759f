"""A schedule fires: how the worker handles the message of EventBridge Scheduler."""

import json
import logging
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest

from ai_coordination import models, worker
from ai_coordination.engine import session_commands
from ai_coordination.engine.schedule_trigger import NotWrittenYet
from ai_coordination.errors import Throttled
from tests.api.execution import blueprint, echo, work_off
from tests.entrypoints.lambda_stand_ins import Context
from tests.support.contexts import At, serving
from tests.support.graph_api import CALLER, change, data, new_schedule
from tests.support.scheduling import event_of, put_timer, timers
from tests.support.stored import stored

EIGHT, NINE = "2026-11-23T08:00:00Z", "2026-11-23T09:00:00Z"
LONG_AGO = "2026-01-01T00:00:00.000000+00:00"
SCHEDULE = """query ($t: ID!, $s: ID!) { taskSchedule(taskUuid: $t, scheduleUuid: $s) {
    status version updatedBy updatedAt nextRunAt lastSession { sessionUuid scheduleUuid }
} }"""
SESSIONS = """query ($c: ID!) { sessions(coordinationUuid: $c, newestFirst: false) { nodes {
    sessionUuid scheduleUuid taskUuid taskQuery userId updatedBy status
} } }"""

pytestmark = pytest.mark.usefixtures("worked_queue")


class Plan:
    """A task with a schedule, and what came of it."""

    def __init__(self, schedule: str = "cron(0 * * * ? *)", **more: Any) -> None:
        self.key = blueprint([echo("a")], [{"agentUuid": "a"}], initialTaskQuery="Which?")
        self.task = self.key["taskUuid"]
        coordination = self.key["coordinationUuid"]
        self.uuid = new_schedule(coordination, self.task, CALLER, schedule=schedule, **more)
        # When it fires next is told as of now: also by a test that goes on into the next hour.
        self._now = At(moment=datetime.now(UTC))

    @property
    def schedule_key(self) -> dict[str, str]:
        return {"taskUuid": self.task, "scheduleUuid": self.uuid}

    def event(self, time: str = EIGHT, **changed: Any) -> dict[str, Any]:
        """What its one timer sends."""
        (timer,) = timers(self.uuid)
        return {**event_of(timer, time), **changed}

    def item(self) -> models.TaskSchedule:
        return stored(models.TaskSchedule, self.task, self.uuid)

    def told(self) -> dict[str, Any]:
        with serving(self._now):
            return dict(data(SCHEDULE, {"t": self.task, "s": self.uuid})["taskSchedule"])

    def sessions(self) -> list[dict[str, Any]]:
        found = data(SESSIONS, {"c": self.key["coordinationUuid"]})["sessions"]["nodes"]
        return list(found)

    def update(self, **changes: Any) -> None:
        change("updateTaskSchedule", {**self.schedule_key, **changes}, "taskSchedule { id }")

    def lose_its_agent(self) -> None:
        given = {"coordinationUuid": self.key["coordinationUuid"], "agents": [echo("b")]}
        change("updateCoordination", given, "coordination { id }")


def fire(event: dict[str, Any]) -> str:
    return str(worker.handler(event, Context())["firing"])


def test_a_firing_starts_a_session_of_the_task() -> None:
    plan = Plan()
    before = plan.told()

    assert fire(plan.event()) == "started"
    work_off()

    (session,) = plan.sessions()
    assert session == {
        "sessionUuid": session["sessionUuid"],
        "scheduleUuid": plan.uuid,
        "taskUuid": plan.task,
        "taskQuery": "Which?",
        "userId": None,
        "updatedBy": "engine",
        "status": "COMPLETED",
    }
    last = {"sessionUuid": session["sessionUuid"], "scheduleUuid": plan.uuid}
    assert plan.told() == {**before, "lastSession": last}
    assert len(timers(plan.uuid)) == 1


def test_a_firing_that_is_delivered_three_times_starts_one_session() -> None:
    plan = Plan()

    assert [fire(plan.event()) for _ in range(3)] == ["started"] * 3

    (session,) = plan.sessions()
    assert plan.told()["lastSession"]["sessionUuid"] == session["sessionUuid"]


def test_a_firing_that_is_delivered_again_gives_its_session_whatever_the_blueprint_is_now() -> None:
    plan = Plan()
    assert fire(plan.event()) == "started"
    coordination = {"coordinationUuid": plan.key["coordinationUuid"]}
    change("updateCoordination", {**coordination, "agents": []}, "coordination { version }")

    assert fire(plan.event()) == "started"

    assert len(plan.sessions()) == 1
    assert fire(plan.event(NINE)) == "refused"


def test_each_time_has_a_session_and_a_late_one_is_not_the_last() -> None:
    plan = Plan()

    fire(plan.event(NINE))
    last = plan.told()["lastSession"]
    fire(plan.event(EIGHT))

    assert len(plan.sessions()) == 2
    assert plan.told()["lastSession"] == last


def test_a_key_of_a_caller_s_is_never_that_of_a_firing() -> None:
    plan = Plan()
    theirs = f"{plan.uuid} 2026-11-23T08:00:00.000000+00:00"
    change("startSession", {**plan.key, "idempotencyKey": theirs}, "session { id }")

    assert fire(plan.event()) == "started"

    assert [one["scheduleUuid"] for one in plan.sessions()] == [None, plan.uuid]


def test_pausing_stops_the_next() -> None:
    plan = Plan()
    due = plan.event()
    plan.update(status="PAUSED")
    put_timer(due)

    assert fire(due) == "stale"

    assert plan.sessions() == []
    assert timers(plan.uuid) == []


@pytest.mark.parametrize("agents", [1, 97], ids=["at once", "in chunks"])
def test_a_pause_that_is_faster_by_a_moment_stops_it(agents: int) -> None:
    plan = Plan()
    many = [echo(f"a{number}") for number in range(agents)]
    key = {"coordinationUuid": plan.key["coordinationUuid"]}
    change("updateCoordination", {**key, "agents": many}, "coordination { id }")
    change("updateTask", {**plan.key, "agentActions": []}, "task { id }")
    due = plan.event()
    original = session_commands.start

    def first_the_pause(*args: Any, **kwargs: Any) -> models.Session:
        plan.update(status="PAUSED")
        return original(*args, **kwargs)

    with patch.object(session_commands, "start", first_the_pause):
        assert fire(due) == "stale"

    assert plan.sessions() == []
    plan.update(status="ACTIVE")
    assert fire(plan.event()) == "started"
    assert len(plan.sessions()) == 1


def test_a_session_of_96_agents_is_started_by_a_schedule_in_one_transaction() -> None:
    plan = Plan()
    many = [echo(f"a{number}") for number in range(96)]
    key = {"coordinationUuid": plan.key["coordinationUuid"]}
    change("updateCoordination", {**key, "agents": many}, "coordination { id }")
    change("updateTask", {**plan.key, "agentActions": []}, "task { id }")

    assert fire(plan.event()) == "started"

    (session,) = plan.sessions()
    assert session["status"] == "IN_PROGRESS"


def test_a_timer_that_was_replaced_starts_nothing_and_is_deleted() -> None:
    plan = Plan()
    old = plan.event()
    plan.update(schedule="cron(0 0 * * ? *)")
    put_timer(old)

    assert fire(old) == "stale"

    assert plan.sessions() == []
    assert [event_of(one)["token"] for one in timers(plan.uuid)] == [plan.item().token]


def test_a_timer_of_a_deleted_schedule_starts_nothing_and_is_deleted() -> None:
    plan = Plan()
    old = plan.event(made=LONG_AGO)
    change("deleteTaskSchedule", plan.schedule_key, "deletedId")
    put_timer(old)

    assert fire(old) == "stale"

    assert plan.sessions() == []
    assert timers(plan.uuid) == []


def test_a_timer_of_another_tenant_starts_nothing() -> None:
    plan = Plan()

    assert fire(plan.event(tenant="globex#sales", made=LONG_AGO)) == "stale"

    assert plan.sessions() == []


def test_a_timer_that_is_faster_than_its_writer_comes_again() -> None:
    plan = Plan()
    now = datetime.now(UTC).isoformat()
    ahead = plan.event(token="0123456789abcdef", version=2, made=now)
    put_timer(ahead)
    unknown = {**ahead, "schedule": plan.task, "version": 1}
    put_timer(unknown)

    for event in (ahead, unknown):
        with pytest.raises(NotWrittenYet):
            fire(event)
    assert len(timers(plan.uuid)) == 2
    assert len(timers(plan.task)) == 1

    for event in (ahead, unknown):
        assert fire({**event, "made": LONG_AGO}) == "stale"
    assert [event_of(one)["token"] for one in timers(plan.uuid)] == [plan.item().token]
    assert timers(plan.task) == []
    assert plan.sessions() == []


@pytest.mark.parametrize(
    ("schedule", "time"),
    [
        ("at(2099-12-31T08:00:30)", "2099-12-31T08:00:30Z"),
        ("at(2099-12-31T08:00:30)", "2099-12-31T08:00:00Z"),
        ("cron(0 8 31 12 ? 2099)", "2099-12-31T08:00:00Z"),
    ],
)
def test_what_has_fired_for_the_last_time_is_completed(schedule: str, time: str) -> None:
    plan = Plan(schedule)
    due = plan.event(time)

    assert fire(due) == "started"

    (session,) = plan.sessions()
    told = plan.told()
    assert (told["status"], told["nextRunAt"], told["version"]) == ("COMPLETED", None, 1)
    assert told["updatedBy"] == "engine"
    assert told["lastSession"]["sessionUuid"] == session["sessionUuid"]
    assert plan.item().token is None
    assert timers(plan.uuid) == []
    assert fire(due) == "stale"
    assert len(plan.sessions()) == 1


def test_a_schedule_that_was_completed_fires_again_when_it_is_given_a_new_time() -> None:
    plan = Plan("at(2099-12-31T08:00:00)")
    fire(plan.event("2099-12-31T08:00:00Z"))

    plan.update(schedule="at(2100-12-31T08:00:00)", status="ACTIVE")

    assert fire(plan.event("2100-12-31T08:00:00Z")) == "started"
    assert len(plan.sessions()) == 2
    assert plan.told()["status"] == "COMPLETED"


def test_a_change_just_before_the_last_firing_is_over_is_not_overwritten() -> None:
    plan = Plan("at(2099-12-31T08:00:00)")
    due = plan.event("2099-12-31T08:00:00Z")
    original = session_commands.start

    def then_the_writer(*args: Any, **kwargs: Any) -> models.Session:
        started = original(*args, **kwargs)
        plan.update(schedule="rate(1 day)")
        return started

    with patch.object(session_commands, "start", then_the_writer):
        assert fire(due) == "started"

    assert len(plan.sessions()) == 1
    assert (plan.told()["status"], len(timers(plan.uuid))) == ("ACTIVE", 1)


@pytest.mark.parametrize(
    ("schedule", "status"),
    [("rate(1 day)", "ACTIVE"), ("at(2099-12-31T08:00:00)", "COMPLETED")],
)
def test_a_start_that_is_refused_is_logged_and_counted_and_the_schedule_goes_on(
    schedule: str,
    status: str,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plan = Plan(schedule)
    plan.lose_its_agent()
    capsys.readouterr()

    with caplog.at_level(logging.WARNING):
        assert fire(plan.event("2099-12-31T08:00:00Z")) == "refused"

    (record,) = caplog.records
    assert record.getMessage() == "a schedule could not start its task"
    assert (record.schedule, record.code) == (plan.uuid, "BAD_USER_INPUT")  # type: ignore[attr-defined]
    assert json.loads(capsys.readouterr().out)["FiringsRefused"] == [1]
    assert plan.sessions() == []
    assert plan.told()["status"] == status
    assert plan.told()["lastSession"] is None


def test_a_firing_that_the_database_refuses_for_now_comes_again() -> None:
    plan = Plan()

    with (
        patch.object(session_commands, "start", side_effect=Throttled("busy")),
        pytest.raises(Throttled),
    ):
        fire(plan.event())

    assert plan.sessions() == []
    assert fire(plan.event()) == "started"
