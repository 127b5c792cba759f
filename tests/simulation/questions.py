"""Checks what people and the engine have answered to questions about outputs."""

import json
from typing import Any

from ai_coordination import models, texts
from ai_coordination.engine.agent import answer
from ai_coordination.runtimes import forms, person_answers
from ai_coordination.states import RejectionPolicy, SessionAgentState, TimeoutPolicy, UserInTheLoop
from ai_coordination.timestamps import parse
from tests.simulation.simulator import TENANT, Simulator

LATE = answer.NOT_IN_TIME, answer.REJECTED_BY_DEFAULT


def is_answered_rightly(
    world: Simulator, was: models.SessionAgent, agent: models.SessionAgent
) -> None:
    """Check a move of an agent that has waited for a person."""
    if SessionAgentState(agent.state) is SessionAgentState.CANCELLED:
        assert agent.answered_at is None
        return
    is_default = agent.answered_by == answer.ENGINE
    if is_default or agent.notes in LATE:
        assert was.deadline_at is not None
        assert parse(was.deadline_at) <= world.clock, "before the deadline"
        rule = agent.agent_action.ask
        has_default = rule is not None and rule.on_timeout == TimeoutPolicy.DEFAULT
        assert is_default == (has_default and not was.asked_question)
    if is_default:
        default = json.loads(agent.agent_action.ask.default_answer)
        assert (_said(agent), type(_said(agent))) == (default, type(default))
    if agent.state == SessionAgentState.FAILED and not was.asked_question:
        assert is_default or agent.approved is False or agent.notes == answer.NOT_IN_TIME
        assert not (agent.approved is False and continues(agent)), "a rejection has failed it"
    if agent.state == SessionAgentState.COMPLETED:
        fits(agent)


def continues(agent: models.SessionAgent) -> bool:
    """Whether a rejection does not fail an agent."""
    rule = agent.agent_action.ask
    return rule is not None and rule.on_rejection == RejectionPolicy.CONTINUE


def fits(agent: models.SessionAgent) -> None:
    """Check that a completed agent has the answer that it asked for."""
    kind, said = agent.agent_action.user_in_the_loop, person_answers.about_output(agent)
    assert (said.choice is not None) == (kind == UserInTheLoop.CHOICE)
    assert (said.approved is not None) == (kind == UserInTheLoop.APPROVAL)
    if kind == UserInTheLoop.CHOICE:
        assert said.choice in agent.agent_action.ask.options
    elif kind == UserInTheLoop.APPROVAL:
        assert said.approved or continues(agent)
    elif person_answers.has_form(agent):
        form = _json(agent.agent_action.ask.form)
        assert forms.problem_of_reply(form, _json(said.answer)) is None
    else:
        assert said.text is not None


def _said(agent: models.SessionAgent) -> Any:
    """The answer about an output, as a default is written."""
    said = person_answers.about_output(agent)
    if said.answer is not None:
        return _json(said.answer)
    return next(one for one in (said.approved, said.choice, said.text) if one is not None)


def _json(text: models.Text | None) -> Any:
    return json.loads(texts.read(TENANT, text) or "null")
