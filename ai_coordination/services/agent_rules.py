"""Check an agent's rules, and fill in their defaults."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ai_coordination import models
from ai_coordination.errors import BadUserInput
from ai_coordination.runtimes import registry
from ai_coordination.runtimes.base import DEFAULT_TIMEOUT_SECONDS
from ai_coordination.services import ask_rules, control_flow, validation
from ai_coordination.states import FailurePolicy

LONGEST_SECONDS = 365 * 24 * 3600
MOST_ATTEMPTS = 100
DEFAULT_TURNS = 10
MOST_TURNS = 50
# Or 0. The database cannot store much smaller numbers.
SHORTEST_INTERVAL_SECONDS = 0.001
LONGEST_INTERVAL_SECONDS = 24 * 3600
HIGHEST_BACKOFF_RATE = 100


def build_action(
    agent_uuid: str,
    predecessors: Sequence[str],
    rules: Mapping[str, Any],
    position: int,
    *path: str | int,
) -> models.AgentAction:
    """Check and build an agent's action. A rule that is null or absent has its default."""
    asks = ask_rules.build(rules, *path)
    answer_timeout = rules.get("answer_timeout_seconds")
    if answer_timeout is not None:
        validation.number(answer_timeout, 1, LONGEST_SECONDS, *path, "answer_timeout_seconds")
    heartbeat = rules.get("heartbeat_seconds")
    if heartbeat is not None:
        validation.number(heartbeat, 1, LONGEST_SECONDS, *path, "heartbeat_seconds")
    own_timeout = rules.get("timeout_seconds")
    timeout = _or(own_timeout, DEFAULT_TIMEOUT_SECONDS)
    max_turns = _or(rules.get("max_turns"), DEFAULT_TURNS)
    return models.AgentAction(
        agent_uuid=agent_uuid,
        predecessors=list(predecessors),
        primary_path=_or(rules.get("primary_path"), True),
        user_in_the_loop=None if asks.kind is None else str(asks.kind.value),
        ask=asks.rule,
        timeout_seconds=validation.number(timeout, 1, LONGEST_SECONDS, *path, "timeout_seconds"),
        timeout_by_kind=True if own_timeout is None else None,
        answer_timeout_seconds=answer_timeout,
        heartbeat_seconds=heartbeat,
        retry=_retry(rules.get("retry") or {}, *path, "retry"),
        on_failure=str(_or(rules.get("on_failure"), FailurePolicy.FAIL_SESSION).value),
        max_turns=validation.number(max_turns, 1, MOST_TURNS, *path, "max_turns"),
        position=position,
        **control_flow.settings(agent_uuid, rules, *path),
    )


def with_default_timeout(action: models.AgentAction, kind: str | None) -> models.AgentAction:
    """Return the action, with the kind's default timeout if the action sets none."""
    if not action.timeout_by_kind:
        return action
    seconds = registry.of(kind).timeout_seconds
    return models.AgentAction(**{**action.attribute_values, "timeout_seconds": seconds})


def with_default_timeouts(
    actions: Iterable[models.AgentAction], members: Iterable[models.Agent]
) -> list[models.AgentAction]:
    """Return the actions, with default timeouts by the runtime kinds of their agents."""
    kinds = {member.agent_uuid: member.runtime.kind for member in members}
    return [with_default_timeout(action, kinds.get(action.agent_uuid)) for action in actions]


def _retry(retry: Mapping[str, Any], *path: str | int) -> models.RetryPolicy:
    attempts = _or(retry.get("max_attempts"), 3)
    interval = _or(retry.get("interval_seconds"), 1.0)
    backoff = _or(retry.get("backoff_rate"), 2.0)
    return models.RetryPolicy(
        max_attempts=validation.number(attempts, 1, MOST_ATTEMPTS, *path, "max_attempts"),
        interval_seconds=_interval(interval, *path, "interval_seconds"),
        backoff_rate=validation.number(backoff, 1, HIGHEST_BACKOFF_RATE, *path, "backoff_rate"),
    )


def _interval(seconds: float, *path: str | int) -> float:
    if seconds == 0 or SHORTEST_INTERVAL_SECONDS <= seconds <= LONGEST_INTERVAL_SECONDS:
        return seconds
    message = f"This must be 0, or from {SHORTEST_INTERVAL_SECONDS} to {LONGEST_INTERVAL_SECONDS}"
    raise BadUserInput(message, *path)


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value
