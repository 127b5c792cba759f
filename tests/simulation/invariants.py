"""What must hold: always, and when nothing is due any more."""

from typing import Any

from ai_coordination import models
from ai_coordination.states import TERMINAL_AGENT, TERMINAL_SESSION

OPEN = ("in_progress", "waiting_for_input")
PASSED = ("completed", "failed", "skipped", "cancelled")


def always(session: models.Session, agents: list[Any], runs: list[Any]) -> None:
    """At any moment, between any two writes."""
    by_ordinal = {int(agent.ordinal): agent for agent in agents}
    for agent in agents:
        if agent.state in (*OPEN, "completed"):
            before = [by_ordinal[int(one)] for one in agent.predecessors or ()]
            # A retry resets a predecessor that had failed, and leaves what went on without it.
            before = [one for one in before if one.iteration <= agent.iteration]
            assert all(one.state in PASSED for one in before), f"{agent.ordinal} started early"
        if agent.state not in (*TERMINAL_AGENT, "waiting_for_input") and not agent.waiting_on:
            started = session.status == "in_progress"
            owed = any(by_ordinal[int(one)].due_at for one in agent.predecessors or ())
            assert agent.due_at or owed or not started, f"{agent.ordinal}: nothing follows"
        assert agent.run_count == sum(
            run.session_agent_uuid == agent.session_agent_uuid for run in runs
        )
    assert session.agent_count == len(agents) or session.doing
    if session.doing:
        assert session.due_at


def at_rest(session: models.Session, agents: list[Any], runs: list[Any]) -> None:
    """Once nothing is due."""
    always(session, agents, runs)
    by_uuid = {agent.session_agent_uuid: agent for agent in agents}
    unfinished = {int(agent.ordinal) for agent in agents if agent.state not in TERMINAL_AGENT}
    terminal = session.status in TERMINAL_SESSION
    assert terminal == (not unfinished), (session.status, [agent.state for agent in agents])
    assert not session.doing
    asking = {int(agent.ordinal) for agent in agents if agent.state == "waiting_for_input"}
    assert {int(one) for one in session.asking or ()} == asking
    for agent in agents:
        if agent.state == "initial":
            waits_for = {int(one) for one in agent.predecessors or ()} & unfinished
            assert {int(one) for one in agent.waiting_on or ()} == waits_for
        sealed = [
            run
            for run in runs
            if run.session_agent_uuid == agent.session_agent_uuid and run.outcome == "completed"
        ]
        if agent.state == "completed":
            assert len(sealed) >= 1, f"{agent.ordinal} has no sealed completed run"
            assert agent.current_run_uuid in {run.run_uuid for run in sealed}
    for run in runs:
        if run.outcome is None:
            state = by_uuid[run.session_agent_uuid].state
            assert state in OPEN, f"a run is open of an agent that is {state}"
