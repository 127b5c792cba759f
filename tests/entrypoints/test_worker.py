"""The worker's handler: batches with unreadable messages, and sweeps."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ai_coordination import models, timestamps, worker
from ai_coordination.clients import SqsQueue, clients
from ai_coordination.clients import queue as queues
from ai_coordination.config import settings
from ai_coordination.engine import sweeper
from ai_coordination.engine.agent import release
from ai_coordination.engine.context import Engine
from ai_coordination.errors import PayloadTooLarge, Throttled
from ai_coordination.models import due_times, reads
from tests.entrypoints.lambda_stand_ins import Context, Lines
from tests.support.contexts import SYSTEM
from tests.support.graph_api import change, new_coordination, new_task
from tests.support.ids import short
from tests.support.stored import put_state, stored

POISON = "{ no JSON"
LONG_AGO = "2026-01-01T00:00:00.000000+00:00"
SCHEDULED = {"source": "aws.events", "detail-type": "Scheduled Event"}


@pytest.fixture
def queue(tables: None, monkeypatch: pytest.MonkeyPatch) -> str:
    url = str(clients("sqs").create_queue(QueueName=SYSTEM.new_uuid())["QueueUrl"])
    monkeypatch.setenv("AI_COORDINATION_QUEUE_URL", url)
    settings.cache_clear()
    return url


def bodies(url: str) -> list[str]:
    answer = clients("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [one["Body"] for one in answer.get("Messages", [])]


def new_session() -> models.Session:
    """One of a single agent that echoes; its message is in the queue."""
    agent = {"agentUuid": "a", "agentName": "A", "runtime": {"kind": "ECHO"}}
    coordination = new_coordination(agents=[agent])
    given = {"coordinationUuid": coordination, "taskUuid": new_task(coordination)}
    made = change("startSession", given, "session { sessionUuid }")["session"]
    return stored(models.Session, coordination, made["sessionUuid"])


def status(session: models.Session) -> str:
    return str(stored(models.Session, session.coordination_uuid, session.session_uuid).status)


def batch(*messages: str) -> dict[str, Any]:
    return {
        "Records": [
            {"messageId": f"message-{number}", "body": body, "eventSource": "aws:sqs"}
            for number, body in enumerate(messages)
        ]
    }


def failures(*numbers: int) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": f"message-{one}"} for one in numbers]}


def test_a_poisoned_message_harms_no_neighbour(queue: str) -> None:
    sessions = [new_session(), new_session()]
    first, second = bodies(queue)

    answer = worker.handler(batch(first, POISON, json.dumps({"kind": "x"}), second), Context())

    assert answer == failures(1, 2)
    assert [status(one) for one in sessions] == ["completed", "completed"]


def test_a_message_that_comes_twice_is_worked_off_once(queue: str) -> None:
    session = new_session()
    (message,) = bodies(queue)

    assert worker.handler(batch(message, message), Context()) == failures()

    assert status(session) == "completed"
    agents = list(models.SessionAgent.query(session.session_uuid))
    assert [agent.run_count for agent in agents] == [1]


def test_a_step_that_there_is_no_time_for_is_not_begun(queue: str) -> None:
    session = new_session()
    (message,) = bodies(queue)

    assert worker.handler(batch(message), Context(remaining_ms=9_000)) == failures(0)

    assert status(session) == "in_progress"
    agents = list(models.SessionAgent.query(session.session_uuid))
    assert [(agent.state, agent.run_count) for agent in agents] == [("initial", 0)]


def test_a_sweep_sends_for_what_is_due_whose_message_was_lost(queue: str) -> None:
    session = new_session()
    (lost,) = bodies(queue)
    assert worker.handler(SCHEDULED, Context()) == {"found": 0}
    (agent,) = models.SessionAgent.query(session.session_uuid)
    put_state(models.SessionAgent, session.session_uuid, agent.session_agent_uuid, due_at=LONG_AGO)

    assert worker.handler(SCHEDULED, Context()) == {"found": 1}

    (message,) = bodies(queue)
    (agent,) = models.SessionAgent.query(session.session_uuid)
    assert json.loads(message) == {**json.loads(lost), "due": agent.due_at}
    assert worker.handler(SCHEDULED, Context()) == {"found": 0}
    assert worker.handler(batch(message), Context()) == failures()
    assert status(session) == "completed"


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"kind": "text"},
        {"source": "aws.events"},
        {"Records": None},
        {"Records": {}},
        {"Records": [{"eventSource": "aws:s3", "s3": {}}]},
        {"Records": ["{}"]},
    ],
    ids=short,
)
def test_an_event_that_the_worker_does_not_know_fails_and_is_no_sweep(
    event: dict[str, Any], queue: str
) -> None:
    session = new_session()
    bodies(queue)
    (agent,) = models.SessionAgent.query(session.session_uuid)
    put_state(models.SessionAgent, session.session_uuid, agent.session_agent_uuid, due_at=LONG_AGO)

    with pytest.raises(worker.UnknownEvent):
        worker.handler(event, Context())

    assert bodies(queue) == []


def test_a_session_whose_releases_fail_takes_no_other_with_it(
    queue: str, monkeypatch: pytest.MonkeyPatch, measured: Lines
) -> None:
    sessions = [new_session(), new_session(), new_session()]
    release_all = release.release_all

    def one_fails(engine: Engine, owed: Sequence[models.SessionAgent]) -> None:
        if owed[0].session_uuid == sessions[1].session_uuid:
            raise PayloadTooLarge("its item is full")
        release_all(engine, owed)

    with monkeypatch.context() as patch:
        patch.setattr(release, "release_all", one_fails)
        measured()
        assert worker.handler(batch(*bodies(queue)), Context()) == failures()

    assert [status(one) for one in sessions] == ["completed", "in_progress", "completed"]
    assert measured()[-1]["ReleasesFailed"] == [1]
    (agent,) = models.SessionAgent.query(sessions[1].session_uuid)
    in_time = timestamps.to_text(datetime.now(UTC) + timedelta(minutes=2))
    assert (agent.state, agent.due_at <= in_time) == ("completed", True)
    put_state(models.SessionAgent, *key_of(agent), due_at=LONG_AGO)
    assert worker.handler(SCHEDULED, Context()) == {"found": 1}
    assert worker.handler(batch(*bodies(queue)), Context()) == failures()
    assert status(sessions[1]) == "completed"


def key_of(agent: models.SessionAgent) -> tuple[str, str]:
    return agent.session_uuid, agent.session_agent_uuid


def test_a_sweep_that_could_read_nothing_fails(
    queue: str, monkeypatch: pytest.MonkeyPatch, measured: Lines
) -> None:
    def refuse(*given: Any) -> Iterator[list[Any]]:
        raise Throttled("The database is busy")

    monkeypatch.setattr(reads, "due_rows", refuse)

    with pytest.raises(sweeper.NothingRead):
        worker.handler({"kind": worker.SWEEP}, Context())

    assert measured() == [
        {"service": "ai-coordination", "SweepErrors": [2.0 * len(due_times.SHARDS)]}
    ]


def test_a_shard_that_cannot_be_read_harms_no_other(
    queue: str, monkeypatch: pytest.MonkeyPatch, measured: Lines
) -> None:
    session = new_session()
    bodies(queue)
    (agent,) = models.SessionAgent.query(session.session_uuid)
    put_state(models.SessionAgent, *key_of(agent), due_at=LONG_AGO)
    until = reads.due_rows

    def refuse(kind: Any, index: Any, shard: str, latest: str, most: int) -> Iterator[list[Any]]:
        if shard != agent.due_shard:
            raise Throttled("The database is busy")
        return until(kind, index, shard, latest, most)

    monkeypatch.setattr(reads, "due_rows", refuse)
    measured()

    assert worker.handler({"kind": worker.SWEEP}, Context()) == {"found": 1}

    (blob,) = measured()
    assert blob["SweepErrors"] == [2.0 * (len(due_times.SHARDS) - 1)]
    assert (blob["Sweeps"], blob["SweepFound"], blob["WorkLost"]) == ([1], [1], [1])
    assert len(bodies(queue)) == 1


def test_while_many_messages_wait_a_sweep_sends_for_an_item_once(
    queue: str, monkeypatch: pytest.MonkeyPatch, measured: Lines
) -> None:
    session = new_session()
    (agent,) = models.SessionAgent.query(session.session_uuid)
    monkeypatch.setattr(queues, "MAX_VISIBLE", 0)
    measured()

    for _ in range(3):
        put_state(models.SessionAgent, *key_of(agent), due_at=LONG_AGO)
        assert worker.handler({"kind": worker.SWEEP}, Context()) == {"found": 1}

    assert len(bodies(queue)) == 2
    assert [blob.get("WorkLost") for blob in measured()] == [None] * 3


def test_a_queue_that_does_not_say_how_much_waits_is_not_old(
    queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = new_session()
    bodies(queue)
    (agent,) = models.SessionAgent.query(session.session_uuid)

    def refuse(queue: Any, lane: Any) -> bool:
        raise Throttled("The queue is busy")

    monkeypatch.setattr(SqsQueue, "is_behind", refuse)
    for _ in range(2):
        put_state(models.SessionAgent, *key_of(agent), due_at=LONG_AGO)
        assert worker.handler({"kind": worker.SWEEP}, Context()) == {"found": 1}

    assert len(bodies(queue)) == 2
