"""Explicit nulls where there is a default: they mean it."""

from typing import Any

import pytest
from graphql import GraphQLInputObjectType, is_non_null_type

from ai_coordination.api.schema import schema
from tests.support.graph_api import AGENTS, CREATED, change, create
from tests.support.world import KEYS, TYPES, World


def nulls(name: str) -> dict[str, None]:
    """Everything optional of an input, as null."""
    kind = schema.graphql_schema.type_map[CREATED[name][0]]
    assert isinstance(kind, GraphQLInputObjectType)
    return {field: None for field, one in kind.fields.items() if not is_non_null_type(one.type)}


CREATES: dict[str, tuple[tuple[str, ...], dict[str, Any], str]] = {
    "createCoordination": ((), {"coordinationName": "A"}, "agents { agentUuid } version"),
    "createTask": (
        KEYS["task"][:1],
        {"taskName": "A"},
        "taskDescription subtaskQueries { agentUuid } agentActions { agentUuid } version",
    ),
    "createTaskSchedule": (
        KEYS["task"],
        {"schedule": "rate(1 day)"},
        "timezone status version",
    ),
    "createSession": (
        KEYS["session"][:1],
        {},
        "taskUuid userId inputFiles { name } subtaskQueries { agentUuid } version",
    ),
    "createSessionAgent": (
        KEYS["session"],
        {"agentUuid": "rag"},
        "inDegree predecessorUuids userInput agentAction { timeoutSeconds onFailure } version",
    ),
    "recordSessionRun": (
        KEYS["session"],
        {"agentUuid": "rag"},
        "threadUuid sessionAgentUuid outcome usage { inputTokens } finishedAt attempt",
    ),
}


@pytest.mark.parametrize("name", CREATES)
def test_a_null_says_the_same_as_what_is_left_out(world: World, name: str) -> None:
    kinds, more, selection = CREATES[name]
    given = {**world.key(*kinds), **more}

    left_out = create(name, given, selection)
    null = create(name, {**given, **nulls(name)}, selection)

    uuid = CREATED[name][2]
    assert {**null, "id": None, uuid: None} == {**left_out, "id": None, uuid: None}


def test_a_null_within_an_input_says_the_same_as_what_is_left_out(world: World) -> None:
    nothing = {"agentDescription": None, "runtime": {"kind": "ECHO", "target": None}}
    given = {"coordinationName": "A", "agents": [{**AGENTS[0], **nothing}]}

    made = create("createCoordination", given, "agents { agentDescription runtime { target } }")

    assert made["agents"] == [{"agentDescription": None, "runtime": {"target": None}}]


@pytest.mark.parametrize("kind", [kind for kind in KEYS if kind != "run"])
def test_a_null_expected_version_is_as_none(world: World, kind: str) -> None:
    given = {**world.key_of(kind), "expectedVersion": None}

    change(f"update{TYPES[kind]}", given, "__typename")

    assert world.read(kind, "version") == {"version": 2}
