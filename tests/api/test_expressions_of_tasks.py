"""Expressions are checked when a task is written: each with what its setting sees."""

from typing import Any

import pytest

from tests.support.graph_api import ask, change, mutation, new_coordination, new_task
from tests.support.ids import short
from tests.support.stored import refused

pytestmark = pytest.mark.usefixtures("tables")

CREATE = mutation("createTask", "CreateTaskInput", "__typename")
MEMBERS = [
    {"agentUuid": uuid, "agentName": uuid, "runtime": {"kind": "ECHO"}}
    for uuid in ("a", "b", "c", "inner")
]
# Written for an agent `c` that waits for `b`, which waits for `a`.
Settings = dict[str, Any]


def actions(**settings: Any) -> list[dict[str, Any]]:
    return [
        {"agentUuid": "b", "predecessors": ["a"]},
        {"agentUuid": "c", "predecessors": ["b"], **settings},
    ]


def for_each(items: str = "outputs.b", **more: Any) -> Settings:
    return {"forEach": {"items": items}, **more}


def repeat(until: str = "outputs.c.good", **more: Any) -> Settings:
    return {"repeat": {"until": until}, **more}


@pytest.mark.parametrize(
    "settings",
    [
        {"when": "states.b == 'FAILED' || outputs.b.score > `7` || answers.b.approved"},
        {"when": "query == taskQuery"},
        {"input": "{all: outputs, turn: turn, b: outputs.b}"},
        for_each("outputs.b.list[?size > `1`]"),
        for_each(input="[item.name, index]"),
        repeat("outputs.c.good && round > `1` && previous[-1].c.good"),
        repeat(input="[previous[-1].c, round]"),
    ],
    ids=short,
)
def test_an_expression_names_what_its_setting_sees(settings: Settings) -> None:
    coordination = new_coordination(agents=MEMBERS)
    task = new_task(coordination, agentActions=actions(**settings), output="outputs.c")

    key = {"coordinationUuid": coordination, "taskUuid": task}
    changed = change("updateTask", {**key, "output": "[states.c]"}, "task { version output }")

    assert changed["task"] == {"version": 2, "output": "[states.c]"}


@pytest.mark.parametrize(
    ("settings", "place", "reason"),
    [
        ({"when": "outputs."}, ["when"], "is refused"),
        ({"when": "outputs.a.ok"}, ["when"], "'a' is none of the agents that this sees"),
        ({"when": "outputs.c.ok"}, ["when"], "'c' is none of the agents that this sees"),
        ({"when": "item.ok"}, ["when"], "'item' exists only with `forEach`"),
        ({"when": "b.ok"}, ["when"], "'b' is an agent: write outputs.b or states.b"),
        ({"when": "!outputs.b.ok"}, ["when"], "write `!(a.b)`"),
        ({"when": "'yes'"}, ["when"], "A condition must give true or false"),
        ({"input": "item"}, ["input"], "'item' exists only with `forEach`"),
        ({"input": "previous"}, ["input"], "'previous' exists only with `repeat`"),
        (for_each("item"), ["forEach", "items"], "'item' exists only with `forEach`"),
        (for_each(""), ["forEach", "items"], "is refused"),
        (repeat("outputs.b.good"), ["repeat", "until"], "which are 'c'"),
        (repeat("`3`"), ["repeat", "until"], "A condition must give true or false"),
    ],
    ids=short,
)
def test_what_is_wrong_with_an_expression_is_said_at_its_place(
    settings: Settings, place: list[str], reason: str
) -> None:
    coordination = new_coordination(agents=MEMBERS)
    task = new_task(coordination)
    given = {"coordinationUuid": coordination, "agentActions": actions(**settings)}

    created = refused("createTask", {**given, "taskName": "A"})
    updated = refused("updateTask", {**given, "taskUuid": task})
    (error,) = ask(CREATE, {"input": {**given, "taskName": "A"}})["errors"]

    assert created == updated
    assert created == {"code": "BAD_USER_INPUT", "inputPath": ["input", "agentActions", 1, *place]}
    assert reason in error["message"]


def test_everything_that_is_wrong_with_an_expression_is_said() -> None:
    coordination = new_coordination(agents=MEMBERS)
    given = {"coordinationUuid": coordination, "taskName": "A", "output": "outputs.a == item"}

    (error,) = ask(CREATE, {"input": {**given, "agentActions": actions()}})["errors"]

    assert error["message"] == (
        "'a' is none of the agents that this sees, which are 'c'; 'item' exists only with `forEach`"
    )


def test_the_rounds_of_a_task_end_by_what_its_last_agents_say() -> None:
    coordination = new_coordination(agents=MEMBERS)
    inner = new_task(coordination, agentActions=[{"agentUuid": "inner", "predecessors": ["a"]}])
    everyone = new_task(coordination)

    def given(task: str, until: str) -> dict[str, Any]:
        return {"agentActions": actions(**repeat(until, taskUuid=task))}

    new_task(coordination, **given(inner, "outputs.inner.good"))
    new_task(coordination, **given(everyone, "outputs.a.good && outputs.inner.good"))
    key = {"coordinationUuid": coordination, "taskName": "A"}
    told = refused("createTask", {**key, **given(inner, "outputs.c.good")})

    place = ["input", "agentActions", 1, "repeat", "until"]
    assert told == {"code": "BAD_USER_INPUT", "inputPath": place}


def test_the_output_of_a_task_is_of_the_agents_without_successors() -> None:
    coordination = new_coordination(agents=MEMBERS)
    task = new_task(coordination, agentActions=actions(), output="outputs.c")
    key = {"coordinationUuid": coordination, "taskUuid": task}
    last = {"agentUuid": "inner", "predecessors": ["c"]}

    wrong = refused("updateTask", {**key, "output": "outputs.b"})
    # The graph alone changes, and `c` is not the last one any longer.
    grown = refused("updateTask", {**key, "agentActions": [*actions(), last]})
    query = {"agentUuid": "inner", "subtaskQuery": "Do it"}
    change("updateTask", {**key, "subtaskQueries": [query]}, "task { version }")
    change("updateTask", {**key, "output": "outputs.inner"}, "task { version }")
    both = {"agentActions": [*actions(), last], "output": None}
    change("updateTask", {**key, **both}, "task { version }")

    assert wrong == grown == {"code": "BAD_USER_INPUT", "inputPath": ["input", "output"]}
