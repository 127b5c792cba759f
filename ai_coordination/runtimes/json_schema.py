"""The part of JSON Schema that describes the parameters of kinds of runtimes, and its check.

Its keywords are `type`, `enum`, `minimum`, `maximum`, `minLength`, `maxLength`, `properties`,
`required`, `additionalProperties` (false), `items`, `minItems`, `maxItems`, `anyOf`, `$defs` and
`$ref` into them. They mean what JSON Schema says, so any other validator judges a value in the same
way.
`description` and `title` are for people.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from ai_coordination.runtimes.problems import Path, Problem

Schema = Mapping[str, Any]

DEFINITIONS: Final = "#/$defs/"
# References can refer to each other, so a small schema may need exponentially many steps.
MOST_STEPS: Final = 100_000


class TooManySteps(Exception):
    """The schema is too intricate to check the value by it."""


def problems(schema: Schema, value: Any, *path: str | int) -> Iterator[Problem]:
    """What is wrong with a value, each with its place below `path`.

    Raises TooManySteps; and RecursionError if schema or value nest too deeply.
    """
    yield from _Check(schema.get("$defs", {})).problems(schema, value, path)


def with_whole_numbers(schema: Schema, value: Any) -> Any:
    """Return the value with an int for each number that must be whole: JSON may write it as 3.0.

    Only `properties` are followed. The value fits the schema.
    """
    if isinstance(value, float) and schema.get("type") == "integer":
        return int(value)
    properties = schema.get("properties")
    if properties and isinstance(value, Mapping):
        return {
            name: with_whole_numbers(properties.get(name, {}), member)
            for name, member in value.items()
        }
    return value


class _Check:
    """The check of one value."""

    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        self._definitions = definitions
        self._left = MOST_STEPS

    def problems(self, schema: Schema, value: Any, path: Path) -> Iterator[Problem]:
        self._left -= 1
        if self._left < 0:
            raise TooManySteps
        if "$ref" in schema:
            name = schema["$ref"].removeprefix(DEFINITIONS)
            yield from self.problems(self._definitions[name], value, path)
        if "anyOf" in schema and not self._fits_any(schema["anyOf"], value):
            yield Problem("This has none of the forms that are possible here", path)
        if not _fits(schema, value):
            yield Problem(f"This must be {_expected(schema)}", path)
        elif isinstance(value, Mapping):
            yield from self._problems_of_members(schema, value, path)
        elif isinstance(value, list):
            yield from self._problems_of_items(schema, value, path)

    def _fits_any(self, options: list[Schema], value: Any) -> bool:
        return any(not any(self.problems(option, value, ())) for option in options)

    def _problems_of_members(
        self, schema: Schema, value: Mapping[str, Any], path: Path
    ) -> Iterator[Problem]:
        properties = schema.get("properties", {})
        for name in schema.get("required", ()):
            if name not in value:
                yield Problem(f"{name!r} is missing", (*path, name))
        for name, member in value.items():
            if name in properties:
                yield from self.problems(properties[name], member, (*path, name))
            elif schema.get("additionalProperties") is False:
                known = _joined([repr(known) for known in sorted(properties)] or ["none"], "and")
                yield Problem(f"{name!r} is unknown here. The names are {known}", (*path, name))

    def _problems_of_items(self, schema: Schema, value: list[Any], path: Path) -> Iterator[Problem]:
        if "items" in schema:
            for index, item in enumerate(value):
                yield from self.problems(schema["items"], item, (*path, index))


def _fits(schema: Schema, value: Any) -> bool:
    """Whether the value itself is right. Its members are not looked at."""
    if "enum" in schema:
        return any(value == option and type(value) is type(option) for option in schema["enum"])
    types = _types(schema)
    if types and not any(TYPES[name](value) for name in types):
        return False
    if isinstance(value, str):
        return _is_within(len(value), schema.get("minLength"), schema.get("maxLength"))
    if isinstance(value, list):
        return _is_within(len(value), schema.get("minItems"), schema.get("maxItems"))
    if not _is_number(value):
        return True
    return _is_within(value, schema.get("minimum"), schema.get("maximum"))


def _is_within(value: float, lowest: float | None, highest: float | None) -> bool:
    return (lowest is None or value >= lowest) and (highest is None or value <= highest)


def _types(schema: Schema) -> list[str]:
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else list(types)


def _expected(schema: Schema) -> str:
    if "enum" in schema:
        options = ["null" if option is None else repr(option) for option in schema["enum"]]
        return _joined(options, "or")
    bounds = ""
    if "minimum" in schema:
        bounds += f" from {schema['minimum']}"
    if "maximum" in schema:
        bounds += f" to {schema['maximum']}"
    words = [_word(schema, name) + (bounds if name in _NUMBERS else "") for name in _types(schema)]
    return _joined(words, "or")


def _word(schema: Schema, name: str) -> str:
    """What a type is called, with its bounds if it is not a number."""
    if name == "string" and "maxLength" in schema:
        return f"{_WORDS[name]} of {schema.get('minLength', 0)} to {schema['maxLength']} characters"
    if name == "string" and "minLength" in schema:
        return f"{_WORDS[name]} of at least {schema['minLength']} characters"
    if name == "object" and schema.get("required"):
        # What else is missing is said here, because there is no object to look into.
        return f"{_WORDS[name]} with {_joined(list(map(repr, schema['required'])), 'and')}"
    if name == "array" and {"minItems", "maxItems"} & schema.keys():
        return f"{_WORDS[name]} of {_count(schema.get('minItems'), schema.get('maxItems'))}"
    return _WORDS[name]


def _count(fewest: int | None, most: int | None) -> str:
    """How many elements a list may have. At least one of the bounds is given."""
    if most is None:
        return f"at least {fewest}"
    if fewest is None:
        return f"at most {most}"
    return str(most) if fewest == most else f"{fewest} to {most}"


def _joined(words: list[str], conjunction: str) -> str:
    *most, last = words
    return f"{', '.join(most)} {conjunction} {last}" if most else last


def _is_number(value: Any) -> bool:
    # In Python, but not in JSON, true and false are numbers.
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: Any) -> bool:
    return _is_number(value) and (isinstance(value, int) or value.is_integer())


_NUMBERS: Final = frozenset({"integer", "number"})
TYPES: Final[Mapping[str, Callable[[Any], bool]]] = {
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
