"""A worker is killed at seven points of the crash matrix, and another one ends each session."""

import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from ai_coordination.clients import clients
from tests.processes.processes import BUCKET, SECONDS, SHORT_STEPS, Workers
from tests.support.graph_api import Place, change, data, new_coordination, new_task

pytestmark = pytest.mark.stress

# A message comes again after 16 s; a claim whose worker is dead is taken over after 41 s.
SECONDS_AT_MOST = 120
POINTS = [
    "after-claim",
    "before-handover",
    "after-handover",
    "after-complete",
    "after-seal",
    "after-release",
    "before-settle",
]
ATTEMPTS = {"opening": 1, "first": 1, "left": 1, "flaky": 2, "last": 1}
LARGE = "Which way? " * 1_000
WHOLE = """query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) {
    status
    sessionAgents { nodes {
        sessionAgentUuid agentUuid state attempt agentOutput
        currentRun { runUuid }
    } }
    sessionRuns { nodes { agentUuid attempt outcome } }
} }"""


def agent(name: str, **parameters: Any) -> dict[str, Any]:
    runtime = {"kind": "ECHO", "parameters": parameters}
    return {"agentUuid": name, "agentName": name, "runtime": runtime}


def blueprint() -> dict[str, str]:
    """A diamond behind one agent. One arm fails at first, and its end is approved."""
    flaky = agent("flaky", fail={"attempts": 1, "notes": "Not yet"})
    members = [agent("opening"), agent("first"), agent("left"), flaky, agent("last")]
    coordination = new_coordination(agents=members)
    actions = [
        {"agentUuid": "opening"},
        {"agentUuid": "first", "predecessors": ["opening"]},
        {"agentUuid": "left", "predecessors": ["first"]},
        {
            "agentUuid": "flaky",
            "predecessors": ["first"],
            "retry": {"maxAttempts": 2, "intervalSeconds": 1, "backoffRate": 1},
        },
        {"agentUuid": "last", "predecessors": ["left", "flaky"], "userInTheLoop": "APPROVAL"},
    ]
    return {
        "coordinationUuid": coordination,
        "taskUuid": new_task(coordination, agentActions=actions),
    }


def started(key: dict[str, str]) -> Place:
    given = {**key, "taskQuery": LARGE}
    session = change("startSession", given, "session { sessionUuid }")["session"]
    return Place(key["coordinationUuid"], session["sessionUuid"])


def as_it_is(place: Place) -> dict[str, Any]:
    return dict(data(WHOLE, {"c": place.coordination, "s": place.session})["session"])


def dies(point: str) -> int:
    """What a worker ends with that dies at this point."""
    command = [sys.executable, "-m", "tests.processes.dying_worker", point, *SHORT_STEPS]
    died = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
    return died.returncode


def approve(place: Place) -> None:
    """What a person does as soon as the last agent asks."""
    for one in as_it_is(place)["sessionAgents"]["nodes"]:
        if one["state"] == "WAITING_FOR_INPUT":
            given = {
                "sessionUuid": place.session,
                "sessionAgentUuid": one["sessionAgentUuid"],
                "runUuid": one["currentRun"]["runUuid"],
                "approved": True,
            }
            change("answerSessionAgent", given, "__typename")


def is_right(session: dict[str, Any]) -> None:
    assert session["status"] == "COMPLETED"
    agents = {one["agentUuid"]: one for one in session["sessionAgents"]["nodes"]}
    assert {name: one["attempt"] for name, one in agents.items()} == ATTEMPTS
    assert {one["agentOutput"] for one in agents.values()} == {LARGE}
    runs = [
        (run["agentUuid"], run["attempt"], run["outcome"])
        for run in session["sessionRuns"]["nodes"]
    ]
    assert sorted(runs) == [
        ("first", 1, "COMPLETED"),
        ("flaky", 1, "FAILED"),
        ("flaky", 2, "COMPLETED"),
        ("last", 1, "COMPLETED"),
        ("left", 1, "COMPLETED"),
        ("opening", 1, "COMPLETED"),
    ]


def test_a_new_process_ends_what_a_killed_one_has_begun(shared: None) -> None:
    key = blueprint()
    places = []

    for point in POINTS:
        places.append(started(key))
        assert dies(point) == -signal.SIGKILL

    until = time.monotonic() + SECONDS_AT_MOST
    with Workers(1):
        while any(as_it_is(place)["status"] != "COMPLETED" for place in places):
            assert time.monotonic() < until
            for place in places:
                approve(place)
            time.sleep(1)

    for place in places:
        is_right(as_it_is(place))
    # One object a session and text: all its agents say the same.
    assert clients("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] >= len(places)
