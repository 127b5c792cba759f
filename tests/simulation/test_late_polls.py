"""Polls for messages of an earlier version, which stores no time for them, among others' work."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from ai_coordination.engine import agent_commands, message_handler
from ai_coordination.messages import Message, decode
from ai_coordination.runtimes.base import Accepted
from ai_coordination.timestamps import parse
from tests.simulation.late_write import LateWrite
from tests.simulation.one_run import (
    agent_of,
    begin_the_next_attempt_and_accept,
    die,
    key,
    look,
    report,
    started,
)
from tests.simulation.simulator import Simulator, survives
from tests.simulation.slow_request import SlowRequest


@pytest.fixture
def world() -> Iterator[Simulator]:
    world = Simulator()
    with world.running():
        yield world


def earlier_message(slow: SlowRequest) -> Message:
    """What an earlier version sends of work that was accepted."""
    agent = agent_of(slow)
    sent = {
        "kind": "echo",
        "tenant": agent.partition_key,
        "session": agent.session_uuid,
        "agent": agent.session_agent_uuid,
        "iteration": 1,
        "run": agent.current_run_uuid,
    }
    return decode(json.dumps(sent))


def test_a_run_is_not_silent_while_it_is_polled(world: Simulator) -> None:
    slow = started(world, lambda call: Accepted(), heartbeat_seconds=40)
    world.polls = die
    sent = earlier_message(slow)

    def others() -> None:
        assert not survives(lambda: message_handler.work(world.engine(), sent))

    world.clock += timedelta(seconds=100)
    late = LateWrite(world, others, "timed_out")
    look(slow)

    assert late.landed is False
    assert agent_of(slow).state == "in_progress"


@pytest.mark.parametrize("others", [report, begin_the_next_attempt_and_accept])
def test_a_run_that_is_over_meanwhile_is_not_polled(
    world: Simulator, others: Callable[[SlowRequest], None]
) -> None:
    slow = started(world, lambda call: Accepted())

    late = LateWrite(world, lambda: others(slow), "lease_owner")
    message_handler.work(world.engine(), earlier_message(slow))

    assert late.landed is False
    assert agent_of(slow).lease_until is None


def test_a_heartbeat_of_a_run_that_is_polled_meanwhile_leaves_the_due_time_of_the_poll(
    world: Simulator,
) -> None:
    slow = started(world, lambda call: Accepted(), heartbeat_seconds=400)
    world.polls = lambda call: Accepted(poll_seconds=5)

    def others() -> None:
        message_handler.work(world.engine(), earlier_message(slow))
        assert agent_of(slow).poll_at

    late = LateWrite(world, others, "alive_at")
    agent_commands.heartbeat(world.engine(), world.caller, **key(slow))

    assert late.landed is False
    assert parse(agent_of(slow).due_at) <= world.clock + timedelta(seconds=65)
