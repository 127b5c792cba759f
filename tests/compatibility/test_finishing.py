"""This version finishes what each earlier one left: sessions end, and timers fire."""

from typing import Any

import pytest

from ai_coordination.engine.session import start
from tests.compatibility.completion import ends, finish
from tests.compatibility.corpora import of_each, of_each_corpus, of_those
from tests.compatibility.files import Chapter, Corpus, Kept
from tests.compatibility.life import Life
from tests.simulation import invariants
from tests.simulation.snapshot import StoreReader
from tests.support.graph_api import create


def _of(chapter: Chapter, which: str) -> list[tuple[int, Kept]]:
    """Some moments of a chapter with their numbers. There is always one."""
    moments = list(enumerate(chapter.moments))
    first = {"from its end": len(moments) - 1, "from its middle": len(moments) // 2, "all": 0}
    return moments[first[which] :: {"from its end": -10, "from its middle": 10, "all": 1}[which]]


@of_each
@pytest.mark.parametrize(
    ("without_messages", "which"),
    [
        pytest.param(False, "from its end", id="messages"),
        pytest.param(True, "from its middle", id="sweeps"),
        pytest.param(False, "all", id="messages, all", marks=pytest.mark.stress),
        pytest.param(True, "all", id="sweeps, all", marks=pytest.mark.stress),
    ],
)
def test_each_session_ends_as_it_would_have(
    corpus: Corpus, chapter: Chapter, without_messages: bool, which: str
) -> None:
    for number, kept in _of(chapter, which):
        life = Life(0, chapter.chunk)
        with life.running():
            life.go_on_from(kept.moment, without_messages=without_messages)
            finish(life)

            assert ends(life, kept.moment) == kept.ends, f"moment {number}"
            if kept.needs_no_sweep and not without_messages:
                assert life.found == 0, f"moment {number}"
            now = StoreReader(life.store).session()
            if now is not None and now.agents and len(kept.ends) == 1 and not chapter.repeats:
                invariants.at_rest(now)
                invariants.texts_are_kept(now, life)


@of_those(lambda chapter: chapter.repeats)
def test_a_key_that_was_used_gives_the_same_again(corpus: Corpus, chapter: Chapter) -> None:
    life = Life(0, chapter.chunk)
    with life.running():
        life.go_on_from(chapter.last)
        before = life.store.items()

        given = [_created(name, wanted) for name, wanted, _ in chapter.repeats]

        assert given == [uuid for *_, uuid in chapter.repeats]
        assert life.store.items() == before


def _created(mutation: str, given: dict[str, Any]) -> str:
    made = create(mutation, given)
    return str(next(value for name, value in made.items() if name != "id"))


@of_those(lambda chapter: chapter.firings)
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
    assert max(chapter.chunk for chapter in corpus.chapters) == start.CHUNK
