"""The worker on this machine: works off the queue and sweeps, in threads of this process."""

import json
import math
import os
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ai_coordination import worker
from ai_coordination.clients import clients
from ai_coordination.config import PREFIX, settings
from ai_coordination.local.beside import beside
from ai_coordination.local.runtime import TIMEOUT_SECONDS, LambdaContext

QUEUE_VARIABLE = f"{PREFIX}QUEUE_URL"
QUEUE_NAME = "ai-coordination"
# As in template.yaml: what fails so often is put aside.
MOST_RECEIVES = "5"
IDLE_SECONDS = 0.1
SECONDS_AFTER_AN_ERROR = 1.0
# How much longer than a step SQS hides its message, so that nobody else works on it meanwhile.
HIDDEN_AFTER_A_STEP_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Manner:
    """How a worker goes about it.

    Each of its threads, of which each queue has so many, takes so many messages at a time, and has
    `step_seconds` for them, as a Lambda function has its timeout; a message that SQS has given to a
    worker that dies comes again a little later. `wait_seconds` is how long SQS holds the question
    while there are none.
    """

    threads: int = 1
    messages: int = 10
    wait_seconds: int = 0
    step_seconds: float = TIMEOUT_SECONDS
    sweep_seconds: float = 10.0


BESIDE_THE_SERVER = Manner()


@dataclass(frozen=True)
class Turn(LambdaContext):
    """The context of one handling, which has no time left once the worker is to stop."""

    stop: threading.Event = field(default_factory=threading.Event)

    def get_remaining_time_in_millis(self) -> int:
        return 0 if self.stop.is_set() else super().get_remaining_time_in_millis()


def make_queue() -> None:
    """A queue where none is configured, and the engine told of it. It may be there already."""
    if settings().queue_url is None:
        sqs = clients("sqs")
        dead = sqs.create_queue(QueueName=f"{QUEUE_NAME}-dead")["QueueUrl"]
        told = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
        arn = told["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": MOST_RECEIVES})
        made = sqs.create_queue(QueueName=QUEUE_NAME, Attributes={"RedrivePolicy": redrive})
        os.environ[QUEUE_VARIABLE] = made["QueueUrl"]
        settings.cache_clear()


def working() -> AbstractContextManager[None]:
    """A worker runs as long as the block does."""
    return beside(run, "worker")


def run(stop: threading.Event, manner: Manner = BESIDE_THE_SERVER) -> None:
    """Works until it is told to stop, and ends when what was begun is done."""

    def take(url: str) -> float:
        idle = 0.0 if manner.wait_seconds else IDLE_SECONDS
        return 0.0 if _work_once(url, manner, stop) else idle

    def sweep() -> float:
        worker.handler({"kind": worker.SWEEP}, _turn(manner, stop))
        return manner.sweep_seconds

    threads = [
        threading.Thread(
            target=_repeat, args=(stop, partial(take, url)), name=f"worker-{number}", daemon=True
        )
        for url in _queues()
        for number in range(manner.threads)
    ]
    for thread in threads:
        thread.start()
    _repeat(stop, sweep)
    for thread in threads:
        thread.join()


def _repeat(stop: threading.Event, work: Callable[[], float]) -> None:
    """Again and again; `work` gives how many seconds to rest. What goes wrong is printed."""
    while not stop.is_set():
        try:
            rest = work()
        except Exception:  # noqa: BLE001 - the entry point: as Lambda, it reports and goes on
            traceback.print_exc()
            rest = SECONDS_AFTER_AN_ERROR
        stop.wait(rest)


def work_once(manner: Manner = BESIDE_THE_SERVER, stop: threading.Event | None = None) -> bool:
    """One batch of messages, of the first queue that has some; whether there were any."""
    stop = threading.Event() if stop is None else stop
    return any(_work_once(url, manner, stop) for url in _queues())


def _queues() -> list[str]:
    """The queue of steps, and the one of calls where it is another."""
    calls = settings().calls_queue_url
    return [settings().required_queue_url(), *([calls] if calls else [])]


def _work_once(url: str, manner: Manner, stop: threading.Event) -> bool:
    """One batch of messages, as SQS gives them to Lambda; whether there were any."""
    messages = _received(url, manner)
    if not messages:
        return False
    records = [
        {
            "messageId": one["MessageId"],
            "body": one["Body"],
            "attributes": one.get("Attributes", {}),
            "eventSource": "aws:sqs",
        }
        for one in messages
    ]
    result = worker.handler({"Records": records}, _turn(manner, stop))
    failed = {one["itemIdentifier"] for one in result["batchItemFailures"]}
    _delete(url, [one for one in messages if one["MessageId"] not in failed])
    if stop.is_set():
        _give_back(url, [one for one in messages if one["MessageId"] in failed])
    return True


def _turn(manner: Manner, stop: threading.Event) -> Turn:
    return Turn(ends_at=time.monotonic() + manner.step_seconds, stop=stop)


def _received(url: str, manner: Manner) -> list[dict[str, Any]]:
    answer = clients("sqs").receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=manner.messages,
        MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
        WaitTimeSeconds=manner.wait_seconds,
        VisibilityTimeout=math.ceil(manner.step_seconds) + HIDDEN_AFTER_A_STEP_SECONDS,
    )
    messages: list[dict[str, Any]] = answer.get("Messages", [])
    return messages


def _delete(url: str, messages: list[dict[str, Any]]) -> None:
    if messages:
        clients("sqs").delete_message_batch(QueueUrl=url, Entries=_entries(messages))


def _give_back(url: str, messages: list[dict[str, Any]]) -> None:
    """What was not begun is for the next worker, at once."""
    if messages:
        clients("sqs").change_message_visibility_batch(
            QueueUrl=url,
            Entries=[{**entry, "VisibilityTimeout": 0} for entry in _entries(messages)],
        )


def _entries(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"Id": one["MessageId"], "ReceiptHandle": one["ReceiptHandle"]} for one in messages]
