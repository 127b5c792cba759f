"""The kinds of runtimes as this deployment offers them."""

from typing import Any

import graphene

from ai_coordination.api import enums
from ai_coordination.api.fields import Info, list_field, text_field
from ai_coordination.api.objects import ObjectType
from ai_coordination.api.scalars import JSON
from ai_coordination.runtimes.base import Runtime
from ai_coordination.runtimes.registry import RUNTIMES


class AgentRuntimeInfo(ObjectType):
    """A kind of runtime, and whether this deployment offers it."""

    kind = graphene.Field(enums.AgentRuntimeKind, required=True, description="The kind.")
    enabled = graphene.Boolean(
        required=True, description="Whether agents of this kind can be written and invoked."
    )
    reason = text_field(
        "Why the kind is off, with the setting of the deployment that turns it on. Null if it is"
        " on."
    )
    parameters_schema = JSON(
        required=True,
        description=(
            "What `parameters` of this kind may be, as a JSON Schema. The engine checks by it, and"
            " by further rules that a schema cannot express. An empty object allows every value."
        ),
    )

    @staticmethod
    def resolve_enabled(runtime: Runtime, info: Info) -> bool:
        return runtime.off_reason() is None

    @staticmethod
    def resolve_reason(runtime: Runtime, info: Info) -> str | None:
        return runtime.off_reason()

    @staticmethod
    def resolve_parameters_schema(runtime: Runtime, info: Info) -> Any:
        return runtime.parameters_schema


class AgentRuntimeQueries:
    """Fields of Query."""

    agent_runtimes = list_field(
        AgentRuntimeInfo,
        "All kinds of runtimes, those that are off too, in the order of `AgentRuntimeKind`. They"
        " are the same for all tenants.",
    )

    @staticmethod
    def resolve_agent_runtimes(root: None, info: Info) -> list[Runtime]:
        return list(RUNTIMES.values())
