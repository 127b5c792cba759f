"""The part of JSON Schema in which kinds of runtimes describe their parameters, and its check.

Its keywords are `type`, `enum`, `minimum`, `maximum`, `properties` and `additionalProperties`
(false). They mean what JSON Schema says, so any other validator judges a value in the same way.
`description` is for people.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from ai_coordination.runtimes.problems import Path, Problem

Schema = Mapping[str, Any]


def problems(schema: Schema, value: Any, *path: str | int) -> Iterator[Problem]:
    """What is wrong with a value, each with its place below `path`."""
    if not _fits(schema, value):
        yield Problem(f"This must be {_expected(schema)}", path)
    elif isinstance(value, Mapping):
        yield from _problems_of_members(schema, value, path)


def _fits(schema: Schema, value: Any) -> bool:
    """Whether the value itself is right. Its members are not looked at."""
    if "enum" in schema:
        return any(value == one and type(value) is type(one) for one in schema["enum"])
    types = _types(schema)
    if types and not any(_TYPES[name](value) for name in types):
        return False
    lowest, highest = schema.get("minimum"), schema.get("maximum")
    if not _is_number(value):
        return True
    return (lowest is None or value >= lowest) and (highest is None or value <= highest)


def _problems_of_members(schema: Schema, value: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    properties = schema.get("properties", {})
    for name, member in value.items():
        if name in properties:
            yield from problems(properties[name], member, *path, name)
        elif schema.get("additionalProperties") is False:
            names = _joined([repr(known) for known in sorted(properties)], "and")
            yield Problem(f"{name!r} is unknown here. The names are {names}", (*path, name))


def _types(schema: Schema) -> list[str]:
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else list(types)


def _expected(schema: Schema) -> str:
    if "enum" in schema:
        return _joined(["null" if one is None else repr(one) for one in schema["enum"]], "or")
    bounds = ""
    if "minimum" in schema:
        bounds += f" from {schema['minimum']}"
    if "maximum" in schema:
        bounds += f" to {schema['maximum']}"
    words = [_WORDS[name] + (bounds if name in _NUMBERS else "") for name in _types(schema)]
    return _joined(words, "or")


def _joined(words: list[str], conjunction: str) -> str:
    *most, last = words
    return f"{', '.join(most)} {conjunction} {last}" if most else last


def _is_number(value: Any) -> bool:
    # In Python, but not in JSON, true and false are numbers.
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: Any) -> bool:
    return _is_number(value) and (isinstance(value, int) or value.is_integer())


_NUMBERS: Final = frozenset({"integer", "number"})
_TYPES: Final[Mapping[str, Callable[[Any], bool]]] = {
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": _is_integer,
    "null": lambda value: value is None,
    "number": _is_number,
    "object": lambda value: isinstance(value, Mapping),
    "string": lambda value: isinstance(value, str),
}
_WORDS: Final = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a text",
}
