"""The events of an item that are not sent yet.

The write that makes an event necessary adds it to the item's set `unsent_events`, and makes the
item due. A worker sends what the set has, and then removes it. Whatever happens between the two,
the item stays due, so the event is sent again. Only a change of state adds an event, so an item in
the same state as when it was read has no event that the reader does not know. It may have fewer:
an item that was made due for nothing is corrected by the worker that looks at it.

An event is told at least once: a worker may die after it has sent one, and two workers may send
the same one. Its `id` is the same each time.
"""

from typing import TypeVar, overload

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from ai_coordination import models, telemetry
from ai_coordination.engine import looks
from ai_coordination.engine.context import Engine
from ai_coordination.engine.events import contents
from ai_coordination.errors import Throttled
from ai_coordination.models import due_times, moves, reads, writes
from ai_coordination.states import (
    TERMINAL_AGENT,
    TERMINAL_SESSION,
    SessionAgentState,
)

T = TypeVar("T", models.Session, models.SessionAgent)
Item = models.Session | models.SessionAgent


@overload
def due_at(engine: Engine, item: Item, at: str) -> str: ...
@overload
def due_at(engine: Engine, item: Item, at: str | None) -> str | None: ...
def due_at(engine: Engine, item: Item, at: str | None) -> str | None:
    """When an item is due that would be due at `at`: soon, if it has unsent events."""
    if not item.unsent_events:
        return at
    soon = engine.after_grace()
    return soon if at is None else min(at, soon)


def cleared(item: Item) -> list[Action]:
    """Note that no other work is outstanding. With unsent events the item stays due as it is."""
    return [] if item.unsent_events else due_times.clear(type(item))


def resume(engine: Engine, item: T, due_at: str | None) -> T | None:
    """Send the unsent events of an item that a worker looks at. Returns the item as it is then.

    Returns None if the item has moved on. `due_at` is from a sweep's message: see `looks`. Raises
    Throttled.
    """
    if not item.unsent_events:
        return _due_as_it_rests(engine, item)
    now: T | None = item
    if _counts_looks(item):
        now = looks.count(engine, item, due_at, latest=item.deadline_at)
    return None if now is None else send(engine, now)


def _counts_looks(item: Item) -> bool:
    """Whether a look for unsent events counts. Not where the looks decide about something else."""
    if isinstance(item, models.Session):
        return item.operation is None
    return item.state in (SessionAgentState.WAITING_FOR_INPUT, SessionAgentState.CANCELLED)


def send(engine: Engine, item: T) -> T:
    """Send the unsent events of an item, and remove them from it. Returns the item as it is then.

    A request lets a worker send them. Events that the bus does not accept stay, and the item stays
    due. Where events are off by now, they are only removed. Raises Throttled.
    """
    unsent = sorted(item.unsent_events or ())
    if not unsent:
        return item
    if engine.events is None:
        return _removed(engine, item, set(unsent))
    if not engine.sends_events:
        engine.send(item)
        return item
    session = _session(item)
    if session is None:
        return _removed(engine, item, set(unsent))
    accepted = engine.events.send([contents.complete(stored, session) for stored in unsent])
    sent = {stored for stored, is_accepted in zip(unsent, accepted, strict=True) if is_accepted}
    return _removed(engine, item, sent) if sent else item


def send_now(engine: Engine, item: T) -> None:
    """Send the unsent events of an item that this worker has just written.

    If that is throttled, the worker that finds the item due sends them.
    """
    try:
        send(engine, item)
    except Throttled:
        telemetry.logger.warning("events", exc_info=True)


def _session(item: Item) -> models.Session | None:
    """The session of an item. None if it was deleted, and its agents with it."""
    if isinstance(item, models.Session):
        return item
    return reads.get(
        models.Session, item.coordination_uuid, item.session_uuid, tenant=item.partition_key
    )


def _removed(engine: Engine, item: T, sent: set[str]) -> T:
    """Remove events from an item, and its due time if that was only for them.

    If the item has moved on meanwhile, it is looked at again: the due time may be for other work.
    """
    removed: Action = type(item).unsent_events.delete(sent)
    now: T = item
    while True:
        actions: list[Action]
        as_read: Condition
        actions, as_read = _due_without_events(now, sent)
        landed, after = writes.update_if(now, [removed, *actions], as_read, engine.context)
        if after is None:
            return now
        if landed or sent.isdisjoint(after.unsent_events or ()):
            return after
        now = after


def _due_as_it_rests(engine: Engine, item: T) -> T | None:
    """Correct the due time of an agent without events that is due too early, or for nothing.

    A worker has made it due for events that another one had sent meanwhile. Returns the agent as it
    is then; None if it has moved on. A session's due time is corrected by `session.deadline`.
    """
    if isinstance(item, models.Session) or item.due_at is None or not _rests(item):
        return item
    at = _due_at_rest(item)
    if at is not None and item.due_at >= at:
        return item
    actions, as_read = _due_without_events(item, set())
    landed, now = writes.update_if(item, actions, as_read, engine.context)
    return now if landed else None


def _due_without_events(item: Item, sent: set[str]) -> tuple[list[Action], Condition]:
    """The due time that an item has once these events are removed, and on what condition.

    It is left as it is while the item has more events, or may have other outstanding work.
    """
    kind = type(item)
    # An update would make an item that is gone.
    condition: Condition = kind.session_uuid.exists()
    rests = _rests(item) and not (item.unsent_events or set()) - sent
    if not rests:
        return [], condition
    at = _due_at_rest(item)
    due = due_times.clear(kind) if at is None else due_times.set_due(kind, item.session_uuid, at)
    return due, condition & _as_read(item)


def _due_at_rest(item: Item) -> str | None:
    """When an item is due that has nothing outstanding but its deadline. None: not at all."""
    return None if _has_ended(item) else item.deadline_at


def _rests(item: Item) -> bool:
    """Whether an item without events has nothing outstanding but its deadline."""
    if isinstance(item, models.Session):
        return item.operation is None
    if item.state == SessionAgentState.INITIAL:
        return bool(item.waiting_on) and item.growing is None
    return item.state in (SessionAgentState.WAITING_FOR_INPUT, SessionAgentState.CANCELLED)


def _has_ended(item: Item) -> bool:
    state = item.status if isinstance(item, models.Session) else item.state
    return state in TERMINAL_SESSION or state in TERMINAL_AGENT


def _as_read(item: Item) -> Condition:
    """The item has not moved, and nothing else has become outstanding."""
    kind = type(item)
    condition: Condition = moves.same(kind.due_at, item.due_at)
    if isinstance(item, models.Session):
        condition &= models.Session.status == item.status
        condition &= models.Session.iteration_count == item.iteration_count
        condition &= models.Session.operation.does_not_exist()
        return condition
    condition &= models.SessionAgent.state == item.state
    condition &= models.SessionAgent.iteration == item.iteration
    condition &= moves.same(models.SessionAgent.current_run_uuid, item.current_run_uuid)
    if item.state == SessionAgentState.INITIAL:
        condition &= models.SessionAgent.waiting_on.exists()
        # An agent that adds others by a rule asks nobody, so it cannot begin to grow without a run
        # in between. Kept because it is what "rests" means.
        condition &= models.SessionAgent.growing.does_not_exist()
    return condition
