"""Add agents in front of an agent of a session in progress. It waits for those that lead to it.

A small growth is one transaction. A large one begins with the part of the agent and the session:
the agent waits from then on, and has the plan of what is missing (`growing`). The new agents follow
in chunks, each after all that its agents lead to, so each may run as soon as it is written. The
last write removes the plan. Any worker that finds the plan resumes it: see `growth.rest`.

Ordinals come from the session's counter, which is in the condition of the first write. So no two
growths have the same ones.
"""

from collections.abc import Callable
from dataclasses import replace

from pynamodb.expressions.condition import Condition

from ai_coordination import models, texts
from ai_coordination.engine.agent.apply import apply
from ai_coordination.engine.agent.growth import rest
from ai_coordination.engine.agent.growth.plan import Plan
from ai_coordination.engine.agent.transition import Changes, Transition
from ai_coordination.engine.context import Engine
from ai_coordination.engine.planning import new_agents, planned_agents
from ai_coordination.errors import EngineError, PayloadTooLarge
from ai_coordination.models import reads, sizes
from ai_coordination.models.writes import MOST_PARTS
from ai_coordination.services import capacity
from ai_coordination.services.validation import MOST_AGENTS

# The agent, its session and its run are parts of the same transaction. One is spare.
MOST_AT_ONCE = MOST_PARTS - 4
# How often a growth is planned again because others of the session were faster.
MOST_TRIES = 30
FIRST_WAIT_SECONDS = 0.02
LONGEST_WAIT_SECONDS = 0.5

# Makes the transition of the parent from what the growth changes, and when the rest is due.
Move = Callable[[Changes, str | None], Transition]


class NoRoom(EngineError):
    """The session cannot have so many more agents."""


def grow(
    engine: Engine, session: models.Session, agent: models.SessionAgent, plan: Plan, move: Move
) -> models.SessionAgent | None:
    """Add the agents of a plan in front of an agent, by a transition of this one.

    Everything is checked and measured before the first write. Returns the agent as the transition
    leaves it; None if it, its run or its session has moved on. Raises NoRoom, PayloadTooLarge and
    Throttled: then nothing was written.
    """
    now: models.Session | None = session
    wait = FIRST_WAIT_SECONDS
    for _ in range(MOST_TRIES):
        if now is None or not rest.may_grow(now, agent):
            return None
        growth = _Growing(engine, now, agent, plan)
        grown = apply(engine, growth.transition(move))
        if grown is not None:
            growth.follow(grown)
            return grown
        before = now
        now, still = _read_again(engine, agent)
        if not _is_same(still, agent) or (now and now.next_ordinal == before.next_ordinal):
            return None
        engine.context.sleep(engine.context.random() * wait)
        wait = min(2 * wait, LONGEST_WAIT_SECONDS)
    engine.send(agent, delay_seconds=1.0)
    return None


def _read_again(
    engine: Engine, agent: models.SessionAgent
) -> tuple[models.Session | None, models.SessionAgent | None]:
    session, now = reads.batch_get(
        [
            (models.Session, agent.coordination_uuid, agent.session_uuid),
            (models.SessionAgent, agent.session_uuid, agent.session_agent_uuid),
        ],
        tenant=agent.partition_key,
        context=engine.context,
    )
    return session, now


def _is_same(now: models.SessionAgent | None, agent: models.SessionAgent) -> bool:
    """Whether an agent is where it was, so that another growth was the reason of a refusal."""
    if now is None:
        return False
    names = ("state", "iteration", "attempt", "current_run_uuid", "grown", "turn", "waiting_on")
    return all(getattr(now, name) == getattr(agent, name) for name in names)


class _Growing:
    """One try: the plan at the ordinals that the session had left when it was read."""

    def __init__(
        self,
        engine: Engine,
        session: models.Session,
        agent: models.SessionAgent,
        plan: Plan,
    ) -> None:
        self._engine = engine
        self._session = session
        self._agent = agent
        self._count = len(plan.agents)
        self._base = _checked_base(session, self._count)
        self._growth = plan.growth(self._base)
        self._planned = plan.placed(self._base)
        self._items = new_agents.build(engine, session, self._planned, int(agent.iteration))
        self._sizes = [_checked_size(item) for item in self._items]
        self._is_small = self._count <= MOST_AT_ONCE and sum(self._sizes) <= rest.MOST_BYTES

    def transition(self, move: Move) -> Transition:
        """The first write: of the parent and the session, and of all agents if they are few."""
        changes = {
            "waiting_on": self._growth.sink_ordinals(),
            "grew": [*(self._agent.grew or ()), self._growth],
            "growing": None if self._is_small else self._pinned(),
        }
        due_at = None if self._is_small else self._engine.after_grace()
        moved = move(changes, due_at)
        capacity.check_grown(moved.result(), "task_uuid")
        kind = models.Session
        added = [kind.graph_size.add(self._count), kind.next_ordinal.add(self._count)]
        if self._is_small:
            added.append(kind.agent_count.add(self._count))
        condition = self._has_room()
        if moved.session_condition is not None:
            condition &= moved.session_condition
        return replace(
            moved,
            puts=self._items if self._is_small else (),
            session=[*(moved.session or ()), *added],
            session_condition=condition,
        )

    def _has_room(self) -> Condition:
        """The session's part of the condition. Its status and iteration are in every transition."""
        kind = models.Session
        condition: Condition = kind.operation.does_not_exist()
        condition &= kind.next_ordinal == self._base
        condition &= kind.graph_size <= _most(self._session) - self._count
        return condition

    def _pinned(self) -> models.Text:
        counts = rest.chunks(self._sizes)
        plan = planned_agents.dump(self._planned, counts)
        return texts.store(texts.Owner.of(self._agent), plan)

    def follow(self, grown: models.SessionAgent) -> None:
        """Let what may start, start; in a large growth, write the agents first."""
        if self._is_small:
            self._engine.send(*rest.roots(self._items))
        else:
            counts = rest.chunks(self._sizes)
            rest.write(self._engine, self._session, grown, self._items, counts)


def _most(session: models.Session) -> int:
    """How many agents a session may have. Those that a retry has replaced do not count."""
    return MOST_AGENTS + int(session.superseded_count or 0)


def check_room(session: models.Session, count: int) -> None:
    """Raise NoRoom if the session, as it was read, cannot have so many more agents."""
    _checked_base(session, count)


def _checked_base(session: models.Session, count: int) -> int:
    """The ordinal of the first agent. Raises NoRoom."""
    room = _most(session) - int(session.graph_size or 0)
    if session.next_ordinal is None:
        raise NoRoom("The session was not started from a task, so no agents can be added")
    if count > room:
        message = f"A session has at most {MOST_AGENTS} agents: there is room for {room} more"
        raise NoRoom(f"{message}, and not for {count}")
    return int(session.next_ordinal)


def _checked_size(item: models.SessionAgent) -> int:
    size = sizes.of_entity(item)
    if size > sizes.LARGEST_BYTES:
        message = f"{item.agent_uuid!r} would get more than the {sizes.LARGEST_BYTES} bytes"
        raise PayloadTooLarge(f"{message} of an item", "task_uuid")
    return size
