"""Filtered lists: their rows, and short or empty pages that lead to the next one."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.models import reads
from tests.support.graph_api import (
    NOBODY,
    RIVAL,
    change,
    data,
    new_agent,
    new_coordination,
    new_run,
    new_schedule,
    new_session,
)
from tests.support.stored import put_state
from tests.support.world import World

PAGE = "totalCount pageInfo { hasNextPage endCursor }"
COORDINATIONS = f"""query ($f: CoordinationFilter, $first: Int, $after: String) {{
    rows: coordinations(filter: $f, first: $first, after: $after) {{
        nodes {{ coordinationName }} {PAGE}
    }}
}}"""
SCHEDULES = f"""query ($t: ID, $f: TaskScheduleFilter) {{
    rows: taskSchedules(taskUuid: $t, filter: $f) {{ nodes {{ scheduleUuid }} {PAGE} }}
}}"""
AGENTS = f"""query ($s: ID!, $f: SessionAgentFilter) {{
    rows: sessionAgents(sessionUuid: $s, filter: $f) {{ nodes {{ sessionAgentUuid }} {PAGE} }}
}}"""
RUNS = f"""query ($s: ID!, $f: SessionRunFilter) {{
    rows: sessionRuns(sessionUuid: $s, filter: $f) {{ nodes {{ runUuid }} {PAGE} }}
}}"""


def rows(document: str, **given: Any) -> list[Any]:
    """The one field that is asked of each row."""
    found = data(document, given)["rows"]
    return [next(iter(row.values())) for row in found["nodes"]]


@pytest.mark.parametrize(
    ("part", "found"),
    [
        ("offer", ["Offers", "offer 2", "RE: OFFER"]),
        ("OFFER", ["Offers", "offer 2", "RE: OFFER"]),
        ("strasse", ["Straße 1", "STRASSE 2"]),
        ("ẞ", ["Straße 1", "STRASSE 2"]),
        (" 2", ["offer 2", "STRASSE 2"]),
        (": o", ["RE: OFFER"]),
        ("nothing of it", []),
        ("", ["Offers", "offer 2", "Straße 1", "STRASSE 2", "RE: OFFER"]),
        (None, ["Offers", "offer 2", "Straße 1", "STRASSE 2", "RE: OFFER"]),
    ],
)
@pytest.mark.usefixtures("tables")
def test_coordinations_are_found_by_a_part_of_their_name(
    part: str | None, found: list[str]
) -> None:
    for name in ("Offers", "offer 2", "Straße 1", "STRASSE 2", "RE: OFFER"):
        new_coordination(coordinationName=name)

    assert rows(COORDINATIONS, f={"nameContains": part}) == found


def test_a_renamed_coordination_is_found_by_its_new_name(world: World) -> None:
    given = {**world.key("coordination"), "coordinationName": "Orders"}

    change("updateCoordination", given, "coordination { version }")

    assert rows(COORDINATIONS, f={"nameContains": "ORDER"}) == ["Orders"]
    assert rows(COORDINATIONS, f={"nameContains": "offer"}) == []


def test_schedules_are_found_by_their_status(world: World) -> None:
    paused = new_schedule(world.coordination, world.task, status="PAUSED")
    fired = new_schedule(world.coordination, world.task)
    put_state(models.TaskSchedule, world.task, fired, status="completed")

    for where in ({}, {"t": world.task}):
        assert rows(SCHEDULES, **where, f={"status": ["ACTIVE"]}) == [world.schedule]
        assert rows(SCHEDULES, **where, f={"status": ["COMPLETED", "PAUSED"]}) == [paused, fired]
        assert rows(SCHEDULES, **where, f={"status": []}) == [world.schedule, paused, fired]
    assert rows(SCHEDULES, t=NOBODY, f={"status": ["ACTIVE"]}) == []


def test_agents_are_found_by_their_state_and_by_whom_they_are_of(world: World) -> None:
    zh = new_agent(world.coordination, world.session, agentUuid="zh")
    failed = new_agent(world.coordination, world.session)
    put_state(models.SessionAgent, world.session, failed, state="failed")
    of = {"s": world.session}

    assert rows(AGENTS, **of, f={"state": ["INITIAL"]}) == [world.agent, zh]
    assert rows(AGENTS, **of, f={"state": ["FAILED", "SKIPPED"]}) == [failed]
    assert rows(AGENTS, **of, f={"agentUuid": "rag"}) == [world.agent, failed]
    assert rows(AGENTS, **of, f={"agentUuid": "rag", "state": ["INITIAL"]}) == [world.agent]
    assert rows(AGENTS, **of, f={"agentUuid": "ra"}) == []
    assert rows(AGENTS, **of, f={"state": [], "agentUuid": None}) == [world.agent, zh, failed]


def test_runs_are_found_by_agent_member_and_thread(world: World) -> None:
    at = world.coordination, world.session
    by_agent = new_run(*at, agentUuid="zh", sessionAgentUuid=world.agent, threadUuid="t-2")
    zh = new_run(*at, agentUuid="zh", threadUuid="t-2")
    new_run(world.coordination, new_session(world.coordination), threadUuid="t-2")
    of = {"s": world.session}

    assert rows(RUNS, **of, f={"agentUuid": "zh"}) == [by_agent, zh]
    assert rows(RUNS, **of, f={"threadUuid": "t-2"}) == [by_agent, zh]
    assert rows(RUNS, **of, f={"sessionAgentUuid": world.agent}) == [by_agent]
    assert rows(RUNS, **of, f={"agentUuid": "rag", "threadUuid": "thread-1"}) == [world.run]
    assert rows(RUNS, **of, f={"agentUuid": "rag", "threadUuid": "t-2"}) == []
    assert rows(RUNS, **of, f={}) == [world.run, by_agent, zh]


def pages(document: str, **given: Any) -> Iterator[dict[str, Any]]:
    """All pages, each asked for with the end of the one before."""
    after, more = None, True
    while more:
        page = data(document, {**given, "after": after})["rows"]
        yield page
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]


@pytest.fixture
def short_reads(tables: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A filtered page reads twice, three rows each time."""
    monkeypatch.setattr(reads, "ROWS_OF_A_FILTERED_READ", 3)
    monkeypatch.setattr(reads, "MOST_READS_OF_A_PAGE", 2)


@pytest.mark.parametrize("first", [1, 2, 3, 100])
@pytest.mark.parametrize("matching", [{0, 1, 2, 18, 19}, {9}, set(range(20)), {19}, {5, 6}])
@pytest.mark.usefixtures("short_reads")
def test_a_filtered_list_is_walked_to_its_end_and_each_row_is_seen_once(
    matching: set[int], first: int
) -> None:
    names = [f"{'Match' if at in matching else 'Other'} {at}" for at in range(20)]
    for name in names:
        new_coordination(coordinationName=name, agents=[])

    walked = list(pages(COORDINATIONS, f={"nameContains": "match"}, first=first))

    found = [[row["coordinationName"] for row in page["nodes"]] for page in walked]
    assert list(chain(*found)) == [name for name in names if name.startswith("Match")]
    assert max(len(page) for page in found) <= first
    assert all(page["pageInfo"]["endCursor"] for page in walked[:-1])
    assert all(page["totalCount"] is None for page in walked)


@pytest.mark.usefixtures("short_reads")
def test_a_page_may_be_empty_and_lead_on() -> None:
    for name in ["Other"] * 13 + ["Match"]:
        new_coordination(coordinationName=name, agents=[])

    walked = list(pages(COORDINATIONS, f={"nameContains": "match"}))

    assert [len(page["nodes"]) for page in walked] == [0, 0, 1]
    assert [page["pageInfo"]["hasNextPage"] for page in walked] == [True, True, False]


@pytest.mark.usefixtures("short_reads")
def test_an_empty_page_leads_on_also_when_the_rows_it_read_are_gone() -> None:
    uuids = [new_coordination(coordinationName="Other", agents=[]) for _ in range(7)]
    asked = {"f": {"nameContains": "match"}}
    empty = data(COORDINATIONS, asked)["rows"]

    for uuid in uuids:
        change("deleteCoordination", {"coordinationUuid": uuid}, "deletedId")
    new_coordination(coordinationName="Match")
    after = empty["pageInfo"]["endCursor"]
    rest = data(COORDINATIONS, {**asked, "after": after})["rows"]

    assert (empty["nodes"], empty["pageInfo"]["hasNextPage"]) == ([], True)
    assert rest["nodes"] == [{"coordinationName": "Match"}]


@pytest.mark.usefixtures("short_reads")
def test_a_filter_that_nothing_passes_does_not_reveal_another_tenants_rows(world: World) -> None:
    for _ in range(6):
        new_agent(world.coordination, world.session)
    failed = {"s": world.session, "f": {"state": ["FAILED"]}}

    own = data(AGENTS, failed)["rows"]["pageInfo"]
    rivals = data(AGENTS, failed, RIVAL)["rows"]

    assert own["hasNextPage"] is True
    assert rivals["nodes"] == []
    assert rivals["pageInfo"] == {"hasNextPage": False, "endCursor": None}
