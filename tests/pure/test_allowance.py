"""What one request may read: counted, refused when it is too much, one by one when it is heavy."""

import threading
from typing import Any

import pytest

from ai_coordination.errors import QueryTooComplex
from ai_coordination.models.allowance import HEAVY_BYTES, Allowance, current, spending


def answer(units: float = 0, size: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "ConsumedCapacity": {"CapacityUnits": units},
        "ResponseMetadata": {"HTTPHeaders": {"content-length": str(size)}},
        **more,
    }


@pytest.mark.parametrize(
    ("answers", "units", "size"),
    [
        ([], 0, 0),
        ([answer(0.5, 100), answer(2, 50)], 2.5, 150),
        ([answer(ConsumedCapacity=[{"CapacityUnits": 1.5}, {"CapacityUnits": 2}])], 3.5, 0),
        ([{}, {"ConsumedCapacity": None}], 0, 0),
    ],
)
def test_units_and_bytes_are_added_up(
    answers: list[dict[str, Any]], units: float, size: int
) -> None:
    allowance = Allowance()

    for one in answers:
        allowance.spend(one)

    assert (allowance.units, allowance.bytes, allowance.refusal) == (units, size, None)


@pytest.mark.parametrize(
    ("most", "last", "limit"),
    [
        ({"most_units": 10}, answer(6.5), 10),
        ({"most_bytes": 1_000}, answer(0, 601), 1_000),
    ],
)
def test_the_read_that_exceeds_it_is_the_last(
    most: dict[str, Any], last: dict[str, Any], limit: int
) -> None:
    allowance = Allowance(**most)
    allowance.spend(answer(4, 400))

    with pytest.raises(QueryTooComplex) as refused:
        allowance.spend(last)

    assert refused.value.extensions == {"code": "QUERY_TOO_COMPLEX", "limit": limit}
    with pytest.raises(QueryTooComplex), allowance.turn():
        pytest.fail("nothing is read any more")


def test_exactly_as_much_as_allowed_is_fine() -> None:
    allowance = Allowance(most_units=10, most_bytes=1_000)

    allowance.spend(answer(10, 1_000))

    assert allowance.refusal is None


@pytest.mark.parametrize(("size", "at_once"), [(HEAVY_BYTES, 2), (HEAVY_BYTES + 1, 1)])
def test_after_a_heavy_answer_reads_wait_for_each_other(size: int, at_once: int) -> None:
    allowance = Allowance()
    allowance.spend(answer(0, size))
    inside, most = [0], [0]
    meeting = threading.Event()

    def read() -> None:
        with allowance.turn():
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            if at_once == 2:
                meeting.set() if inside[0] == 2 else meeting.wait(20)
            inside[0] -= 1

    readers = [threading.Thread(target=read) for _ in range(2)]
    for one in readers:
        one.start()
    for one in readers:
        one.join(20)

    assert most[0] == at_once


def test_only_reads_of_the_block_count() -> None:
    allowance = Allowance()

    with spending(allowance):
        found = [current(name) for name in ("GetItem", "Query", "BatchGetItem", "UpdateItem")]
        with spending(None):
            assert current("GetItem") is None

    assert found == [allowance, allowance, allowance, None]
    assert current("GetItem") is None
