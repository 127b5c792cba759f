"""A writer of a schedule dies, is late, or is overtaken at any call: one timer is left.

In the end a schedule that fires has exactly the timer that it names, any other none; what else was
left has deleted itself when it fired.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from ai_coordination import models, worker
from ai_coordination.engine.schedule_trigger import NotWrittenYet
from tests.entrypoints.lambda_stand_ins import Context
from tests.support.faults import FAULTS, Call, Died, dies_before, fault_at
from tests.support.graph_api import ask, create, mutation, new_coordination, new_schedule, new_task
from tests.support.recording import recorded_calls
from tests.support.scheduling import held

LONG_AGO = "2026-01-01T00:00:00.000000+00:00"
EVERY_HOUR = "cron(0 * * * ? *)"
ONCE = "at(2099-12-31T08:00:00)"
pytestmark = pytest.mark.usefixtures("worked_queue")


class Case:
    """A task with a schedule, and one write of it."""

    def __init__(self, operation: str) -> None:
        coordination = new_coordination()
        self.task = new_task(coordination)
        key = {"coordinationUuid": coordination, "taskUuid": self.task}
        given = {**key, "schedule": EVERY_HOUR, "idempotencyKey": self.task}
        self.write: tuple[str, dict[str, Any]] = ("createTaskSchedule", given)
        if operation == "create":
            return
        if operation == "repeat":
            create("createTaskSchedule", given)
            return
        status = "PAUSED" if operation == "resume" else "ACTIVE"
        schedule = ONCE if operation == "move" else EVERY_HOUR
        uuid = new_schedule(coordination, self.task, status=status, schedule=schedule)
        self.key = {"taskUuid": self.task, "scheduleUuid": uuid}
        if operation == "delete":
            self.write = "deleteTaskSchedule", self.key
            return
        changes = {
            "update": {"schedule": "rate(2 hours)"},
            "move": {"timezone": "Asia/Tokyo"},
            "pause": {"status": "PAUSED"},
            "resume": {"status": "ACTIVE"},
            "end": {"schedule": "at(2001-01-01T00:00:00)"},
        }[operation]
        self.write = "updateTaskSchedule", {**self.key, **changes}

    def perform(self) -> dict[str, Any]:
        return perform(*self.write)

    def schedules(self) -> list[models.TaskSchedule]:
        return list(models.TaskSchedule.query(self.task, consistent_read=True))

    def timers(self) -> list[tuple[str, dict[str, Any]]]:
        return [one for one in held() if one[1]["task"] == self.task]

    def fire_all(self, **changed: Any) -> None:
        """All timers fire; with `made`, long after they were made."""
        for _, event in self.timers():
            with suppress(NotWrittenYet):
                worker.handler({**event, **changed}, Context())

    def check(self) -> None:
        """What is left, once everything has fired."""
        self.check_named()
        self.fire_all(made=LONG_AGO)
        self.check_named()
        named = [(one.schedule, one.token) for one in self.schedules() if one.token]
        assert [(expression, event["token"]) for expression, event in self.timers()] == named

    def check_named(self) -> None:
        """What is to fire has a timer that says the same."""
        timers = {event["token"]: expression for expression, event in self.timers()}
        for one in self.schedules():
            fires = one.status == "active" and one.schedule != "at(2001-01-01T00:00:00)"
            assert timers.get(one.token) == (one.schedule if fires else None)
            assert (one.token is not None) == fires


def perform(name: str, given: dict[str, Any]) -> dict[str, Any]:
    kind = f"{name[0].upper()}{name[1:]}Input"
    return ask(mutation(name, kind, "__typename"), {"input": given})


# What else there is makes and deletes timers as one of these does.
EVERYDAY = ("create", "repeat", "update", "pause", "delete")
OPERATIONS = [
    *EVERYDAY,
    *(pytest.param(name, marks=pytest.mark.stress) for name in ("move", "resume", "end")),
]
LATE = [
    pytest.param(name, marks=() if name in ("create", "update") else pytest.mark.stress)
    for name in (*EVERYDAY, "move", "resume", "end")
]


# What the timer costs besides: a new one, and the end of the one before.
CALLS = {
    "create": 2,
    "update": 4,
    "move": 4,
    "resume": 3,
    "repeat": 4,
    "pause": 3,
    "end": 3,
    "delete": 3,
}


def number_of_calls(operation: str) -> int:
    case = Case(operation)
    with recorded_calls() as calls:
        case.perform()
    case.check()
    assert len(calls) == CALLS[operation]
    return len(calls)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_writer_of_a_schedule_may_die_or_lose_its_answer_at_any_call(operation: str) -> None:
    for number in range(1, number_of_calls(operation) + 1):
        for fault in FAULTS:
            case = Case(operation)

            with fault_at(number, fault), suppress(Died):
                case.perform()
            case.fire_all()

            case.check()
            case.perform()
            case.check()


def change_all(case: Case, **changes: Any) -> None:
    for one in case.schedules():
        key = {"taskUuid": one.task_uuid, "scheduleUuid": one.schedule_uuid}
        assert "errors" not in perform("updateTaskSchedule", {**key, **changes})


def delete_all(case: Case) -> None:
    for one in case.schedules():
        key = {"taskUuid": one.task_uuid, "scheduleUuid": one.schedule_uuid}
        assert "errors" not in perform("deleteTaskSchedule", key)


RIVALS: dict[str, Callable[[Case], Any]] = {
    "a minute passes, and all timers fire": Case.fire_all,
    "somebody pauses it": lambda case: change_all(case, status="PAUSED"),
    "somebody changes it": lambda case: change_all(case, schedule="rate(3 hours)"),
    "somebody deletes it": delete_all,
}


@pytest.mark.parametrize("rival", RIVALS)
@pytest.mark.parametrize("operation", LATE)
def test_a_writer_that_is_late_at_any_call_brings_no_old_timer_back(
    operation: str, rival: str
) -> None:
    for number in range(1, number_of_calls(operation) + 1):
        for is_before in (True, False):
            case = Case(operation)

            def late(call: Call, case: Case = case, is_before: bool = is_before) -> Any:
                with fault_at(0, dies_before):
                    if is_before:
                        RIVALS[rival](case)
                        return call()
                    answer = call()
                    RIVALS[rival](case)
                    return answer

            with fault_at(number, late):
                case.perform()

            case.check()
