"""Send events to an event bus of Amazon EventBridge."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ai_coordination import telemetry, timestamps
from ai_coordination.clients.aws import CONFIG, clients

SOURCE: Final = "ai-coordination"
# EventBridge's limit.
MAX_BATCH = 10
# What a worker does next must not wait long for its events.
BRIEF = CONFIG.merge(
    Config(read_timeout=2, retries={"total_max_attempts": 2, "mode": "standard"}),
)


class Event(NamedTuple):
    """An event as EventBridge gets it. `detail` has an `id`, by which repeated events are known."""

    detail_type: str
    at: str
    detail: Mapping[str, Any]


class EventBus:
    """An event bus of this account and region, by name, as one invocation uses it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._is_silent = False

    def send(self, events: Sequence[Event]) -> list[bool]:
        """Send events. Return for each of them whether EventBridge has accepted it.

        Raises nothing: a failure is logged and counted. The events are sent again later, because
        their items keep them. Once EventBridge has not answered, it is not asked again, so that an
        invocation waits once at most.
        """
        accepted: list[bool] = []
        for start in range(0, len(events), MAX_BATCH):
            accepted += self._send(events[start : start + MAX_BATCH])
        for is_accepted in accepted:
            telemetry.count("EventsSent" if is_accepted else "EventsNotSent")
        return accepted

    def _send(self, events: Sequence[Event]) -> list[bool]:
        refused = [False] * len(events)
        if self._is_silent:
            return refused
        entries = [self._entry(event) for event in events]
        try:
            answer = clients("events", BRIEF).put_events(Entries=entries)
        except (BotoCoreError, ClientError) as error:
            telemetry.logger.exception("events", extra={"events": len(events)})
            self._is_silent = isinstance(error, BotoCoreError)
            return refused
        codes = [result.get("ErrorCode") for result in answer["Entries"]]
        if failed := sorted({code for code in codes if code}):
            telemetry.logger.error("events", extra={"codes": failed})
        return [not code for code in codes]

    def _entry(self, event: Event) -> dict[str, Any]:
        return {
            "EventBusName": self.name,
            "Source": SOURCE,
            "DetailType": event.detail_type,
            "Time": timestamps.parse(event.at),
            "Detail": json.dumps(event.detail, ensure_ascii=False),
        }
