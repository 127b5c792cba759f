"""The session's own log: what happened to it, and not to one of its agents."""

from pynamodb.expressions.update import Action

from ai_coordination import models
from ai_coordination.engine.context import Engine
from ai_coordination.states import LogLevel

MOST_ENTRIES = 100
# So that the item has room for all of them.
LONGEST_MESSAGE_BYTES = 500


def entry(engine: Engine, session: models.Session, level: LogLevel, message: str) -> list[Action]:
    """Appends one entry; past the cap nothing is appended, so that the item stays small."""
    kind = models.Session
    if len(session.logs or ()) >= MOST_ENTRIES:
        return []
    cut = message.encode()[:LONGEST_MESSAGE_BYTES].decode(errors="ignore")
    written = models.LogEntry(at=engine.now(), level=level.value, message=cut)
    return [kind.logs.set(kind.logs.append([written]))]
