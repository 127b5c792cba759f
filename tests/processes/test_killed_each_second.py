"""Workers are killed or stopped all the time, and sessions still end correctly."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.processes.processes import Workers
from tests.support.graph_api import Place, change, data, new_coordination, new_task

pytestmark = pytest.mark.stress

SESSIONS = int(os.environ.get("SESSIONS", "200"))
OPEN = 100
FEW = 5
WORKERS = 4
SECONDS_AT_MOST = 900
# Each so many seconds a worker is not killed but stopped, for longer than its lease of 41 s.
STOPPED_EACH = 5
STILL_SECONDS = 45
SECONDS_TO_COME_TO = 5
# A fan of three into a join, and a second join of all that is left open.
PREDECESSORS: dict[str, list[str]] = {
    "a": [],
    "b": ["a"],
    "c": ["a"],
    "d": ["a"],
    "e": ["b", "c", "d"],
    "f": ["e"],
    "g": ["e"],
    "h": ["f"],
    "i": ["h"],
    "j": ["g", "i"],
}
ENDED = """query ($c: ID!, $after: String) {
    sessions(coordinationUuid: $c, first: 100, after: $after) {
        nodes { sessionUuid status finishedAt }
        pageInfo { hasNextPage endCursor }
    }
}"""
WHOLE = """query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) {
    status finishedAt
    sessionAgents(first: 100) { nodes {
        agentUuid state attempt inDegree agentOutput currentRun { runUuid }
    } }
    sessionRuns(first: 100) { nodes { runUuid agentUuid attempt outcome createdAt finishedAt } }
} }"""


def blueprint() -> dict[str, str]:
    agents = [
        {"agentUuid": name, "agentName": name, "runtime": {"kind": "ECHO"}} for name in PREDECESSORS
    ]
    coordination = new_coordination(agents=agents)
    actions = [
        {"agentUuid": name, "predecessors": before, "timeoutSeconds": SECONDS_AT_MOST}
        for name, before in PREDECESSORS.items()
    ]
    queries = [{"agentUuid": name, "subtaskQuery": f"{name} of {{n}}"} for name in PREDECESSORS]
    task = new_task(coordination, agentActions=actions, subtaskQueries=queries)
    return {"coordinationUuid": coordination, "taskUuid": task}


def started(key: dict[str, str], number: int) -> Place:
    given = {
        **key,
        "taskQuery": f'{{"n": "{number}"}}',
        "idempotencyKey": f"{key['taskUuid']} {number}",
    }
    session = change("startSession", given, "session { sessionUuid }")["session"]
    return Place(key["coordinationUuid"], session["sessionUuid"])


def unended(coordination: str) -> int:
    left, after = 0, None
    while True:
        page = data(ENDED, {"c": coordination, "after": after})["sessions"]
        left += sum(node["finishedAt"] is None for node in page["nodes"])
        if not page["pageInfo"]["hasNextPage"]:
            return left
        after = page["pageInfo"]["endCursor"]


def is_right(place: Place, number: int) -> None:
    """One result of each agent, taken once, and none before those that it waits for."""
    session: dict[str, Any] = data(WHOLE, {"c": place.coordination, "s": place.session})["session"]
    agents = {agent["agentUuid"]: agent for agent in session["sessionAgents"]["nodes"]}
    runs = {run["agentUuid"]: run for run in session["sessionRuns"]["nodes"]}
    assert session["status"] == "COMPLETED"
    assert len(session["sessionRuns"]["nodes"]) == len(runs) == len(PREDECESSORS)
    for name, before in PREDECESSORS.items():
        agent, run = agents[name], runs[name]
        assert (agent["state"], agent["attempt"], agent["inDegree"]) == ("COMPLETED", 1, 0)
        assert agent["agentOutput"] == f"{name} of {number}"
        assert agent["currentRun"] == {"runUuid": run["runUuid"]}
        assert (run["outcome"], run["attempt"]) == ("COMPLETED", 1)
        assert all(runs[one]["finishedAt"] < run["createdAt"] for one in before)


@dataclass
class Told:
    """What came of it, in seconds of the monotonic clock."""

    places: list[Place] = field(default_factory=list)
    kills: int = 0
    stops: int = 0
    last_kill: float = 0.0
    ended: float = 0.0


def killed_each_second(workers: Workers, key: dict[str, str]) -> Told:
    """A client begins a session when one has ended. Nobody dies any more when few are left."""
    told = Told()
    until = time.monotonic() + SECONDS_AT_MOST
    while time.monotonic() < until:
        left = unended(key["coordinationUuid"])
        for _ in range(min(OPEN - left, SESSIONS - len(told.places))):
            told.places.append(started(key, len(told.places)))
            left += 1
        if left == 0:
            break
        if left < FEW:
            time.sleep(0.2)
            continue
        told.last_kill = time.monotonic()
        workers.go_on()
        if (told.kills + told.stops) % STOPPED_EACH == 0:
            told.stops += 1
            workers.stand_still(STILL_SECONDS)
        else:
            told.kills += 1
            workers.replace()
        time.sleep(max(0, told.last_kill + 1 - time.monotonic()))
    told.ended = time.monotonic()
    while workers.still:
        time.sleep(1)
        workers.go_on()
    time.sleep(SECONDS_TO_COME_TO)
    return told


@pytest.mark.parametrize("mixed", [False, True], ids=["this version", "with an earlier version"])
def test_sessions_end_right_while_a_worker_is_killed_or_stopped_each_second(
    shared: None, write_line: Callable[[str], None], *, mixed: bool
) -> None:
    key = blueprint()
    begun = time.monotonic()

    with Workers(WORKERS, mixed=mixed) as workers:
        told = killed_each_second(workers, key)

    assert len(told.places) == SESSIONS
    for number, place in enumerate(told.places):
        is_right(place, number)
    seconds = told.ended - begun
    write_line(
        f"{SESSIONS} sessions of {len(PREDECESSORS)} agents on {WORKERS} workers"
        f"{', half of an earlier version' if mixed else ''}, of which "
        f"{told.kills} were killed and {told.stops} stopped for {STILL_SECONDS} s: "
        f"all right after {seconds:.0f} s "
        f"({SESSIONS * len(PREDECESSORS) / seconds:.0f} steps a second), "
        f"{told.ended - told.last_kill:.1f} s after the last kill"
    )
