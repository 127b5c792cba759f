"""SQS: standard queues with delays, visibility timeouts and dead-letter queues.

Source: Amazon SQS API Reference and Developer Guide. A message is delivered again after its
visibility timeout, unless it was deleted with the receipt handle of its latest delivery.
"""

import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ai_coordination.local.errors import Refused
from ai_coordination.local.services.queue_rules import (
    LARGEST_BYTES,
    MOST_OF_A_BATCH,
    Operation,
    Request,
    batched,
    check_between,
    chosen,
    digest,
    invalid,
    milliseconds,
    no_such_queue,
)
from ai_coordination.local.sqlite import File

CREATE = (
    """CREATE TABLE IF NOT EXISTS queues (name TEXT PRIMARY KEY, attributes TEXT NOT NULL)""",
    # `receipt` belongs to the latest delivery; `visible_at` is when the next one may come.
    """CREATE TABLE IF NOT EXISTS messages (
        number INTEGER PRIMARY KEY, queue TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
        group_id TEXT, sent_at REAL NOT NULL, visible_at REAL NOT NULL,
        receives INTEGER NOT NULL DEFAULT 0, first_received_at REAL, receipt TEXT
    )""",
    "CREATE INDEX IF NOT EXISTS messages_of_queues ON messages (queue, visible_at)",
    "CREATE UNIQUE INDEX IF NOT EXISTS messages_by_receipt ON messages (receipt)",
)
URL = "https://sqs.{region}.amazonaws.com/{account}/{name}"
ACCOUNT = "123456789012"

LONGEST_DELAY_SECONDS = 900
LONGEST_VISIBILITY_SECONDS = 43_200
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
        self._utc = utc
        self._monotonic = monotonic
        self._region = region
        # Wakes those who wait for messages: nothing that is stored depends on it.
        self._sent = threading.Condition()
        file.create(*CREATE)
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
            "ReceiveMessage": self._receive_now,
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
        if operation not in ("GetQueueAttributes", "GetQueueUrl", "ListQueues"):
            with self._sent:
                self._sent.notify_all()
        return answer

    def waiting(self) -> list[tuple[float, str, str]]:
        """All messages: when each is visible (in seconds of the epoch), its queue, and its body."""
        with self._file.turn():
            return self._file.rows(
                "SELECT visible_at, queue, body FROM messages ORDER BY visible_at, number"
            )

    def release(self) -> int:
        """Make all messages visible that were received and not deleted; how many there were.

        For the only process that uses the file: the receivers have died.
        """
        with self._file.transaction():
            return self._file.count(
                "UPDATE messages SET visible_at = ?1 WHERE receives > 0 AND visible_at > ?1",
                (self._now(),),
            )

    def _now(self) -> float:
        return self._utc().timestamp()

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
        self._file.rows("DELETE FROM messages WHERE queue = ?", (name,))
        self._file.rows("DELETE FROM queues WHERE name = ?", (name,))
        return {}

    def _purge(self, request: Request) -> dict[str, Any]:
        name, _ = self._named(request)
        self._file.rows("DELETE FROM messages WHERE queue = ?", (name,))
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
        visible, hidden, delayed = self._file.first(
            """SELECT coalesce(sum(visible_at <= ?1), 0),
                coalesce(sum(visible_at > ?1 AND receives > 0), 0),
                coalesce(sum(visible_at > ?1 AND receives = 0), 0)
                FROM messages WHERE queue = ?2""",
            (self._now(), name),
        )
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
        name, attributes = self._named(request)
        body, delay = request["MessageBody"], request.get("DelaySeconds")
        delay = int(attributes["DelaySeconds"] if delay is None else delay)
        check_between("DelaySeconds", delay, LONGEST_DELAY_SECONDS)
        if not body or len(body.encode()) > LARGEST_BYTES:
            raise invalid(
                f"One or more parameters are invalid. Reason: Message must be shorter "
                f"than {LARGEST_BYTES} bytes and not empty."
            )
        now, message_id = self._now(), str(uuid.uuid4())
        self._file.rows(
            "INSERT INTO messages (queue, id, body, group_id, sent_at, visible_at)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (name, message_id, body, request.get("MessageGroupId"), now, now + delay),
        )
        return {"MessageId": message_id, "MD5OfMessageBody": digest(body)}

    def _receive(self, request: Request) -> dict[str, Any]:
        """What is there, or what comes within the time that the request waits."""
        ends_at: float | None = None
        while True:
            with self._sent:
                with self._file.transaction():
                    answer = self._receive_now(request)
                    waits = self._waits(request)
                now = self._monotonic()
                ends_at = now + waits if ends_at is None else ends_at
                if answer or now >= ends_at:
                    return answer
                self._sent.wait(min(ends_at - now, self._seconds_to_next(request)))

    def _waits(self, request: Request) -> float:
        _, attributes = self._named(request)
        given = request.get("WaitTimeSeconds")
        return float(attributes["ReceiveMessageWaitTimeSeconds"] if given is None else given)

    def _seconds_to_next(self, request: Request) -> float:
        """How long until a message that is hidden now is visible."""
        name, _ = self._named(request)
        with self._file.turn():
            (at,) = self._file.first(
                "SELECT min(visible_at) FROM messages WHERE queue = ?", (name,)
            )
        return LONGEST_VISIBILITY_SECONDS if at is None else max(0.0, at - self._now())

    def _receive_now(self, request: Request) -> dict[str, Any]:
        name, attributes = self._named(request)
        self._put_aside(name, attributes)
        timeout = request.get("VisibilityTimeout")
        timeout = int(attributes["VisibilityTimeout"] if timeout is None else timeout)
        check_between("VisibilityTimeout", timeout, LONGEST_VISIBILITY_SECONDS)
        most = request.get("MaxNumberOfMessages") or 1
        if not 1 <= most <= MOST_OF_A_BATCH:
            raise invalid(f"Value {most} for parameter MaxNumberOfMessages is invalid.")
        now = self._now()
        found = self._file.rows(
            "SELECT number FROM messages WHERE queue = ? AND visible_at <= ? ORDER BY number"
            " LIMIT ?",
            (name, now, most),
        )
        messages = [self._deliver(number, now, timeout, request) for (number,) in found]
        return {"Messages": messages} if messages else {}

    def _put_aside(self, name: str, attributes: Mapping[str, str]) -> None:
        """What was delivered too often moves to the dead-letter queue, and is visible there."""
        policy = json.loads(attributes.get("RedrivePolicy") or "{}")
        if policy:
            dead = policy["deadLetterTargetArn"].rpartition(":")[2]
            self._file.rows(
                "UPDATE messages SET queue = ?, receives = 0, receipt = NULL"
                " WHERE queue = ? AND visible_at <= ? AND receives >= ?",
                (dead, name, self._now(), int(policy["maxReceiveCount"])),
            )

    def _deliver(self, number: int, now: float, timeout: int, request: Request) -> dict[str, Any]:
        receipt = str(uuid.uuid4())
        message_id, body, group, sent_at, receives, first = self._file.first(
            """UPDATE messages SET visible_at = ?, receipt = ?, receives = receives + 1,
                first_received_at = coalesce(first_received_at, ?) WHERE number = ?
                RETURNING id, body, group_id, sent_at, receives, first_received_at""",
            (now + timeout, receipt, now, number),
        )
        known = {
            "ApproximateReceiveCount": str(receives),
            "ApproximateFirstReceiveTimestamp": milliseconds(first),
            "SentTimestamp": milliseconds(sent_at),
            **({"MessageGroupId": group} if group else {}),
        }
        names = request.get("MessageSystemAttributeNames") or request.get("AttributeNames") or ()
        attributes = chosen(known, names)
        return {
            "MessageId": message_id,
            "ReceiptHandle": receipt,
            "MD5OfBody": digest(body),
            "Body": body,
            **({"Attributes": attributes} if attributes else {}),
        }

    def _delete_message(self, request: Request) -> dict[str, Any]:
        name, _ = self._named(request)
        self._file.rows(
            "DELETE FROM messages WHERE queue = ? AND receipt = ?",
            (name, request["ReceiptHandle"]),
        )
        return {}

    def _change_visibility(self, request: Request) -> dict[str, Any]:
        name, _ = self._named(request)
        seconds = request["VisibilityTimeout"]
        check_between("VisibilityTimeout", seconds, LONGEST_VISIBILITY_SECONDS)
        changed = self._file.count(
            "UPDATE messages SET visible_at = ? WHERE queue = ? AND receipt = ?",
            (self._now() + seconds, name, request["ReceiptHandle"]),
        )
        if not changed:
            raise invalid("The receipt handle is not that of the message's latest delivery.")
        return {}

    def _batch(self, single: Operation) -> Operation:
        """An operation on up to ten entries, each of which may fail for itself."""

        def run(request: Request) -> dict[str, Any]:
            self._named(request)
            return batched(single, request)

        return run
