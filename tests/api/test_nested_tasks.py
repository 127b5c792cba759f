"""Tasks that run other tasks: which they may run, and what is refused when one is written."""

from typing import Any

import pytest

from ai_coordination.models import reads
from ai_coordination.services import nested_tasks
from tests.support.graph_api import (
    NOBODY,
    RIVAL,
    ask,
    change,
    data,
    mutation,
    new_coordination,
    new_task,
)
from tests.support.stored import refused

pytestmark = pytest.mark.usefixtures("tables")

ACTIONS = """query ($c: ID!, $t: ID!) { task(coordinationUuid: $c, taskUuid: $t) {
    agentActions { taskUuid }
} }"""
UPDATE = mutation("updateTask", "UpdateTaskInput", "__typename")


MEMBERS = [
    {"agentUuid": uuid, "agentName": uuid, "runtime": {"kind": "ECHO"}}
    for uuid in ("rag", "zh", "en")
]


@pytest.fixture
def coordination() -> str:
    return new_coordination(agents=MEMBERS)


def runs(*tasks: str) -> list[dict[str, Any]]:
    """Actions of which each runs a task, but for the first one, which runs none."""
    members = ("zh", "en")[: len(tasks)]
    pairs = zip(members, tasks, strict=True)
    return [{"agentUuid": "rag"}, *({"agentUuid": uuid, "taskUuid": task} for uuid, task in pairs)]


def task_that_runs(coordination: str, name: str, *tasks: str) -> str:
    return new_task(coordination, taskName=name, agentActions=runs(*tasks))


def message(coordination: str, task: str, *tasks: str) -> str:
    given = {"coordinationUuid": coordination, "taskUuid": task, "agentActions": runs(*tasks)}
    (error,) = ask(UPDATE, {"input": given})["errors"]
    return str(error["message"])


def test_a_task_may_run_another_one_of_its_coordination(coordination: str) -> None:
    inner = task_that_runs(coordination, "inner")
    outer = task_that_runs(coordination, "outer", inner.upper())

    read = data(ACTIONS, {"c": coordination, "t": outer})["task"]["agentActions"]
    assert read == [{"taskUuid": None}, {"taskUuid": inner}]


def test_a_task_that_does_not_exist_here_is_not_run(coordination: str) -> None:
    elsewhere = new_task(new_coordination())
    of_a_rival = new_task(new_coordination(RIVAL), RIVAL)
    task = new_task(coordination)

    for uuid in (NOBODY, elsewhere, of_a_rival):
        given = {"coordinationUuid": coordination, "agentActions": runs(uuid)}
        created = refused("createTask", {**given, "taskName": "A"})
        updated = refused("updateTask", {**given, "taskUuid": task})

        place = ["input", "agentActions", 1, "taskUuid"]
        assert created == updated == {"code": "BAD_USER_INPUT", "inputPath": place}


def test_a_task_does_not_contain_itself_and_the_circle_is_shown(coordination: str) -> None:
    a = task_that_runs(coordination, "a")
    b = task_that_runs(coordination, "b", a)
    c = task_that_runs(coordination, "c", b)
    other = task_that_runs(coordination, "other")

    assert message(coordination, a, a) == "These tasks contain each other: a -> a"
    assert message(coordination, a, b) == "These tasks contain each other: a -> b -> a"
    shown = "These tasks contain each other: a -> c -> b -> a"
    assert message(coordination, a, other, c) == shown
    key = {"coordinationUuid": coordination, "taskUuid": a}
    assert refused("updateTask", {**key, "agentActions": runs(other, c)}) == {
        "code": "BAD_USER_INPUT",
        "inputPath": ["input", "agentActions", 2, "taskUuid"],
    }


def test_a_task_above_a_circle_is_refused_too(
    coordination: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    a = task_that_runs(coordination, "a")
    b = task_that_runs(coordination, "b", a)
    # Two tasks that are changed at the same time can contain each other.
    with monkeypatch.context() as unchecked:
        unchecked.setattr(nested_tasks, "read", lambda context, task: {})
        given = {"coordinationUuid": coordination, "taskUuid": a, "agentActions": runs(b)}
        change("updateTask", given, "task { version }")
    given = {"coordinationUuid": coordination, "taskName": "c", "agentActions": runs(b)}

    told = refused("createTask", given)

    place = ["input", "agentActions", 1, "taskUuid"]
    assert told == {"code": "BAD_USER_INPUT", "inputPath": place}
    c = task_that_runs(coordination, "c")
    circles = {f"These tasks contain each other: {way}" for way in ("a -> b -> a", "b -> a -> b")}
    assert message(coordination, c, b) in circles


def test_tasks_are_nested_five_deep_at_most(coordination: str) -> None:
    line = [task_that_runs(coordination, "5")]
    for name in "43210":
        line.append(task_that_runs(coordination, name, line[-1]))
    given = {"coordinationUuid": coordination, "agentActions": runs(line[-1])}
    top = new_task(coordination)

    created = refused("createTask", {**given, "taskName": "top"})
    updated = refused("updateTask", {**given, "taskUuid": top})

    place = ["input", "agentActions", 1, "taskUuid"]
    assert created == updated == {"code": "BAD_USER_INPUT", "inputPath": place}
    shown = "Tasks are nested more than 5 deep: Translate -> 0 -> 1 -> 2 -> 3 -> 4 -> 5"
    assert message(coordination, top, line[-1]) == shown


def test_the_longest_way_down_counts(coordination: str) -> None:
    bottom = task_that_runs(coordination, "bottom")
    line = [bottom]
    for number in range(5):
        line.append(task_that_runs(coordination, str(number), line[-1], bottom))
    given = {"coordinationUuid": coordination, "taskName": "top"}

    told = refused("createTask", {**given, "agentActions": runs(bottom, line[-1])})

    place = ["input", "agentActions", 2, "taskUuid"]
    assert told == {"code": "BAD_USER_INPUT", "inputPath": place}


def test_a_task_runs_a_hundred_others_at_most() -> None:
    uuids = [f"a{number}" for number in range(101)]
    agents = [{"agentUuid": uuid, "agentName": uuid, "runtime": {"kind": "ECHO"}} for uuid in uuids]
    coordination = new_coordination(agents=agents)
    tasks = [new_task(coordination) for _ in uuids]
    actions = [
        {"agentUuid": uuid, "taskUuid": task} for uuid, task in zip(uuids, tasks, strict=True)
    ]
    given = {"coordinationUuid": coordination, "taskName": "A"}

    told = refused("createTask", {**given, "agentActions": actions})
    new_task(coordination, agentActions=actions[:100])

    place = ["input", "agentActions", 100, "taskUuid"]
    assert told == {"code": "BAD_USER_INPUT", "inputPath": place}


def test_the_tasks_below_have_five_megabytes_together(coordination: str) -> None:
    large = "x" * 300_000
    tasks = [new_task(coordination, initialTaskQuery=large) for _ in range(17)]
    members = [
        {"agentUuid": f"a{number}", "agentName": "A", "runtime": {"kind": "ECHO"}}
        for number in range(17)
    ]
    given = {"coordinationUuid": coordination, "agents": members}
    change("updateCoordination", given, "coordination { version }")
    actions = [{"agentUuid": f"a{number}", "taskUuid": task} for number, task in enumerate(tasks)]
    key = {"coordinationUuid": coordination, "taskName": "A"}

    told = refused("createTask", {**key, "agentActions": actions})
    new_task(coordination, agentActions=actions[:16])

    place = ["input", "agentActions", 16, "taskUuid"]
    assert told == {"code": "BAD_USER_INPUT", "inputPath": place}


def test_tasks_below_are_read_together_and_none_if_there_are_none(
    coordination: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = task_that_runs(coordination, "inner", task_that_runs(coordination, "innermost"))
    reads_of_tasks: list[int] = []
    batch_get = reads.batch_get

    def counted(keys: Any, **more: Any) -> list[Any]:
        reads_of_tasks.append(len(keys))
        return batch_get(keys, **more)

    monkeypatch.setattr(reads, "batch_get", counted)
    task_that_runs(coordination, "none")
    assert reads_of_tasks == []
    task_that_runs(coordination, "outer", inner)
    assert reads_of_tasks == [1, 1]


def test_a_task_that_others_run_may_be_deleted(coordination: str) -> None:
    inner = task_that_runs(coordination, "inner")
    outer = task_that_runs(coordination, "outer", inner)
    key = {"coordinationUuid": coordination, "taskUuid": outer}

    change("deleteTask", {**key, "taskUuid": inner}, "deletedId")

    change("updateTask", {**key, "taskName": "Renamed"}, "task { version }")
    told = refused("updateTask", {**key, "subtaskQueries": []})
    place = ["input", "agentActions", 1, "taskUuid"]
    assert told == {"code": "BAD_USER_INPUT", "inputPath": place}
