"""The agents of a random session: they answer, accept or fail, or their worker dies."""

from collections import defaultdict
from random import Random
from typing import Any

from ai_coordination import texts
from ai_coordination.runtimes import history, model_context, registry, token_limits
from ai_coordination.runtimes.base import Accepted, Answer, Call, Question, Result, RunFailed
from tests.simulation.callers import Callers
from tests.simulation.simulator import Died, Faulty, Simulator
from tests.simulation.turns import Turns

POLL_SECONDS = [0.2, 1, 5, 20, 100, 2_000]


class RandomAgents:
    """What runtimes say to calls and polls. Everything follows from the world's random numbers."""

    def __init__(self, world: Simulator, callers: Callers, turns: Turns, draw: Random) -> None:
        self._world = world
        self._turns = turns
        self._callers = callers
        self._throttled = draw.choice([0, 0, 0.2, 0.6])
        self._polled = draw.choice([0, 0.3, 0.8])
        self._asks = draw.choice([0, 0, 0.2, 0.5])
        self._stores = draw.choice([0, 0.3])
        # How often what would be a failure is none.
        self._able = draw.choice([0, 0.7])
        self._delegates = draw.choice([0, 0.3, 0.7])
        # What was ever accepted of a run.
        self._accepted: dict[str, list[Any]] = defaultdict(list)
        # How often a worker dies in a call, and is stopped in one.
        self.death = 0.0
        self.stops = 0.0
        self.stopped: list[Call] = []
        # The runs whose work was cancelled.
        self.cancelled: set[str] = set()

    def answer(self, call: Call) -> Result:
        """The result of an invocation. Some models are called several times in it."""
        if registry.of(call.agent.member.runtime.kind).spends:
            _check_reservation(call)
        if self._world.random.random() < self._stores:
            self._turns.checkpoint(call, self._callers.something())
        while self._world.random.random() < 0.15:
            call.reserve(self._world.random.randint(0, 300), self._world.random.randint(1, 300))
        if self._throttled and self._world.random.random() < self._throttled:
            after_seconds = self._world.random.choice([None, None, 0.0, 30.0, 400.0])
            used = self._callers.usage()
            raise RunFailed("busy", throttled=True, after_seconds=after_seconds, usage=used)
        fate = self._world.random.random()
        if self._world.random.random() < self._able:
            fate = max(fate, 0.2)
        if fate < 0.03:
            raise Faulty("an error that the runtime does not expect")
        if fate < 0.2:
            retryable = self._world.random.random() < 0.8
            timed_out = self._world.random.random() < 0.2
            used = self._callers.usage()
            raise RunFailed("no", retryable=retryable, timed_out=timed_out, usage=used)
        if self._polled and self._world.random.random() < self._polled:
            return self._accepts(call)
        return Accepted() if fate < 0.35 else self._answers(call, fate)

    def poll(self, call: Call) -> Result:
        """The result of a poll of what was accepted."""
        assert call.agent.poll_at, "it has not accepted"
        assert call.remote in self._accepted[call.run_uuid], "the work of another run"
        fate = self._world.random.random()
        if fate < 0.03:
            raise Faulty("an error that the runtime does not expect")
        if fate < 0.1:
            retryable = self._world.random.random() < 0.8
            raise RunFailed("lost", retryable=retryable, usage=self._callers.usage())
        if fate < 0.2:
            raise RunFailed("busy", throttled=True, usage=self._callers.usage())
        if fate < 0.3:
            return Accepted(poll_seconds=self._world.random.choice([None, 5, 5]))
        if fate < 0.4 and self._asks:
            return self._question(call)
        return self._accepts(call) if fate < 0.6 else self._answers(call, fate - 0.25)

    def cancel(self, call: Call) -> None:
        """What was accepted, or waits for a reply, is cancelled. A runtime may raise anything."""
        assert call.remote in self._accepted[call.run_uuid], "the work of another run"
        self.cancelled.add(call.run_uuid)
        if self._world.random.random() < 0.3:
            raise Faulty("it cannot be cancelled")

    def _accepts(self, call: Call) -> Accepted:
        """The work goes on elsewhere, and is polled: soon, later, or after the deadline."""
        seconds = self._world.random.choice(POLL_SECONDS)
        given = Accepted({"task": self._callers.something()[:1_000]}, seconds, "task" * 99)
        self._accepted[call.run_uuid].append(given.remote)
        return given

    def _question(self, call: Call) -> Question:
        """A question. Some of its work waits elsewhere for the reply."""
        asked = self._callers.question()
        if self._world.random.random() < 0.5:
            return asked
        remote = {"waits": self._callers.something()[:1_000]}
        self._accepted[call.run_uuid].append(remote)
        return asked._replace(remote=remote)

    def _answers(self, call: Call, fate: float) -> Result:
        if fate < 0.4 and self.death:
            raise Died("while it waits for an answer")
        if self._world.random.random() < self.stops:
            self.stopped.append(call)
            raise Died("it is stopped, and taken for dead")
        if self._world.random.random() < self._asks:
            return self._question(call)
        if self._world.random.random() < self._delegates:
            given = self._callers.delegation(call.agent)
            if given is not None:
                return given
        return Answer(self._callers.output(), self._callers.usage())


def _check_reservation(call: Call) -> None:
    """What a model is told, and the most that it may answer, is reserved before it is asked."""
    turns, _ = model_context.read(call, call.parameters)
    budget = call.session.budget
    if budget is None or budget.tokens is None:
        return
    agent = call.agent
    told = texts.size(agent.agent_input) + history.size_of(turns)
    most = token_limits.most_tokens(call.parameters, told)
    assert most is not None
    assert int(agent.reserved_tokens) >= sum(most), "it is told more than was reserved"
