"""The engine's own uuids in the case in which it writes them, wherever a client gives them.

Some clients print uuids in upper case. An `agentUuid` and a `threadUuid` are names, which mean what
they say, letter by letter.
"""

from collections.abc import Callable
from typing import Any

from graphene.types.inputobjecttype import InputObjectTypeContainer
from graphql import GraphQLObjectType, GraphQLSchema

from ai_coordination import ids

OURS = frozenset(
    {
        "coordination_uuid",
        "task_uuid",
        "schedule_uuid",
        "session_uuid",
        "session_agent_uuid",
        "session_agent_uuids",
        "run_uuid",
    }
)


def accept_upper_case(schema: GraphQLSchema) -> None:
    """Every field with arguments gets them with the uuids in lower case."""
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for field in kind.fields.values():
                if field.args and field.resolve:
                    field.resolve = _lowering(field.resolve)


def _lowering(resolve: Callable[..., Any]) -> Callable[..., Any]:
    def resolve_lowered(source: Any, info: Any, **arguments: Any) -> Any:
        return resolve(source, info, **_of_mapping(arguments))

    return resolve_lowered


def _of_mapping(given: dict[str, Any]) -> dict[str, Any]:
    # The predecessors of a session's agent are agents of it; a task's are members by their names.
    ours = OURS | {"predecessors"} if "session_uuid" in given else OURS
    return {
        name: _lower(value) if name in ours else _inside(value) for name, value in given.items()
    }


def _inside(value: Any) -> Any:
    """What is inside of an input. JSON values are left alone: their members are not inputs."""
    if isinstance(value, InputObjectTypeContainer):
        return _of_mapping(value)
    if isinstance(value, list):
        return [_inside(one) for one in value]
    return value


def _lower(value: Any) -> Any:
    if isinstance(value, list):
        return [_lower(one) for one in value]
    if isinstance(value, str) and ids.is_uuid(lowered := value.lower()):
        return lowered
    return value
