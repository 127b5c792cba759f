"""The session's own log: events of the session as a whole, not of one agent."""

from pynamodb.expressions.update import Action

from ai_coordination import models
from ai_coordination.engine.context import Engine
from ai_coordination.states import LogLevel

MOST_ENTRIES = 100
# The item has room for all of them.
LONGEST_MESSAGE_BYTES = 500


def log_entry(
    engine: Engine, session: models.Session, level: LogLevel, message: str
) -> list[Action]:
    """Append one entry. Beyond the limit nothing is appended, so that the item stays small."""
    kind = models.Session
    if len(session.logs or ()) >= MOST_ENTRIES:
        return []
    cut = message.encode()[:LONGEST_MESSAGE_BYTES].decode(errors="ignore")
    written = models.LogEntry(at=engine.now(), level=level.value, message=cut)
    return [kind.logs.set(kind.logs.append([written]))]
