"""What the worker on this machine does with its messages, besides working them off."""

import os
import threading
from collections.abc import Iterator
from unittest.mock import patch

import pytest

from ai_coordination.clients import clients
from ai_coordination.config import settings
from ai_coordination.local import worker
from tests.support.graph_api import change, data, new_coordination, new_task

POISON = "{ no JSON"
STATUSES = "query ($c: ID!) { sessions(coordinationUuid: $c) { nodes { status } } }"


@pytest.fixture
def queue(tables: None) -> Iterator[str]:
    """The worker's own queue, new."""
    with patch.dict(os.environ):
        worker.ensure_queue()
        url = settings().required_queue_url()
        yield url
        for one in (url, f"{url}-dead"):
            clients("sqs").delete_queue(QueueUrl=one)


def held(url: str) -> tuple[int, int]:
    """How many messages are visible, and how many are hidden because somebody has them."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    told = clients("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return int(told[names[0]]), int(told[names[1]])


def new_sessions(number: int) -> str:
    """Each of one agent that echoes; their coordination."""
    agent = {"agentUuid": "a", "agentName": "A", "runtime": {"kind": "ECHO"}}
    coordination = new_coordination(agents=[agent])
    task = new_task(coordination)
    for _ in range(number):
        key = {"coordinationUuid": coordination, "taskUuid": task}
        change("startSession", key, "session { sessionUuid }")
    return coordination


def statuses(coordination: str) -> list[str]:
    return [one["status"] for one in data(STATUSES, {"c": coordination})["sessions"]["nodes"]]


def test_a_worker_takes_as_many_messages_as_it_is_told(queue: str) -> None:
    coordination = new_sessions(2)

    assert worker.process_batch(worker.WorkerOptions(messages=1))

    assert sorted(statuses(coordination)) == ["COMPLETED", "IN_PROGRESS"]
    assert held(queue) == (1, 0)


def test_a_worker_that_is_to_stop_begins_nothing_and_gives_back_what_it_has(queue: str) -> None:
    coordination = new_sessions(2)
    stop = threading.Event()
    stop.set()

    assert worker.process_batch(stop=stop)

    assert statuses(coordination) == ["IN_PROGRESS", "IN_PROGRESS"]
    assert held(queue) == (2, 0)


def test_a_message_that_fails_stays_hidden_for_longer_than_a_step_may_take(queue: str) -> None:
    clients("sqs").send_message(QueueUrl=queue, MessageBody=POISON)

    assert worker.process_batch(worker.WorkerOptions(step_seconds=11))

    assert held(queue) == (0, 1)
    assert not worker.process_batch()


def test_what_fails_each_time_is_put_aside(queue: str) -> None:
    clients("sqs").send_message(QueueUrl=queue, MessageBody=POISON)
    stop = threading.Event()
    stop.set()

    received = [worker.process_batch(stop=stop) for _ in range(6)]

    assert received == [True] * 5 + [False]
    assert held(queue) == (0, 0)
    assert held(f"{queue}-dead") == (1, 0)
