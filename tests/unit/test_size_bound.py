"""No item is larger than the bound that is found without encoding it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai_coordination import models
from ai_coordination.errors import PayloadTooLarge
from ai_coordination.models import sizes
from ai_coordination.models.fast.size_bound import bound
from ai_coordination.services import capacity
from tests.unit.test_encoding import GREW, agent

# With the characters that JSON writes as six bytes, and those outside the basic plane as twelve.
TEXTS = st.text(st.sampled_from('aé€😀\0\n"\\/\x7f\u2028\ud7ff'), max_size=30)
NUMBERS = st.one_of(st.integers(-(10**40), 10**40), st.floats(allow_nan=False), st.booleans())
JSON = st.recursive(
    st.one_of(TEXTS, NUMBERS, st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)
COUNTS = st.integers(0, 999)


@given(
    texts=st.lists(TEXTS, max_size=4),
    parameters=JSON,
    numbers=st.sets(st.one_of(COUNTS, st.integers(10**14, 10**15)), max_size=8),
)
def test_no_item_is_larger_than_its_bound(
    texts: list[str], parameters: Any, numbers: set[int]
) -> None:
    runtime = {"kind": "LAMBDA", "target": "x", "parameters": parameters}
    entity = agent(
        notes="".join(texts),
        question=texts[0] if texts else None,
        last_writes=texts,
        member={"agent_name": "Rag", "runtime": runtime},
        agent_action={"agent_uuid": "a", "ask": {"options": texts}, "for_each": {"items": "a"}},
        predecessors=numbers,
        grew=GREW * len(texts),
        began_at="2026-11-30T01:00:00.000001+00:00",
        delayed=True,
    )

    assert sizes.of_entity(entity) <= bound(entity)


def test_the_bound_of_a_usual_item_is_far_below_the_limits() -> None:
    entity = agent(agent_input="Two nights in Lisbon", agent_output="a" * 4_000)

    assert bound(entity) < 30_000


def test_what_is_not_known_has_no_bound() -> None:
    elsewhere = models.texts.LargeText("folder", "0" * 64, 7)

    assert bound(agent(notes=elsewhere)) == float("inf")
    assert sizes.of_entity(agent(notes=elsewhere)) < 500


@pytest.mark.parametrize("text", ["é", "a"])
def test_an_item_above_the_bound_is_measured(text: str) -> None:
    """The limit is that of the item, whatever its bound is."""
    room = sizes.LARGEST_GROWN_BYTES - sizes.of_entity(agent(notes=""))
    notes = text * (room // len(text.encode()))

    capacity.check_grown(agent(notes=notes), "notes")

    with pytest.raises(PayloadTooLarge):
        capacity.check_grown(agent(notes=notes + "aa"), "notes")
