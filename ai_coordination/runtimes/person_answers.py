"""What a person has answered to an agent, as others see it: its successors, and expressions."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ai_coordination import models
from ai_coordination.models.texts import LargeText, Text
from ai_coordination.states import RejectionPolicy, UserInTheLoop


class PersonAnswer(NamedTuple):
    """What a person said. `text` and `answer` (JSON) exclude each other, and may be in the bucket.

    `approved` is None if the agent has asked neither for an approval nor a question that was
    refused.
    """

    approved: bool | None = None
    choice: str | None = None
    text: Text | None = None
    answer: Text | None = None


def asks(agent: models.SessionAgent) -> bool:
    """Whether the agent asks a person about its output.

    One that only lists what others said does not: they have asked, each about its own.
    """
    action = agent.agent_action
    lists = agent.collects and action.for_each is not None
    return action.user_in_the_loop is not None and not lists


def has_form(agent: models.SessionAgent) -> bool:
    """Whether the agent asks about its output with a form, so that its `user_input` is JSON."""
    rule = agent.agent_action.ask
    return rule is not None and rule.form is not None


def about_output(agent: models.SessionAgent) -> PersonAnswer:
    """What was said about the agent's output. A text may also be there if nothing was asked."""
    said = agent.user_input
    text, answer = (None, said) if has_form(agent) else (said, None)
    return PersonAnswer(agent.approved, agent.choice, text, answer)


def members(agent: models.SessionAgent, read: Mapping[LargeText, str]) -> dict[str, Any]:
    """What was said about the output of an agent that asks, for the JSON that has both.

    `read` has its texts that are in the bucket.
    """
    said = value(about_output(agent), read)
    rule, kind = agent.agent_action.ask, agent.agent_action.user_in_the_loop
    found = {"userInput": said["text"]}
    if kind == UserInTheLoop.CHOICE:
        found["choice"] = said["choice"]
    elif has_form(agent):
        found["answer"] = said["answer"]
    elif rule is not None and rule.on_rejection == RejectionPolicy.CONTINUE:
        found["approved"] = said["approved"]
    return found


def sections(name: str, said: PersonAnswer) -> Iterator[tuple[str, Text]]:
    """What a person said about the output of an agent of this name: headings and texts."""
    if said.choice is not None:
        yield f"A person's choice, after agent {name}", said.choice
    text = said.text or said.answer
    if said.approved is False:
        yield f"A person, who rejected the answer of agent {name}", text or "(without a remark)"
    elif text:
        yield f"A person, to agent {name}", text


def unread(agent: models.SessionAgent) -> dict[str, Any]:
    """What a person said that is no text, as payloads have it: only what was asked for.

    An answer to a form that is in the bucket is only named.
    """
    if not asks(agent):
        return {}
    said, kind = about_output(agent), agent.agent_action.user_in_the_loop
    if kind == UserInTheLoop.APPROVAL:
        return {"approved": said.approved}
    if kind == UserInTheLoop.CHOICE:
        return {"choice": said.choice}
    if not has_form(agent):
        return {}
    inline = isinstance(said.answer, str)
    return {"answer": json.loads(str(said.answer)) if inline else said.answer}


def last(agent: models.SessionAgent) -> PersonAnswer:
    """What was said last: to a question of the agent's own, or about its output."""
    if not agent.asked_question:
        return about_output(agent)
    if agent.reply is None:
        return PersonAnswer(agent.approved, text=agent.user_input)
    if agent.question_form is None:
        return PersonAnswer(text=agent.reply)
    return PersonAnswer(answer=agent.reply)


def value(said: PersonAnswer, read: Mapping[LargeText, str]) -> dict[str, Any]:
    """The answer as expressions see it. `read` has its texts that are in the bucket."""
    text, answer = (
        read[said] if isinstance(said, LargeText) else said for said in (said.text, said.answer)
    )
    return {
        "approved": said.approved,
        "choice": said.choice,
        "answer": None if answer is None else json.loads(answer),
        "text": text,
    }
