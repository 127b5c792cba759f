"""The parameters of a GraphQL request, out of JSON or a URL, each of the type it has to have."""

import json
import math
from collections.abc import Iterable
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from ai_coordination.api import decimals
from ai_coordination.api.decimals import Inexact
from ai_coordination.api.documents import places
from ai_coordination.api.request import GraphQLRequest
from ai_coordination.errors import BadUserInput

PARAMETERS = frozenset({"query", "variables", "operationName", "extensions"})

# Far more than any input of the schema, and far less than Python's own recursion limit: what is
# let in here can be walked, stored and printed again without a thought.
DEEPEST = 100

# Most members of a large input, which are not worth a call each.
_ALWAYS_SOUND = frozenset({bool, int})


def from_body(body: bytes) -> GraphQLRequest:
    """A request out of a JSON body. Raises BadUserInput, with the parameter's `inputPath`."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadUserInput("The body is not UTF-8.") from None
    return from_object(_json(text, "The body"))


def from_query_string(query_string: str) -> GraphQLRequest:
    """A request out of a URL, which may only read. Raises BadUserInput as `from_body` does."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(query_string, keep_blank_values=True):
        if name in PARAMETERS and name in found:
            raise BadUserInput(f"{name} is given more than once.", name)
        found[name] = value
    for name in ("variables", "extensions"):
        if text := found.pop(name, ""):
            found[name] = _json(text, name, name)
    return from_object(found, read_only=True)


def from_object(given: Any, read_only: bool = False) -> GraphQLRequest:
    """A request out of decoded JSON. Names that GraphQL over HTTP reserves are ignored."""
    if isinstance(given, list):
        raise BadUserInput("Batches are not supported: send one request object at a time.")
    if not isinstance(given, dict):
        raise BadUserInput(f"A GraphQL request is a JSON object, not {_kind(given)}.")
    query = _optional(given, "query", str)
    if query is None:
        raise BadUserInput("query is missing: it holds the GraphQL document.", "query")
    return GraphQLRequest(
        query=query,
        variables=_variables(given, query),
        operation_name=_optional(given, "operationName", str) or None,
        extensions=_optional(given, "extensions", dict),
        read_only=read_only,
    )


def _variables(given: dict[str, Any], query: str) -> Any:
    try:
        return _optional(given, "variables", dict)
    except BadUserInput as error:
        raise error.at(*places.within_query(query, error.input_path)) from None


def check_json(value: Any, depth: int = 1) -> None:
    """Refuse what JSON lets through and nothing behind it can take.

    Half surrogate pairs cannot be encoded, infinity cannot be stored, and too deep a nesting ends
    the recursion of functions that walk it. Raises BadUserInput with the place below `value`.
    """
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, float):
        _check_number(value)
    elif isinstance(value, (dict, list)):
        if depth > DEEPEST:
            raise BadUserInput(f"Nested more than {DEEPEST} deep.")
        _check_members(value, depth + 1)


def _check_members(value: dict[str, Any] | list[Any], depth: int) -> None:
    for key, child in _members(value):
        # Not zero: a decimal that is too small has become it.
        if type(child) in _ALWAYS_SOUND or (not child and type(child) is not Inexact):
            continue
        try:
            check_json(child, depth)
        except BadUserInput as error:
            error.under(key)
            raise


def _members(value: dict[str, Any] | list[Any]) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, list):
        return enumerate(value)
    for key in value:
        _check_text(key)
    return value.items()


def _check_text(text: str) -> None:
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadUserInput("A text holds half of a surrogate pair.") from None


def _check_number(number: float) -> None:
    if not math.isfinite(number):
        raise BadUserInput("A number is out of range.")
    if isinstance(number, Inexact):
        raise BadUserInput("A number has more digits than are kept: give it as a text, or shorter.")


def _optional(given: dict[str, Any], name: str, wanted: type[dict[str, Any]] | type[str]) -> Any:
    value = given.get(name)
    if value is None:
        return None
    if not isinstance(value, wanted):
        raise BadUserInput(f"{name} must be {_KINDS[wanted]}, not {_kind(value)}.", name)
    try:
        check_json(value)
    except BadUserInput as error:
        error.under(name)
        raise
    return value


def _json(text: str, what: str, *input_path: str) -> Any:
    try:
        return json.loads(
            text,
            object_pairs_hook=_unambiguous,
            parse_float=decimals.read,
            parse_constant=_no_constant,
        )
    except json.JSONDecodeError as error:
        place = f"{error.msg}, line {error.lineno}, column {error.colno}"
        raise BadUserInput(f"{what} is not JSON: {place}.", *input_path) from None
    except RecursionError:
        raise BadUserInput(f"{what} is nested too deep.", *input_path) from None
    except _Ambiguous as error:
        raise BadUserInput(f"{what} is not JSON: {error}.", *input_path) from None
    except ValueError:
        # Python refuses to read a whole number of more than 4300 digits.
        raise BadUserInput(f"{what} holds a number that is too long.", *input_path) from None


class _Ambiguous(Exception):
    """Something that parsers of JSON read in different ways."""


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _Ambiguous("an object names a member twice")
    return members


def _no_constant(name: str) -> NoReturn:
    raise _Ambiguous(f"{name} is no number of JSON")


_KINDS: dict[type, str] = {
    dict: "an object",
    list: "a list",
    str: "a text",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "something else")
