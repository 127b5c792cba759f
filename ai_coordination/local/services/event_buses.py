"""EventBridge: event buses without rules. Each event goes to one receiver.

Source: Amazon EventBridge API Reference.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from ai_coordination.local.errors import Refused
from ai_coordination.local.services.queues import ACCOUNT

MOST_ENTRIES = 10
REQUIRED = ("Source", "DetailType", "Detail")

Request = Mapping[str, Any]
Event = dict[str, Any]
Receiver = Callable[[Event], bool]


class EventBuses:
    """All event buses of the account. `receiver` gets each event, and returns whether it took it.

    An event that was not taken is reported as one that EventBridge did not accept: AWS would have
    accepted it, and repeated the delivery itself.
    """

    def __init__(self, utc: Callable[[], datetime], region: str = "us-east-1") -> None:
        self._utc = utc
        self._region = region
        self.receiver: Receiver = lambda event: True

    def call(self, operation: str, request: Request) -> dict[str, Any]:
        """The answer to a request. Raises Refused where EventBridge answers with an error."""
        if operation != "PutEvents":
            what = f"{operation} is not supported by the embedded EventBridge"
            raise Refused("ValidationException", what)
        entries = request["Entries"]
        if not 1 <= len(entries) <= MOST_ENTRIES:
            raise Refused("ValidationException", f"There must be 1 to {MOST_ENTRIES} entries.")
        results = [self._put(entry) for entry in entries]
        failed = sum("ErrorCode" in result for result in results)
        return {"FailedEntryCount": failed, "Entries": results}

    def _put(self, entry: Request) -> dict[str, str]:
        missing = [name for name in REQUIRED if not entry.get(name)]
        if missing:
            message = f"Parameter {missing[0]} is not valid. Reason: {missing[0]} is required"
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": message}
        try:
            event = self._event(entry)
        except ValueError:
            return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
        if self.receiver(event):
            return {"EventId": event["id"]}
        return {"ErrorCode": "InternalFailure", "ErrorMessage": "The event was not received"}

    def _event(self, entry: Request) -> Event:
        """The event as EventBridge gives it to the targets of rules."""
        at = entry.get("Time") or self._utc()
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": entry["DetailType"],
            "source": entry["Source"],
            "account": ACCOUNT,
            "time": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self._region,
            "resources": list(entry.get("Resources", ())),
            "detail": json.loads(entry["Detail"]),
        }
