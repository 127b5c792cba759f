"""The rounds of an agent that is repeated: what each is told, and whether it was the last one."""

from collections.abc import Sequence
from typing import Any

from ai_coordination import models
from ai_coordination.engine.agent import prompt, surroundings, view
from ai_coordination.engine.context import Engine
from ai_coordination.engine.planning import element
from ai_coordination.errors import InputError
from ai_coordination.services import validation

Agents = Sequence[models.SessionAgent]


def told(
    engine: Engine, session: models.Session, agent: models.SessionAgent, predecessors: Agents
) -> str:
    """What the agent would be told if it were invoked itself: so is its first round.

    Raises SettingFailed, TextUnavailable, InputError, Throttled.
    """
    expression = agent.agent_action.input
    if expression is None:
        return prompt.build(agent, predecessors, engine.context.new_uuid(), engine.context)
    more: dict[str, Any] = {} if agent.agent_action.repeat is None else {"round": 1}
    return _text(view.value("input", expression, session, predecessors, agent=agent, **more))


def _text(value: object) -> str:
    text = element.as_text(value)
    try:
        validation.text(text)
    except InputError as wrong:
        raise type(wrong)(f"`input`: {wrong.message}") from wrong
    return text


def told_next(
    engine: Engine, session: models.Session, agent: models.SessionAgent, sinks: Agents
) -> str:
    """What the next round is told: the same as the first, and what the last round said.

    `input` sees all rounds so far as `previous` instead.
    """
    predecessors = surroundings.predecessors(engine, agent)
    expression = agent.agent_action.input
    if expression is None:
        # What predecessors said comes first, and last what the round said.
        return prompt.build(
            agent, [*predecessors, *sinks], engine.context.new_uuid(), engine.context
        )
    more = {"round": int(agent.grown) + 1}
    rounds = [*_earlier(engine, agent), sinks]
    return _text(
        view.value("input", expression, session, predecessors, agent=agent, rounds=rounds, **more)
    )


def is_over(
    engine: Engine, session: models.Session, agent: models.SessionAgent, sinks: Agents
) -> bool:
    """Whether the condition holds for the last round, of which these are the sinks."""
    until = agent.agent_action.repeat.until
    rounds = _earlier(engine, agent) if "previous" in until else []
    more = {"round": int(agent.grown)}
    return bool(
        view.condition("repeat.until", until, session, sinks, agent=agent, rounds=rounds, **more)
    )


def _earlier(engine: Engine, agent: models.SessionAgent) -> list[Agents]:
    """The sinks of all rounds before the last one."""
    growths = [growth for growth in agent.grew or () if growth.turn is None][:-1]
    ordinals = {ordinal for growth in growths for ordinal in growth.sink_ordinals()}
    found = surroundings.numbered(engine, agent, ordinals)
    return [
        [one for one in found if int(one.ordinal) in growth.sink_ordinals()] for growth in growths
    ]


def thread(sinks: Agents) -> str | None:
    """The thread that the next round continues."""
    first = min(sinks, key=lambda one: int(one.ordinal))
    return first.thread_uuid and str(first.thread_uuid)
