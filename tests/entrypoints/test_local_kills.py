"""The development server is killed again and again while people and other workers use it."""

import os
import random
import time
from collections import Counter
from http.client import HTTPException
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from tests.support.graph_api import mutation
from tests.support.local_server import SECONDS, LocalServer, running

KILLS = int(os.environ.get("KILLS", "50"))
# So many meet each kind of open work.
ENOUGH_KILLS = 50
PERSON_SECONDS = 0.02
AGENTS = '''
import time


def later(text):
    """Answer an event: its caller does not wait."""
    time.sleep(0.1)
    return "Soon"


def desk(event, context):
    """Ask a person, and then answer."""
    if event.get("reply") is None:
        return {"question": "How many?", "resume": {"draft": "Send"}}
    return f'{event["resume"]["draft"]} {event["reply"]["answer"]}'
'''
RUNTIMES = {
    "first": {"kind": "ECHO"},
    "judged": {"kind": "ECHO"},
    "outside": {"kind": "EXTERNAL"},
    "desk": {
        "kind": "LAMBDA",
        "target": "agent-desk",
        "parameters": {"invocation": "RequestResponse"},
    },
    "later": {"kind": "LAMBDA", "target": "agent-later"},
    "slow": {"kind": "ECHO", "parameters": {"seconds": 0.1}},
    "each": {"kind": "ECHO", "parameters": {"seconds": 0.05}},
    "rounds": {"kind": "ECHO"},
    "last": {"kind": "ECHO"},
}
MEMBERS = [
    {"agentUuid": name, "agentName": name.title(), "runtime": runtime}
    for name, runtime in RUNTIMES.items()
]
BETWEEN = [name for name in RUNTIMES if name not in ("first", "last")]
FLOWS: dict[str, dict[str, Any]] = {
    "judged": {"userInTheLoop": "APPROVAL"},
    "each": {"forEach": {"items": "`[1, 2, 3]`", "maxConcurrency": 2}, "input": "item"},
    "rounds": {"repeat": {"until": "round == `3`", "maxRounds": 3}},
}
ACTIONS: list[dict[str, Any]] = [
    {"agentUuid": "first"},
    *({"agentUuid": name, "predecessors": ["first"], **FLOWS.get(name, {})} for name in BETWEEN),
    {"agentUuid": "last", "predecessors": BETWEEN},
]
SESSION = """query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) {
    status
    sessionAgents(first: 20) { nodes {
        agentUuid sessionAgentUuid parentUuid state attempt turn agentOutput notes
        ask { question } currentRun { runUuid }
    } }
    sessionRuns(first: 50) { nodes { agentUuid attempt turn outcome } }
} }"""
# Every agent runs once, also those that others have added. The one that asks runs again, with
# the reply.
AGENTS_IN_THE_END = [*RUNTIMES, *["each"] * 3, *["rounds"] * 3]
RUNS = [
    *((name, 1, "COMPLETED") for name in AGENTS_IN_THE_END if name != "desk"),
    ("desk", 1, "INPUT_REQUIRED"),
    ("desk", 2, "COMPLETED"),
]
ENDED = {"COMPLETED", "FAILED", "CANCELLED"}


def change(server: LocalServer, name: str, fields: str, **given: Any) -> Any:
    """What a mutation returns; None if it was refused because it has landed before."""
    kind = name[0].upper() + name[1:]
    answer = server.graphql(mutation(name, f"{kind}Input", fields), input=given)
    if answer.get("errors"):
        assert answer["errors"][0]["extensions"]["code"] == "INVALID_STATE", answer
        return None
    return answer["data"][name]


def new_task(
    server: LocalServer, members: list[dict[str, Any]], actions: list[dict[str, Any]]
) -> dict[str, str]:
    fields = "coordination { coordinationUuid }"
    made = change(server, "createCoordination", fields, coordinationName="C", agents=members)
    fields = "task { coordinationUuid taskUuid }"
    given = {**made["coordination"], "taskName": "T", "agentActions": actions}
    return dict(change(server, "createTask", fields, **given)["task"])


def new_session(server: LocalServer, task: dict[str, str]) -> dict[str, str]:
    fields = "session { coordinationUuid sessionUuid }"
    return dict(change(server, "startSession", fields, **task, taskQuery="What?")["session"])


def see(server: LocalServer, key: dict[str, str]) -> Any:
    return server.graphql(SESSION, c=key["coordinationUuid"], s=key["sessionUuid"])["data"][
        "session"
    ]


def act(server: LocalServer, key: dict[str, str], session: Any) -> None:
    """Do what a person and a worker outside do when they see the session so."""
    for agent in session["sessionAgents"]["nodes"]:
        if agent["currentRun"] is None:
            continue
        of_run = {
            "sessionUuid": key["sessionUuid"],
            "sessionAgentUuid": agent["sessionAgentUuid"],
            "runUuid": agent["currentRun"]["runUuid"],
        }
        if agent["state"] == "WAITING_FOR_INPUT":
            asks = agent["ask"]["question"]
            said: dict[str, Any] = {"userInput": "60"} if asks else {"approved": True}
            change(server, "answerSessionAgent", "sessionAgent { state }", **of_run, **said)
        elif agent["agentUuid"] == "outside" and agent["state"] == "IN_PROGRESS":
            change(server, "acceptSessionAgent", "sessionAgent { state }", **of_run)
            given = {**of_run, "agentOutput": "Sixty are here"}
            change(server, "completeSessionAgent", "sessionAgent { state }", **given)


def finish(server: LocalServer, key: dict[str, str]) -> Any:
    """Act until the session has ended."""
    ends_at = time.monotonic() + 60
    while time.monotonic() < ends_at:
        session = see(server, key)
        if session["status"] in ENDED:
            return session
        act(server, key, session)
        time.sleep(PERSON_SECONDS)
    raise AssertionError(f"the session has not ended: {session}")


def check_whole(session: Any) -> None:
    """Nothing is lost, and nothing was done twice."""
    assert session["status"] == "COMPLETED"
    nodes = session["sessionAgents"]["nodes"]
    ends = sorted((agent["agentUuid"], agent["state"], agent["attempt"]) for agent in nodes)
    assert ends == sorted((name, "COMPLETED", 1) for name in AGENTS_IN_THE_END)
    agents = {agent["agentUuid"]: agent for agent in nodes if agent["parentUuid"] is None}
    assert agents["each"]["agentOutput"] == '["1", "2", "3"]'
    assert agents["desk"]["agentOutput"] == "Send 60"
    assert agents["later"]["agentOutput"] == "Soon"
    assert agents["outside"]["agentOutput"] == "Sixty are here"
    runs = [
        (one["agentUuid"], one["turn"], one["outcome"]) for one in session["sessionRuns"]["nodes"]
    ]
    assert sorted(runs) == sorted(RUNS)
    assert {one["attempt"] for one in session["sessionRuns"]["nodes"]} == {1}


def open_work(session: Any) -> list[str]:
    """What was open when a server was killed."""
    agents = session["sessionAgents"]["nodes"]
    asked = ["question" for one in agents if one["state"] == "WAITING_FOR_INPUT"]
    return asked + [one["agentUuid"] for one in agents if one["state"] == "IN_PROGRESS"]


@pytest.mark.stress
def test_questions_and_accepted_work_survive_a_server_that_is_killed_again_and_again(
    tmp_path: Path,
) -> None:
    file = tmp_path / "agents.py"
    file.write_text(AGENTS)
    options = "--data", str(tmp_path / "engine.db"), "--agents", str(file)
    chance, found = random.Random(17), Counter[str]()
    longest = 1.0
    task: dict[str, str] = {}
    key: dict[str, str] = {}
    for kills in range(KILLS + 1):
        with running(*options) as server:
            if key:
                session = see(server, key)
                found.update(open_work(session) or [session["status"]])
                check_whole(finish(server, key))
            task = task or new_task(server, MEMBERS, ACTIONS)
            if kills == KILLS:
                break
            key = new_session(server, task)
            began = time.monotonic()
            killer = Timer(chance.random() * longest, server.process.kill)
            killer.start()
            try:
                finish(server, key)
                longest = max(longest, time.monotonic() - began)
                killer.join()
            except (OSError, HTTPException, ValueError):
                # The server was killed in the middle of a request.
                killer.join()
            server.process.wait(SECONDS)
    if KILLS >= ENOUGH_KILLS:
        assert {*found} >= {"question", "outside", "later", "slow", "each"}, (
            "they were open at some kill"
        )


WAITS = '''
import time
from pathlib import Path

HERE = Path(__file__).parent


def wait(text):
    """Answer an event once it may."""
    (HERE / "begun").touch()
    while not (HERE / "go").exists():
        time.sleep(0.01)
    return "Done"
'''


def test_an_event_that_a_killed_server_had_begun_is_handled_by_the_next_one(tmp_path: Path) -> None:
    file = tmp_path / "agents.py"
    file.write_text(WAITS)
    options = "--data", str(tmp_path / "engine.db"), "--agents", str(file)
    runtime = {"kind": "LAMBDA", "target": "agent-wait"}
    with running(*options) as server:
        members = [{"agentUuid": "a", "agentName": "A", "runtime": runtime}]
        key = new_session(server, new_task(server, members, []))
        while not (tmp_path / "begun").exists():
            time.sleep(0.01)
        # So that the worker has written that the function has the event: nobody else has it.
        time.sleep(0.5)
        server.process.kill()
        server.process.wait(SECONDS)

    (tmp_path / "go").touch()
    with running(*options) as server:
        session = finish(server, key)

    (agent,) = session["sessionAgents"]["nodes"]
    assert (agent["state"], agent["attempt"], agent["agentOutput"]) == ("COMPLETED", 1, "Done")
    assert [run["outcome"] for run in session["sessionRuns"]["nodes"]] == ["COMPLETED"]
