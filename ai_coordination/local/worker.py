"""The worker of the development server: process the queue and sweep, in threads."""

import json
import math
import os
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ai_coordination import worker
from ai_coordination.clients import clients
from ai_coordination.config import PREFIX, settings
from ai_coordination.local.background import run_in_background
from ai_coordination.local.functions.agents_file import MAX_SECONDS
from ai_coordination.local.lambda_context import TIMEOUT_SECONDS, LambdaContext

QUEUE_VARIABLE = f"{PREFIX}QUEUE_URL"
QUEUE_NAME = "ai-coordination"
# As in template.yaml: SQS moves a message to the dead-letter queue after this many receives.
MAX_RECEIVES = "5"
IDLE_SECONDS = 0.1
# A server that stops waits for a receive, so this is short.
WAIT_SECONDS = 1
SECONDS_AFTER_AN_ERROR = 1.0
SECONDS_TO_STOP = 5.0
# Added to the time for a batch, so that a message stays invisible while it is processed.
VISIBILITY_MARGIN_SECONDS = 5


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """How a worker receives and processes messages."""

    threads: int = 1
    """Threads for each queue."""
    messages: int = 10
    """Messages that a thread receives at once, 1 to 10."""
    wait_seconds: int = 0
    """SQS long polling: how long an empty receive waits."""
    step_seconds: float = TIMEOUT_SECONDS
    """Time for a batch, like a Lambda function's timeout.

    The messages of a worker that died become visible again `VISIBILITY_MARGIN_SECONDS` later.
    """
    sweep_seconds: float = 10.0
    """Pause between two sweeps."""


SERVER_OPTIONS = WorkerOptions()


@dataclass(frozen=True)
class StoppableContext(LambdaContext):
    """A Lambda context that has no time left once the worker must stop."""

    stop: threading.Event = field(default_factory=threading.Event)

    def get_remaining_time_in_millis(self) -> int:
        return 0 if self.stop.is_set() else super().get_remaining_time_in_millis()


def ensure_queue() -> None:
    """Unless a queue is configured, create one and configure the engine to use it.

    An existing queue of the same name is used.
    """
    if settings().queue_url is None:
        sqs = clients("sqs")
        dead = sqs.create_queue(QueueName=f"{QUEUE_NAME}-dead")["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
        arn = attributes["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": MAX_RECEIVES})
        queue = sqs.create_queue(QueueName=QUEUE_NAME, Attributes={"RedrivePolicy": redrive})
        os.environ[QUEUE_VARIABLE] = queue["QueueUrl"]
        settings.cache_clear()


def in_background(threads: int = 1) -> AbstractContextManager[None]:
    """Run a worker while the block runs.

    A step has the longest time that a Lambda function has: a model on this machine may be slow.
    So the end of the block waits only for short steps. Longer ones end with the process, and are
    taken over like those of a worker that died.
    """
    options = WorkerOptions(
        threads=threads, messages=1, wait_seconds=WAIT_SECONDS, step_seconds=MAX_SECONDS
    )
    return run_in_background(partial(run, options=options), "worker", SECONDS_TO_STOP)


def run(stop: threading.Event, options: WorkerOptions = SERVER_OPTIONS) -> None:
    """Process messages and sweep until `stop` is set. Returns when every begun batch is done."""

    def sweep() -> float:
        worker.handler({"kind": worker.SWEEP}, _context(options, stop))
        return options.sweep_seconds

    poller = partial(_poll, options=options, stop=stop)
    threads = [
        threading.Thread(target=poller, args=(url,), name="poller", daemon=True)
        for url in _queues()
    ]
    for thread in threads:
        thread.start()
    _repeat(stop, sweep)
    for thread in threads:
        thread.join()


def _poll(url: str, options: WorkerOptions, stop: threading.Event) -> None:
    """Receive batches of a queue, and process each in a thread. Returns when all are done.

    One thread receives for all: an idle server asks its queue as often as with a single worker.
    """
    free = threading.BoundedSemaphore(options.threads)

    def process(messages: Sequence[Mapping[str, Any]]) -> None:
        try:
            _process(url, messages, options, stop)
        except Exception:  # noqa: BLE001 - an entry point: report the error and continue
            traceback.print_exc()
        finally:
            free.release()

    def receive() -> float:
        free.acquire()
        try:
            messages = [] if stop.is_set() else _receive(url, options)
        except Exception:
            free.release()
            raise
        if messages:
            threading.Thread(target=process, args=(messages,), name="worker", daemon=True).start()
            return 0.0
        free.release()
        return 0.0 if options.wait_seconds else IDLE_SECONDS

    _repeat(stop, receive)
    for _ in range(options.threads):
        free.acquire()


def _repeat(stop: threading.Event, work: Callable[[], float]) -> None:
    """Call `work`, then pause for the seconds that it returns, until `stop` is set.

    Errors are printed.
    """
    while not stop.is_set():
        try:
            pause = work()
        except Exception:  # noqa: BLE001 - an entry point: report the error and continue
            traceback.print_exc()
            pause = SECONDS_AFTER_AN_ERROR
        stop.wait(pause)


def process_batch(
    options: WorkerOptions = SERVER_OPTIONS, stop: threading.Event | None = None
) -> bool:
    """Process one batch of the first queue that has messages. Returns whether one had any."""
    stop = threading.Event() if stop is None else stop
    return any(_process_batch_of(url, options, stop) for url in _queues())


def _queues() -> list[str]:
    """Return the URL of the steps' queue, and of the calls' queue if it is configured."""
    calls = settings().calls_queue_url
    return [settings().required_queue_url(), *([calls] if calls else [])]


def _process_batch_of(url: str, options: WorkerOptions, stop: threading.Event) -> bool:
    """Process one batch of a queue. Returns whether there was one."""
    messages = _receive(url, options)
    if messages:
        _process(url, messages, options, stop)
    return bool(messages)


def _process(
    url: str, messages: Sequence[Mapping[str, Any]], options: WorkerOptions, stop: threading.Event
) -> None:
    """Process messages as SQS delivers them to Lambda."""
    records = [
        {
            "messageId": message["MessageId"],
            "body": message["Body"],
            "attributes": message.get("Attributes", {}),
            "eventSource": "aws:sqs",
        }
        for message in messages
    ]
    result = worker.handler({"Records": records}, _context(options, stop))
    failed = {failure["itemIdentifier"] for failure in result["batchItemFailures"]}
    _delete(url, [message for message in messages if message["MessageId"] not in failed])
    if stop.is_set():
        _make_visible(url, [message for message in messages if message["MessageId"] in failed])


def _context(options: WorkerOptions, stop: threading.Event) -> StoppableContext:
    return StoppableContext(ends_at=time.monotonic() + options.step_seconds, stop=stop)


def _receive(url: str, options: WorkerOptions) -> list[dict[str, Any]]:
    answer = clients("sqs").receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=options.messages,
        MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
        WaitTimeSeconds=options.wait_seconds,
        VisibilityTimeout=math.ceil(options.step_seconds) + VISIBILITY_MARGIN_SECONDS,
    )
    messages: list[dict[str, Any]] = answer.get("Messages", [])
    return messages


def _delete(url: str, messages: list[Mapping[str, Any]]) -> None:
    if messages:
        clients("sqs").delete_message_batch(QueueUrl=url, Entries=_entries(messages))


def _make_visible(url: str, messages: list[Mapping[str, Any]]) -> None:
    """Return messages that were not begun to the queue, so that another worker takes them now."""
    if messages:
        clients("sqs").change_message_visibility_batch(
            QueueUrl=url,
            Entries=[{**entry, "VisibilityTimeout": 0} for entry in _entries(messages)],
        )


def _entries(messages: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"Id": message["MessageId"], "ReceiptHandle": message["ReceiptHandle"]}
        for message in messages
    ]
