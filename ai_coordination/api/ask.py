"""What an agent asks a person, and what the person said, in the API."""

from typing import Any

import graphene

from ai_coordination import models
from ai_coordination.api import ask_rule, enums, fields
from ai_coordination.api.ask_rule import shown_json
from ai_coordination.api.fields import Info, list_field, text_field, time_field
from ai_coordination.api.objects import ObjectType
from ai_coordination.api.scalars import JSON
from ai_coordination.engine.agent import delegated
from ai_coordination.runtimes import person_answers
from ai_coordination.states import SessionAgentState, UserInTheLoop

TURN = (
    "Number of the current turn, from 1. One more each time a person has answered a question of the"
    " agent, or has sent its output back, and each time the agent has delegated. Attempts count"
    " within a turn."
)
ASK = "What the agent asks a person, or has asked last. Null if nothing."
USER_INPUT = (
    "The text of a person for the agent. Null if there is none, or if the person has answered with"
    " JSON: see `ask { answer }`."
)
OF_OUTPUT = "Only a question about an output has it."

# What the rows of an index say.
_LISTED = frozenset(
    {"__typename", "title", "assignee", "group", "claimedBy", "claimedAt", "askedAt", "dueAt"}
)
# An agent asks its own questions in this way. What they are about is in the question.
_OWN_QUESTION = models.AgentAction(user_in_the_loop=UserInTheLoop.INPUT.value)


class Ask(ObjectType):
    """What an agent asks a person: to judge its output, or a question of its own. And what the
    person said, once they have answered.
    """

    kind = graphene.Field(
        enums.UserInTheLoop,
        required=True,
        description="What is asked for. INPUT for a question of the agent's own.",
    )
    title = text_field(f"{ask_rule.TITLE} {OF_OUTPUT}")
    assignee = text_field(
        "The user whom the agent asks: nobody else can answer. Null if it asks a group, or all."
    )
    group = text_field("The group whose members the agent asks. Null if it asks a user, or all.")
    claimed_by = text_field(
        "The user who has claimed the question, so that nobody else can answer. Null after the"
        " answer."
    )
    claimed_at = time_field("When the question was claimed. Null if it is not.")
    question = text_field(
        "The question that the agent asks. Null if the person is to judge `agentOutput`."
    )
    form = JSON(
        description=(
            "JSON Schema of the answer, an object. Null: the answer is a text, an approval or a"
            " choice. Programs may use it to show a form."
        )
    )
    options = list_field(graphene.String, f"{ask_rule.OPTIONS} {OF_OUTPUT}")
    default = JSON(description=f"{ask_rule.DEFAULT} {OF_OUTPUT}")
    on_timeout = graphene.Field(
        enums.TimeoutPolicy,
        required=True,
        description="What happens after `dueAt`. FAIL for a question of the agent's own.",
    )
    on_rejection = graphene.Field(
        enums.RejectionPolicy,
        required=True,
        description="What a rejection does. FAIL for a question of the agent's own.",
    )
    resume = JSON(
        description=(
            "What the agent gave with its question, to continue with the answer. Only an open"
            " question, and the turn that follows it, have it."
        )
    )
    asked_at = time_field("When the agent asked.", required=True)
    due_at = time_field(
        "When the time for the answer ends, and `onTimeout` applies. Null if there is no limit, or"
        " after the answer."
    )
    answered_by = text_field(
        "The verified caller who answered. `engine` if nobody did in time, and the answer is the"
        " default. Null until then, or if the caller had no user."
    )
    answered_at = time_field("When the question was answered. Null until then.")
    approved = graphene.Boolean(
        description="False: the output was not approved, or the question was refused. Null until"
        " the answer, and for a text or a choice."
    )
    choice = text_field("The option that was chosen. Null until then, and for other kinds.")
    answer = JSON(
        description="What the person said: a text, or the value that the form asks for. Null until"
        " then, and for an approval or a choice without a text."
    )
    comment = text_field("The person's comment for other people. No agent receives it.")


def resolve_turn(agent: models.SessionAgent, info: Info) -> int:
    """Return the number of the agent's turn, which items have only from the second on."""
    return agent.current_turn


def resolve_user_input(agent: models.SessionAgent, info: Info) -> Any:
    """Return a person's text about the agent's output. JSON that fits a form is no such text."""
    return _later_user_input(agent, info) if agent.partial else _user_input(agent)


async def _later_user_input(agent: models.SessionAgent, info: Info) -> Any:
    return _user_input(await fields.load_full(info.context, agent))


def _user_input(agent: models.SessionAgent) -> Any:
    return None if person_answers.has_form(agent) else agent.user_input


async def resolve_ask(agent: models.SessionAgent, info: Info) -> Ask | None:
    """Return what an agent asks, or has asked last.

    A row of the list of open work says enough for some fields.
    """
    is_open = agent.state == SessionAgentState.WAITING_FOR_INPUT and agent.asked_at is not None
    if agent.partial and is_open and not _needs_more(info):
        return _listed(agent)
    return _ask_of(await fields.load_full(info.context, agent))


def _needs_more(info: Info) -> bool:
    """Whether a field is selected that a row of an index does not say."""
    return not fields.selected(info) <= _LISTED


def _listed(agent: models.SessionAgent) -> Ask:
    """Return what a row of an index says of an open question."""
    return Ask(title=agent.asked_title, due_at=agent.deadline_at, **_to(agent))


def _to(agent: models.SessionAgent) -> dict[str, Any]:
    """Whom an agent asks, and who has claimed its question."""
    return {
        "assignee": agent.asked_user,
        "group": agent.asked_group,
        "claimed_by": agent.claimed_by,
        "claimed_at": agent.claimed_at,
        "asked_at": agent.asked_at,
    }


def _ask_of(agent: models.SessionAgent) -> Ask | None:
    """Return what a whole agent asks, or has asked last. None if it has asked nothing."""
    asked_at = _asked_at(agent)
    if asked_at is None:
        return None
    is_question = bool(agent.asked_question)
    is_open = agent.state == SessionAgentState.WAITING_FOR_INPUT
    is_about_output = not is_question and agent.agent_action.user_in_the_loop is not None
    rule = ask_rule.of(agent.agent_action if is_about_output else _OWN_QUESTION)
    return Ask(
        **{**_to(agent), "asked_at": asked_at},
        kind=rule.kind,
        title=rule.title,
        question=agent.question if is_question else None,
        form=shown_json(agent.question_form) if is_question else rule.form,
        options=rule.options,
        default=rule.default,
        on_timeout=rule.on_timeout,
        on_rejection=rule.on_rejection,
        resume=None if delegated.ended_last_turn(agent) else _resume_of(agent),
        due_at=agent.deadline_at if is_open else None,
        answered_by=agent.answered_by,
        answered_at=agent.answered_at,
        approved=agent.approved,
        choice=agent.choice,
        answer=None if agent.answered_at is None else _answer(agent),
        comment=agent.answer_comment,
    )


def _resume_of(agent: models.SessionAgent) -> Any:
    return shown_json(agent.resume) if agent.asked_question else None


async def _resolve_resume(agent: models.SessionAgent, info: Info) -> Any:
    return shown_json((await fields.load_full(info.context, agent)).resume)


RESUME = graphene.Field(
    JSON,
    description=(
        "What the agent gave with its last question or delegation, to continue. The turn that"
        " follows has it, and each attempt of that turn."
    ),
    resolver=_resolve_resume,
)


def _asked_at(agent: models.SessionAgent) -> str | None:
    """When it asked. An agent that an earlier version left waiting has it in its place in the list
    of open work.
    """
    if agent.asked_at is None and agent.state == SessionAgentState.WAITING_FOR_INPUT:
        return str(agent.open_since).partition("#")[0]
    return agent.asked_at and str(agent.asked_at)


def _answer(agent: models.SessionAgent) -> Any:
    """What the person said: to a question, or about the output that was judged or sent back."""
    sent_back = agent.rejected_output is not None and agent.agent_output is None
    if sent_back and not agent.asked_question:
        return agent.rejected_because
    said = person_answers.last(agent)
    return said.text if said.answer is None else shown_json(said.answer)
