"""What is wrong with a member's runtime, with its place."""

from typing import NamedTuple

Path = tuple[str | int, ...]


class Problem(NamedTuple):
    """`path` begins at the runtime: `target`, or `parameters` and the names below it."""

    message: str
    path: Path
