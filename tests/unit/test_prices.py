"""Prices of models: which one a model has, and what tokens cost by it."""

import json
from typing import Any

import pytest

from ai_coordination import prices
from ai_coordination.config import ConfigurationError, Settings
from ai_coordination.runtimes.base import Usage
from tests.support.cases import each

NAME = "AI_COORDINATION_MODEL_PRICES"
BOTH = {"input": 1, "output": 2}


def parsed(**of_patterns: Any) -> tuple[prices.Price, ...]:
    return prices.parse(json.dumps(of_patterns))


@each(
    ("model", "pattern"),
    [
        ("gpt-4o", "gpt-4o"),
        ("gpt-4o-mini", "gpt-*-mini"),
        ("gpt-4o-2024-08-06", "gpt-4o*"),
        ("gpt-3", "*"),
        ("", "*"),
        ("my gpt-4o", "*"),
        ("GPT-4o", "*"),
        ("eu.amazon.nova-lite-v1:0", "*amazon.nova-lite-v1:0"),
        ("euXamazonXnova-lite-v1:0", "*"),
    ],
)
def test_the_longest_pattern_that_stands_for_a_model_has_its_price(
    model: str, pattern: str
) -> None:
    names = ["*", "gpt-4o*", "gpt-4o", "gpt-*-mini", "*amazon.nova-lite-v1:0"]

    for given in (names, names[::-1]):
        price = prices.of_model(parsed(**dict.fromkeys(given, BOTH)), model)
        assert price is not None
        assert price.pattern == pattern


def test_of_two_patterns_of_a_length_the_one_with_fewer_wildcards_has_the_price() -> None:
    found = prices.of_model(parsed(**{"gpt*": BOTH, "gpt4": BOTH, "g*t*": BOTH}), "gpt4")

    assert found is not None
    assert found.pattern == "gpt4"


def test_a_model_for_which_no_pattern_stands_has_no_price() -> None:
    known = parsed(**{"gpt-4o": BOTH})

    assert prices.of_model(known, "gpt-4o-mini") is None
    assert prices.of_model(known, None) is None
    assert prices.cost(known, Usage(input_tokens=1, output_tokens=1, model="other")) is None


ALL = {"input": 3, "output": 15, "cacheRead": 0.3, "cacheWrite": 3.75}


@each(
    ("given", "counts", "nanodollars"),
    [
        (BOTH, (1_000_000, 1_000_000), 3 * prices.NANODOLLARS),
        (BOTH, (0, 0), 0),
        (ALL, (1_000, 100), 3_000_000 + 1_500_000),
        (ALL, (1_000, 100, 600), 400 * 3_000 + 600 * 300 + 1_500_000),
        (ALL, (1_000, 0, 600, 300), 100 * 3_000 + 600 * 300 + 300 * 3_750),
        (BOTH, (1_000, 0, 600, 300), 1_000_000),
        # More of a cache than in all: nothing costs less than nothing.
        (ALL, (10, 0, 600), 600 * 300),
        # A third decimal of a nanodollar is rounded up, once.
        ({"input": 0.0375, "output": 0.0001}, (1, 0), 38),
        ({"input": 0.0375, "output": 0.0001}, (2, 0), 75),
        ({"input": 0.0375, "output": 0.0001}, (1, 1), 38),
        ({"input": 0.1, "output": 0.2}, (3, 0), 300),
    ],
)
def test_tokens_cost_exactly_what_the_prices_say(
    given: dict[str, float], counts: tuple[int, ...], nanodollars: int
) -> None:
    names = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_write_input_tokens")
    usage = Usage(**dict(zip(names, counts, strict=False)), model="m")

    assert prices.cost(parsed(m=given), usage) == nanodollars


def test_a_usage_is_priced_by_its_own_model_or_else_by_the_members() -> None:
    known = parsed(a=BOTH, b={"input": 5, "output": 5})

    def cost(named: str | None) -> int | None:
        return prices.cost(known, Usage(input_tokens=1, output_tokens=0, model=named), "b")

    assert [cost("a"), cost(None), cost("unknown")] == [1_000, 5_000, 5_000]


@each(
    ("given", "most"),
    [
        (BOTH, 10 * 1_000 + 2_000),
        (ALL, 10 * 3_750 + 15_000),
        ({**BOTH, "cacheRead": 7}, 10 * 7_000 + 2_000),
    ],
)
def test_the_most_is_by_the_dearest_price_of_input(given: Any, most: int) -> None:
    (price,) = parsed(m=given)

    assert price.most(10, 1) == most


@each(
    ("nanodollars", "text"),
    [
        (2_500_000_000, "2.50"),
        (0, "0.00"),
        (1, "0.000000001"),
        (12_345_000, "0.012345"),
        (10**15, "1000000.00"),
    ],
)
def test_an_amount_is_shown_exactly(nanodollars: int, text: str) -> None:
    assert prices.shown(nanodollars) == text


@each(
    ("value", "reason"),
    [
        ("{", "is no JSON: Expecting property name"),
        ("[]", "must be a JSON object of patterns and their prices"),
        ('{"": {"input": 1, "output": 1}}', "has an empty pattern: name a model"),
        ('{"m": 3}', "at 'm' must be an object with input and output"),
        ('{"m": {"input": 1}}', "at 'm' has no output"),
        ('{"m": {"input": 1, "output": 1, "cache": 1}}', "at 'm' has 'cache', and knows input, "),
        ('{"m": {"input": "1", "output": 1}}', "at 'm', 'input' must be dollars per million"),
        ('{"m": {"input": true, "output": 1}}', "at 'm', 'input' must be dollars per million"),
        ('{"m": {"input": 1, "output": -1}}', "at 'm', 'output' must be dollars per million"),
        ('{"m": {"input": 1, "output": null}}', "at 'm', 'output' must be dollars per million"),
        ('{"m": {"input": 1, "output": 1000001}}', "at 'm', 'output' must be dollars per"),
        ('{"m": {"input": 1, "output": NaN}}', "is no JSON: NaN is no number of JSON"),
    ],
)
def test_a_malformed_setting_is_an_error_that_names_the_place(value: str, reason: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Settings.from_environment({NAME: value})

    assert str(raised.value).startswith(f"{NAME} {reason}")


def test_without_the_setting_nothing_has_a_price() -> None:
    assert Settings.from_environment({}).model_prices == ()
