"""What came of the work that an agent has delegated, and to whom it may delegate."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from ai_coordination import ids, models, texts
from ai_coordination.context import InvocationContext
from ai_coordination.engine.planning import pinned_tasks
from ai_coordination.models import reads
from ai_coordination.runtimes import person_answers
from ai_coordination.runtimes.delegations import Delegate, Delegated, said_of, text_of
from ai_coordination.states import SessionAgentState


class Results(NamedTuple):
    """Of the delegation with which the agent's last turn ended, and of those before it."""

    last: Sequence[Delegated] = ()
    before: Sequence[Delegated] = ()


NONE: Final = Results()
MOST_DEPTH: Final = 5
LONGEST_DESCRIPTION: Final = 4_000
LAST_TURN: Final = "Nothing more can be delegated. Answer now."


def growths(agent: models.SessionAgent) -> list[models.Growth]:
    """The delegations of an agent, in the order of their turns."""
    return [growth for growth in agent.grew or () if growth.turn is not None]


def ended_last_turn(agent: models.SessionAgent) -> bool:
    """Whether the agent's last turn ended with a delegation."""
    delegations = growths(agent)
    return bool(delegations) and int(delegations[-1].turn) == agent.current_turn - 1


def rules(
    session: models.Session, agent: models.SessionAgent
) -> tuple[Mapping[str, models.Agent], Mapping[str, models.AgentAction]]:
    """The members to which work may be delegated, and the actions of the agent's task, by UUID.

    Raises TextUnavailable, Throttled.
    """
    pinned = pinned_tasks.of(session)
    task = pinned.tasks.get(_task_of(session, agent))
    return pinned.members, {} if task is None else task.actions


def _task_of(session: models.Session, agent: models.SessionAgent) -> str:
    """The task whose copy an agent is part of: that of the next agent above it that runs a task."""
    inside: models.SessionAgent | None = agent
    while inside is not None and inside.parent_ordinal is not None:
        ordinal, above = int(inside.ordinal), str(inside.parent_uuid)
        inside = reads.get(
            models.SessionAgent, agent.session_uuid, above, tenant=agent.partition_key
        )
        if inside is None or inside.agent_action.task_uuid is None:
            continue
        # An agent that runs a task may delegate too.
        if not any(ordinal in growth.ordinals() for growth in growths(inside)):
            return str(inside.agent_action.task_uuid)
    return str(session.task_uuid)


def delegates(session: models.Session, agent: models.SessionAgent) -> list[Delegate]:
    """The members to which the agent may delegate in this turn. Raises TextUnavailable."""
    allowed = list(map(str, agent.agent_action.delegates_to))
    is_last_turn = agent.current_turn >= int(agent.agent_action.max_turns)
    if not allowed or is_last_turn or int(agent.depth or 0) >= MOST_DEPTH:
        return []
    known = pinned_tasks.of(session).members
    return [
        Delegate(uuid, known[uuid].agent_name, _shortened(known[uuid].agent_description))
        for uuid in allowed
        if uuid in known and uuid != agent.agent_uuid
    ]


def _shortened(description: str | None) -> str | None:
    return description and description[:LONGEST_DESCRIPTION]


def load(agent: models.SessionAgent, context: InvocationContext) -> Results:
    """Return the results of the work that the agent has delegated. Raises TextUnavailable."""
    places = [(growth, index) for growth in growths(agent) for index in range(int(growth.size))]
    if not places:
        return NONE
    keys: list[reads.Key] = [
        (models.SessionAgent, agent.session_uuid, _address(agent, growth, index))
        for growth, index in places
    ]
    found = reads.batch_get(keys, tenant=agent.partition_key, context=context)
    results = [
        _result(growth, index, child)
        for (growth, index), child in zip(places, found, strict=True)
        if child is not None
    ]
    last_turn = agent.current_turn - 1
    return Results(
        [one for one in results if one.turn == last_turn],
        [one for one in results if one.turn != last_turn],
    )


def _address(agent: models.SessionAgent, growth: models.Growth, index: int) -> str:
    return ids.session_agent_uuid(agent.session_uuid, int(growth.base) + index)


def _result(growth: models.Growth, index: int, child: models.SessionAgent) -> Delegated:
    is_done = child.state == SessionAgentState.COMPLETED
    said = person_answers.about_output(child) if is_done and person_answers.asks(child) else None
    judged = {} if said is None else {"userInput": said.text, **person_answers.unread(child)}
    return Delegated(
        turn=int(growth.turn),
        place=index,
        agent_uuid=child.agent_uuid,
        agent_name=child.member.agent_name,
        session_agent_uuid=child.session_agent_uuid,
        state=SessionAgentState(child.state),
        output=child.agent_output if is_done else None,
        notes=texts.read(child.partition_key, child.notes),
        said=said,
        judged=judged,
    )


def sections(agent: models.SessionAgent, results: Results) -> Iterator[tuple[str, models.Text]]:
    """Return a heading, whose line breaks are not removed yet, and a text for each result."""
    for one in results.before:
        heading = f"Work {one.place + 1}, which you delegated in turn {one.turn}"
        yield f"{heading} to agent {one.agent_name}", text_of(one)
        yield from said_of(one)
    for one in results.last:
        heading = f"Work {one.place + 1}, which you have just delegated"
        yield f"{heading} to agent {one.agent_name}", text_of(one)
        yield from said_of(one)
    if results.last and agent.current_turn >= int(agent.agent_action.max_turns):
        yield "Your last turn", LAST_TURN
