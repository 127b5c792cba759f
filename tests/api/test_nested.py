"""Entities within entities, downwards and upwards, and the calls that they take."""

from typing import Any

import pytest

from ai_coordination import models
from tests.support.graph_api import (
    change,
    data,
    new_agent,
    new_coordination,
    new_run,
    new_schedule,
    new_session,
    new_task,
)
from tests.support.recording import recorded_calls
from tests.support.stored import put_state
from tests.support.world import World

DOWN = """query ($coordinationUuid: ID!) {
    coordination(coordinationUuid: $coordinationUuid) {
        coordinationUuid
        tasks(first: 5) { totalCount nodes {
            taskUuid
            schedules { totalCount nodes { scheduleUuid } }
            sessions { totalCount nodes { sessionUuid } }
        } }
        sessions(first: 5) { totalCount nodes {
            sessionUuid
            sessionAgents(first: 10) { totalCount nodes {
                sessionAgentUuid
                sessionRuns { totalCount nodes { runUuid } }
            } }
            sessionRuns { totalCount nodes { runUuid } }
        } }
    }
}"""
UP = """query (
    $coordinationUuid: ID!, $taskUuid: ID!, $scheduleUuid: ID!,
    $sessionUuid: ID!, $sessionAgentUuid: ID!, $runUuid: ID!
) {
    task(coordinationUuid: $coordinationUuid, taskUuid: $taskUuid) { coordination { ...c } }
    taskSchedule(taskUuid: $taskUuid, scheduleUuid: $scheduleUuid) {
        task { taskUuid coordination { ...c } } coordination { ...c } lastSession { sessionUuid }
    }
    session(coordinationUuid: $coordinationUuid, sessionUuid: $sessionUuid) {
        coordination { ...c } task { taskUuid }
    }
    sessionAgent(sessionUuid: $sessionUuid, sessionAgentUuid: $sessionAgentUuid) {
        session { sessionUuid task { taskUuid } } coordination { ...c } currentRun { runUuid }
    }
    sessionRun(sessionUuid: $sessionUuid, runUuid: $runUuid) {
        session { sessionUuid coordination { ...c } } coordination { ...c }
        sessionAgent { sessionAgentUuid currentRun { runUuid sessionAgent { agentUuid } } }
    }
}
fragment c on Coordination { coordinationUuid }"""


def operations(calls: list[Any]) -> list[str]:
    return [call.operation for call in calls]


def test_everything_is_found_from_its_coordination_downwards(world: World) -> None:
    of_agent = new_run(world.coordination, world.session, sessionAgentUuid=world.agent)
    other = new_session(world.coordination)

    found = data(DOWN, world.key("coordination"))["coordination"]

    run, both = {"runUuid": of_agent}, [{"runUuid": world.run}, {"runUuid": of_agent}]
    agent = {
        "sessionAgentUuid": world.agent,
        "sessionRuns": {"totalCount": None, "nodes": [run]},
    }
    task = {
        "taskUuid": world.task,
        "schedules": {"totalCount": 1, "nodes": [{"scheduleUuid": world.schedule}]},
        "sessions": {"totalCount": None, "nodes": [{"sessionUuid": world.session}]},
    }
    sessions = [
        {
            "sessionUuid": other,
            "sessionAgents": {"totalCount": 0, "nodes": []},
            "sessionRuns": {"totalCount": None, "nodes": []},
        },
        {
            "sessionUuid": world.session,
            "sessionAgents": {"totalCount": 1, "nodes": [agent]},
            "sessionRuns": {"totalCount": None, "nodes": both},
        },
    ]
    assert found == {
        "coordinationUuid": world.coordination,
        "tasks": {"totalCount": 1, "nodes": [task]},
        "sessions": {"totalCount": 2, "nodes": sessions},
    }


def test_everything_leads_up_to_its_coordination(world: World) -> None:
    run = new_run(world.coordination, world.session, sessionAgentUuid=world.agent)
    put_state(models.SessionAgent, world.session, world.agent, current_run_uuid=run)
    last = {"last_session_uuid": world.session}
    put_state(models.TaskSchedule, world.task, world.schedule, **last)

    kinds = ("coordination", "task", "schedule", "session", "agent")
    found = data(UP, {**world.key(*kinds), "runUuid": run})

    above = {"coordination": {"coordinationUuid": world.coordination}}
    task, session = {"taskUuid": world.task}, {"sessionUuid": world.session}
    current = {"runUuid": run, "sessionAgent": {"agentUuid": "rag"}}
    assert found == {
        "task": above,
        "taskSchedule": {**above, "task": {**task, **above}, "lastSession": session},
        "session": {**above, "task": task},
        "sessionAgent": {
            **above,
            "session": {**session, "task": task},
            "currentRun": {"runUuid": run},
        },
        "sessionRun": {
            **above,
            "session": {**session, **above},
            "sessionAgent": {"sessionAgentUuid": world.agent, "currentRun": current},
        },
    }


def test_what_is_not_there_above_is_null(world: World) -> None:
    session = new_session(world.coordination)
    agent = new_agent(world.coordination, session)
    run = new_run(world.coordination, session)
    put_state(models.SessionAgent, session, agent, current_run_uuid=world.run)
    keys = {"sessionUuid": session, "sessionAgentUuid": agent, "runUuid": run}

    found = data(UP, {**world.key("coordination", "task", "schedule"), **keys})

    assert found["taskSchedule"]["lastSession"] is None
    assert found["session"]["task"] is None
    assert found["sessionAgent"]["currentRun"] is None
    assert found["sessionRun"]["sessionAgent"] is None


def test_a_last_session_that_has_been_deleted_is_null(world: World) -> None:
    session = new_session(world.coordination)
    put_state(models.TaskSchedule, world.task, world.schedule, last_session_uuid=session)
    document = """query ($taskUuid: ID!, $scheduleUuid: ID!) {
        taskSchedule(taskUuid: $taskUuid, scheduleUuid: $scheduleUuid) {
            lastSession { sessionUuid }
        }
    }"""
    key = world.key("task", "schedule")

    before = data(document, key)["taskSchedule"]["lastSession"]
    gone = {"coordinationUuid": world.coordination, "sessionUuid": session}
    change("deleteSession", gone, "deletedId")
    after = data(document, key)["taskSchedule"]["lastSession"]

    assert (before, after) == ({"sessionUuid": session}, None)


def test_the_parents_of_a_list_are_loaded_by_one_batched_read(world: World) -> None:
    task = new_task(world.coordination, taskName="Second")
    new_session(world.coordination, taskUuid=task)
    elsewhere = new_coordination(coordinationName="Elsewhere")
    new_session(elsewhere)

    document = """{ sessions(newestFirst: false) { nodes {
        coordination { coordinationName } task { taskName }
    } } }"""
    with recorded_calls() as calls:
        rows = data(document)["sessions"]["nodes"]

    assert operations(calls) == ["Query", "BatchGetItem"]
    assert rows == [
        {"coordination": {"coordinationName": "Offers"}, "task": {"taskName": "Translate"}},
        {"coordination": {"coordinationName": "Offers"}, "task": {"taskName": "Second"}},
        {"coordination": {"coordinationName": "Elsewhere"}, "task": None},
    ]


@pytest.mark.parametrize(
    ("document", "answer"),
    [
        (
            """query ($key: ID!) { sessionAgents(sessionUuid: $key) { nodes {
                session { sessionUuid } coordination { coordinationName } currentRun { runUuid }
            } } }""",
            "agents",
        ),
        (
            """query ($key: ID!) { sessionRuns(sessionUuid: $key) { nodes {
                session { sessionUuid } coordination { coordinationName }
                sessionAgent { agentUuid }
            } } }""",
            "runs",
        ),
        (
            """query ($task: ID!) { taskSchedules(taskUuid: $task) { nodes {
                task { taskUuid } coordination { coordinationName } lastSession { sessionUuid }
            } } }""",
            "schedules",
        ),
    ],
    ids=["agents", "runs", "schedules"],
)
def test_objects_of_three_kinds_above_a_list_are_one_batched_read(
    world: World, document: str, answer: str
) -> None:
    agent = new_agent(world.coordination, world.session, agentUuid="zh")
    run = new_run(world.coordination, world.session, sessionAgentUuid=agent)
    put_state(models.SessionAgent, world.session, agent, current_run_uuid=run)
    schedule = new_schedule(world.coordination, world.task)
    put_state(models.TaskSchedule, world.task, schedule, last_session_uuid=world.session)

    with recorded_calls() as calls:
        (rows,) = data(document, {"key": world.session, "task": world.task}).values()

    session, name = {"sessionUuid": world.session}, {"coordinationName": "Offers"}
    expected = {
        "agents": [
            {"session": session, "coordination": name, "currentRun": None},
            {"session": session, "coordination": name, "currentRun": {"runUuid": run}},
        ],
        "runs": [
            {"session": session, "coordination": name, "sessionAgent": None},
            {"session": session, "coordination": name, "sessionAgent": {"agentUuid": "zh"}},
        ],
        "schedules": [
            {"task": {"taskUuid": world.task}, "coordination": name, "lastSession": None},
            {"task": {"taskUuid": world.task}, "coordination": name, "lastSession": session},
        ],
    }
    assert operations(calls) == ["Query", "BatchGetItem"]
    assert rows["nodes"] == expected[answer]
