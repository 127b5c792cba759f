"""Checks a session after each write: final states, runs and outputs must not change."""

from collections import defaultdict
from datetime import timedelta

from ai_coordination import models, texts
from ai_coordination.engine.agent import heartbeat, throttle
from ai_coordination.engine.session import retry_plan
from ai_coordination.models.texts import Text
from ai_coordination.runtimes.base import THROTTLE_SECONDS
from ai_coordination.states import (
    TERMINAL_AGENT,
    TERMINAL_SESSION,
    SessionAgentState,
    SessionStatus,
    may_move,
)
from ai_coordination.timestamps import parse
from tests.simulation import (
    conditions,
    flows,
    growths,
    invariants,
    outputs,
    people,
    questions,
    sums,
)
from tests.simulation.bus import Told
from tests.simulation.simulator import TENANT, Simulator
from tests.simulation.snapshot import Snapshot, StoreReader
from tests.simulation.turns import Turns, turn_of
from tests.simulation.watcher import Watcher

TOLERATED = timedelta(seconds=THROTTLE_SECONDS)
ANSWERED = (SessionAgentState.WAITING_FOR_INPUT, SessionAgentState.COMPLETED)


class Monitor:
    """Of one world and the one session in it."""

    def __init__(self, world: Simulator) -> None:
        self._world = world
        self._people = people.of(world.caller)
        self.reader = StoreReader(world.store)
        self._settled: dict[tuple[object, ...], object] = {}
        self._before: Snapshot | None = None
        self._looked_at = -1
        # In which iteration of its agent a run was made.
        self._iterations: dict[str, int] = {}
        # The runs that were throttled.
        self._throttled: set[str] = set()
        self._told = Told(world)
        self.turns = Turns(world, self._iterations)
        self.watcher = Watcher(world)
        # The last answer that an agent asked about. It is kept until a person has judged it.
        self._asked: dict[int, Text] = {}

    def look(self) -> Snapshot | None:
        """Everything that must always hold; the session, if there is one."""
        if self._looked_at == self.reader.store.writes:
            return self._before
        self._looked_at = self.reader.store.writes
        now = self.reader.session()
        invariants.counts(self.reader)
        if now is not None and now.is_being_purged:
            invariants.vanishes(self._before, now)
        elif now is not None:
            invariants.always(now)
            sums.sums_are_right(now)
            sums.budget_is_kept(now)
            self._told.look(now)
            self._compare(now)
            self.watcher.look(now)
        self._before = now
        return now

    def _compare(self, now: Snapshot) -> None:
        for run in now.runs:
            self._settle_run(now, run)
        for agent in now.agents:
            self._settle_agent(now, agent)
        session, iteration = now.session, int(now.session.iteration_count)
        if session.status in TERMINAL_SESSION:
            self._stays(("status", iteration), session.status)
        if self._before is not None:
            self._moves(self._before, now)

    def _settle_run(self, now: Snapshot, run: models.SessionRun) -> None:
        """A run that has ended is immutable."""
        if is_throttled(run):
            self._throttled.add(run.run_uuid)
        if run.run_uuid not in self._iterations:
            of = next(one for one in now.agents if one.session_agent_uuid == run.session_agent_uuid)
            self._iterations[run.run_uuid] = int(of.iteration)
            assert run.iteration == of.iteration
        if run.outcome is not None:
            self._stays(("run", run.run_uuid), run)

    def _settle_agent(self, now: Snapshot, agent: models.SessionAgent) -> None:
        invariants.says_when(agent)
        people.always(agent)
        self.turns.look(now, agent)
        if agent.agent_output is None:
            self._asked.pop(int(agent.ordinal), None)
        elif agent.state in ANSWERED:
            output = agent.agent_output
            self._stays(("output", agent.current_run_uuid), output)
            said = [*self._world.said[str(agent.current_run_uuid)], *self._asked_before(agent)]
            if growths.collects(agent):
                assert growths.is_collected(now, agent), "of other agents"
            else:
                assert any(one == output or _is(output, one) for one in said), "of another run"
                assert _fits(agent), "it does not fit its schema"
            self._keeps_its_output(now, agent)
        if agent.state == SessionAgentState.WAITING_FOR_INPUT and not agent.asked_question:
            self._asked[int(agent.ordinal)] = agent.agent_output
        if agent.state in TERMINAL_AGENT:
            soon = self._world.clock + timedelta(minutes=2)
            assert agent.looks or not agent.due_at or parse(agent.due_at) <= soon, "owed too late"
            self._stays(("state", agent.ordinal, agent.iteration), agent.state)
        if agent.poll_at and not agent.lease_until:
            soon = max(self._world.clock, parse(agent.poll_at)) + timedelta(minutes=2)
            assert agent.looks or parse(agent.due_at) <= soon, "polled too late"
        self._is_silent_in_time(now, agent)
        self._attempts_are_counted(now, agent)

    def _is_silent_in_time(self, now: Snapshot, agent: models.SessionAgent) -> None:
        """An accepted run is looked for when it is silent, and fails only if it has been silent."""
        at = heartbeat.silent_at(agent)
        if at is None:
            return
        if agent.state == SessionAgentState.IN_PROGRESS and not agent.lease_until:
            soon = max(self._world.clock, parse(at)) + timedelta(minutes=2)
            assert agent.looks or parse(agent.due_at) <= soon, "its silence is noticed too late"
        notes = heartbeat.NOTES.format(agent.agent_action.heartbeat_seconds)
        for run in now.runs_of(agent):
            if run.run_uuid == agent.current_run_uuid and run.notes == notes:
                assert at <= str(run.finished_at), "it was not silent"

    def _attempts_are_counted(self, now: Snapshot, agent: models.SessionAgent) -> None:
        """In each turn no more attempts than its action allows, and all that ended are counted.

        Throttled runs are not. They are tolerated for a while after the first of their attempt.
        """
        assert agent.attempt <= agent.agent_action.retry.max_attempts
        runs = [
            run for run in now.runs_of(agent) if self._iterations[run.run_uuid] == agent.iteration
        ]
        throttled: dict[tuple[int, int], list[models.SessionRun]] = defaultdict(list)
        counted: dict[int, list[int]] = defaultdict(list)
        for run in runs:
            if is_throttled(run):
                throttled[turn_of(run), int(run.attempt)].append(run)
            else:
                counted[turn_of(run)].append(int(run.attempt))
        last = turn_of(agent)
        assert len(counted[last]) == agent.attempt, "attempts are miscounted"
        for attempts in counted.values():
            assert sorted(attempts) == list(range(1, len(attempts) + 1)), "an attempt is missing"
        assert all(attempt <= len(counted[turn]) + 1 for turn, attempt in throttled)
        for of_attempt in throttled.values():
            ends = sorted(parse(str(run.finished_at)) for run in of_attempt)
            assert ends[-1] - ends[0] <= TOLERATED
        is_waiting = agent.state == SessionAgentState.INITIAL and agent.iteration > 0
        if is_waiting or agent.state == SessionAgentState.IN_PROGRESS:
            attempt = int(agent.attempt) + is_waiting
            assert len(throttled[last, attempt]) == int(agent.throttles or 0)
        else:
            assert agent.throttles is None

    def _asked_before(self, agent: models.SessionAgent) -> list[Text]:
        """The answer that an agent may still ask about, whatever ended the session meanwhile."""
        held = self._asked.get(int(agent.ordinal))
        return [] if held is None else [held]

    def _keeps_its_output(self, now: Snapshot, agent: models.SessionAgent) -> None:
        """Each sealed run that completed holds what its agent has answered in it."""
        for run in now.runs_of(agent):
            if run.outcome == "completed" and run.run_uuid == agent.current_run_uuid:
                assert run.output == agent.agent_output, "the run has another output"

    def _stays(self, what: tuple[object, ...], value: object) -> None:
        assert self._settled.setdefault(what, value) == value, what

    def _moves(self, before: Snapshot, now: Snapshot) -> None:
        """Each state changed by a legal move, and an iteration only by a retry."""
        was, status = SessionStatus(before.session.status), SessionStatus(now.session.status)
        more = now.session.iteration_count - before.session.iteration_count
        again = bool(more) and was is not SessionStatus.INITIAL
        assert more in (0, 1)
        assert (was is status and not more) or may_move(was, status, retry=again)
        for ordinal, agent in before.by_ordinal.items():
            # One that has not started may have been deleted.
            if ordinal in now.by_ordinal:
                self._moved(now, agent, now.by_ordinal[ordinal])
                growths.moved(now, agent, now.by_ordinal[ordinal])
                conditions.moved(now, agent, now.by_ordinal[ordinal])

    def _moved(self, now: Snapshot, was: models.SessionAgent, agent: models.SessionAgent) -> None:
        again = agent.iteration != was.iteration and was.iteration > 0
        assert agent.iteration in (was.iteration, now.session.iteration_count + 1)
        before, after = SessionAgentState(was.state), SessionAgentState(agent.state)
        assert (before is after and not again) or may_move(before, after, retry=again)
        if again:
            self._is_reset(now, was, agent)
        if after is SessionAgentState.IN_PROGRESS and before is SessionAgentState.INITIAL:
            self._is_handed_over(now, was)
            assert not was.skip_requested
            assert not was.not_before or parse(was.not_before) <= self._world.clock
            assert now.session.status == SessionStatus.IN_PROGRESS or now.session.operation
        if not again:
            people.moved(self._people, was, agent)
        if before is SessionAgentState.WAITING_FOR_INPUT and after is not before and not again:
            questions.is_answered_rightly(self._world, was, agent)

    def _is_handed_over(self, now: Snapshot, was: models.SessionAgent) -> None:
        """An agent that is claimed waits for none, or for the one that the same write completes."""
        for ordinal in map(int, was.waiting_on or ()):
            assert self._before is not None
            assert self._before.by_ordinal[ordinal].state == SessionAgentState.IN_PROGRESS
            assert now.by_ordinal[ordinal].state == SessionAgentState.COMPLETED
            assert len(was.waiting_on) == 1

    def _is_reset(
        self, now: Snapshot, was: models.SessionAgent, agent: models.SessionAgent
    ) -> None:
        """Successors are part of the retry, and an unjudged answer is kept."""
        plan = retry_plan.load(texts.read(TENANT, now.session.retry_plan))
        assert {int(one) for one in agent.successors or ()} <= plan.reset
        growths.is_reset(agent, plan)
        if was.state == SessionAgentState.COMPLETED and int(was.ordinal) not in self._world.named:
            inputs = {int(one.ordinal) for one in now.inputs(was)}
            assert inputs & plan.reset, "a completed agent is done again without a reason"
        is_lost = agent.agent_output is None and was.agent_output is not None
        if is_lost and was.state == SessionAgentState.CANCELLED:
            follows = plan.reset & {int(one.ordinal) for one in now.inputs(was)}
            is_named = int(agent.ordinal) in self._world.named
            assert follows or plan.members is not None or is_named, "an answer is thrown away"

    def rest(self, now: Snapshot) -> None:
        """Check what must hold when nothing is due."""
        invariants.at_rest(now)
        self.watcher.rests(now)
        assert now.session.final_progress is not None
        outputs.output_is_right(now)
        sums.everything_is_settled(now)
        self._told.rest(now)
        invariants.texts_are_kept(now, self._world)
        self._called_with_one_key()
        for agent in now.agents:
            if agent.state == SessionAgentState.COMPLETED:
                self._completed_once(now, agent)

    def _called_with_one_key(self) -> None:
        """Every call of an attempt has the same run, unless the run was throttled."""
        calls = {call for call in self._world.calls if call.run_uuid not in self._throttled}
        assert len({call[:4] for call in calls}) == len(calls)

    def _completed_once(self, now: Snapshot, agent: models.SessionAgent) -> None:
        """A completed agent has one sealed completed run in its last turn."""
        completed = [
            run.run_uuid
            for run in now.runs_of(agent)
            if run.outcome == "completed" and self._iterations[run.run_uuid] == agent.iteration
            if turn_of(run) == turn_of(agent)
        ]
        assert completed == [agent.current_run_uuid]


def is_throttled(run: models.SessionRun) -> bool:
    """Whether a run was throttled, and does not count as an attempt."""
    return isinstance(run.notes, str) and run.notes.startswith(throttle.NOTES.format(""))


def _is(held: Text | None, said: Text) -> bool:
    return isinstance(said, str) and texts.is_same(held, said)


def _fits(agent: models.SessionAgent) -> bool:
    """Whether its output is one that its action allows."""
    if agent.agent_action.output_schema is None:
        return True
    return flows.fits(texts.read(agent.partition_key, agent.agent_output))
