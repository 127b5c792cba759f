"""A delegation of a worker that was stopped has no effect once its run is over."""

from collections.abc import Callable, Iterator

import pytest

from ai_coordination.engine import session_commands
from ai_coordination.runtimes.base import Answer, Call, Delegation, Result
from ai_coordination.runtimes.delegations import Work
from ai_coordination.states import AgentRuntimeKind
from tests.simulation.simulator import Died, Simulator
from tests.simulation.slow_request import SlowRequest

DELEGATES = {"agent_uuid": "one", "delegates_to": ["other"], "timeout_seconds": 3_600}
FIRST = Delegation([Work("other", "first"), Work("other", "first too")], {"by": "first"})
SECOND = Delegation([Work("other", "second")], {"by": "second"})


@pytest.fixture
def world() -> Iterator[Simulator]:
    world = Simulator()
    with world.running():
        yield world


class Stopped:
    """A session whose first worker is stopped in its call, and what the others say then.

    Delegated work is answered at once, and the next turn ends with what was told.
    """

    def __init__(self, world: Simulator, second: Callable[["Stopped", Call], Result]) -> None:
        self._world = world
        self._second = second
        self.calls: list[Call] = []
        world.answers = self._answer
        self.session = SlowRequest(world, [DELEGATES], AgentRuntimeKind.ECHO)

    def _answer(self, call: Call) -> Result:
        if call.agent.agent_uuid == "other":
            return Answer(f"done: {call.agent.subtask_query}")
        if call.turn > 1:
            return Answer(", ".join(str(one.output) for one in call.delegated))
        self.calls.append(call)
        if len(self.calls) == 1:
            raise Died("it is stopped, for longer than its lease")
        return self._second(self, call)

    def wake(self, answer: Result) -> None:
        """Let the first worker continue with this answer."""
        answers, self._world.answers = self._world.answers, lambda call: answer
        self._world.wake(self.calls[0])
        self._world.answers = answers
        self.session.work_off()

    def texts(self) -> list[str]:
        return [str(agent.subtask_query) for agent in self.session.now().agents[1:]]

    def output(self) -> str | None:
        output = self.session.now().agents[0].agent_output
        return None if output is None else str(output)

    def outcomes(self) -> list[str | None]:
        now = self.session.now()
        runs = sorted(now.runs_of(now.agents[0]), key=lambda run: str(run.run_uuid))
        return [run.outcome for run in runs]


def test_the_delegation_of_a_stopped_worker_that_is_first_is_taken_and_the_other_leaves_nothing(
    world: Simulator,
) -> None:
    def second(stopped: Stopped, call: Call) -> Result:
        world.answers = lambda call: FIRST
        world.wake(stopped.calls[0])
        world.answers = stopped._answer
        return SECOND

    stopped = Stopped(world, second)

    assert stopped.texts() == ["first", "first too"]
    assert stopped.output() == "done: first, done: first too"
    assert stopped.outcomes() == ["delegated", "completed"]
    assert stopped.session.now().session.graph_size == 3


@pytest.mark.parametrize(
    ("said", "outcomes"),
    [(SECOND, ["delegated", "completed"]), (Answer("Done"), ["completed"])],
    ids=["another delegation", "an answer"],
)
def test_the_delegation_of_a_stopped_worker_is_refused_once_the_run_has_ended(
    world: Simulator, said: Result, outcomes: list[str]
) -> None:
    stopped = Stopped(world, lambda stopped, call: said)
    before = stopped.texts(), stopped.output()

    stopped.wake(FIRST)

    assert (stopped.texts(), stopped.output()) == before
    assert stopped.outcomes() == outcomes
    assert stopped.session.now().session.status == "completed"


def test_nothing_is_added_to_a_session_that_was_cancelled(world: Simulator) -> None:
    def second(stopped: Stopped, call: Call) -> Result:
        session_commands.cancel(
            world.engine(),
            world.caller,
            coordination_uuid=call.session.coordination_uuid,
            session_uuid=call.session.session_uuid,
        )
        return SECOND

    stopped = Stopped(world, second)
    stopped.wake(FIRST)

    now = stopped.session.now()
    assert now.session.status == "cancelled"
    assert [agent.state for agent in now.agents] == ["cancelled"]
    assert (now.session.graph_size, now.session.agent_count) == (1, 1)
    assert stopped.outcomes() == ["cancelled"]
