"""Take a person's answer to an agent that asks: about its output, or to a question of its own."""

import json
from dataclasses import astuple, dataclass
from enum import Enum, auto
from hashlib import sha256
from typing import Any

from ai_coordination import models, texts
from ai_coordination.engine.agent import question, transitions
from ai_coordination.engine.agent.apply import apply
from ai_coordination.engine.agent.transition import Changes, Transition
from ai_coordination.engine.context import Engine
from ai_coordination.errors import BadUserInput, InvalidState
from ai_coordination.models import moves
from ai_coordination.runtimes import forms
from ai_coordination.services import capacity
from ai_coordination.states import SessionAgentState, UserInTheLoop

NOT_IN_TIME = "Nobody has answered in time"
LAST_TURN = "The agent is in its last turn (maxTurns is {}): approve or reject its output"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a person said, as it was sent. `answer` is JSON, for a question with a form."""

    user_input: str | None = None
    approved: bool | None = None
    revise: bool = False
    answer: Any = None
    comment: str | None = None

    def mark(self, run_uuid: str) -> str:
        """Return what is the same only for the same answer to the same run."""
        said = json.dumps(astuple(self), sort_keys=True)
        return f"{run_uuid}/{sha256(said.encode()).hexdigest()}"


class Verdict(Enum):
    """What an answer means for the agent."""

    APPROVED = auto()
    REJECTED = auto()
    # The output is sent back, and the agent runs again.
    REVISED = auto()
    # The question is answered, and the agent runs again.
    REPLIED = auto()


def was_rejected(agent: models.SessionAgent) -> bool:
    """Whether a person has rejected the agent's answer: the remark is in the notes."""
    failed = agent.state == SessionAgentState.FAILED and agent.agent_output is not None
    return bool(failed and agent.notes == agent.user_input)


def keeps_answer(agent: models.SessionAgent) -> bool:
    """Whether the agent ended with an answer that no person has judged."""
    ended = agent.state in (SessionAgentState.CANCELLED, SessionAgentState.FAILED)
    return ended and agent.agent_output is not None and not was_rejected(agent)


def answer(engine: Engine, agent: models.SessionAgent, said: Said, answered_by: str | None) -> None:
    """Take an answer to the current run of an agent that waits for a person, if it is in time.

    The agent ends, or begins its next turn. Agent and session are one transaction, so the session
    asks exactly if one of its agents does. Raises BadUserInput, InvalidState, PayloadTooLarge,
    TextUnavailable, Throttled.
    """
    verdict = _verdict(agent, said)
    record = _record(engine, agent, said, answered_by)
    transition = _transition(engine, agent, said, verdict, record)
    _check_room(transition)
    answered = apply(engine, transition)
    if answered is not None:
        engine.send(answered)


def _transition(
    engine: Engine, agent: models.SessionAgent, said: Said, verdict: Verdict, record: Changes
) -> Transition:
    fence = moves.in_time(engine.now())
    if verdict is Verdict.REPLIED:
        value = said.user_input if said.answer is None else said.answer
        reply = {"reply": question.stored_reply(agent, value)}
        return transitions.to_next_turn(engine, agent, {**record, **reply}, fence)
    remark = None
    if said.user_input is not None:
        remark = texts.store(texts.Owner.of(agent), said.user_input)
    if verdict is Verdict.REVISED:
        sent_back = {
            "agent_output": None,
            "rejected_output": agent.agent_output,
            "rejected_because": remark,
        }
        return transitions.to_next_turn(engine, agent, {**record, **sent_back}, fence)
    given = {} if remark is None else {"user_input": remark}
    if verdict is Verdict.APPROVED:
        to = SessionAgentState.COMPLETED
    else:
        to = SessionAgentState.FAILED
        given |= {} if remark is None else {"notes": remark}
    return transitions.to_answered(engine, agent, to, {**record, **given}, fence)


def _record(
    engine: Engine, agent: models.SessionAgent, said: Said, answered_by: str | None
) -> Changes:
    """Who has answered, when, and what."""
    record: dict[str, Any] = {
        "answer_mark": said.mark(agent.current_run_uuid),
        "answered_at": engine.now(),
        "answered_by": answered_by,
        "approved": said.approved,
    }
    if said.comment is not None:
        record["answer_comment"] = texts.store(texts.Owner.of(agent), said.comment)
    if answered_by is not None:
        record["updated_by"] = answered_by
    return record


def _check_room(transition: Transition) -> None:
    """Raise PayloadTooLarge at the answer, if the item has no room for it."""
    field = "answer" if transition.changes.get("reply") is not None else "user_input"
    capacity.check_grown(transition.result(), field)


def give_up(engine: Engine, agent: models.SessionAgent) -> None:
    """Fail an agent that nobody has answered in time, if the deadline that was read still holds."""
    changes: Changes = {"updated_by": "engine", "notes": NOT_IN_TIME}
    fence = moves.same_deadline(agent)
    to = SessionAgentState.FAILED
    failed = apply(engine, transitions.to_answered(engine, agent, to, changes, fence))
    if failed is not None:
        engine.send(failed)


def was_answered_so(agent: models.SessionAgent, said: Said) -> bool:
    """Whether an agent got this answer from a version of the engine that stored no mark."""
    expected = SessionAgentState.FAILED if said.approved is False else SessionAgentState.COMPLETED
    too_late = agent.user_input is None and agent.notes == NOT_IN_TIME
    return (
        agent.agent_action.user_in_the_loop is not None
        and agent.answer_mark is None
        and agent.state == expected
        and not too_late
        and texts.is_same(agent.user_input, said.user_input)
    )


def _verdict(agent: models.SessionAgent, said: Said) -> Verdict:
    """Check an answer by what the agent asks for. Raises BadUserInput, InvalidState."""
    if agent.has_open_question:
        return _verdict_on_question(agent, said)
    if said.answer is not None:
        raise BadUserInput("Only a question with a form is answered with JSON", "answer")
    if agent.agent_action.user_in_the_loop == UserInTheLoop.APPROVAL:
        return _verdict_on_output(agent, said)
    if said.approved is not None:
        raise BadUserInput("This agent asks for text, not for an approval", "approved")
    if said.revise:
        raise BadUserInput("This agent asks for text, not for an approval", "revise")
    if said.user_input is None:
        raise BadUserInput("This agent asks for text", "user_input")
    return Verdict.APPROVED


def _verdict_on_output(agent: models.SessionAgent, said: Said) -> Verdict:
    if said.approved is None:
        raise BadUserInput("Say whether the output is approved", "approved")
    if not said.revise:
        return Verdict.APPROVED if said.approved else Verdict.REJECTED
    if said.approved:
        raise BadUserInput("Only an output that is not approved is revised", "revise")
    if question.is_last_turn(agent):
        notes = LAST_TURN.format(agent.agent_action.max_turns)
        raise InvalidState(notes, agent.state.upper())
    return Verdict.REVISED


def _verdict_on_question(agent: models.SessionAgent, said: Said) -> Verdict:
    if said.revise:
        raise BadUserInput("The agent asks a question: there is no output to revise", "revise")
    if said.approved:
        raise BadUserInput("The agent asks a question, not for an approval", "approved")
    if said.approved is False:
        if said.answer is not None:
            raise BadUserInput("A question is either answered or refused", "answer")
        return Verdict.REJECTED
    form = question.form(agent)
    if form is None:
        if said.answer is not None:
            raise BadUserInput("This question has no form: answer with a text", "answer")
        if said.user_input is None:
            raise BadUserInput("This agent asks for text", "user_input")
        return Verdict.REPLIED
    if said.user_input is not None or said.answer is None:
        place = "answer" if said.user_input is None else "user_input"
        raise BadUserInput("This question has a form: answer with JSON in `answer`", place)
    problem = forms.problem_of_reply(form, said.answer, "answer")
    if problem is not None:
        raise BadUserInput(problem.message, *problem.path)
    return Verdict.REPLIED
