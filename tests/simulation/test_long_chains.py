"""Lambda drops an invocation that follows from 16 others, and longer sessions still end."""

from datetime import timedelta

import pytest

from ai_coordination.engine import session_commands
from ai_coordination.models import Session, reads
from tests.simulation.blueprints import Blueprint, member
from tests.simulation.simulator import MINUTE, START, Simulator

LONGEST_CHAIN = 16
MOST_STEPS = 500


@pytest.mark.parametrize(("agents", "drops"), [(16, 0), (17, 1), (40, 2)])
def test_each_dropped_invocation_costs_a_sweep_and_nothing_else(agents: int, drops: int) -> None:
    """The template allows loops, and no call says what it follows from: this is where both fail."""
    world = Simulator()
    world.hands_over = 0
    _runs_a_chain(world, agents, drops)


def test_a_chain_that_is_handed_over_is_one_invocation() -> None:
    _runs_a_chain(Simulator(), 40, drops=0)


def _runs_a_chain(world: Simulator, agents: int, drops: int) -> None:
    world.longest_chain = LONGEST_CHAIN
    names = [f"agent-{number}" for number in range(agents)]
    actions = [
        {"agent_uuid": name, "predecessors": names[place - 1 : place] if place else []}
        for place, name in enumerate(names)
    ]
    with world.running():
        task = Blueprint([member(name) for name in names], actions, queries=[]).make(world.caller)
        session = session_commands.start(
            world.engine(),
            world.caller,
            coordination_uuid=task.coordination_uuid,
            task_uuid=task.task_uuid,
        )
        ended = _run_to_its_end(world, session)

    assert ended.status == "completed"
    assert len(world.calls) == agents
    took = world.clock - START
    assert drops * MINUTE <= took <= drops * 2 * MINUTE + timedelta(seconds=1)


def _run_to_its_end(world: Simulator, session: Session) -> Session:
    for _ in range(MOST_STEPS):
        now = reads.get(
            Session, session.coordination_uuid, session.session_uuid, tenant=session.partition_key
        )
        assert now is not None
        if now.status != "in_progress":
            return now
        world.step()
    raise AssertionError("it does not end")
