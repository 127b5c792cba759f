"""Parse and check the parameters of a GraphQL request, from JSON or a query string."""

import json
import math
from collections.abc import Iterable
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from ai_coordination.api import decimals
from ai_coordination.api.decimals import Inexact
from ai_coordination.api.documents import input_paths
from ai_coordination.api.request import GraphQLRequest
from ai_coordination.errors import BadUserInput

PARAMETERS = frozenset({"query", "variables", "operationName", "extensions"})

# Far more than any input of the schema needs, and far less than Python's recursion limit, so that
# accepted values can be processed recursively.
MAX_NESTING = 100

# Types that are always valid. Large inputs consist mostly of them, so they are checked first.
_ALWAYS_VALID = frozenset({bool, int})


def from_body(body: bytes) -> GraphQLRequest:
    """Parse a JSON body. Raises BadUserInput with the parameter's `inputPath`."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadUserInput("The body is not valid UTF-8.") from None
    return from_object(_json(text, "The body"))


def from_query_string(query_string: str) -> GraphQLRequest:
    """Parse the query string of a GET, which may only read. Raises like `from_body`."""
    request: dict[str, Any] = {}
    for name, value in parse_qsl(query_string, keep_blank_values=True):
        if name in PARAMETERS and name in request:
            raise BadUserInput(f"The parameter {name} is repeated: send it once.", name)
        request[name] = value
    for name in ("variables", "extensions"):
        if text := request.pop(name, ""):
            request[name] = _json(text, name, name)
    return from_object(request, read_only=True)


def from_object(request: Any, read_only: bool = False) -> GraphQLRequest:
    """Check decoded JSON. Unknown members are ignored. Raises BadUserInput like `from_body`."""
    if isinstance(request, list):
        raise BadUserInput("Batches are not supported: send one request object at a time.")
    if not isinstance(request, dict):
        raise BadUserInput(f"A GraphQL request must be a JSON object, not {_type_name(request)}.")
    query = _optional(request, "query", str)
    if query is None:
        raise BadUserInput("query is missing: send the GraphQL document in it.", "query")
    return GraphQLRequest(
        query=query,
        variables=_variables(request, query),
        operation_name=_optional(request, "operationName", str) or None,
        extensions=_optional(request, "extensions", dict),
        read_only=read_only,
    )


def _variables(request: dict[str, Any], query: str) -> Any:
    try:
        return _optional(request, "variables", dict)
    except BadUserInput as error:
        raise error.at(*input_paths.within_query(query, error.input_path)) from None


def check_json(value: Any, depth: int = 1) -> None:
    """Reject values that JSON allows and later code cannot process.

    These are half surrogate pairs, which cannot be encoded; infinity, which cannot be stored; and
    deep nesting, which exceeds the recursion limit. Raises BadUserInput with the path below
    `value`.
    """
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, float):
        _check_number(value)
    elif isinstance(value, (dict, list)):
        if depth > MAX_NESTING:
            raise BadUserInput(f"The value is nested deeper than {MAX_NESTING} levels.")
        _check_members(value, depth + 1)


def _check_members(value: dict[str, Any] | list[Any], depth: int) -> None:
    for key, child in _members(value):
        # An Inexact zero is checked: a number too small for a double was parsed as 0.
        if type(child) in _ALWAYS_VALID or (not child and type(child) is not Inexact):
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
        raise BadUserInput(
            "A string contains half of a surrogate pair, which is not valid Unicode."
        ) from None


def _check_number(number: float) -> None:
    if not math.isfinite(number):
        raise BadUserInput("A number is too large to be stored.")
    if isinstance(number, Inexact):
        raise BadUserInput(decimals.INEXACT)


def _optional(
    request: dict[str, Any], name: str, expected: type[dict[str, Any]] | type[str]
) -> Any:
    value = request.get(name)
    if value is None:
        return None
    if not isinstance(value, expected):
        message = f"{name} must be {_TYPE_NAMES[expected]}, not {_type_name(value)}."
        raise BadUserInput(message, name)
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
            parse_float=decimals.parse,
            parse_constant=_no_constant,
        )
    except json.JSONDecodeError as error:
        position = f"{error.msg}, line {error.lineno}, column {error.colno}"
        raise BadUserInput(f"{what} is not valid JSON: {position}.", *input_path) from None
    except RecursionError:
        raise BadUserInput(f"{what} is nested too deeply.", *input_path) from None
    except _Ambiguous as error:
        raise BadUserInput(f"{what} is not valid JSON: {error}.", *input_path) from None
    except ValueError:
        # Python raises it for an integer of more than 4300 digits.
        raise BadUserInput(f"{what} contains a number that is too long.", *input_path) from None


class _Ambiguous(Exception):
    """Input that JSON parsers read in different ways."""


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _Ambiguous("an object has the same member twice")
    return members


def _no_constant(name: str) -> NoReturn:
    raise _Ambiguous(f"{name} is not a JSON number")


_TYPE_NAMES: dict[type, str] = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}


def _type_name(value: Any) -> str:
    return _TYPE_NAMES.get(type(value), "another type")
