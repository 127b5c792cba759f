"""How often workers have looked at what is due without progress: they count it, sweeps do not.

A message of a sweep says at which time the sweep looks for the item again. A worker counts its
look, before it does anything else, where the item still has that time: so once a sweep, also where
the message comes twice, and also where the worker dies of what it finds. The wait doubles with
each. Whatever makes progress writes the time anew, and takes the count away.

A worker does not count where it can do nothing: the session is not in progress, the time of an
attempt has not come, or the worker has too little time left.
"""

from typing import TypeVar

from ai_coordination import models
from ai_coordination.engine.context import Engine
from ai_coordination.models import due, writes

FIRST_WAIT_SECONDS = 60.0
LONGEST_WAIT_SECONDS = 3600.0
# With waits that double up to an hour: after about seven hours.
MOST_LOOKS = 12
NOTES = f"{MOST_LOOKS} workers have looked at this agent, and nothing has come of it"

T = TypeVar("T", models.Session, models.SessionAgent)


def counted(engine: Engine, item: T, due_at: str | None) -> T | None:
    """The item, its look counted where a sweep has sent for it; None where it has moved.

    `due_at` is what the message says, None where no sweep has sent it.
    """
    if due_at is None or item.due_at != due_at:
        return item
    kind = type(item)
    looks = int(item.looks or 0) + 1
    wait = min(FIRST_WAIT_SECONDS * 2 ** (looks - 1), LONGEST_WAIT_SECONDS)
    at = engine.later(wait)
    landed, now = writes.change(
        item, due.looked_at(kind, at, looks), kind.due_at == due_at, engine.deadline
    )
    # Refused by its own first try, whose answer was lost.
    is_mine = now is not None and (landed or (now.due_at == at and now.looks == looks))
    return now if is_mine else None


def is_hopeless(agent: models.SessionAgent) -> bool:
    """Whether so many have looked at the agent for nothing that it is given up."""
    return int(agent.looks or 0) > MOST_LOOKS
