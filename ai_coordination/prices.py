"""What tokens of language models cost. Amounts are whole nanodollars: nothing is rounded twice."""

import json
import re
from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, Decimal
from typing import Any, NamedTuple

NANODOLLARS = 10**9
MEMBERS = ("input", "output", "cacheRead", "cacheWrite")
REQUIRED = ("input", "output")
# A dollar for a token.
MOST = Decimal(1_000_000)


class InvalidPrices(Exception):
    """The text is no list of prices. The message says where, and why."""


class Price(NamedTuple):
    """Dollars per million tokens, which are as many microdollars per token.

    Without prices of their own, tokens that a cache gives or takes cost as much as other input.
    """

    pattern: str
    input: Decimal
    output: Decimal
    cache_read: Decimal
    cache_write: Decimal

    def is_of(self, model: str) -> bool:
        """Whether the pattern stands for the model; `*` in it stands for any characters."""
        expression = ".*".join(map(re.escape, self.pattern.split("*")))
        return re.fullmatch(expression, model, re.DOTALL) is not None

    def cost(self, usage: Any) -> int:
        """What the counts of a usage cost, rounded up once."""
        read = int(usage.cache_read_input_tokens or 0)
        write = int(usage.cache_write_input_tokens or 0)
        # A server may count wrong: then nothing costs less than nothing.
        others = max(int(usage.input_tokens) - read - write, 0)
        return _rounded_up(
            others * self.input
            + read * self.cache_read
            + write * self.cache_write
            + int(usage.output_tokens) * self.output
        )

    def most(self, input_tokens: int, output_tokens: int) -> int:
        """The most that so many tokens can cost, whatever a cache does."""
        dearest = max(self.input, self.cache_read, self.cache_write)
        return _rounded_up(input_tokens * dearest + output_tokens * self.output)


def _rounded_up(microdollars: Decimal) -> int:
    return int((microdollars * 1000).to_integral_value(ROUND_CEILING))


def parse(text: str) -> tuple[Price, ...]:
    """Read prices from JSON, the most specific pattern first. Raises InvalidPrices."""
    try:
        given = json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise InvalidPrices(f"is no JSON: {error}") from None
    if not isinstance(given, Mapping):
        raise InvalidPrices("must be a JSON object of patterns and their prices")
    prices = [_price(pattern, of_pattern) for pattern, of_pattern in given.items()]
    return tuple(sorted(prices, key=_generality))


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no number of JSON")


def _generality(price: Price) -> tuple[int, int, str]:
    """The most specific pattern has the most characters apart from `*`, and then the fewest `*`.

    So the name of a model itself comes before every pattern that stands for it.
    """
    wildcards = price.pattern.count("*")
    return wildcards - len(price.pattern), wildcards, price.pattern


def _price(pattern: str, given: Any) -> Price:
    if not pattern:
        raise InvalidPrices("has an empty pattern: name a model")
    if not isinstance(given, Mapping):
        raise InvalidPrices(f"at {pattern!r} must be an object with input and output")
    if unknown := sorted(given.keys() - set(MEMBERS)):
        raise InvalidPrices(f"at {pattern!r} has {unknown[0]!r}, and knows {', '.join(MEMBERS)}")
    for name in REQUIRED:
        if name not in given:
            raise InvalidPrices(f"at {pattern!r} has no {name}")
    for name, value in given.items():
        if not isinstance(value, Decimal) or not (value.is_finite() and 0 <= value <= MOST):
            raise InvalidPrices(
                f"at {pattern!r}, {name!r} must be dollars per million tokens, from 0 to {MOST}"
            )
    as_input = given["input"]
    return Price(
        pattern,
        as_input,
        given["output"],
        given.get("cacheRead", as_input),
        given.get("cacheWrite", as_input),
    )


def of_model(prices: Sequence[Price], model: str | None) -> Price | None:
    """The price of a model; None if no pattern stands for it."""
    if model is None:
        return None
    return next((price for price in prices if price.is_of(model)), None)


def cost(prices: Sequence[Price], usage: Any, own_model: str | None = None) -> int | None:
    """What a usage costs in nanodollars, by the model that it names, or else by the member's own.

    None if neither has a price.
    """
    price = of_model(prices, usage.model) or of_model(prices, own_model)
    return None if price is None else price.cost(usage)


def shown(nanodollars: int) -> str:
    """An amount in dollars as people read it: exact, with at least two decimals."""
    whole, parts = divmod(nanodollars, NANODOLLARS)
    return f"{whole}.{f'{parts:09}'.rstrip('0'):0<2}"
