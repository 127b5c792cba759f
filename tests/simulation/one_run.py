"""A session of one agent, and what others may do with its run."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.engine import agent_commands, message_handler, session_commands
from ai_coordination.engine.context import message
from ai_coordination.messages import AgentMessage
from ai_coordination.runtimes.base import Answer, Call, Result
from ai_coordination.states import AgentRuntimeKind
from tests.simulation.simulator import Died, Simulator, survives
from tests.simulation.slow_request import SlowRequest

ACTION: dict[str, Any] = {"agent_uuid": "one", "timeout_seconds": 600}


def unworked(world: Simulator, answers: Callable[[Call], Result], **rules: Any) -> SlowRequest:
    """A session of one agent whose message waits. It has a budget that is large enough."""
    world.answers = answers
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(SlowRequest, "work_off", lambda slow: None)
        budget: dict[str, float | None] = {"tokens": 1_000}
        return SlowRequest(world, [{**ACTION, **rules}], AgentRuntimeKind.ECHO, budget)


def started(world: Simulator, answers: Callable[[Call], Result], **rules: Any) -> SlowRequest:
    """The same after a worker has handled its message."""
    slow = unworked(world, answers, **rules)
    world.step()
    return slow


def agent_of(slow: SlowRequest) -> models.SessionAgent:
    (agent,) = slow.now().agents
    return agent


def key(slow: SlowRequest) -> dict[str, Any]:
    agent = agent_of(slow)
    return {
        "session_uuid": agent.session_uuid,
        "session_agent_uuid": agent.session_agent_uuid,
        "run_uuid": agent.current_run_uuid,
    }


def state_of(slow: SlowRequest) -> dict[str, Any]:
    """Everything that is stored of the agent."""
    return dict(vars(agent_of(slow)))


def look(slow: SlowRequest, *, is_swept: bool = False) -> None:
    """Another worker looks at the agent."""
    agent = agent_of(slow)
    sent = message(agent)
    assert isinstance(sent, AgentMessage)
    if is_swept:
        sent = replace(sent, due_at=agent.due_at)
    survives(lambda: message_handler.work(slow.world.engine(), sent))


def die(call: Call) -> Answer:
    raise Died("in its call")


def report(slow: SlowRequest) -> None:
    slow.world.said[str(agent_of(slow).current_run_uuid)].append("Reported")
    agent_commands.complete(
        slow.world.engine(), slow.world.caller, **key(slow), agent_output="Reported"
    )


def begin_the_next_attempt(slow: SlowRequest) -> None:
    """The run times out. The next one has begun, and its worker waits for the answer."""
    slow.world.answers = die
    slow.world.clock += timedelta(seconds=700)
    look(slow)
    slow.world.clock += timedelta(seconds=60)
    look(slow)
    assert agent_of(slow).attempt == 2


def accept_by_report(slow: SlowRequest, **named: str) -> None:
    agent_commands.accept(slow.world.engine(), slow.world.caller, **key(slow), **named)


def ask_by_report(slow: SlowRequest) -> None:
    slow.world.asked[str(agent_of(slow).current_run_uuid)].append(("Which?", None))
    agent_commands.ask(slow.world.engine(), slow.world.caller, **key(slow), question="Which?")


def cancel(slow: SlowRequest) -> None:
    slow.ask(session_commands.cancel)


def take_over(slow: SlowRequest) -> None:
    """Another worker has the run, and waits for the answer."""
    slow.world.answers = die
    slow.world.clock += timedelta(seconds=120)
    look(slow)
    assert agent_of(slow).takeovers == 1


def begin_the_next_attempt_and_accept(slow: SlowRequest) -> None:
    """Nobody has a lease of it, as of a run before it that was accepted."""
    begin_the_next_attempt(slow)
    accept_by_report(slow)
