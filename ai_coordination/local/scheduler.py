"""Fire the schedules that an emulator of EventBridge Scheduler stores but does not fire."""

import json
import os
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from ai_coordination import models, schedule_expressions, worker
from ai_coordination.clients import clients
from ai_coordination.clients.scheduler import LATEST_SECONDS, SCHEDULED_TIME
from ai_coordination.config import PREFIX, settings
from ai_coordination.local.background import run_in_background
from ai_coordination.local.embedded import is_aws
from ai_coordination.local.lambda_context import ACCOUNT, LambdaContext
from ai_coordination.services import timers

GROUP_NAME = "ai-coordination"
POLL_SECONDS = 1.0
LATEST = timedelta(seconds=LATEST_SECONDS)
# The emulator never calls these, so any well-formed name is accepted.
VARIABLES = {
    f"{PREFIX}SCHEDULE_GROUP": GROUP_NAME,
    f"{PREFIX}SCHEDULE_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/local",
    f"{PREFIX}WORKER_FUNCTION_ARN": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:local",
}


def is_emulated() -> bool:
    """Return whether the configured endpoint is an emulator, not AWS."""
    return not is_aws(str(clients("scheduler").meta.endpoint_url))


@contextmanager
def schedule_group() -> Iterator[None]:
    """Create the schedule group and configure the engine to use it within the block.

    Uses the configured group if there is one. An existing group is kept.
    """
    configured = settings().schedule_group
    _ensure_group(configured or GROUP_NAME)
    if configured is not None:
        yield
        return
    os.environ.update(VARIABLES)
    settings.cache_clear()
    try:
        yield
    finally:
        for name in VARIABLES:
            os.environ.pop(name, None)
        settings.cache_clear()


def _ensure_group(name: str) -> None:
    client = clients("scheduler")
    try:
        client.get_schedule_group(Name=name)
    except ClientError as error:
        if not _is_missing(error):
            raise
        client.create_schedule_group(Name=name)


def _is_missing(error: ClientError) -> bool:
    return bool(error.response["Error"]["Code"] == "ResourceNotFoundException")


def restore_timers() -> None:
    """Create the timers of all stored schedules again, because the emulator has lost them."""
    scheduler = timers.scheduler()
    now = datetime.now(UTC)
    for schedule in models.TaskSchedule.scan():
        first = timers.next_run_at(schedule, now)
        if scheduler is not None and first is not None:
            scheduler.create(timers.timer(schedule, first))


def in_background() -> AbstractContextManager[None]:
    """Fire the timers of the configured group while the block runs."""
    return run_in_background(_run, "schedules")


def _run(stop: threading.Event) -> None:
    scheduler = LocalScheduler()
    while not stop.is_set():
        try:
            scheduler.fire_due()
        except Exception:  # noqa: BLE001 - an entry point: report the error and continue
            traceback.print_exc()
        stop.wait(POLL_SECONDS)


class LocalScheduler:
    """Fire each timer of the group at each of its times, as EventBridge Scheduler would.

    A failed firing is retried at the next call, for an hour. Several instances may run at once,
    and a new one looks back an hour: a firing that happens twice starts one session.
    """

    def __init__(self, utc: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._utc = utc
        self._timers: dict[str, dict[str, Any]] = {}
        self._fired: dict[str, datetime] = {}

    def fire_due(self) -> None:
        """Fire every timer that is due now."""
        listed = self._listed()
        known = {name: self._timers.get(name) or _read(name) for name in listed}
        self._timers = {name: timer for name, timer in known.items() if timer is not None}
        begun = {name: _begin(timer, listed[name]) for name, timer in self._timers.items()}
        self._fired = {name: self._fired.get(name, begin) for name, begin in begun.items()}
        for name in self._timers:
            self._fire(name)

    def _listed(self) -> dict[str, datetime]:
        pages = clients("scheduler").get_paginator("list_schedules")
        return {
            schedule["Name"]: schedule["CreationDate"]
            for page in pages.paginate(GroupName=settings().schedule_group)
            for schedule in page["Schedules"]
        }

    def _fire(self, name: str) -> None:
        timer = self._timers[name]
        while True:
            after = max(self._fired[name], self._utc() - LATEST)
            due = schedule_expressions.next_run_at(
                timer["ScheduleExpression"],
                timer["ScheduleExpressionTimezone"],
                after=after,
                created_at=timer.get("StartDate", after),
            )
            if due is None or due > self._utc():
                return
            event = event_of(timer, due)
            try:
                outcome = worker.handler(event, LambdaContext())["firing"]
            except Exception:  # noqa: BLE001 - an entry point: report the error, retry later
                traceback.print_exc()
                return
            print(f"{event['time'][11:19]} schedule {event['schedule']} {outcome}", flush=True)
            self._fired[name] = due


def _begin(timer: Mapping[str, Any], created: datetime) -> datetime:
    """Return the time from which a timer counts that has not fired yet: that of its creation.

    Its one time may be over when it is created, if the request has taken long. It is due then.
    """
    return created - LATEST if timer["ScheduleExpression"].startswith("at(") else created


def _read(name: str) -> dict[str, Any] | None:
    """Return a timer, or None if it was deleted after it was listed."""
    group = settings().schedule_group
    try:
        return dict(clients("scheduler").get_schedule(GroupName=group, Name=name))
    except ClientError as error:
        if _is_missing(error):
            return None
        raise


def event_of(timer: Mapping[str, Any], due: datetime) -> dict[str, Any]:
    """Return the event with which a timer invokes the worker at a time."""
    time = due.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    event: dict[str, Any] = json.loads(timer["Target"]["Input"].replace(SCHEDULED_TIME, time))
    return event
