"""Work in many threads at once."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, TypeVar

T = TypeVar("T")

THREADS = 16
# In fewer races than these, one side may win all of them by chance.
ENOUGH_RACES = 50


def together(work: Callable[[int], T]) -> Sequence[T]:
    """Run the work in THREADS threads that begin together. Return the results by number."""
    start = Barrier(THREADS, timeout=60)

    def begin(number: int) -> T:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(begin, range(THREADS)))


def side_by_side(work: Callable[[Any], Any], items: Iterable[Any]) -> None:
    """Run the work on all items, in THREADS threads."""
    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(work, item) for item in items]:
            done.result()


def assert_each_wins(those: Iterable[T], winners: Sequence[T]) -> None:
    """Each of those equally fast has won, so the races were races: checked where chance allows."""
    if len(winners) >= ENOUGH_RACES:
        assert {*winners} == {*those}
