"""A worker dies or loses an answer at any call of a firing: one session is started."""

from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError

from ai_coordination import models, worker
from ai_coordination.errors import Throttled
from tests.api.execution import echo
from tests.entrypoints.lambda_stand_ins import Context
from tests.support.faults import FAULTS, Call, Died, fault_at
from tests.support.graph_api import CALLER, change, new_coordination, new_schedule, new_task
from tests.support.recording import recorded_calls
from tests.support.scheduling import event_of, timers
from tests.support.stored import stored

ONCE, OFTEN = "at(2099-12-31T08:00:00)", "rate(1 day)"
pytestmark = pytest.mark.usefixtures("worked_queue")


class Case:
    """A schedule that has fired."""

    def __init__(self, schedule: str) -> None:
        self.coordination = new_coordination(agents=[echo("a")])
        self.task = new_task(self.coordination)
        self.uuid = new_schedule(self.coordination, self.task, CALLER, schedule=schedule)
        (timer,) = timers(self.uuid)
        self.event = event_of(timer, "2099-12-31T08:00:00Z")

    def fire(self) -> Any:
        return worker.handler(self.event, Context())["firing"]

    def pause(self) -> None:
        given = {"taskUuid": self.task, "scheduleUuid": self.uuid, "status": "PAUSED"}
        change("updateTaskSchedule", given, "taskSchedule { id }")

    def item(self) -> models.TaskSchedule:
        return stored(models.TaskSchedule, self.task, self.uuid)

    def sessions(self) -> list[str]:
        found = models.Session.query(self.coordination, consistent_read=True)
        return [one.session_uuid for one in found]


CALLS = {ONCE: 7, OFTEN: 5}


def number_of_calls(schedule: str) -> int:
    case = Case(schedule)
    with recorded_calls() as calls:
        case.fire()
    assert len(calls) == CALLS[schedule]
    return len(calls)


@pytest.mark.parametrize("schedule", [ONCE, OFTEN])
def test_a_firing_whose_worker_died_anywhere_starts_one_session_in_the_end(schedule: str) -> None:
    for number in range(1, number_of_calls(schedule) + 1):
        for fault in FAULTS:
            case = Case(schedule)

            with (
                fault_at(number, fault),
                suppress(Died, BotoCoreError, Throttled),
            ):
                case.fire()
            case.fire()

            item = case.item()
            assert case.sessions() == [item.last_session_uuid]
            assert (item.status, timers(case.uuid) == []) == (
                ("completed", True) if schedule == ONCE else ("active", False)
            )


@pytest.mark.parametrize("schedule", [ONCE, OFTEN])
def test_a_pause_at_any_call_of_a_firing_leaves_a_session_only_where_it_came_after_the_start(
    schedule: str,
) -> None:
    outcomes = []
    for number in range(1, number_of_calls(schedule) + 1):
        case = Case(schedule)

        def first_the_pause(call: Call, case: Case = case) -> Any:
            case.pause()
            return call()

        with fault_at(number, first_the_pause):
            outcomes.append(case.fire())

        assert len(case.sessions()) == (outcomes[-1] == "started")
        assert (case.item().status, timers(case.uuid)) == ("paused", [])

    assert outcomes == sorted(outcomes)
    assert {*outcomes} == {"stale", "started"}
