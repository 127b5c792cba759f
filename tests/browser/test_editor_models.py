"""The rules of the editors, compared with those of the engine on random tasks."""

import random
from itertools import pairwise
from typing import Any

import pytest

from ai_coordination import graph
from tests.browser.conftest import Page
from tests.browser.served import Served

pytestmark = pytest.mark.browser

SEEDS = 300
GRAPHS = """async (tasks) => {
  const { circle, takingPart } = await import('/console/editor/task_graph.js');
  return tasks.map(({ draft, members, from, to }) =>
    ({ ...takingPart(draft, members), circle: circle(draft, from, to) }));
}"""
MERGES = """async (cases) => {
  const { merge } = await import('/console/editor/merge.js');
  return cases.map(([base, mine, theirs]) => merge(base, mine, theirs));
}"""


def random_task(seed: int) -> dict[str, Any]:
    """A task without a circle, and two agents to be connected."""
    chance = random.Random(seed)
    members = [f"a{index}" for index in range(chance.randint(2, 7))]
    actions = [
        {
            "agentUuid": uuid,
            "predecessors": [one for one in members[:index] if chance.random() < 0.3],
            "delegatesTo": [one for one in members if one != uuid and chance.random() < 0.2],
        }
        for index, uuid in enumerate(members)
        if chance.random() < 0.6
    ]
    queries = [{"agentUuid": one, "subtaskQuery": "q"} for one in members if chance.random() < 0.2]
    pair = chance.sample(members, 2)
    chance.shuffle(members)
    draft = {"agentActions": actions, "subtaskQueries": queries}
    return {"draft": draft, "members": members, "from": pair[0], "to": pair[1]}


def expected(task: dict[str, Any]) -> dict[str, Any]:
    draft, members = task["draft"], task["members"]
    befores = {one["agentUuid"]: one["predecessors"] for one in draft["agentActions"]}
    queried = [one["agentUuid"] for one in draft["subtaskQueries"]]
    delegates = {uuid for one in draft["agentActions"] for uuid in one["delegatesTo"]}
    placed = graph.taking_part(members, queried, graph.placed(befores, queried, delegates))
    others = [uuid for uuid in members if uuid in delegates and uuid not in placed]
    return {"placed": placed, "delegates": others}


def test_random_tasks_have_the_agents_and_circles_that_the_engine_finds(
    served: Served, page: Page
) -> None:
    page.goto(served.console("/blueprints"))
    tasks = [random_task(seed) for seed in range(SEEDS)]
    circles = 0
    for seed, (task, found) in enumerate(zip(tasks, page.evaluate(GRAPHS, tasks), strict=True)):
        circle = found.pop("circle")
        assert found == expected(task), seed
        befores = {one["agentUuid"]: one["predecessors"] for one in task["draft"]["agentActions"]}
        joined = {**befores, task["to"]: [*befores.get(task["to"], []), task["from"]]}
        assert (circle is None) == (graph.find_cycle(joined) is None), seed
        if circle is not None:
            circles += 1
            assert circle[0] == circle[-1] == task["to"], seed
            assert all(one in joined[after] for one, after in pairwise(circle))
    assert 20 < circles < SEEDS - 20


def draft(*rows: tuple[str, int, int], name: str = "N", queries: str = "") -> dict[str, Any]:
    """Rows with two settings each, and queries such as `ab`: one of `a`, one of `b`."""
    actions = [{"agentUuid": uuid, "x": x, "y": y} for uuid, x, y in rows]
    works = [{"agentUuid": uuid, "subtaskQuery": uuid} for uuid in queries]
    return {"taskName": name, "agentActions": actions, "subtaskQueries": works}


# What both began with, what I have made of it, what they have, both together, and the places that
# both have changed.
MERGED: list[tuple[Any, Any, Any, Any, list[list[str]]]] = [
    (draft(), draft(name="M"), draft(), draft(name="M"), []),
    (draft(), draft(), draft(name="T"), draft(name="T"), []),
    (draft(), draft(name="M"), draft(name="T"), draft(name="M"), [["taskName"]]),
    (draft(), draft(name="S"), draft(name="S"), draft(name="S"), []),
    # Two settings of one agent, and the same one.
    (draft(("a", 1, 1)), draft(("a", 2, 1)), draft(("a", 1, 3)), draft(("a", 2, 3)), []),
    (
        draft(("a", 1, 1)),
        draft(("a", 2, 1)),
        draft(("a", 3, 3)),
        draft(("a", 2, 3)),
        [["agentActions", "a", "x"]],
    ),
    # Added by both, removed by one, removed by one and changed by the other.
    (draft(), draft(("a", 1, 1)), draft(("b", 1, 1)), draft(("a", 1, 1), ("b", 1, 1)), []),
    (draft(("a", 1, 1), ("b", 1, 1)), draft(("b", 1, 1)), draft(("a", 1, 1)), draft(), []),
    (draft(("a", 1, 1)), draft(), draft(("a", 2, 1)), draft(), [["agentActions", "a"]]),
    (
        draft(("a", 1, 1)),
        draft(("a", 2, 1)),
        draft(),
        draft(("a", 2, 1)),
        [["agentActions", "a"]],
    ),
    # My order, with what they have added at its end.
    (
        draft(("a", 1, 1), ("b", 1, 1)),
        draft(("b", 1, 1), ("a", 1, 1)),
        draft(("c", 1, 1), ("a", 1, 1), ("b", 1, 1)),
        draft(("b", 1, 1), ("a", 1, 1), ("c", 1, 1)),
        [],
    ),
    # Queries, of which an agent may have several.
    (draft(queries="ab"), draft(queries="aab"), draft(queries="ab"), draft(queries="aab"), []),
    (
        draft(queries="ab"),
        draft(queries="aab"),
        draft(queries="abc"),
        draft(queries="aabc"),
        [],
    ),
    (
        draft(queries="a"),
        draft(queries="aa"),
        draft(queries=""),
        draft(queries="aa"),
        [["subtaskQueries", "a"]],
    ),
]


def test_changes_of_two_people_are_put_together(served: Served, page: Page) -> None:
    page.goto(served.console("/blueprints"))
    found = page.evaluate(MERGES, [case[:3] for case in MERGED])
    for case, one in zip(MERGED, found, strict=True):
        assert (one["merged"], [both["place"] for both in one["both"]]) == case[3:], case
