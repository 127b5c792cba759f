"""What is wrong with a member's runtime, with its place; and rules that several kinds share."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

Path = tuple[str | int, ...]


class Problem(NamedTuple):
    """`path` begins at the runtime: `target`, or `parameters` and the names below it."""

    message: str
    path: Path


def no_target(target: str | None) -> Iterator[Problem]:
    """The rule of kinds that have no target."""
    if target is not None:
        yield Problem("A runtime of this kind has no target", ("target",))


def not_an_object(parameters: Any) -> Iterator[Problem]:
    """The rule of kinds whose parameters are an object, if there are any."""
    if parameters is not None and not isinstance(parameters, Mapping):
        yield Problem("The parameters are an object, by their names", ("parameters",))


def unknown_names(
    value: Mapping[str, Any], names: Collection[str], *path: str
) -> Iterator[Problem]:
    """The rule of an object that has no other members than these."""
    for name in value:
        if name not in names:
            expected = " and ".join(map(repr, sorted(names)))
            yield Problem(f"{name!r} is unknown here: there are {expected}", (*path, name))
