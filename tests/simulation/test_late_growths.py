"""What a worker has decided on a growth arrives late: others have worked on the session."""

from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import pytest

from ai_coordination.engine import message_handler, session_commands
from ai_coordination.engine.agent.growth import grow, rest
from ai_coordination.engine.context import message
from ai_coordination.engine.session import end
from ai_coordination.runtimes.base import Answer, Call, Delegation, Result
from ai_coordination.runtimes.delegations import Work
from ai_coordination.states import AgentRuntimeKind
from tests.simulation.flows import Subtask
from tests.simulation.late_write import LateWrite
from tests.simulation.simulator import Died, Simulator, survives
from tests.simulation.slow_request import SlowRequest

LIST: dict[str, Any] = {"for_each": {"items": "`[1, 2, 3]`"}}
LISTS = [{"agent_uuid": "one", **LIST}, {"agent_uuid": "other", **LIST}]
IN_A_ROW = [{"agent_uuid": "one"}, {"agent_uuid": "other", "predecessors": ["one"], **LIST}]
ROUNDS = [{"agent_uuid": "one", "task_uuid": 0, "repeat": {"until": "`false`", "max_rounds": 2}}]
ROUND = Subtask([{"agent_uuid": name} for name in ("other", "third")])
DELEGATES = [{"agent_uuid": "one", "delegates_to": ["other"]}]
FIRST_WRITE = ("next_ordinal", "graph_size")
CHUNK = ("Put", "agent_count")


@pytest.fixture
def world() -> Iterator[Simulator]:
    world = Simulator()
    with world.running():
        yield world


@pytest.fixture
def in_chunks() -> Iterator[None]:
    with patch.object(grow, "MOST_AT_ONCE", 1), patch.object(rest, "CHUNK", 1):
        yield


def unworked(world: Simulator, actions: list[dict[str, Any]]) -> SlowRequest:
    """A session whose messages wait."""
    subtasks = [ROUND] if actions is ROUNDS else []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(SlowRequest, "work_off", lambda slow: None)
        return SlowRequest(world, actions, AgentRuntimeKind.ECHO, subtasks=subtasks)


def until(slow: SlowRequest, late: LateWrite) -> None:
    """Work until the late write has arrived."""
    while late.landed is None:
        slow.world.step()


def begin_to_cancel(slow: SlowRequest) -> None:
    """The session is marked to be cancelled, and its worker dies."""

    def die(*given: Any) -> None:
        raise Died("after the mark")

    with patch.object(end, "resume", die):
        assert not survives(lambda: slow.ask(session_commands.cancel))


@pytest.mark.parametrize("written", [FIRST_WRITE, CHUNK], ids=["first", "chunk"])
def test_nothing_is_added_to_a_session_that_is_being_cancelled(
    world: Simulator, written: tuple[str, ...], request: pytest.FixtureRequest
) -> None:
    if written is CHUNK:
        request.getfixturevalue("in_chunks")
    slow = unworked(world, LISTS[:1])
    agents: list[int] = []

    def others() -> None:
        begin_to_cancel(slow)
        agents.append(len(slow.now().agents))

    late = LateWrite(world, others, *written)
    world.step()

    assert late.landed is False
    assert len(slow.now().agents) == agents[0]
    while slow.now().session.operation:
        world.step()
    assert slow.now().session.status == "cancelled"


@pytest.mark.usefixtures("in_chunks")
def test_two_growths_have_different_ordinals(world: Simulator) -> None:
    slow = unworked(world, LISTS)

    late = LateWrite(world, world.step, *FIRST_WRITE)
    world.step()

    assert late.landed is False
    while slow.now().session.status != "completed":
        world.step()
    assert slow.states() == 8 * [("completed", 1)]


def delegate(call: Call) -> Result:
    if call.agent.agent_uuid == "other":
        return Answer("done")
    return Delegation([Work("other", f"{call.turn}, {number}") for number in range(3)])


def dies_in_the_middle_of_a_growth(slow: SlowRequest) -> None:
    def die() -> None:
        raise Died("before a chunk")

    died = LateWrite(slow.world, die, *CHUNK)
    agents = len(slow.now().agents)
    while len(slow.now().agents) == agents and not (slow.now().by_ordinal[0].growing):
        slow.world.step()
    assert died.landed is None


@pytest.mark.usefixtures("in_chunks")
@pytest.mark.parametrize(
    ("actions", "answers"),
    [(ROUNDS, lambda call: Answer("done")), (DELEGATES, delegate)],
    ids=["rounds", "delegations"],
)
def test_the_last_write_of_one_growth_does_not_end_the_next_one(
    world: Simulator, actions: list[dict[str, Any]], answers: Callable[[Call], Result]
) -> None:
    world.answers = answers
    slow = unworked(world, actions)

    def others() -> None:
        before = len(slow.now().agents)
        while slow.now().by_ordinal[0].growing:
            world.step()
        dies_in_the_middle_of_a_growth(slow)
        assert len(slow.now().agents) == before

    late = LateWrite(world, others, "growing", without="updated_at")
    until(slow, late)

    assert late.landed is False
    assert slow.now().by_ordinal[0].growing


@pytest.mark.usefixtures("in_chunks")
def test_the_last_write_of_a_growth_does_not_end_one_of_the_next_iteration(
    world: Simulator,
) -> None:
    slow = unworked(world, IN_A_ROW)

    def die() -> None:
        raise Died("before a chunk")

    def others() -> None:
        slow.ask(session_commands.cancel)
        world.named.add(0)
        session_commands.retry(
            world.engine(),
            world.caller,
            coordination_uuid=slow.session.coordination_uuid,
            session_uuid=slow.session.session_uuid,
            session_agent_uuids=[slow.now().agents[0].session_agent_uuid],
        )
        LateWrite(world, die, *CHUNK)
        while not slow.now().by_ordinal[1].growing:
            world.step()

    late = LateWrite(world, others, "growing", without="updated_at")
    until(slow, late)

    assert late.landed is False
    assert slow.now().by_ordinal[1].growing
    slow.work_off()
    while slow.now().session.status != "completed":
        world.step()


@pytest.mark.usefixtures("in_chunks")
def test_an_agent_whose_added_agents_have_ended_meanwhile_is_sent(world: Simulator) -> None:
    slow = unworked(world, LISTS[:1])

    def others() -> None:
        for child in slow.now().agents[1:]:
            message_handler.work(world.engine(), message(child))
        assert not slow.now().by_ordinal[0].waiting_on

    late = LateWrite(world, others, "growing", without="updated_at")
    world.step()

    assert late.landed is False
    assert slow.now().by_ordinal[0].due_at
