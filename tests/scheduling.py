"""EventBridge Scheduler on embedded AWS: what it holds, and what it sends when a time has come."""

import json
from typing import Any

from ai_coordination.clients import clients

FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:worker"
ROLE = "arn:aws:iam::123456789012:role/scheduler"
DEAD_LETTERS = "arn:aws:sqs:eu-central-1:123456789012:dead-messages"
GROUP = "default"
SCHEDULER = {
    "AI_COORDINATION_SCHEDULE_GROUP": GROUP,
    "AI_COORDINATION_SCHEDULE_ROLE_ARN": ROLE,
    "AI_COORDINATION_WORKER_FUNCTION_ARN": FUNCTION,
    "AI_COORDINATION_SCHEDULE_DEAD_LETTERS_ARN": DEAD_LETTERS,
}


def timers(schedule_uuid: str = "") -> list[dict[str, Any]]:
    """The schedules of EventBridge's that are of this schedule, or all, in the order of names."""
    listed = clients("scheduler").list_schedules(GroupName=GROUP, MaxResults=100)["Schedules"]
    names = sorted(one["Name"] for one in listed if one["Name"].startswith(schedule_uuid))
    return [_timer(name) for name in names]


def _timer(name: str) -> dict[str, Any]:
    told: dict[str, Any] = clients("scheduler").get_schedule(GroupName=GROUP, Name=name)
    del told["ResponseMetadata"]
    return told


def tokens(schedule_uuid: str) -> list[str]:
    """The tokens of a schedule's timers."""
    return [str(event_of(one)["token"]) for one in timers(schedule_uuid)]


def event_of(timer: dict[str, Any], time: str = "2026-11-23T08:00:00Z") -> dict[str, Any]:
    """What EventBridge sends to the worker when a timer fires that was due at `time`."""
    written: str = timer["Target"]["Input"]
    event: dict[str, Any] = json.loads(written.replace("<aws.scheduler.scheduled-time>", time))
    return event
