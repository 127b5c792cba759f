"""The names of tools, as every provider takes them."""

import re
from collections.abc import Iterable
from typing import Final

LONGEST_NAME: Final = 64
# The tool by which a model asks a person.
ASK_USER: Final = "ask_user"
NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_-]")


class Names:
    """The names that an agent's tools have so far."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    def take(self, name: str, prefix: str = "") -> str:
        """A name that no other tool has, as much like this one as possible."""
        plain = _NOT_IN_A_NAME.sub("_", f"{prefix}{name}")[:LONGEST_NAME]
        found, number = plain, 1
        while found in self._taken:
            number += 1
            ending = f"_{number}"
            found = f"{plain[: LONGEST_NAME - len(ending)]}{ending}"
        self._taken.add(found)
        return found
