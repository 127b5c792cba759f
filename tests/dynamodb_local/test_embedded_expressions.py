"""Any expression means the same to the embedded database and to DynamoDB Local."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dynamodb_local.database_requests import ITEM, KEY
from tests.dynamodb_local.side_by_side import SideBySide

EXAMPLES = int(os.environ.get("EXAMPLES", "20000"))
MISSING = {**KEY, "sk": {"S": "missing"}}
NAMES = ("n", "s", "b", "l", "m", "ss", "ns", "t", "z", "nope")
PATHS = st.sampled_from([*NAMES, "m.k", "m.d", "m.d.e", "m.nope", "l[0]", "l[1]", "l[9]", "s.x"])
NUMBERS = st.integers(-100, 100).map(str)
SCALARS = st.one_of(
    st.builds(lambda text: {"S": text}, st.sampled_from(["", "a", "h", "hello", "v", "x", "é😀"])),
    st.builds(lambda number: {"N": number}, NUMBERS),
    st.builds(lambda binary: {"B": binary}, st.sampled_from([b"", b"by", b"bytes"])),
    st.sampled_from([{"BOOL": True}, {"BOOL": False}, {"NULL": True}]),
    st.sampled_from([{"SS": ["a", "b"]}, {"SS": ["c"]}, {"NS": ["1", "2"]}, {"NS": ["5"]}]),
)
VALUES = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=2).map(lambda elements: {"L": elements}),
    st.dictionaries(st.sampled_from(["k", "d"]), SCALARS, max_size=2).map(lambda m: {"M": m}),
)


class Expressions:
    """Draws texts, and collects the values that they name."""

    def __init__(self, draw: Any) -> None:
        self._draw = draw
        self.values: dict[str, Any] = {}

    def value(self, of: Any = VALUES) -> str:
        name = f":v{len(self.values)}"
        self.values[name] = self._draw(of)
        return name

    def path(self) -> str:
        return str(self._draw(PATHS))

    def choice(self, options: Any) -> Any:
        return self._draw(st.sampled_from(options))

    def operand(self) -> str:
        kind = self.choice(["path", "value", "size"])
        if kind == "size":
            return f"size({self.path()})"
        return self.path() if kind == "path" else self.value()

    def comparison(self) -> str:
        kind = self.choice(["sign", "sign", "between", "in", "exists", "type", "function"])
        match kind:
            case "between":
                return f"{self.operand()} BETWEEN {self.operand()} AND {self.operand()}"
            case "in":
                return f"{self.operand()} IN ({self.operand()}, {self.operand()})"
            case "exists":
                return f"{self.choice(['attribute_exists', 'attribute_not_exists'])}({self.path()})"
            case "type":
                kinds = st.sampled_from(["S", "N", "L", "BOOL"]).map(lambda name: {"S": name})
                return f"attribute_type({self.path()}, {self.value(kinds)})"
            case "function":
                name = self.choice(["begins_with", "contains"])
                return f"{name}({self.path()}, {self.operand()})"
        sign = self.choice(["=", "<>", "<", "<=", ">", ">="])
        return f"{self.operand()} {sign} {self.operand()}"

    def condition(self, depth: int = 2) -> str:
        kind = self.choice(["one", "and", "or", "not"]) if depth else "one"
        if kind == "one":
            return self.comparison()
        if kind == "not":
            return f"NOT {self.condition(depth - 1)}"
        return f"({self.condition(depth - 1)} {kind.upper()} {self.condition(depth - 1)})"

    def update(self) -> str:
        number = NUMBERS.map(lambda text: {"N": text})
        list_ = st.lists(SCALARS, max_size=2).map(lambda elements: {"L": elements})
        set_ = st.sampled_from([{"SS": ["a", "z"]}, {"NS": ["1", "7"]}])
        sums: dict[str, Callable[[], str]] = {
            "copy": self.path,
            "value": self.value,
            "sum": lambda: f"{self.path()} {self.choice('+-')} {self.value(number)}",
            "append": lambda: f"list_append({self.path()}, {self.value(list_)})",
            "default": lambda: f"if_not_exists({self.path()}, {self.value()})",
        }
        clauses = [
            f"SET {self.path()} = {sums[self.choice(list(sums))]()}",
            f"REMOVE {self.path()}",
            f"ADD {self.path()} {self.value(st.one_of(number, set_))}",
            f"DELETE {self.path()} {self.value(set_)}",
        ]
        kept = self._draw(st.lists(st.sampled_from(range(4)), min_size=1, max_size=4, unique=True))
        for name in list(self.values):
            if not any(_names(clauses[place], name) for place in kept):
                del self.values[name]
        return " ".join(clauses[place] for place in kept)


def _names(text: str, value: str) -> bool:
    return value in text.replace(",", " ").replace(")", " ").split()


@st.composite
def conditions(draw: Any) -> dict[str, Any]:
    drawn = Expressions(draw)
    return _request("ConditionExpression", drawn.condition(), drawn)


@st.composite
def updates(draw: Any) -> dict[str, Any]:
    drawn = Expressions(draw)
    return _request("UpdateExpression", drawn.update(), drawn)


def _request(parameter: str, text: str, drawn: Expressions) -> dict[str, Any]:
    values = {"ExpressionAttributeValues": drawn.values} if drawn.values else {}
    return {parameter: text, **values}


@pytest.fixture(scope="module")
def both(dynamodb_local_endpoint: str) -> Iterator[SideBySide]:
    with SideBySide(dynamodb_local_endpoint).with_table() as both:
        yield both


def few(test: Any) -> Any:
    return settings(max_examples=60, **_SETTINGS)(test)


def many(test: Any) -> Any:
    return pytest.mark.stress(settings(max_examples=EXAMPLES, **_SETTINGS)(test))


_SETTINGS: dict[str, Any] = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": list(HealthCheck),
}


def alike(both: SideBySide, **request: Any) -> None:
    """An expression may have several faults: then both refuse it, though for another one."""
    request = {"TableName": both.table, **request}
    expected = both.of_dynamodb_local("UpdateItem", request)
    answer = both.of_database("UpdateItem", request)
    for each in (expected, answer):
        if "Error" in each:
            del each["Error"]["Message"]
    assert answer == expected, request


def holds_alike(both: SideBySide, request: dict[str, Any]) -> None:
    both.ask("PutItem", Item=ITEM)
    for key in (KEY, MISSING):
        alike(both, Key=key, UpdateExpression="REMOVE nope", **request)


def updates_alike(both: SideBySide, request: dict[str, Any]) -> None:
    both.ask("PutItem", Item=ITEM)
    both.ask("DeleteItem", Key=MISSING)
    for key in (KEY, MISSING):
        alike(both, Key=key, **request, ReturnValues="ALL_NEW")
        both.ask("GetItem", Key=key)


@few
@given(request=conditions())
def test_a_condition_holds_alike(both: SideBySide, request: dict[str, Any]) -> None:
    holds_alike(both, request)


@few
@given(request=updates())
def test_an_update_changes_an_item_alike(both: SideBySide, request: dict[str, Any]) -> None:
    updates_alike(both, request)


@many
@given(request=conditions())
def test_any_condition_holds_alike(both: SideBySide, request: dict[str, Any]) -> None:
    holds_alike(both, request)


@many
@given(request=updates())
def test_any_update_changes_an_item_alike(both: SideBySide, request: dict[str, Any]) -> None:
    updates_alike(both, request)
