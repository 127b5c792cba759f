"""Agents that add others at the same moment, and what a large growth costs."""

import json
from math import ceil
from typing import Any
from unittest.mock import patch

import pytest

from ai_coordination import models, services
from ai_coordination.caller import Caller
from ai_coordination.engine import message_handler, session_commands
from ai_coordination.engine.agent.growth import grow
from ai_coordination.models import reads, sizes
from ai_coordination.states import AgentRuntimeKind, FailurePolicy
from tests.dynamodb_local.collecting_worker import Worker
from tests.dynamodb_local.tenant_data import new_tenant
from tests.dynamodb_local.threads import side_by_side

# So many that they are one transaction, and so many that they are written in chunks.
FEW, MANY = 3, 120
UNIT = 1024
CONTINUE = FailurePolicy.CONTINUE


class Growing:
    """A session whose agents each have a list, and are about to add agents for it."""

    def __init__(self, *lengths: int) -> None:
        self.caller: Caller = new_tenant()
        self.worker = Worker()
        names = [f"a{number}" for number in range(len(lengths))]
        external = {"kind": AgentRuntimeKind.EXTERNAL}
        coordination = services.coordination.create(
            self.caller,
            coordination_name="Lists",
            agents=[{"agent_uuid": one, "agent_name": one, "runtime": external} for one in names],
        )
        task = services.task.create(
            self.caller,
            coordination_uuid=coordination.coordination_uuid,
            task_name="Lists",
            agent_actions=[
                {"agent_uuid": one, "on_failure": CONTINUE, "for_each": {"items": _list(length)}}
                for one, length in zip(names, lengths, strict=True)
            ],
        )
        self.key = session_commands.start(
            self.worker.engine,
            self.caller,
            coordination_uuid=task.coordination_uuid,
            task_uuid=task.task_uuid,
            task_query="Go",
        ).primary_key()

    def work(self, times: int) -> None:
        """Handle each message that is there so often, all at the same time."""
        messages = self.worker.taken()
        side_by_side(lambda one: message_handler.work(self.worker.engine, one), messages * times)

    def session(self) -> models.Session:
        found = reads.get(models.Session, *self.key, tenant=self.caller.partition_key)
        assert found is not None
        return found

    def agents(self) -> list[Any]:
        tenant = self.caller.partition_key
        found = reads.all_rows(models.SessionAgent, self.key[1], tenant=tenant)
        return sorted(found, key=lambda one: int(one.ordinal))


def _list(length: int) -> str:
    """An expression for a list of so many elements, in less than 1,000 characters."""
    ten = json.dumps([0] * 10, separators=(",", ":"))
    tens, rest = divmod(length, 10)
    return f"`{json.dumps([0] * rest)}`" if rest else f"`[{','.join([ten] * tens)}]`[]"


def _children(agents: list[Any], parent: models.SessionAgent) -> list[int]:
    return [int(one.ordinal) for one in agents if one.parent_ordinal == parent.ordinal]


@pytest.mark.parametrize("length", [FEW, MANY])
def test_several_workers_add_an_agents_list_once(length: int) -> None:
    for _ in range(3):
        growing = Growing(length)

        growing.work(times=4)

        parent, *children = growing.agents()
        assert [int(one.ordinal) for one in children] == list(range(1, length + 1))
        session = growing.session()
        assert session.agent_count == session.graph_size == session.next_ordinal == 1 + length
        assert parent.waiting_on == set(range(1, length + 1))
        assert (parent.growing, parent.due_at, len(parent.grew)) == (None, None, 1)


@pytest.mark.parametrize("lengths", [(FEW, FEW, FEW), (FEW, MANY)])
def test_agents_that_add_others_at_once_get_ordinals_of_their_own(lengths: tuple[int, ...]) -> None:
    growing = Growing(*lengths)

    growing.work(times=2)

    agents = growing.agents()
    parents = agents[: len(lengths)]
    added = [_children(agents, parent) for parent in parents]
    assert [len(one) for one in added] == list(lengths)
    for parent, ordinals in zip(parents, added, strict=True):
        assert ordinals == list(range(ordinals[0], ordinals[0] + len(ordinals)))
        assert parent.waiting_on == set(ordinals)
    session = growing.session()
    assert sorted(one for ordinals in added for one in ordinals) == list(
        range(len(lengths), int(session.next_ordinal))
    )
    assert session.agent_count == session.graph_size == len(agents)


def test_agents_that_add_others_at_once_never_add_too_many() -> None:
    with patch.object(grow, "MOST_AGENTS", 3 + 2 * FEW):
        growing = Growing(FEW, FEW, FEW)
        growing.work(times=2)

    agents = growing.agents()
    parents = agents[:3]
    assert sorted(len(_children(agents, parent)) for parent in parents) == [0, FEW, FEW]
    [refused] = [one for one in parents if one.state == "failed"]
    assert refused.notes.startswith("A session has at most 9 agents: there is room for 0 more")
    assert growing.session().graph_size == len(agents) == 9


def test_the_releases_of_the_longest_list_cost_2600_units() -> None:
    growing = Growing(FEW)
    growing.work(times=1)
    parent = growing.agents()[0]
    # As many ordinals as a session can have: each release writes what is left of the item.
    left = set(range(1, 1000))
    units = 0
    while left:
        waiting = parent.changed({"waiting_on": left})
        units += ceil(sizes.of_entity(waiting) / UNIT)
        left.pop()
    assert 2_500 < units < 2_700
