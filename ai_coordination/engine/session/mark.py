"""The mark on a session of what is being done to it: to end, to dispatch or to retry it.

That is work over many items. Its first write sets the mark and makes the session due, its last
one removes both. Whoever finds the mark goes on from it, so several may be at it, and one of them
may be slow. Each mark has a token, so a slow one finishes or undoes its own mark, never a later
one. A start needs none: its mark comes with the session, once.
"""

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from ai_coordination import models
from ai_coordination.engine.context import Engine
from ai_coordination.models import due, moves

# How long a worker has for all of it before somebody else goes on.
DOING_SECONDS = 60.0


def marked(engine: Engine, session: models.Session, doing: str) -> list[Action]:
    """Marks the session."""
    kind = models.Session
    return [
        kind.doing.set(doing),
        kind.doing_token.set(engine.new_uuid()),
        *due.due(kind, session.session_uuid, engine.later(DOING_SECONDS)),
    ]


def unmarked() -> list[Action]:
    """Nothing is being done to the session any more."""
    kind = models.Session
    return [kind.doing.remove(), kind.doing_token.remove(), *due.settled(kind)]


def stands(session: models.Session) -> Condition:
    """The mark is the one that was read."""
    kind = models.Session
    is_it: Condition = moves.same(kind.doing, session.doing)
    is_it &= moves.same(kind.doing_token, session.doing_token)
    return is_it
