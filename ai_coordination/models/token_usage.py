"""The tokens of language models that runs use, their costs, and the sums that items keep of them.

A sum consists of attributes of its own, because DynamoDB adds to nothing that is inside a map.
"""

from collections.abc import Iterable
from typing import Any
from zlib import crc32

from pynamodb.expressions.update import Action

from ai_coordination.models.fast.attributes import (
    MapAttribute,
    NumberAttribute,
    NumberSetAttribute,
    UnicodeAttribute,
)

MAX_TOKENS = 2**31 - 1
COUNTS = (
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_write_input_tokens",
    "reasoning_tokens",
)
# What is added up: an amount of money too.
AMOUNTS = (*COUNTS, "nanodollars")
# What a budget limits, as it is named in a budget. Amounts of both are committed and reserved.
TOKENS, NANODOLLARS = UNITS = ("tokens", "nanodollars")
# Stands for a run whose model is not known, in `used_models`.
UNKNOWN_MODEL = 0


class TokenUsage(MapAttribute[Any, Any]):
    """The tokens that a run used. Input tokens include those that a cache gave or took."""

    input_tokens = NumberAttribute()
    output_tokens = NumberAttribute()
    cache_read_input_tokens = NumberAttribute(null=True)
    cache_write_input_tokens = NumberAttribute(null=True)
    reasoning_tokens = NumberAttribute(null=True)
    model = UnicodeAttribute(null=True)
    # What the tokens cost by the prices of that time. Absent if no price was known.
    nanodollars = NumberAttribute(null=True)


class HasUsageSum:
    """The attributes of an item that keeps a sum of usages. Absent until something was used.

    `used_model` is the first model, and `used_models` has a checksum of each: names may be long,
    and the item must not grow with their number.
    """

    used_input_tokens = NumberAttribute(null=True)
    used_output_tokens = NumberAttribute(null=True)
    used_cache_read_input_tokens = NumberAttribute(null=True)
    used_cache_write_input_tokens = NumberAttribute(null=True)
    used_reasoning_tokens = NumberAttribute(null=True)
    used_nanodollars = NumberAttribute(null=True)
    used_model = UnicodeAttribute(null=True)
    used_models = NumberSetAttribute(null=True)

    @property
    def total_usage(self) -> TokenUsage | None:
        """The sum; None if nothing was used. A count is cut at MAX_TOKENS."""
        if self.used_input_tokens is None:
            return None
        counts = {name: _at_most(getattr(self, f"used_{name}")) for name in COUNTS}
        is_same_model = len(self.used_models or ()) == 1
        return TokenUsage(**counts, model=self.used_model if is_same_model else None)


def dollars(nanodollars: float | None) -> float | None:
    """An amount as the API shows it."""
    return None if nanodollars is None else int(nanodollars) / 10**9


def plus(one: TokenUsage | None, other: TokenUsage) -> TokenUsage:
    """The sum of two usages. Its model is None if theirs differ."""
    if one is None:
        return other
    counts = {name: _sum(getattr(one, name), getattr(other, name)) for name in AMOUNTS}
    return TokenUsage(**counts, model=one.model if one.model == other.model else None)


def _sum(one: float | None, other: float | None) -> float | None:
    return other if one is None else one + (other or 0)


def add_usage(model: type[Any], usage: TokenUsage) -> list[Action]:
    """Add to the sum of an item. Only for a write that lands once, also if it is repeated."""
    actions: list[Action] = []
    for name in AMOUNTS:
        count = getattr(usage, name)
        if count is not None:
            actions.append(getattr(model, f"used_{name}").add(count))
    if usage.model is not None:
        actions.append(model.used_model.set(model.used_model | usage.model))
    actions.append(model.used_models.add({_checksum(usage.model)}))
    return actions


def tokens_of(usage: TokenUsage) -> int:
    """How many tokens a usage takes of a budget."""
    return int(usage.input_tokens) + int(usage.output_tokens)


def used(session: Any, unit: str) -> int:
    """How much a session has used of a unit, as its budget counts it."""
    if unit == NANODOLLARS:
        return int(session.used_nanodollars or 0)
    return int(session.used_input_tokens or 0) + int(session.used_output_tokens or 0)


def _costs(usage: TokenUsage | None) -> dict[str, int]:
    """What a usage takes of a budget, by unit."""
    if usage is None:
        return dict.fromkeys(UNITS, 0)
    return {TOKENS: tokens_of(usage), NANODOLLARS: int(usage.nanodollars or 0)}


def reserved(agents: Iterable[Any]) -> dict[str, int]:
    """What agents have reserved, by unit."""
    totals = dict.fromkeys(UNITS, 0)
    for agent in agents:
        for unit in UNITS:
            totals[unit] += int(getattr(agent, f"reserved_{unit}") or 0)
    return totals


def charge_session(
    model: type[Any], usage: TokenUsage | None, agents: Iterable[Any] = ()
) -> list[Action]:
    """Add to a session's sum what was used, and give back what its agents have reserved for it."""
    actions = [] if usage is None else add_usage(model, usage)
    given_back = reserved(agents)
    for unit, cost in _costs(usage).items():
        if more := cost - given_back[unit]:
            actions.append(getattr(model, f"committed_{unit}").add(more))
    return actions


def with_usage(item: Any, usage: TokenUsage) -> dict[str, Any]:
    """The sum of an item after `add_usage`, as attributes by name."""
    after = {
        f"used_{name}": _sum(getattr(item, f"used_{name}"), getattr(usage, name))
        for name in AMOUNTS
    }
    models = {*(item.used_models or ()), _checksum(usage.model)}
    return {**after, "used_model": item.used_model or usage.model, "used_models": models}


def _at_most(count: float | None) -> float | None:
    return None if count is None else min(count, MAX_TOKENS)


def _checksum(model: str | None) -> int:
    return UNKNOWN_MODEL if model is None else crc32(model.encode())
