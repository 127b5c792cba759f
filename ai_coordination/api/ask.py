"""What an agent asks a person, and what the person said, in the API."""

import json
from typing import Any

import graphene

from ai_coordination import models
from ai_coordination.api import enums, fields
from ai_coordination.api.fields import Info, text_field, time_field
from ai_coordination.api.scalars import JSON
from ai_coordination.states import SessionAgentState, UserInTheLoop


class Ask(graphene.ObjectType):
    """What an agent asks a person: to judge its output, or a question of its own. And what the
    person said, once they have answered.
    """

    kind = graphene.Field(
        enums.UserInTheLoop,
        required=True,
        description="What is asked for. INPUT for a question of the agent's own.",
    )
    question = text_field(
        "The question that the agent asks. Null if the person is to judge `agentOutput`."
    )
    form = JSON(
        description=(
            "JSON Schema of the answer, an object. Null: the answer is a text. Programs may use it"
            " to show a form."
        )
    )
    resume = JSON(
        description=(
            "What the agent gave with its question, to continue with the answer. Only an open"
            " question, and the turn that follows it, have it."
        )
    )
    asked_at = time_field("When the agent asked.", required=True)
    due_at = time_field(
        "When the time for the answer ends, and the agent fails. Null if there is no limit, or"
        " after the answer."
    )
    answered_by = text_field(
        "The verified caller who answered. Null until then, or if the caller had no user."
    )
    answered_at = time_field("When the person answered. Null until then.")
    approved = graphene.Boolean(
        description="False: the output was not approved, or the question was refused. Null until"
        " the answer, and for a text."
    )
    answer = JSON(
        description="What the person said: a text, or the value that the form asks for. Null until"
        " then, and for an approval without a text."
    )
    comment = text_field("The person's comment for other people. No agent receives it.")


def resolve_turn(agent: models.SessionAgent, info: Info) -> int:
    """Return the number of the agent's turn, which items have only from the second on."""
    return agent.current_turn


async def resolve_ask(agent: models.SessionAgent, info: Info) -> Ask | None:
    """Return what an agent asks, or has asked last."""
    return _ask_of(await fields.load_full(info.context, agent))


def _ask_of(agent: models.SessionAgent) -> Ask | None:
    """Return what a whole agent asks, or has asked last. None if it has asked nothing."""
    asked_at = _asked_at(agent)
    if asked_at is None:
        return None
    is_question = bool(agent.asked_question)
    is_open = agent.state == SessionAgentState.WAITING_FOR_INPUT
    return Ask(
        kind=_kind(agent),
        question=agent.question if is_question else None,
        form=_json(agent.question_form) if is_question else None,
        resume=_json(agent.resume) if is_question else None,
        asked_at=asked_at,
        due_at=agent.deadline_at if is_open else None,
        answered_by=agent.answered_by,
        answered_at=agent.answered_at,
        approved=agent.approved,
        answer=None if agent.answered_at is None else _answer(agent),
        comment=agent.answer_comment,
    )


def _kind(agent: models.SessionAgent) -> UserInTheLoop:
    asks_about_output = None if agent.asked_question else agent.agent_action.user_in_the_loop
    return UserInTheLoop(asks_about_output or UserInTheLoop.INPUT)


def _asked_at(agent: models.SessionAgent) -> str | None:
    """When it asked. An agent that an earlier version left waiting has it in its place in the list
    of open work.
    """
    if agent.asked_at is None and agent.state == SessionAgentState.WAITING_FOR_INPUT:
        return str(agent.open_since).partition("#")[0]
    return agent.asked_at and str(agent.asked_at)


def _answer(agent: models.SessionAgent) -> Any:
    """What the person said: to a question, or about the output that was judged or sent back."""
    if agent.asked_question and agent.reply is not None:
        return agent.reply if agent.question_form is None else _json(agent.reply)
    sent_back = agent.rejected_output is not None and agent.agent_output is None
    return agent.rejected_because if sent_back else agent.user_input


def _json(stored: models.Text | None) -> Any:
    """Return stored JSON as the API shows it: what is in the bucket is read later."""
    if isinstance(stored, models.LargeText):
        return models.LargeJson(stored.folder, stored.sha256, stored.size)
    return None if stored is None else json.loads(stored)
