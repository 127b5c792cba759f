"""A corpus as a file: what one version has stored, by scenario and moment.

A moment holds the items and texts that are new or other than in the moment before.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.compatibility.life import Moment
from tests.compatibility.reading import uuid_of

HERE = Path(__file__).parent
# Down to an item, or an answer, which is a line.
LINES_DOWN_TO = 7


@dataclass(frozen=True)
class Kept:
    """A moment, and what the version that wrote it has made of it.

    `ends` is, of each session, its status in the end and the states of its agents. Where
    `needs_no_sweep`, the messages alone bring it there.
    """

    moment: Moment
    ends: dict[str, list[str]]
    needs_no_sweep: bool


@dataclass(frozen=True)
class Chapter:
    """A scenario. Everything but its moments belongs to the last of them.

    `chunk` is how many agents at a time were written by a start that took several transactions.
    `firings` are events with what comes of them, and `sessions` are how many there are then;
    `repeats` are mutations with a key, their inputs and the uuid that each has given; `answers`
    are what the API says, by kind and uuid, to the documents of the corpus.
    """

    name: str
    chunk: int
    moments: list[Kept]
    firings: list[tuple[dict[str, Any], str]]
    sessions: int
    repeats: list[tuple[str, dict[str, Any], str]]
    answers: dict[str, dict[str, Any]]

    @property
    def last(self) -> Moment:
        return self.moments[-1].moment


@dataclass(frozen=True)
class Corpus:
    """What one version has stored, and the documents that its clients ask with."""

    version: str
    documents: dict[str, str]
    chapters: list[Chapter]


def path_of(version: str) -> Path:
    return HERE / f"items-{version}.json"


def load(path: Path) -> Corpus:
    """The corpus in a file."""
    told = json.loads(path.read_text())
    chapters = [_chapter(one) for one in told["chapters"]]
    return Corpus(told["version"], told["documents"], chapters)


def _chapter(told: dict[str, Any]) -> Chapter:
    return Chapter(
        name=told["name"],
        chunk=told["chunk"],
        moments=list(_moments(told["moments"])),
        firings=[(event, outcome) for event, outcome in told["firings"]],
        sessions=told["sessions"],
        repeats=[(mutation, given, uuid) for mutation, given, uuid in told["repeats"]],
        answers=told["answers"],
    )


def _moments(told: list[dict[str, Any]]) -> Iterator[Kept]:
    held: dict[str, dict[str, Any]] = {}
    texts: dict[str, str] = {}
    for one in told:
        for table, items in one["items"].items():
            held.setdefault(table, {}).update(items)
        texts = {**texts, **one["texts"]}
        items = {table: list(by_key.values()) for table, by_key in held.items()}
        sent = [(datetime.fromisoformat(at), message) for at, message in one["sent"]]
        moment = Moment(datetime.fromisoformat(one["utc"]), items, texts, sent)
        yield Kept(moment, one["ends"], one["needs_no_sweep"])


def write(corpus: Corpus, path: Path) -> None:
    """Raises FileExistsError: what a version has written stays as it was."""
    told = {
        "version": corpus.version,
        "documents": corpus.documents,
        "chapters": [_told(chapter) for chapter in corpus.chapters],
    }
    with path.open("x") as file:
        file.write(_lines(told, LINES_DOWN_TO) + "\n")


def _told(chapter: Chapter) -> dict[str, Any]:
    return {**vars(chapter), "moments": list(_differences(chapter.moments))}


def _differences(moments: list[Kept]) -> Iterator[dict[str, Any]]:
    held: dict[str, dict[str, Any]] = {}
    texts: dict[str, str] = {}
    for kept in moments:
        utc, items, now_texts, sent = kept.moment
        now = {table: {uuid_of(table, one): one for one in rows} for table, rows in items.items()}
        # A deleted item could not be written.
        assert all(rows.keys() <= now[table].keys() for table, rows in held.items())
        changed = {table: _changed(held.get(table, {}), rows) for table, rows in now.items()}
        yield {
            "utc": utc.isoformat(),
            "items": {table: rows for table, rows in changed.items() if rows},
            "texts": _changed(texts, now_texts),
            "sent": [(at.isoformat(), message) for at, message in sent],
            "ends": kept.ends,
            "needs_no_sweep": kept.needs_no_sweep,
        }
        held, texts = now, now_texts


def _changed(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    return {key: one for key, one in now.items() if before.get(key) != one}


def _lines(value: Any, depth: int) -> str:
    flat = not isinstance(value, dict | list) or isinstance(next(iter(value), None), str)
    if not depth or not value or (flat and not isinstance(value, dict)):
        return json.dumps(value, sort_keys=True, separators=(",", ":"))
    if isinstance(value, dict):
        members = (f"{json.dumps(name)}:{_lines(value[name], depth - 1)}" for name in sorted(value))
        return "{\n" + ",\n".join(members) + "}"
    return "[\n" + ",\n".join(_lines(one, depth - 1) for one in value) + "]"
