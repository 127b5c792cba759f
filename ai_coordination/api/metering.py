"""What an answer takes, counted while it is built, so that none is built which cannot be sent."""

from collections.abc import Collection, Sequence
from typing import Any

from graphql.pyutils import Path

from ai_coordination.api import sizes
from ai_coordination.errors import EngineError, PayloadTooLarge

# Fields, and elements of lists of objects. Building one takes up to 30 microseconds.
MOST_VALUES = 100_000
# So many elements of a list of scalars count as one value: they are copied.
SCALARS = 10


class Meter:
    """Counts the bytes and the values of one answer.

    Once there are too many, `refusal` says so, `path` says where, and nothing more is built. Bytes
    are those of JSON without the escapes that it may need: the sender of the answer counts again.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self.bytes = 0
        self.values = 0
        self.refusal: EngineError | None = None
        self.path: list[str | int] = []
        self.holds = False
        self._of_json: dict[int, tuple[Any, int]] = {}

    @property
    def stopped(self) -> bool:
        return self.refusal is not None

    def stop(self, refusal: EngineError, path: Path | None = None) -> None:
        """Nothing more is built; the answer is the first `refusal`."""
        if self.refusal is None:
            self.refusal = refusal
            self.path = path.as_list() if path else []

    def takes(self, size: int, values: int = 0, path: Path | None = None) -> bool:
        """Counts what is about to be built; whether it may be."""
        if self.refusal is not None:
            return False
        self.bytes += size
        self.values += values
        if self.bytes > self.most_bytes:
            what = f"more than {self.most_bytes:,} bytes"
        elif self.values > MOST_VALUES:
            what = f"more than {MOST_VALUES:,} fields"
        else:
            return True
        message = f"The answer takes {what}: ask for fewer rows or fields at a time."
        self.stop(PayloadTooLarge(message), path)
        return False

    def takes_object(self, names: Collection[str], path: Path | None) -> bool:
        """The same, for an object with fields of these names, without what these show."""
        return self.takes(sum(map(len, names)) + 4 * len(names) + 2, len(names), path)

    def takes_texts(self, texts: Sequence[str], path: Path | None) -> bool:
        """The same, for a list of short texts."""
        return self.takes(sum(map(len, texts)) + 3 * len(texts) + 2, len(texts) // SCALARS, path)

    def size_of_json(self, value: Any) -> int:
        """The bytes of a JSON value, computed once however often it is shown."""
        # The value is kept with its size, so that no other one gets its id.
        found = self._of_json.get(id(value))
        if found is None:
            found = self._of_json[id(value)] = value, sizes.plain(value)
        return found[1]
