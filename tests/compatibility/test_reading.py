"""This version reads everything that each earlier one stored."""

from collections.abc import Iterator
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.models.base import Table
from ai_coordination.models.fast.item_decoder import decoder
from tests.compatibility import embedded
from tests.compatibility.corpora import items_of, name_of, of_a_third, of_each, of_those
from tests.compatibility.files import Chapter, Corpus, Kept
from tests.compatibility.reading import KINDS, Item, documents, said, uuid_of
from tests.support.bucket import texts_bucket
from tests.support.graph_api import NOBODY, data
from tests.support.lists import LISTS
from tests.support.world import THREAD, TYPES, USER, World


@pytest.fixture
def bucket(tables: None) -> Iterator[None]:
    with texts_bucket():
        yield


@of_each
def test_each_attribute_that_is_stored_is_read(corpus: Corpus, chapter: Chapter) -> None:
    for kind in models.TABLES:
        for item in items_of([chapter], name_of(kind)):
            assert _is_in(item, _written(kind, item)), item


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
@pytest.mark.parametrize("every", [13, pytest.param(1, marks=pytest.mark.stress)])
def test_the_api_shows_all_of_it(
    bucket: None, corpus: Corpus, chapter: Chapter, every: int
) -> None:
    for number, kept in list(enumerate(chapter.moments))[::-every]:
        embedded.load(kept.moment)

        told = embedded.told(kept.moment, documents())

        silent = [uuid for all_of in told.values() for uuid, one in all_of.items() if one is None]
        assert not silent, f"moment {number}"


@of_those(lambda chapter: chapter.answers)
def test_the_documents_of_then_are_answered_as_they_were(
    bucket: None, corpus: Corpus, chapter: Chapter
) -> None:
    embedded.load(chapter.last)

    told = said(embedded.told(chapter.last, corpus.documents))

    assert {kind: told[kind] for kind in chapter.answers} == chapter.answers


@of_a_third(0)
def test_each_list_of_the_api_has_what_is_there(
    bucket: None, corpus: Corpus, chapter: Chapter
) -> None:
    embedded.load(chapter.last)
    stored = {
        kind: {uuid_of(table, item) for item in chapter.last.items.get(table, ())}
        for table, kind in KINDS.items()
    }
    listed: dict[str, set[str]] = {kind: set() for kind in TYPES}

    asked: set[str] = set()
    for world in _worlds(chapter):
        for one in LISTS.values():
            # A list that is not of one agent is the same around each of them.
            if (document := one.document(world)) not in asked:
                asked.add(document)
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


@of_a_third(1)
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
