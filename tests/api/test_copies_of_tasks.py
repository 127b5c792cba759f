"""Agents in whose place a copy of another task is run."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from ai_coordination.engine.session import start as starting
from tests.api.execution import after, agents, bedrock_model, echo, session, start, work_off
from tests.api.growing import ONCE, by_parent, rows, stored_session
from tests.support.graph_api import (
    Place,
    ask,
    change,
    data,
    mutation,
    new_coordination,
    new_task,
)

pytestmark = pytest.mark.usefixtures("worked_queue")

QUERIES = [{"agentUuid": "d", "subtaskQuery": "{x}!"}]
MEMBERS = [echo(name) for name in "abcdef"]


class Tasks:
    """A coordination, and its tasks by name."""

    def __init__(self, members: Sequence[Mapping[str, Any]] = MEMBERS) -> None:
        self.coordination = new_coordination(agents=list(members))

    def new(self, *actions: Mapping[str, Any], **more: Any) -> str:
        return new_task(self.coordination, agentActions=list(actions), **more)

    def start(self, task: str, **more: Any) -> Place:
        key = {"coordinationUuid": self.coordination, "taskUuid": task}
        place = start(key, **more)
        work_off()
        return place


def test_a_copy_runs_before_the_agent_which_is_told_what_its_last_agents_said() -> None:
    tasks = Tasks()
    inner = tasks.new(after("d"), after("e", "d"), after("f", "d"), subtaskQueries=QUERIES)
    outer = tasks.new(after("b", taskUuid=inner), after("c", "b"))
    place = tasks.start(outer, taskQuery='{"x": "hello"}')

    added = by_parent(place)["b"]
    assert [(one.agent_uuid, one.ordinal, one.round) for one in added] == [
        ("d", 2, 1),
        ("e", 3, 1),
        ("f", 4, 1),
    ]
    assert [one.subtask_query for one in added] == ["hello!", '{"x": "hello"}', '{"x": "hello"}']
    parent = rows(place)[0]
    assert [(growth.base, growth.size, growth.step) for growth in parent.grew] == [(2, 3, 3)]
    assert parent.grew[0].sink_ordinals() == {3, 4}
    sections = parent.agent_input.split("] Agent ")
    assert [section.split("\n")[0] for section in sections[1:]] == ["E", "F"]
    assert session(place)["status"] == "COMPLETED"
    assert stored_session(place).graph_size == 5


def test_each_element_is_the_task_query_of_a_copy() -> None:
    tasks = Tasks()
    inner = tasks.new(after("d"), after("e", "d"), subtaskQueries=QUERIES)
    outer = tasks.new(
        after("a"),
        after("b", "a", taskUuid=inner, forEach={"items": "outputs.a", "maxConcurrency": 1}),
        subtaskQueries=[{"agentUuid": "a", "subtaskQuery": '[{"x": 1}, {"x": 2}, {"x": 3}]'}],
    )
    place = tasks.start(outer)

    added = by_parent(place)["b"]
    assert [(one.agent_uuid, one.subtask_query, one.item_index) for one in added] == [
        ("d", "1!", 0),
        ("e", '{"x": 1}', 0),
        ("d", "2!", 1),
        ("e", '{"x": 2}', 1),
        ("d", "3!", 2),
        ("e", '{"x": 3}', 2),
    ]
    assert [one.order_predecessors for one in added] == [None, None, {3}, None, {5}, None]
    assert [one.order_successors for one in added] == [None, {4}, None, {6}, None, None]
    assert session(place)["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("items", "ends", "output"),
    [
        ('["x", "y"]', ["d"], ["x", "y"]),
        ('["x"]', ["d"], ["x"]),
        ("[]", ["d"], []),
        ('["x", "y"]', ["d", "f"], [{"d": "x", "f": "x"}, {"d": "y", "f": "y"}]),
        ('["x"]', ["d", "failing"], [{"d": "x", "failing": None}]),
    ],
)
def test_an_agent_that_passes_on_gives_a_list_with_what_each_copy_said(
    items: str, ends: list[str], output: list[Any]
) -> None:
    passing = {"agentUuid": "b", "agentName": "B", "runtime": {"kind": "PASS"}}
    tasks = Tasks([echo("a"), passing, echo("d"), echo("f"), echo("failing", fail="no")])
    inner = tasks.new(*(after(name, onFailure="CONTINUE", retry=ONCE) for name in ends))
    outer = tasks.new(
        after("a"),
        after("b", "a", taskUuid=inner, forEach={"items": "outputs.a"}),
        subtaskQueries=[{"agentUuid": "a", "subtaskQuery": items}],
    )
    place = tasks.start(outer)

    assert json.loads(agents(place)["b"]["agentOutput"]) == output


def test_a_copy_is_repeated_and_its_first_agent_continues_the_thread_of_the_last_round() -> None:
    tasks = Tasks()
    inner = tasks.new(after("d"), after("e", "d"))
    repeat = {"until": "length(previous) == `1`", "maxRounds": 4}
    outer = tasks.new(after("b", taskUuid=inner, repeat=repeat))
    place = tasks.start(outer, taskQuery="Go")

    added = by_parent(place)["b"]
    assert [(one.agent_uuid, one.round) for one in added] == [
        ("d", 1),
        ("e", 1),
        ("d", 2),
        ("e", 2),
    ]
    assert len({one.thread_uuid for one in added}) == 1
    assert added[0].subtask_query == "Go"
    assert "] Agent E\n" in added[2].subtask_query
    assert session(place)["status"] == "COMPLETED"


def test_tasks_are_run_within_tasks_and_see_the_task_query_of_their_own_copy() -> None:
    tasks = Tasks()
    innermost = tasks.new(after("f", when="taskQuery == 'inner'", input="taskQuery"))
    each = {"items": "[taskQuery]"}
    inner = tasks.new(
        after("d", input="'inner'", taskUuid=innermost),
        after("e", forEach=each),
        subtaskQueries=[{"agentUuid": "e", "subtaskQuery": "{y} {item}"}],
    )
    outer = tasks.new(after("b", input="{y: 'why'}", taskUuid=inner))
    place = tasks.start(outer, taskQuery='{"x": 1}')

    below = by_parent(place)
    [f] = below["d"]
    assert (f.state, f.agent_output, f.depth) == ("completed", "inner", 2)
    assert [one.subtask_query for one in below["e"]] == ['why {"y": "why"}']
    assert session(place)["status"] == "COMPLETED"


def test_what_runs_is_as_it_was_when_the_session_started() -> None:
    tasks = Tasks([*MEMBERS[:1], {**echo("b"), "runtime": {"kind": "EXTERNAL"}}, *MEMBERS[2:]])
    inner = tasks.new(after("d"))
    outer = tasks.new(after("b"), after("c", "b", taskUuid=inner))
    place = tasks.start(outer, taskQuery="Go")
    change("deleteTask", {"coordinationUuid": tasks.coordination, "taskUuid": inner}, "deletedId")
    members = [member for member in MEMBERS if member["agentUuid"] != "d"]
    change(
        "updateCoordination",
        {"coordinationUuid": tasks.coordination, "expectedVersion": 1, "agents": members},
        "coordination { version }",
    )
    [b] = [one for one in rows(place) if one.agent_uuid == "b"]
    key = {
        "sessionUuid": place.session,
        "sessionAgentUuid": b.session_agent_uuid,
        "runUuid": b.current_run_uuid,
    }
    change("completeSessionAgent", {**key, "agentOutput": "Done"}, "sessionAgent { state }")
    work_off()

    assert [one.agent_uuid for one in by_parent(place)["c"]] == ["d"]
    assert session(place)["status"] == "COMPLETED"
    given = {"coordinationUuid": tasks.coordination, "taskUuid": outer}
    assert _refused(given) == f"The coordination has no task {inner}"


def _refused(given: Mapping[str, Any]) -> str:
    """The message of a start that must be refused because of its task."""
    document = mutation("startSession", "StartSessionInput", "__typename")
    [found] = ask(document, {"input": given})["errors"]
    assert found["extensions"]["code"] == "BAD_USER_INPUT"
    assert found["extensions"]["inputPath"] == ["input", "taskUuid"]
    return str(found["message"])


def test_a_start_checks_all_tasks_and_members_that_it_may_add() -> None:
    tasks = Tasks()
    inner = tasks.new(after("d"), after("e", "d"), subtaskQueries=QUERIES)
    outer = tasks.new(after("b", taskUuid=inner), after("c", delegatesTo=["f"]))

    def refused(**more: Any) -> str:
        key = {"coordinationUuid": tasks.coordination, "taskUuid": outer}
        return _refused({**key, **more})

    def keep(names: str) -> None:
        version = data(
            "query ($c: ID!) { coordination(coordinationUuid: $c) { version } }",
            {"c": tasks.coordination},
        )["coordination"]["version"]
        members = [echo(name) for name in names]
        key = {"coordinationUuid": tasks.coordination, "expectedVersion": version}
        change("updateCoordination", {**key, "agents": members}, "coordination { version }")

    assert refused(taskQuery='{"y": 1}') == (
        "The task that 'B' runs: The task query has no member 'x'"
    )
    keep("abcde")
    assert refused(taskQuery='{"x": 1}') == ("The coordination no longer has 'f': update the task")
    keep("abcdf")
    assert "which is run as a sub-task: The coordination no longer has 'e'" in refused()
    assert not data(
        "query ($c: ID!) { sessions(coordinationUuid: $c) { nodes { sessionUuid } } }",
        {"c": tasks.coordination},
    )["sessions"]["nodes"]


def test_failures_inside_a_copy_are_counted_once_and_end_that_copy_alone() -> None:
    members = [*MEMBERS[:3], echo("d", fail="No"), *MEMBERS[4:]]
    tasks = Tasks(members)
    inner = tasks.new(after("d", retry=ONCE), after("e", "d"), after("f"))

    def run(tolerated: int) -> Place:
        each = {"items": "outputs.a", "toleratedFailures": tolerated}
        outer = tasks.new(
            after("a"),
            after("b", "a", taskUuid=inner, forEach=each),
            subtaskQueries=[{"agentUuid": "a", "subtaskQuery": '["x", "y"]'}],
        )
        return tasks.start(outer)

    place, failed = run(2), run(1)

    assert session(place)["status"] == "COMPLETED"
    assert [one.state for one in by_parent(place)["b"]] == 2 * ["failed", "skipped", "completed"]
    assert session(failed)["status"] == "FAILED"
    assert agents(failed)["a"]["state"] == "COMPLETED"
    assert rows(failed)[1].notes == "2 of 2 elements have failed, and 1 may: see `children`"


def test_a_failure_in_a_task_within_a_copy_is_a_failure_of_that_copy() -> None:
    members = [*MEMBERS[:3], echo("d", fail="No"), *MEMBERS[4:]]
    tasks = Tasks(members)
    innermost = tasks.new(after("d", retry=ONCE), after("f", "d"))
    inner = tasks.new(after("e", taskUuid=innermost))

    def run(tolerated: int) -> Place:
        each = {"items": "outputs.a", "toleratedFailures": tolerated}
        outer = tasks.new(
            after("a"),
            after("b", "a", taskUuid=inner, forEach=each),
            subtaskQueries=[{"agentUuid": "a", "subtaskQuery": '["x", "y"]'}],
        )
        return tasks.start(outer)

    place, failed = run(2), run(1)

    assert session(place)["status"] == "COMPLETED"
    copies = by_parent(place)["b"]
    assert [(one.state, one.notes) for one in copies] == 2 * [
        ("failed", "D has failed in the sub-task")
    ]
    assert [one.state for one in by_parent(place)["e"]] == 2 * ["failed", "skipped"]
    assert rows(failed)[1].notes == "2 of 2 elements have failed, and 1 may: see `children`"


def test_a_session_that_is_started_in_chunks_grows_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(starting, "MOST_AT_ONCE", 0)
    monkeypatch.setattr(starting, "CHUNK", 1)
    tasks = Tasks()
    inner = tasks.new(after("d"), after("e", "d"))
    place = tasks.start(tasks.new(after("a"), after("b", "a", taskUuid=inner)), taskQuery="Go")

    now = stored_session(place)
    assert (now.status, now.agent_count, now.graph_size, now.next_ordinal) == ("completed", 4, 4, 4)
    assert [one.ordinal for one in by_parent(place)["b"]] == [2, 3]


@pytest.mark.usefixtures("kinds_turned_on")
def test_a_budget_is_checked_for_all_members_that_may_be_added() -> None:
    tasks = Tasks([echo("a"), echo("b"), bedrock_model("d"), bedrock_model("e", maxTokens=9)])
    inner = tasks.new(after("d"))
    outer = tasks.new(after("a", taskUuid=inner))
    delegating = tasks.new(after("b", delegatesTo=["d"]))
    limited = tasks.new(after("b", delegatesTo=["e"]))

    for task in (outer, delegating):
        key = {"coordinationUuid": tasks.coordination, "taskUuid": task}
        document = mutation("startSession", "StartSessionInput", "__typename")
        [found] = ask(document, {"input": {**key, "budget": {"tokens": 1000}}})["errors"]
        assert "'D' needs the parameter maxTokens: the session has a budget" in found["message"]
    assert tasks.start(limited, taskQuery="Go", budget={"tokens": 1000})
