"""Every list of the API: how to request it, and how to add and remove rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ai_coordination import models
from ai_coordination.caller import Caller
from tests.support.graph_api import (
    CALLER,
    change,
    data,
    new_agent,
    new_coordination,
    new_run,
    new_schedule,
    new_session,
    new_task,
)
from tests.support.stored import put_state, stored
from tests.support.world import ARGUMENTS, THREAD, TYPES, USER, World

LABEL = {"key": "customer", "value": "ACME"}

New = Callable[[World, Caller], str]
Gone = Callable[[World, str], None]


@dataclass(frozen=True)
class Listed:
    """One way to ask for a list of entities of a kind.

    In `field`, `...` are the arguments of the page, and `<kind>` is a uuid of the world; `inside`
    is the entity around it, if it is nested. `same` names the list, where several ways lead to it:
    a cursor of one of them is a cursor of each.
    """

    kind: str
    same: str
    field: str
    inside: str = ""
    newest_first: bool = False
    counted: bool = False
    add: New | None = None
    drop: Gone | None = None

    def document(self, world: World) -> str:
        uuid = ARGUMENTS[self.kind]
        field = self.field.replace("...", "first: $first, after: $after")
        text = f"""rows: {field} {{
            edges {{ cursor node {{ {uuid} }} }} nodes {{ {uuid} }} totalCount
            pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
        }}"""
        if self.inside:
            text = f"{self.inside} {{ {text} }}"
        for kind in ARGUMENTS:
            text = text.replace(f"<{kind}>", f'"{getattr(world, kind)}"')
        return f"query ($first: Int, $after: String) {{ {text} }}"

    def page(self, world: World, caller: Caller = CALLER, **wanted: Any) -> dict[str, Any]:
        """The connection; its nodes, also those of its edges, are uuids."""
        found = data(self.document(world), wanted, caller)
        rows = dict(next(iter(found.values()))["rows"] if self.inside else found["rows"])
        uuid = ARGUMENTS[self.kind]
        edges = [{**edge, "node": edge["node"][uuid]} for edge in rows["edges"]]
        return {**rows, "edges": edges, "nodes": [row[uuid] for row in rows["nodes"]]}

    def new(self, world: World, caller: Caller = CALLER) -> str:
        """Add a row, the last one in the order of creation."""
        return (self.add or ADD[self.kind])(world, caller)

    def rows(self, world: World, count: int, caller: Caller = CALLER) -> list[str]:
        """Return the rows in the order of the list, after adding as many as are missing."""
        rows: list[str] = self.page(world, caller)["nodes"]
        rows += [self.new(world, caller) for _ in range(count - len(rows))]
        return rows[::-1] if self.newest_first else rows

    def gone(self, world: World, uuid: str) -> None:
        """Remove a row from the list."""
        if self.drop:
            self.drop(world, uuid)
            return
        key = {**world.key_of(self.kind), ARGUMENTS[self.kind]: uuid}
        change(f"delete{TYPES[self.kind]}", key, "deletedId")


ADD: dict[str, New] = {
    "coordination": lambda world, caller: new_coordination(caller),
    "task": lambda world, caller: new_task(world.coordination, caller),
    "schedule": lambda world, caller: new_schedule(world.coordination, world.task, caller),
    "session": lambda world, caller: new_session(
        world.coordination, caller, taskUuid=world.task, userId=USER
    ),
    "agent": lambda world, caller: new_agent(world.coordination, world.session, caller),
    "run": lambda world, caller: new_run(
        world.coordination, world.session, caller, threadUuid=THREAD
    ),
}


def _run_of_agent(world: World, caller: Caller) -> str:
    return new_run(world.coordination, world.session, caller, sessionAgentUuid=world.agent)


def _with_label(world: World, caller: Caller) -> str:
    return new_session(world.coordination, caller, labels=[LABEL])


def _successor(world: World, caller: Caller) -> str:
    return new_agent(world.coordination, world.session, caller, predecessors=[world.agent])


def _open_agent(world: World, caller: Caller) -> str:
    agent = new_agent(world.coordination, world.session, caller)
    put_state(
        models.SessionAgent,
        world.session,
        agent,
        state="in_progress",
        open_as=models.open_as(caller.partition_key, "in_progress"),
        open_since=stored(models.SessionAgent, world.session, agent).created_at,
    )
    return agent


def _close(world: World, agent: str) -> None:
    put_state(models.SessionAgent, world.session, agent, open_as=None, open_since=None)


IN_COORDINATION = "coordination(coordinationUuid: <coordination>)"
PERIOD = 'filter: {createdAfter: "2000-01-01T00:00:00Z", createdBefore: "2999-01-01T00:00:00Z"}'
IN_TASK = "task(coordinationUuid: <coordination>, taskUuid: <task>)"
IN_SESSION = "session(coordinationUuid: <coordination>, sessionUuid: <session>)"
IN_AGENT = "sessionAgent(sessionUuid: <session>, sessionAgentUuid: <agent>)"

LISTS = {
    "coordinations": Listed("coordination", "coordinations", "coordinations(...)"),
    "tasks": Listed("task", "tasks", "tasks(coordinationUuid: <coordination>, ...)", counted=True),
    "coordination.tasks": Listed("task", "tasks", "tasks(...)", IN_COORDINATION, counted=True),
    "taskSchedules of a task": Listed(
        "schedule", "schedules", "taskSchedules(taskUuid: <task>, ...)", counted=True
    ),
    "task.schedules": Listed("schedule", "schedules", "schedules(...)", IN_TASK, counted=True),
    "taskSchedules": Listed("schedule", "all schedules", "taskSchedules(...)"),
    "sessions of a coordination": Listed(
        "session",
        "sessions",
        "sessions(coordinationUuid: <coordination>, ...)",
        newest_first=True,
        counted=True,
    ),
    "coordination.sessions": Listed(
        "session", "sessions", "sessions(...)", IN_COORDINATION, newest_first=True, counted=True
    ),
    "sessions of a coordination, oldest first": Listed(
        "session",
        "sessions, oldest first",
        "sessions(coordinationUuid: <coordination>, newestFirst: false, ...)",
        counted=True,
    ),
    "sessions": Listed("session", "all sessions", "sessions(...)", newest_first=True),
    "sessions of a task": Listed(
        "session",
        "sessions of a task",
        "sessions(coordinationUuid: <coordination>, filter: {taskUuid: <task>}, ...)",
        newest_first=True,
    ),
    "task.sessions": Listed(
        "session", "sessions of a task", "sessions(...)", IN_TASK, newest_first=True
    ),
    "sessions of a user": Listed(
        "session",
        "sessions of a user",
        f'sessions(filter: {{userId: "{USER}"}}, ...)',
        newest_first=True,
    ),
    "sessions with a label": Listed(
        "session",
        "sessions with a label",
        'sessions(filter: {label: {key: "customer", value: "ACME"}}, ...)',
        newest_first=True,
        add=_with_label,
    ),
    "sessions of a period, oldest first": Listed(
        "session",
        "sessions of a period",
        f"sessions({PERIOD}, newestFirst: false, ...)",
    ),
    "sessionAgents": Listed(
        "agent", "agents", "sessionAgents(sessionUuid: <session>, ...)", counted=True
    ),
    "session.sessionAgents": Listed(
        "agent", "agents", "sessionAgents(...)", IN_SESSION, counted=True
    ),
    "sessionAgent.successors": Listed(
        "agent", "successors", "successors(...)", IN_AGENT, counted=True, add=_successor
    ),
    "openSessionAgents": Listed(
        "agent",
        "open agents",
        "openSessionAgents(state: IN_PROGRESS, ...)",
        add=_open_agent,
        drop=_close,
    ),
    "sessionRuns": Listed("run", "runs", "sessionRuns(sessionUuid: <session>, ...)"),
    "session.sessionRuns": Listed("run", "runs", "sessionRuns(...)", IN_SESSION),
    "threadRuns": Listed("run", "runs of a thread", f'threadRuns(threadUuid: "{THREAD}", ...)'),
    "sessionAgent.sessionRuns": Listed(
        "run", "runs of an agent", "sessionRuns(...)", IN_AGENT, add=_run_of_agent
    ),
}
