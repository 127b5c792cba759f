"""Run a session and show it live in the terminal: `make demo`.

It has five agents. Two start after the first has answered, and one of them fails once. The fourth
joins their outputs, and a person approves its result. Then the last one runs.
"""

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlencode

SECONDS_TO_START = 30
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

LIVE = """query Live($coordination: ID!, $session: ID!) {
  session(coordinationUuid: $coordination, sessionUuid: $session) {
    status
    sessionAgents {
      nodes {
        sessionAgentUuid state attempt agentOutput notes
        agent { agentName }
        currentRun { runUuid }
      }
    }
    sessionRuns {
      nodes { attempt outcome createdAt finishedAt notes sessionAgent { agent { agentName } } }
    }
  }
}"""


class Demo:
    """A client of the server at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url

    def execute(self, query: str, **variables: Any) -> Any:
        """Execute a GraphQL operation and return its `data`. Raises RuntimeError for an error."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(self.url, body, headers)  # noqa: S310 - our own server
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - our own server
            answer = json.load(response)
        if "errors" in answer:
            raise RuntimeError(answer["errors"][0]["message"])
        return answer["data"]

    def mutate(self, name: str, selection: str, values: Mapping[str, Any]) -> Any:
        """Execute a mutation and return the selected fields of its payload."""
        input_type = f"{name[0].upper()}{name[1:]}Input!"
        call = f"{name}(input: $input) {{ {selection} }}"
        return self.execute(f"mutation Demo($input: {input_type}) {{ {call} }}", input=values)[name]

    def run(self) -> str:
        """Start the session, print its progress until it ends, then print its runs.

        Returns a URL that shows the session in GraphiQL.
        """
        coordination, session = self._start()
        print(f"Session {session}\n")
        ended = self._watch(coordination, session)
        print("\nRuns")
        for run in ended["sessionRuns"]["nodes"]:
            print(f"  {_clock(run['createdAt'])} to {_clock(run['finishedAt'])}  {_line(run)}")
        variables = json.dumps({"coordination": coordination, "session": session})
        return f"{self.url}?{urlencode({'query': LIVE, 'variables': variables}, quote_via=quote)}"

    def _start(self) -> tuple[str, str]:
        coordination = {"coordinationName": "Offers", "agents": AGENTS}
        payload = self.mutate(
            "createCoordination", "coordination { coordinationUuid }", coordination
        )
        key = {"coordinationUuid": payload["coordination"]["coordinationUuid"]}
        task = {"taskName": "Offer", "agentActions": ACTIONS, "subtaskQueries": QUERIES}
        payload = self.mutate("createTask", "task { taskUuid }", key | task)
        session = {"taskUuid": payload["task"]["taskUuid"], "taskQuery": '{"customer": "Acme"}'}
        payload = self.mutate("startSession", "session { sessionUuid }", key | session)
        return key["coordinationUuid"], payload["session"]["sessionUuid"]

    def _watch(self, coordination: str, session: str) -> Any:
        shown: dict[str, str] = {}
        ends_at = time.monotonic() + SECONDS_TO_END
        while time.monotonic() < ends_at:
            live = self.execute(LIVE, coordination=coordination, session=session)["session"]
            for agent in live["sessionAgents"]["nodes"]:
                self._show(shown, session, agent)
            if live["status"] in ("COMPLETED", "FAILED", "CANCELLED"):
                print(f"\nThe session is {live['status']}")
                return live
            time.sleep(0.3)
        raise RuntimeError(f"The session did not end within {SECONDS_TO_END} s")

    def _show(self, shown: dict[str, str], session: str, agent: Mapping[str, Any]) -> None:
        state = f"{agent['state']} (attempt {agent['attempt']})"
        if shown.get(agent["sessionAgentUuid"]) == state:
            return
        shown[agent["sessionAgentUuid"]] = state
        print(
            f"  {time.strftime('%H:%M:%S')}  {agent['agent']['agentName']:10} {state}", flush=True
        )
        if agent["state"] == "WAITING_FOR_INPUT":
            self._answer(session, agent)

    def _answer(self, session: str, agent: Mapping[str, Any]) -> None:
        answer = {
            "sessionUuid": session,
            "sessionAgentUuid": agent["sessionAgentUuid"],
            "runUuid": agent["currentRun"]["runUuid"],
            "approved": _approved(agent["agentOutput"]),
        }
        self.mutate("answerSessionAgent", "sessionAgent { state }", answer)


def _approved(output: str) -> bool:
    print(f"\n  Output of the offer: {output}")
    if sys.stdin.isatty():
        return input("  Do you approve? [Y/n] ").strip().lower() in ("", "y", "yes")
    time.sleep(SECONDS_TO_APPROVE)
    print("  Approved, because there is no terminal to ask on.\n")
    return True


def _clock(instant: str | None) -> str:
    return "…" if instant is None else instant[11:23]


def _line(run: Mapping[str, Any]) -> str:
    name = run["sessionAgent"]["agent"]["agentName"]
    notes = f": {run['notes']}" if run["notes"] else ""
    return f"{name:10} attempt {run['attempt']} {run['outcome']}{notes}"


@contextmanager
def served(url: str, port: int) -> Iterator[bool]:
    """Use the server at `url`, or start one for the block. Yields whether one was started."""
    if _answers(url):
        yield False
        return
    command = [sys.executable, "-m", "ai_coordination.local", "serve", "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - this program
    try:
        ends_at = time.monotonic() + SECONDS_TO_START
        while not _answers(url):
            if server.poll() is not None or time.monotonic() > ends_at:
                raise RuntimeError(f"No server answers at {url}")
            time.sleep(0.2)
        yield True
    finally:
        server.terminate()
        server.wait(timeout=10)


def _answers(url: str) -> bool:
    try:
        Demo(url).execute("{ __typename }")
    except (urllib.error.URLError, ConnectionError):
        return False
    return True


def demo(port: int) -> None:
    """Run the demonstration on the server at a port of this machine.

    Starts a server if none is running. In a terminal it keeps running until Ctrl-C, so that the
    session can be explored.
    """
    url = f"http://127.0.0.1:{port}/graphql"
    with served(url, port) as is_own:
        link = Demo(url).run()
        if not is_own:
            print(f"\nOpen the session in GraphiQL:\n  {link}")
        elif sys.stdin.isatty():
            print(f"\nOpen the session in GraphiQL (until you press Ctrl-C):\n  {link}", flush=True)
            signal.pause()
        else:
            print("\n`make run` starts a server that keeps running.")
