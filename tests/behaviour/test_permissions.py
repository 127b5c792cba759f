"""The function may do to its tables what the API does, and nothing else."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import product
from typing import Any
from unittest.mock import patch

import pytest
from botocore.client import BaseClient

from ai_coordination import models, worker
from tests.entry.lambda_stand_ins import Context
from tests.graph_api import change, data, new_schedule, new_task, refusal
from tests.scheduling import event_of, timers
from tests.test_template import FUNCTION, TABLES, WORKER
from tests.world import THREAD, USER, World, new_world

Permission = tuple[str, str]  # an action; a table, or an index as "TABLE/index/NAME"

# The actions of a transaction are those of its parts.
PARTS = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}

DOCUMENT = """
query (
  $coordinationUuid: ID!, $taskUuid: ID!, $scheduleUuid: ID!,
  $sessionUuid: ID!, $sessionAgentUuid: ID!, $runUuid: ID!, $thread: ID!, $user: String!
) {
  coordination(coordinationUuid: $coordinationUuid) {
    tasks { totalCount nodes { taskUuid } }
    sessions { totalCount nodes { sessionUuid } }
  }
  coordinations { totalCount nodes { coordinationUuid } }
  task(coordinationUuid: $coordinationUuid, taskUuid: $taskUuid) {
    schedules { totalCount nodes { scheduleUuid } }
    sessions { totalCount nodes { sessionUuid } }
  }
  taskSchedule(taskUuid: $taskUuid, scheduleUuid: $scheduleUuid) { task { taskName } }
  taskSchedules { totalCount nodes { task { coordination { coordinationName } } } }
  session(coordinationUuid: $coordinationUuid, sessionUuid: $sessionUuid) {
    sessionAgents {
      totalCount
      nodes { predecessors { nodes { notes } } currentRun { runUuid } }
    }
    sessionRuns { totalCount nodes { runUuid } }
    mermaid
    progress { total }
  }
  sessions { totalCount nodes { coordination { coordinationName } task { taskName } logs { at } } }
  ofUser: sessions(filter: { userId: $user }) { totalCount nodes { sessionUuid } }
  sessionAgent(sessionUuid: $sessionUuid, sessionAgentUuid: $sessionAgentUuid) {
    session { status }
    sessionRuns { totalCount nodes { runUuid } }
  }
  openSessionAgents(state: WAITING_FOR_INPUT) { totalCount nodes { session { status } } }
  sessionRun(sessionUuid: $sessionUuid, runUuid: $runUuid) { session { status } }
  threadRuns(threadUuid: $thread) { totalCount nodes { session { status } } }
}
"""

KINDS = ("coordination", "task", "schedule", "session", "agent", "run")


@pytest.mark.usefixtures("tables")
def test_the_function_may_do_what_the_api_does_and_no_more() -> None:
    with used_permissions() as used:
        world = new_world()
        repeat_creations(world)
        data(DOCUMENT, {**world.key(*KINDS), "thread": THREAD, "user": USER})
        change_everything(world)
        delete_everything(world)

    assert [more for more in used if not any(more in grant for grant in grants())] == []
    assert [actions(grant) for grant in grants()] == [actions(grant & used) for grant in grants()]


@pytest.mark.usefixtures("worked_queue")
def test_the_worker_may_do_what_firings_need() -> None:
    world = new_world()
    key = world.coordination, world.task
    once, often = (
        new_schedule(*key, schedule=one) for one in ("at(2099-12-31T08:00:00)", "rate(1 day)")
    )
    due = [
        event_of(timer, "2099-12-31T08:00:00Z") for one in (once, often) for timer in timers(one)
    ]

    with used_permissions() as used:
        told = [worker.handler(event, Context())["firing"] for event in [*due, due[0]]]

    allowed = set[Permission]().union(*grants(WORKER))
    assert told == ["started", "started", "stale"]
    assert {("UpdateItem", "TaskSchedules"), ("ConditionCheckItem", "TaskSchedules")} <= used
    assert used - allowed == set()


def repeat_creations(world: World) -> None:
    key = world.key("coordination")
    given: dict[str, Any] = {
        "idempotencyKey": "k-1",
        "subtaskQueries": [{"agentUuid": "rag", "subtaskQuery": "Find the product."}],
    }
    first = new_task(world.coordination, **given)
    assert new_task(world.coordination, **given) == first
    change("updateCoordination", key | {"agents": []}, "__typename")
    assert new_task(world.coordination, **given) == first
    change("deleteTask", key | {"taskUuid": first}, "__typename")


def change_everything(world: World) -> None:
    key = world.key
    change("updateCoordination", key("coordination") | {"coordinationName": "New"}, "__typename")
    change("updateTask", key("coordination", "task") | {"taskName": "New"}, "__typename")
    change("updateTaskSchedule", key("task", "schedule") | {"status": "PAUSED"}, "__typename")
    change("updateSession", key("coordination", "session") | {"userId": "eve"}, "__typename")
    change("updateSessionAgent", key("session", "agent") | {"notes": "New"}, "__typename")


def delete_everything(world: World) -> None:
    key = world.key
    assert refusal("deleteCoordination", key("coordination"))["code"] == "HAS_CHILDREN"
    change("deleteSessionRun", key("session", "run"), "__typename")
    change("deleteSessionAgent", key("session", "agent"), "__typename")
    change("deleteSession", key("coordination", "session"), "__typename")
    change("deleteTaskSchedule", key("task", "schedule"), "__typename")
    change("deleteTask", key("coordination", "task"), "__typename")
    change("deleteCoordination", key("coordination"), "__typename")


@contextmanager
def used_permissions() -> Iterator[set[Permission]]:
    """What every DynamoDB call inside the block needs to be allowed."""
    used: set[Permission] = set()
    original = BaseClient._make_api_call  # type: ignore[attr-defined]

    def note_and_call(client: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
        used.update(_needed(operation, parameters))
        return original(client, operation, parameters)

    with patch.object(BaseClient, "_make_api_call", note_and_call):
        yield used


def _needed(operation: str, parameters: Mapping[str, Any]) -> Iterator[Permission]:
    if not ({"TransactItems", "RequestItems", "TableName"} & parameters.keys()):
        return
    if operation == "TransactWriteItems":
        for item in parameters["TransactItems"]:
            for part, of_part in item.items():
                yield PARTS[part], _table(of_part["TableName"])
    elif operation == "BatchGetItem":
        for table in parameters["RequestItems"]:
            yield operation, _table(table)
    else:
        index = f"/index/{parameters['IndexName']}" if "IndexName" in parameters else ""
        yield operation, _table(parameters["TableName"]) + index


def _table(name: str) -> str:
    """The template's name of a table."""
    own = {table.Meta.table_name.removeprefix("ai-coordination-") for table in models.TABLES}
    short = name.removeprefix("ai-coordination-")
    assert short in own
    return next(
        name for name, table in TABLES.items() if table["TableName"]["Sub"].endswith("}" + short)
    )


def grants(function: Mapping[str, Any] = FUNCTION) -> list[set[Permission]]:
    """The template's statements about tables."""
    return [
        set(product(map(_action, _listed(one["Action"])), map(_short, _listed(one["Resource"]))))
        for one in function["Policies"][0]["Statement"]
        if _listed(one["Action"])[0].startswith("dynamodb:")
    ]


def actions(permissions: set[Permission]) -> set[str]:
    return {action for action, _ in permissions}


def _action(name: str) -> str:
    return name.removeprefix("dynamodb:")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _short(resource: Mapping[str, str]) -> str:
    return re.sub(r"[${}]|\.Arn", "", next(iter(resource.values())))
