"""The limit of what one request may read, and how it is counted."""

import threading
from typing import Any

import pytest

from ai_coordination.errors import QueryTooComplex
from ai_coordination.models.allowance import HEAVY_BYTES, Allowance, current, received, spending


def read(allowance: Allowance, units: float = 0, size: int = 0) -> None:
    """An answer is received, and then read."""
    allowance.receive(size)
    allowance.spend({"ConsumedCapacity": {"CapacityUnits": units}})


def test_units_and_bytes_are_added_up() -> None:
    allowance = Allowance()

    read(allowance, 0.5, 100)
    read(allowance, 2, 50)
    allowance.spend({"ConsumedCapacity": [{"CapacityUnits": 1.5}, {"CapacityUnits": 2}]})
    allowance.spend({})
    allowance.spend({"ConsumedCapacity": None})

    assert (allowance.units, allowance.bytes, allowance.refusal) == (6, 150, None)


@pytest.mark.parametrize(
    ("most", "last", "limit"),
    [
        ({"most_units": 10}, (7, 0), 10),
        ({"most_bytes": 1_000}, (0, 601), 1_000),
    ],
)
def test_the_read_that_exceeds_it_is_the_last(
    most: dict[str, Any], last: tuple[float, int], limit: int
) -> None:
    allowance = Allowance(**most)
    read(allowance, 3.5, 400)

    with pytest.raises(QueryTooComplex) as refused:
        read(allowance, *last)

    assert refused.value.extensions == {"code": "QUERY_TOO_COMPLEX", "limit": limit}
    with pytest.raises(QueryTooComplex), allowance.turn():
        pytest.fail("nothing is read any more")


def test_exactly_as_much_as_allowed_is_fine() -> None:
    allowance = Allowance(most_units=10, most_bytes=1_000)

    read(allowance, 10, 1_000)

    assert allowance.refusal is None


@pytest.mark.parametrize(("size", "at_once"), [(HEAVY_BYTES, 2), (HEAVY_BYTES + 1, 1)])
def test_after_a_heavy_answer_reads_wait_for_each_other(size: int, at_once: int) -> None:
    allowance = Allowance()
    allowance.receive(size)
    inside, most = [0], [0]
    meeting = threading.Event()

    def wait() -> None:
        with allowance.turn():
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            if at_once == 2:
                meeting.set() if inside[0] == 2 else meeting.wait(20)
            inside[0] -= 1

    readers = [threading.Thread(target=wait) for _ in range(2)]
    for one in readers:
        one.start()
    for one in readers:
        one.join(20)

    assert most[0] == at_once


def test_only_reads_of_the_block_count() -> None:
    allowance = Allowance()

    with spending(allowance):
        received(7)
        found = [current(name) for name in ("GetItem", "Query", "BatchGetItem", "UpdateItem")]
        with spending(None):
            received(8)
            assert current("GetItem") is None

    received(9)

    assert found == [allowance, allowance, allowance, None]
    assert current("GetItem") is None
    assert allowance.bytes == 7
