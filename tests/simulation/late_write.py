"""A write that a worker has decided on, and that arrives after others have worked."""

import json
from collections.abc import Callable
from typing import Any

from tests.simulation.simulator import Simulator


class LateWrite:
    """Delay the next write that contains all `words` but not `without`, and run `others` first.

    The words are attribute names or values that the write changes. Do not take them from its
    condition: a mutant without that condition would not match. `landed` is None until the write
    arrives, and then says whether it was applied. The worker continues with the answer.
    """

    def __init__(
        self, world: Simulator, others: Callable[[], None], *words: str, without: str | None = None
    ) -> None:
        self.landed: bool | None = None
        self._world, self._others, self._words = world, others, words
        self._without = without
        self._spoils = world.spoils
        world.spoils = self._come_late

    def _come_late(self, operation: str, request: Any) -> None:
        said = json.dumps(request, default=str)
        if not all(f'"{word}"' in said for word in self._words):
            return
        if self._without is not None and f'"{self._without}"' in said:
            return
        self._world.spoils = self._spoils
        self._others()
        call = self._world.store.call

        def arrive(operation: str, request: Any, *, repeated: bool = False) -> Any:
            self._world.store.call = call  # type: ignore[method-assign]
            self.landed = False
            answer = call(operation, request, repeated=repeated)
            self.landed = True
            return answer

        self._world.store.call = arrive  # type: ignore[method-assign]
