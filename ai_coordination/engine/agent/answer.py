"""Take the answer to an agent that asks: a person's, or the default when nobody has answered."""

import json
from typing import Any

from pynamodb.expressions.condition import Condition

from ai_coordination import models, texts
from ai_coordination.caller import Caller
from ai_coordination.engine.agent import inbox, question, transitions, verdict
from ai_coordination.engine.agent.apply import apply
from ai_coordination.engine.agent.transition import Changes, Transition
from ai_coordination.engine.agent.verdict import Said, Verdict
from ai_coordination.engine.context import Engine
from ai_coordination.errors import PayloadTooLarge
from ai_coordination.models import moves
from ai_coordination.runtimes import person_answers
from ai_coordination.services import capacity
from ai_coordination.states import SessionAgentState, TimeoutPolicy, UserInTheLoop

NOT_IN_TIME = "Nobody has answered in time"
REJECTED_BY_DEFAULT = "Nobody has answered in time, and the default answer is a rejection"
ENGINE = "engine"


def was_rejected(agent: models.SessionAgent) -> bool:
    """Whether a person has rejected the agent's own output. A default is of no person."""
    if agent.agent_output is None or agent.collects:
        return False
    if agent.state == SessionAgentState.COMPLETED:
        return agent.approved is False and not _got_default(agent)
    # Notes that are the remark, or absent without one. Other failures have notes of their own.
    return bool(agent.state == SessionAgentState.FAILED and agent.notes == agent.user_input)


def keeps_answer(agent: models.SessionAgent) -> bool:
    """Whether the agent ended with an output that no person has judged."""
    ended = agent.state in (SessionAgentState.CANCELLED, SessionAgentState.FAILED)
    return ended and agent.agent_output is not None and not was_rejected(agent)


def answer(engine: Engine, caller: Caller, agent: models.SessionAgent, said: Said) -> None:
    """Take an answer to the current run of an agent that waits for a person, if it is in time.

    The agent ends, or begins its next turn. Agent and session are one transaction, so the session
    asks exactly if one of its agents does. Without effect if another person has claimed the
    question meanwhile. Raises BadUserInput, Forbidden, InvalidState, PayloadTooLarge,
    TextUnavailable, Throttled.
    """
    inbox.check(caller, agent)
    means = verdict.of(agent, said)
    record = _record(engine, said, said.mark(agent.current_run_uuid), caller.user_id)
    if said.comment is not None:
        record["answer_comment"] = texts.store(texts.Owner.of(agent), said.comment)
    fence = moves.in_time(engine.now()) & inbox.is_free_for(caller)
    _take(engine, _transition(engine, agent, said, means, record, fence))


def stop_waiting(engine: Engine, agent: models.SessionAgent) -> None:
    """Nobody has answered in time: take the default answer, or fail the agent.

    Without effect if the deadline that was read no longer holds. Raises Throttled.
    """
    fence = moves.same_deadline(agent)
    said = _default(agent)
    if said is not None:
        means = verdict.of_approval(agent, said)
        record = _record(engine, said, _default_mark(agent), ENGINE)
        if means is Verdict.REJECTED:
            record["notes"] = REJECTED_BY_DEFAULT
        try:
            _take(engine, _transition(engine, agent, said, means, record, fence))
        except PayloadTooLarge:
            # Only without a bucket. The agent must not wait indefinitely.
            said = None
    if said is None:
        changes = {"updated_by": ENGINE, "notes": NOT_IN_TIME}
        to = SessionAgentState.FAILED
        _send(engine, transitions.to_answered(engine, agent, to, changes, fence))


def _default(agent: models.SessionAgent) -> Said | None:
    """Return the answer that counts if nobody gives one. None for a question of the agent's own."""
    action, rule = agent.agent_action, agent.agent_action.ask
    if agent.asked_question or rule is None or rule.on_timeout != TimeoutPolicy.DEFAULT:
        return None
    value = json.loads(rule.default_answer)
    if action.user_in_the_loop == UserInTheLoop.APPROVAL:
        return Said(approved=value)
    if action.user_in_the_loop == UserInTheLoop.CHOICE:
        return Said(choice=value)
    return Said(answer=value) if person_answers.has_form(agent) else Said(user_input=value)


def _default_mark(agent: models.SessionAgent) -> str:
    """Return the mark of a default answer, which no person's answer has."""
    return f"{agent.current_run_uuid}/default"


def _got_default(agent: models.SessionAgent) -> bool:
    return bool(agent.answer_mark == _default_mark(agent))


def _transition(
    engine: Engine,
    agent: models.SessionAgent,
    said: Said,
    means: Verdict,
    record: Changes,
    fence: Condition,
) -> Transition:
    if means is Verdict.REPLIED:
        value = said.user_input if said.answer is None else said.answer
        reply = {"reply": question.stored_reply(agent, value)}
        return transitions.to_next_turn(engine, agent, {**record, **reply}, fence)
    given = _stored(agent, said)
    if means is Verdict.REVISED:
        sent_back = {
            "agent_output": None,
            "rejected_output": agent.agent_output,
            "rejected_because": given,
        }
        return transitions.to_next_turn(engine, agent, {**record, **sent_back}, fence)
    to = SessionAgentState.COMPLETED if means is Verdict.ACCEPTED else SessionAgentState.FAILED
    changes = dict(record)
    if given is not None:
        changes["user_input"] = given
    if given is not None and means is Verdict.REJECTED:
        changes["notes"] = given
    return transitions.to_answered(engine, agent, to, changes, fence)


def _stored(agent: models.SessionAgent, said: Said) -> models.Text | None:
    """Store what was said about an output: a text, or the JSON of an answer to a form."""
    text = said.user_input
    if said.answer is not None:
        text = json.dumps(said.answer, ensure_ascii=False)
    return None if text is None else texts.store(texts.Owner.of(agent), text)


def _record(engine: Engine, said: Said, mark: str, answered_by: str | None) -> dict[str, Any]:
    """Who has answered, when, and what."""
    record: dict[str, Any] = {
        "answer_mark": mark,
        "answered_at": engine.now(),
        "answered_by": answered_by,
        "approved": said.approved,
        "choice": said.choice,
    }
    if answered_by is not None:
        record["updated_by"] = answered_by
    return record


def _take(engine: Engine, transition: Transition) -> None:
    """Write an answer. Raises PayloadTooLarge at it, if the item has no room for it."""
    field = "answer" if transition.changes.get("reply") is not None else "user_input"
    capacity.check_grown(transition.result(), field)
    _send(engine, transition)


def _send(engine: Engine, transition: Transition) -> None:
    answered = apply(engine, transition)
    if answered is not None:
        engine.send(answered)


def is_of_run(agent: models.SessionAgent, run_uuid: str) -> bool:
    """Whether the last answer that was taken is to the question of this run."""
    return agent.answer_mark is not None and agent.answer_mark.startswith(f"{run_uuid}/")


def is_by(caller: Caller, agent: models.SessionAgent) -> bool:
    """Whether the last answer may be the caller's. Services may change their names."""
    return caller.is_service or agent.answered_by in (None, caller.user_id)


def was_answered_so(agent: models.SessionAgent, said: Said) -> bool:
    """Whether an agent got this answer from a version of the engine that stored no mark."""
    expected = SessionAgentState.FAILED if said.approved is False else SessionAgentState.COMPLETED
    too_late = agent.user_input is None and agent.notes == NOT_IN_TIME
    return (
        person_answers.asks(agent)
        and not agent.collects
        and agent.answer_mark is None
        and agent.state == expected
        and not too_late
        and texts.is_same(agent.user_input, said.user_input)
    )
