"""Rows of indexes lack large attributes, which are read only where requested."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.models import reads
from tests.support.graph_api import (
    ask,
    change,
    data,
    new_coordination,
    new_run,
    new_session,
    new_task,
)
from tests.support.recording import recorded_calls
from tests.support.stored import put_state
from tests.support.world import World

SMALL = """
    id coordinationUuid sessionUuid partitionKey taskUuid scheduleUuid userId status
    iterationCount version updatedBy createdAt updatedAt startedAt finishedAt
"""
LARGE = """
    taskQuery
    inputFiles { name uri mediaType }
    subtaskQueries { agentUuid subtaskQuery sessionAgentUuid }
    logs { at level message sessionAgentUuid runUuid }
"""
ONE = f"""query ($c: ID!, $s: ID!) {{
    session(coordinationUuid: $c, sessionUuid: $s) {{ {SMALL} {LARGE} }}
}}"""
RUN = """
    id sessionUuid runUuid partitionKey threadUuid agentUuid coordinationUuid asyncTaskUuid
    sessionAgentUuid attempt outcome usage { inputTokens outputTokens }
    updatedBy createdAt finishedAt
"""
THREAD = f'{{ threadRuns(threadUuid: "t") {{ nodes {{ {RUN} }} }} }}'
LISTS = {
    "of the tenant": "sessions",
    "of a user": 'sessions(filter: {userId: "bob"})',
    "of a task": "sessions(filter: {taskUuid: $t})",
}
AT = "2026-11-22T14:27:00.000000+00:00"
WORK: dict[str, Any] = {
    "userId": "bob",
    "taskQuery": "Translate",
    "inputFiles": [{"name": "a", "uri": "s3://a/b", "mediaType": "text/plain"}],
    "subtaskQueries": [{"agentUuid": "rag", "subtaskQuery": "Find"}],
}


def listed(way: str, task: str, selection: str) -> tuple[list[dict[str, Any]], list[str]]:
    """The rows of a list of sessions, and the calls that they took."""
    argument = "($t: ID!)" if "$t" in LISTS[way] else ""
    document = f"query {argument} {{ list: {LISTS[way]} {{ nodes {{ {selection} }} }} }}"
    with recorded_calls() as calls:
        rows = data(document, {"t": task})["list"]["nodes"]
    return rows, [call.operation for call in calls]


def running_sessions() -> tuple[str, list[str]]:
    """A task, and two of its sessions, newest first, with something in every field."""
    coordination = new_coordination()
    task = new_task(coordination)
    sessions = [new_session(coordination, taskUuid=task, **WORK) for _ in range(2)]
    stands = {"status": "in_progress", "awaiting_input": {1}, "iteration_count": 2, "version": 3}
    for session in sessions:
        put_state(models.Session, coordination, session, schedule_uuid=task, **stands)
        log = {"at": AT, "level": "warning", "message": f"Late: {session}"}
        put_state(models.Session, coordination, session, logs=[log], started_at=AT, finished_at=AT)
    return task, sessions[::-1]


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("way", LISTS)
def test_the_small_fields_of_sessions_come_from_the_index_alone(way: str) -> None:
    task, sessions = running_sessions()

    rows, operations = listed(way, task, SMALL)

    assert operations == ["Query"]
    assert [row["sessionUuid"] for row in rows] == sessions
    for row in rows:
        whole = data(ONE, {"c": row["coordinationUuid"], "s": row["sessionUuid"]})["session"]
        assert row.items() <= whole.items()
        assert None not in row.values()


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize("way", LISTS)
def test_the_large_fields_of_all_rows_are_one_batched_read(way: str) -> None:
    task, sessions = running_sessions()

    rows, operations = listed(way, task, f"{LARGE} coordination {{ coordinationName }}")

    assert operations == ["Query", "BatchGetItem"]
    where = {"sessionAgentUuid": None, "runUuid": None}
    assert rows == [
        {
            "taskQuery": "Translate",
            "inputFiles": WORK["inputFiles"],
            "subtaskQueries": [{**WORK["subtaskQueries"][0], "sessionAgentUuid": None}],
            "logs": [{"at": AT, "level": "WARNING", "message": f"Late: {session}", **where}],
            "coordination": {"coordinationName": "Offers"},
        }
        for session in sessions
    ]


def test_how_many_agents_a_session_has_is_no_part_of_an_index(world: World) -> None:
    new_session(world.coordination)

    rows = data("{ sessions { nodes { sessionAgents(first: 1) { totalCount } } } }")["sessions"]

    assert [row["sessionAgents"]["totalCount"] for row in rows["nodes"]] == [0, 1]


def test_the_sessions_of_a_coordination_are_whole_as_they_are_listed(world: World) -> None:
    document = f"""query ($c: ID!) {{
        sessions(coordinationUuid: $c) {{ nodes {{ taskQuery inputFiles {{ name }} }} }}
        coordination(coordinationUuid: $c) {{ sessions {{ nodes {{ {SMALL} taskQuery }} }} }}
    }}"""

    with recorded_calls() as calls:
        data(document, {"c": world.coordination})

    assert sorted(call.operation for call in calls) == ["GetItem", "Query", "Query"]


def test_a_thread_s_runs_are_one_batched_read_after_the_index(world: World) -> None:
    given: dict[str, Any] = {
        "sessionAgentUuid": world.agent,
        "asyncTaskUuid": "task-1",
        "outcome": "FAILED",
    }
    usage = {"inputTokens": 1, "outputTokens": 2}
    run = new_run(world.coordination, world.session, **given, usage=usage, threadUuid="t")
    put_state(models.SessionRun, world.session, run, attempt=2)

    with recorded_calls() as calls:
        (row,) = data(THREAD)["threadRuns"]["nodes"]

    assert [call.operation for call in calls] == ["Query", "BatchGetItem"]
    one = f"query ($s: ID!, $r: ID!) {{ sessionRun(sessionUuid: $s, runUuid: $r) {{ {RUN} }} }}"
    assert row == data(one, {"s": world.session, "r": run})["sessionRun"]
    assert None not in row.values()


def test_the_notes_of_a_thread_s_runs_are_one_batched_read(world: World) -> None:
    for note in ("first", None, "third"):
        new_run(world.coordination, world.session, threadUuid="t", notes=note)

    with recorded_calls() as calls:
        rows = data('{ threadRuns(threadUuid: "t") { nodes { notes attempt } } }')["threadRuns"]

    assert [call.operation for call in calls] == ["Query", "BatchGetItem"]
    assert [row["notes"] for row in rows["nodes"]] == ["first", None, "third"]


Read = Callable[..., list[Any]]


def after(read: Read, happens: Callable[[], Any]) -> Read:
    """The batched read, with something that happens between it and the query of the index."""

    def later(keys: Sequence[reads.Key], **how: Any) -> list[Any]:
        happens()
        return read(keys, **how)

    return later


def test_a_row_that_is_deleted_between_index_and_table_is_not_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = {"coordinationUuid": world.coordination, "sessionUuid": new_session(world.coordination)}
    delete = after(reads.batch_get, lambda: change("deleteSession", gone, "deletedId"))
    monkeypatch.setattr(reads, "batch_get", delete)

    told = ask("{ sessions { nodes { sessionUuid taskQuery } } }")

    assert told["data"]["sessions"]["nodes"] == [
        {"sessionUuid": gone["sessionUuid"], "taskQuery": None},
        {"sessionUuid": world.session, "taskQuery": None},
    ]
    (error,) = told["errors"]
    assert error["path"] == ["sessions", "nodes", 0, "taskQuery"]
    assert error["extensions"] == {"code": "NOT_FOUND", "requestId": "request-1"}


def test_what_changed_between_index_and_table_is_read_as_it_is_now(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"coordinationUuid": world.coordination, "sessionUuid": world.session}
    update = {**given, "taskQuery": "Now"}
    later = after(reads.batch_get, lambda: change("updateSession", update, "__typename"))
    monkeypatch.setattr(reads, "batch_get", later)

    rows = data("{ sessions { nodes { taskQuery } } }")["sessions"]["nodes"]

    assert rows == [{"taskQuery": "Now"}]
