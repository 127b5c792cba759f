"""Mark a session with the operation in progress on it: end, dispatch or retry.

An operation works on many items. Its first write sets the mark and makes the session due; its last
write removes both. Any worker that finds the mark resumes the operation, so several may work on it,
and one of them may be slow. Each mark has a token, so a slow worker finishes or undoes its own
operation, never a later one. A start needs no token: its mark is created with the session.
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
