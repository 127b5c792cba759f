"""One tenant's data and requests do not delay the sessions of another."""

from collections.abc import Iterator
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.caller import Caller
from ai_coordination.clients import SqsQueue, clients
from ai_coordination.models import connection, due_times
from tests.api.execution import after, echo
from tests.dynamodb_local.attacks import ATTACKS, LONG_AGO, Attacker
from tests.dynamodb_local.queue import Queue
from tests.dynamodb_local.tenant_data import new_tenant
from tests.processes.processes import queue_and_bucket
from tests.support.graph_api import Place, change, data, new_coordination, new_task
from tests.support.lambda_service import returning, serving
from tests.support.stored import put_state

pytestmark = pytest.mark.usefixtures("surroundings", "new_tables")

SESSIONS = 2
FORTY = 40
# Each turn takes a diamond on by a layer; where the first message is lost, a sweep comes before.
DIAMOND: dict[str, list[str]] = {"a": [], "left": ["a"], "right": ["a"], "z": ["left", "right"]}
LAYERS = 3
ALONE = LAYERS + 1
ENDED = """query ($c: ID!) { sessions(coordinationUuid: $c, first: 100) { nodes {
    status sessionAgents { nodes { state attempt agentOutput } }
} } }"""


@pytest.fixture(scope="module")
def surroundings() -> Iterator[None]:
    """A bucket, and functions."""
    with queue_and_bucket(), serving() as functions, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_LAMBDA", functions.url)
        patch.setenv("AI_COORDINATION_API_FUNCTION", "ai-coordination-api")
        clients.forget()
        functions.deploy("agent-writer", returning("Done"))
        yield
    clients.forget()


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    queue = Queue()
    monkeypatch.setattr(SqsQueue, "send", lambda sqs, *given, **more: queue.send(*given, **more))
    monkeypatch.setattr(
        SqsQueue, "must_send", lambda sqs, *given, **more: queue.must_send(*given, **more)
    )
    monkeypatch.setattr(SqsQueue, "is_behind", lambda sqs, *lane: False, raising=False)
    monkeypatch.setattr(SqsQueue, "make_visible", lambda sqs, failed: None, raising=False)
    return queue


@pytest.fixture(autouse=True)
def nothing_stays_due(queue: Queue) -> Iterator[None]:
    """What one attack has left is no part of the next."""
    yield
    for kind in (models.Session, models.SessionAgent):
        for shard in due_times.SHARDS:
            for item in _rows(kind, shard):
                key = {name: item[name] for name in _keys_of(kind)}
                connection.client.delete_item(TableName=kind.Meta.table_name, Key=key)


def _rows(kind: type[models.Session | models.SessionAgent], shard: str) -> list[dict[str, Any]]:
    """All that is due in a shard."""
    paginator = connection.client.get_paginator("query")
    pages = paginator.paginate(
        TableName=kind.Meta.table_name,
        IndexName=kind.due.Meta.index_name,
        KeyConditionExpression="due_shard = :shard",
        ExpressionAttributeValues={":shard": {"S": shard}},
    )
    return [item for page in pages for item in page["Items"]]


def _keys_of(kind: type[models.Session | models.SessionAgent]) -> tuple[str, str]:
    if kind is models.Session:
        return "coordination_uuid", "session_uuid"
    return "session_uuid", "session_agent_uuid"


class Victim:
    """A tenant with sessions, some of which have lost their messages."""

    def __init__(self, queue: Queue, sessions: int = SESSIONS) -> None:
        self._caller: Caller = new_tenant()
        self._queue = queue
        agents = [echo(name) for name in DIAMOND]
        actions = [after(name, *before) for name, before in DIAMOND.items()]
        self._coordination = new_coordination(self._caller, agents=agents)
        task = new_task(self._coordination, self._caller, agentActions=actions)
        self._key = {"coordinationUuid": self._coordination, "taskUuid": task}
        for number in range(sessions):
            self._start(is_lost=number % 2 == 0)

    def _start(self, *, is_lost: bool) -> None:
        sent = len(self._queue.bodies)
        given = {**self._key, "taskQuery": "Which?"}
        made = change("startSession", given, "session { sessionUuid }", self._caller)
        place = Place(self._coordination, made["session"]["sessionUuid"])
        self._queue.others.append((place.coordination, place.session))
        if is_lost:
            del self._queue.bodies[sent:]
            (first,) = [agent for agent in models.SessionAgent.query(place.session) if agent.due_at]
            put_state(models.SessionAgent, place.session, first.session_agent_uuid, due_at=LONG_AGO)

    def ended(self) -> bool:
        """Whether all are completed, each agent by its first attempt."""
        found = data(ENDED, {"c": self._coordination}, self._caller)["sessions"]["nodes"]
        agents = [agent for one in found for agent in one["sessionAgents"]["nodes"]]
        return all(one["status"] == "COMPLETED" for one in found) and all(
            agent == {"state": "COMPLETED", "attempt": 1, "agentOutput": "Which?"}
            for agent in agents
        )


def turns(queue: Queue, victim: Victim) -> int:
    """How many it takes until its sessions have ended."""
    for turn in range(1, LAYERS + 3):
        queue.turn()
        if victim.ended():
            return turn
    raise AssertionError("its sessions have not ended")


def test_the_sessions_of_a_tenant_that_is_alone_end_in_so_many_turns(queue: Queue) -> None:
    assert turns(queue, Victim(queue)) == ALONE


# The others are among the long tests: some of them take seconds.
EVERYDAY = {
    "messages_that_are_none",
    "parameters_that_are_none",
    "rows_that_no_version_has_written",
    "texts_that_are_lost",
}
NAMES = [
    pytest.param(name, marks=() if name in EVERYDAY else pytest.mark.stress) for name in ATTACKS
]


@pytest.mark.parametrize("name", NAMES)
def test_the_sessions_of_one_tenant_end_as_soon_as_without(queue: Queue, name: str) -> None:
    attacker = Attacker(new_tenant(), queue)

    earlier = Victim(queue)
    ATTACKS[name](attacker)
    later = Victim(queue)

    assert turns(queue, earlier) == ALONE
    assert later.ended()


@pytest.mark.stress
def test_forty_sessions_of_one_tenant_end_as_soon_as_without_all_of_it_at_once(
    queue: Queue,
) -> None:
    attacker = Attacker(new_tenant(), queue)

    earlier = Victim(queue, FORTY // 2)
    for attack in ATTACKS.values():
        attack(attacker)
    later = Victim(queue, FORTY // 2)

    assert turns(queue, earlier) == ALONE
    assert later.ended()
