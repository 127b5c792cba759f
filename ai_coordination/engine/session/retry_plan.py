"""The plan of a retry: which agents it resets. It is pinned with the session's mark.

So a worker that resumes the retry after a crash resets the same agents.
"""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from ai_coordination import models
from ai_coordination.engine.agent import answer
from ai_coordination.engine.session import order_edges
from ai_coordination.engine.session.family import (
    Family,
    delegates,
    falls_short,
    is_unfinished,
    ordinals,
)
from ai_coordination.engine.session.order_edges import Lanes
from ai_coordination.states import SessionAgentState

Members = Mapping[str, models.Agent]


class Plan(NamedTuple):
    """The ordinals of the agents to `reset`, and how.

    Those in `asking` keep their answer, and ask about it again. `members` are the coordination's
    present members, if they replace those of the start. `falls_short` says that agents stay which
    failed the session or were cancelled, so that it cannot complete.

    `keeps` has each agent that begins its rule or its turns anew, with how many of its growths it
    keeps. The agents of the others, and all below them, are `superseded`. `lanes` are the growths
    with a limit of agents that run at a time.
    """

    reset: frozenset[int]
    asking: frozenset[int] = frozenset()
    members: Members | None = None
    falls_short: bool = False
    keeps: Mapping[int, int] = MappingProxyType({})
    superseded: frozenset[int] = frozenset()
    lanes: tuple[Lanes, ...] = ()


def plan(
    agents: Sequence[models.SessionAgent],
    named: Collection[str] | None = None,
    members: Members | None = None,
) -> Plan:
    """Plan to reset the agents that a retry begins from, and all that follow, completed or not.

    It begins from the named agents, and from what is unfinished below them. If None are named, from
    all that failed, were cancelled, or were skipped because of a failure; not from what a parent
    has handled.
    """
    family = Family(agents)
    if named is None:
        return _Planning(family, family.unfinished(), members=members).plan()
    at_first = {at for at, one in family.by_ordinal.items() if one.session_agent_uuid in named}
    tops = {at for at in at_first if is_unfinished(family.by_ordinal[at])}
    below = family.unfinished(tops) & family.below(tops) if tops else set()
    return _Planning(family, at_first | below, named=at_first, members=members).plan()


def recovered(agents: Sequence[models.SessionAgent], iteration: int) -> Plan:
    """Plan again in place of a plan whose text is lost, while agents are reset to an iteration.

    It resets what the lost plan is known to contain, and all that is unfinished, unless an agent
    that is reset already would have to wait for it, and does not.
    """
    family = Family(agents)
    done = {at for at, one in family.by_ordinal.items() if one.iteration == iteration}
    begins = set(done)
    for at in done:
        one = family.by_ordinal[at]
        begins |= ordinals(one.waiting_on) | ordinals(one.order_successors)
    begins = family.downstream(begins & family.by_ordinal.keys())
    for at in family.unfinished() - begins:
        more = family.downstream({at}) - begins
        if not any(done.intersection(family.after(one)) for one in more):
            begins |= more
    plan = _Planning(family, begins, done=done).plan()
    # Agents that are reset already have the order edges of the lost plan: those alone hold.
    begun = order_edges.lanes_of(family, done)
    return plan._replace(lanes=tuple(lanes for lanes in plan.lanes if lanes not in begun))


def by_version_0_1_0(agents: Sequence[models.SessionAgent]) -> Plan:
    """Plan a retry that version 0.1.0 began. It pinned no plan, and left completed agents alone."""
    unfinished = [agent for agent in agents if agent.state != SessionAgentState.COMPLETED]
    return Plan(frozenset(int(agent.ordinal) for agent in unfinished))


class _Planning:
    """A plan while it is made: from the agents that the retry begins from.

    `named` are those that the caller named; `done` those that are reset already.
    """

    def __init__(
        self,
        family: Family,
        begins: Collection[int],
        *,
        named: Collection[int] = (),
        members: Members | None = None,
        done: Collection[int] = (),
    ) -> None:
        self._family = family
        self._named = named
        self._members = members
        self._done = done
        self._reset = family.downstream(begins)

    def plan(self) -> Plan:
        """Return the plan."""
        family = self._family
        asking = {at for at in self._reset if self._asks_again(at)}
        keeps = {at: self._kept(at) for at in self._reset - asking}
        gone = family.descendants(
            child for at, kept in keeps.items() for child in family.children_since(at, kept)
        )
        reset = self._reset - gone
        loses = {at: kept for at, kept in keeps.items() if at in reset and self._loses(at, kept)}
        left = [one for at, one in family.by_ordinal.items() if at not in reset and at not in gone]
        return Plan(
            frozenset(reset),
            frozenset(asking - gone),
            self._members,
            any(map(falls_short, left)),
            loses,
            frozenset(gone),
            order_edges.lanes_of(family, reset),
        )

    def _loses(self, at: int, kept: int) -> bool:
        """Whether the agent has more than so many growths, or an empty list was its only one."""
        agent = self._family.by_ordinal[at]
        is_empty = bool(agent.grown) and not agent.grew and at not in self._done
        return is_empty or kept < len(agent.grew or ())

    def _asks_again(self, at: int) -> bool:
        """Whether the agent keeps an answer that nobody has judged, as it rests on nothing new."""
        agent = self._family.by_ordinal[at]
        rests_on = {*ordinals(agent.predecessors), *self._family.children(at)}
        return (
            self._members is None
            and at not in self._named
            and answer.keeps_answer(agent)
            and self._reset.isdisjoint(rests_on)
        )

    def _kept(self, at: int) -> int:
        """How many of its growths the agent keeps.

        None, if what it has grown by may be another list now. What it delegated is kept only if it
        continues in the turn after. Growths after one of which agents are reset were made from what
        these said.
        """
        agent = self._family.by_ordinal[at]
        kept = len(agent.grew or ())
        if not kept or at in self._done:
            return kept
        if not self._reset.isdisjoint(ordinals(agent.predecessors)):
            return 0
        if at in self._named and agent.state == SessionAgentState.COMPLETED:
            return 0
        first = delegates(agent)
        if first is not None and not continues_turn(agent):
            kept = first
        places = {
            self._family.growth_of(child)
            for child in self._family.children(at)
            if child in self._reset
        }
        return min([kept, *(place + 1 for place in places if place is not None)])


def continues_turn(agent: models.SessionAgent) -> bool:
    """Whether an agent was cancelled in the turn after a delegation, before it answered or asked.

    It continues in that turn, with what its runtime needs for it. Every other agent begins anew.
    """
    grew = list(agent.grew or ())
    if agent.state != SessionAgentState.CANCELLED or not grew or grew[-1].turn is None:
        return False
    asks = bool(agent.asked_question) and agent.reply is None
    is_next = agent.current_turn == int(grew[-1].turn) + 1
    return is_next and agent.agent_output is None and not asks


def dump(plan: Plan) -> str:
    """Return the plan as the session stores it, compressed, because members repeat themselves.

    The plan of a session that has not grown is as earlier versions stored it.
    """
    members = None
    if plan.members is not None:
        members = {uuid: member.serialize(member) for uuid, member in plan.members.items()}
    whole: list[object] = [sorted(plan.reset), sorted(plan.asking), members, plan.falls_short]
    growths = [sorted(plan.keeps.items()), sorted(plan.superseded), plan.lanes]
    if any(growths):
        whole.append(growths)
    return b64encode(zlib.compress(json.dumps(whole).encode())).decode()


def load(stored: str) -> Plan:
    """Read what `dump` wrote, of this version or an earlier one."""
    whole = json.loads(zlib.decompress(b64decode(stored)))
    reset, asking, stored_members, short, *growths = whole
    keeps, superseded, lanes = growths[0] if growths else ([], [], [])
    members = None
    if stored_members is not None:
        members = {uuid: _MEMBER.deserialize(member) for uuid, member in stored_members.items()}
    return Plan(
        frozenset(reset),
        frozenset(asking),
        members,
        short,
        dict(map(tuple, keeps)),
        frozenset(superseded),
        tuple(Lanes(*one) for one in lanes),
    )


_MEMBER = models.Agent()
