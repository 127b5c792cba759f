"""A session of two agents, and a request that is slow at one of its writes."""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from ai_coordination import models
from ai_coordination.engine import agent_commands, session_commands
from ai_coordination.states import AgentRuntimeKind
from tests.simulation.blueprints import Blueprint, member
from tests.simulation.flows import Subtask
from tests.simulation.monitor import Monitor
from tests.simulation.simulator import Simulator
from tests.simulation.snapshot import Snapshot

NAMES = ["one", "other"]


class SlowRequest:
    """A session of two agents that others work on, and a request that is slow at one write."""

    def __init__(
        self,
        world: Simulator,
        actions: list[dict[str, Any]],
        kind: AgentRuntimeKind = AgentRuntimeKind.EXTERNAL,
        budget: dict[str, float | None] | None = None,
        subtasks: Sequence[Subtask] = (),
    ) -> None:
        self.world = world
        self._monitor = Monitor(self.world)
        self.world.landed = lambda: (self._monitor.look(), None)[1]
        members = [member(name, kind) for name in (*NAMES, "third")]
        blueprint = Blueprint(members, actions, [], budget=budget, subtasks=subtasks)
        task = blueprint.make(world.caller)
        self.session: models.Session = self._as_caller(
            session_commands.start,
            coordination_uuid=task.coordination_uuid,
            task_uuid=task.task_uuid,
        )
        self.work_off()

    def _as_caller(self, mutation: Callable[..., Any], **given: Any) -> Any:
        return mutation(self.world.engine(), self.world.caller, **given)

    def ask(self, mutation: Callable[..., Any]) -> None:
        session = self.session
        key = {"coordination_uuid": session.coordination_uuid, "session_uuid": session.session_uuid}
        self._as_caller(mutation, **key)

    def fail_all(self, others_at: int = 0, others: Callable[[], None] = lambda: None) -> None:
        """Each agent reports a failure, as far as it may; who then works may be slow."""
        for agent in self.now().agents:
            if agent.state == "in_progress":
                self._as_caller(
                    agent_commands.fail,
                    session_uuid=agent.session_uuid,
                    session_agent_uuid=agent.session_agent_uuid,
                    run_uuid=agent.current_run_uuid,
                    notes="No",
                )
        self.while_slow_at(others_at, others)
        self.work_off()

    def work_off(self) -> None:
        while self.world.queue:
            self.world.step()

    def now(self) -> Snapshot:
        now = self._monitor.look()
        assert now is not None
        return now

    def states(self) -> list[tuple[str, int]]:
        return [(agent.state, int(agent.iteration)) for agent in self.now().agents]

    def while_slow_at(self, moment: int, others: Callable[[], None]) -> None:
        """What others do at a moment of this number before or after a write."""
        moments = count(1)

        def seam(point: str) -> None:
            if next(moments) == moment:
                self.world.seam = lambda point: None
                others()

        self.world.seam = seam
