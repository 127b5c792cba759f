"""The members of a coordination: checking and building them."""

from collections.abc import Mapping, Sequence
from typing import Any

from ai_coordination import ids, models
from ai_coordination.services import runtimes, validation


def members(given: Sequence[Mapping[str, Any]], *path: str | int) -> list[models.Agent]:
    """The agents of a coordination, each with an agentUuid of its own."""
    validation.few(given, *path)
    built = [_member(one, *path, index) for index, one in enumerate(given)]
    validation.distinct([agent.agent_uuid for agent in built], *path, within="agent_uuid")
    return built


def _member(given: Mapping[str, Any], *path: str | int) -> models.Agent:
    uuid = given.get("agent_uuid")
    return models.Agent(
        agent_uuid=ids.new_uuid()
        if uuid is None
        else validation.agent_uuid(uuid, *path, "agent_uuid"),
        agent_name=validation.name(given["agent_name"], *path, "agent_name"),
        agent_description=validation.text(
            given.get("agent_description"), *path, "agent_description"
        ),
        runtime=_runtime(given["runtime"], *path, "runtime"),
    )


def _runtime(given: Mapping[str, Any], *path: str | int) -> models.AgentRuntime:
    target = validation.label(given.get("target"), *path, "target")
    parameters = validation.json_value(given.get("parameters"), *path, "parameters")
    runtimes.check(given["kind"], target, parameters, *path)
    return models.AgentRuntime(
        kind=str(given["kind"].value),
        target=target,
        parameters=parameters,
    )
