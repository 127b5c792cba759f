"""Requests of writes, and the attributes in them, are as pynamodb has them."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynamodb import attributes
from pynamodb.exceptions import AttributeNullError
from pynamodb.expressions.operand import Path

from ai_coordination import models
from ai_coordination.models.base import Table
from ai_coordination.models.fast import requests
from ai_coordination.models.fast.attributes import Described, MapAttribute, NumberAttribute
from tests.unit.test_encoding import ENTITIES, agent

ERRORS = (AttributeError, AttributeNullError, TypeError, ValueError)
# pynamodb's constructors of maps have no types.
TokenUsage: Any = models.TokenUsage
Map: Any = MapAttribute
KIND: Any = models.SessionAgent
ITEM = agent()
# One of each type, with a name of its own, in maps and in lists.
PLACES: dict[str, Any] = {
    "text": KIND.state,
    "another name": KIND.order_predecessors,
    "number": KIND.attempt,
    "texts": KIND.unsent_events,
    "numbers": KIND.waiting_on,
    "truth": KIND.delayed,
    "large text": KIND.notes,
    "time": KIND.began_at,
    "list": KIND.last_writes,
    "list of maps": KIND.grew,
    "element": KIND.last_writes[1],
    "map": KIND.usage,
    "in a map": KIND.usage.input_tokens,
    "in a map in a map": KIND.agent_action.retry.max_attempts,
}


class Other(NamedTuple):
    """Another place as a value."""

    name: str


VALUES = [
    *(None, "a", "2026-11-30T01:00:00.000001+00:00", 7, -1.5, True, 10**30, b"a", object()),
    *({"a"}, {1, 2.5}, set(), {"S": "a"}, {"a": 1}, ["a"], [], (1,)),
    *(TokenUsage(input_tokens=1, output_tokens=2), models.texts.LargeText("f", "0" * 64, 7)),
    *(Other("text"), Other("number"), Other("in a map")),
]
# What is done with a place: an action or a condition.
Step = tuple[str, str, Any]
ACTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "set": lambda place, value: place.set(value),
    "set or": lambda place, value: place.set(place | value),
    "set plus": lambda place, value: place.set(place + value),
    "append": lambda place, value: place.set(place.append(value)),
    "remove": lambda place, _: place.remove(),
    "add": lambda place, value: place.add(value),
    "delete": lambda place, value: place.delete(value),
}
CONDITIONS: dict[str, Callable[[Any, Any], Any]] = {
    "=": lambda place, value: place == value,
    "<>": lambda place, value: place != value,
    "<": lambda place, value: place < value,
    "<=": lambda place, value: place <= value,
    ">": lambda place, value: place > value,
    ">=": lambda place, value: place >= value,
    "in": lambda place, value: place.is_in(value, "b"),
    "exists": lambda place, _: place.exists(),
    "does not exist": lambda place, _: place.does_not_exist(),
    "contains": lambda place, value: place.contains(value),
    "startswith": lambda place, value: place.startswith(value),
    "between": lambda place, value: place.between(value, value),
}
DOING = ACTIONS | CONDITIONS
Places = Callable[[str], Any]


def done(step: Any, places: Places) -> Any:
    """The action or the condition of a step."""
    match step:
        case "and", one, other:
            return done(one, places) & done(other, places)
        case "or", one, other:
            return done(one, places) | done(other, places)
        case "not", one:
            return ~done(one, places)
        case name, "contains", Other():
            # pynamodb looks for it in the set itself.
            return places(name).contains("a")
        case name, doing, Other(other):
            return DOING[doing](places(name), PLACES[other])
        case name, doing, value:
            return DOING[doing](places(name), value)


def outcome(make: Callable[[], Any]) -> Any:
    try:
        return make()
    except ERRORS as error:
        return type(error), str(error)


def by_engine(actions: Sequence[Step], condition: Any) -> Any:
    places = PLACES.__getitem__
    return requests.update(ITEM, [done(step, places) for step in actions], done(condition, places))


def by_pynamodb(actions: Sequence[Step], condition: Any) -> Any:
    def places(name: str) -> Any:
        return Path(PLACES[name])

    return ITEM.get_update_kwargs_from_instance(
        [done(step, places) for step in actions], done(condition, places), "ALL_OLD"
    )


def steps(doing: str) -> list[Step]:
    return [(name, doing, value) for name in PLACES for value in VALUES]


def sent_alone(step: Step, by: Callable[[Sequence[Step], Any], Any]) -> Any:
    if step[1] in ACTIONS:
        return outcome(lambda: by([step], ("number", "exists", None)))
    return outcome(lambda: by([], step))


@pytest.mark.parametrize("doing", DOING)
def test_what_is_done_with_an_attribute_is_sent_or_refused_as_by_pynamodb(doing: str) -> None:
    ours = [sent_alone(step, by_engine) for step in steps(doing)]

    assert ours == [sent_alone(step, by_pynamodb) for step in steps(doing)]
    assert any(isinstance(one, dict) for one in ours)


@cache
def possible(kinds: Sequence[str]) -> list[Step]:
    """The steps that are not refused."""
    every = [step for doing in kinds for step in steps(doing)]
    return [step for step in every if isinstance(sent_alone(step, by_pynamodb), dict)]


SOME_ACTIONS = st.deferred(lambda: st.lists(st.sampled_from(possible(tuple(ACTIONS))), max_size=9))
SOME_CONDITION: Any = st.recursive(
    st.deferred(lambda: st.sampled_from(possible(tuple(CONDITIONS)))),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["and", "or"]), inner, inner),
        st.tuples(st.just("not"), inner),
    ),
    max_leaves=9,
)


@given(actions=SOME_ACTIONS, condition=SOME_CONDITION)
def test_an_update_is_sent_as_by_pynamodb(actions: Sequence[Step], condition: Any) -> None:
    assert by_engine(actions, condition) == by_pynamodb(actions, condition)


@pytest.mark.parametrize("name", ENTITIES)
def test_a_new_item_is_sent_or_refused_as_by_pynamodb(name: str) -> None:
    entity = ENTITIES[name]()
    condition = type(entity).created_at.does_not_exist()  # type: ignore[attr-defined]

    ours = outcome(lambda: requests.put(entity, condition))

    theirs = outcome(lambda: entity.get_save_kwargs_from_instance(condition, "ALL_OLD"))
    assert ours == theirs


@pytest.mark.parametrize("kind", models.TABLES)
def test_a_deletion_is_sent_as_by_pynamodb(kind: type[Table]) -> None:
    keys = {name: f"{place}" for place, name in enumerate(kind.key_names())}
    entity = kind(**keys)  # type: ignore[arg-type]
    [hash_key, *_] = kind.key_names()
    condition = getattr(kind, hash_key).exists()

    ours = requests.delete(entity, condition)

    assert ours == entity.get_delete_kwargs_from_instance(condition, "ALL_OLD")


def maps_of(kind: Any) -> Iterator[tuple[Any, str, Any]]:
    """All attributes of a class, and of the maps in it: owner, name, attribute."""
    for name, attribute in kind.get_attributes().items():
        yield kind, name, attribute
        inside = getattr(attribute, "element_type", None) or type(attribute)
        if issubclass(inside, attributes.MapAttribute):
            yield from maps_of(inside)


@pytest.mark.parametrize("kind", models.TABLES)
def test_an_attribute_has_the_value_that_pynamodb_finds(kind: type[Table]) -> None:
    for owner, name, attribute in maps_of(kind):
        assert isinstance(attribute, Described)
        entity = owner()
        assert getattr(owner, name) is attribute
        for value in ("a", 0, None, {"x"}):
            found = value if not isinstance(attribute, MapAttribute) else type(attribute)()
            setattr(entity, name, found)

            assert entity.attribute_values[name] is found
            assert getattr(entity, name) is found
            assert attributes.Attribute.__get__(attribute, entity, owner) is found


def test_a_dictionary_becomes_a_map() -> None:
    entity = agent()

    entity.usage = {"input_tokens": 1, "output_tokens": 2}

    assert isinstance(entity.usage, TokenUsage)
    assert entity.usage.output_tokens == 2


def test_an_attribute_of_a_map_has_its_own_path_in_each_place() -> None:
    class Inner(Map):  # type: ignore[misc]
        number = NumberAttribute(attr_name="n")

    class Middle(Map):  # type: ignore[misc]
        inner = Inner()

    before: list[Any] = [
        Inner.number.exists(),
        Inner.number.does_not_exist(),
        Inner.number.remove(),
    ]

    class Outer(Map):  # type: ignore[misc]
        first = Middle(attr_name="f")
        second = Inner()

    places: list[Any] = [Inner.number, Outer.first.inner.number, Outer.second.number]
    after = [place.exists() for place in places]
    assert [str(one.values[0]) for one in before] == ["n", "n", "n"]
    assert [str(one.values[0]) for one in after] == ["n", "f.inner.n", "second.n"]
    assert [str(place.remove()) for place in places] == ["n", "f.inner.n", "second.n"]
    assert [str(place.does_not_exist().values[0]) for place in places] == [
        "n",
        "f.inner.n",
        "second.n",
    ]


def test_an_expression_does_not_change_when_another_one_is_made() -> None:
    element = KIND.last_writes[0]
    condition = (KIND.last_writes.exists()) & (KIND.last_writes[1] == "a")

    request = requests.update(ITEM, [element.set("b"), KIND.last_writes.remove()], condition)

    assert request["ExpressionAttributeNames"] == {"#0": "last_writes"}
    assert request["UpdateExpression"] == "SET #0[0] = :1 REMOVE #0"
    assert request["ConditionExpression"] == "(attribute_exists (#0) AND #0[1] = :0)"
