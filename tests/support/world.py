"""One entity of each kind."""

from dataclasses import dataclass
from typing import Any

from ai_coordination.caller import Caller
from tests.support.graph_api import (
    CALLER,
    data,
    new_agent,
    new_coordination,
    new_run,
    new_schedule,
    new_session,
    new_task,
)

USER = "bob"
THREAD = "thread-1"

ARGUMENTS = {
    "coordination": "coordinationUuid",
    "task": "taskUuid",
    "schedule": "scheduleUuid",
    "session": "sessionUuid",
    "agent": "sessionAgentUuid",
    "run": "runUuid",
}

# The types, and the UUIDs that identify an entity.
TYPES = {
    "coordination": "Coordination",
    "task": "Task",
    "schedule": "TaskSchedule",
    "session": "Session",
    "agent": "SessionAgent",
    "run": "SessionRun",
}
KEYS = {
    "coordination": ("coordination",),
    "task": ("coordination", "task"),
    "schedule": ("task", "schedule"),
    "session": ("coordination", "session"),
    "agent": ("session", "agent"),
    "run": ("session", "run"),
}
# Children before their parents.
ORDER_OF_DELETION = ("run", "agent", "session", "schedule", "task", "coordination")


@dataclass(frozen=True)
class World:
    """The UUIDs of a tenant's only entities.

    The session is the task's and USER's. The run is of THREAD, and no agent's.
    """

    coordination: str
    task: str
    schedule: str
    session: str
    agent: str
    run: str

    def key(self, *kinds: str) -> dict[str, str]:
        """Return the UUIDs of some of them, named as the API's arguments are."""
        return {ARGUMENTS[kind]: str(getattr(self, kind)) for kind in kinds}

    def key_of(self, kind: str) -> dict[str, str]:
        """Return the arguments that identify one of them."""
        return self.key(*KEYS[kind])

    def read(self, kind: str, selection: str, caller: Caller = CALLER) -> Any:
        """Read one of them, or None."""
        given = ", ".join(f'{name}: "{uuid}"' for name, uuid in self.key_of(kind).items())
        return data(f"{{ {field(kind)}({given}) {{ {selection} }} }}", caller=caller)[field(kind)]


def field(kind: str) -> str:
    """Return the query field of an entity: `taskSchedule`."""
    return TYPES[kind][0].lower() + TYPES[kind][1:]


def new_world(caller: Caller = CALLER) -> World:
    coordination = new_coordination(caller)
    task = new_task(coordination, caller)
    session = new_session(coordination, caller, taskUuid=task, userId=USER)
    return World(
        coordination,
        task,
        new_schedule(coordination, task, caller),
        session,
        new_agent(coordination, session, caller),
        new_run(coordination, session, caller, threadUuid=THREAD),
    )
