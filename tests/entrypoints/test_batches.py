"""A batch of messages: its agents are read in one call, and none depends on another."""

import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import pytest

from ai_coordination import models, worker
from ai_coordination.caller import Caller
from ai_coordination.clients import clients
from ai_coordination.config import settings
from ai_coordination.context import InvocationContext
from ai_coordination.engine import read_ahead
from ai_coordination.errors import Throttled
from ai_coordination.messages import decode
from ai_coordination.models import connection, reads
from ai_coordination.runtimes.base import Answer, Call, RunFailed
from ai_coordination.runtimes.echo_runtime import Echo
from tests.entrypoints.lambda_stand_ins import Context
from tests.support.contexts import SYSTEM
from tests.support.graph_api import CALLER, RIVAL, change, data, new_coordination, new_task
from tests.support.recording import recorded_calls


@pytest.fixture
def queue(tables: None, monkeypatch: pytest.MonkeyPatch) -> str:
    url = str(clients("sqs").create_queue(QueueName=SYSTEM.new_uuid())["QueueUrl"])
    monkeypatch.setenv("AI_COORDINATION_QUEUE_URL", url)
    settings.cache_clear()
    return url


def start(size: int, caller: Caller = CALLER, **rules: Any) -> str:
    """A session of so many agents that echo, all of which may start. Their messages are sent.

    `rules` are those of each action.
    """
    members = [
        {"agentUuid": f"a{number}", "agentName": f"A{number}", "runtime": {"kind": "ECHO"}}
        for number in range(size)
    ]
    coordination = new_coordination(caller, agents=members)
    actions = [{"agentUuid": member["agentUuid"], **rules} for member in members]
    task = new_task(coordination, caller, agentActions=actions)
    given = {"coordinationUuid": coordination, "taskUuid": task}
    session = change("startSession", given, "session { sessionUuid }", caller)["session"]
    return str(session["sessionUuid"])


def bodies(url: str) -> list[str]:
    answer = clients("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [one["Body"] for one in answer.get("Messages", [])]


def batch(*messages: str) -> dict[str, Any]:
    records = [
        {"messageId": str(number), "body": body, "eventSource": "aws:sqs"}
        for number, body in enumerate(messages)
    ]
    return {"Records": records}


def failed(event: dict[str, Any]) -> list[str]:
    """Handle a batch; the messages that must come again."""
    answer = worker.handler(event, Context())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def runs(session_uuid: str) -> list[tuple[str, int]]:
    agents = models.SessionAgent.query(session_uuid)
    return [(agent.state, int(agent.run_count)) for agent in agents]


def reads_of(event: dict[str, Any]) -> Counter[str]:
    """Which reads handling a batch takes."""
    with recorded_calls() as calls:
        assert failed(event) == []
    found = Counter(call.operation for call in calls if call.service == "dynamodb")
    return Counter({name: found[name] for name in ("BatchGetItem", "GetItem") if found[name]})


def test_the_agents_of_a_batch_are_read_in_one_call(queue: str) -> None:
    sessions = [start(3), start(2, RIVAL)]

    # One for the agents, and one for each of their sessions.
    assert reads_of(batch(*bodies(queue))) == {"BatchGetItem": 6}
    assert [runs(session) for session in sessions] == [
        3 * [("completed", 1)],
        2 * [("completed", 1)],
    ]

    start(1)
    assert reads_of(batch(*bodies(queue))) == {"GetItem": 1, "BatchGetItem": 1}


def test_a_second_message_about_an_agent_reads_it_as_it_is_then(queue: str) -> None:
    session = start(2)
    first, second = bodies(queue)

    assert reads_of(batch(first, second, first)) == {"BatchGetItem": 3, "GetItem": 1}
    assert runs(session) == 2 * [("completed", 1)]


def test_an_agent_that_a_batch_has_twice_is_counted_once(
    queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = start(2, onFailure="CONTINUE")
    first, second = bodies(queue)
    with monkeypatch.context() as patch:
        patch.setattr(Echo, "invoke", _fails)
        assert failed(batch(first)) == []
    assert failed(batch(*bodies(queue))) == []  # It releases the session.

    assert failed(batch(second, second)) == []

    assert sorted(runs(session)) == [("completed", 1), ("failed", 1)]
    document = """query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) {
      status progress { total completed failed }
    } }"""
    [agent, _] = models.SessionAgent.query(session)
    found = data(document, {"c": agent.coordination_uuid, "s": session})["session"]
    progress = {"total": 2, "completed": 1, "failed": 1}
    assert found == {"status": "COMPLETED", "progress": progress}


def _fails(runtime: Echo, call: Call) -> Any:
    raise RunFailed("No", retryable=False)


def test_an_agent_that_another_worker_has_done_meanwhile_is_not_done_again(queue: str) -> None:
    session = start(2)
    first, second = bodies(queue)
    called: list[str] = []

    def invoke(call: Call) -> Answer:
        called.append(call.agent.agent_uuid)
        if len(called) == 1:
            assert failed(batch(second)) == []
        return Answer("done")

    answer = worker.handle(batch(first, second), Context(), SYSTEM, invoke)

    assert answer == {"batchItemFailures": []}
    assert len(called) == 1
    assert runs(session) == 2 * [("completed", 1)]


def test_a_message_finds_no_agent_of_another_tenant(queue: str) -> None:
    session = start(2)
    first, second = bodies(queue)
    forged = json.dumps({**json.loads(first), "tenant": RIVAL.partition_key})

    assert failed(batch(forged, second)) == []

    assert sorted(runs(session)) == [("completed", 1), ("initial", 0)]


def test_an_agent_whose_item_is_broken_harms_no_other(queue: str) -> None:
    session, other = start(1), start(2)
    messages = bodies(queue)
    [broken] = [one for one in messages if session in one]
    [agent] = models.SessionAgent.query(session)
    connection.client.update_item(
        TableName=models.SessionAgent.Meta.table_name,
        Key={
            "session_uuid": {"S": session},
            "session_agent_uuid": {"S": agent.session_agent_uuid},
        },
        UpdateExpression="SET ordinal = :broken",
        ExpressionAttributeValues={":broken": {"S": "no number"}},
    )

    assert failed(batch(*messages)) == [str(messages.index(broken))]

    assert runs(other) == 2 * [("completed", 1)]


def test_agents_that_cannot_be_read_together_are_read_one_by_one(
    queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **more: Any) -> Any:
        raise Throttled("busy")

    session = start(3)
    monkeypatch.setattr(reads, "batch_get_of_tenants", refuse)

    assert reads_of(batch(*bodies(queue))) == {"BatchGetItem": 3, "GetItem": 3}
    assert runs(session) == 3 * [("completed", 1)]


@dataclass(frozen=True)
class At(InvocationContext):
    seconds: float = 100.0

    def monotonic(self) -> float:
        return self.seconds


def test_an_agent_that_was_read_long_ago_is_read_anew(queue: str) -> None:
    start(2)
    first, second = map(decode, bodies(queue))
    assert read_ahead.read([first], At()) is None
    assert read_ahead.read([first, replace(first)], At()) is None
    ahead = read_ahead.read([first, second], At())
    assert ahead is not None

    late = At(seconds=100.0 + read_ahead.LONGEST_SECONDS)
    found = ahead.take(first, late)  # type: ignore[arg-type] # it is a message of an agent
    later = At(seconds=late.seconds + 0.1)

    assert isinstance(found, models.SessionAgent)
    assert ahead.take(first, late) is None  # type: ignore[arg-type] # see above
    assert ahead.take(second, later) is None  # type: ignore[arg-type] # see above
