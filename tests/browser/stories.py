"""Sessions of many kinds, for the console to show."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from tests.browser.served import Served

SECONDS_TO_HAPPEN = 60
HOSTILE = "<img src=x onerror=alert(1)>{{7*7}}"


class Place(NamedTuple):
    """A session, and where it is in the console."""

    coordination_uuid: str
    session_uuid: str

    def at(self, tab: str = "graph", agent: str = "", query: str = "") -> str:
        parts = ("session", self.coordination_uuid, self.session_uuid, tab, agent)
        return "".join(f"/{part}" for part in parts if part) + query


Rules = Mapping[str, Any]


def mutate(served: Served, name: str, selection: str, **given: Any) -> Any:
    return served.api.mutate(name, selection, given)


def coordination(served: Served, name: str, agents: Sequence[Rules]) -> str:
    """`agents` are ECHO agents unless they say otherwise."""
    members = [{"runtime": {"kind": "ECHO"}, **agent} for agent in agents]
    made = mutate(
        served,
        "createCoordination",
        "coordination { coordinationUuid }",
        coordinationName=name,
        agents=members,
    )
    return str(made["coordination"]["coordinationUuid"])


def echo(uuid: str, name: str | None = None, **parameters: Any) -> dict[str, Any]:
    return {
        "agentUuid": uuid,
        "agentName": name or uuid.capitalize(),
        "runtime": {"kind": "ECHO", "parameters": parameters or None},
    }


def task(served: Served, coordination_uuid: str, name: str, actions: Sequence[Rules]) -> str:
    """An action may have a `query`, what its agent is told."""
    queries = [
        {"agentUuid": one["agentUuid"], "subtaskQuery": one.get("query", f"Do {one['agentUuid']}.")}
        for one in actions
    ]
    made = mutate(
        served,
        "createTask",
        "task { taskUuid }",
        coordinationUuid=coordination_uuid,
        taskName=name,
        agentActions=[
            {name: value for name, value in one.items() if name != "query"} for one in actions
        ],
        subtaskQueries=queries,
    )
    return str(made["task"]["taskUuid"])


def start(served: Served, coordination_uuid: str, task_uuid: str, **more: Any) -> Place:
    made = mutate(
        served,
        "startSession",
        "session { sessionUuid }",
        coordinationUuid=coordination_uuid,
        taskUuid=task_uuid,
        **more,
    )
    return Place(coordination_uuid, str(made["session"]["sessionUuid"]))


def run(
    served: Served, name: str, agents: Sequence[Rules], actions: Sequence[Rules], **more: Any
) -> Place:
    """Start a session of a task of its own."""
    where = coordination(served, name, agents)
    return start(served, where, task(served, where, name, actions), **more)


def agents(served: Served, place: Place) -> list[dict[str, Any]]:
    rows = served.api.pages(
        "query ($uuid: ID!, $after: String) { sessionAgents(sessionUuid: $uuid, first: 100,"
        " after: $after) { nodes { sessionAgentUuid agentUuid parentUuid state attempt superseded"
        " currentRun { runUuid } } pageInfo { hasNextPage endCursor } } }",
        "sessionAgents",
        uuid=place.session_uuid,
    )
    return list(rows)


def status(served: Served, place: Place) -> str:
    found = served.api.execute(
        "query ($uuid: ID!) { session(sessionUuid: $uuid) { status } }", uuid=place.session_uuid
    )
    return str(found["session"]["status"])


def until_status(served: Served, place: Place, *expected: str) -> None:
    until(lambda: status(served, place) in expected)


def until(holds: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + SECONDS_TO_HAPPEN
    while not holds():
        assert time.monotonic() < ends_at, "it has not happened"
        time.sleep(0.1)


def answer(served: Served, place: Place, agent: Mapping[str, Any], **said: Any) -> None:
    """Answer as another program does."""
    mutate(
        served,
        "answerSessionAgent",
        "sessionAgent { state }",
        sessionUuid=place.session_uuid,
        sessionAgentUuid=agent["sessionAgentUuid"],
        runUuid=agent["currentRun"]["runUuid"],
        **said,
    )


def report(served: Served) -> Place:
    """A session with a list, a loop, an agent that fails once, a failure, and an open question."""
    members = [
        echo("scout", "Find documents"),
        echo("reader", "Read a document"),
        echo("prices", "Check prices", fail={"attempts": 1, "notes": "The price list is locked"}),
        echo("archive", "Search the archive", fail="The archive is closed on Sundays"),
        echo("writer", "Write"),
        echo("critic", "Judge the draft"),
        echo("lawyer", "Legal review"),
        echo("mail", "Mail the report", seconds=3600),
    ]
    where = coordination(served, "Market reports", members)
    after = ["writer"]
    draft: list[Rules] = [
        {"agentUuid": "writer", "query": "Write a draft."},
        {"agentUuid": "critic", "predecessors": after, "query": '{"good": true}'},
    ]
    draft_uuid = task(served, where, "Draft and judge", draft)
    listed = '["annual report.pdf", "prices.xlsx", "press.html", "minutes.docx", "notes.txt"]'
    again = {"maxAttempts": 3, "intervalSeconds": 0.2, "backoffRate": 1}
    once = {"maxAttempts": 1}
    actions: list[Rules] = [
        {"agentUuid": "scout", "query": listed},
        {
            "agentUuid": "reader",
            "predecessors": ["scout"],
            "forEach": {"items": "outputs.scout", "maxConcurrency": 2},
            "query": "Summarise {item}.",
        },
        {"agentUuid": "prices", "predecessors": ["scout"], "retry": again},
        {
            "agentUuid": "archive",
            "predecessors": ["scout"],
            "retry": once,
            "onFailure": "CONTINUE",
        },
        {
            "agentUuid": "writer",
            "predecessors": ["reader", "prices", "archive"],
            "taskUuid": draft_uuid,
            "repeat": {"until": "round >= `2`", "maxRounds": 3},
        },
        {
            "agentUuid": "lawyer",
            "predecessors": ["writer"],
            "ask": {"kind": "APPROVAL", "title": "May the report go out?"},
            "query": "Annual report 2026: sales rose by 12 percent.",
        },
        {"agentUuid": "mail", "predecessors": ["lawyer"]},
    ]
    place = start(served, where, task(served, where, "Quarterly report", actions), userId="mia")
    until_status(served, place, "WAITING_FOR_INPUT")
    return place


def wide(served: Served, members: int, layers: int) -> Place:
    """A session of many agents in layers. Those of the last layer ask a person."""
    made = [echo(f"a{at}", f"{NAMES[at % len(NAMES)]} {at}") for at in range(members)]
    size = members // layers
    state = 7
    actions = []
    for at in range(members):
        layer = min(at // size, layers - 1)
        before = []
        for _ in range(2 if layer else 0):
            state = state * 48271 % 2147483647
            before.append(f"a{(layer - 1) * size + state % size}")
        asks = {"ask": {"kind": "APPROVAL"}} if layer == layers - 1 else {}
        actions.append({"agentUuid": f"a{at}", "predecessors": sorted(set(before)), **asks})
    return run(served, f"Due diligence ({members})", made, actions)


NAMES = (
    "Research visa rules",
    "Compare competitors",
    "Extract terms",
    "Summarise reviews",
    "Price itinerary",
    "Check contract",
    "Translate catalogue",
)
