"""The plan of a retry: which agents it resets. It is pinned with the session's mark.

So a worker that resumes the retry after a crash resets the same agents.
"""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ai_coordination import graph, models
from ai_coordination.engine.agent import answer
from ai_coordination.states import FailurePolicy, SessionAgentState

# What a retry begins from, unless the caller names agents.
UNFINISHED = (SessionAgentState.FAILED, SessionAgentState.CANCELLED, SessionAgentState.SKIPPED)

Members = Mapping[str, models.Agent]


@dataclass(frozen=True, slots=True)
class Plan:
    """The ordinals of the agents to `reset`, and how.

    Those in `asking` keep their answer, and ask about it again. `members` are the coordination's
    present members, if they replace those of the start. `falls_short` says that agents stay which
    failed the session or were cancelled, so that it cannot complete.
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
    """Plan to reset the agents that a retry begins from, and all that follow, completed or not.

    It begins from the named agents; if None are named, from all that failed, were cancelled or were
    skipped.
    """
    begins = {int(agent.ordinal) for agent in agents if _begins(agent, named)}
    return _beginning_from(begins, begins if named is not None else set(), agents, members)


def recovered(agents: Sequence[models.SessionAgent], iteration: int) -> Plan:
    """Plan again in place of a plan whose text is lost, while agents are reset to an iteration.

    It resets the agents that are reset already, and all that failed, were cancelled or skipped.
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
    # If an agent is missing here, it was missing for the mark too, and there is no retry.
    after = {
        at: [int(successor) for successor in agent.successors or () if successor in by_ordinal]
        for at, agent in by_ordinal.items()
    }
    reset = graph.downstream(begins, after)
    asking = {
        at
        for at in reset - named
        if members is None
        and answer.keeps_answer(by_ordinal[at])
        and reset.isdisjoint(map(int, by_ordinal[at].predecessors or ()))
    }
    left = [agent for at, agent in by_ordinal.items() if at not in reset]
    return Plan(frozenset(reset), frozenset(asking), members, any(map(_falls_short, left)))


def by_version_0_1_0(agents: Sequence[models.SessionAgent]) -> Plan:
    """Plan a retry that version 0.1.0 began. It pinned no plan, and left completed agents alone."""
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
        members = {uuid: member.serialize(member) for uuid, member in plan.members.items()}
    whole = json.dumps([sorted(plan.reset), sorted(plan.asking), members, plan.falls_short])
    return b64encode(zlib.compress(whole.encode())).decode()


def load(stored: str) -> Plan:
    """Read what `dump` wrote."""
    reset, asking, stored_members, falls_short = json.loads(zlib.decompress(b64decode(stored)))
    members = None
    if stored_members is not None:
        members = {uuid: _MEMBER.deserialize(member) for uuid, member in stored_members.items()}
    return Plan(frozenset(reset), frozenset(asking), members, falls_short)


_MEMBER = models.Agent()
