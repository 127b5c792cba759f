"""The session's own log: what happened to it, and not to one of its agents."""

from pynamodb.expressions.update import Action

from ai_coordination import models
from ai_coordination.services.execution.engine import Engine
from ai_coordination.states import LogLevel

MOST_ENTRIES = 100


def entry(engine: Engine, session: models.Session, level: LogLevel, message: str) -> list[Action]:
    """Appends one entry; past the cap nothing is appended, so that the item stays small."""
    kind = models.Session
    if len(session.logs or ()) >= MOST_ENTRIES:
        return []
    written = models.LogEntry(at=engine.now(), level=level.value, message=message)
    return [kind.logs.set(kind.logs.append([written]))]
