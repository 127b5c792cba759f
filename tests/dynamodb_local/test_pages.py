"""Pages as DynamoDB cuts them: at the limit, at a megabyte, and where a filter passes rows over."""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.caller import Caller
from ai_coordination.models import reads
from tests.dynamodb_local.tenants import new_tenant
from tests.dynamodb_local.wire import faults
from tests.support.graph_api import (
    change,
    data,
    new_agent,
    new_coordination,
    new_run,
    new_schedule,
    new_session,
    new_task,
)
from tests.support.stored import put_state

Rows = list[str]
ROWS = 6

COORDINATIONS = "coordinations(first: $first, after: $after)", "coordinationUuid"
TASKS = "tasks(coordinationUuid: $key, first: $first, after: $after)", "taskUuid"
SCHEDULES = "taskSchedules(first: $first, after: $after)", "scheduleUuid"
SESSIONS = "sessions(coordinationUuid: $key, first: $first, after: $after)", "sessionUuid"
OF_USER = 'sessions(first: $first, after: $after, filter: {userId: "bob"})', "sessionUuid"
OF_TASK = "sessions(first: $first, after: $after, filter: {taskUuid: $key})", "sessionUuid"
FAILED = (
    "sessions(coordinationUuid: $key, first: $first, after: $after, filter: {status: [FAILED]})",
    "sessionUuid",
)
AGENTS = "sessionAgents(sessionUuid: $key, first: $first, after: $after)", "sessionAgentUuid"
RUNS = 'threadRuns(threadUuid: "thread-1", first: $first, after: $after)', "runUuid"

List = tuple[str, str]


def _page(caller: Caller, of: List, key: str, first: int, after: str | None = None) -> Any:
    field, uuid = of
    declared = "$first: Int, $after: String" + (", $key: ID!" if "$key" in field else "")
    document = f"""query ({declared}) {{
      rows: {field} {{ nodes {{ {uuid} }} pageInfo {{ hasNextPage endCursor }} }}
    }}"""
    page = data(document, {"first": first, "after": after, "key": key}, caller)["rows"]
    return [node[uuid] for node in page["nodes"]], page["pageInfo"]


def _pages(caller: Caller, of: List, key: str, first: int) -> Iterator[Rows]:
    """All pages, one after the other."""
    after, more = None, True
    while more:
        rows, info = _page(caller, of, key, first, after)
        yield rows
        after, more = info["endCursor"], info["hasNextPage"]


def _coordinations(caller: Caller) -> tuple[str, Rows]:
    return "", [new_coordination(caller) for _ in range(ROWS)]


def _tasks(caller: Caller) -> tuple[str, Rows]:
    coordination = new_coordination(caller)
    return coordination, [new_task(coordination, caller) for _ in range(ROWS)]


def _schedules(caller: Caller) -> tuple[str, Rows]:
    coordination, tasks = _tasks(caller)
    return "", [new_schedule(coordination, task, caller) for task in tasks]


def _sessions(caller: Caller) -> tuple[str, Rows]:
    coordination = new_coordination(caller)
    return coordination, _newest_first(coordination, caller)


def _of_user(caller: Caller) -> tuple[str, Rows]:
    return "", _newest_first(new_coordination(caller), caller, userId="bob")


def _of_task(caller: Caller) -> tuple[str, Rows]:
    coordination = new_coordination(caller)
    task = new_task(coordination, caller)
    return task, _newest_first(coordination, caller, taskUuid=task)


def _newest_first(coordination: str, caller: Caller, **more: Any) -> Rows:
    return [new_session(coordination, caller, **more) for _ in range(ROWS)][::-1]


def _agents(caller: Caller) -> tuple[str, Rows]:
    coordination = new_coordination(caller)
    session = new_session(coordination, caller)
    return session, [new_agent(coordination, session, caller) for _ in range(ROWS)]


def _runs(caller: Caller) -> tuple[str, Rows]:
    coordination = new_coordination(caller)
    at = coordination, new_session(coordination, caller)
    return "", [new_run(*at, caller, threadUuid="thread-1") for _ in range(ROWS)]


LISTS: dict[str, tuple[List, Callable[[Caller], tuple[str, Rows]]]] = {
    "coordinations": (COORDINATIONS, _coordinations),
    "tasks": (TASKS, _tasks),
    "schedules of a tenant": (SCHEDULES, _schedules),
    "sessions": (SESSIONS, _sessions),
    "sessions of a user": (OF_USER, _of_user),
    "sessions of a task": (OF_TASK, _of_task),
    "agents": (AGENTS, _agents),
    "runs of a thread": (RUNS, _runs),
}


@pytest.fixture
def caller() -> Caller:
    return new_tenant()


@pytest.mark.parametrize("name", LISTS)
def test_pages_of_any_size_show_each_row_once_and_in_order(name: str, caller: Caller) -> None:
    of, make = LISTS[name]
    key, rows = make(caller)

    for first in range(1, ROWS + 2):
        pages = list(_pages(caller, of, key, first))

        assert pages == [rows[start : start + first] for start in range(0, ROWS, first)]


@pytest.mark.parametrize("name", LISTS)
def test_a_page_is_read_by_the_same_calls_whatever_its_size(name: str, caller: Caller) -> None:
    of, make = LISTS[name]
    key, _ = make(caller)

    for first in (ROWS - 1, ROWS, ROWS + 1):
        with faults() as sent:
            _page(caller, of, key, first)

        # The index of a thread holds keys alone.
        rows = ["BatchGetItem"] if name == "runs of a thread" else []
        assert sent == ["Query", *rows]


def _large_tasks(caller: Caller, count: int) -> tuple[str, Rows]:
    coordination = new_coordination(caller)
    text = "x" * 150 * 1024
    return coordination, [
        new_task(coordination, caller, taskDescription=text) for _ in range(count)
    ]


@pytest.mark.parametrize("first", [6, 7, 8, 11, 12, 13])
def test_a_page_over_a_megabyte_is_whole(first: int, caller: Caller) -> None:
    key, rows = _large_tasks(caller, 12)

    with faults() as sent:
        shown, info = _page(caller, TASKS, key, first)

    assert shown == rows[:first]
    assert info["hasNextPage"] is (first < 12)
    # DynamoDB gives seven of them at a time, and the page asks for one more than it shows.
    assert sent == ["Query"] * (1 if first < 7 else 2)
    assert list(chain.from_iterable(_pages(caller, TASKS, key, first))) == rows


def test_a_filter_that_passes_over_much_gives_short_pages_that_lead_to_the_end(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    # By rows, because DynamoDB Local, unlike AWS, counts a megabyte after the filter.
    monkeypatch.setattr(reads, "ROWS_OF_A_FILTERED_READ", 4)
    coordination = new_coordination(caller)
    sessions = [new_session(coordination, caller) for _ in range(24)]
    for session in (sessions[0], sessions[-1]):
        put_state(models.Session, coordination, session, status="failed")

    with faults() as sent:
        pages = list(_pages(caller, FAILED, coordination, 10))

    assert pages == [[sessions[-1]], [sessions[0]]]
    assert len(sent) == reads.MOST_READS_OF_A_PAGE + 2


def test_a_row_that_goes_leaves_its_place_behind(caller: Caller) -> None:
    coordination, tasks = _tasks(caller)

    first, info = _page(caller, TASKS, coordination, 2)
    for task in tasks[1:3]:
        key = {"coordinationUuid": coordination, "taskUuid": task}
        change("deleteTask", key, "deletedId", caller)
    second, _ = _page(caller, TASKS, coordination, 2, info["endCursor"])

    assert (first, second) == (tasks[:2], tasks[3:5])
