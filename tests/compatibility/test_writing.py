"""Items of every version are written back as pynamodb writes them."""

from typing import Any

from ai_coordination.models import TABLES
from tests.compatibility.corpora import CORPORA, items_of, name_of
from tests.support.encoding import encoded, encoded_by_pynamodb


def shape(value: Any) -> Any:
    """What attributes an item has, and of what types."""
    if isinstance(value, dict):
        return tuple((key, shape(one)) for key, one in sorted(value.items()))
    return tuple(map(shape, value[:2])) if isinstance(value, list) else type(value)


def test_what_any_version_stored_is_encoded_as_pynamodb_encodes_it() -> None:
    compared = 0
    for table in TABLES:
        chapters = [chapter for corpus in CORPORA for chapter in corpus.chapters]
        items = {shape(item): item for item in items_of(chapters, name_of(table))}
        for item in items.values():
            entity = table.of(item)
            ours = encoded(entity, null_check=False)
            theirs = encoded_by_pynamodb(entity, null_check=False)
            assert (ours, [*ours]) == (theirs, [*theirs])
            compared += 1
    assert compared > 500
