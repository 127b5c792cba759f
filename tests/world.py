"""One entity of each kind: what tests start from that need something of everything."""

from dataclasses import dataclass

from ai_coordination.caller import Caller
from tests.graph_api import (
    CALLER,
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


@dataclass(frozen=True)
class World:
    """The uuids of a tenant's only entities.

    The session is the task's and USER's. The run is of THREAD, and no agent's.
    """

    coordination: str
    task: str
    schedule: str
    session: str
    agent: str
    run: str

    def key(self, *kinds: str) -> dict[str, str]:
        """The uuids of some of them, named as the API's arguments are."""
        return {ARGUMENTS[kind]: str(getattr(self, kind)) for kind in kinds}


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
