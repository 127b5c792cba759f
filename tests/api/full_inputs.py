"""Inputs with every member, of all mutations that take an idempotency key."""

from copy import deepcopy
from typing import Any

from graphql import Undefined

from tests.support.graph_api import data, mutation
from tests.support.mutations import input_of
from tests.support.world import World

Given = dict[str, Any]
Path = tuple[str | int, ...]

KEY = "idempotencyKey"
_RETRY = {"maxAttempts": 5, "intervalSeconds": 2.0, "backoffRate": 3.0}
_RULES = {
    "primaryPath": False,
    "userInTheLoop": "APPROVAL",
    "timeoutSeconds": 60,
    "answerTimeoutSeconds": 90,
    "heartbeatSeconds": 20,
    "retry": _RETRY,
    "onFailure": "CONTINUE",
    "maxTurns": 3,
}
_ASK = {
    "userInTheLoop": "INPUT",
    "ask": {
        "kind": "INPUT",
        "title": "A",
        "assignee": "ada",
        "form": {"type": "object", "title": "B"},
        "options": [],
        "default": None,
        "onTimeout": "FAIL",
        "onRejection": "FAIL",
    },
}
_CONTROL_FLOW = {
    "when": "query == 'A'",
    "input": "taskQuery",
    "outputSchema": {"type": "object", "properties": {"a": {"enum": [None]}}},
    "delaySeconds": 60,
    "forEach": {"items": "query", "maxConcurrency": 2, "toleratedFailures": 3},
    "delegatesTo": ["zh"],
}
_QUERIES = [{"agentUuid": "rag", "subtaskQuery": "Find it."}]
FILES = [{"name": "a.pdf", "uri": "s3://bucket/a.pdf", "mediaType": "application/pdf"}]
LABELS = [{"key": "customer", "value": "ACME"}]

# Each mutation that takes a key, with every member of its input. None is a uuid of the world's.
FULL: dict[str, Given] = {
    "createCoordination": {
        "coordinationName": "A",
        "coordinationDescription": "B",
        "agents": [
            {
                "agentUuid": "rag",
                "agentName": "C",
                "agentDescription": "D",
                "runtime": {
                    "kind": "LAMBDA",
                    "target": "agent-a",
                    "parameters": {"a": None, "b": [1, {"c": None}]},
                },
            }
        ],
    },
    "createTask": {
        "coordinationUuid": None,
        "taskName": "A",
        "taskDescription": "B",
        "initialTaskQuery": "C",
        "subtaskQueries": _QUERIES,
        "agentActions": [
            {"agentUuid": "rag", **_RULES, **_ASK, **_CONTROL_FLOW},
            {
                "agentUuid": "zh",
                "predecessors": ["rag"],
                "ask": {"kind": "INPUT", "group": "ops"},
                "repeat": {"until": "outputs.zh.good", "maxRounds": 5},
                "taskUuid": None,
            },
        ],
        "output": "taskQuery",
        "budget": {"tokens": 100, "dollars": 1.5, "seconds": 200},
    },
    "createTaskSchedule": {
        "coordinationUuid": None,
        "taskUuid": None,
        "schedule": "cron(0 8 * * ? *)",
        "timezone": "Europe/Berlin",
        "status": "PAUSED",
    },
    "createSession": {
        "coordinationUuid": None,
        "taskUuid": None,
        "userId": "A",
        "taskQuery": "B",
        "inputFiles": FILES,
        "subtaskQueries": _QUERIES,
        "labels": LABELS,
        "budget": {"tokens": 100, "dollars": 1.5, "seconds": 200},
    },
    "startSession": {
        "coordinationUuid": None,
        "taskUuid": None,
        "userId": "A",
        "taskQuery": "B",
        "inputFiles": FILES,
        "subtaskQueries": _QUERIES,
        "threadUuid": "C",
        "labels": LABELS,
        "budget": {"tokens": 100, "dollars": 1.5, "seconds": 200},
    },
    "createSessionAgent": {
        "coordinationUuid": None,
        "sessionUuid": None,
        "agentUuid": "rag",
        "predecessors": [None],
        "rules": _RULES,
        "subtaskQuery": "A",
        "userInput": "B",
        "agentInput": "C",
        "notes": "D",
    },
    "recordSessionRun": {
        "coordinationUuid": None,
        "sessionUuid": None,
        "agentUuid": "rag",
        "threadUuid": "A",
        "asyncTaskUuid": "B",
        "sessionAgentUuid": None,
        "outcome": "COMPLETED",
        "notes": "C",
        "usage": {
            "inputTokens": 1,
            "outputTokens": 2,
            "cacheReadInputTokens": 3,
            "cacheWriteInputTokens": 4,
            "reasoningTokens": 5,
            "model": "E",
        },
        "finishedAt": None,
    },
}


def full(world: World, name: str) -> Given:
    """Return the full input, with the UUIDs of the world."""
    given = deepcopy(FULL[name])
    uuids = world.key("coordination", "task", "session", "agent")
    given.update(
        {one: uuids[one] for one, value in given.items() if value is None and one in uuids}
    )
    for action in given.get("agentActions", []):
        if "taskUuid" in action:
            action["taskUuid"] = world.task
    if "predecessors" in given:
        given["predecessors"] = [world.agent]
    if "finishedAt" in given:
        given["finishedAt"] = data("{ coordinations { nodes { createdAt } } }")["coordinations"][
            "nodes"
        ][0]["createdAt"]
    return given


def perform(name: str, given: Given, key: str = "once") -> str:
    """Perform the mutation, and return the id of the entity."""
    field = (
        "session" if name == "startSession" else name.removeprefix("create").removeprefix("record")
    )
    field = field[0].lower() + field[1:]
    document = mutation(name, input_of(name).name, f"{field} {{ id }}")
    return str(data(document, {"input": {**given, KEY: key}})[name][field]["id"])


def put(given: Given, path: Path, value: Any) -> Given:
    """Return a copy with another value at a path. Undefined removes it."""
    given = deepcopy(given)
    holder: Any = given
    for step in path[:-1]:
        holder = holder[step]
    if value is Undefined:
        holder.pop(path[-1], None)
    else:
        holder[path[-1]] = value
    return given


def at(given: Given, path: Path) -> Any:
    value: Any = given
    for step in path:
        value = value.get(step) if isinstance(value, dict) else value[step]
    return value
