"""All corpora, as parameters of tests."""

from collections.abc import Callable, Sequence

import pytest

from ai_coordination.models.base import Table, table_name
from tests.compatibility import files
from tests.compatibility.files import Chapter
from tests.compatibility.reading import Item

CORPORA = [files.load(path) for path in sorted(files.HERE.glob("items-*.json"))]
NEWEST = max(CORPORA, key=lambda corpus: [int(part) for part in corpus.version.split(".")])
of_each_corpus = pytest.mark.parametrize("corpus", CORPORA, ids=lambda corpus: corpus.version)


def of_those(wanted: Callable[[Chapter], object]) -> pytest.MarkDecorator:
    """For a test of the chapters of this sort, of each version."""
    chapters = [
        pytest.param(corpus, chapter, id=f"{corpus.version}-{chapter.name}")
        for corpus in CORPORA
        for chapter in corpus.chapters
        if wanted(chapter)
    ]
    return pytest.mark.parametrize(("corpus", "chapter"), chapters)


of_each = of_those(lambda chapter: True)


def of_a_third(first: int) -> pytest.MarkDecorator:
    """Each third chapter every day, the first of them this one; all in the long tests."""
    chapters = [(corpus, chapter) for corpus in CORPORA for chapter in corpus.chapters]
    return pytest.mark.parametrize(
        ("corpus", "chapter"),
        [
            pytest.param(
                corpus,
                chapter,
                id=f"{corpus.version}-{chapter.name}",
                marks=() if number % 3 == first else pytest.mark.stress,
            )
            for number, (corpus, chapter) in enumerate(chapters)
        ],
    )


def items_of(chapters: Sequence[Chapter], table: str) -> list[Item]:
    """All that there ever was in a table."""
    moments = [kept.moment for chapter in chapters for kept in chapter.moments]
    return [item for moment in moments for item in moment.items.get(table, ())]


def name_of(kind: type[Table]) -> str:
    """Return a table's name without the prefix of the installation."""
    return str(kind.Meta.table_name.removeprefix(table_name("")))
