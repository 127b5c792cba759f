"""The placeholders of a request: what its expressions' names and values stand for."""

import re
from collections.abc import Mapping
from typing import Any

from ai_coordination.local.database import paths, syntax, values
from ai_coordination.local.database.errors import Invalid
from ai_coordination.local.database.reserved import RESERVED
from ai_coordination.local.database.values import Value

_NAME = re.compile(r"#[A-Za-z0-9_]+", re.ASCII)
_VALUE = re.compile(r":[A-Za-z0-9_]+", re.ASCII)
_NAMES, _VALUES = "ExpressionAttributeNames", "ExpressionAttributeValues"


class Placeholders:
    """The names and values of one request, and which of them its expressions have used."""

    def __init__(self, request: Mapping[str, Any], *expressions: str) -> None:
        """`expressions` are those that the request may have. Raises Invalid."""
        self._names: Mapping[str, str] = request.get(_NAMES) or {}
        given: Mapping[str, Any] = request.get(_VALUES) or {}
        self._used: set[str] = set()
        has_any = any(request.get(name) is not None for name in expressions)
        _check_presence(request, has_any, expressions)
        _check_names(self._names)
        self._values = {name: _canonical(name, value) for name, value in given.items()}

    def path(self, kind: str, path: syntax.Path) -> paths.Path:
        """The path that is meant. Raises Invalid."""
        return tuple(
            part if isinstance(part, int) else self._name(kind, part) for part in path.parts
        )

    def _name(self, kind: str, part: str) -> str:
        if part[0] != "#":
            if part.upper() in RESERVED:
                raise Invalid(
                    f"Invalid {kind}: Attribute name is a reserved keyword; reserved keyword: "
                    f"{part}"
                )
            return part
        if part not in self._names:
            raise Invalid(
                f"Invalid {kind}: An expression attribute name used in the document path is not "
                f"defined; attribute name: {part}"
            )
        self._used.add(part)
        return self._names[part]

    def value(self, kind: str, name: str) -> Value:
        """The value that is meant. Raises Invalid."""
        if name not in self._values:
            raise Invalid(
                f"Invalid {kind}: An expression attribute value used in expression is not defined; "
                f"attribute value: {name}"
            )
        self._used.add(name)
        return self._values[name]

    def check_all_used(self) -> None:
        """Raises Invalid where an expression uses fewer than the request has."""
        for what, held in ((_NAMES, self._names), (_VALUES, self._values)):
            unused = [name for name in held if name not in self._used]
            if unused:
                shown = ", ".join(unused)
                raise Invalid(f"Value provided in {what} unused in expressions: keys: {{{shown}}}")


def _check_presence(
    request: Mapping[str, Any], has_any: bool, expressions: tuple[str, ...]
) -> None:
    for what in (_NAMES, _VALUES):
        if request.get(what) is None:
            continue
        if not has_any:
            only = [name for name in expressions if name != "ProjectionExpression"]
            which = f": {only[0]} is null" if what == _VALUES and len(only) == 1 else ""
            raise Invalid(f"{what} can only be specified when using expressions{which}")
        if not request[what]:
            raise Invalid(f"{what} must not be empty")


def _check_names(names: Mapping[str, str]) -> None:
    for key, name in names.items():
        if not _NAME.fullmatch(key):
            raise Invalid(f'{_NAMES} contains invalid key: Syntax error; key: "{key}"')
        if not name:
            raise Invalid(f"{_NAMES} contains invalid value: Empty attribute name for key {key}")


def _canonical(name: str, value: Any) -> Value:
    if not _VALUE.fullmatch(name):
        raise Invalid(f'{_VALUES} contains invalid key: Syntax error; key: "{name}"')
    try:
        return values.canonical(value)
    except Invalid as error:
        raise Invalid(
            f"{_VALUES} contains invalid value: {error.message} for key {name}"
        ) from error
