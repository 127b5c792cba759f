"""A corpus is complete, and its file does not change."""

from pathlib import Path

import pytest

from ai_coordination import models
from ai_coordination.engine.session.operation import Operation
from ai_coordination.states import RunOutcome, ScheduleStatus, SessionAgentState, SessionStatus
from tests.compatibility import files
from tests.compatibility.corpora import NEWEST, items_of, name_of, of_each_corpus
from tests.compatibility.files import Chapter, Corpus
from tests.compatibility.life import Life
from tests.compatibility.scenarios import SCENARIOS

# Its table is older than its first item, because AWS changes no keys later.
TABLE_SINCE = models.SessionLabel
# Read, and written by no later version.
OF_0_1_0: dict[type[models.Table], set[str]] = {
    models.Coordination: {"task_count", "session_count"}
}
# Stored since the newest corpus was written. The corpus of the next release has them.
SINCE: dict[type[models.Table], set[str]] = {
    models.Session: {"final_progress", "labels", "purge_shard", "purge_at", "unsent_events"},
    models.SessionAgent: {
        "rev",
        "asked_user",
        "asked_group",
        "asked_title",
        "asked_of",
        "asked_order",
        "claimed_by",
        "claimed_at",
        "unsent_events",
        "began",
        "ended",
    },
    models.SessionRun: {"previous"},
}


def test_the_newest_corpus_has_each_state() -> None:
    statuses = {*SessionStatus} - {SessionStatus.WAITING_FOR_INPUT}
    assert _said("sessions", "status") == statuses
    assert _said("sessions", "doing") == {None, *Operation} - {
        Operation.RETRY_OF_0_1_0,
        Operation.PURGE,
    }
    assert _said("session_agents", "state") == {*SessionAgentState}
    assert _said("session_runs", "outcome") == {None, *RunOutcome}
    assert _said("task_schedules", "status") == {*ScheduleStatus}


def _said(table: str, name: str) -> set[str | None]:
    """What the newest corpus's items say under a name; None where one says nothing."""
    return {item.get(name, {}).get("S") for item in items_of(NEWEST.chapters, table)}


def test_the_newest_corpus_has_all_that_an_item_may_say() -> None:
    assert not items_of(NEWEST.chapters, name_of(TABLE_SINCE))
    for kind in {*models.TABLES} - {TABLE_SINCE}:
        known = {attribute.attr_name for attribute in kind.get_attributes().values()}
        kept = {name for item in items_of(NEWEST.chapters, name_of(kind)) for name in item}
        assert known - OF_0_1_0.get(kind, set()) - SINCE.get(kind, set()) <= kept, (
            "more is stored now: raise the version, and `make corpus`"
        )


@of_each_corpus
def test_a_corpus_has_messages_of_each_kind(corpus: Corpus) -> None:
    moments = [kept.moment for chapter in corpus.chapters for kept in chapter.moments]
    kinds = {message["kind"] for moment in moments for _, message in moment.sent}

    # Later versions poll agents of the kind ECHO.
    of_0_1_0 = {"echo"} if corpus.version == "0.1.0" else set()
    assert kinds >= {"agent", "session", "texts"} | of_0_1_0


@pytest.mark.parametrize("told", NEWEST.chapters, ids=lambda chapter: chapter.name)
def test_the_stories_end_today_as_they_did(told: Chapter) -> None:
    life = Life(1, told.chunk)
    with life.running():
        SCENARIOS[told.name](life)
        life.keep()

    before = told.moments[-1].moment
    after = life.moments[-1]
    statuses = [[one["status"] for one in now.items["sessions"]] for now in (before, after)]
    assert statuses[0] == statuses[1]


def test_what_was_written_stays() -> None:
    path = files.path_of(NEWEST.version)
    before = path.read_bytes()

    with pytest.raises(FileExistsError):
        files.write(NEWEST, path)

    assert path.read_bytes() == before


def test_a_corpus_is_written_as_it_was_read(tmp_path: Path) -> None:
    files.write(NEWEST, tmp_path / "again.json")

    assert (tmp_path / "again.json").read_bytes() == files.path_of(NEWEST.version).read_bytes()
