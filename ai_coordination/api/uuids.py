"""Accept the engine's UUIDs in upper case, because some clients print them so.

An `agentUuid` or a `threadUuid` is a name chosen by a client, and case-sensitive.
"""

from collections.abc import Callable
from typing import Any

from graphene.types.inputobjecttype import InputObjectTypeContainer
from graphql import GraphQLObjectType, GraphQLSchema

from ai_coordination import ids

UUID_ARGUMENTS = frozenset(
    {
        "coordination_uuid",
        "task_uuid",
        "schedule_uuid",
        "session_uuid",
        "session_agent_uuid",
        "session_agent_uuids",
        "run_uuid",
        "parent_uuid",
    }
)


def accept_upper_case(schema: GraphQLSchema) -> None:
    """Wrap the resolvers of all fields with arguments, to convert UUIDs to lower case."""
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLObjectType) and not type_.name.startswith("__"):
            for field in type_.fields.values():
                if field.args and field.resolve:
                    field.resolve = _lowering(field.resolve)


def _lowering(resolve: Callable[..., Any]) -> Callable[..., Any]:
    def resolve_lowered(source: Any, info: Any, **arguments: Any) -> Any:
        return resolve(source, info, **_lower_members(arguments))

    return resolve_lowered


def _lower_members(arguments: dict[str, Any]) -> dict[str, Any]:
    # In a session, predecessors are UUIDs of session agents. In a task, they are members' names.
    names = UUID_ARGUMENTS | {"predecessors"} if "session_uuid" in arguments else UUID_ARGUMENTS
    return {
        name: _lower(value) if name in names else _lower_inside(value)
        # An input object is a dict whose members are its attributes: `items` may be a member.
        for name, value in dict.items(arguments)
    }


def _lower_inside(value: Any) -> Any:
    """Convert UUIDs inside input objects. Values of the JSON scalar are not changed."""
    if isinstance(value, InputObjectTypeContainer):
        return _lower_members(value)
    if isinstance(value, list):
        return [_lower_inside(element) for element in value]
    return value


def _lower(value: Any) -> Any:
    if isinstance(value, list):
        return [_lower(element) for element in value]
    if isinstance(value, str) and ids.is_uuid(lowered := value.lower()):
        return lowered
    return value
