"""What is wrong with a runtime, with its place: rules that several kinds share."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple


class Problem(NamedTuple):
    """`path` begins at the runtime: `target`, or `parameters` and the names below it."""

    message: str
    path: tuple[str | int, ...]


def no_target(target: str | None) -> Iterator[Problem]:
    if target is not None:
        yield Problem("Only a LAMBDA agent has a target", ("target",))


def no_object(parameters: Any) -> Iterator[Problem]:
    if parameters is not None and not isinstance(parameters, Mapping):
        yield Problem("The parameters are an object, by their names", ("parameters",))


def unknown(given: Mapping[str, Any], known: Collection[str], *path: str) -> Iterator[Problem]:
    for name in given:
        if name not in known:
            expected = " and ".join(map(repr, sorted(known)))
            yield Problem(f"{name!r} is unknown here: there are {expected}", (*path, name))
