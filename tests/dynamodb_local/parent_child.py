"""Each pair of parent and child, and the mutations that race each other there."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ai_coordination.caller import Caller
from tests.dynamodb_local.racers import Move
from tests.support.graph_api import (
    new_agent,
    new_coordination,
    new_run,
    new_schedule,
    new_session,
    new_task,
)
from tests.support.stored import as_of_0_1_0


@dataclass(frozen=True)
class ParentAndChild:
    """A parent, its kind and uuid, and how children of a kind come and go.

    `new_child` makes a child and gives the move by which it goes; `known` are uuids under which
    everything of the family stands, orphans too.
    """

    parent: tuple[str, str]
    children: str
    create: Move
    delete: Move
    new_child: Callable[[], Move]
    known: tuple[str, ...]


def _coordination_and_task(caller: Caller) -> ParentAndChild:
    coordination = new_coordination(caller)
    key = {"coordinationUuid": coordination}
    return ParentAndChild(
        ("coordinations", coordination),
        "tasks",
        Move("createTask", {**key, "taskName": "Translate"}),
        Move("deleteCoordination", key),
        lambda: Move("deleteTask", {**key, "taskUuid": new_task(coordination, caller)}),
        (coordination,),
    )


def _coordination_and_session(caller: Caller) -> ParentAndChild:
    coordination = new_coordination(caller)
    key = {"coordinationUuid": coordination}
    return ParentAndChild(
        ("coordinations", coordination),
        "sessions",
        Move("createSession", key),
        Move("deleteCoordination", key),
        lambda: Move("deleteSession", {**key, "sessionUuid": new_session(coordination, caller)}),
        (coordination,),
    )


def _task_and_schedule(caller: Caller) -> ParentAndChild:
    coordination = new_coordination(caller)
    task = new_task(coordination, caller)
    key = {"coordinationUuid": coordination, "taskUuid": task}

    def new_child() -> Move:
        schedule = new_schedule(coordination, task, caller)
        return Move("deleteTaskSchedule", {"taskUuid": task, "scheduleUuid": schedule})

    create = Move("createTaskSchedule", {**key, "schedule": "rate(1 day)"})
    delete = Move("deleteTask", key)
    return ParentAndChild(
        ("tasks", task), "schedules", create, delete, new_child, (coordination, task)
    )


def _session_and_agent(caller: Caller) -> ParentAndChild:
    at = _session(caller)
    create = Move("createSessionAgent", {**_key(at), "agentUuid": "rag"})
    delete = Move("deleteSession", _key(at))
    new_child = _new_agents(caller, at)
    return ParentAndChild(("sessions", at[1]), "agents", create, delete, new_child, at)


def _session_and_run(caller: Caller) -> ParentAndChild:
    at = _session(caller)
    create = Move("recordSessionRun", {**_key(at), "agentUuid": "rag"})
    delete = Move("deleteSession", _key(at))
    new_child = _new_runs(caller, at)
    return ParentAndChild(("sessions", at[1]), "runs", create, delete, new_child, at)


def _agent_and_run(caller: Caller) -> ParentAndChild:
    at = _session(caller)
    agent = new_agent(*at, caller)
    of_agent = {"sessionAgentUuid": agent}
    create = Move("recordSessionRun", {**_key(at), **of_agent, "agentUuid": "rag"})
    delete = Move("deleteSessionAgent", {"sessionUuid": at[1], **of_agent})
    new_child = _new_runs(caller, at, **of_agent)
    return ParentAndChild(("agents", agent), "runs", create, delete, new_child, at)


def _agent_and_successor(caller: Caller) -> ParentAndChild:
    at = _session(caller)
    agent = new_agent(*at, caller)
    behind = {"predecessors": [agent]}
    create = Move("createSessionAgent", {**_key(at), "agentUuid": "zh", **behind})
    delete = Move("deleteSessionAgent", {"sessionUuid": at[1], "sessionAgentUuid": agent})
    new_child = _new_agents(caller, at, **behind)
    return ParentAndChild(("agents", agent), "agents", create, delete, new_child, at)


def _session(caller: Caller) -> tuple[str, str]:
    coordination = new_coordination(caller)
    return coordination, new_session(coordination, caller)


def _key(at: tuple[str, str]) -> dict[str, str]:
    return {"coordinationUuid": at[0], "sessionUuid": at[1]}


def _new_agents(caller: Caller, at: tuple[str, str], **more: Any) -> Callable[[], Move]:
    def new_child() -> Move:
        agent = new_agent(*at, caller, **more)
        return Move("deleteSessionAgent", {"sessionUuid": at[1], "sessionAgentUuid": agent})

    return new_child


def _new_runs(caller: Caller, at: tuple[str, str], **more: Any) -> Callable[[], Move]:
    def new_child() -> Move:
        run = new_run(*at, caller, **more)
        return Move("deleteSessionRun", {"sessionUuid": at[1], "runUuid": run})

    return new_child


def _of_0_1_0(make: Callable[[Caller], ParentAndChild]) -> Callable[[Caller], ParentAndChild]:
    """The same, of a coordination that version 0.1.0 has left, with or without a child."""

    def family(caller: Caller) -> ParentAndChild:
        new = make(caller)
        as_of_0_1_0(new.parent[1], caller=caller)

        def new_child() -> Move:
            move = new.new_child()
            as_of_0_1_0(new.parent[1], caller=caller)
            return move

        return replace(new, new_child=new_child)

    return family


PARENTS_AND_CHILDREN: dict[str, Callable[[Caller], ParentAndChild]] = {
    "coordination-task": _coordination_and_task,
    "coordination-session": _coordination_and_session,
    "coordination-task of 0.1.0": _of_0_1_0(_coordination_and_task),
    "coordination-session of 0.1.0": _of_0_1_0(_coordination_and_session),
    "task-schedule": _task_and_schedule,
    "session-agent": _session_and_agent,
    "session-run": _session_and_run,
    "agent-run": _agent_and_run,
    "agent-successor": _agent_and_successor,
}
