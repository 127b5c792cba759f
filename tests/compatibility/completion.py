"""Complete the sessions of a scenario: dispatch them, answer for people, report for agents."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from ai_coordination import models, timestamps
from ai_coordination.caller import Caller
from ai_coordination.states import AgentRuntimeKind, SessionAgentState, SessionStatus, UserInTheLoop
from tests.compatibility.life import Life, Moment
from tests.simulation.snapshot import StoreReader
from tests.support.graph_api import CALLER, change

MOST_STEPS = 400
A_WHILE = timedelta(minutes=2)
FORM = {"type": "object", "properties": {"days": {"type": "integer"}}, "required": ["days"]}
LAST_WORDS = "sessionAgent { state }"


def finish(life: Life) -> None:
    """Run until nothing is due, no agent asks, and no session waits to be dispatched.

    Callers take their time: whatever the engine does soon it does before them.
    """
    reader = StoreReader(life.store)
    for _ in range(MOST_STEPS):
        if _is_idle(life, reader) and help_on(reader):
            continue
        if not life.queue and not _due(reader):
            return
        life.step()
    raise AssertionError("it does not come to rest")


def _is_idle(life: Life, reader: StoreReader) -> bool:
    soon = life.clock + A_WHILE
    sent = [at for at, *_ in life.queue]
    return not any(at <= soon for at in [*sent, *map(timestamps.parse, _due(reader))])


def _due(reader: StoreReader) -> list[str]:
    owing: list[Any] = [*reader.all_of(models.Session), *reader.all_of(models.SessionAgent)]
    return [one.due_at for one in owing if one.due_at]


def help_on(reader: StoreReader) -> int:
    """Each of them does once what is to be done; how much it was."""
    agents, sessions = reader.all_of(models.SessionAgent), reader.all_of(models.Session)
    return sum(map(_help_agent, agents)) + sum(map(_help_session, sessions))


def _help_session(session: models.Session) -> bool:
    if session.status != SessionStatus.INITIAL or session.operation or not session.agent_count:
        return False
    key = {"coordinationUuid": session.coordination_uuid, "sessionUuid": session.session_uuid}
    change("dispatchSession", key, "session { status }")
    return True


def _help_agent(agent: models.SessionAgent) -> bool:
    if agent.state == SessionAgentState.WAITING_FOR_INPUT:
        said = {**key_of(agent), **_said_to(agent)}
        change("answerSessionAgent", said, LAST_WORDS, caller_of(agent))
        return True
    works_outside = agent.state == SessionAgentState.IN_PROGRESS and not agent.lease_until
    if works_outside and agent.member.runtime.kind != AgentRuntimeKind.ECHO:
        said = {"agentOutput": f"{agent.agent_uuid} is done"}
        change("completeSessionAgent", {**key_of(agent), **said}, LAST_WORDS)
        return True
    return False


def caller_of(agent: models.SessionAgent) -> Caller:
    """A member of the group that an agent asks."""
    return replace(CALLER, groups=() if agent.asked_group is None else (agent.asked_group,))


def _said_to(agent: models.SessionAgent) -> dict[str, Any]:
    """What a person says to an agent that asks."""
    if agent.asked_question:
        return {"userInput": "The red"} if agent.question_form is None else {"answer": {"days": 3}}
    rule, kind = agent.agent_action.ask, agent.agent_action.user_in_the_loop
    if kind == UserInTheLoop.CHOICE:
        return {"choice": rule.options[0]}
    if rule is not None and rule.form is not None:
        return {"answer": {"days": 3}}
    return {"approved": True} if kind == UserInTheLoop.APPROVAL else {"userInput": "The red"}


def key_of(agent: models.SessionAgent) -> dict[str, Any]:
    """What names an agent's current run in a report."""
    return {
        "sessionUuid": agent.session_uuid,
        "sessionAgentUuid": agent.session_agent_uuid,
        "runUuid": agent.current_run_uuid,
    }


def ends(life: Life, moment: Moment) -> dict[str, list[str]]:
    """Of each session that was there at a moment, its status and its agents' states as they are."""
    reader = StoreReader(life.store)
    everyone = reader.all_of(models.SessionAgent)
    known = {item["session_uuid"]["S"] for item in moment.items.get("sessions", ())}
    return {
        uuid: [session.status, *(one.state for one in everyone if one.session_uuid == uuid)]
        for session in reader.all_of(models.Session)
        if (uuid := session.session_uuid) in known
    }
