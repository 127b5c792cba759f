"""Print what each request of the console reads and sends: `python -m benchmarks.screens`.

It runs on the embedded database, which counts read units as DynamoDB does.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from ai_coordination.api.operation import execute
from ai_coordination.api.request import GraphQLRequest
from ai_coordination.clients import clients
from ai_coordination.config import settings
from ai_coordination.local import worker
from ai_coordination.local.embedded import EmbeddedAws
from ai_coordination.local.tables import create_tables
from benchmarks.units import kept
from tests.support.console import documents
from tests.support.contexts import SYSTEM, served
from tests.support.graph_api import CALLER, Place, change, data, new_coordination, new_task

# Prices in dollars, us-east-1: of a million requests, a million read units, and a GB sent.
REQUEST = (1.00 + 0.20 + 0.45) / 1e6  # HTTP API, Lambda, logs
UNIT = 0.125 / 1e6
BYTE = 0.09 / 1e9
MILLISECOND = 13.33 / 1e6 / 1000  # of one GB of memory
SESSIONS = 25


def main() -> None:
    """Measure all screens, and print two tables."""
    requests = documents()
    with _engine():
        ended = [_session("ECHO", 5) for _ in range(SESSIONS)]
        _session("EXTERNAL", 5)
        asking = [_session("ECHO", 1, ask={"kind": "APPROVAL"}) for _ in range(SESSIONS)]
        print("| request of the console | calls | read units | bytes sent |")
        print("|---|---|---|---|")
        _print_lists(requests, asking[0], ended[0])
        costs = {size: _watched(requests, size) for size in (5, 50, 300)}
    print()
    print("| a viewer for an hour | nothing moves (240 polls) | something moves each second |")
    print("|---|---|---|")
    for size, (quiet, busy) in costs.items():
        print(f"| {size} agents | ${240 * quiet:.4f} | ${3600 * busy:.4f} |")


def _print_lists(requests: Mapping[str, str], asking: Place, ended: Place) -> None:
    agents = "{ session(sessionUuid: $s) { sessionAgents { nodes { sessionAgentUuid } } } }"
    found = data(f"query ($s: ID!) {agents}", {"s": asking.session})["session"]
    (agent,) = found["sessionAgents"]["nodes"]
    one = {"sessionUuid": asking.session, **agent}
    everything = {"withProgress": True}
    completed = {**everything, "filter": {"status": ["COMPLETED"]}}
    waiting = {**everything, "filter": {"status": ["WAITING_FOR_INPUT"]}}
    rows: list[tuple[str, str, Mapping[str, Any]]] = [
        ("sessions: 25 that have ended, with progress", "SESSIONS", completed),
        ("sessions: 25 that ask, with progress", "SESSIONS", waiting),
        ("header: who is asking", "VIEWER", {}),
        ("header: number of open questions, 25 of them", "OPEN_QUESTIONS", {"first": 100}),
        ("inbox: 25 questions", "INBOX", {"first": 25}),
        ("inbox: one question with all that it needs", "ONE_QUESTION", one),
        ("session: what it says itself", "SESSION", ended.key),
        ("session: one agent, with its attempts", "AGENT", one),
        ("blueprints: 20 coordinations with their tasks", "BLUEPRINTS", {}),
        ("schedules", "SCHEDULES", {}),
    ]
    for name, document, variables in rows:
        _row(name, requests[document], variables)


def _watched(requests: Mapping[str, str], size: int) -> tuple[float, float]:
    """Print what watching a session costs. Returns the dollars of a quiet and of a busy poll."""
    place = _session("EXTERNAL", size)
    changes = requests["CHANGES"]
    first = _row(f"session of {size} agents: the first look", changes, place.key)
    after = {**place.key, "after": first["session"]["changes"]["cursor"]}
    quiet = _dollars(changes, after)
    _row(f"session of {size} agents: nothing has moved", changes, after)
    run = first["session"]["changes"]["runs"][0]
    report = {name: run[name] for name in ("sessionAgentUuid", "runUuid")}
    given = {**report, "sessionUuid": place.session, "agentOutput": "Done"}
    change("completeSessionAgent", given, "sessionAgent { state }")
    busy = _dollars(changes, after)
    _row(f"session of {size} agents: one has moved", changes, after)
    return quiet, busy


def _row(name: str, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    answer, calls, units, size = _asked(document, variables)
    print(f"| {name} | {len(calls)} | {units:g} | {size:,} |")
    return answer


def _asked(
    document: str, variables: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str], float, int]:
    with kept() as ledger:
        answer = execute(GraphQLRequest(document, dict(variables)), served(CALLER))
    assert "errors" not in answer, answer["errors"]
    size = len(json.dumps(answer, separators=(",", ":")).encode())
    return answer["data"], ledger.calls, sum(read.units for read in ledger.reads), size


def _dollars(document: str, variables: Mapping[str, Any], milliseconds: float = 15) -> float:
    """Compute the price of one request that takes so long."""
    _, _, units, size = _asked(document, variables)
    return REQUEST + units * UNIT + size * BYTE + milliseconds * MILLISECOND


def _session(kind: str, agents: int, **action: Any) -> Place:
    """Start a session whose agents do not wait for each other, and run it as far as it goes."""
    member = {"agentUuid": "a", "agentName": "Translator", "runtime": {"kind": kind}}
    coordination = new_coordination(agents=[member])
    pages = range(agents)
    queries = [{"agentUuid": "a", "subtaskQuery": f"Translate page {page:03}"} for page in pages]
    rules = [{"agentUuid": "a", **action}] if action else []
    task = new_task(coordination, subtaskQueries=queries, agentActions=rules)
    key = {"coordinationUuid": coordination, "taskUuid": task, "taskQuery": "Translate"}
    session = "session { coordinationUuid sessionUuid }"
    made = change("startSession", key, session)["session"]
    while worker.process_batch():
        pass
    return Place(made["coordinationUuid"], made["sessionUuid"])


@contextmanager
def _engine() -> Iterator[None]:
    """Run the engine on embedded AWS, with tables and a queue."""
    with EmbeddedAws(everything=True):
        create_tables()
        queue = clients("sqs").create_queue(QueueName=SYSTEM.new_uuid())["QueueUrl"]
        of_engine = {"AI_COORDINATION_QUEUE_URL": queue, "POWERTOOLS_METRICS_DISABLED": "true"}
        with patch.dict("os.environ", of_engine):
            settings.cache_clear()
            with patch("ai_coordination.telemetry.logger.info"):
                yield
    settings.cache_clear()


if __name__ == "__main__":
    main()
