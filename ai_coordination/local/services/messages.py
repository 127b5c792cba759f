"""The messages of all queues: their delays, visibility timeouts and deliveries.

Source: Amazon SQS API Reference and Developer Guide. A message is delivered again after its
visibility timeout, unless it was deleted with the receipt handle of its latest delivery.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ai_coordination.local.services.queue_rules import (
    LARGEST_BYTES,
    MOST_OF_A_BATCH,
    Request,
    check_between,
    chosen,
    digest,
    invalid,
    milliseconds,
)
from ai_coordination.local.sqlite import File

CREATE = (
    # `receipt` belongs to the latest delivery; `visible_at` is when the next one may come.
    """CREATE TABLE IF NOT EXISTS messages (
        number INTEGER PRIMARY KEY, queue TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL,
        group_id TEXT, sent_at REAL NOT NULL, visible_at REAL NOT NULL,
        receives INTEGER NOT NULL DEFAULT 0, first_received_at REAL, receipt TEXT
    )""",
    "CREATE INDEX IF NOT EXISTS messages_of_queues ON messages (queue, visible_at)",
    "CREATE UNIQUE INDEX IF NOT EXISTS messages_by_receipt ON messages (receipt)",
)

LONGEST_DELAY_SECONDS = 900
LONGEST_VISIBILITY_SECONDS = 43_200


class Messages:
    """The messages by the names of their queues. Each method is called inside a transaction."""

    def __init__(self, file: File, utc: Callable[[], datetime]) -> None:
        self._file = file
        self._utc = utc
        file.create(*CREATE)

    def _now(self) -> float:
        return self._utc().timestamp()

    def waiting(self) -> list[tuple[float, str, str]]:
        """All messages: when each is visible (in seconds of the epoch), its queue, and its body."""
        return self._file.rows(
            "SELECT visible_at, queue, body FROM messages ORDER BY visible_at, number"
        )

    def release(self) -> int:
        """Make all messages visible that were received and not deleted; how many there were."""
        return self._file.count(
            "UPDATE messages SET visible_at = ?1 WHERE receives > 0 AND visible_at > ?1",
            (self._now(),),
        )

    def purge(self, queue: str) -> None:
        """Remove all messages of a queue."""
        self._file.rows("DELETE FROM messages WHERE queue = ?", (queue,))

    def counts(self, queue: str) -> tuple[int, int, int]:
        """How many are visible, how many are received and hidden, and how many are delayed."""
        visible, hidden, delayed = self._file.first(
            """SELECT coalesce(sum(visible_at <= ?1), 0),
                coalesce(sum(visible_at > ?1 AND receives > 0), 0),
                coalesce(sum(visible_at > ?1 AND receives = 0), 0)
                FROM messages WHERE queue = ?2""",
            (self._now(), queue),
        )
        return visible, hidden, delayed

    def send(self, queue: str, attributes: Mapping[str, str], request: Request) -> dict[str, Any]:
        """SendMessage."""
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
            (queue, message_id, body, request.get("MessageGroupId"), now, now + delay),
        )
        return {"MessageId": message_id, "MD5OfMessageBody": digest(body)}

    def receive(
        self, queue: str, attributes: Mapping[str, str], request: Request
    ) -> dict[str, Any]:
        """ReceiveMessage, without waiting."""
        self._put_aside(queue, attributes)
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
            (queue, now, most),
        )
        messages = [self._deliver(number, now, timeout, request) for (number,) in found]
        return {"Messages": messages} if messages else {}

    def _put_aside(self, queue: str, attributes: Mapping[str, str]) -> None:
        """Move what was delivered too often to the dead-letter queue, where it is visible."""
        policy = json.loads(attributes.get("RedrivePolicy") or "{}")
        if policy:
            dead = policy["deadLetterTargetArn"].rpartition(":")[2]
            self._file.rows(
                "UPDATE messages SET queue = ?, receives = 0, receipt = NULL"
                " WHERE queue = ? AND visible_at <= ? AND receives >= ?",
                (dead, queue, self._now(), int(policy["maxReceiveCount"])),
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

    def seconds_to_next(self, queue: str) -> float:
        """How long until a message that is hidden now is visible."""
        (at,) = self._file.first("SELECT min(visible_at) FROM messages WHERE queue = ?", (queue,))
        return LONGEST_VISIBILITY_SECONDS if at is None else max(0.0, at - self._now())

    def delete(self, queue: str, request: Request) -> None:
        """DeleteMessage. A receipt handle that is not known deletes nothing."""
        self._file.rows(
            "DELETE FROM messages WHERE queue = ? AND receipt = ?",
            (queue, request["ReceiptHandle"]),
        )

    def change_visibility(self, queue: str, request: Request) -> None:
        """ChangeMessageVisibility."""
        seconds = request["VisibilityTimeout"]
        check_between("VisibilityTimeout", seconds, LONGEST_VISIBILITY_SECONDS)
        changed = self._file.count(
            "UPDATE messages SET visible_at = ? WHERE queue = ? AND receipt = ?",
            (self._now() + seconds, queue, request["ReceiptHandle"]),
        )
        if not changed:
            raise invalid("The receipt handle is not that of the message's latest delivery.")
