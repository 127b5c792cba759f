"""Runs that a caller recorded: what ended them, and when."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from ai_coordination import timestamps
from tests.support.contexts import SYSTEM, At, serving
from tests.support.graph_api import (
    Place,
    create,
    new_coordination,
    new_session,
)
from tests.support.ids import short
from tests.support.stored import refused

pytestmark = pytest.mark.usefixtures("tables")

SEALED = "outcome createdAt finishedAt"


@pytest.mark.parametrize("outcome", ["COMPLETED", "FAILED", "TIMED_OUT", "CANCELLED"])
def test_a_run_with_an_outcome_has_finished_now(place: Place, outcome: str) -> None:
    made = create("recordSessionRun", {**place.key, "agentUuid": "rag", "outcome": outcome}, SEALED)

    assert (made["outcome"], made["finishedAt"]) == (outcome, made["createdAt"])


def created_ago(minutes: int) -> Place:
    """A session that was created so many minutes ago, as its uuid tells."""
    coordination = new_coordination()
    then = datetime.now(UTC) - timedelta(minutes=minutes)
    with serving(At(moment=then)):
        return Place(coordination, new_session(coordination))


def failed_in(minutes: int, place: Place) -> dict[str, Any]:
    """A run that failed so many minutes from now."""
    ended = timestamps.to_text(datetime.now(UTC) + timedelta(minutes=minutes))
    return {**place.key, "agentUuid": "rag", "outcome": "FAILED", "finishedAt": ended}


# The caller's clock may be 5 minutes fast or slow.
@pytest.mark.parametrize(("session", "run"), [(-600, -604), (-600, -60), (-600, 4), (0, -4)])
def test_a_run_may_be_recorded_long_after_its_end(session: int, run: int) -> None:
    given = failed_in(run, created_ago(-session))
    ended = datetime.fromisoformat(given["finishedAt"])
    elsewhere = ended.astimezone(timezone(timedelta(hours=1))).isoformat()

    made = create("recordSessionRun", {**given, "finishedAt": elsewhere}, "finishedAt")

    assert made["finishedAt"] == given["finishedAt"]


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


def test_a_repeated_record_gives_its_run_also_when_its_end_is_long_ago(place: Place) -> None:
    ended = SYSTEM.now()
    given = {**place.key, "agentUuid": "rag", "outcome": "FAILED", "finishedAt": ended}
    first = create("recordSessionRun", {**given, "idempotencyKey": "once"})

    with serving(At(moment=datetime.now(UTC) + timedelta(hours=1))):
        again = create("recordSessionRun", {**given, "idempotencyKey": "once"})

    assert again == first


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"finishedAt": "2026-11-22T14:27:00Z"}, ["finishedAt"]),
        ({"usage": {"inputTokens": -1, "outputTokens": 0}}, ["usage", "inputTokens"]),
        ({"usage": {"inputTokens": 0, "outputTokens": -1}}, ["usage", "outputTokens"]),
        (
            {"usage": {"inputTokens": 0, "outputTokens": 0, "reasoningTokens": -1}},
            ["usage", "reasoningTokens"],
        ),
        ({"usage": {"inputTokens": 0, "outputTokens": 0, "model": ""}}, ["usage", "model"]),
    ],
    ids=short,
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
    ids=short,
)
def test_a_run_is_refused_what_is_not_of_its_type(place: Place, wrong: dict[str, Any]) -> None:
    told = refused("recordSessionRun", {**place.key, "agentUuid": "rag", **wrong})

    assert told["code"] == "BAD_USER_INPUT"
