"""Workers stop for minutes, hours or days: no agent fails for it, and all sessions resume."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from ai_coordination.engine import looks, message_handler, session_commands
from ai_coordination.engine.agent import claim as claiming
from ai_coordination.messages import AgentMessage
from ai_coordination.states import AgentRuntimeKind, FailurePolicy
from tests.simulation.simulator import Died, Simulator, survives
from tests.simulation.slow_request import SlowRequest

TEN_HOURS = 10 * 60
SIDE_BY_SIDE: list[dict[str, Any]] = [
    {"agent_uuid": "one", "timeout_seconds": 3_600},
    {"agent_uuid": "other", "timeout_seconds": 3_600},
]
AFTER_A_FAILURE: list[dict[str, Any]] = [
    {"agent_uuid": "one", "retry": {"max_attempts": 1}, "on_failure": FailurePolicy.CONTINUE},
    {"agent_uuid": "other", "predecessors": ["one"], "retry": {"max_attempts": 1}},
]


@pytest.fixture
def world() -> Iterator[Simulator]:
    world = Simulator()
    with world.running():
        yield world


def not_begun(world: Simulator, kind: AgentRuntimeKind = AgentRuntimeKind.ECHO) -> SlowRequest:
    """A session that has started, and whose messages wait."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SlowRequest, "work_off", lambda slow: None)
        return SlowRequest(world, SIDE_BY_SIDE, kind)


def notes(slow: SlowRequest) -> list[Any]:
    return [agent.notes for agent in slow.now().agents]


def test_a_backlog_of_hours_fails_nobody_and_grows_by_few_messages_an_agent(
    world: Simulator,
) -> None:
    world.most_waiting = 1
    slow = not_begun(world)

    world.stand_still(TEN_HOURS, sweeps=True)

    assert slow.states() == [("initial", 1), ("initial", 1)]
    sent = Counter(message.session_agent_uuid for message in of_agents(world))
    # One of the start, and one each at the 1st, 8th, 64th and 512th of 600 finds.
    assert list(sent.values()) == [5, 5]
    slow.work_off()
    assert slow.states() == [("completed", 1), ("completed", 1)]
    assert len(slow.now().runs) == 2
    assert slow.now().session.status == "completed"


def test_an_agent_runs_whose_messages_are_lost_behind_a_backlog_without_end(
    world: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world, "is_behind", lambda lane: True)
    slow = not_begun(world)
    world.queue.clear()

    assert minutes_until_sent(world) == 1
    world.queue.clear()
    assert minutes_until_sent(world) == 7
    slow.work_off()

    assert slow.states() == [("completed", 1), ("completed", 1)]
    assert slow.now().session.status == "completed"


def minutes_until_sent(world: Simulator) -> int:
    """How many sweeps it takes until one has sent a message."""
    for minute in range(1, 60):
        world.stand_still(1, sweeps=True)
        if world.queue:
            return minute
    raise AssertionError("nothing is sent")


@pytest.mark.parametrize("sweeps", [False, True])
@pytest.mark.parametrize(
    "minutes", [1, 9, 33, 65, 185, pytest.param(24 * 60, marks=pytest.mark.stress)]
)
def test_work_goes_on_within_two_minutes_of_an_outage_in_which_all_messages_were_lost(
    world: Simulator, minutes: int, sweeps: bool
) -> None:
    slow = not_begun(world)
    world.stand_still(minutes, sweeps=sweeps, loses=True)
    ended = world.clock

    while slow.now().session.status != "completed":
        world.step()

    assert world.clock - ended <= timedelta(minutes=2)
    assert notes(slow) == [None, None]


def test_a_worker_that_can_do_nothing_yet_does_not_count_its_look(world: Simulator) -> None:
    slow = SlowRequest(world, AFTER_A_FAILURE)
    slow.fail_all()
    slow.fail_all()
    assert slow.now().session.status == "failed"
    writes = 0

    def die_after_two_writes(point: str) -> None:
        nonlocal writes
        writes += point == "after writing"
        if writes == 2:
            world.seam = lambda point: None
            raise Died("it has reset the first agent")

    world.seam = die_after_two_writes
    assert not survives(lambda: slow.ask(session_commands.retry))
    assert slow.states() == [("initial", 2), ("failed", 1)]
    world.queue.clear()

    for _ in range(2 * looks.MOST):
        world.stand_still(60)
        world.sweep()
        look_at_agents(world)

    assert slow.states() == [("initial", 2), ("failed", 1)]
    assert slow.now().agents[0].looks is None
    world.stand_still(1)
    world.sweep()
    slow.work_off()
    assert slow.now().session.status == "in_progress"
    slow.fail_all()
    slow.fail_all()
    assert slow.states() == [("failed", 2), ("failed", 2)]
    assert slow.now().session.status == "failed"


def of_agents(world: Simulator) -> list[AgentMessage]:
    return [message for _, _, message in world.queue if isinstance(message, AgentMessage)]


def look_at_agents(world: Simulator) -> None:
    """The messages of agents come to workers, and those of the session are lost."""
    sent = of_agents(world)
    world.queue.clear()
    for message in sent:
        message_handler.work(world.engine(), message)


def test_an_agent_whose_workers_all_die_is_given_up_after_twelve_looks(world: Simulator) -> None:
    slow = not_begun(world)
    dies = slow.now().agents[0].session_agent_uuid
    first = world.clock
    claim = claiming.claim

    def die(engine: Any, session: Any, agent: Any, before: Any) -> None:
        if agent.session_agent_uuid == dies:
            raise Died("each worker that looks at it dies before it has done anything")
        claim(engine, session, agent, before)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(claiming, "claim", die)
        while slow.now().session.status == "in_progress":
            world.step()

    assert slow.states() == [("failed", 1), ("completed", 1)]
    assert notes(slow) == [looks.NOTES, None]
    assert timedelta(hours=6) < world.clock - first < timedelta(hours=8)
