"""Check an answer to an agent that asks, and say what it means for the agent."""

import json
from enum import Enum, auto
from hashlib import sha256
from typing import Any, NamedTuple

from ai_coordination import models, texts
from ai_coordination.engine.agent import question
from ai_coordination.errors import BadUserInput, InvalidState
from ai_coordination.runtimes import forms
from ai_coordination.states import RejectionPolicy, UserInTheLoop

LAST_TURN = "The agent is in its last turn (maxTurns is {}): approve or reject its output"
NO_FORM = "Only a question with a form is answered with JSON"
NO_OPTIONS = "Only a question with options is answered with a choice"
NO_APPROVAL = "This agent asks for {}, not for an approval"


class Said(NamedTuple):
    """What a person said, as it was sent. `answer` is JSON, for a question with a form."""

    user_input: str | None = None
    approved: bool | None = None
    revise: bool = False
    answer: Any = None
    comment: str | None = None
    choice: str | None = None

    def mark(self, run_uuid: str) -> str:
        """Return what is the same only for the same answer to the same run.

        Members that came later count only if they are set: earlier versions have stored marks.
        """
        members = self._asdict()
        if self.choice is None:
            del members["choice"]
        said = json.dumps(list(members.values()), sort_keys=True)
        return f"{run_uuid}/{sha256(said.encode()).hexdigest()}"


class Verdict(Enum):
    """What an answer means for the agent."""

    # The output stands, with what the person has added.
    ACCEPTED = auto()
    # The output was rejected, or the question was refused. The agent fails.
    REJECTED = auto()
    # The output is sent back, and the agent runs again.
    REVISED = auto()
    # The question is answered, and the agent runs again.
    REPLIED = auto()


def of(agent: models.SessionAgent, said: Said) -> Verdict:
    """Check an answer by what the agent asks for.

    Raises BadUserInput at the member that does not fit; InvalidState; TextUnavailable; Throttled.
    """
    if agent.has_open_question:
        return _on_question(agent, said)
    kind = UserInTheLoop(agent.agent_action.user_in_the_loop)
    if said.choice is not None and kind is not UserInTheLoop.CHOICE:
        raise BadUserInput(NO_OPTIONS, "choice")
    if kind is UserInTheLoop.APPROVAL:
        return _on_approval(agent, said)
    noun = "a text" if kind is UserInTheLoop.INPUT else "a choice"
    if said.approved is not None:
        raise BadUserInput(NO_APPROVAL.format(noun), "approved")
    if said.revise:
        raise BadUserInput(NO_APPROVAL.format(noun), "revise")
    if kind is UserInTheLoop.CHOICE:
        _check_choice(agent, said)
    else:
        _check_text(said, _form(agent))
    return Verdict.ACCEPTED


def _on_approval(agent: models.SessionAgent, said: Said) -> Verdict:
    if said.answer is not None:
        raise BadUserInput(NO_FORM, "answer")
    if said.approved is None:
        raise BadUserInput("Say whether the output is approved", "approved")
    if not said.revise:
        return of_approval(agent, said)
    if said.approved:
        raise BadUserInput("Only an output that is not approved is revised", "revise")
    if question.is_last_turn(agent):
        notes = LAST_TURN.format(agent.agent_action.max_turns)
        raise InvalidState(notes, agent.state.upper())
    return Verdict.REVISED


def of_approval(agent: models.SessionAgent, said: Said) -> Verdict:
    """What an answer about the output means that fits what is asked, and sends nothing back."""
    rule = agent.agent_action.ask
    continues = rule is not None and rule.on_rejection == RejectionPolicy.CONTINUE
    rejected = said.approved is False and not continues
    return Verdict.REJECTED if rejected else Verdict.ACCEPTED


def _check_choice(agent: models.SessionAgent, said: Said) -> None:
    if said.answer is not None:
        raise BadUserInput(NO_FORM, "answer")
    options = agent.agent_action.ask.options
    if said.choice is None:
        raise BadUserInput("This agent asks for a choice: see `ask { options }`", "choice")
    if said.choice not in options:
        raise BadUserInput(f"{said.choice!r} is not one of the options", "choice")


def _on_question(agent: models.SessionAgent, said: Said) -> Verdict:
    if said.choice is not None:
        raise BadUserInput(NO_OPTIONS, "choice")
    if said.revise:
        raise BadUserInput("The agent asks a question: there is no output to revise", "revise")
    if said.approved:
        raise BadUserInput("The agent asks a question, not for an approval", "approved")
    if said.approved is False:
        if said.answer is not None:
            raise BadUserInput("A question is either answered or refused", "answer")
        return Verdict.REJECTED
    _check_text(said, question.form(agent))
    return Verdict.REPLIED


def _check_text(said: Said, form: Any) -> None:
    """Check that the answer is a text or, if there is a form, JSON that fits it."""
    if form is None:
        if said.answer is not None:
            raise BadUserInput("This question has no form: answer with a text", "answer")
        if said.user_input is None:
            raise BadUserInput("This agent asks for text", "user_input")
        return
    if said.user_input is not None or said.answer is None:
        place = "answer" if said.user_input is None else "user_input"
        raise BadUserInput("This question has a form: answer with JSON in `answer`", place)
    problem = forms.problem_of_reply(form, said.answer, "answer")
    if problem is not None:
        raise BadUserInput(problem.message, *problem.path)


def _form(agent: models.SessionAgent) -> Any:
    """Return the form of the action; None if it has none. Raises TextUnavailable, Throttled."""
    rule = agent.agent_action.ask
    stored = None if rule is None else texts.read(agent.partition_key, rule.form)
    return None if stored is None else json.loads(stored)
