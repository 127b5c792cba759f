"""EventBridge Scheduler on embedded AWS: its timers, and the messages that they send."""

import json
from typing import Any

from ai_coordination.clients import clients
from ai_coordination.local.embedded import running
from ai_coordination.services import timers as timer_names

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
    """Return the timers of a schedule, or of all, in the order of their names."""
    found = running().timers.all(GROUP)
    own = [timer for timer in found if timer["Name"].startswith(schedule_uuid)]
    return sorted(own, key=lambda timer: str(timer["Name"]))


def held() -> list[tuple[str, dict[str, Any]]]:
    """The expression of each timer and what it sends, in the order they were made."""
    found = running().timers.all(GROUP)
    return [(timer["ScheduleExpression"], _event(timer["Target"]["Input"])) for timer in found]


def tokens(schedule_uuid: str) -> list[str]:
    """Return the tokens of a schedule's timers."""
    return [str(event_of(one)["token"]) for one in timers(schedule_uuid)]


def event_of(timer: dict[str, Any], time: str = "2026-11-23T08:00:00Z") -> dict[str, Any]:
    """Return the message that a timer sends for the time `time`."""
    return _event(timer["Target"]["Input"], time)


def _event(written: str, time: str = "2026-11-23T08:00:00Z") -> dict[str, Any]:
    event: dict[str, Any] = json.loads(written.replace("<aws.scheduler.scheduled-time>", time))
    return event


def put_timer(event: dict[str, Any]) -> None:
    """Create a timer that sends this event, as a writer leaves it that has died."""
    clients("scheduler").create_schedule(
        Name=timer_names.name(event["schedule"], event["token"]),
        GroupName=GROUP,
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": FUNCTION, "RoleArn": ROLE, "Input": json.dumps(event)},
    )
