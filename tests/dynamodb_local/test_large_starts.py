"""Starts of many agents with large parameters: a transaction holds 4 MB."""

from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest

from ai_coordination import models, texts
from ai_coordination.caller import Caller
from ai_coordination.clients import SqsQueue
from ai_coordination.config import settings
from ai_coordination.engine.session import start
from ai_coordination.models import sizes
from tests.dynamodb_local.network_faults import faults
from tests.dynamodb_local.tenant_data import new_tenant
from tests.simulation.bucket import Bucket
from tests.support.graph_api import change, new_coordination, new_task

STATUS = "session { sessionUuid status }"
PROMPT = "x" * 50_000


@pytest.fixture
def caller() -> Caller:
    return new_tenant()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """A bucket in memory."""
    held = Bucket(SimpleNamespace(seam=lambda point: None))
    monkeypatch.setenv("AI_COORDINATION_TEXTS_BUCKET", "texts")
    settings.cache_clear()
    with (
        patch.object(texts, "TextBucket", lambda name: held),
        patch.object(SqsQueue, "must_send", lambda queue, message, delay_seconds=0: None),
    ):
        yield held


def members(count: int) -> list[dict[str, Any]]:
    """Each with 50 KB of parameters of its own."""
    return [
        {
            "agentUuid": f"a{number}",
            "agentName": f"A{number}",
            "runtime": {"kind": "EXTERNAL", "parameters": {"n": number, "prompt": PROMPT}},
        }
        for number in range(count)
    ]


def started(caller: Caller, of: list[dict[str, Any]], agents: int) -> tuple[str, Counter[str]]:
    """A session of so many agents, round robin of these members, and the writes that it took."""
    coordination = new_coordination(caller, agents=of)
    names = [member["agentUuid"] for member in of]
    work = [
        {"agentUuid": names[number % len(names)], "subtaskQuery": f"{number}"}
        for number in range(agents)
    ]
    key = {"coordinationUuid": coordination, "taskUuid": new_task(coordination, caller)}
    with faults() as sent:
        made = change("startSession", {**key, "subtaskQueries": work}, STATUS, caller)["session"]
    assert made["status"] == "IN_PROGRESS"
    return made["sessionUuid"], Counter(sent)


def everyone(session: str) -> list[models.SessionAgent]:
    return list(models.SessionAgent.query(session, consistent_read=True))


@pytest.mark.parametrize(
    ("number", "chunks"), [(300, 4), pytest.param(1_000, 11, marks=pytest.mark.stress)]
)
def test_many_agents_of_fifty_kilobytes_each_start(
    caller: Caller, bucket: Bucket, number: int, chunks: int
) -> None:
    session, sent = started(caller, members(number), number)

    agents = everyone(session)
    assert len(agents) == number
    assert len(bucket.texts) == number + 1  # and the graph
    assert sent["TransactWriteItems"] == 1 + chunks
    assert max(sizes.of_entity(agent) for agent in agents) < 1_500


def test_agents_whose_parameters_are_in_their_items_start_in_chunks_of_bytes(
    caller: Caller,
) -> None:
    session, sent = started(caller, members(5), 130)

    agents = everyone(session)
    assert len(agents) == 130
    assert min(sizes.of_entity(agent) for agent in agents) > 50_000
    assert sent["TransactWriteItems"] == 1 + 3


@pytest.mark.stress
def test_a_thousand_agents_whose_parameters_are_in_their_items_start(caller: Caller) -> None:
    session, sent = started(caller, members(5), 1_000)

    # Each has 59 agents at the most.
    assert sent["TransactWriteItems"] == 1 + 17
    found = models.connection.query(
        models.SessionAgent.Meta.table_name, session, limit=1, consistent_read=True
    )
    assert len(found["Items"]) == 1


def test_a_start_that_died_goes_on_in_the_chunks_that_it_has_pinned(caller: Caller) -> None:
    coordination = new_coordination(caller, agents=members(5))
    work = [{"agentUuid": f"a{number % 5}", "subtaskQuery": "Go"} for number in range(130)]
    key = {"coordinationUuid": coordination, "taskUuid": new_task(coordination, caller)}
    given = {**key, "subtaskQueries": work, "idempotencyKey": "once"}
    put = start._put
    puts: list[None] = []

    def dies(*part: Any) -> None:
        if len(puts) == 1:
            raise RuntimeError("died")
        put(*part)
        puts.append(None)

    with patch.object(start, "_put", dies), pytest.raises(AssertionError):
        change("startSession", given, STATUS, caller)
    # Another version may write more at a time.
    with patch.object(start, "MOST_BYTES", 1_000_000):
        made = change("startSession", given, STATUS, caller)["session"]

    session = models.Session.get(coordination, made["sessionUuid"], consistent_read=True)
    assert made["status"] == "IN_PROGRESS"
    assert len(everyone(made["sessionUuid"])) == session.agent_count == 130
