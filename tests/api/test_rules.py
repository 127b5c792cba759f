"""The rules of an agent: their defaults, their bounds, and their types."""

from typing import Any

import pytest

from tests.api.entities import DEFAULT_RULES, NO_CONTROL_FLOW, RULES
from tests.support.cases import each
from tests.support.graph_api import ask, change, create, data, mutation, new_task
from tests.support.ids import short
from tests.support.stored import refused
from tests.support.world import World

BAD = "BAD_USER_INPUT"
CREATE = mutation("createTask", "CreateTaskInput", "task { taskUuid }")
ACTIONS = f"""query ($c: ID!, $t: ID!) {{ task(coordinationUuid: $c, taskUuid: $t) {{
    agentActions {{ agentUuid {RULES} }}
}} }}"""
HIGHEST = {
    "primaryPath": False,
    "userInTheLoop": "APPROVAL",
    "timeoutSeconds": 31_536_000,
    "answerTimeoutSeconds": 31_536_000,
    "heartbeatSeconds": 31_536_000,
    "retry": {"maxAttempts": 100, "intervalSeconds": 86_400.0, "backoffRate": 100.0},
    "onFailure": "SKIP_SUCCESSORS",
    "maxTurns": 50,
}
LOWEST = {
    "primaryPath": True,
    "userInTheLoop": "INPUT",
    "timeoutSeconds": 1,
    "answerTimeoutSeconds": 1,
    "heartbeatSeconds": 1,
    "retry": {"maxAttempts": 1, "intervalSeconds": 0.0, "backoffRate": 1.0},
    "onFailure": "CONTINUE",
    "maxTurns": 1,
}
# Sessions built by hand have rules, but no graph and no control flow.
NULLS = dict.fromkeys(DEFAULT_RULES.keys() - {"predecessors", *NO_CONTROL_FLOW})
NULL_RETRY = dict.fromkeys(DEFAULT_RULES["retry"])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        (NULLS, {}),
        ({"retry": {}}, {}),
        ({"retry": NULL_RETRY}, {}),
        ({"retry": {**NULL_RETRY, "backoffRate": 2}}, {}),
        (HIGHEST, HIGHEST),
        (LOWEST, LOWEST),
    ],
    ids=["none", "nulls", "an empty retry", "a null retry", "part of a retry", "highest", "lowest"],
)
def test_rules_are_stored_as_given_or_have_their_defaults(
    world: World, given: dict[str, Any], expected: dict[str, Any]
) -> None:
    action = {"agentUuid": "rag", **given}
    key = world.key("coordination", "session")

    tasks = [world.task, new_task(world.coordination, agentActions=[action])]
    change("updateTask", {**world.key_of("task"), "agentActions": [action]}, "__typename")
    agent = create(
        "createSessionAgent",
        {**key, "agentUuid": "rag", "rules": given},
        f"agentAction {{ agentUuid {RULES} }}",
    )

    rules = {"agentUuid": "rag", **DEFAULT_RULES, **expected}
    assert agent["agentAction"] == rules
    for task in tasks:
        of_task = data(ACTIONS, {"c": world.coordination, "t": task})["task"]["agentActions"]
        assert of_task == [rules]


def test_an_agent_without_rules_has_their_defaults(world: World) -> None:
    given = {**world.key("coordination", "session"), "agentUuid": "rag", "rules": None}

    made = create("createSessionAgent", given, f"agentAction {{ {RULES} }}")

    assert made["agentAction"] == DEFAULT_RULES


@each(
    ("rule", "value"),
    [
        ("timeoutSeconds", 0),
        ("timeoutSeconds", -1),
        ("timeoutSeconds", 365 * 24 * 3600 + 1),
        ("answerTimeoutSeconds", 0),
        ("answerTimeoutSeconds", 365 * 24 * 3600 + 1),
        ("heartbeatSeconds", 0),
        ("heartbeatSeconds", 365 * 24 * 3600 + 1),
        ("maxAttempts", 0),
        ("maxAttempts", 101),
        ("intervalSeconds", -0.001),
        ("intervalSeconds", 0.0005),
        ("intervalSeconds", 1e-200),
        ("intervalSeconds", 86_400.001),
        ("backoffRate", 0.999),
        ("backoffRate", 100.001),
        ("maxTurns", 0),
        ("maxTurns", 51),
    ],
)
def test_rules_have_bounds(still_world: World, rule: str, value: float) -> None:
    path = [rule] if rule in DEFAULT_RULES else ["retry", rule]
    rules = {rule: value} if rule in DEFAULT_RULES else {"retry": {rule: value}}
    actions = {"agentActions": [{"agentUuid": "rag", **rules}]}
    key = still_world.key("coordination", "session")

    created = refused("createTask", {**still_world.key("coordination"), "taskName": "A", **actions})
    updated = refused("updateTask", {**still_world.key_of("task"), **actions})
    of_agent = refused("createSessionAgent", {**key, "agentUuid": "rag", "rules": rules})

    assert created == {"code": BAD, "inputPath": ["input", "agentActions", 0, *path]}
    assert updated == created
    assert of_agent == {"code": BAD, "inputPath": ["input", "rules", *path]}


@each(
    ("wrong", "place"),
    [
        ({"onFailure": "PANIC"}, ["onFailure"]),
        ({"userInTheLoop": "SHOUT"}, ["userInTheLoop"]),
        ({"timeoutSeconds": 1.5}, ["timeoutSeconds"]),
        ({"timeoutSeconds": 2**31}, ["timeoutSeconds"]),
        ({"primaryPath": "yes"}, ["primaryPath"]),
        ({"retry": {"intervalSeconds": float("nan")}}, ["retry", "intervalSeconds"]),
        ({"retry": {"backoffRate": float("inf")}}, ["retry", "backoffRate"]),
        ({"predecessors": [None]}, ["predecessors", 0]),
        ({"agentUuid": None}, ["agentUuid"]),
    ],
    ids=short,
)
def test_what_is_not_of_the_type_of_a_rule_is_refused_before_anything_is_done(
    still_world: World, wrong: dict[str, Any], place: list[str | int]
) -> None:
    action = {"agentUuid": "rag", **wrong}
    given = {"coordinationUuid": still_world.coordination, "taskName": "A"}

    result = ask(CREATE, {"input": {**given, "agentActions": [action]}})

    (error,) = result["errors"]
    path = ["input", "agentActions", 0, *place]
    assert error["extensions"] == {"code": BAD, "requestId": "request-1", "inputPath": path}
    assert "data" not in result
