"""Entities are written as pynamodb writes them, and refused as it refuses them."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from pynamodb.attributes import ListAttribute, MapAttribute

from ai_coordination import models
from ai_coordination.models import blueprint, growth, sizes
from ai_coordination.models.base import Table
from ai_coordination.models.fast import item_encoder
from tests.support.cases import each
from tests.support.encoding import encoded, encoded_by_pynamodb

# pynamodb's constructors of maps have no types.
Growth: Any = growth.Growth
Action: Any = models.AgentAction
Member: Any = models.Agent

AGENT = {
    "session_uuid": "s",
    "session_agent_uuid": "a",
    "partition_key": "acme#sales",
    "coordination_uuid": "c",
    "agent_uuid": "rag",
    "agent_action": {"agent_uuid": "rag", "predecessors": ["zh"], "timeout_seconds": 1.5},
    "ordinal": 7,
    "state": "initial",
    "created_at": "2026-11-30",
    "updated_at": "2026-11-30",
}
GREW = [Growth(base=3, size=2, step=2)]
RUNTIME = {"kind": "LAMBDA", "parameters": {"seconds": 1.5, "é": None}}


def agent(**more: Any) -> models.SessionAgent:
    return models.SessionAgent(**{**AGENT, **more})


def with_value(name: str, value: Any) -> models.SessionAgent:
    """An agent with a value that no assignment would leave so."""
    entity = agent()
    entity.attribute_values[name] = value
    return entity


def without(name: str) -> models.SessionAgent:
    entity = agent()
    del entity.attribute_values[name]
    return entity


ENTITIES: dict[str, Callable[[], Table]] = {
    "the least": agent,
    "numbers": lambda: agent(round=0, depth=-3, item_index=1e21, grown=0.1, turn=True),
    "numbers that are none": lambda: agent(round=float("inf"), depth=float("nan")),
    "large and small numbers": lambda: agent(round=10**30, depth=1e-7, grown=-0.0, turn=1e16),
    "sets": lambda: agent(predecessors={3, 1.5, 2}, successors=set(), dead={0}),
    "truths": lambda: agent(superseded=False, delayed=True),
    "texts": lambda: agent(notes="é\0", question="\0x", reply="", resume=None),
    "a large text": lambda: agent(notes=models.texts.LargeText("f", "0" * 64, 7)),
    "times": lambda: agent(began_at="2026-11-30T01:00:00.000001+00:00"),
    "maps in maps": lambda: agent(member={"agent_name": "Rag", "runtime": RUNTIME}),
    "usual rules are left out": lambda: agent(agent_action={"timeout_seconds": 300}),
    "rules in rules": lambda: agent(
        agent_action={
            "retry": {"max_attempts": 1, "interval_seconds": 0, "backoff_rate": 2.0},
            "ask": {"options": ["a", "b"], "on_timeout": "fail"},
            "for_each": {"items": "outputs.a"},
        }
    ),
    "a list of maps": lambda: agent(grew=[*GREW, Growth(base=0, size=1)]),
    "actions": lambda: models.Task(
        coordination_uuid="c",
        task_uuid="t",
        agent_actions={"rag": Action(agent_uuid="rag", position=2)},
    ),
    "an attribute is missing": lambda: without("state"),
    "keys are missing": models.SessionAgent,
    "an attribute of a map is missing": lambda: agent(member={"agent_name": "Rag"}),
    "an attribute of a map in a map is missing": lambda: agent(
        member={"agent_name": "Rag", "runtime": {"target": "x"}}
    ),
    "an attribute of a rule's map is missing": lambda: agent(
        agent_action={"retry": {"max_attempts": 1}}
    ),
    "an attribute of a map in a list is missing": lambda: models.Coordination(
        agents=[Member(agent_name="a", runtime=RUNTIME), Member(agent_name="b")]
    ),
    "a plain map": lambda: with_value("member", {"agent_name": "Rag", "runtime": RUNTIME}),
    "a plain map in a list": lambda: with_value("grew", [{}]),
    "another map": lambda: with_value("member", Growth()),
    "nothing in a list of maps": lambda: with_value("grew", [Growth(), None]),
    "nothing in a list of texts": lambda: with_value("last_writes", ["a", None]),
    "a number in a list of texts": lambda: with_value("last_writes", ["a", 7]),
    "an attribute in a list of texts": lambda: with_value("last_writes", [Growth()]),
    "a text that is a number": lambda: with_value("state", 7),
    "a number that is no JSON": lambda: with_value("ordinal", Decimal("1.5")),
    "a list that is none": lambda: with_value("last_writes", 7),
}


@each("null_check", [True, False])
@each("name", ENTITIES)
def test_an_entity_is_encoded_or_refused_as_by_pynamodb(name: str, null_check: bool) -> None:
    entity = ENTITIES[name]()

    ours = encoded(entity, null_check=null_check)

    assert ours == encoded_by_pynamodb(entity, null_check=null_check)


def test_a_usual_entity_is_not_left_to_pynamodb(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: Any, **more: Any) -> Any:
        raise AssertionError

    entities = [ENTITIES[name]() for name in [*ENTITIES][:14]]
    for kind in (MapAttribute, ListAttribute):
        monkeypatch.setattr(kind, "_container_serialize", slow, raising=False)
    monkeypatch.setattr(Table, "_container_serialize", slow)

    items = [item_encoder.encode(entity, null_check=False) for entity in entities]

    assert all(items)


def test_what_was_encoded_can_be_changed() -> None:
    entity = agent(predecessors={1}, grew=GREW)
    first = entity.serialize()

    first["last_writes"]["L"].append({"S": "x"})
    first["agent_action"]["M"].clear()
    first["predecessors"]["NS"].clear()

    assert entity.serialize() == agent(predecessors={1}, grew=GREW).serialize()


def test_a_changed_copy_has_what_a_new_entity_has() -> None:
    entity = agent(notes="old", attempt=3, turn=2)
    changes = {
        "notes": None,
        "attempt": None,
        "turn": 4,
        "member": {"agent_name": "Rag", "runtime": RUNTIME},
        "last_writes": None,
    }

    changed = entity.changed(changes)

    kept: dict[str, Any] = {
        name: value for name, value in entity.attribute_values.items() if name not in changes
    }
    given: dict[str, Any] = {name: value for name, value in changes.items() if value is not None}
    assert changed.serialize() == models.SessionAgent(**kept, **given).serialize()
    assert changed.attempt == 0
    assert isinstance(changed.member, models.Agent)
    assert (entity.notes, entity.attempt, entity.turn) == ("old", 3, 2)
    with pytest.raises(ValueError, match="nothing"):
        entity.changed({"nothing": 1})


@each("part", [Member(agent_uuid="rag", agent_name="Rag", runtime=RUNTIME), Action(position=3)])
def test_an_anonymous_part_has_what_a_new_one_has(part: Any) -> None:
    values = {**part.attribute_values, "agent_uuid": None}
    if isinstance(part, models.AgentAction):
        values["position"] = 0
    before = dict(part.attribute_values)

    anonymous = blueprint.anonymous(part)

    assert anonymous.serialize(anonymous) == type(part)(**values).serialize(type(part)(**values))
    assert anonymous.attribute_values == type(part)(**values).attribute_values
    assert part.attribute_values == before


def test_no_attribute_has_a_default_for_new_entities_alone() -> None:
    for table in models.TABLES:
        assert not [one for one in table.get_attributes().values() if one.default_for_new]


@each(
    ("number", "size"),
    [
        ("0", 1),
        ("7", 2),
        ("100", 2),
        ("1234", 3),
        ("12345", 4),
        ("0012", 2),
        ("-12", 3),
        ("1.5", 3),
    ],
)
def test_a_number_has_the_bytes_that_dynamodb_counts(number: str, size: int) -> None:
    assert sizes.of_item({"": {"N": number}}) == size
