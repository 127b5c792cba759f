"""What the query of an agent with a list may name for each element, in addition to variables.

`{item}` is the element, `{item.name}` a member of it, and `{index}` its place, from 0. They are
filled together with the variables once the elements are known, so that nothing is filled twice.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from ai_coordination.engine.planning import variables
from ai_coordination.engine.planning.variables import Variables
from ai_coordination.errors import BadUserInput, EngineError

ITEM, INDEX = "item", "index"
PIECE = re.compile(r"\{\{|\}\}|\{(item(?:\.[A-Za-z0-9_]+)+|[A-Za-z0-9_]+)\}")


class NoMember(EngineError):
    """A query names a member that the element does not have."""


def check(text: str, values: Variables | None, *path: str | int) -> None:
    """Raise BadUserInput for a name that is neither of an element nor a variable."""
    for name in variables_in(text):
        if values is not None and name not in values:
            raise BadUserInput(f"The task query has no member {name!r}", *path)


def variables_in(text: str) -> list[str]:
    """Return the names in a text that are variables, and not of an element."""
    return [name for name in variables.names(text, PIECE) if not _is_of_element(name)]


def names_it(text: str) -> bool:
    """Whether a text names the element or its index."""
    return any(map(_is_of_element, variables.names(text, PIECE)))


def filled(text: str, values: Variables | None, item: Any, index: int) -> str:
    """Fill a text for one element. Without variables, other names stay as they are.

    Raises NoMember, and PayloadTooLarge for more than 2 MB.
    """
    names = variables.names(text, PIECE)
    known = {name: _value(name, values or {}, item, index) for name in names}
    return variables.filled(text, known, variables.MOST_BYTES, piece=PIECE)


def without_element(text: str, values: Variables | None) -> str:
    """Fill the variables alone. What names the element stays as it is."""
    names = variables.names(text, PIECE)
    known = {name: (values or {}).get(name, f"{{{name}}}") for name in names}
    return variables.filled(text, known, variables.MOST_BYTES, piece=PIECE)


def as_text(value: Any) -> str:
    """Return a text as it is, and any other value as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _is_of_element(name: str) -> bool:
    return name.split(".", maxsplit=1)[0] in (ITEM, INDEX)


def _value(name: str, values: Variables, item: Any, index: int) -> str:
    if name == INDEX:
        return str(index)
    if not _is_of_element(name):
        return values.get(name, f"{{{name}}}")
    value = item
    for member in name.split(".")[1:]:
        if not isinstance(value, Mapping) or member not in value:
            raise NoMember(f"has no {name.removeprefix('item.')!r}")
        value = value[member]
    return as_text(value)
