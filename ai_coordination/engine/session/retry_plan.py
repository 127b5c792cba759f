"""What a retry resets: planned once, from a session that has ended, and pinned with its mark.

So a worker that resumes a retry after a crash resets the same agents.
"""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ai_coordination import graph, models
from ai_coordination.engine.agent import answer
from ai_coordination.states import FailurePolicy, SessionAgentState

# What a retry begins from where it is not told.
UNFINISHED = (SessionAgentState.FAILED, SessionAgentState.CANCELLED, SessionAgentState.SKIPPED)

Members = Mapping[str, models.Agent]


@dataclass(frozen=True, slots=True)
class Plan:
    """Agents are named by their ordinals.

    `asking` are those among the reset ones that keep their answer, and ask about it again.
    `members` are the coordination's of now, where they replace those of the start. `falls_short`:
    some agents stay that failed the session or were cancelled.
    """

    reset: frozenset[int]
    asking: frozenset[int] = frozenset()
    members: Members | None = None
    falls_short: bool = False


def plan(
    agents: Sequence[models.SessionAgent],
    named: Collection[str] | None = None,
    members: Members | None = None,
) -> Plan:
    """Resets what a retry begins from, and all that follows it, completed or not.

    It begins from the agents that have these addresses or, where none are named, from all that
    failed, were cancelled or were skipped.
    """
    begins = {int(agent.ordinal) for agent in agents if _begins(agent, named)}
    return _beginning_from(begins, begins if named is not None else set(), agents, members)


def recovered(agents: Sequence[models.SessionAgent], iteration: int) -> Plan:
    """A plan in place of one whose text is lost, while agents are reset to an iteration.

    It takes in those that are reset already, and all that failed, were cancelled or were skipped.
    """
    begins = {
        int(agent.ordinal)
        for agent in agents
        if agent.iteration == iteration or agent.state in UNFINISHED
    }
    return _beginning_from(begins, set(), agents, None)


def _beginning_from(
    begins: set[int],
    named: set[int],
    agents: Sequence[models.SessionAgent],
    members: Members | None,
) -> Plan:
    by_ordinal = {int(agent.ordinal): agent for agent in agents}
    # One that is missing here is missing for the mark, too: then the session cannot be retried.
    after = {
        at: [int(one) for one in agent.successors or () if one in by_ordinal]
        for at, agent in by_ordinal.items()
    }
    reset = graph.downstream(begins, after)
    asking = {
        at
        for at in reset - named
        if members is None
        and answer.keeps_answer(by_ordinal[at])
        and not any(int(one) in reset for one in by_ordinal[at].predecessors or ())
    }
    left = [agent for at, agent in by_ordinal.items() if at not in reset]
    return Plan(frozenset(reset), frozenset(asking), members, any(map(_falls_short, left)))


def by_version_0_1_0(agents: Sequence[models.SessionAgent]) -> Plan:
    """What a retry resets that version 0.1.0 began: it pinned nothing, and left completed ones."""
    unfinished = [agent for agent in agents if agent.state != SessionAgentState.COMPLETED]
    return Plan(frozenset(int(agent.ordinal) for agent in unfinished))


def _begins(agent: models.SessionAgent, named: Collection[str] | None) -> bool:
    if named is None:
        return agent.state in UNFINISHED
    return agent.session_agent_uuid in named


def _falls_short(agent: models.SessionAgent) -> bool:
    if agent.state == SessionAgentState.FAILED:
        return bool(agent.agent_action.on_failure == FailurePolicy.FAIL_SESSION)
    return bool(agent.state == SessionAgentState.CANCELLED)


def dump(plan: Plan) -> str:
    """Return the plan as the session stores it, compressed, because members repeat themselves."""
    members = None
    if plan.members is not None:
        members = {uuid: one.serialize(one) for uuid, one in plan.members.items()}
    whole = json.dumps([sorted(plan.reset), sorted(plan.asking), members, plan.falls_short])
    return b64encode(zlib.compress(whole.encode())).decode()


def load(stored: str) -> Plan:
    """Read what `dump` wrote."""
    reset, asking, given, falls_short = json.loads(zlib.decompress(b64decode(stored)))
    members = None
    if given is not None:
        members = {uuid: _MEMBER.deserialize(one) for uuid, one in given.items()}
    return Plan(frozenset(reset), frozenset(asking), members, falls_short)


_MEMBER = models.Agent()
