"""Children are counted in items of their own, so a start costs the same for every blueprint."""

import pytest

from ai_coordination import models
from benchmarks.units import kept
from tests.api.execution import after, blueprint, echo, start
from tests.support.graph_api import (
    CALLER,
    change,
    data,
    new_coordination,
    new_session,
    new_task,
    refusal,
)
from tests.support.stored import as_of_0_1_0, everything_stored, refused, stored

pytestmark = pytest.mark.usefixtures("worked_queue")

TOTALS = """query ($c: ID!) {
    coordination(coordinationUuid: $c) { tasks { totalCount } sessions { totalCount } }
    tasks(coordinationUuid: $c) { totalCount }
    sessions(coordinationUuid: $c) { totalCount }
}"""


def units_of_a_start(members: int, description: str = "") -> dict[str, int]:
    """The write units of each table, of a session of one agent."""
    others = [{**echo(f"b{n}"), "agentDescription": description} for n in range(members - 1)]
    key = blueprint([echo("a"), *others], [after("a")], taskDescription=description)
    with kept() as ledger:
        start(key, taskQuery="Go")
    units: dict[str, int] = {}
    for write in ledger.writes:
        units[write.name] = units.get(write.name, 0) + write.total
    return units


def test_a_start_costs_the_same_for_3_members_and_for_50_of_a_kilobyte() -> None:
    small, large = units_of_a_start(3), units_of_a_start(50, "x" * 1_000)

    assert small == large
    assert (small["child_counts"], "coordinations" in small, "tasks" in small) == (4, False, False)


def totals(coordination: str) -> list[int]:
    told = data(TOTALS, {"c": coordination})
    inside = told["coordination"]
    lists = [inside["tasks"], told["tasks"], inside["sessions"], told["sessions"]]
    return [one["totalCount"] for one in lists]


def test_a_coordination_of_0_1_0_is_counted_on() -> None:
    coordination = new_coordination()
    tasks = [new_task(coordination) for _ in range(2)]
    sessions = [new_session(coordination) for _ in range(3)]
    as_of_0_1_0(coordination, tasks[0])
    before = totals(coordination)

    new_session(coordination, taskUuid=tasks[0])
    change("deleteTask", {"coordinationUuid": coordination, "taskUuid": tasks[1]}, "deletedId")

    left = stored(models.Coordination, CALLER.partition_key, coordination)
    beside = stored(models.ChildCounts, coordination, "tenant")
    assert before == [2, 2, 3, 3]
    assert totals(coordination) == [1, 1, 4, 4]
    assert not {"task_count", "session_count"} & left.attribute_values.keys()
    assert (beside.task_count, beside.session_count) == (1, 4)
    assert len(sessions) == 3


def test_a_coordination_of_0_1_0_with_children_is_not_deleted_and_says_how_many() -> None:
    coordination = new_coordination()
    task = new_task(coordination)
    as_of_0_1_0(coordination, task)
    key = {"coordinationUuid": coordination}

    told = refusal("deleteCoordination", key)

    assert told == {"code": "HAS_CHILDREN", "children": {"tasks": 1}}
    change("deleteTask", {**key, "taskUuid": task}, "deletedId")
    change("deleteCoordination", key, "deletedId")
    assert everything_stored()["ai-coordination-child_counts"] == []


def test_a_coordination_of_0_1_0_without_children_is_deleted_with_nothing_left() -> None:
    coordination = new_coordination()
    as_of_0_1_0(coordination)

    change("deleteCoordination", {"coordinationUuid": coordination}, "deletedId")

    assert not any(everything_stored().values())


def test_what_is_beside_a_parent_goes_with_it() -> None:
    coordination = new_coordination()
    key = {"coordinationUuid": coordination}
    task = {**key, "taskUuid": new_task(coordination)}
    assert refused("deleteCoordination", key)["children"] == {"tasks": 1}

    change("deleteTask", task, "deletedId")
    change("deleteCoordination", key, "deletedId")

    assert not any(everything_stored().values())
