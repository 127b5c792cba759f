"""What conditions, failures and delays let an agent do, checked when it moves."""

from ai_coordination import models
from ai_coordination.states import FailurePolicy
from ai_coordination.states import SessionAgentState as State
from ai_coordination.timestamps import parse
from tests.simulation import growths
from tests.simulation.snapshot import Snapshot


def moved(now: Snapshot, was: models.SessionAgent, agent: models.SessionAgent) -> None:
    """Check a change of an agent that could start."""
    if was.state != State.INITIAL or agent.iteration != was.iteration:
        return
    if agent.state == State.SKIPPED:
        _is_skipped_rightly(now, agent)
    elif agent.state == State.IN_PROGRESS or len(agent.grew or ()) > len(was.grew or ()):
        _begins_rightly(now, was, agent)
    if agent.delayed and not was.delayed:
        assert agent.not_before, "it is delayed, and not until when"
        assert agent.due_at >= agent.not_before
        wait = (parse(agent.not_before) - parse(was.updated_at)).total_seconds()
        assert wait >= agent.agent_action.delay_seconds, "its delay is too short"


def _is_skipped_rightly(now: Snapshot, agent: models.SessionAgent) -> None:
    if agent.skip_requested:
        assert _skips(now, agent), "it is skipped for a failure that is not there"
    else:
        assert not _skips(now, agent), "a failure before it is stronger"
        assert is_dead(now, agent) or not growths.may_run(now, agent), "it is skipped for no reason"
    assert agent.notes


def _begins_rightly(now: Snapshot, was: models.SessionAgent, agent: models.SessionAgent) -> None:
    assert not _skips(now, agent), "it begins though a failure skips it"
    assert not is_dead(now, agent), "it begins though nothing before it ran"
    assert growths.may_run(now, agent), "it begins though its condition does not hold"
    assert not growths.fails(now, agent), "it begins though its condition fails"
    keeps_its_answer = was.agent_output is not None
    assert was.delayed or keeps_its_answer or not agent.agent_action.delay_seconds, "not delayed"


def _skips(now: Snapshot, agent: models.SessionAgent) -> bool:
    """Whether a failure of this iteration skips the agent."""
    before = [one for one in now.before(agent) if one.iteration == agent.iteration]
    return any(map(skips, before))


def skips(agent: models.SessionAgent) -> bool:
    """Whether a failure skips what follows an agent."""
    if agent.state == State.SKIPPED:
        return bool(agent.skip_requested)
    policy = agent.agent_action.on_failure
    return bool(agent.state == State.FAILED and policy == FailurePolicy.SKIP_SUCCESSORS)


def is_dead(now: Snapshot, agent: models.SessionAgent) -> bool:
    """Whether conditions have skipped all its predecessors."""
    before = now.before(agent)
    return bool(before) and all(
        one.state == State.SKIPPED and not one.skip_requested for one in before
    )
