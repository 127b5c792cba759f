"""What the expressions of each setting see."""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

Setting = Literal["when", "input", "forEach.items", "repeat.until", "output"]

_ALWAYS: Final = frozenset({"query", "taskQuery", "outputs", "states", "answers"})


class Scope(NamedTuple):
    """What an expression may name.

    `agents` are those that `outputs`, `states` and `answers` have; None if that is not known.
    `condition`: only true, false and null are results.
    """

    roots: frozenset[str] = _ALWAYS
    agents: tuple[str, ...] | None = None
    condition: bool = False


def scope_of(
    setting: Setting,
    agents: Iterable[str] | None,
    *,
    for_each: bool = False,
    repeat: bool = False,
) -> Scope:
    """Return what the expression of a setting sees.

    `agents`: the direct predecessors; of `repeat.until` the agents that end a round, of `output`
    those without successors; None if they are not known. `for_each` and `repeat`: the action has
    that setting too.
    """
    roots = _ALWAYS
    if setting == "input":
        roots |= {"turn"}
        roots |= {"item", "index"} if for_each else set()
        roots |= {"round", "previous"} if repeat else set()
    elif setting == "repeat.until":
        roots |= {"round", "previous"}
    elif setting == "output":
        roots -= {"query"}
    known = None if agents is None else tuple(dict.fromkeys(agents))
    return Scope(roots, known, setting in {"when", "repeat.until"})
