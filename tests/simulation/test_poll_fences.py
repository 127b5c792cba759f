"""Of work that is polled: a decision on data that has changed since has no effect."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.engine import agent_commands, message_handler, session_commands
from ai_coordination.engine.context import message
from ai_coordination.messages import AgentMessage, decode
from ai_coordination.runtimes.base import Accepted, Answer, Call, Question
from ai_coordination.states import AgentRuntimeKind
from ai_coordination.timestamps import parse
from tests.simulation.simulator import Died, Simulator, survives
from tests.simulation.slow_request import SlowRequest

Act = Callable[[], Any]
ACTION: dict[str, Any] = {"agent_uuid": "one", "timeout_seconds": 3_600}
GRACE = timedelta(seconds=60)
ANOTHER_RUN = "01900000-0000-7000-8000-00000000ffff"


@pytest.fixture
def world() -> Iterator[Simulator]:
    world = Simulator()
    with world.running():
        yield world


def before_write(world: Simulator, number: int, act: Act) -> None:
    """Let others act before the next write but so many."""
    writes = count(1)

    def seam(point: str) -> None:
        if point == "before writing" and next(writes) == number:
            world.seam = lambda point: None
            act()

    world.seam = seam


def unworked(world: Simulator, **rules: Any) -> SlowRequest:
    """A session of one agent whose messages wait."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SlowRequest, "work_off", lambda slow: None)
        return SlowRequest(world, [{**ACTION, **rules}], AgentRuntimeKind.ECHO)


def stopped_in_its_call(world: Simulator) -> tuple[SlowRequest, Call]:
    """A session whose agent is in its call, by a worker that is stopped."""
    calls: list[Call] = []

    def stop(call: Call) -> Answer:
        calls.append(call)
        raise Died("it is stopped")

    world.answers = stop
    slow = unworked(world)
    world.step()
    return slow, calls[0]


def accepted(world: Simulator, **rules: Any) -> SlowRequest:
    """A session whose agent has accepted, and is polled in 5 seconds."""
    world.answers = lambda call: Accepted({"of": "the first"}, 5)
    slow = unworked(world, **rules)
    world.step()
    assert agent_of(slow).poll_at
    return slow


def agent_of(slow: SlowRequest) -> models.SessionAgent:
    (agent,) = slow.now().agents
    return agent


def plan_of(slow: SlowRequest) -> tuple[Any, ...]:
    """What of an agent says how it is polled."""
    agent = agent_of(slow)
    return agent.remote, agent.poll_at, agent.due_at, agent.lease_until, agent.lease_owner


def found(agent: models.SessionAgent) -> AgentMessage:
    """The message of a sweep that has found an agent due. The worker counts its look first."""
    sent = message(agent)
    assert isinstance(sent, AgentMessage)
    return replace(sent, due_at=agent.due_at)


def key(agent: models.SessionAgent) -> dict[str, Any]:
    return {
        "session_uuid": agent.session_uuid,
        "session_agent_uuid": agent.session_agent_uuid,
        "run_uuid": agent.current_run_uuid,
    }


@pytest.mark.parametrize("is_swept", [False, True], ids=["by its message", "by a sweep"])
@pytest.mark.parametrize("ends", ["accepts again", "dies"])
def test_of_two_workers_that_find_the_time_past_one_polls(
    world: Simulator, ends: str, *, is_swept: bool
) -> None:
    slow = accepted(world)
    polls = []

    def poll(call: Call) -> Accepted:
        polls.append(call)
        if ends == "dies":
            raise Died("after its lease")
        return Accepted({"of": "the second"}, 500)

    world.polls = poll
    world.clock += timedelta(seconds=6)
    again = message(agent_of(slow))
    sent = found(agent_of(slow)) if is_swept else again
    before_write(world, 1, lambda: survives(lambda: message_handler.work(world.engine(), again)))
    survives(lambda: message_handler.work(world.engine(), sent))

    assert len(polls) == 1
    assert bool(agent_of(slow).lease_until) == (ends == "dies")


def test_a_slow_acceptance_does_not_replace_a_later_one(world: Simulator) -> None:
    slow = accepted(world)
    stopped: list[Call] = []

    def poll(call: Call) -> Accepted:
        if not stopped:
            stopped.append(call)
            raise Died("it is stopped, for longer than its lease")
        return Accepted({"of": "the quick one"}, 500)

    world.polls = poll
    while agent_of(slow).remote != '{"of":"the quick one"}':
        world.step()
    before = plan_of(slow)
    world.polls = lambda call: Accepted({"of": "the slow one"}, 5)
    world.wake(stopped[0])

    assert plan_of(slow) == before


@pytest.mark.parametrize("is_swept", [False, True], ids=["by its message", "by a sweep"])
def test_a_heartbeat_that_comes_first_wins_over_the_silence(
    world: Simulator, *, is_swept: bool
) -> None:
    world.answers = lambda call: Accepted()
    slow = unworked(world, heartbeat_seconds=40)
    world.step()
    agent = agent_of(slow)

    world.clock += timedelta(seconds=100)
    sent = found(agent) if is_swept else message(agent)
    before_write(
        world, 1, lambda: agent_commands.heartbeat(world.engine(), world.caller, **key(agent))
    )
    message_handler.work(world.engine(), sent)

    assert agent_of(slow).state == "in_progress"
    assert agent_of(slow).attempt == 1


@pytest.mark.parametrize("result", [Accepted, Question], ids=["accepted", "asked"])
def test_what_comes_while_its_session_is_cancelled_is_cancelled(
    world: Simulator, result: type[Accepted | Question]
) -> None:
    given = {"poll_seconds": 5} if result is Accepted else {"text": "Which?"}
    slow, call = stopped_in_its_call(world)
    cancelled: list[Any] = []
    world.cancels = lambda call: cancelled.append(call.remote)

    def accept() -> None:
        world.answers = lambda call: result(remote={"of": "the slow one"}, **given)
        world.wake(call)

    # The first write marks the session.
    before_write(world, 2, accept)
    slow.ask(session_commands.cancel)
    slow.work_off()

    assert agent_of(slow).state == "cancelled"
    assert cancelled == [{"of": "the slow one"}]


def test_a_report_of_an_acceptance_delays_no_poll(world: Simulator) -> None:
    slow, call = stopped_in_its_call(world)

    def accept() -> None:
        world.answers = lambda call: Accepted({"of": "the slow one"}, 5)
        world.wake(call)

    before_write(world, 1, accept)
    agent_commands.accept(
        world.engine(), world.caller, **key(agent_of(slow)), async_task_uuid="own"
    )

    agent = agent_of(slow)
    assert parse(agent.poll_at) == world.clock + timedelta(seconds=5)
    assert parse(agent.due_at) <= parse(agent.poll_at) + GRACE
    assert slow.now().runs[0].async_task_uuid == "own"


def test_a_message_of_an_earlier_version_polls_a_run_that_has_no_time_for_it(
    world: Simulator,
) -> None:
    world.answers = lambda call: Accepted()
    slow = unworked(world)
    world.step()
    agent = agent_of(slow)
    assert not agent.poll_at
    sent = {
        "kind": "echo",
        "tenant": agent.partition_key,
        "session": agent.session_uuid,
        "agent": agent.session_agent_uuid,
        "iteration": 1,
    }

    for run in (ANOTHER_RUN, agent.current_run_uuid, agent.current_run_uuid):
        message_handler.work(world.engine(), decode(json.dumps({**sent, "run": run})))
        assert (agent_of(slow).state == "completed") == (run == agent.current_run_uuid)

    assert agent_of(slow).agent_output == "done"
    assert len(slow.now().runs) == 1
