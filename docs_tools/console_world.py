"""A development server with sessions of every kind, for pictures of the console.

The sessions are those of `examples/`, with their own agents, and a few that show what goes wrong.
"""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from ai_coordination.local.blueprints import reading, writing
from ai_coordination.local.client import Client
from tests.browser.served import Served

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
SECONDS = 60
# Agents of both files of examples, and one whose price list is locked at first.
AGENTS = """\
import inspect
import runpy
import time

# The functions of a file are those that say that they are of it.
for file in {files!r}:
    for name, value in runpy.run_path(file).items():
        if inspect.isfunction(value) and not name.startswith("_"):
            value.__module__ = __name__
            globals()[name] = value


def research_customer(text: str) -> str:
    time.sleep(2)
    return "Acme GmbH, Cologne: 40 people, a customer since 2019."


def fetch_prices(event: dict, context: object) -> str:
    time.sleep(1)
    if event["attempt"] == 1:
        raise RuntimeError("The price list is locked")
    return "40 licences at 1.20 euros, 10 % off for three years."


def choose_terms_of_offer(text: str) -> str:
    time.sleep(3)
    return "Three years, paid yearly."


def write_offer(text: str) -> str:
    time.sleep(2)
    return "An offer for Acme GmbH: 40 licences for three years, 518.40 euros a year."


def read_invoice(text: str) -> str:
    raise ValueError("Invoice 77 has no date")
"""
OFFER: Mapping[str, Any] = {
    "coordination": "Offers",
    "members": {
        "research": ("Research", "agent-research-customer"),
        "prices": ("Prices", "agent-fetch-prices"),
        "terms": ("Terms", "agent-choose-terms-of-offer"),
        "offer": ("Offer", "agent-write-offer"),
        "mail": ("Mail", None),
    },
    "task": {
        "taskName": "Offer for a customer",
        "initialTaskQuery": json.dumps({"customer": "Acme GmbH", "licences": 40}),
        "subtaskQueries": [
            {"agentUuid": "research", "subtaskQuery": "Who is {customer}?"},
            {"agentUuid": "prices", "subtaskQuery": "What do {licences} licences cost?"},
        ],
        "agentActions": [
            {"agentUuid": "research"},
            {
                "agentUuid": "prices",
                "predecessors": ["research"],
                "retry": {"maxAttempts": 3, "intervalSeconds": 2},
            },
            {"agentUuid": "terms", "predecessors": ["research"]},
            {
                "agentUuid": "offer",
                "predecessors": ["prices", "terms"],
                "answerTimeoutSeconds": 86400,
                "ask": {"kind": "APPROVAL", "title": "May this offer be sent?", "group": "sales"},
            },
            {"agentUuid": "mail", "predecessors": ["offer"]},
        ],
    },
}
INVOICE: Mapping[str, Any] = {
    "coordination": "Invoices",
    "members": {
        "read": ("Read invoice", "agent-read-invoice"),
        "check": ("Check", None),
        "pay": ("Pay", None),
    },
    "task": {
        "taskName": "Pay an invoice",
        "initialTaskQuery": "Invoice 77",
        "agentActions": [
            {"agentUuid": "read", "retry": {"maxAttempts": 2, "intervalSeconds": 0.5}},
            {"agentUuid": "check", "predecessors": ["read"]},
            {"agentUuid": "pay", "predecessors": ["check"]},
        ],
    },
}
_START = """mutation($input: StartSessionInput!) {
  startSession(input: $input) { session { coordinationUuid sessionUuid } }
}"""
_OPEN = """query($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) {
  status
  sessionAgents(first: 100) { nodes {
    sessionAgentUuid agentUuid state agent { agentName } currentRun { runUuid }
  } }
} }"""


class Place(NamedTuple):
    """A session."""

    coordination: str
    session: str

    @property
    def path(self) -> str:
        return f"/session/{self.coordination}/{self.session}"


class World:
    """The server, and what is in it."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.client: Client = served.api
        self.tasks: dict[str, tuple[str, str]] = {}

    def apply(self, path: Path) -> None:
        """Write a blueprint file. Its task is called by the file's name."""
        blueprint = reading.read(str(path))
        written = writing.write(self.client, blueprint)
        self.tasks[path.stem] = written.coordination, written.task

    def create(self, name: str, given: Mapping[str, Any]) -> None:
        """Create a blueprint of this file."""
        members = [
            {"agentUuid": uuid, "agentName": name, "runtime": _runtime(target)}
            for uuid, (name, target) in given["members"].items()
        ]
        named = {"coordinationName": given["coordination"], "agents": members}
        made = self.client.mutate("createCoordination", "coordination { coordinationUuid }", named)
        coordination = made["coordination"]["coordinationUuid"]
        task = {"coordinationUuid": coordination, **given["task"]}
        made = self.client.mutate("createTask", "task { taskUuid }", task)
        self.tasks[name] = coordination, made["task"]["taskUuid"]

    def start(self, name: str, **given: Any) -> Place:
        coordination, task = self.tasks[name]
        keys = {"coordinationUuid": coordination, "taskUuid": task}
        session = self.client.execute(_START, input={**keys, **given})["startSession"]["session"]
        return Place(session["coordinationUuid"], session["sessionUuid"])

    def schedule(self, name: str, schedule: str) -> None:
        """Let the task start by itself."""
        coordination, task = self.tasks[name]
        given = {"coordinationUuid": coordination, "taskUuid": task, "schedule": schedule}
        given["timezone"] = "Europe/Berlin"
        self.client.mutate("createTaskSchedule", "taskSchedule { status }", given)

    def look(self, place: Place) -> dict[str, Any]:
        answer = self.client.execute(_OPEN, c=place.coordination, s=place.session)
        return dict(answer["session"])

    def wait(self, place: Place, *statuses: str) -> None:
        """Wait until the session has one of these statuses."""
        ends_at = time.monotonic() + SECONDS
        while self.look(place)["status"] not in statuses:
            if time.monotonic() > ends_at:
                raise TimeoutError(f"{place}: {self.look(place)}")
            time.sleep(0.2)

    def answer(self, place: Place, **said: Any) -> None:
        """Answer the only question of a session."""
        agents = self.look(place)["sessionAgents"]["nodes"]
        asking = next(one for one in agents if one["state"] == "WAITING_FOR_INPUT")
        keys = {
            "sessionUuid": place.session,
            "sessionAgentUuid": asking["sessionAgentUuid"],
            "runUuid": asking["currentRun"]["runUuid"],
        }
        self.client.mutate("answerSessionAgent", "sessionAgent { state }", {**keys, **said})


def _runtime(target: str | None) -> dict[str, Any]:
    if target is None:
        return {"kind": "ECHO"}
    parameters = {"invocation": "RequestResponse"}
    return {"kind": "LAMBDA", "target": target, "parameters": parameters}


@contextmanager
def world() -> Iterator[World]:
    """Serve the blueprints of `examples/`, without any session."""
    with TemporaryDirectory() as folder:
        agents = Path(folder) / "picture_agents.py"
        files = [str(EXAMPLES / "agents.py"), str(EXAMPLES / "patterns" / "agents.py")]
        agents.write_text(AGENTS.format(files=files))
        options = ["--agents", str(agents), "--user", "mia", "--groups", "sales,support"]
        with Served(*options, env={"MODELS": "fake"}) as served:
            made = World(served)
            for path in [
                *sorted(EXAMPLES.glob("*.yaml")),
                *sorted(EXAMPLES.glob("patterns/*.yaml")),
            ]:
                made.apply(path)
            made.create("offer", OFFER)
            made.create("invoice", INVOICE)
            yield made
