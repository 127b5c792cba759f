"""The schema that an output must fit: checked when it is written, and used on each output.

There are two: one among the parameters of a model, which its provider is told, and one of an
action, for agents of every kind. A provider may ignore a schema without a word, so each answer is
checked here too. Therefore only the keywords are allowed that this check knows.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from ai_coordination import expressions, graph
from ai_coordination.runtimes import json_schema
from ai_coordination.runtimes.problems import Path, Problem

LARGEST_BYTES: Final = 16_384
# Characters of a reason, and of a place.
LONGEST_SHOWN: Final = 500

_NESTED = ("properties", "$defs")
_LOCAL = re.compile(r"#/\$defs/(?P<name>.+)", re.DOTALL)
_FENCED = re.compile(r"\s*```(?:json)?[ \t]*\n(?P<json>.*?)\n?```\s*", re.DOTALL | re.IGNORECASE)


Keywords = Mapping[str, Callable[[Any], bool]]
_NO_MORE: Final[Keywords] = {}


def problems(
    schema: Any, *path: str | int, more: Keywords = _NO_MORE, any_type: bool = False
) -> Iterator[Problem]:
    """What is wrong with a schema that a tenant writes.

    `more` are further keywords that it may have, each with what its values must be. It must
    describe an object; with `any_type`, anything that an output can be.
    """
    is_schema = isinstance(schema, Mapping)
    if not is_schema or (not any_type and schema.get("type") != "object"):
        kind = ", which is an object" if any_type else " whose type is 'object'"
        yield Problem(f"This must be a JSON Schema{kind}", path)
        return
    if any_type and _OF_OUTPUTS.isdisjoint(_types(schema)):
        yield Problem("An output is an object, a list ('array') or a text ('string')", path)
        return
    if len(json.dumps(schema, ensure_ascii=False).encode()) > LARGEST_BYTES:
        yield Problem(f"A schema has at most {LARGEST_BYTES:,} bytes", path)
        return
    definitions = schema.get("$defs", {})
    if not isinstance(definitions, Mapping):
        definitions = {}
    yield from _problems(schema, frozenset(definitions), {**_VALUES, **more}, path)
    yield from _endless(definitions, (*path, "$defs"))


def _endless(definitions: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    """Find definitions that are nothing but references to each other: no value can be checked."""
    targets = {name: _target(inner) for name, inner in definitions.items()}
    loop = graph.find_cycle({name: () if to is None else (to,) for name, to in targets.items()})
    if loop is not None:
        shown = " -> ".join(reversed(loop))[:LONGEST_SHOWN]
        yield Problem(f"These definitions refer to each other without end: {shown}", path)


def _target(schema: Any) -> str | None:
    """The name of the definition to which a schema refers. None if it refers to none."""
    reference = schema.get("$ref") if isinstance(schema, Mapping) else None
    local = _LOCAL.fullmatch(reference) if isinstance(reference, str) else None
    return None if local is None else local["name"]


def _problems(
    schema: Any, names: frozenset[str], keywords: Keywords, path: Path
) -> Iterator[Problem]:
    if not isinstance(schema, Mapping):
        yield Problem("This must be a JSON Schema, which is an object", path)
        return
    for keyword, value in schema.items():
        place = (*path, keyword)
        if keyword not in keywords:
            known = ", ".join(keywords)
            yield Problem(f"The keyword {keyword!r} is not supported. These are: {known}", place)
        elif not _is_value_of(keyword, value, names, keywords):
            yield Problem(f"This is not a value of the keyword {keyword!r}", place)
        else:
            for step, inner in _inner(keyword, value):
                yield from _problems(inner, names, keywords, (*place, *step))


def _is_value_of(keyword: str, value: Any, names: frozenset[str], keywords: Keywords) -> bool:
    if keyword == "$ref":
        return _target({keyword: value}) in names
    return keywords[keyword](value)


# What the value of an output can be: see `expressions.output_value`.
_OF_OUTPUTS: Final = frozenset({"array", "object", "string"})


def _types(schema: Mapping[str, Any]) -> list[Any]:
    """The types that a schema allows. What is no type at all is found elsewhere."""
    types = schema.get("type", list(_OF_OUTPUTS))
    if not isinstance(types, list):
        types = [types]
    return [name for name in types if name in json_schema.TYPES] or list(_OF_OUTPUTS)


def _is_type(value: Any) -> bool:
    types = value if isinstance(value, list) and value else [value]
    return all(isinstance(name, str) and name in json_schema.TYPES for name in types)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_size(value: Any) -> bool:
    return type(value) is int and value >= 0


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


_VALUES: Final[Keywords] = {
    "$defs": lambda value: isinstance(value, Mapping),
    "$ref": lambda value: isinstance(value, str),
    "additionalProperties": lambda value: isinstance(value, bool),
    "anyOf": lambda value: isinstance(value, list) and bool(value),
    "description": lambda value: isinstance(value, str),
    "enum": lambda value: isinstance(value, list) and bool(value),
    "items": lambda value: isinstance(value, Mapping),
    "properties": lambda value: isinstance(value, Mapping),
    "required": _is_texts,
    "title": lambda value: isinstance(value, str),
    "type": _is_type,
}


# Bounds, which `json_schema` checks. Models are not asked to keep them.
BOUNDS: Final[Keywords] = {
    "maxItems": _is_size,
    "maxLength": _is_size,
    "maximum": _is_number,
    "minItems": _is_size,
    "minLength": _is_size,
    "minimum": _is_number,
}


def _inner(keyword: str, value: Any) -> Iterator[tuple[Path, Any]]:
    """The schemas in the value of a keyword, with their places in it."""
    if keyword in _NESTED:
        yield from (((name,), inner) for name, inner in value.items())
    elif keyword == "anyOf":
        yield from (((index,), inner) for index, inner in enumerate(value))
    elif keyword == "items":
        yield (), value


def is_strict(schema: Any) -> bool:
    """Whether each object in it has exactly its properties, as OpenAI's `strict` wants it."""
    if isinstance(schema, list):
        return all(is_strict(inner) for inner in schema)
    if not isinstance(schema, Mapping):
        return True
    properties = schema.get("properties", {})
    if schema.get("type") == "object" or properties:
        required = set(schema.get("required", ()))
        if schema.get("additionalProperties") is not False or required != set(properties):
            return False
    nested = [*properties.values(), *schema.get("$defs", {}).values(), *schema.get("anyOf", ())]
    return all(is_strict(inner) for inner in [*nested, schema.get("items")])


def json_of(text: str) -> str:
    """The JSON in an answer: the answer itself, or the only thing in it if that is fenced."""
    fenced = _FENCED.fullmatch(text)
    return fenced["json"].strip() if fenced else text.strip()


def without_bounds(schema: Any) -> Any:
    """The schema as models are told it: some providers refuse schemas with bounds."""
    if not isinstance(schema, Mapping):
        return schema
    kept = {name: value for name, value in schema.items() if name not in BOUNDS}
    for keyword in _NESTED:
        if keyword in kept:
            inner = kept[keyword].items()
            kept[keyword] = {name: without_bounds(nested) for name, nested in inner}
    if "anyOf" in kept:
        kept["anyOf"] = [without_bounds(option) for option in kept["anyOf"]]
    if "items" in kept:
        kept["items"] = without_bounds(kept["items"])
    return kept


def problem_of(schema: Mapping[str, Any], text: str) -> str | None:
    """Why a model's answer, which must be JSON, does not fit the schema. None if it does."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return "The model's answer is not JSON"
    return _problem_of_value(schema, value, "The model's answer", "the answer")


def problem_of_output(schema: Mapping[str, Any], text: str) -> str | None:
    """Why an output does not fit the schema of its action. None if it does.

    What is checked is the value that expressions see.
    """
    value = expressions.output_value(text)
    return _problem_of_value(schema, value, "The agent's output", "the output")


def _problem_of_value(
    schema: Mapping[str, Any], value: Any, subject: str, whole: str
) -> str | None:
    try:
        problem = next(json_schema.problems(schema, value), None)
    except (json_schema.TooManySteps, RecursionError):
        return f"{subject} cannot be checked: it is too large, or the outputSchema too intricate"
    if problem is None:
        return None
    # Names in an output may have any length.
    place = ".".join(map(str, problem.path))[:LONGEST_SHOWN] or whole
    reason = problem.message[:LONGEST_SHOWN]
    return f"{subject} does not fit the outputSchema. {reason} ({place})"
