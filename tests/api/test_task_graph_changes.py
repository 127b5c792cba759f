"""The graph of a task: drawn, and checked as a whole when a part of it changes."""

from itertools import pairwise
from typing import Any

import pytest

from ai_coordination.models import reads
from tests.api.entities import ACTIONS
from tests.support.graph_api import change, data, new_coordination, new_task
from tests.support.stored import refused

pytestmark = pytest.mark.usefixtures("tables")

GRAPH = """query ($c: ID!, $t: ID!) { task(coordinationUuid: $c, taskUuid: $t) {
    version subtaskQueries { agentUuid } agentActions { agentUuid predecessors }
} }"""
MERMAID = "query ($c: ID!, $t: ID!) { task(coordinationUuid: $c, taskUuid: $t) { mermaid } }"
QUERY = {"agentUuid": "rag", "subtaskQuery": "Find it"}
ZH_AFTER_RAG = {"agentUuid": "zh", "predecessors": ["rag"]}


def members(*uuids: str) -> list[dict[str, Any]]:
    return [{"agentUuid": uuid, "agentName": uuid, "runtime": {"kind": "ECHO"}} for uuid in uuids]


def read(coordination: str, task: str) -> dict[str, Any]:
    return dict(data(GRAPH, {"c": coordination, "t": task})["task"])


def test_hundreds_of_agents_may_wait_in_a_line_but_not_in_a_circle() -> None:
    uuids = [f"a{number}" for number in range(300)]
    coordination = new_coordination(agents=members(*uuids))
    line: list[dict[str, Any]] = [
        {"agentUuid": uuid, "predecessors": [before]} for before, uuid in pairwise(uuids)
    ]
    given = {"coordinationUuid": coordination, "taskName": "A"}

    told = refused(
        "createTask",
        {**given, "agentActions": [{"agentUuid": "a0", "predecessors": ["a299"]}, *line]},
    )
    task = new_task(coordination, agentActions=[{"agentUuid": "a0"}, *line])

    assert told == {"code": "BAD_USER_INPUT", "inputPath": ["input", "agentActions"]}
    assert [one["agentUuid"] for one in read(coordination, task)["agentActions"]] == uuids


def test_an_agent_that_has_a_query_alone_may_be_waited_for() -> None:
    coordination = new_coordination(agents=members("rag", "zh"))

    task = new_task(coordination, subtaskQueries=[QUERY], agentActions=[ZH_AFTER_RAG])

    assert read(coordination, task) == {
        "version": 1,
        "subtaskQueries": [{"agentUuid": "rag"}],
        "agentActions": [ZH_AFTER_RAG],
    }


def test_an_agent_takes_part_if_another_one_waits_for_it() -> None:
    coordination = new_coordination(agents=members("idle", "rag", "zh"))

    task = new_task(coordination, agentActions=[ZH_AFTER_RAG])

    drawn = data(MERMAID, {"c": coordination, "t": task})["task"]["mermaid"]
    assert drawn.splitlines()[1:] == ['    n0["zh"]', '    n1["rag"]', "    n1 --> n0"]


@pytest.mark.parametrize("queries", [[], None])
def test_an_update_is_judged_with_what_it_leaves_as_it_was(queries: list[Any] | None) -> None:
    coordination = new_coordination(agents=members("rag", "zh"))
    task = new_task(coordination, subtaskQueries=[QUERY], agentActions=[ZH_AFTER_RAG])
    key = {"coordinationUuid": coordination, "taskUuid": task}
    without = {"coordinationUuid": coordination, "agents": members("zh")}
    change("updateCoordination", without, "coordination { version }")

    told = refused("updateTask", {**key, "subtaskQueries": queries})

    place = ["input", "agentActions", 0, "predecessors", 0]
    assert told == {"code": "BAD_USER_INPUT", "inputPath": place}


def test_an_update_may_replace_both_halves_of_a_graph_at_once() -> None:
    coordination = new_coordination(agents=members("rag", "zh"))
    task = new_task(coordination, subtaskQueries=[QUERY], agentActions=[ZH_AFTER_RAG])
    key = {"coordinationUuid": coordination, "taskUuid": task}
    rag_after_zh = {"agentUuid": "rag", "predecessors": ["zh"]}
    queries = [{"agentUuid": "zh", "subtaskQuery": "Find it"}]

    given = {**key, "subtaskQueries": queries, "agentActions": [rag_after_zh]}
    change("updateTask", given, "task { version }")

    assert read(coordination, task) == {
        "version": 2,
        "subtaskQueries": [{"agentUuid": "zh"}],
        "agentActions": [rag_after_zh],
    }


def test_a_member_may_leave_and_the_task_s_graph_then_has_to_be_mended() -> None:
    coordination = new_coordination(agents=members("rag", "zh"))
    task = new_task(coordination, agentActions=[{"agentUuid": "rag"}, ZH_AFTER_RAG])
    key = {"coordinationUuid": coordination, "taskUuid": task}
    without = {"coordinationUuid": coordination, "agents": members("zh")}
    change("updateCoordination", without, "coordination { version }")

    change("updateTask", {**key, "taskName": "Renamed"}, "task { version }")
    told = refused("updateTask", {**key, "subtaskQueries": []})
    mended = {**key, "agentActions": [{"agentUuid": "zh"}]}
    change("updateTask", mended, "task { version }")

    place = ["input", "agentActions", 0, "agentUuid"]
    assert told == {"code": "BAD_USER_INPUT", "inputPath": place}
    assert read(coordination, task)["version"] == 3


def test_a_graph_that_changes_while_it_is_judged_is_judged_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    coordination = new_coordination(agents=members("rag", "zh"))
    task = new_task(coordination, subtaskQueries=[QUERY])
    key = {"coordinationUuid": coordination, "taskUuid": task}
    batch_get = reads.batch_get
    rivals: list[dict[str, Any]] = [{"subtaskQueries": [QUERY] * 1_000}]

    def read_and_let_a_rival_in(*args: Any, **tenant: Any) -> list[Any]:
        found = batch_get(*args, **tenant)
        if rivals:
            change("updateTask", {**key, **rivals.pop()}, "task { version }")
        return found

    monkeypatch.setattr(reads, "batch_get", read_and_let_a_rival_in)
    given = {**key, "agentActions": [ZH_AFTER_RAG]}
    with pytest.raises(AssertionError, match="and this task has 1,001"):
        change("updateTask", given, "task { version }")

    after = read(coordination, task)
    assert (after["version"], len(after["subtaskQueries"])) == (2, 1_000)
    assert after["agentActions"] == []


# An update of more than a kilobyte reads the task once more, to measure it.
@pytest.mark.parametrize("query", ["Find it", "Find it " * 200], ids=["small", "large"])
def test_a_name_that_changes_while_a_graph_is_judged_is_kept(
    query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    coordination = new_coordination(agents=members("rag", "zh"))
    task = new_task(coordination)
    key = {"coordinationUuid": coordination, "taskUuid": task}
    batch_get, rivals = reads.batch_get, ["Third", "Second"]

    def read_and_let_a_rival_in(*args: Any, **tenant: Any) -> list[Any]:
        found = batch_get(*args, **tenant)
        if rivals:
            change("updateTask", {**key, "taskName": rivals.pop()}, "task { version }")
        return found

    monkeypatch.setattr(reads, "batch_get", read_and_let_a_rival_in)
    given = {**key, "subtaskQueries": [{**QUERY, "subtaskQuery": query}]}
    told = change("updateTask", given, "task { taskName version subtaskQueries { agentUuid } }")

    expected = {"taskName": "Third", "version": 4, "subtaskQueries": [{"agentUuid": "rag"}]}
    assert told["task"] == expected


def test_a_task_is_drawn_with_the_names_of_its_agents() -> None:
    names = {"rag": 'Find "it" <b>', "zh": "中文; end", "idle": "Idle"}
    agents = [
        {"agentUuid": uuid, "agentName": name, "runtime": {"kind": "ECHO"}}
        for uuid, name in names.items()
    ]
    coordination = new_coordination(agents=agents)
    with_actions = new_task(coordination, agentActions=ACTIONS)
    without_actions = new_task(coordination)

    drawn, all_members = (
        data(MERMAID, {"c": coordination, "t": task})["task"]["mermaid"].splitlines()[1:]
        for task in (with_actions, without_actions)
    )

    notes = (
        "if outputs#46;rag#46;found",
        "after 31536000 s",
        "for each of outputs#46;rag#44; 2 at a time",
        "delegates to Find #34;it#34; #60;b#62;",
    )
    rounds = "until outputs#46;rag#46;found#44; at most 100 rounds"
    assert drawn == [
        f'    n0{{{{"中文#59; end #40;approval#59; {"#59; ".join(notes)}#41;"}}}}',
        f'    n1{{{{"Find #34;it#34; #60;b#62; #40;input#59; {rounds}#41;"}}}}',
        "    n1 -.-> n0",
    ]
    assert all_members == [
        '    n0["Find #34;it#34; #60;b#62;"]',
        '    n1["中文#59; end"]',
        '    n2["Idle"]',
    ]
