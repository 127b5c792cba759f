"""What an agent does that may start and whose action has a rule: it adds agents, or it goes ahead.

The rule is used up after the one growth of `forEach` or `taskUuid`, and with `repeat` when its
condition holds for the last round, or no round is left.
"""

from collections.abc import Sequence
from typing import NamedTuple

from ai_coordination import models, texts
from ai_coordination.engine.agent import fail, surroundings, threads, transitions, view
from ai_coordination.engine.agent.apply import apply
from ai_coordination.engine.agent.growth import children, copies, elements, grow, rounds
from ai_coordination.engine.agent.growth.children import Work
from ai_coordination.engine.agent.transition import Changes, Transition
from ai_coordination.engine.context import Engine
from ai_coordination.errors import InputError, TextUnavailable
from ai_coordination.states import FailurePolicy, SessionAgentState

Agents = Sequence[models.SessionAgent]


class UsedUp(NamedTuple):
    """The agent is claimed now. It follows these agents, and has a note if there is one."""

    follows: Agents
    notes: str | None = None


def follow(
    engine: Engine, session: models.Session, agent: models.SessionAgent, seen: Agents
) -> UsedUp | None:
    """Follow the rule of an agent that may start. `seen` are the agents that it follows now.

    Returns None if the agent has added others, or has failed, or is somewhere else by now. Raises
    Throttled.
    """
    try:
        if agent.grown:
            return _after_growth(engine, session, agent, seen)
        return _first(engine, session, agent, seen)
    except (
        elements.BadElement,
        elements.NoList,
        grow.NoRoom,
        InputError,
        TextUnavailable,
        view.SettingFailed,
    ) as wrong:
        fail.give_up(engine, agent, wrong.message)
        return None


def _first(
    engine: Engine, session: models.Session, agent: models.SessionAgent, predecessors: Agents
) -> UsedUp | None:
    if agent.agent_action.for_each is None:
        text = rounds.told(engine, session, agent, predecessors)
        _grow(engine, session, agent, [Work(text)], predecessors)
        return None
    found = elements.items(session, agent, predecessors)
    if not found:
        return _nothing_to_add(engine, agent)
    grow.check_room(session, len(found))
    told = elements.told(session, agent, predecessors, found)
    asks = elements.asked_about(session, agent, found)
    work = [
        Work(text, index, asked=who)
        for index, (text, who) in enumerate(zip(told, asks, strict=True))
    ]
    _grow(engine, session, agent, work, predecessors)
    return None


def _nothing_to_add(engine: Engine, agent: models.SessionAgent) -> UsedUp | None:
    """The list is empty. An agent that is invoked afterwards notes that its rule is used up."""
    if agent.collects:
        return UsedUp(())
    at = engine.after_grace()
    noted = apply(engine, transitions.to_grown(engine, agent, {}, at))
    if noted is not None:
        engine.send(noted)
    return None


def _after_growth(
    engine: Engine, session: models.Session, agent: models.SessionAgent, sinks: Agents
) -> UsedUp | None:
    failed = _failure(engine, session, agent, sinks)
    if failed is not None:
        fail.give_up(engine, agent, failed)
        return None
    repeat = agent.agent_action.repeat
    if repeat is None:
        return UsedUp(sinks)
    if rounds.is_over(engine, session, agent, sinks):
        return UsedUp(sinks)
    if agent.grown >= repeat.max_rounds:
        notes = f"`repeat.until` did not hold in {repeat.max_rounds:.0f} rounds: {repeat.until}"
        return UsedUp(sinks, notes)
    text = rounds.told_next(engine, session, agent, sinks)
    _grow(engine, session, agent, [Work(text, thread_uuid=rounds.thread(sinks))])
    return None


def _failure(
    engine: Engine, session: models.Session, agent: models.SessionAgent, sinks: Agents
) -> str | None:
    """The note of an agent that fails because of what it has added. None if it does not."""
    if children.tolerates_failures(agent):
        return _too_many_failures(engine, agent, sinks)
    failed = None if agent.collects else copies.failed_in(engine, session, agent)
    return None if failed is None else f"{failed.member.agent_name} has failed in the sub-task"


def _too_many_failures(engine: Engine, agent: models.SessionAgent, sinks: Agents) -> str | None:
    """The note of an agent of whose list more elements have failed than it tolerates."""
    for_each, growth = agent.agent_action.for_each, agent.last_growth
    if growth is None:
        return None
    step, first = int(growth.step), int(growth.base)
    added = sinks
    if step > 1:
        added = surroundings.numbered(engine, agent, range(first, first + int(growth.size)))
    failed = {
        (int(one.ordinal) - first) // step for one in added if _is_failure(one, alone=step == 1)
    }
    most = int(for_each.tolerated_failures)
    if len(failed) <= most:
        return None
    copies = int(growth.size) // step
    return f"{len(failed)} of {copies} elements have failed, and {most} may: see `children`"


def _is_failure(agent: models.SessionAgent, *, alone: bool) -> bool:
    continues = agent.agent_action.on_failure == FailurePolicy.CONTINUE
    return agent.state == SessionAgentState.FAILED and (alone or not continues)


def _grow(
    engine: Engine,
    session: models.Session,
    agent: models.SessionAgent,
    work: Sequence[Work],
    predecessors: Agents = (),
) -> None:
    """Add agents for this work. With its first growth the agent notes which thread it continues."""
    pending = texts.PendingTexts(texts.Owner.of(agent))
    if agent.collects:
        plan = children.of_itself(agent, work, pending)
    else:
        plan = copies.of_task(engine, session, agent, work, pending)
    pending.write()

    thread = {"thread_uuid": threads.continued(session, agent, predecessors)}

    def move(growth: Changes, due_at: str | None) -> Transition:
        return transitions.to_grown(engine, agent, {**thread, **growth}, due_at)

    grow.grow(engine, session, agent, plan, move)
