"""A worker that is asked to stop finishes its step, and another one continues."""

import time

import pytest

from tests.processes.processes import Workers
from tests.support.graph_api import change, data, new_coordination, new_task

SESSIONS = 4
NAMES = ["a", "b", "c", "d"]
SECONDS_AT_MOST = 120
STATUSES = "query ($c: ID!) { sessions(coordinationUuid: $c) { nodes { status } } }"
RUNS = """query ($c: ID!) { sessions(coordinationUuid: $c) { nodes {
    sessionRuns { nodes { agentUuid attempt outcome } }
} } }"""


def chains() -> str:
    """Sessions of agents that answer one after the other; the coordination."""
    agents = [{"agentUuid": name, "agentName": name, "runtime": {"kind": "ECHO"}} for name in NAMES]
    coordination = new_coordination(agents=agents)
    actions = [
        {"agentUuid": name, "predecessors": NAMES[place : place + 1]}
        for place, name in enumerate(NAMES[1:])
    ]
    task = new_task(coordination, agentActions=[{"agentUuid": NAMES[0]}, *actions])
    for _ in range(SESSIONS):
        given = {"coordinationUuid": coordination, "taskUuid": task, "taskQuery": "Go"}
        change("startSession", given, "session { sessionUuid }")
    return coordination


def statuses(coordination: str) -> set[str]:
    found = data(STATUSES, {"c": coordination})["sessions"]["nodes"]
    return {session["status"] for session in found}


@pytest.mark.usefixtures("shared")
def test_workers_that_are_stopped_leave_the_rest_to_the_next() -> None:
    coordination = chains()

    with Workers(1, threads=2) as first:
        ended = first.stop()
    with Workers(1) as second:
        until = time.monotonic() + SECONDS_AT_MOST
        while statuses(coordination) != {"COMPLETED"}:
            assert time.monotonic() < until
            time.sleep(0.1)
        ended += second.stop()

    assert ended == [(0, "Stopped.\n"), (0, "Stopped.\n")]
    for session in data(RUNS, {"c": coordination})["sessions"]["nodes"]:
        runs = [tuple(run.values()) for run in session["sessionRuns"]["nodes"]]
        assert runs == [(name, 1, "COMPLETED") for name in NAMES]
