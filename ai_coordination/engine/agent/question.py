"""Let an agent ask a person a question of its own, and give it the reply in its next turn."""

import json
from typing import Any

from ai_coordination import models, texts
from ai_coordination.engine import metrics
from ai_coordination.engine.agent import abandon, delegated, remote, resume, spending, transitions
from ai_coordination.engine.agent.apply import apply
from ai_coordination.engine.context import Engine
from ai_coordination.errors import BadUserInput, InputError
from ai_coordination.models import moves
from ai_coordination.runtimes import forms
from ai_coordination.runtimes.base import Question, Reply, RunFailed
from ai_coordination.services import capacity, characters, validation

LAST_TURN = "The agent has asked again in its last turn: maxTurns is {}"


def check(question: Question) -> None:
    """Check a question that an agent asks. Raises BadUserInput and PayloadTooLarge at its place."""
    text = validation.required_text(question.text, "question")
    if not characters.shows_something(text):
        raise BadUserInput("A question must contain a visible character", "question")
    if question.form is not None:
        validation.json_value(question.form, "form")
        for problem in forms.problems(question.form, "form"):
            raise BadUserInput(problem.message, *problem.path)
    resume.as_text(question.resume)


def is_last_turn(agent: models.SessionAgent) -> bool:
    """Whether the agent may not ask again."""
    return agent.current_turn >= int(agent.agent_action.max_turns)


def ask(
    engine: Engine, agent: models.SessionAgent, question: Question, *, reported: bool = False
) -> None:
    """Take the question of the agent's current run. The agent waits for a person's reply.

    Fenced as an answer: see `complete`. Raises RunFailed if the question cannot be asked, or if the
    agent has to answer in this turn; PayloadTooLarge; Throttled.
    """
    _check_of_run(agent, question)
    pending = texts.PendingTexts(texts.Owner.of(agent))
    form = None if question.form is None else _json(question.form)
    changes: dict[str, Any] = {
        "question": pending.stored_form(question.text),
        "question_form": pending.stored_form(form),
        "resume": pending.stored_form(resume.as_text(question.resume)),
        "remote": remote.stored(question.remote),
    }
    pending.write()
    seconds = agent.agent_action.answer_timeout_seconds
    deadline_at = None if seconds is None else engine.later(seconds)
    fence = moves.in_time(engine.now()) if reported else None
    transition = transitions.to_asking(engine, agent, changes, fence, deadline_at)
    capacity.check_grown(transition.result(), "question")
    if apply(engine, spending.settled(spending.charged(transition, question.usage))) is not None:
        metrics.asked()
    else:
        abandon.refused(engine, agent, changes["remote"])


def _check_of_run(agent: models.SessionAgent, question: Question) -> None:
    """Raise RunFailed if the agent's run cannot end with this question."""
    try:
        check(question)
    except (InputError, TypeError) as error:
        place, reason = "question", "this is not JSON"
        if isinstance(error, InputError):
            place, reason = ".".join(map(str, error.input_path)), error.message
        notes = f"The agent's question cannot be asked: {reason} ({place})"
        raise RunFailed(notes, retryable=False, usage=question.usage) from error
    if is_last_turn(agent):
        notes = LAST_TURN.format(agent.agent_action.max_turns)
        raise RunFailed(notes, retryable=False, usage=question.usage)


def form(agent: models.SessionAgent) -> Any:
    """Return the form of the agent's question; None if it has none. Raises TextUnavailable."""
    stored = texts.read(agent.partition_key, agent.question_form)
    return None if stored is None else json.loads(stored)


def stored_reply(agent: models.SessionAgent, value: Any) -> models.Text:
    """Store what a person has said to the agent's question. Returns what the item stores.

    That is the text itself, or JSON if the question has a form.
    """
    text: str = value if agent.question_form is None else _json(value)
    return texts.store(texts.Owner.of(agent), text)


def reply(agent: models.SessionAgent) -> Reply | None:
    """Return what a person has said to the question with which the agent's last turn ended; None
    if it did not. Raises TextUnavailable, Throttled.
    """
    if not agent.asked_question or agent.reply is None or delegated.ended_last_turn(agent):
        return None
    text = texts.read(agent.partition_key, agent.reply)
    return Reply(text=text) if agent.question_form is None else Reply(value=json.loads(text))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
