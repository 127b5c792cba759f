"""What each version has stored, in the hands of this one: all is read, and each session ends."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.models.base import Table, table_name
from ai_coordination.models.decoding import decoder
from ai_coordination.services.execution import starting
from ai_coordination.services.execution.dispatching import DISPATCH
from ai_coordination.services.execution.ending import ENDS, START
from ai_coordination.services.execution.retrying import RETRY
from ai_coordination.states import RunOutcome, ScheduleStatus, SessionAgentState, SessionStatus
from tests.corpus import embedded, files
from tests.corpus.files import Chapter, Corpus, Kept
from tests.corpus.life import Life
from tests.corpus.people import ends, finish
from tests.corpus.reading import KINDS, Item, documents, said, uuid_of
from tests.corpus.stories import STORIES
from tests.graph_api import NOBODY, create, data
from tests.lists import LISTS
from tests.simulation import invariants
from tests.simulation.seen import Sight
from tests.world import THREAD, TYPES, USER, World

CORPORA = [files.load(path) for path in sorted(files.HERE.glob("items-*.json"))]
CHAPTERS = [
    pytest.param(corpus, chapter, id=f"{corpus.version}-{chapter.name}")
    for corpus in CORPORA
    for chapter in corpus.chapters
]
NEWEST = max(CORPORA, key=lambda corpus: [int(part) for part in corpus.version.split(".")])
of_each = pytest.mark.parametrize(("corpus", "chapter"), CHAPTERS)
of_each_corpus = pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: corpus.version)


@pytest.fixture
def bucket(tables: None) -> Iterator[None]:
    with embedded.bucket():
        yield


def _items(chapters: Sequence[Chapter], table: str) -> list[Item]:
    """All that there ever was in a table."""
    moments = [kept.moment for chapter in chapters for kept in chapter.moments]
    return [item for moment in moments for item in moment.items.get(table, ())]


@of_each
@pytest.mark.parametrize("without_messages", [False, True], ids=["messages", "sweeps"])
def test_each_session_ends_as_it_would_have(
    corpus: Corpus, chapter: Chapter, without_messages: bool
) -> None:
    for number, kept in enumerate(chapter.moments):
        life = Life(0, chapter.chunk)
        with life.running():
            life.go_on_from(kept.moment, without_messages=without_messages)
            finish(life)

            assert ends(life, kept.moment) == kept.ends, f"moment {number}"
            if kept.needs_no_sweep and not without_messages:
                assert life.found == 0, f"moment {number}"
            now = Sight(life.store).session()
            if now is not None and now.agents and len(kept.ends) == 1 and not chapter.repeats:
                invariants.at_rest(now)
                invariants.texts_are_kept(now, life)


@of_each
def test_each_attribute_that_is_stored_is_read(corpus: Corpus, chapter: Chapter) -> None:
    for kind in models.TABLES:
        for item in _items([chapter], _name(kind)):
            assert _is_in(item, _written(kind, item)), item


def _name(kind: type[Table]) -> str:
    """A table's name without the prefix that an installation gives it."""
    return str(kind.Meta.table_name.removeprefix(table_name("")))


def _written(kind: type[Table], item: Any) -> Any:
    """An item that was read, written again."""
    return decoder(kind)(item).get_save_kwargs_from_instance()["Item"]


def _is_in(part: Any, whole: Any) -> bool:
    """Whether all of it is there, perhaps beside what is new; sets have no order."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(name in whole and _is_in(one, whole[name]) for name, one in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        ordered = [sorted(one, key=repr) for one in (part, whole)]
        return len(part) == len(whole) and all(map(_is_in, *ordered))
    return bool(part == whole)


@of_each
def test_the_api_shows_all_of_it(bucket: None, corpus: Corpus, chapter: Chapter) -> None:
    for number, kept in enumerate(chapter.moments):
        embedded.load(kept.moment)

        told = embedded.told(kept.moment, documents())

        silent = [uuid for all_of in told.values() for uuid, one in all_of.items() if one is None]
        assert not silent, f"moment {number}"


@of_each
def test_the_documents_of_then_are_answered_as_they_were(
    bucket: None, corpus: Corpus, chapter: Chapter
) -> None:
    embedded.load(chapter.last)

    told = said(embedded.told(chapter.last, corpus.documents))

    assert {kind: told[kind] for kind in chapter.answers} == chapter.answers


@of_each
def test_each_list_of_the_api_has_what_is_there(
    bucket: None, corpus: Corpus, chapter: Chapter
) -> None:
    embedded.load(chapter.last)
    stored = {
        kind: {uuid_of(table, item) for item in chapter.last.items.get(table, ())}
        for table, kind in KINDS.items()
    }
    listed: dict[str, set[str]] = {kind: set() for kind in TYPES}

    for world in _worlds(chapter):
        for one in LISTS.values():
            listed[one.kind].update(one.page(world, first=100)["nodes"])

    assert listed == stored


def _worlds(chapter: Chapter) -> Iterator[World]:
    """Around each agent, one entity of each other kind; another's uuid stands for none."""
    items = chapter.last.items
    for agent in items["session_agents"]:
        session = agent["session_uuid"]
        runs = [one for one in items.get("session_runs", ()) if one["session_uuid"] == session]
        yield World(
            coordination=agent["coordination_uuid"]["S"],
            task=items["tasks"][0]["task_uuid"]["S"],
            schedule=NOBODY,
            session=session["S"],
            agent=agent["session_agent_uuid"]["S"],
            run=runs[0]["run_uuid"]["S"] if runs else NOBODY,
        )


@of_each
def test_what_is_open_is_listed_and_each_thread_and_each_users_sessions(
    bucket: None, corpus: Corpus, chapter: Chapter
) -> None:
    for kept in chapter.moments:
        embedded.load(kept.moment)

        for state in ("in_progress", "waiting_for_input"):
            field = f"openSessionAgents(state: {state.upper()}, first: 100)"
            open_ones = [one for one in _now(kept, "session_agents", "state", state) if _open(one)]
            assert _listed(field, "sessionAgentUuid") == _uuids("session_agents", open_ones)
        for thread in (THREAD, "thread-2"):
            field = f'threadRuns(threadUuid: "{thread}", first: 100)'
            runs = _now(kept, "session_runs", "thread_uuid", thread)
            assert _listed(field, "runUuid") == _uuids("session_runs", runs)
        field = f'sessions(filter: {{userId: "{USER}"}}, first: 100)'
        sessions = _now(kept, "sessions", "user_id", USER)
        assert _listed(field, "sessionUuid") == _uuids("sessions", sessions)


def _now(kept: Kept, table: str, name: str, value: str) -> list[Item]:
    """The items of a moment that say this."""
    items = kept.moment.items.get(table, ())
    return [item for item in items if item.get(name) == {"S": value}]


def _open(agent: Item) -> bool:
    """Whether somebody outside is to do something: no worker of the engine's is at it."""
    works_inside = agent["agent"]["M"]["runtime"]["M"]["kind"]["S"] != "external"
    return agent["state"]["S"] == "waiting_for_input" or not works_inside


def _uuids(table: str, items: list[Item]) -> set[str]:
    return {uuid_of(table, item) for item in items}


def _listed(field: str, uuid: str) -> set[str]:
    rows = data(f"{{ rows: {field} {{ nodes {{ {uuid} }} }} }}")["rows"]["nodes"]
    return {str(row[uuid]) for row in rows}


@of_each
def test_a_key_that_was_used_gives_the_same_again(corpus: Corpus, chapter: Chapter) -> None:
    life = Life(0, chapter.chunk)
    with life.running():
        life.go_on_from(chapter.last)
        writes = {name: dict(held) for name, held in life.store.items.items()}

        given = [_created(name, wanted) for name, wanted, _ in chapter.repeats]

        assert given == [uuid for *_, uuid in chapter.repeats]
        assert life.store.items == writes


def _created(mutation: str, given: dict[str, Any]) -> str:
    made = create(mutation, given)
    return str(next(value for name, value in made.items() if name != "id"))


@of_each
def test_its_timers_fire(corpus: Corpus, chapter: Chapter) -> None:
    life = Life(0, chapter.chunk)
    with life.running():
        life.go_on_from(chapter.last)

        outcomes = [life.fire(event) for event, _ in chapter.firings]

        assert outcomes == [outcome for _, outcome in chapter.firings]
        assert len(life.all_sessions()) == chapter.sessions
        finish(life)
        assert {one.status for one in life.all_sessions()} <= {"completed", "failed", "cancelled"}


@of_each_corpus
def test_a_start_goes_on_in_the_chunks_in_which_it_began(corpus: Corpus) -> None:
    assert max(chapter.chunk for chapter in corpus.chapters) == starting.CHUNK


def test_the_newest_corpus_has_each_state() -> None:
    statuses = {*SessionStatus} - {SessionStatus.WAITING_FOR_INPUT}
    assert _said("sessions", "status") == statuses
    assert _said("sessions", "doing") == {None, START, DISPATCH, RETRY, *ENDS}
    assert _said("session_agents", "state") == {*SessionAgentState}
    assert _said("session_runs", "outcome") == {None, *RunOutcome}
    assert _said("task_schedules", "status") == {*ScheduleStatus}


def _said(table: str, name: str) -> set[str | None]:
    """What the newest corpus's items say under a name; None where one says nothing."""
    return {item.get(name, {}).get("S") for item in _items(NEWEST.chapters, table)}


def test_the_newest_corpus_has_all_that_an_item_may_say() -> None:
    for kind in models.TABLES:
        known = {attribute.attr_name for attribute in kind.get_attributes().values()}
        kept = {name for item in _items(NEWEST.chapters, _name(kind)) for name in item}
        assert known <= kept, "more is stored now: raise the version, and `make corpus`"


@of_each_corpus
def test_a_corpus_has_messages_of_each_kind(corpus: Corpus) -> None:
    moments = [kept.moment for chapter in corpus.chapters for kept in chapter.moments]
    kinds = {message["kind"] for moment in moments for _, message in moment.sent}

    assert kinds >= {"agent", "echo", "session", "texts"}


@pytest.mark.parametrize("told", NEWEST.chapters, ids=lambda chapter: chapter.name)
def test_the_stories_end_today_as_they_did(told: Chapter) -> None:
    life = Life(1, told.chunk)
    with life.running():
        STORIES[told.name](life)
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


@of_each_corpus
def test_a_corpus_is_written_as_it_was_read(corpus: Corpus, tmp_path: Path) -> None:
    files.write(corpus, tmp_path / "again.json")

    assert (tmp_path / "again.json").read_bytes() == files.path_of(corpus.version).read_bytes()
