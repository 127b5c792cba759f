"""What an ended agent leaves to be done arrives late: the session has moved on."""

from collections.abc import Iterator
from typing import Any

import pytest

from ai_coordination.engine import session_commands
from ai_coordination.runtimes.base import Answer, Usage
from ai_coordination.states import AgentRuntimeKind, FailurePolicy
from tests.simulation.late_write import LateWrite
from tests.simulation.simulator import Died, Simulator
from tests.simulation.slow_request import SlowRequest

RELEASE = ("waiting_on", "NS", "ai-coordination-session_agents")
SETTLEMENT = ("unsettled_usage", "TransactItems", "ai-coordination-sessions")
COMPLETION = ("final_progress", "completed")
IN_A_ROW: list[dict[str, Any]] = [
    {"agent_uuid": "one", "on_failure": FailurePolicy.CONTINUE},
    # The delay keeps the first from handing over.
    {"agent_uuid": "other", "predecessors": ["one"], "delay_seconds": 300},
]
JOINED: list[dict[str, Any]] = [
    {"agent_uuid": "one"},
    {"agent_uuid": "other"},
    {"agent_uuid": "third", "predecessors": ["one", "other"]},
]


@pytest.fixture
def world() -> Iterator[Simulator]:
    world = Simulator()
    with world.running():
        yield world


def unworked(world: Simulator, actions: list[dict[str, Any]]) -> SlowRequest:
    """A session whose first messages wait."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(SlowRequest, "work_off", lambda slow: None)
        return SlowRequest(world, actions, AgentRuntimeKind.ECHO)


def retry_first(slow: SlowRequest) -> None:
    first = slow.now().agents[0]
    slow.world.named.add(int(first.ordinal))
    session_commands.retry(
        slow.world.engine(),
        slow.world.caller,
        coordination_uuid=slow.session.coordination_uuid,
        session_uuid=slow.session.session_uuid,
        session_agent_uuids=[first.session_agent_uuid],
    )


def until_completed(slow: SlowRequest) -> None:
    while slow.now().session.status != "completed":
        slow.world.step()


def dies_at(world: Simulator, *words: str) -> None:
    def die() -> None:
        raise Died("before the write")

    LateWrite(world, die, *words)


def test_an_agent_that_is_released_late_is_not_due_if_it_was_cancelled(world: Simulator) -> None:
    slow = unworked(world, IN_A_ROW)

    late = LateWrite(world, lambda: slow.ask(session_commands.cancel), *RELEASE, "due_at")
    world.step()

    assert late.landed is False
    assert slow.states() == [("completed", 1), ("cancelled", 1)]
    assert slow.now().agents[1].due_at is None


def test_an_agent_that_is_made_due_late_is_not_due_if_it_was_cancelled(world: Simulator) -> None:
    slow = unworked(world, JOINED)
    world.step()

    late: list[LateWrite] = []

    def released() -> None:
        late.append(LateWrite(world, lambda: slow.ask(session_commands.cancel), "due_at"))

    LateWrite(world, released, *RELEASE)
    world.step()

    assert late[0].landed is False
    assert slow.states()[2] == ("cancelled", 1)
    assert slow.now().agents[2].due_at is None


LISTS = {"for_each": {"items": "`[1, 2]`"}}
GROWING_IN_A_ROW = [IN_A_ROW[0], {"agent_uuid": "other", "predecessors": ["one"], **LISTS}]
GROWING_AFTER_TWO = [*JOINED[:2], {**JOINED[2], **LISTS}]


@pytest.mark.parametrize("actions", [GROWING_IN_A_ROW, GROWING_AFTER_TWO], ids=["row", "join"])
def test_an_agent_that_is_made_due_late_is_not_due_if_it_has_added_others_by_then(
    world: Simulator, actions: list[dict[str, Any]]
) -> None:
    slow = unworked(world, actions)
    last = len(actions) - 1
    late: list[LateWrite] = []

    def others() -> None:
        while not slow.now().by_ordinal[last].grown:
            world.step()
        assert slow.now().by_ordinal[last].due_at is None

    def released() -> None:
        late.append(LateWrite(world, others, "due_at"))

    if last == 1:
        late.append(LateWrite(world, others, *RELEASE))
    else:
        world.step()
        LateWrite(world, released, *RELEASE)
    world.step()

    assert late[0].landed is False
    assert slow.now().by_ordinal[last].due_at is None


def test_what_is_released_late_of_a_session_is_not_of_its_next_iteration(world: Simulator) -> None:
    slow = unworked(world, [{"agent_uuid": "one"}])

    def others() -> None:
        until_completed(slow)
        retry_first(slow)

    late = LateWrite(world, others, "waiting_on", "ai-coordination-sessions")
    world.step()

    assert late.landed is False
    assert slow.now().session.waiting_on == {0}
    until_completed(slow)


def test_what_a_run_used_is_not_settled_with_that_of_an_earlier_iteration(
    world: Simulator,
) -> None:
    used = iter([10, 7])
    world.answers = lambda call: Answer("done", Usage(input_tokens=next(used), output_tokens=0))
    slow = unworked(world, [{"agent_uuid": "one"}])

    def others() -> None:
        until_completed(slow)
        while slow.now().agents[0].due_at:
            world.step()
        retry_first(slow)
        dies_at(world, *SETTLEMENT)
        world.step()
        assert slow.now().agents[0].unsettled_usage is not None

    late = LateWrite(world, others, *SETTLEMENT)
    world.step()

    assert late.landed is False
    while slow.now().agents[0].due_at:
        world.step()
    assert slow.now().session.used_input_tokens == 17
