"""The graph of a task has only members of its coordination, and no cycle."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.graph_api import ask, mutation
from tests.support.ids import short
from tests.support.stored import refused
from tests.support.world import World

CREATE = mutation("createTask", "CreateTaskInput", "task { taskUuid }")
BAD = "BAD_USER_INPUT"

Graph = Mapping[str, list[str]]


def actions(graph: Graph) -> list[dict[str, Any]]:
    """An action of each agent, with its predecessors."""
    return [{"agentUuid": agent, "predecessors": befores} for agent, befores in graph.items()]


def queries(*agents: str) -> list[dict[str, str]]:
    return [{"agentUuid": agent, "subtaskQuery": "Do it"} for agent in agents]


def refused_twice(world: World, **graph: Any) -> dict[str, Any]:
    """What both mutations say that take a graph."""
    key = world.key("coordination", "task")
    given = {"coordinationUuid": world.coordination, "taskName": "Translate", **graph}
    created = refused("createTask", given)
    updated = refused("updateTask", {**key, **graph})
    keyed = refused("createTask", {**given, "idempotencyKey": "once"})
    assert created == updated == keyed
    return created


@pytest.mark.parametrize(
    ("graph", "place"),
    [
        ({"subtaskQueries": queries("rag", "nobody")}, ["subtaskQueries", 1, "agentUuid"]),
        ({"subtaskQueries": queries("Rag")}, ["subtaskQueries", 0, "agentUuid"]),
        ({"subtaskQueries": queries("")}, ["subtaskQueries", 0, "agentUuid"]),
        ({"subtaskQueries": queries("a b")}, ["subtaskQueries", 0, "agentUuid"]),
        ({"subtaskQueries": queries("rag") * 1001}, ["subtaskQueries"]),
        ({"agentActions": actions({"zh": [], "nobody": []})}, ["agentActions", 1, "agentUuid"]),
        ({"agentActions": actions({"\ud800": []})}, ["agentActions", 0, "agentUuid"]),
        (
            {"agentActions": [*actions({"rag": [], "zh": []}), {"agentUuid": "rag"}]},
            (["agentActions", 2, "agentUuid"]),
        ),
        ({"agentActions": actions({"rag": []}) * 1001}, ["agentActions"]),
        (
            {"agentActions": actions({"rag": [], "zh": ["rag", "nobody"]})},
            ["agentActions", 1, "predecessors", 1],
        ),
        ({"agentActions": actions({"zh": ["nobody"]})}, ["agentActions", 0, "predecessors", 0]),
        (
            {"agentActions": [{"agentUuid": "zh", "delegatesTo": ["rag", "nobody"]}]},
            ["agentActions", 0, "delegatesTo", 1],
        ),
        (
            {"subtaskQueries": queries("rag") * 1_000, "agentActions": actions({"zh": []})},
            ["subtaskQueries"],
        ),
        ({"agentActions": actions({"zh": [""]})}, ["agentActions", 0, "predecessors", 0]),
        ({"agentActions": actions({"zh": ["\ud800"]})}, ["agentActions", 0, "predecessors", 0]),
        (
            {"agentActions": actions({"rag": [], "zh": ["rag", "rag"]})},
            ["agentActions", 1, "predecessors", 1],
        ),
    ],
    ids=short,
)
def test_a_graph_names_members_and_each_of_them_once(
    still_world: World, graph: dict[str, Any], place: list[str | int]
) -> None:
    assert refused_twice(still_world, **graph) == {"code": BAD, "inputPath": ["input", *place]}


def test_what_is_wrong_with_an_agent_is_not_repeated_at_length(still_world: World) -> None:
    endless = "x" * 1_000_000
    graphs: list[dict[str, Any]] = [
        {"agentActions": actions({"rag": [endless]})},
        {"agentActions": actions({"rag": [endless, endless]})},
        {"agentActions": actions({endless: []}) * 2},
        {"subtaskQueries": queries(endless)},
    ]

    for graph in graphs:
        given = {"coordinationUuid": still_world.coordination, "taskName": "A", **graph}
        (told,) = ask(CREATE, {"input": given})["errors"]

        assert told["extensions"]["code"] == BAD
        assert len(told["message"]) < 500


@pytest.mark.parametrize(
    ("graph", "circle"),
    [
        ({"rag": ["rag"]}, "rag -> rag"),
        ({"rag": ["zh"], "zh": ["rag"]}, "rag -> zh -> rag"),
        ({"zh": ["rag"], "rag": ["zh"]}, "zh -> rag -> zh"),
    ],
)
def test_agents_that_wait_for_each_other_are_shown(
    still_world: World, graph: Graph, circle: str
) -> None:
    told = refused_twice(still_world, agentActions=actions(graph))
    key = still_world.key("coordination")
    given = {**key, "taskName": "A", "agentActions": actions(graph)}
    (error,) = ask(CREATE, {"input": given})["errors"]

    assert told == {"code": BAD, "inputPath": ["input", "agentActions"]}
    assert error["message"] == f"These agents wait for each other: {circle}"
