"""Runs that a caller recorded, of a session or of one of its agents."""

import re
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from ai_coordination import clock, ids, models
from tests.support.graph_api import (
    NOBODY,
    Place,
    create,
    data,
    error,
    new_agent,
    new_coordination,
    new_place,
    new_run,
    new_session,
)
from tests.support.stored import refused, stored

RUN = """
    sessionUuid runUuid partitionKey threadUuid agentUuid coordinationUuid asyncTaskUuid
    sessionAgentUuid attempt outcome notes usage { inputTokens outputTokens }
    updatedBy createdAt finishedAt
"""
ONE = f"query ($s: ID!, $r: ID!) {{ sessionRun(sessionUuid: $s, runUuid: $r) {{ {RUN} }} }}"
LIST = """query ($s: ID!, $f: SessionRunFilter) {
    sessionRuns(sessionUuid: $s, filter: $f) { totalCount nodes { runUuid } }
}"""
SEALED = {
    "threadUuid": "thread-1",
    "asyncTaskUuid": "task-1",
    "outcome": "TIMED_OUT",
    "notes": "too slow",
    "usage": {"inputTokens": 0, "outputTokens": 2_147_483_647},
}
OPEN = dict.fromkeys(("threadUuid", "asyncTaskUuid", "outcome", "notes", "usage", "finishedAt"))


def runs_of_session(place: Place) -> int:
    return int(stored(models.Session, *place).run_count)


def runs_of_agent(place: Place, agent: str) -> int:
    return int(stored(models.SessionAgent, place.session, agent).run_count)


def listed(place: Place, **chosen: Any) -> list[str]:
    found = data(LIST, {"s": place.session, "f": chosen})["sessionRuns"]
    assert found["totalCount"] is None
    return [row["runUuid"] for row in found["nodes"]]


def test_a_run_is_recorded_as_it_was_given(place: Place) -> None:
    agent = new_agent(*place)

    given = {**place.key, "agentUuid": "rag", "sessionAgentUuid": agent, **SEALED}
    ended = datetime.now(timezone(timedelta(hours=1))).replace(microsecond=500_000)
    made = create("recordSessionRun", {**given, "finishedAt": ended.isoformat()}, RUN)

    assert made == {
        "id": made["id"],
        **place.key,
        "runUuid": made["runUuid"],
        "partitionKey": "acme#sales",
        "agentUuid": "rag",
        "sessionAgentUuid": agent,
        "attempt": 1,
        **SEALED,
        "updatedBy": "u-17",
        "createdAt": made["createdAt"],
        "finishedAt": clock.instant(ended),
    }
    read = data(ONE, {"s": place.session, "r": made["runUuid"]})["sessionRun"]
    assert read == {k: v for k, v in made.items() if k != "id"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", made["createdAt"])


def test_a_run_without_an_outcome_stays_open(place: Place) -> None:
    made = create("recordSessionRun", {**place.key, "agentUuid": "rag"}, RUN)

    assert {**OPEN, "sessionAgentUuid": None, "attempt": 1}.items() <= made.items()


@pytest.mark.parametrize("outcome", ["COMPLETED", "FAILED", "TIMED_OUT", "CANCELLED"])
def test_a_run_with_an_outcome_has_finished_now(place: Place, outcome: str) -> None:
    made = create("recordSessionRun", {**place.key, "agentUuid": "rag", "outcome": outcome}, RUN)

    assert (made["outcome"], made["finishedAt"]) == (outcome, made["createdAt"])


def test_a_run_is_counted_on_its_agent_or_else_on_the_session(place: Place) -> None:
    agent = new_agent(*place)
    version, updated_at = 1, stored(models.SessionAgent, place.session, agent).updated_at

    new_run(*place)
    of_agent = [new_run(*place, sessionAgentUuid=agent) for _ in range(2)]

    assert (runs_of_session(place), runs_of_agent(place, agent)) == (1, 2)
    counted = stored(models.SessionAgent, place.session, agent)
    assert (counted.version, counted.updated_at) == (version, updated_at)
    assert counted.current_run_uuid is None
    assert listed(place, sessionAgentUuid=agent) == of_agent


def created_ago(minutes: int) -> Place:
    """A session that was created so many minutes ago, as its uuid tells."""
    coordination = new_coordination()
    uuid = ids.new_uuid(time.time_ns() - minutes * 60 * 1_000_000_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ids, "new_uuid", lambda: uuid)
        return Place(coordination, new_session(coordination))


def failed_in(minutes: int, place: Place) -> dict[str, Any]:
    """A run that failed so many minutes from now."""
    ended = clock.instant(datetime.now(UTC) + timedelta(minutes=minutes))
    return {**place.key, "agentUuid": "rag", "outcome": "FAILED", "finishedAt": ended}


# The caller's clock may be 5 minutes fast or slow.
@pytest.mark.parametrize(("session", "run"), [(-600, -604), (-600, -60), (-600, 4), (0, -4)])
def test_a_run_may_be_recorded_long_after_its_end(session: int, run: int) -> None:
    given = failed_in(run, created_ago(-session))

    assert create("recordSessionRun", given, RUN)["finishedAt"] == given["finishedAt"]


@pytest.mark.parametrize(("session", "run"), [(-600, -606), (-600, 6), (0, -6), (0, 6)])
def test_a_run_that_ended_before_its_session_began_or_in_the_future_is_refused(
    session: int, run: int
) -> None:
    told = refused("recordSessionRun", failed_in(run, created_ago(-session)))

    assert told == {"code": "BAD_USER_INPUT", "inputPath": ["input", "finishedAt"]}


@pytest.mark.parametrize("ended", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_run_that_ended_at_the_end_of_the_calendar_is_refused(place: Place, ended: str) -> None:
    told = refused("recordSessionRun", {**failed_in(0, place), "finishedAt": ended})

    assert told == {"code": "BAD_USER_INPUT", "inputPath": ["input", "finishedAt"]}


def test_a_repeated_record_gives_its_run_also_when_its_end_is_long_ago(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = clock.now()
    given = {**place.key, "agentUuid": "rag", "outcome": "FAILED", "finishedAt": ended}
    first = create("recordSessionRun", {**given, "idempotencyKey": "once"})
    later = clock.instant(datetime.now(UTC) + timedelta(hours=1))

    monkeypatch.setattr(clock, "now", lambda: later)
    again = create("recordSessionRun", {**given, "idempotencyKey": "once"})

    assert again == first


@pytest.mark.parametrize(
    ("whose", "path"),
    [
        ("unknown session", "sessionUuid"),
        ("session of another coordination", "sessionUuid"),
        ("unknown agent", "sessionAgentUuid"),
        ("agent of another session", "sessionAgentUuid"),
        ("agent of another coordination", "sessionAgentUuid"),
    ],
)
def test_a_run_is_refused_for_an(place: Place, whose: str, path: str) -> None:
    sibling, elsewhere = new_place(place.coordination), new_place()
    given = {
        "unknown session": {"sessionUuid": NOBODY},
        "session of another coordination": {"coordinationUuid": elsewhere.coordination},
        "unknown agent": {"sessionAgentUuid": NOBODY},
        "agent of another session": {"sessionAgentUuid": new_agent(*sibling)},
        "agent of another coordination": {
            "coordinationUuid": elsewhere.coordination,
            "sessionAgentUuid": new_agent(*place),
        },
    }[whose]

    told = refused("recordSessionRun", {**place.key, "agentUuid": "rag", **given})

    assert told == {"code": "NOT_FOUND", "inputPath": ["input", path]}


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"finishedAt": "2026-11-22T14:27:00Z"}, ["finishedAt"]),
        ({"usage": {"inputTokens": -1, "outputTokens": 0}}, ["usage", "inputTokens"]),
        ({"usage": {"inputTokens": 0, "outputTokens": -1}}, ["usage", "outputTokens"]),
        ({"agentUuid": "a b"}, ["agentUuid"]),
        ({"threadUuid": ""}, ["threadUuid"]),
        ({"asyncTaskUuid": "t" * 257}, ["asyncTaskUuid"]),
        ({"sessionAgentUuid": "x"}, ["sessionAgentUuid"]),
    ],
    ids=str,
)
def test_a_run_is_refused_with(place: Place, wrong: dict[str, Any], path: list[str]) -> None:
    told = refused("recordSessionRun", {**place.key, "agentUuid": "rag", **wrong})

    assert told == {"code": "BAD_USER_INPUT", "inputPath": ["input", *path]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"finishedAt": "yesterday", "outcome": "FAILED"},
        {"finishedAt": "2026-11-22T14:27:00", "outcome": "FAILED"},
        {"finishedAt": "2026-W48-5T14:27:00Z", "outcome": "FAILED"},
        {"finishedAt": "20261127T142700Z", "outcome": "FAILED"},
        {"finishedAt": "2026-11-27T14:27Z", "outcome": "FAILED"},
        {"usage": {"inputTokens": 2_147_483_648, "outputTokens": 0}},
        {"usage": {"inputTokens": 1}},
        {"outcome": "DONE"},
    ],
    ids=str,
)
def test_a_run_is_refused_what_is_not_of_its_type(place: Place, wrong: dict[str, Any]) -> None:
    told = refused("recordSessionRun", {**place.key, "agentUuid": "rag", **wrong})

    assert told["code"] == "BAD_USER_INPUT"


def test_the_runs_of_a_session_are_listed_oldest_first_by_what_they_are_of(place: Place) -> None:
    agent, other = new_agent(*place), new_place(place.coordination)
    plain = new_run(*place)
    thread = new_run(*place, agentUuid="zh", threadUuid="t")
    both = new_run(*place, sessionAgentUuid=agent, threadUuid="t")
    new_run(*other, threadUuid="t")

    assert listed(place) == [plain, thread, both]
    assert listed(place, agentUuid="rag") == [plain, both]
    assert listed(place, threadUuid="t") == [thread, both]
    assert listed(place, sessionAgentUuid=agent) == [both]
    assert listed(place, threadUuid="t", agentUuid="zh") == [thread]
    assert listed(place, threadUuid="t", agentUuid="zh", sessionAgentUuid=agent) == []
    assert listed(place, agentUuid=None, threadUuid=None) == [plain, thread, both]
    told = error(LIST, {"s": place.session, "f": {"sessionAgentUuid": "x"}})
    assert told == {"code": "BAD_USER_INPUT", "inputPath": ["filter", "sessionAgentUuid"]}
