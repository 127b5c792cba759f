"""No parent is deleted while it has children, and no child is created for a deleted parent."""

from collections.abc import Callable
from typing import Any

import pytest

from ai_coordination import models
from tests.support.graph_api import (
    CALLER,
    Place,
    ask,
    change,
    data,
    mutation,
    new_agent,
    new_coordination,
    new_place,
    new_run,
    new_schedule,
    new_session,
    new_task,
)
from tests.support.lists import LISTS
from tests.support.stored import everything_stored, put_state, refused, stored
from tests.support.world import World

NOT_FOUND = {"code": "NOT_FOUND"}


def delete(name: str, **key: str) -> None:
    change(name, key, "deletedId")


def has_children(**children: int) -> dict[str, Any]:
    return {"code": "HAS_CHILDREN", "children": children}


def test_a_coordination_with_tasks_or_sessions_is_not_deleted(tables: None) -> None:
    coordination = new_coordination()
    key = {"coordinationUuid": coordination}
    tasks = [new_task(coordination) for _ in range(2)]
    session = new_session(coordination)

    assert refused("deleteCoordination", key) == has_children(tasks=2, sessions=1)
    delete("deleteTask", **key, taskUuid=tasks[0])
    assert refused("deleteCoordination", key) == has_children(tasks=1, sessions=1)
    delete("deleteSession", **key, sessionUuid=session)
    assert refused("deleteCoordination", key) == has_children(tasks=1)
    delete("deleteTask", **key, taskUuid=tasks[1])
    second = new_session(coordination)
    assert refused("deleteCoordination", key) == has_children(sessions=1)
    delete("deleteSession", **key, sessionUuid=second)

    delete("deleteCoordination", **key)
    assert refused("deleteCoordination", key) == NOT_FOUND


def test_a_task_with_schedules_is_not_deleted(world: World) -> None:
    second = new_schedule(world.coordination, world.task)
    key = world.key("coordination", "task")

    assert refused("deleteTask", key) == has_children(schedules=2)
    delete("deleteTaskSchedule", taskUuid=world.task, scheduleUuid=second)
    assert refused("deleteTask", key) == has_children(schedules=1)
    delete("deleteTaskSchedule", **world.key("task", "schedule"))

    delete("deleteTask", **key)
    assert refused("deleteTask", key) == NOT_FOUND


PURGE = ", or use purgeSession once the session has ended"


@pytest.mark.parametrize(
    ("name", "entities", "advice"),
    [
        ("deleteSession", ("coordination", "session"), f"delete them first{PURGE}"),
        ("deleteTask", ("coordination", "task"), "delete them first"),
    ],
)
def test_who_may_not_delete_is_told_what_to_do(
    world: World, name: str, entities: tuple[str, ...], advice: str
) -> None:
    kind = f"{name[0].upper()}{name[1:]}Input"

    told = ask(mutation(name, kind, "deletedId"), {"input": world.key(*entities)})

    assert [one["message"].partition(": ")[2] for one in told["errors"]] == [advice]


def test_the_sessions_of_a_deleted_task_stay(world: World) -> None:
    delete("deleteTaskSchedule", **world.key("task", "schedule"))

    delete("deleteTask", **world.key("coordination", "task"))

    document = """query ($c: ID!, $s: ID!) {
        session(coordinationUuid: $c, sessionUuid: $s) { taskUuid task { taskName } }
    }"""
    left = data(document, {"c": world.coordination, "s": world.session})
    assert left == {"session": {"taskUuid": world.task, "task": None}}


def test_a_session_with_agents_or_runs_is_not_deleted(world: World) -> None:
    second = new_run(world.coordination, world.session)
    key = world.key("coordination", "session")

    assert refused("deleteSession", key) == has_children(agents=1, runs=2)
    delete("deleteSessionRun", **world.key("session", "run"))
    delete("deleteSessionAgent", **world.key("session", "agent"))
    assert refused("deleteSession", key) == has_children(runs=1)
    delete("deleteSessionRun", sessionUuid=world.session, runUuid=second)
    agent = new_agent(world.coordination, world.session)
    assert refused("deleteSession", key) == has_children(agents=1)
    delete("deleteSessionAgent", sessionUuid=world.session, sessionAgentUuid=agent)

    delete("deleteSession", **key)
    assert refused("deleteSession", key) == NOT_FOUND


def test_an_agent_with_runs_is_not_deleted_nor_its_session(world: World) -> None:
    delete("deleteSessionRun", **world.key("session", "run"))
    runs = [
        new_run(world.coordination, world.session, sessionAgentUuid=world.agent) for _ in range(2)
    ]
    key = world.key("session", "agent")

    assert refused("deleteSessionAgent", key) == has_children(runs=2)
    assert refused("deleteSession", world.key("coordination", "session")) == has_children(agents=1)
    for run in runs:
        delete("deleteSessionRun", sessionUuid=world.session, runUuid=run)

    delete("deleteSessionAgent", **key)
    delete("deleteSession", **world.key("coordination", "session"))


def test_an_agent_with_runs_that_others_wait_for_says_its_runs(world: World) -> None:
    new_agent(world.coordination, world.session, predecessors=[world.agent])
    new_run(world.coordination, world.session, sessionAgentUuid=world.agent)

    told = refused("deleteSessionAgent", world.key("session", "agent"))

    assert told == has_children(runs=1)


@pytest.mark.parametrize("operation", ["starting", "cancelling"])
def test_a_session_that_does_something_is_not_deleted(world: World, operation: str) -> None:
    coordination = world.coordination
    key = {"coordinationUuid": coordination, "sessionUuid": new_session(coordination)}
    put_state(models.Session, *key.values(), operation=operation)

    assert refused("deleteSession", key) == {"code": "INVALID_STATE", "state": "INITIAL"}
    put_state(models.Session, *key.values(), operation=None)

    delete("deleteSession", **key)


CHILDREN: dict[str, tuple[str, Callable[[World], dict[str, Any]], str]] = {
    "task": ("createTask", lambda w: {"taskName": "Late"}, "coordinationUuid"),
    "session": ("createSession", lambda w: {}, "coordinationUuid"),
    "schedule": (
        "createTaskSchedule",
        lambda w: {"taskUuid": w.task, "schedule": "rate(1 day)"},
        "taskUuid",
    ),
    "agent": (
        "createSessionAgent",
        lambda w: {"sessionUuid": w.session, "agentUuid": "rag"},
        "sessionUuid",
    ),
    "run": (
        "recordSessionRun",
        lambda w: {"sessionUuid": w.session, "agentUuid": "rag"},
        "sessionUuid",
    ),
    "run of an agent": (
        "recordSessionRun",
        lambda w: {"sessionUuid": w.session, "agentUuid": "rag", "sessionAgentUuid": w.agent},
        "sessionAgentUuid",
    ),
}


def delete_everything(world: World) -> None:
    """From the leaves up."""
    delete("deleteSessionRun", **world.key("session", "run"))
    delete("deleteSessionAgent", **world.key("session", "agent"))
    delete("deleteSession", **world.key("coordination", "session"))
    delete("deleteTaskSchedule", **world.key("task", "schedule"))
    delete("deleteTask", **world.key("coordination", "task"))
    delete("deleteCoordination", **world.key("coordination"))


@pytest.mark.parametrize("child", CHILDREN)
def test_under_a_parent_that_is_gone_there_is_no_new(world: World, child: str) -> None:
    name, given, parent = CHILDREN[child]
    delete_everything(world)

    told = refused(name, {"coordinationUuid": world.coordination, **given(world)})

    assert told == {**NOT_FOUND, "inputPath": ["input", parent]}
    assert not any(everything_stored().values())


ELSEWHERE: dict[str, tuple[str, Callable[[World, Place], dict[str, Any]], str]] = {
    "session of another coordination's task": (
        "createSession",
        lambda w, other: {"taskUuid": new_task(other.coordination)},
        "taskUuid",
    ),
    "schedule of another coordination's task": (
        "createTaskSchedule",
        lambda w, other: {"taskUuid": new_task(other.coordination), "schedule": "rate(1 day)"},
        "taskUuid",
    ),
    "run of another coordination's session": (
        "recordSessionRun",
        lambda w, other: {"sessionUuid": other.session, "agentUuid": "rag"},
        "sessionUuid",
    ),
    "run of another session's agent": (
        "recordSessionRun",
        lambda w, other: {
            "sessionUuid": w.session,
            "agentUuid": "rag",
            "sessionAgentUuid": new_agent(*other),
        },
        "sessionAgentUuid",
    ),
    "run of another coordination's agent": (
        "recordSessionRun",
        lambda w, other: {
            "coordinationUuid": other.coordination,
            "sessionUuid": w.session,
            "agentUuid": "rag",
            "sessionAgentUuid": w.agent,
        },
        "sessionAgentUuid",
    ),
    "agent of another coordination's session": (
        "createSessionAgent",
        lambda w, other: {"sessionUuid": other.session, "agentUuid": "rag"},
        "sessionUuid",
    ),
}


@pytest.mark.parametrize("child", ELSEWHERE)
def test_there_is_no(world: World, child: str) -> None:
    name, given, parent = ELSEWHERE[child]
    key = {"coordinationUuid": world.coordination, **given(world, new_place())}

    assert refused(name, key) == {**NOT_FOUND, "inputPath": ["input", parent]}


def test_a_recorded_run_is_not_the_current_run_of_its_agent(world: World) -> None:
    new_run(world.coordination, world.session, sessionAgentUuid=world.agent)

    assert stored(models.SessionAgent, world.session, world.agent).current_run_uuid is None


# Lists whose rows are counted in their parent, or name it.
COUNTED = (
    "coordination.tasks",
    "coordination.sessions",
    "task.schedules",
    "task.sessions",
    "session.sessionAgents",
    "session.sessionRuns",
    "sessionAgent.successors",
    "sessionAgent.sessionRuns",
)


def test_children_that_come_and_go_are_no_update_of_their_parent(world: World) -> None:
    parents = (
        (models.Coordination, CALLER.partition_key, world.coordination),
        (models.Task, world.coordination, world.task),
        (models.Session, world.coordination, world.session),
        (models.SessionAgent, world.session, world.agent),
    )

    def seen() -> list[Any]:
        found: list[Any] = [stored(*key) for key in parents]
        return [(one.version, one.updated_at, one.updated_by, one.last_writes) for one in found]

    before = seen()
    for name in COUNTED:
        child = LISTS[name].new(world)
        assert seen() == before, name
        LISTS[name].gone(world, child)
        assert seen() == before, name

    assert {version for version, *_ in before} == {1}
