"""The entities of a corpus, as the API returns them."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLObjectType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

from ai_coordination.api.schema import schema
from tests.support.graph_api import data
from tests.support.world import ARGUMENTS, KEYS, TYPES, field

Item = Mapping[str, Any]

KINDS = {
    "coordinations": "coordination",
    "tasks": "task",
    "task_schedules": "schedule",
    "sessions": "session",
    "session_agents": "agent",
    "session_runs": "run",
}
# The keys of items that are not entities of the API.
OTHER_KEYS = {"child_counts": "parent_uuid", "idempotency": "key"}
LONGEST = 1_000
# Pictures of an entity, which a later version may draw in another way.
DRAWN = frozenset({"mermaid"})


def documents() -> dict[str, str]:
    """By kind, what asks for all that an entity itself says."""
    return {kind: _document(kind) for kind in KINDS.values()}


def _document(kind: str) -> str:
    names = [ARGUMENTS[one] for one in KEYS[kind]]
    declared = ", ".join(f"${name}: ID!" for name in names)
    given = ", ".join(f"{name}: ${name}" for name in names)
    whole = schema.graphql_schema.get_type(TYPES[kind])
    assert isinstance(whole, GraphQLObjectType)
    return f"query ({declared}) {{ {field(kind)}({given}) {_fields(whole)} }}"


def _fields(kind: GraphQLObjectType) -> str:
    known = kind.fields.items()
    return "{ " + " ".join(_selected(*one) for one in known if _is_its_own(*one)) + " }"


def _selected(name: str, one: GraphQLField) -> str:
    inner = get_named_type(one.type)
    return f"{name} {_fields(inner)}" if isinstance(inner, GraphQLObjectType) else name


def _is_its_own(name: str, one: GraphQLField) -> bool:
    if name in DRAWN or any(map(is_required_argument, one.args.values())):
        return False
    inner = get_named_type(one.type)
    if is_leaf_type(inner):
        return True
    is_entity = isinstance(inner, GraphQLObjectType) and inner.interfaces
    return not is_entity and not inner.name.endswith("Connection")


def read(document: str, kind: str, item: Item) -> Any:
    """What the API says of an item; None where it finds nothing."""
    return data(document, _variables(kind, item))[field(kind)]


def _variables(kind: str, item: Item) -> dict[str, str]:
    return {ARGUMENTS[one]: item[_attribute(one)]["S"] for one in KEYS[kind]}


def uuid_of(table: str, item: Item) -> str:
    """Return what identifies an item in its table: an entity's UUID, or an idempotency key."""
    name = _attribute(KINDS[table]) if table in KINDS else OTHER_KEYS[table]
    return str(item[name]["S"])


def _attribute(kind: str) -> str:
    """The attribute of an entity's uuid: `session_agent_uuid`."""
    name = ARGUMENTS[kind]
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def said(value: Any) -> Any:
    """An answer, short: without its nulls, and of large texts their digests."""
    if isinstance(value, dict):
        return {name: said(one) for name, one in value.items() if one is not None}
    if isinstance(value, str) and len(value) > LONGEST:
        return sha256(value.encode()).hexdigest()
    return [said(one) for one in value] if isinstance(value, list) else value
