"""What an expression may cost."""

import re
import sys
from collections.abc import Callable
from typing import Any, Final

from ai_coordination.expressions.failures import ExpressionFailed, kind_of

MOST_VISITS: Final = 200_000
MOST_BYTES: Final = 8_000_000
# Texts are compared and searched at some gigabytes a second.
MOST_CHARACTERS_READ: Final = 32_000_000
# Python writes JSON by recursion, and may have come a long way before.
MOST_LEVELS: Final = 500
# It writes no whole numbers of more digits. A sum may have more than what was read.
MOST_DIGITS: Final = 4_300

# Bytes of a reference in a list.
REFERENCE: Final = 8
# Bytes of a member of an object, at most, without its key and its value.
MEMBER: Final = 110


class Meter:
    """What one evaluation, or several together, may still do. `times` is how often they may do what
    one may. Each method raises ExpressionFailed beyond that.
    """

    def __init__(self, times: int = 1) -> None:
        self._times = times
        self._visits = MOST_VISITS * times
        self._bytes = MOST_BYTES * times
        self._characters = MOST_CHARACTERS_READ * times

    def visit(self, count: int = 1) -> None:
        """Count parts of the expression that are evaluated, and values that are looked at."""
        self._visits -= count
        if self._visits < 0:
            raise ExpressionFailed(f"it takes more than {MOST_VISITS * self._times:,} visits")

    def make(self, count: int) -> None:
        """Count bytes of a value, where possible before it is made."""
        self._bytes -= count
        if self._bytes < 0:
            raise ExpressionFailed(f"it makes more than {MOST_BYTES * self._times:,} bytes")

    def read(self, count: int) -> None:
        """Count characters of texts that are compared or searched."""
        self._characters -= count
        if self._characters < 0:
            raise ExpressionFailed(
                f"it reads more than {MOST_CHARACTERS_READ * self._times:,} characters"
            )

    def compare(self, left: Any, right: Any) -> None:
        """Count what `==` looks at."""
        self.visit()
        if type(left) is not type(right) or not isinstance(left, str | list | dict):
            return
        if len(left) != len(right):
            return
        if isinstance(left, str):
            self.read(len(left))
            return
        left_over = [left]
        while left_over:
            value = left_over.pop()
            if isinstance(value, str):
                self.read(len(value))
            elif isinstance(value, dict | list):
                self.visit(len(value))
                left_over += value.values() if isinstance(value, dict) else value

    def finish(self, result: Any) -> None:
        """Count the result, which the caller looks at and writes. It is made already."""
        before, self._bytes = self._bytes, MOST_BYTES * self._times
        self.walk(result)
        self._bytes = before

    def walk(self, value: Any, size_of: Callable[[str], int] = sys.getsizeof) -> None:
        """Count a whole value, with `size_of` for its texts. Refuse what JSON does not have."""
        level = [value]
        for _ in range(MOST_LEVELS):
            level = self._walk_level(level, size_of)
            if not level:
                return
        raise ExpressionFailed(f"a value nests more than {MOST_LEVELS} levels deep")

    def _walk_level(self, values: list[Any], size_of: Callable[[str], int]) -> list[Any]:
        """Count these values, and return the values in them."""
        inner: list[Any] = []
        for value in values:
            if isinstance(value, str):
                self.make(size_of(value))
            elif isinstance(value, dict):
                self.visit(len(value))
                self.make(sum(map(size_of, value)))
                inner += value.values()
            elif isinstance(value, list):
                self.visit(len(value))
                self.make(len(value))
                inner += value
            else:
                _check_scalar(value)
        return inner


_TOO_LONG: Final = 10**MOST_DIGITS


def _check_scalar(value: Any) -> None:
    if isinstance(value, int) and not -_TOO_LONG < value < _TOO_LONG:
        raise ExpressionFailed(f"it gives a number of more than {MOST_DIGITS:,} digits")
    if isinstance(value, float) and value - value != 0:  # The difference of infinities is NaN.
        raise ExpressionFailed("it gives a number that is infinite or none at all")
    if value is not None and not isinstance(value, bool | int | float):
        raise ExpressionFailed(f"it gives {kind_of(value)}, which is no value")


# What JSON writes by six characters.
_CONTROLS: Final = re.compile(r"[\x00-\x07\x0b\x0e-\x1f]")
# What it writes by two.
_ESCAPED: Final = '"\\\n\r\t\b\f'
# To look for them takes as long as to make so many bytes.
_LOOKED_AT: Final = 50


def written(text: str) -> int:
    """Return how many bytes a text has as JSON, or a few more."""
    size = sys.getsizeof(text)
    if text.isprintable():
        return size + width(text) * (text.count('"') + text.count("\\"))
    size += _LOOKED_AT
    if _CONTROLS.search(text):
        return 6 * size
    return size + width(text) * sum(map(text.count, _ESCAPED))


def width(text: str) -> int:
    """Return the bytes of a character of this text: 1, 2 or 4. A few for a short text."""
    if text.isascii():
        return 1
    return min(4, (sys.getsizeof(text) - 49) // len(text))
