"""Invariants of a session whose graph grows."""

import json
from typing import Any

from ai_coordination import models, texts
from ai_coordination.engine.session.retry_plan import Plan
from ai_coordination.expressions import output_value
from ai_coordination.runtimes.base import Call
from ai_coordination.states import (
    TERMINAL_AGENT,
    TERMINAL_SESSION,
    RejectionPolicy,
    SessionAgentState,
    UserInTheLoop,
)
from tests.simulation import flows
from tests.simulation.flows import UNTILS
from tests.simulation.simulator import TENANT
from tests.simulation.snapshot import Snapshot

# The most agents of a random session.
MOST_AGENTS = 40
ENDED_ITSELF = TERMINAL_AGENT - {SessionAgentState.CANCELLED}


def always(now: Snapshot) -> None:
    """At any moment, between any two writes."""
    session, agents = now.session, now.agents
    if session.next_ordinal is None:
        assert not any(agent.grew or agent.growing for agent in agents), "it cannot grow"
        return
    missing = 0
    taken: set[int] = set()
    for agent in agents:
        missing += _missing(now, agent, taken)
    if session.iteration_count:
        assert session.graph_size == len(agents) + missing, "the size of the graph is wrong"
    assert all(agent.ordinal < session.next_ordinal for agent in agents)
    assert not session.graph_size or session.graph_size - _superseded(session) <= MOST_AGENTS
    for agent in agents:
        _keeps_its_place(now, agent)
    if not session.operation:
        assert sum(bool(agent.superseded) for agent in agents) == _superseded(session)
        # Only of one that asked something may an event be unsent.
        assert not any(one.superseded and one.due_at and not one.asked_at for one in agents)


def _superseded(session: models.Session) -> int:
    return int(session.superseded_count or 0)


def _missing(now: Snapshot, agent: models.SessionAgent, taken: set[int]) -> int:
    """How many agents of its last growth are not written yet. All others are there, and its own."""
    missing = 0
    growths = list(agent.grew or ())
    for place, growth in enumerate(growths):
        children = set(range(int(growth.base), int(growth.base + growth.size)))
        assert not children & taken, "two growths have the same ordinals"
        taken |= children
        absent = children - now.by_ordinal.keys()
        assert not absent or (agent.growing and place == len(growths) - 1), "agents are missing"
        missing += len(absent)
        for at in children - absent:
            child = now.by_ordinal[at]
            assert child.parent_ordinal == agent.ordinal
            assert int(child.depth) == int(agent.depth or 0) + 1
    if agent.growing:
        assert agent.state == SessionAgentState.INITIAL, "it grows, and has moved on"
        assert agent.due_at or now.session.operation, "nobody writes the rest of a growth"
    return missing


def _keeps_its_place(now: Snapshot, agent: models.SessionAgent) -> None:
    """A child is in a growth of its parent, unless a retry has replaced it, or is about to."""
    for before in agent.order_predecessors or ():
        other = now.by_ordinal.get(int(before))
        if other is not None and other.iteration == agent.iteration:
            assert agent.ordinal in (other.order_successors or ()), "an order edge has one end"
    if agent.parent_ordinal is None or agent.superseded or now.session.operation:
        return
    parent = now.by_ordinal[int(agent.parent_ordinal)]
    assert any(agent in now.of_growth(growth) for growth in parent.grew or ()), "of no growth"
    assert not parent.superseded


def at_rest(now: Snapshot) -> None:
    """Once nothing is due."""
    if now.session.iteration_count:
        assert now.session.graph_size in (None, now.session.agent_count), "agents are missing"
    for agent in now.agents:
        assert not agent.growing, "at rest an agent grows"


def moved(now: Snapshot, was: models.SessionAgent, agent: models.SessionAgent) -> None:
    """Check a change of an agent."""
    if agent.state == SessionAgentState.SKIPPED != was.state:
        # Earlier versions gave no reason.
        assert agent.notes, "it is skipped without a reason"
    ends = agent.state in ENDED_ITSELF and was.state not in TERMINAL_AGENT
    starts = agent.state == SessionAgentState.IN_PROGRESS and was.state == SessionAgentState.INITIAL
    if ends or starts:
        for growth in agent.grew or ():
            for child in now.of_growth(growth):
                assert child.state in TERMINAL_AGENT, "its child has not ended"
        assert not was.growing or was.state != SessionAgentState.INITIAL or not was.waiting_on
    if starts:
        _is_in_order(now, agent)
    if len(agent.grew or ()) > len(was.grew or ()):
        _grew_rightly(now, was, agent)


def is_reset(agent: models.SessionAgent, plan: Plan) -> None:
    """Check an agent that a retry has reset: what it grew by may be another list now."""
    if plan.reset.intersection(agent.predecessors or ()):
        assert not agent.grew, "it keeps agents of a list that may be another one"
        assert not agent.grown


def _is_in_order(now: Snapshot, agent: models.SessionAgent) -> None:
    """What limits how many copies of a growth run at a time holds, also after a retry."""
    for before in agent.order_predecessors or ():
        other = now.by_ordinal[int(before)]
        assert other.state in TERMINAL_AGENT or other.iteration < agent.iteration, "out of order"
    if agent.parent_ordinal is None:
        return
    parent = now.by_ordinal[int(agent.parent_ordinal)]
    each = parent.agent_action.for_each
    growth = next(one for one in parent.grew if agent in now.of_growth(one))
    if each is None or each.max_concurrency is None or growth.turn is not None:
        return
    running = set()
    for child in now.of_growth(growth):
        is_over = child.iteration != agent.iteration or child.state in TERMINAL_AGENT
        if not is_over and _has_begun(now, child):
            running.add(int(child.ordinal - growth.base) // int(growth.step))
    assert len(running) <= each.max_concurrency, "more run at a time than are allowed"


def _has_begun(now: Snapshot, agent: models.SessionAgent) -> bool:
    """Whether an agent, or what it has added, runs in this iteration, or has run."""
    if agent.state != SessionAgentState.INITIAL or agent.attempt:
        return True
    own = [one for one in now.agents if one.parent_ordinal == agent.ordinal]
    # One that was reset with what it had added may still wait for others.
    waits_for_its_own = (agent.waiting_on or set()) <= {one.ordinal for one in own}
    if agent.grew and waits_for_its_own:
        return True
    return any(one.iteration == agent.iteration and _has_begun(now, one) for one in own)


def _grew_rightly(now: Snapshot, was: models.SessionAgent, agent: models.SessionAgent) -> None:
    """A growth by a rule is one that the rule wants; a loop goes on only if it has to."""
    growth = agent.grew[-1]
    assert now.session.status not in TERMINAL_SESSION, "an ended session grows"
    if growth.turn is not None:
        assert agent.agent_action.delegates_to
        assert int(growth.turn) == int(was.turn or 1)
        return
    action = agent.agent_action
    assert action.for_each or action.repeat or action.task_uuid
    rounds = rounds_of(agent)
    if action.repeat is None:
        assert len(rounds) == 1, "a list is gone through twice"
        return
    assert len(rounds) <= action.repeat.max_rounds
    if len(rounds) > 1:
        assert not is_enough(now, agent, len(rounds) - 1), "another round after the last"


def may_run(now: Snapshot, agent: models.SessionAgent) -> bool:
    """Whether an agent's condition holds, if it has one."""
    when = agent.agent_action.when
    return when is None or flows.may_run(when, _before(now, agent))


def fails(now: Snapshot, agent: models.SessionAgent) -> bool:
    """Whether an agent that is not skipped cannot be started, because its condition fails."""
    when = agent.agent_action.when
    return when is not None and flows.fails(when, _before(now, agent))


def _before(now: Snapshot, agent: models.SessionAgent) -> dict[str, list[flows.Ended]]:
    """The states and the output values of an agent's predecessors, by name."""
    before: dict[str, list[flows.Ended]] = {}
    for one in now.before(agent):
        before.setdefault(str(one.agent_uuid), []).append(
            (str(one.state), _value(one), one.approved)
        )
    return before


def rounds_of(agent: models.SessionAgent) -> list[models.Growth]:
    """The growths of an agent's rule."""
    return [growth for growth in agent.grew or () if growth.turn is None]


def is_enough(now: Snapshot, agent: models.SessionAgent, number: int) -> bool:
    """Whether a loop should end with a round, by what the agents of that round alone said."""
    of_round = now.of_growth(rounds_of(agent)[number - 1])
    sinks = [child for child in of_round if int(agent.ordinal) in map(int, child.successors or ())]
    by_name: dict[str, list[Any]] = {}
    for child in sinks:
        by_name.setdefault(str(child.agent_uuid), []).append(_value(child))
    outputs = [values[0] if len(values) == 1 else values for values in by_name.values()]
    return UNTILS[agent.agent_action.repeat.until](
        number, outputs, [child.approved for child in sinks]
    )


def collects(agent: models.SessionAgent) -> bool:
    """Whether an agent's output is what those said that its rule has added."""
    action = agent.agent_action
    rules = action.for_each, action.repeat
    return any(rule is not None for rule in rules) and action.task_uuid is None


def is_collected(now: Snapshot, agent: models.SessionAgent) -> bool:
    """Whether an agent's output is that of its last round, or the list of its elements' values."""
    rounds = rounds_of(agent)
    children = now.of_growth(rounds[-1]) if rounds else []
    output = texts.read(TENANT, agent.agent_output)
    if agent.agent_action.for_each is not None:
        return bool(json.loads(output) == [_listed(child) for child in children])
    [last] = children
    said = [
        (one.approved, one.choice, one.user_input, one.answered_by, one.answered_at)
        for one in (agent, last)
    ]
    asks = agent.agent_action.user_in_the_loop is not None
    assert said[0] == said[1] or not asks, "what a person said about the last round is lost"
    return bool(output == texts.read(TENANT, last.agent_output))


def followed(now: Snapshot, agent: models.SessionAgent) -> list[models.SessionAgent]:
    """The agents whose outputs an agent is told: what its rule has added, or its predecessors."""
    rounds = rounds_of(agent)
    if not rounds:
        # The list may have been empty.
        return [] if agent.grown else now.before(agent)
    sinks = rounds[-1].sink_ordinals()
    return [child for child in now.of_growth(rounds[-1]) if child.ordinal in sinks]


def _listed(agent: models.SessionAgent) -> Any:
    """The value of an element, with what a person said about it."""
    value, action = _value(agent), agent.agent_action
    if action.user_in_the_loop is None or agent.state != SessionAgentState.COMPLETED:
        return value
    text, rule = texts.read(TENANT, agent.user_input), action.ask
    said: dict[str, Any] = {"agentOutput": value, "userInput": text}
    if action.user_in_the_loop == UserInTheLoop.CHOICE:
        said["choice"] = agent.choice
    elif rule is not None and rule.form is not None:
        said |= {"userInput": None, "answer": json.loads(str(text))}
    elif rule is not None and rule.on_rejection == RejectionPolicy.CONTINUE:
        said["approved"] = agent.approved
    return said


def _value(agent: models.SessionAgent) -> Any:
    if agent.state != SessionAgentState.COMPLETED or agent.agent_output is None:
        return None
    return output_value(texts.read(TENANT, agent.agent_output))


def completed(now: Snapshot, agent: models.SessionAgent) -> None:
    """A loop ended because its condition was met, or no round was left."""
    action = agent.agent_action
    if action.repeat is None or not agent.grew:
        return
    rounds = len(rounds_of(agent))
    assert rounds == action.repeat.max_rounds or is_enough(now, agent, rounds), "it ended early"


def called(now: Snapshot, call: Call) -> None:
    """The results of a delegation are those of its children, and of all of them."""
    agent = now.by_ordinal[int(call.agent.ordinal)]
    for given, turns in (
        (call.delegated, [call.turn - 1]),
        (call.delegated_before, range(1, call.turn - 1)),
    ):
        children = [
            child
            for growth in agent.grew or ()
            if growth.turn is not None and growth.turn in turns
            for child in now.of_growth(growth)
        ]
        told = [(one.session_agent_uuid, str(one.state), one.output) for one in given]
        done = SessionAgentState.COMPLETED
        assert told == [
            (
                child.session_agent_uuid,
                child.state,
                child.agent_output if child.state == done else None,
            )
            for child in children
        ], "the results of other work"
