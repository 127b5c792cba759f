"""The members of a coordination: checking and building them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ai_coordination import config, ids, models
from ai_coordination.errors import BadUserInput
from ai_coordination.services import validation
from ai_coordination.states import AgentRuntimeKind

_QUALIFIED = r"(?P<function>[A-Za-z0-9_-]{1,64})(:(?P<qualifier>\$LATEST|[A-Za-z0-9_-]{1,128}))?"
_NAME = re.compile(_QUALIFIED)
_ARN = re.compile(
    r"arn:aws[a-z-]*:lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):function:" + _QUALIFIED
)


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
    if given["kind"] == AgentRuntimeKind.LAMBDA:
        _check_function(target, *path, "target")
    return models.AgentRuntime(
        kind=str(given["kind"].value),
        target=target,
        parameters=validation.json_value(given.get("parameters"), *path, "parameters"),
    )


def _check_function(target: str | None, *path: str | int) -> None:
    """A LAMBDA target is a function of this account and region with the configured prefix."""
    if target is None:
        raise BadUserInput("A LAMBDA agent needs the name or ARN of its function", *path)
    named, arn = _NAME.fullmatch(target), _ARN.fullmatch(target)
    found = named or arn
    if found is None:
        raise BadUserInput("This is no name or ARN of a Lambda function", *path)
    settings = config.settings()
    if arn and (arn["region"], arn["account"]) != (settings.region, settings.account_id):
        raise BadUserInput("The function must be of this account and region", *path)
    if not found["function"].startswith(settings.agent_function_prefix):
        raise BadUserInput(
            f"The function's name must begin with {settings.agent_function_prefix!r}", *path
        )
