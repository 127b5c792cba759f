"""The worker's handler: batches of the queue, of which one message may be poisoned, and sweeps."""

import json
from typing import Any

import pytest

from ai_coordination import ids, models, worker
from ai_coordination.clients import clients
from ai_coordination.config import settings
from tests.entry.lambda_stand_ins import Context
from tests.graph_api import change, new_coordination, new_task
from tests.stored import put_state, stored

POISON = "{ no JSON"
LONG_AGO = "2026-01-01T00:00:00.000000+00:00"


@pytest.fixture
def queue(tables: None, monkeypatch: pytest.MonkeyPatch) -> str:
    url = str(clients("sqs").create_queue(QueueName=ids.new_uuid())["QueueUrl"])
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
    assert worker.handler({"source": "aws.scheduler"}, Context()) == {"found": 0}
    (agent,) = models.SessionAgent.query(session.session_uuid)
    put_state(models.SessionAgent, session.session_uuid, agent.session_agent_uuid, due_at=LONG_AGO)

    assert worker.handler({"source": "aws.scheduler"}, Context()) == {"found": 1}

    (message,) = bodies(queue)
    assert json.loads(message) == json.loads(lost)
    assert worker.handler({"source": "aws.scheduler"}, Context()) == {"found": 0}
    assert worker.handler(batch(message), Context()) == failures()
    assert status(session) == "completed"
