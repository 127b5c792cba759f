"""Random sessions in which others work at one moment: see `Stormy`."""

from typing import Any
from unittest.mock import patch

from pynamodb.exceptions import VerboseClientError

from ai_coordination import models
from ai_coordination.engine import looks
from ai_coordination.engine.agent import apply as applying
from ai_coordination.engine.agent.growth import grow, rest
from ai_coordination.engine.session.operation import RETRIES
from tests.simulation.blueprints import Blueprint
from tests.simulation.simulator import Died
from tests.simulation.snapshot import Snapshot
from tests.simulation.storms import Stormy


class BusyAtEnds(Stormy):
    """While a session is being ended, others find its agents due, and work on them."""

    def __init__(self, seed: int, blueprint: Blueprint) -> None:
        super().__init__(seed, blueprint)
        self._grows_in_chunks = seed % 2 == 1
        self._rival, self._cancels = 0.6, 2

    def _let_run_first(self) -> None:
        now = self._monitor.look()
        if now is not None and now.session.operation is not None:
            self._let_others_look(4)
        elif now is not None and self._cancels and self.world.random.random() < 0.3:
            self._cancels -= 1
            self._callers.cancel(now.session)
        else:
            super()._let_run_first()


class BusyAtRetries(Stormy):
    """While a session is being retried, others look at its agents, and give up at once."""

    most_looks = 0

    def __init__(self, seed: int, blueprint: Blueprint) -> None:
        super().__init__(seed, blueprint)
        self._death, self._rival, self._retries = 0.1, 0.6, 6

    def _let_run_first(self) -> None:
        now = self._monitor.look()
        if now is not None and now.session.operation in RETRIES:
            self._let_others_look(4)
        else:
            super()._let_run_first()


class SlowToForget(Stormy):
    """While a growth is written, all else happens; its own messages come later, or are lost."""

    def __init__(self, seed: int, blueprint: Blueprint) -> None:
        super().__init__(seed, blueprint)
        self._rival = 0.9

    def _let_run_first(self) -> None:
        now = self._monitor.look()
        growing = {one.session_agent_uuid for one in now.agents if one.growing} if now else set()
        if growing:
            self._let_others_run(lambda agent: agent.session_agent_uuid in growing)
        else:
            super()._let_run_first()


class SlowToGrow(Stormy):
    """Before an agent adds others, another worker does that, and all that it has added runs."""

    def __init__(self, seed: int, blueprint: Blueprint) -> None:
        super().__init__(seed, blueprint)
        self._grows_in_chunks = False

    def run(self) -> Snapshot:
        write = applying.apply

        def apply(engine: Any, transition: Any) -> models.SessionAgent | None:
            if not self._nesting:
                self._nesting = 1
                try:
                    for _ in range(4):
                        self._let_others_run(lambda agent: agent.grown)
                        self._callers.work(self._now(), diligence=1.0)
                finally:
                    self._nesting = 0
            return write(engine, transition)

        with patch.object(grow, "apply", apply):
            return super().run()


class SlowToWrite(Stormy):
    """Some workers stop before a transaction. It lands later, after others have worked; then its
    worker dies. An agent is given up soon.
    """

    most_looks = 1

    def __init__(self, seed: int, blueprint: Blueprint) -> None:
        super().__init__(seed, blueprint)
        self._stops = 0.25
        self._late: list[tuple[str, Any]] = []

    def _spoilt(self, operation: str, request: Any) -> str | None:
        if operation == "TransactWriteItems" and self.world.random.random() < self._stops:
            self._late.append((operation, request))
            raise Died("it is slow")
        return super()._spoilt(operation, request)

    def _calm_down(self) -> None:
        super()._calm_down()
        self._stops = 0.0

    def _purge(self, now: Snapshot) -> None:
        self._late, self._stops = [], 0.0
        super()._purge(now)

    def _seam(self, point: str) -> None:
        if self._late and point == "before writing" and self.world.random.random() < 0.3:
            self._land()
        super()._seam(point)

    def _step(self) -> Snapshot:
        if self._late and self.world.random.random() < 0.1:
            self._land()
        return super()._step()

    def _land(self) -> None:
        """One of the late transactions arrives. It may be refused, and nobody learns of it."""
        at = self.world.random.randrange(len(self._late))
        try:
            self.world.store.call(*self._late.pop(at))
        except VerboseClientError:
            return
        self.world.landed()

    def _let_run_first(self) -> None:
        if self._late and self.world.random.random() < 0.6:
            self._let_others_look(3)
        else:
            super()._let_run_first()


class DiesBeforeForgetting(Stormy):
    """Many workers die before the last write of a growth. Nothing else goes wrong.

    So no agent but one that grows is looked at in vain.
    """

    def __init__(self, seed: int, blueprint: Blueprint) -> None:
        super().__init__(seed, blueprint)
        self._death = self._rival = self._lost_answer = self._conflict = 0.0
        self._agents.death = self._agents.stops = 0.0
        self._cancels, self.world.lost, self.world.doubled = 0, 0.0, 0.0

    def run(self) -> Snapshot:
        forget = rest._forget_plan

        def die_or_forget(engine: Any, agent: models.SessionAgent) -> None:
            if self.world.random.random() < 0.8:
                raise Died("before the last write of a growth")
            forget(engine, agent)

        with patch.object(rest, "_forget_plan", die_or_forget), patch.object(looks, "MOST", 2):
            return super().run()
