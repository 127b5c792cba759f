"""The members of a coordination: check and build them, and store their large parameters.

A member's parameters may be a long prompt. If they exceed a kilobyte, the items of the coordination
and of its sessions' agents only reference them, as a large text that the coordination owns. It is
deleted with the coordination, not when that changes, and no session outlives its coordination.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ai_coordination import models, texts
from ai_coordination.context import InvocationContext
from ai_coordination.runtimes import registry
from ai_coordination.services import validation

LARGEST_PARAMETERS_BYTES = 1_024

# The longest of a runtime's `inline_parameters` that items store themselves.
LONGEST_INLINE = 64

_JSON = models.AgentRuntime.parameters


def build_members(
    context: InvocationContext, members: Sequence[Mapping[str, Any]], *path: str | int
) -> list[models.Agent]:
    """Check and build the members of a coordination. Members without an agentUuid get a new one."""
    validation.bounded(members, *path)
    built = [_member(context, member, *path, index) for index, member in enumerate(members)]
    validation.distinct([agent.agent_uuid for agent in built], *path, within="agent_uuid")
    return built


def _member(
    context: InvocationContext, member: Mapping[str, Any], *path: str | int
) -> models.Agent:
    uuid = member.get("agent_uuid")
    return models.Agent(
        agent_uuid=context.new_uuid()
        if uuid is None
        else validation.agent_uuid(uuid, *path, "agent_uuid"),
        agent_name=validation.name(member["agent_name"], *path, "agent_name"),
        agent_description=validation.text(
            member.get("agent_description"), *path, "agent_description"
        ),
        runtime=_runtime(member["runtime"], *path, "runtime"),
    )


def _runtime(runtime: Mapping[str, Any], *path: str | int) -> models.AgentRuntime:
    target = validation.label(runtime.get("target"), *path, "target")
    parameters = validation.json_value(runtime.get("parameters"), *path, "parameters")
    registry.check(runtime["kind"], target, parameters, *path)
    return models.AgentRuntime(
        kind=str(runtime["kind"].value),
        target=target,
        parameters=parameters,
    )


def compact(pending: texts.PendingTexts, member: models.Agent) -> models.Agent:
    """Return the member as items store it, with its large parameters moved to `pending`."""
    runtime = member.runtime
    if runtime.parameters is None or runtime.kept_parameters is not None:
        return member
    placed = pending.stored_form(_JSON.serialize(runtime.parameters), LARGEST_PARAMETERS_BYTES)
    if isinstance(placed, str):
        return member
    named = {**runtime.attribute_values, "parameters": _inline(runtime)}
    kept = models.AgentRuntime(**{**named, "kept_parameters": placed})
    return models.Agent(**{**member.attribute_values, "runtime": kept})


def compact_all(owner: texts.Owner, members: Iterable[models.Agent]) -> list[models.Agent]:
    """Return members as items store them, and write their large parameters. The owner exists."""
    pending = texts.PendingTexts(owner)
    stored = [compact(pending, member) for member in members]
    pending.write()
    return stored


def _inline(runtime: models.AgentRuntime) -> dict[str, str] | None:
    """The parameters that the item stores although all of them together are large."""
    parameters = runtime.parameters if isinstance(runtime.parameters, dict) else {}
    names = registry.of(runtime.kind).inline_parameters
    values = {name: parameters.get(name) for name in names}
    return {
        name: value
        for name, value in values.items()
        if isinstance(value, str) and len(value) <= LONGEST_INLINE
    } or None


def parameters(tenant: str, runtime: models.AgentRuntime) -> Any:
    """Return all of an agent's parameters. Raises TextUnavailable, Throttled."""
    if runtime.kept_parameters is None:
        return runtime.parameters
    return _JSON.deserialize(texts.read(tenant, runtime.kept_parameters))


def model(tenant: str, runtime: models.AgentRuntime) -> str | None:
    """The model of an agent, if it is one. Raises TextUnavailable, Throttled."""
    kind = registry.of(runtime.kind)
    if not kind.spends:
        return None
    return kind.model_of(runtime.target, parameters(tenant, runtime))
