"""A session that is built by hand, and dispatched."""

from collections.abc import Callable
from itertools import count
from typing import Any

from ai_coordination import models, services
from ai_coordination.engine import session_commands
from ai_coordination.errors import BadUserInput, InvalidState
from tests.simulation.blueprints import member
from tests.simulation.monitor import Monitor
from tests.simulation.simulator import Simulator
from tests.simulation.snapshot import Snapshot


class ByHand:
    """A session that was built by hand, of one agent that lacks a variable."""

    def __init__(self, world: Simulator) -> None:
        self.world = world
        self._monitor = Monitor(world)
        world.landed = lambda: (self._monitor.look(), None)[1]
        coordination = services.coordination.create(
            world.caller, coordination_name="By hand", agents=[member("one")]
        )
        session = services.session.create(
            world.caller, coordination_uuid=coordination.coordination_uuid, task_query="{}"
        )
        self.key: dict[str, Any] = {
            "coordination_uuid": session.coordination_uuid,
            "session_uuid": session.session_uuid,
        }
        self.wrong = self.add("{thing}")

    def add(self, query: str) -> str:
        made = services.session_agent.create(
            self.world.caller, **self.key, agent_uuid="one", subtask_query=query
        )
        return str(made.session_agent_uuid)

    def dispatch(self) -> models.Session:
        return session_commands.dispatch(self.world.engine(), self.world.caller, **self.key)

    def correct(self) -> None:
        services.session_agent.delete(self.world.caller, self.key["session_uuid"], self.wrong)
        self.add("Which?")

    def now(self) -> Snapshot:
        now = self._monitor.look()
        assert now is not None
        return now

    def slow_dispatch(self, at: int, others: Callable[[], Any]) -> Exception | None:
        """What a dispatch raises that is slow at this moment before or after a write."""
        moments = count(1)

        def seam(point: str) -> None:
            if next(moments) == at:
                self.world.seam = lambda point: None
                others()

        self.world.seam = seam
        try:
            self.dispatch()
        except (BadUserInput, InvalidState) as refused:
            return refused
        finally:
            self.world.seam = lambda point: None
        return None
