"""Faults of the infrastructure, drawn from the engine's seed."""

import random
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from ai_coordination.local.errors import Refused
from ai_coordination.testing.errors import TestingError, WorkerDied

_WRITES = frozenset({"BatchWriteItem", "DeleteItem", "PutItem", "TransactWriteItems", "UpdateItem"})
_LOSABLE = ('"kind":"agent"', '"kind":"session"')


@dataclass(frozen=True)
class Faults:
    """How often something goes wrong, each as a probability from 0 to 0.5.

    A session must come to the same end with faults as without. It only takes longer. Faults affect
    workers, and not the calls of the test: `load`, `start` and `graphql`.
    """

    lost_messages: float = 0.0
    """A message never arrives, so only the sweep finds the work."""
    duplicates: float = 0.0
    """A message arrives again, some seconds later."""
    crashes: float = 0.0
    """A worker dies before or after a write to the database."""
    throttles: float = 0.0
    """The database refuses a request, because of its load."""

    def __post_init__(self) -> None:
        for field in fields(self):
            if not 0 <= getattr(self, field.name) <= 0.5:
                raise TestingError(f"Faults.{field.name} must be from 0 to 0.5")


class Chance:
    """Decides when a fault happens."""

    def __init__(self, faults: Faults, seed: int) -> None:
        self.faults = faults
        # Of its own, so that the identifiers of a seed are the same with and without faults.
        self._random = random.Random(f"faults {seed}")  # noqa: S311 - repeatable, not secret

    def is_lost(self, body: str) -> bool:
        """Whether a message is lost. Those that no sweep would send again never are."""
        is_losable = any(kind in body.replace(" ", "") for kind in _LOSABLE)
        return is_losable and self._happens(self.faults.lost_messages)

    def is_doubled(self) -> bool:
        """Whether a message arrives again."""
        return self._happens(self.faults.duplicates)

    def seconds_late(self) -> int:
        """How many seconds later the second copy arrives."""
        return self._random.randint(0, 5)

    def request(self, operation: str, perform: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Perform a request to the database, unless a fault prevents it."""
        if self._happens(self.faults.throttles):
            raise Refused("ThrottlingException", "Rate exceeded")
        dies = operation in _WRITES and self._happens(self.faults.crashes)
        if dies and self._random.random() < 0.5:
            raise WorkerDied
        answer = perform()
        if dies:
            raise WorkerDied
        return answer

    def _happens(self, probability: float) -> bool:
        # Without this kind of fault nothing is drawn, so that it does not shift the others.
        return probability > 0 and self._random.random() < probability
