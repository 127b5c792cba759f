"""The worker on this machine: works off the queue and sweeps, in a thread beside the server."""

import os
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ai_coordination import worker
from ai_coordination.clients import clients
from ai_coordination.config import PREFIX, settings
from ai_coordination.local.runtime import LambdaContext

QUEUE_VARIABLE = f"{PREFIX}QUEUE_URL"
QUEUE_NAME = "ai-coordination"
IDLE_SECONDS = 0.1
SWEEP_SECONDS = 10.0
VISIBILITY_SECONDS = 180


def make_queue() -> None:
    """A queue where none is configured, and the engine told of it."""
    if settings().queue_url is None:
        attributes = {"VisibilityTimeout": str(VISIBILITY_SECONDS)}
        made = clients("sqs").create_queue(QueueName=QUEUE_NAME, Attributes=attributes)
        os.environ[QUEUE_VARIABLE] = made["QueueUrl"]
        settings.cache_clear()


@contextmanager
def working() -> Iterator[None]:
    """A worker runs as long as the block does."""
    stop = threading.Event()
    thread = threading.Thread(target=run, args=(stop,), name="worker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=30)


def run(stop: threading.Event) -> None:
    """Works until it is told to stop; what goes wrong is printed, and the next message follows."""
    sweep_at = time.monotonic()
    while not stop.is_set():
        try:
            if time.monotonic() >= sweep_at:
                sweep_at = time.monotonic() + SWEEP_SECONDS
                worker.handler({}, LambdaContext())
            if not work_once():
                stop.wait(IDLE_SECONDS)
        except Exception:  # noqa: BLE001 - the entry point: as Lambda, it reports and goes on
            traceback.print_exc()
            stop.wait(1.0)


def work_once() -> bool:
    """One batch of messages, as SQS gives them to Lambda; whether there were any."""
    url = settings().required_queue_url()
    answer = clients("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    messages: list[dict[str, Any]] = answer.get("Messages", [])
    if not messages:
        return False
    records = [
        {"messageId": one["MessageId"], "body": one["Body"], "eventSource": "aws:sqs"}
        for one in messages
    ]
    result = worker.handler({"Records": records}, LambdaContext())
    failed = {one["itemIdentifier"] for one in result["batchItemFailures"]}
    for one in messages:
        if one["MessageId"] not in failed:
            clients("sqs").delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    return True
