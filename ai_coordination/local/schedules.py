"""EventBridge Scheduler on this machine: an emulator holds schedules, and this fires them."""

import json
import os
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from ai_coordination import models, schedule_expressions, worker
from ai_coordination.clients import clients
from ai_coordination.clients.scheduler import LATEST_SECONDS, SCHEDULED_TIME
from ai_coordination.config import PREFIX, settings
from ai_coordination.local.beside import beside
from ai_coordination.local.embedded import is_aws
from ai_coordination.local.runtime import ACCOUNT, LambdaContext
from ai_coordination.services import timers

GROUP_NAME = "ai-coordination"
TICK_SECONDS = 1.0
LATEST = timedelta(seconds=LATEST_SECONDS)
# An emulator takes any name for what it will never call.
VARIABLES = {
    f"{PREFIX}SCHEDULE_GROUP": GROUP_NAME,
    f"{PREFIX}SCHEDULE_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/local",
    f"{PREFIX}WORKER_FUNCTION_ARN": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:local",
}


def is_emulated() -> bool:
    """Whether the configured endpoint is an emulator's."""
    return not is_aws(str(clients("scheduler").meta.endpoint_url))


@contextmanager
def group() -> Iterator[None]:
    """A group is there, and the engine told of it for the block; the configured one if one is."""
    named = settings().schedule_group
    _make_group(named or GROUP_NAME)
    if named is not None:
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


def _make_group(name: str) -> None:
    client = clients("scheduler")
    try:
        client.get_schedule_group(Name=name)
    except ClientError as error:
        if not _is_missing(error):
            raise
        client.create_schedule_group(Name=name)


def _is_missing(error: ClientError) -> bool:
    return bool(error.response["Error"]["Code"] == "ResourceNotFoundException")


def restore() -> None:
    """Makes the timers anew that the schedules in the tables name: they outlive an emulator."""
    scheduler = timers.scheduler()
    now = datetime.now(UTC)
    for schedule in models.TaskSchedule.scan():
        first = timers.next_run_at(schedule, now)
        if scheduler is not None and first is not None:
            scheduler.create(timers.timer(schedule, first))


def ticking() -> AbstractContextManager[None]:
    """What the configured group holds fires as long as the block runs."""
    return beside(_run, "schedules")


def _run(stop: threading.Event) -> None:
    ticker = Ticker()
    while not stop.is_set():
        try:
            ticker.tick()
        except Exception:  # noqa: BLE001 - the entry point: it reports and goes on
            traceback.print_exc()
        stop.wait(TICK_SECONDS)


class Ticker:
    """Fires each timer of the group at each of its times, as AWS would, but for the time it takes.

    What failed comes again at the next tick, for an hour. Several may tick: a firing that comes
    twice starts one session. So may one that was begun anew: it looks back for an hour.
    """

    def __init__(self, utc: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._utc = utc
        self._timers: dict[str, dict[str, Any]] = {}
        self._fired: dict[str, datetime] = {}

    def tick(self) -> None:
        """Everything that is due now."""
        listed = self._listed()
        known = {name: self._timers.get(name) or _read(name) for name in listed}
        self._timers = {name: timer for name, timer in known.items() if timer is not None}
        self._fired = {name: self._fired.get(name, made) for name, made in listed.items()}
        for name in self._timers:
            self._fire(name)

    def _listed(self) -> dict[str, datetime]:
        pages = clients("scheduler").get_paginator("list_schedules")
        return {
            one["Name"]: one["CreationDate"]
            for page in pages.paginate(GroupName=settings().schedule_group)
            for one in page["Schedules"]
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
            event = _event(timer, due)
            try:
                outcome = worker.handler(event, LambdaContext())["firing"]
            except Exception:  # noqa: BLE001 - as Lambda, it reports, and the event comes again
                traceback.print_exc()
                return
            print(f"{event['time'][11:19]} schedule {event['schedule']} {outcome}", flush=True)
            self._fired[name] = due


def _read(name: str) -> dict[str, Any] | None:
    """A timer, or None where it has been deleted since it was listed."""
    group = settings().schedule_group
    try:
        return dict(clients("scheduler").get_schedule(GroupName=group, Name=name))
    except ClientError as error:
        if _is_missing(error):
            return None
        raise


def _event(timer: dict[str, Any], due: datetime) -> dict[str, Any]:
    time = due.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    event: dict[str, Any] = json.loads(timer["Target"]["Input"].replace(SCHEDULED_TIME, time))
    return event
