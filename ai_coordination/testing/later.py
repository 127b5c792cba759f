"""What has been arranged for a later time."""

import heapq
from collections.abc import Callable
from datetime import datetime
from itertools import count
from typing import NamedTuple

Act = Callable[[], None]


class Event(NamedTuple):
    """Something that happens at a virtual time."""

    at: datetime
    act: Act


class Later:
    """Events by their time. Those of the same time happen in the order of their arrangement."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, Act]] = []
        self._numbers = count()

    def add(self, at: datetime, act: Act) -> None:
        """Arrange an event."""
        heapq.heappush(self._heap, (at, next(self._numbers), act))

    def next(self) -> Event | None:
        """Return the first event, which stays until it happens. None if there is none."""
        if not self._heap:
            return None
        return Event(self._heap[0][0], self._happen)

    def _happen(self) -> None:
        _, _, act = heapq.heappop(self._heap)
        act()
