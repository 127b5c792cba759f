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
from tests.simulation.simulator import Died, Simulator, survives
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


def poll_and_die(slow: SlowRequest) -> None:
    slow.world.polls = die
    assert not survives(lambda: message_handler.work(slow.world.engine(), earlier_message(slow)))


def poll_and_accept(slow: SlowRequest) -> None:
    slow.world.polls = lambda call: Accepted(poll_seconds=5)
    message_handler.work(slow.world.engine(), earlier_message(slow))


def report_and_die(slow: SlowRequest) -> None:
    """The agent has completed, and its due time stays, because it has released nobody."""

    def die() -> None:
        raise Died("before the release")

    LateWrite(slow.world, die, "waiting_on", "ai-coordination-sessions")
    assert not survives(lambda: report(slow))


def correct_again(slow: SlowRequest) -> None:
    """Another worker has corrected the due time after a later heartbeat."""
    slow.world.clock += timedelta(seconds=10)
    agent_commands.heartbeat(slow.world.engine(), slow.world.caller, **key(slow))
    look(slow)


@pytest.mark.parametrize("others", [report_and_die, poll_and_die, poll_and_accept, correct_again])
def test_a_due_time_that_is_corrected_late_is_none_of_other_work(
    world: Simulator, others: Callable[[SlowRequest], None]
) -> None:
    """A sweep has found the agent before it is silent. Whatever follows keeps the due time."""
    slow = started(world, lambda call: Accepted(), heartbeat_seconds=300)
    world.clock += timedelta(seconds=200)
    agent_commands.heartbeat(world.engine(), world.caller, **key(slow))
    world.clock += timedelta(seconds=101)
    world.sweep()
    afterwards: list[str | None] = []

    def work() -> None:
        others(slow)
        afterwards.append(agent_of(slow).due_at)

    late = LateWrite(world, work, "due_at")
    look(slow)

    assert late.landed is False
    assert agent_of(slow).due_at == afterwards[0]
