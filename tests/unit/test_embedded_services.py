"""SQS and S3 as `make run` embeds them, on a clock of the test's own."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ai_coordination.local.errors import Refused
from ai_coordination.local.services import Buckets, Queues
from ai_coordination.local.sqlite import File


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 29, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Queue:
    """One queue, whose messages move to another after two deliveries."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.clock = Clock()
        self._queues = Queues(File(), self.clock, monotonic)
        self.dead = self._queues.call("CreateQueue", {"QueueName": "dead"})["QueueUrl"]
        redrive = '{"deadLetterTargetArn": "arn:aws:sqs:r:1:dead", "maxReceiveCount": "2"}'
        attributes = {"RedrivePolicy": redrive}
        request = {"QueueName": "steps", "Attributes": attributes}
        self.url = self._queues.call("CreateQueue", request)["QueueUrl"]

    def ask(self, operation: str, **request: Any) -> dict[str, Any]:
        return self._queues.call(operation, {"QueueUrl": self.url, **request})

    def send(self, body: str, **more: Any) -> None:
        self.ask("SendMessage", MessageBody=body, **more)

    def receive(self, **more: Any) -> list[dict[str, Any]]:
        asked = {"MaxNumberOfMessages": 10, "MessageSystemAttributeNames": ["All"], **more}
        messages: list[dict[str, Any]] = self.ask("ReceiveMessage", **asked).get("Messages", [])
        return messages

    def bodies(self, **more: Any) -> list[str]:
        return [message["Body"] for message in self.receive(**more)]


@pytest.fixture
def queue() -> Queue:
    return Queue()


def test_a_delayed_message_comes_when_its_delay_is_over(queue: Queue) -> None:
    queue.send("late", DelaySeconds=10)

    before = queue.bodies()
    queue.clock.advance(10)

    assert (before, queue.bodies()) == ([], ["late"])


def test_a_message_comes_again_after_its_visibility_timeout(queue: Queue) -> None:
    queue.send("a")
    first = queue.receive(VisibilityTimeout=5)

    hidden = queue.bodies()
    queue.clock.advance(5)
    [again] = queue.receive()

    assert hidden == []
    assert [message["Body"] for message in first] == ["a"]
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"


def test_a_receipt_of_an_earlier_delivery_deletes_nothing(queue: Queue) -> None:
    queue.send("a")
    [first] = queue.receive(VisibilityTimeout=0)
    [second] = queue.receive(VisibilityTimeout=5)

    queue.ask("DeleteMessage", ReceiptHandle=first["ReceiptHandle"])
    queue.ask("ChangeMessageVisibility", ReceiptHandle=second["ReceiptHandle"], VisibilityTimeout=0)
    with pytest.raises(Refused, match="latest delivery"):
        queue.ask("ChangeMessageVisibility", ReceiptHandle="other", VisibilityTimeout=0)
    kept = queue.ask("GetQueueAttributes", AttributeNames=["ApproximateNumberOfMessages"])
    queue.ask("DeleteMessage", ReceiptHandle=second["ReceiptHandle"])
    gone = queue.ask("GetQueueAttributes", AttributeNames=["ApproximateNumberOfMessages"])

    assert kept["Attributes"] == {"ApproximateNumberOfMessages": "1"}
    assert gone["Attributes"] == {"ApproximateNumberOfMessages": "0"}


def test_a_message_that_was_delivered_too_often_moves_to_the_other_queue(queue: Queue) -> None:
    queue.send("poison")
    deliveries = [queue.bodies(VisibilityTimeout=0) for _ in range(3)]

    queue.url = queue.dead

    assert deliveries == [["poison"], ["poison"], []]
    assert queue.bodies() == ["poison"]


def test_each_entry_of_a_batch_fails_for_itself(queue: Queue) -> None:
    entries = [
        {"Id": "1", "MessageBody": "a"},
        {"Id": "2", "MessageBody": ""},
        {"Id": "3", "MessageBody": "c", "DelaySeconds": 901},
    ]

    answer = queue.ask("SendMessageBatch", Entries=entries)

    assert [done["Id"] for done in answer["Successful"]] == ["1"]
    assert [failed["Id"] for failed in answer["Failed"]] == ["2", "3"]
    assert queue.bodies() == ["a"]


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([], "EmptyBatchRequest"),
        ([{"Id": "1", "MessageBody": "a"}] * 2, "BatchEntryIdsNotDistinct"),
        ([{"Id": str(n), "MessageBody": "a"} for n in range(11)], "TooManyEntriesInBatchRequest"),
        ([{"Id": "1", "MessageBody": "a" * 1_048_577}], "BatchRequestTooLong"),
    ],
)
def test_a_batch_that_is_not_valid_is_refused(queue: Queue, entries: Any, code: str) -> None:
    with pytest.raises(Refused, match=code):
        queue.ask("SendMessageBatch", Entries=entries)
    assert queue.bodies() == []


def test_a_queue_that_does_not_exist_is_an_error(queue: Queue) -> None:
    queue.url = "https://sqs.eu-central-1.amazonaws.com/1/nothing"

    with pytest.raises(Refused, match="NonExistentQueue"):
        queue.send("a")


def test_a_receive_that_waits_returns_what_is_sent_meanwhile(queue: Queue) -> None:
    waiting = threading.Event()
    received: list[str] = []

    def receive() -> None:
        waiting.set()
        received.extend(queue.bodies(WaitTimeSeconds=20))

    thread = threading.Thread(target=receive)
    thread.start()
    waiting.wait()
    queue.send("now")
    thread.join(timeout=20)

    assert received == ["now"]


@pytest.mark.parametrize(
    ("operation", "is_batch"),
    [
        ("SendMessage", False),
        ("SendMessageBatch", True),
        ("ChangeMessageVisibility", False),
        ("ChangeMessageVisibilityBatch", True),
    ],
)
def test_whatever_makes_a_message_visible_ends_a_receive_that_waits(
    operation: str, is_batch: bool
) -> None:
    waits = threading.Event()

    def monotonic() -> float:
        # It is asked for the time when there is no message, and before it waits.
        waits.set()
        return time.monotonic()

    queue = Queue(monotonic)
    queue.send("hidden")
    [hidden] = queue.receive(VisibilityTimeout=600)
    entry = (
        {"MessageBody": "sent"}
        if operation.startswith("Send")
        else {"ReceiptHandle": hidden["ReceiptHandle"], "VisibilityTimeout": 0}
    )
    received: list[str] = []
    thread = threading.Thread(target=lambda: received.extend(queue.bodies(WaitTimeSeconds=20)))
    waits.clear()
    thread.start()
    assert waits.wait(timeout=30)

    queue.ask(operation, **{"Entries": [{"Id": "0", **entry}]} if is_batch else entry)
    thread.join(timeout=30)

    assert received == ["sent" if operation.startswith("Send") else "hidden"]


def test_objects_are_listed_page_by_page_and_a_bucket_goes_when_it_is_empty() -> None:
    buckets = Buckets(File(), Clock())
    buckets.call("CreateBucket", {"Bucket": "b"})
    for key in ("a/1", "a/2", "a/3", "b/1"):
        buckets.call("PutObject", {"Bucket": "b", "Key": key, "Body": key.encode()})

    first = buckets.call("ListObjectsV2", {"Bucket": "b", "Prefix": "a/", "MaxKeys": 2})
    more = {"ContinuationToken": first["NextContinuationToken"]}
    rest = buckets.call("ListObjectsV2", {"Bucket": "b", "Prefix": "a/", **more})
    with pytest.raises(Refused, match="BucketNotEmpty"):
        buckets.call("DeleteBucket", {"Bucket": "b"})
    objects = [{"Key": key} for key in ("a/1", "a/2", "a/3", "b/1", "missing")]
    buckets.call("DeleteObjects", {"Bucket": "b", "Delete": {"Objects": objects}})
    with pytest.raises(Refused, match="NoSuchKey"):
        buckets.call("GetObject", {"Bucket": "b", "Key": "a/1"})
    buckets.call("DeleteBucket", {"Bucket": "b"})

    assert [found["Key"] for found in first["Contents"]] == ["a/1", "a/2"]
    assert [found["Key"] for found in rest["Contents"]] == ["a/3"]
    with pytest.raises(Refused, match="NoSuchBucket"):
        buckets.call("HeadBucket", {"Bucket": "b"})
