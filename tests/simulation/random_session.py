"""A random session with random faults."""

import math
import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from typing import Any
from unittest.mock import patch

from ai_coordination import models, services
from ai_coordination.engine import looks, session_commands
from ai_coordination.engine.agent.growth import grow, rest
from ai_coordination.engine.session import start
from ai_coordination.errors import InvalidState, NotFound
from ai_coordination.runtimes.base import Call, Result, RunFailed
from ai_coordination.states import TERMINAL_SESSION, AgentRuntimeKind, SessionAgentState
from tests.simulation import growths, invariants
from tests.simulation.agents import RandomAgents
from tests.simulation.blueprints import TASK_QUERY, Blueprint, drawn
from tests.simulation.bus import Bus
from tests.simulation.callers import Callers, insist, insist_to_delete
from tests.simulation.monitor import Monitor
from tests.simulation.simulator import MINUTE, RETENTION, Died, Simulator, survives
from tests.simulation.snapshot import Snapshot
from tests.simulation.store import Store

STEPS_WITH_FAULTS = 150
# Most need a few hundred. Doubled messages of many agents that wait take more.
MOST_STEPS = 3_000
LABELS: list[Any] = [None, [{"key": "customer", "value": "ACME"}]]


class RandomSession:
    """Everything follows from the seed: the blueprint, the faults, what people do."""

    def __init__(
        self, seed: int, store: Store | None = None, blueprint: Blueprint | None = None
    ) -> None:
        draw = random.Random(seed)
        self.world = Simulator(seed, store)
        self.points: list[str] = []
        self._blueprint = blueprint or drawn(seed)
        self._callers = Callers(self.world)
        self._monitor = Monitor(self.world)
        self._chunks = draw.random() < 0.3
        self._grows_in_chunks = draw.random() < 0.6
        self._cancels = draw.choice([0, 0, 1, 3])
        self._retries = draw.choice([0, 1, 2, 4])
        self._death = draw.choice([0, 0.03, 0.1])
        self._rival = draw.choice([0, 0.15])
        self._lost_answer = draw.choice([0, 0.05])
        self._conflict = draw.choice([0, 0.05])
        self._outages = draw.choice([0, 0, 1, 3])
        self._clears_away = draw.random() < 0.3
        self._nesting = 0
        self._woken: models.SessionAgent | None = None
        self._is_over = False
        self._draw_queue(draw)
        # Of its own, so that what else is drawn for a seed stays the same.
        self.world.hands_over = random.Random(f"workers {seed}").choice([1, 1, 0.5])
        self._agents = RandomAgents(self.world, self._callers, self._monitor.turns, draw)
        self._agents.death, self._agents.stops = self._death, draw.choice([0, 0.1])
        self.world.bus = _bus(self.world, draw)
        self._labels, self._purges = draw.choice(LABELS), draw.choice([None, "a caller", "time"])
        self.world.answers = self._answer
        self.world.polls = self._agents.poll
        self.world.cancels = self._cancel
        self.world.seam = self._seam
        self.world.spoils = self._spoilt
        self.world.landed = lambda: (self._monitor.look(), None)[1]

    def _draw_queue(self, draw: random.Random) -> None:
        """How messages are lost, doubled and delayed."""
        self.world.batched = draw.choice([0, 0.5])
        self.world.lost = draw.choice([0, 0.2])
        self.world.most_waiting = draw.choice([0, 2, 5])
        self.world.doubled = draw.choice([0, 0.4])
        self.world.older = draw.choice([0, 0.5])
        self.world.longest_chain = draw.choice([math.inf, math.inf, 3])

    def run(self) -> Snapshot:
        """From its start to its rest, and that again after each retry; the session as it is."""
        with self.world.running(), self._sizes():
            self._start()
            for step in range(MOST_STEPS):
                if step == STEPS_WITH_FAULTS:
                    self._calm_down()
                now = self._step()
                if not (now.is_at_rest() and not self.world.queue):
                    continue
                self._monitor.rest(now)
                self._checks_looks(now)
                if not self._begins_again(now):
                    if self._clears_away:
                        self._clear_away(now)
                    elif self._purges:
                        self._purge(now)
                    return now
            raise AssertionError("it does not come to rest")

    def _checks_looks(self, now: Snapshot) -> None:
        assert all(agent.notes != looks.NOTES for agent in now.agents), "given up"

    @contextmanager
    def _sizes(self) -> Iterator[None]:
        """Sessions are small, and perhaps are written in chunks of two, as large ones are."""
        with ExitStack() as patches:
            patches.enter_context(patch.object(grow, "MOST_AGENTS", growths.MOST_AGENTS))
            if self._chunks:
                patches.enter_context(patch.object(start, "MOST_AT_ONCE", 0))
                patches.enter_context(patch.object(start, "CHUNK", 2))
            if self._grows_in_chunks:
                patches.enter_context(patch.object(grow, "MOST_AT_ONCE", 1))
                patches.enter_context(patch.object(rest, "CHUNK", 2))
            yield

    def _calm_down(self) -> None:
        self._death = self._rival = self._lost_answer = self._conflict = self.world.lost = 0.0
        self._agents.death = self._agents.stops = self._outages = 0
        if self.world.bus is not None:
            self.world.bus.refused = 0.0

    def _start(self) -> None:
        """The callers try again with the same key, until they have an answer."""
        task = insist(lambda: self._blueprint.make(self.world.caller))
        if self._blueprint.by_hand:
            self._build(task)
            return
        insist(
            lambda: session_commands.start(
                self.world.request(),
                self.world.caller,
                coordination_uuid=task.coordination_uuid,
                task_uuid=task.task_uuid,
                task_query=TASK_QUERY,
                labels=self._labels,
                idempotency_key="once",
            )
        )

    def _build(self, task: models.Task) -> None:
        """The same agents, added one by one, and then dispatched."""
        session = insist(
            lambda: services.session.create(
                self.world.caller,
                coordination_uuid=task.coordination_uuid,
                task_uuid=task.task_uuid,
                task_query=TASK_QUERY,
                labels=self._labels,
                budget=self._blueprint.budget,
                idempotency_key="once",
            )
        )
        key = {"coordination_uuid": session.coordination_uuid, "session_uuid": session.session_uuid}
        made: dict[str, list[Any]] = {}
        for action in self._blueprint.actions:
            name = action["agent_uuid"]
            before = [uuid for one in action["predecessors"] for uuid in made[one]]
            rules = {rule: value for rule, value in action.items() if rule != "predecessors"}
            texts = [
                one["subtask_query"] for one in self._blueprint.queries if one["agent_uuid"] == name
            ]
            given = {**key, "agent_uuid": name, "predecessors": before, "rules": rules}
            made[name] = [
                self._added({**given, "subtask_query": text, "idempotency_key": f"{name}-{number}"})
                for number, text in enumerate(texts or [None])
            ]
            if None in made[name]:
                return
        insist(
            lambda: session_commands.dispatch(self.world.request(), self.world.caller, **key),
            done=InvalidState,
        )

    def _added(self, given: dict[str, Any]) -> Any:
        """The uuid of an agent; None where the session has been cancelled meanwhile."""
        add = services.session_agent.create
        agent = insist(lambda: add(self.world.caller, **given), done=InvalidState)
        return agent and agent.session_agent_uuid

    def _step(self) -> Snapshot:
        before = self.world.clock
        if self._outages and self.world.random.random() < 0.05:
            self._outages -= 1
            self._let_nobody_work()
        if self._agents.stopped and self.world.random.random() < 0.2:
            self._wake()
        self.world.step()
        now = self._now()
        if self.world.clock > before:
            self._callers.work(now, diligence=0.5 if self._death else 0.9)
        if self._cancels and self.world.random.random() < 0.05:
            self._cancels -= 1
            self._callers.cancel(now.session)
        if self._retries and self.world.random.random() < 0.02:
            self._retries -= 1
            self._callers.retry(now)
        if now.session.budget is not None and self.world.random.random() < 0.05:
            self._callers.change_budget(now.session)
        return self._now()

    def _let_nobody_work(self) -> None:
        """For minutes, hours or days; perhaps sweeps go on, and perhaps all messages are lost."""
        random = self.world.random
        minutes, sweeps = random.choice([(2, True), (15, True), (70, True), (7_000, False)])
        self.world.stand_still(minutes, sweeps=sweeps, loses=random.random() < 0.5)

    def _wake(self) -> None:
        """Resume a worker that was stopped in its call. Its run may have been taken over since.

        If so, it may still answer, since the call was of the same run, but not fail the run.
        """
        random = self.world.random
        call = self._agents.stopped.pop(random.randrange(len(self._agents.stopped)))
        agent = self._now().by_ordinal[int(call.agent.ordinal)]
        self._woken = call.agent
        held = call.run_uuid, call.agent.lease_owner
        is_held = (agent.current_run_uuid, agent.lease_owner) == held
        if is_held or random.random() < 0.5:
            survives(lambda: self.world.wake(call))
            return
        notes = f"The call was cut off: {self._callers.something()}"

        answers, polls = self.world.answers, self.world.polls

        def fail_once(call: Call) -> Result:
            # Others may work before the failure is written: their calls are answered as usual.
            self.world.answers, self.world.polls = answers, polls
            raise RunFailed(notes)

        self.world.answers = self.world.polls = fail_once
        survives(lambda: self.world.wake(call))
        self.world.answers, self.world.polls = answers, polls
        assert all(run.notes != notes for run in self._now().runs), "a stopped worker failed a run"

    def _now(self) -> Snapshot:
        now = self._monitor.look()
        assert now is not None
        return now

    def _begins_again(self, now: Snapshot) -> bool:
        """Whether what was not completed is started again: of whatever end."""
        if not self._retries:
            return False
        self._retries -= 1
        self._callers.retry(now)
        then = self._now()
        return not then.is_at_rest() or then.session is not now.session

    def _clear_away(self, now: Snapshot) -> None:
        """Deletes all there is, children first; each deletion is counted, and texts go too."""
        self._is_over = True
        self.world.landed = lambda: invariants.counts(self._monitor.reader)
        session, key = now.session, now.session.session_uuid
        uuid, caller = session.coordination_uuid, self.world.caller
        for run in now.runs:
            insist_to_delete(caller, services.session_run.delete, key, run.run_uuid)
        for agent in now.agents:
            insist_to_delete(caller, services.session_agent.delete, key, agent.session_agent_uuid)
        insist_to_delete(caller, services.session.delete, uuid, key)
        # The session's own task is the last one: it may run the others.
        for task in reversed(self._monitor.reader.all_of(models.Task)):
            insist_to_delete(caller, services.task.delete, uuid, task.task_uuid)
        insist_to_delete(caller, services.coordination.delete, uuid)
        while self.world.queue:
            self.world.step()
        assert self._monitor.look() is None
        # A coordination that was made before the one that counts is still there.
        assert not [text for text in self.world.bucket.texts if f"/{uuid}/" in text]

    def _purge(self, now: Snapshot) -> None:
        """Purge the session, by a caller or by retention. Nothing is left, even if workers die."""
        self._is_over = True
        key, caller = now.session.session_uuid, self.world.caller
        if self._purges == "time":
            self.world.clock += RETENTION + MINUTE
        else:
            given = now.session.coordination_uuid, key
            purge = partial(session_commands.purge, self.world.engine(), caller)
            insist(lambda: purge(coordination_uuid=given[0], session_uuid=given[1]), done=NotFound)
        for _ in range(MOST_STEPS):
            if self._monitor.look() is None and not self.world.queue:
                break
            self.world.step()
        assert self._monitor.look() is None
        assert not [text for text in self.world.bucket.texts if f"/{key}/" in text]

    def _answer(self, call: Call) -> Result:
        assert call.agent.member.runtime.kind != AgentRuntimeKind.EXTERNAL
        assert call.agent.agent_output is None, "it is called, and keeps an answer"
        self._may_begin(call)
        if call.agent.member.runtime.kind == AgentRuntimeKind.HTTP:
            callback = call.callback()
            assert callback is not None
            self.world.tokens[call.run_uuid].append(callback.token)
        return self._agents.answer(call)

    def _cancel(self, call: Call) -> None:
        self._monitor.turns.cancelled(self._now(), call)
        self._agents.cancel(call)

    def _may_begin(self, call: Call) -> None:
        """Its predecessors have ended, and their answers are in its input."""
        now = self._now()
        agent = now.by_ordinal[int(call.agent.ordinal)]
        if (agent.state, agent.current_run_uuid) != ("in_progress", call.run_uuid):
            return  # it is called by a worker that was slow
        # A worker that was stopped in its call does not read the agent again.
        if agent.lease_owner == call.agent.lease_owner and call.agent is not self._woken:
            self._monitor.turns.called(now, call)
            growths.called(now, call)
        before = [one for one in now.inputs(agent) if one.iteration <= agent.iteration]
        assert not now.unfinished() & {int(one.ordinal) for one in before}
        before = [one for one in growths.followed(now, agent) if one.iteration <= agent.iteration]
        completed = {one.ordinal for one in before if one.state == SessionAgentState.COMPLETED}
        told = {one.ordinal for one in call.predecessors if one.agent_output is not None}
        assert completed <= told

    def _seam(self, point: str) -> None:
        self.points.append(point)
        if self.world.random.random() < self._death:
            raise Died(point)
        if not self._nesting and self.world.random.random() < self._rival:
            self._nesting = 1
            try:
                self._let_run_first()
            finally:
                self._nesting = 0

    def _let_run_first(self) -> None:
        """Delay a write, and let others act before it."""
        random = self.world.random
        for _ in range(random.choice([1, 1, 1, 3, 12])):
            self.world.clock += timedelta(seconds=random.choice([0, 0, 0, 40]))
            fate = random.random()
            if fate < 0.2:
                survives(self.world.sweep)
            elif fate < 0.45:
                self._somebody_asks()
            elif self.world.queue:
                self.world.work_any()

    def _somebody_asks(self) -> None:
        now = None if self._is_over else self._monitor.look()
        if now is None:
            return
        fate = self.world.random.random()
        if fate < 0.3 and self._cancels:
            self._cancels -= 1
            self._callers.cancel(now.session)
            if self._retries and self.world.random.random() < 0.7:
                self._retries -= 1
                self._callers.retry(now)
        elif fate < 0.6 and self._retries and now.session.status in TERMINAL_SESSION:
            self._retries -= 1
            self._callers.retry(now)
        else:
            self._callers.work(now)

    def _spoilt(self, operation: str, request: Any) -> str | None:
        fate = self.world.random.random()
        if fate < self._lost_answer:
            return "answer lost"
        return "conflict" if fate < self._lost_answer + self._conflict else None


def _bus(world: Simulator, draw: random.Random) -> Bus | None:
    """Perhaps events are on, and perhaps every other one is refused."""
    bus = Bus(world, draw.choice([0, 0, 0.5]))
    return bus if draw.random() < 0.5 else None
