"""A2A agents against real servers: the A2A project's own SDK in both versions, ADK and Strands."""

import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from ai_coordination.clients import a2a, a2a_messages, a2a_tasks, clients
from ai_coordination.clients.a2a import Asker
from ai_coordination.clients.a2a_card import Version
from ai_coordination.clients.a2a_messages import Method
from ai_coordination.config import settings
from ai_coordination.engine import factory, sweeper
from ai_coordination.engine.agent import accept, lease
from ai_coordination.local import worker
from ai_coordination.runtimes import a2a_place
from ai_coordination.runtimes.a2a_place import context_of
from tests.api.asking import agent, runs, stored_agent
from tests.api.execution import (
    a2a_agent,
    after,
    agents,
    blueprint,
    outcomes,
    report,
    session,
    start,
    tell,
)
from tests.peers.a2a_servers import PEERS, Peer, serving
from tests.peers.servers import environment
from tests.support.contexts import SYSTEM
from tests.support.faults import Died
from tests.support.graph_api import CALLER, Place

SECONDS = 60
POLL_SECONDS = 0.1
NAMES = list(PEERS)

pytestmark = [
    pytest.mark.peers,
    pytest.mark.skipif(not environment("strands").exists(), reason="make peers installs them"),
    pytest.mark.usefixtures("queue"),
]


@pytest.fixture
def queue(tables: None, monkeypatch: pytest.MonkeyPatch) -> None:
    made = clients("sqs").create_queue(QueueName="a2a-peers")
    monkeypatch.setenv("AI_COORDINATION_QUEUE_URL", made["QueueUrl"])
    # Messages of a queue wait for whole seconds, and these agents are quick.
    monkeypatch.setattr(a2a_place.Place, "wait", lambda place, parameters: POLL_SECONDS)
    monkeypatch.setattr(accept, "SHORTEST_POLL_SECONDS", 0.0)
    settings.cache_clear()


@pytest.fixture(scope="module", params=NAMES)
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Peer, str]]:
    """One of the servers, and its URL."""
    peer = PEERS[request.param]
    with serving(peer, tmp_path_factory.mktemp(peer.environment) / "log") as url:
        yield peer, url


@pytest.fixture
def peer(served: tuple[Peer, str]) -> Peer:
    return served[0]


@pytest.fixture
def url(served: tuple[Peer, str], monkeypatch: pytest.MonkeyPatch) -> str:
    a2a.cards.forget()
    monkeypatch.setenv("AI_COORDINATION_AGENT_HOSTS", served[1])
    settings.cache_clear()
    return served[1]


def begun(url: str, query: str, parameters: Any = None, **more: Any) -> Place:
    """A session of one agent with one attempt, whose input is the query."""
    only = after("a", retry={"maxAttempts": 1}, timeoutSeconds=SECONDS)
    key = blueprint([a2a_agent(url, **(parameters or {}))], [only])
    return followed(start(key, taskQuery=query, **more))


def followed(place: Place) -> Place:
    """Handle messages until the agent is no longer in progress."""
    ends_at = time.monotonic() + SECONDS
    while agents(place)["a"]["state"] in ("INITIAL", "IN_PROGRESS"):
        assert time.monotonic() < ends_at
        worker.process_batch()
    return place


@pytest.mark.parametrize("mode", ["POLL", "BLOCK"])
def test_an_agent_answers(peer: Peer, url: str, mode: str) -> None:
    place = begun(url, "green tea", parameters={"mode": mode})

    done = agents(place)["a"]
    assert outcomes(place) == [("a", 1, "COMPLETED")]
    assert done["agentOutput"].startswith(peer.says)
    assert session(place)["status"] == "COMPLETED"
    usage = {"inputTokens": 11, "outputTokens": 3} if peer.counts else None
    assert done["currentRun"]["usage"] == usage


def test_an_agent_asks_is_replied_to_and_answers(peer: Peer, url: str) -> None:
    place = begun(url, "ask me")
    assert agent(place)["state"] == "WAITING_FOR_INPUT"
    assert agent(place)["ask"]["question"].startswith(peer.asks)

    tell("answerSessionAgent", {**report(place, "a"), "userInput": "blue"})
    followed(place)

    assert agents(place)["a"]["agentOutput"].startswith(peer.then)
    outcomes_of_turns = [(turn, outcome) for turn, _, outcome, _ in runs(place)]
    assert outcomes_of_turns == [(1, "INPUT_REQUIRED"), (2, "COMPLETED")]


def test_a_thread_is_one_conversation_and_others_are_not_in_it(peer: Peer, url: str) -> None:
    thread = "3c5f0b1e-0000-4000-8000-000000000001"
    said = [
        agents(begun(url, "green tea", **more))["a"]["agentOutput"]
        for more in ({"threadUuid": thread}, {"threadUuid": thread}, {})
    ]

    first, second, other = said
    if "Saw" in peer.says:
        assert [text.split()[1] for text in said] == ["1", "3", "1"]
    else:
        # This agent says which conversation it is in.
        assert first == second != other


def dies(*given: Any) -> None:
    raise Died


def test_a_worker_that_takes_over_finds_the_task_if_the_agent_speaks_1_0(
    peer: Peer, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "LEASE_AFTER_WORKER_SECONDS", -1_000.0)
    place = start(blueprint([a2a_agent(url)]), taskQuery="green tea")
    with monkeypatch.context() as patch:
        patch.setattr(accept, "accept", dies)
        with pytest.raises(Died):
            worker.process_batch()
    sweeper.sweep(factory.of_a_worker(SYSTEM, 20))
    followed(place)

    assert agents(place)["a"]["state"] == "COMPLETED"
    key: Any = SimpleNamespace(agent=stored_agent(place), attempt=1, turn=1)
    asker = Asker(None, CALLER.partition_key, settings().agent_hosts, (), SYSTEM.within(10))
    interface = a2a.cards.of(asker, url).interface
    if interface.version is Version.V1:
        wanted = a2a_messages.list_of(interface, context_of(key))
        result = a2a.ask(asker, interface, Method.LIST, wanted, "1")
        assert len(list(a2a_tasks.listed(result))) == 1
