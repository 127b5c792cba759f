"""The settings of an action that decide whether, when and how often an agent runs, and on what."""

from typing import Any

import pytest

from tests.api.entities import DEFAULT_RULES, NO_CONTROL_FLOW, RULES
from tests.support.cases import each
from tests.support.graph_api import change, data, error, mutation, new_task
from tests.support.ids import short
from tests.support.stored import refused
from tests.support.world import World

BAD = "BAD_USER_INPUT"
ACTIONS = f"""query ($c: ID!, $t: ID!) {{ task(coordinationUuid: $c, taskUuid: $t) {{
    agentActions {{ agentUuid {RULES} }}
}} }}"""
LONG = "x" * 1_000
LOOP = {"until": "outputs.rag"}
LIST = {"items": "query"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (dict.fromkeys(NO_CONTROL_FLOW), {}),
        ({"forEach": None, "repeat": LOOP}, {"repeat": {**LOOP, "maxRounds": 3}}),
        ({"repeat": {**LOOP, "maxRounds": None}}, {"repeat": {**LOOP, "maxRounds": 3}}),
        ({"repeat": {**LOOP, "maxRounds": 1}}, {"repeat": {**LOOP, "maxRounds": 1}}),
        ({"repeat": {**LOOP, "maxRounds": 100}}, {"repeat": {**LOOP, "maxRounds": 100}}),
        (
            {"forEach": LIST, "repeat": None},
            {"forEach": {**LIST, "maxConcurrency": None, "toleratedFailures": None}},
        ),
        *(
            ({"forEach": {**LIST, "maxConcurrency": most, "toleratedFailures": tolerated}},) * 2
            for most, tolerated in ((1, 0), (1_000, 1_000))
        ),
        ({"delaySeconds": 31_536_000},) * 2,
        ({"delegatesTo": ["zh"]},) * 2,
        ({"outputSchema": {}},) * 2,
        ({"outputSchema": {"type": ["null", "string"], "enum": [None, "ü"]}},) * 2,
    ],
    ids=short,
)
def test_settings_are_stored_as_given_or_have_their_defaults(
    world: World, given: dict[str, Any], expected: dict[str, Any]
) -> None:
    action = {"agentUuid": "rag", **given}

    created = new_task(world.coordination, agentActions=[action])
    change("updateTask", {**world.key_of("task"), "agentActions": [action]}, "__typename")

    for task in (created, world.task):
        read = data(ACTIONS, {"c": world.coordination, "t": task})["task"]
        assert read["agentActions"] == [{"agentUuid": "rag", **DEFAULT_RULES, **expected}]


@each(
    ("given", "place"),
    [
        ({"forEach": LIST, "repeat": LOOP}, ["repeat"]),
        ({"forEach": {**LIST, "maxConcurrency": 0}}, ["forEach", "maxConcurrency"]),
        ({"forEach": {**LIST, "maxConcurrency": 1_001}}, ["forEach", "maxConcurrency"]),
        ({"forEach": {**LIST, "toleratedFailures": -1}}, ["forEach", "toleratedFailures"]),
        ({"forEach": {**LIST, "toleratedFailures": 1_001}}, ["forEach", "toleratedFailures"]),
        ({"forEach": {"items": f"{LONG}x"}}, ["forEach", "items"]),
        ({"forEach": {"items": "\ud800"}}, ["forEach", "items"]),
        ({"repeat": {**LOOP, "maxRounds": 0}}, ["repeat", "maxRounds"]),
        ({"repeat": {**LOOP, "maxRounds": 101}}, ["repeat", "maxRounds"]),
        ({"repeat": {"until": f"{LONG}x"}}, ["repeat", "until"]),
        ({"repeat": {"until": "\ud800"}}, ["repeat", "until"]),
        ({"when": f"{LONG}x"}, ["when"]),
        ({"when": "\ud800"}, ["when"]),
        ({"input": f"{LONG}x"}, ["input"]),
        ({"input": "\ud800"}, ["input"]),
        ({"delaySeconds": -1}, ["delaySeconds"]),
        ({"delaySeconds": 31_536_001}, ["delaySeconds"]),
        ({"taskUuid": "translate"}, ["taskUuid"]),
        ({"delegatesTo": ["rag"]}, ["delegatesTo", 0]),
        ({"delegatesTo": ["zh", "zh"]}, ["delegatesTo", 1]),
        ({"delegatesTo": ["zh", "a b"]}, ["delegatesTo", 1]),
        ({"delegatesTo": [f"a{number}" for number in range(101)]}, ["delegatesTo"]),
        ({"outputSchema": "object"}, ["outputSchema"]),
        ({"outputSchema": {"type": "text"}}, ["outputSchema", "type"]),
        ({"outputSchema": {"pattern": "x"}}, ["outputSchema", "pattern"]),
        (
            {"outputSchema": {"properties": {"first_name": {"format": "email"}}}},
            ["outputSchema", "properties", "first_name", "format"],
        ),
        ({"outputSchema": {"description": "x" * 16_384}}, ["outputSchema"]),
    ],
    ids=short,
)
def test_settings_have_bounds(
    still_world: World, given: dict[str, Any], place: list[str | int]
) -> None:
    actions = {"agentActions": [{"agentUuid": "zh"}, {"agentUuid": "rag", **given}]}

    created = refused("createTask", {**still_world.key("coordination"), "taskName": "A", **actions})
    updated = refused("updateTask", {**still_world.key_of("task"), **actions})

    assert created == {"code": BAD, "inputPath": ["input", "agentActions", 1, *place]}
    assert updated == created


@each("text", [f"{LONG}x", "\ud800"], ids=short)
def test_the_output_of_a_task_is_an_expression_of_at_most_1_000_characters(
    still_world: World, text: str
) -> None:
    output = {"output": text}

    created = refused("createTask", {**still_world.key("coordination"), "taskName": "A", **output})
    updated = refused("updateTask", {**still_world.key_of("task"), **output})

    assert created == updated == {"code": BAD, "inputPath": ["input", "output"]}


@each("name", sorted(NO_CONTROL_FLOW))
def test_a_session_that_is_built_by_hand_has_no_control_flow(still_world: World, name: str) -> None:
    key = still_world.key("coordination", "session")
    given = {**key, "agentUuid": "rag", "rules": {name: None}}
    document = mutation("createSessionAgent", "CreateSessionAgentInput", "__typename")

    refusal = error(document, {"input": given})

    assert refusal == {"code": BAD, "inputPath": ["input", "rules", name]}
