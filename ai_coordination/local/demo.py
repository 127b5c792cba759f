"""Run a session and show it live in the terminal: `make demo`.

It has five agents. Two start after the first has answered, and one of them fails once. The fourth
joins their outputs, and a person approves its result. Then the last one runs.
"""

import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from ai_coordination.local import people
from ai_coordination.local.client import Client
from ai_coordination.local.follow import Look, Place, follow
from ai_coordination.local.own_server import served

COORDINATION = "Demonstration"
SECONDS_TO_END = 120
SECONDS_TO_APPROVE = 2

AGENTS = [
    {"agentUuid": "research", "agentName": "Research", "runtime": {"kind": "ECHO"}},
    {
        "agentUuid": "prices",
        "agentName": "Prices",
        "runtime": {
            "kind": "ECHO",
            "parameters": {"fail": {"attempts": 1, "notes": "The price list is locked"}},
        },
    },
    {
        "agentUuid": "terms",
        "agentName": "Terms",
        "runtime": {"kind": "ECHO", "parameters": {"seconds": 2}},
    },
    {"agentUuid": "offer", "agentName": "Offer", "runtime": {"kind": "ECHO"}},
    {"agentUuid": "mail", "agentName": "Mail", "runtime": {"kind": "ECHO"}},
]
ACTIONS = [
    {"agentUuid": "research"},
    {"agentUuid": "prices", "predecessors": ["research"]},
    {"agentUuid": "terms", "predecessors": ["research"]},
    {"agentUuid": "offer", "predecessors": ["prices", "terms"], "userInTheLoop": "APPROVAL"},
    {"agentUuid": "mail", "predecessors": ["offer"]},
]
QUERIES = [
    {"agentUuid": "research", "subtaskQuery": "What does {customer} need?"},
    {"agentUuid": "prices", "subtaskQuery": "Price it for {customer}."},
    {"agentUuid": "terms", "subtaskQuery": "Which terms hold?"},
    {"agentUuid": "offer", "subtaskQuery": "Write the offer."},
    {"agentUuid": "mail", "subtaskQuery": "Mail it to {customer}."},
]


def run_session(client: Client) -> str:
    """Start the session, print its progress until it ends, then print its runs.

    Returns the address of the session in the console.
    """
    place = start(client)
    print(f"Session {place.session}\n")
    approve = partial(people.approve_after, SECONDS_TO_APPROVE)
    ask = people.ask_in_terminal if sys.stdin.isatty() else approve
    show_runs(follow(client, place, ask, SECONDS_TO_END))
    return place.link(client)


def start(client: Client) -> Place:
    """Create the blueprint, and start its session."""
    coordination = {"coordinationName": COORDINATION, "agents": AGENTS}
    payload = client.mutate("createCoordination", "coordination { coordinationUuid }", coordination)
    key = {"coordinationUuid": payload["coordination"]["coordinationUuid"]}
    task = {"taskName": "Offer", "agentActions": ACTIONS, "subtaskQueries": QUERIES}
    payload = client.mutate("createTask", "task { taskUuid }", key | task)
    session = {"taskUuid": payload["task"]["taskUuid"], "taskQuery": '{"customer": "Acme"}'}
    payload = client.mutate("startSession", "session { sessionUuid }", key | session)
    return Place(key["coordinationUuid"], payload["session"]["sessionUuid"])


def show_runs(ended: Look) -> None:
    """Print how a session ended, and its runs."""
    print(f"\nThe session is {ended.status}\n\nRuns")
    for run in ended.runs:
        name = ended.names[run["sessionAgentUuid"]]
        print(f"  {_clock(run['createdAt'])} to {_clock(run['finishedAt'])}  {_line(name, run)}")


def _clock(instant: str | None) -> str:
    return "…" if instant is None else instant[11:23]


def _line(name: str, run: Mapping[str, Any]) -> str:
    notes = f": {run['notes']}" if run["notes"] else ""
    return f"{name:10} attempt {run['attempt']} {run['outcome']}{notes}"


def demo(port: int) -> None:
    """Run the demonstration on the server at a port of this machine.

    Starts a server if none is running. In a terminal it keeps running until Ctrl-C, so that the
    session can be explored.
    """
    with served(port) as server:
        link = run_session(Client(server.url))
        if not server.is_own:
            print(f"\nOpen the session in the console:\n  {link}")
        elif sys.stdin.isatty():
            said = "Open the session in the console (until you press Ctrl-C)"
            print(f"\n{said}:\n  {link}", flush=True)
            # Ctrl-C is how it ends, and no failure.
            with suppress(KeyboardInterrupt):
                signal.pause()
        else:
            print("\n`make run` starts a server that keeps running.")
