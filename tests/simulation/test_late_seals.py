"""What is written of a run arrives late: the run is over, or it was deleted."""

from collections.abc import Callable, Iterator

import pytest

from ai_coordination import services
from ai_coordination.runtimes.base import Answer, Call, RunFailed
from tests.simulation.late_write import LateWrite
from tests.simulation.one_run import agent_of, key, report, unworked
from tests.simulation.simulator import Simulator
from tests.simulation.slow_request import SlowRequest


@pytest.fixture
def world() -> Iterator[Simulator]:
    world = Simulator()
    with world.running():
        yield world


def delete_run(slow: SlowRequest) -> None:
    """A caller deletes the run once all work of its agent is done."""
    while agent_of(slow).due_at:
        slow.world.step()
    of_run = key(slow)
    world = slow.world
    world.landed = lambda: None
    services.session_run.delete(world.caller, of_run["session_uuid"], of_run["run_uuid"])


def runs_in(world: Simulator) -> int:
    """The monitor knows no runs that were deleted."""
    return len(world.store.items()["ai-coordination-session_runs"])


def report_and_delete(slow: SlowRequest) -> None:
    report(slow)
    delete_run(slow)


@pytest.mark.parametrize(("others", "runs"), [(report, 1), (report_and_delete, 0)])
def test_a_run_that_is_over_meanwhile_gets_no_token(
    world: Simulator, others: Callable[[SlowRequest], None], runs: int
) -> None:
    late: list[LateWrite] = []

    def answer(call: Call) -> Answer:
        late.append(LateWrite(world, lambda: others(slow), "callback_tokens"))
        with pytest.raises(RunFailed, match="The run has ended"):
            call.callback()
        return Answer("too late")

    slow = unworked(world, answer)
    world.step()

    assert late[0].landed is False
    assert runs_in(world) == runs


def test_a_run_that_was_deleted_is_not_sealed(world: Simulator) -> None:
    slow = unworked(world, lambda call: Answer("done"))

    late = LateWrite(world, lambda: delete_run(slow), "outcome", "finished_at")
    world.step()

    assert late.landed is False
    assert runs_in(world) == 0
