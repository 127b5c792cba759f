"""A full item that cannot be updated does not stop a sweep."""

from contextlib import suppress
from typing import Any

import pytest
from pynamodb.exceptions import UpdateError

from ai_coordination import models
from ai_coordination.clients import SqsQueue
from ai_coordination.engine import factory, sweeper
from ai_coordination.messages import AgentMessage
from ai_coordination.models import due_times, sizes
from tests.dynamodb_local.tenant_data import new_tenant
from tests.support.contexts import SYSTEM
from tests.support.graph_api import change, new_coordination, new_task
from tests.support.stored import put_state

LONG_AGO = "2026-01-01T00:00:00.000000+00:00"
EARLIER = "2025-01-01T00:00:00.000000+00:00"
FIRST_ROWS = 3
VICTIMS = 5


def due_agent(caller: Any, at: str) -> models.SessionAgent:
    """An agent whose message was lost."""
    coordination = new_coordination(caller)
    task = new_task(coordination, caller)
    given = {"coordinationUuid": coordination, "taskUuid": task, "taskQuery": "Which?"}
    made = change("startSession", given, "session { sessionUuid }", caller)["session"]
    agent = next(iter(models.SessionAgent.query(made["sessionUuid"], consistent_read=True)))
    put_state(models.SessionAgent, agent.session_uuid, agent.session_agent_uuid, due_at=at)
    return agent


def fill_up(agent: models.SessionAgent) -> None:
    """Not one byte is left, as a tenant could have it stored by version 0.1.0."""
    key = agent.session_uuid, agent.session_agent_uuid
    length, step = 0, sizes.LARGEST_ITEM_BYTES
    while step:
        with suppress(UpdateError):
            put_state(models.SessionAgent, *key, notes="x" * (length + step))
            length += step
        step //= 2


def test_a_full_item_stops_no_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    monkeypatch.setattr(SqsQueue, "is_behind", lambda queue, lane: False)
    monkeypatch.setattr(
        SqsQueue,
        "send",
        lambda queue, messages, delay_seconds=0: sent.extend(
            message.session_agent_uuid for message in messages if isinstance(message, AgentMessage)
        ),
    )
    monkeypatch.setattr(sweeper, "ROWS", FIRST_ROWS)
    monkeypatch.setattr(due_times, "SHARDS", (f"due-{new_tenant().endpoint_id}",))
    poison = [due_agent(new_tenant(), EARLIER) for _ in range(FIRST_ROWS)]
    for one in poison:
        fill_up(one)
    victims = [due_agent(new_tenant(), LONG_AGO) for _ in range(VICTIMS)]
    sent.clear()

    for _ in range(2):
        found = sweeper.sweep(factory.of_a_worker(SYSTEM, 60))

        assert set(sent) >= {one.session_agent_uuid for one in victims}
        assert not set(sent) & {one.session_agent_uuid for one in poison}
        assert found >= VICTIMS
        for one in victims:
            key = one.session_uuid, one.session_agent_uuid
            put_state(models.SessionAgent, *key, due_at=LONG_AGO)
        sent.clear()
