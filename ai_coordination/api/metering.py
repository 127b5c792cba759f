"""Measure a response while it is built, so that one that is too large to send is not finished."""

from collections.abc import Collection, Sequence
from typing import Any

from graphql.pyutils import Path

from ai_coordination.api import sizes
from ai_coordination.errors import EngineError, PayloadTooLarge

# Fields, and elements of lists of objects, in a response. Each takes up to 30 microseconds.
MAX_VALUES = 100_000
# This many elements of a list of scalars count as one value, because they are only copied.
SCALARS_PER_VALUE = 10


class Meter:
    """Count the bytes and values of a response.

    Over a limit, `error` and `path` are set, and nothing more is built. Bytes are those of JSON
    without escapes. The transport measures the finished response again.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self.values = 0
        self.error: EngineError | None = None
        self.path: list[str | int] = []
        self.has_deferred = False
        self._json_bytes: dict[int, tuple[Any, int]] = {}

    @property
    def stopped(self) -> bool:
        """Whether a limit was exceeded."""
        return self.error is not None

    def stop(self, error: EngineError, path: Path | None = None) -> None:
        """Stop building the response. The first error is kept."""
        if self.error is None:
            self.error = error
            self.path = path.as_list() if path else []

    def reserve(self, size: int, values: int = 0, path: Path | None = None) -> bool:
        """Count bytes and values before they are built. Returns False if they must not be built."""
        if self.error is not None:
            return False
        self.bytes += size
        self.values += values
        if self.bytes > self.max_bytes:
            limit = f"{self.max_bytes:,} bytes"
        elif self.values > MAX_VALUES:
            limit = f"{MAX_VALUES:,} fields"
        else:
            return True
        message = f"The response has more than {limit}: request fewer rows or fields at a time."
        self.stop(PayloadTooLarge(message), path)
        return False

    def reserve_object(self, names: Collection[str], path: Path | None) -> bool:
        """Count an object with fields of these names, without the values of the fields."""
        return self.reserve(sum(map(len, names)) + 4 * len(names) + 2, len(names), path)

    def reserve_strings(self, strings: Sequence[str], path: Path | None) -> bool:
        """Count a list of short strings."""
        size = sum(map(len, strings)) + 3 * len(strings) + 2
        return self.reserve(size, len(strings) // SCALARS_PER_VALUE, path)

    def json_bytes(self, value: Any) -> int:
        """Return the size of a value as JSON. It is computed once for a value shown repeatedly."""
        # The entry holds the value too, so that its id is not reused for another object.
        entry = self._json_bytes.get(id(value))
        if entry is None:
            entry = self._json_bytes[id(value)] = value, sizes.json_bytes(value)
        return entry[1]
