"""SQS: standard queues with delays, visibility timeouts and dead-letter queues.

Source: Amazon SQS API Reference and Developer Guide.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ai_coordination.local.errors import Refused
from ai_coordination.local.services.messages import Messages
from ai_coordination.local.services.queue_rules import (
    Operation,
    Request,
    batched,
    chosen,
    no_such_queue,
)
from ai_coordination.local.sqlite import File

CREATE = """CREATE TABLE IF NOT EXISTS queues (name TEXT PRIMARY KEY, attributes TEXT NOT NULL)"""
URL = "https://sqs.{region}.amazonaws.com/{account}/{name}"
ACCOUNT = "123456789012"

# The others end no receive that waits.
_MAKE_VISIBLE = frozenset(
    {
        "ChangeMessageVisibility",
        "ChangeMessageVisibilityBatch",
        "DeleteQueue",
        "SendMessage",
        "SendMessageBatch",
    }
)
DEFAULTS = {"DelaySeconds": "0", "VisibilityTimeout": "30", "ReceiveMessageWaitTimeSeconds": "0"}


class Queues:
    """All queues with their messages. They are thread-safe."""

    def __init__(
        self,
        file: File,
        utc: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
        region: str = "us-east-1",
    ) -> None:
        """`monotonic` measures how long a request waits for messages."""
        self._file = file
        self._monotonic = monotonic
        self._region = region
        # Wakes those who wait for messages: nothing that is stored depends on it.
        self._sent = threading.Condition()
        self._messages = Messages(file, utc)
        file.create(CREATE)
        self._operations: dict[str, Operation] = {
            "ChangeMessageVisibility": self._change_visibility,
            "ChangeMessageVisibilityBatch": self._batch(self._change_visibility),
            "CreateQueue": self._create,
            "DeleteMessage": self._delete_message,
            "DeleteMessageBatch": self._batch(self._delete_message),
            "DeleteQueue": self._delete,
            "GetQueueAttributes": self._attributes,
            "GetQueueUrl": self._get_url,
            "ListQueues": self._list,
            "PurgeQueue": self._purge,
            "ReceiveMessage": self._receive,
            "SendMessage": self._send,
            "SendMessageBatch": self._batch(self._send),
        }

    def call(self, operation: str, request: Request) -> dict[str, Any]:
        """The answer to a request. Raises Refused where SQS answers with an error."""
        if operation not in self._operations:
            raise Refused("InvalidAction", f"{operation} is not supported by the embedded SQS")
        if operation == "ReceiveMessage":
            return self._receive(request)
        with self._file.transaction():
            answer = self._operations[operation](request)
        if operation in _MAKE_VISIBLE:
            with self._sent:
                self._sent.notify_all()
        return answer

    def waiting(self) -> list[tuple[float, str, str]]:
        """All messages: when each is visible (in seconds of the epoch), its queue, and its body."""
        with self._file.turn():
            return self._messages.waiting()

    def release(self) -> int:
        """Make all messages visible that were received and not deleted; how many there were.

        For the only process that uses the file: the receivers have died.
        """
        with self._file.transaction():
            return self._messages.release()

    def _url(self, name: str) -> str:
        return URL.format(region=self._region, account=ACCOUNT, name=name)

    def _create(self, request: Request) -> dict[str, Any]:
        name, attributes = request["QueueName"], dict(request.get("Attributes") or {})
        held = self._file.first("SELECT attributes FROM queues WHERE name = ?", (name,))
        if held is not None:
            known = json.loads(held[0])
            if any(known.get(key) != value for key, value in attributes.items()):
                raise Refused("QueueNameExists", "A queue of this name has other attributes")
        else:
            self._file.rows("INSERT INTO queues VALUES (?, ?)", (name, json.dumps(attributes)))
        return {"QueueUrl": self._url(name)}

    def _named(self, request: Request) -> tuple[str, dict[str, str]]:
        """The queue of a URL and its attributes. Raises Refused where there is none."""
        name = str(request["QueueUrl"]).rpartition("/")[2]
        held = self._file.first("SELECT attributes FROM queues WHERE name = ?", (name,))
        if held is None:
            raise no_such_queue()
        return name, {**DEFAULTS, **json.loads(held[0])}

    def _delete(self, request: Request) -> dict[str, Any]:
        name, _ = self._named(request)
        self._messages.purge(name)
        self._file.rows("DELETE FROM queues WHERE name = ?", (name,))
        return {}

    def _purge(self, request: Request) -> dict[str, Any]:
        name, _ = self._named(request)
        self._messages.purge(name)
        return {}

    def _get_url(self, request: Request) -> dict[str, Any]:
        name = request["QueueName"]
        self._named({"QueueUrl": name})
        return {"QueueUrl": self._url(name)}

    def _list(self, request: Request) -> dict[str, Any]:
        prefix = request.get("QueueNamePrefix") or ""
        names = [name for (name,) in self._file.rows("SELECT name FROM queues ORDER BY name")]
        return {"QueueUrls": [self._url(name) for name in names if name.startswith(prefix)]}

    def _attributes(self, request: Request) -> dict[str, Any]:
        name, attributes = self._named(request)
        visible, hidden, delayed = self._messages.counts(name)
        known = {
            **attributes,
            "QueueArn": f"arn:aws:sqs:{self._region}:{ACCOUNT}:{name}",
            "ApproximateNumberOfMessages": str(visible),
            "ApproximateNumberOfMessagesNotVisible": str(hidden),
            "ApproximateNumberOfMessagesDelayed": str(delayed),
        }
        wanted = request.get("AttributeNames") or ()
        return {"Attributes": chosen(known, wanted)} if wanted else {}

    def _send(self, request: Request) -> dict[str, Any]:
        return self._messages.send(*self._named(request), request)

    def _receive(self, request: Request) -> dict[str, Any]:
        """What is there, or what comes within the time that the request waits."""
        ends_at: float | None = None
        while True:
            with self._sent:
                # Outside a transaction, a read may see what another thread then rolls back.
                with self._file.transaction():
                    name, attributes = self._named(request)
                    answer = self._messages.receive(name, attributes, request)
                    to_next = self._messages.seconds_to_next(name)
                now = self._monotonic()
                ends_at = now + _wait_seconds(request, attributes) if ends_at is None else ends_at
                if answer or now >= ends_at:
                    return answer
                self._sent.wait(min(ends_at - now, to_next))

    def _delete_message(self, request: Request) -> dict[str, Any]:
        name, _ = self._named(request)
        self._messages.delete(name, request)
        return {}

    def _change_visibility(self, request: Request) -> dict[str, Any]:
        name, _ = self._named(request)
        self._messages.change_visibility(name, request)
        return {}

    def _batch(self, single: Operation) -> Operation:
        """An operation on up to ten entries, each of which may fail for itself."""

        def run(request: Request) -> dict[str, Any]:
            self._named(request)
            return batched(single, request)

        return run


def _wait_seconds(request: Request, attributes: Mapping[str, str]) -> float:
    seconds = request.get("WaitTimeSeconds")
    return float(attributes["ReceiveMessageWaitTimeSeconds"] if seconds is None else seconds)
