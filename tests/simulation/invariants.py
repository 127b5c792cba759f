"""What must hold: always, and when nothing is due any more."""

from dataclasses import dataclass, field

from ai_coordination import models
from ai_coordination.states import TERMINAL_AGENT, TERMINAL_SESSION, SessionAgentState
from tests.simulation.world import agents_of, as_it_is, runs_of

OPEN = (SessionAgentState.IN_PROGRESS, SessionAgentState.WAITING_FOR_INPUT)
STARTED = (*OPEN, SessionAgentState.COMPLETED)
ANSWERED = (SessionAgentState.WAITING_FOR_INPUT, SessionAgentState.COMPLETED)


@dataclass
class Seen:
    """A session with its children at one moment."""

    session: models.Session
    agents: list[models.SessionAgent]
    runs: list[models.SessionRun]
    by_ordinal: dict[int, models.SessionAgent] = field(init=False)

    def __post_init__(self) -> None:
        self.by_ordinal = {int(agent.ordinal): agent for agent in self.agents}

    def before(self, agent: models.SessionAgent) -> list[models.SessionAgent]:
        """The predecessors that are there: while a session is being started, some are not."""
        found = (self.by_ordinal.get(int(one)) for one in agent.predecessors or ())
        return [one for one in found if one is not None]

    def runs_of(self, agent: models.SessionAgent) -> list[models.SessionRun]:
        uuid = agent.session_agent_uuid
        return [run for run in self.runs if run.session_agent_uuid == uuid]

    def is_at_rest(self) -> bool:
        """Whether nothing is due, and nobody is asked."""
        if self.session.asking or self.session.due_at:
            return False
        return not any(agent.due_at for agent in self.agents)


def seen(session: models.Session) -> Seen:
    return Seen(as_it_is(session), agents_of(session), runs_of(session))


@dataclass
class Watch:
    """Looks at a session again and again: what has been settled once does not change."""

    _settled: dict[tuple[object, ...], object] = field(default_factory=dict)

    def look(self, now: Seen) -> None:
        always(now)
        for run in now.runs:
            if run.outcome is not None:
                self._stays(("outcome", run.run_uuid), run.outcome)
        for agent in now.agents:
            if agent.state in ANSWERED:
                self._stays(("output", agent.current_run_uuid), agent.agent_output)
            if agent.state in TERMINAL_AGENT:
                self._stays(("state", agent.ordinal, agent.iteration), agent.state)
        session = now.session
        if session.status in TERMINAL_SESSION:
            self._stays(("status", session.iteration_count), session.status)

    def _stays(self, what: tuple[object, ...], value: object) -> None:
        assert self._settled.setdefault(what, value) == value, what


def always(now: Seen) -> None:
    """At any moment, between any two writes."""
    for agent in now.agents:
        _starts_in_time(now, agent)
        _is_looked_for(now, agent)
        assert agent.run_count == len(now.runs_of(agent))
    session = now.session
    assert session.agent_count == len(now.agents)
    assert session.due_at or not session.doing


def _starts_in_time(now: Seen, agent: models.SessionAgent) -> None:
    """A retry resets a predecessor that had failed, and leaves what went on without it."""
    if agent.state in STARTED:
        before = [one for one in now.before(agent) if one.iteration <= agent.iteration]
        assert len(now.before(agent)) == len(agent.predecessors or ())
        assert all(one.state in TERMINAL_AGENT for one in before), f"{agent.ordinal} is early"


def _is_looked_for(now: Seen, agent: models.SessionAgent) -> None:
    """Something follows: it is due itself, or one that owes it its release is."""
    if now.session.status != "in_progress" or agent.waiting_on:
        return
    if agent.state in (SessionAgentState.INITIAL, SessionAgentState.IN_PROGRESS):
        owed = any(one.due_at for one in now.before(agent))
        # Of a session that is being ended, all that has not ended is cancelled in its turn.
        assert agent.due_at or owed or now.session.doing, f"{agent.ordinal}: nothing follows"


def at_rest(now: Seen) -> None:
    """Once nothing is due."""
    always(now)
    session = now.session
    unfinished = {int(one.ordinal) for one in now.agents if one.state not in TERMINAL_AGENT}
    asking = {int(one.ordinal) for one in now.agents if one.state == "waiting_for_input"}
    assert (session.status in TERMINAL_SESSION) == (not unfinished)
    assert not session.doing
    assert {int(one) for one in session.asking or ()} == asking
    for agent in now.agents:
        _waits_rightly(agent, unfinished)
        _is_sealed(now, agent)
    for run in now.runs:
        owner = next(one for one in now.agents if one.session_agent_uuid == run.session_agent_uuid)
        assert run.outcome is not None or owner.state in OPEN, f"{owner.ordinal}: a run is open"


def _waits_rightly(agent: models.SessionAgent, unfinished: set[int]) -> None:
    if agent.state == SessionAgentState.INITIAL:
        waits_for = {int(one) for one in agent.predecessors or ()} & unfinished
        assert {int(one) for one in agent.waiting_on or ()} == waits_for


def _is_sealed(now: Seen, agent: models.SessionAgent) -> None:
    if agent.state == SessionAgentState.COMPLETED:
        outcomes = {run.run_uuid: run.outcome for run in now.runs_of(agent)}
        assert outcomes[str(agent.current_run_uuid)] == "completed"
