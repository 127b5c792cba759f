"""The token usage that an agent or a model reports, checked."""

from typing import Any, Final, TypeGuard

from ai_coordination import telemetry
from ai_coordination.models.token_usage import MAX_TOKENS
from ai_coordination.runtimes.base import Usage

MAX_MODEL_CHARACTERS: Final = 256

# Members of the JSON that agents return, and the names in Usage.
_COUNTS: Final = {"inputTokens": "input_tokens", "outputTokens": "output_tokens"}
_OPTIONAL: Final = {
    "cacheReadInputTokens": "cache_read_input_tokens",
    "cacheWriteInputTokens": "cache_write_input_tokens",
    "reasoningTokens": "reasoning_tokens",
}


def is_count(value: Any) -> TypeGuard[int]:
    """Whether a value is a number of tokens that can be stored."""
    return type(value) is int and 0 <= value <= MAX_TOKENS


def usage_of(reported: Any) -> Usage | None:
    """The usage in the JSON that an agent returned; None if it has no two counts of tokens.

    A wrong optional member is left out. An answer with a wrong usage is still an answer.
    """
    members: dict[str, Any] = reported if isinstance(reported, dict) else {}
    read, written = members.get("inputTokens"), members.get("outputTokens")
    if not (is_count(read) and is_count(written)):
        if reported is not None:
            telemetry.logger.warning("usage", extra={"reason": "no two counts of tokens"})
        return None
    optional: dict[str, Any] = {
        ours: members[theirs] for theirs, ours in _OPTIONAL.items() if is_count(members.get(theirs))
    }
    model = members.get("model")
    if isinstance(model, str) and 0 < len(model) <= MAX_MODEL_CHARACTERS:
        optional["model"] = model
    return Usage(input_tokens=read, output_tokens=written, **optional)


def reported(usage: Usage) -> dict[str, Any]:
    """A usage as `usage_of` reads it, and as the API takes it in reports."""
    names = {**_COUNTS, **_OPTIONAL, "model": "model"}
    members = {theirs: getattr(usage, ours) for theirs, ours in names.items()}
    return {name: member for name, member in members.items() if member is not None}


def sum_of(first: Usage | None, second: Usage) -> Usage:
    """The usage of both together, as far as it can be stored."""
    if first is None:
        return second
    names = [*_COUNTS.values(), *_OPTIONAL.values()]
    counts = {name: _sum(getattr(first, name), getattr(second, name)) for name in names}
    return Usage(
        input_tokens=counts["input_tokens"] or 0,
        output_tokens=counts["output_tokens"] or 0,
        cache_read_input_tokens=counts["cache_read_input_tokens"],
        cache_write_input_tokens=counts["cache_write_input_tokens"],
        reasoning_tokens=counts["reasoning_tokens"],
        model=second.model or first.model,
    )


def _sum(first: int | None, second: int | None) -> int | None:
    if first is None or second is None:
        return second if first is None else first
    return min(first + second, MAX_TOKENS)


def facts_of(usage: Usage | None) -> dict[str, Any]:
    """What a log line has of a usage, under the names of OpenTelemetry."""
    if usage is None:
        return {}
    return {
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage.cache_read_input_tokens,
        "gen_ai.usage.cache_creation.input_tokens": usage.cache_write_input_tokens,
        "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens,
    }
