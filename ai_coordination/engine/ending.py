"""What the write that ends a session stores, however the session ends.

There is one such write for each way in which a session ends: all its agents have ended, it fails,
or it is cancelled. Each of them adds its own condition, and what only it changes.
"""

from collections.abc import Iterable

from ai_coordination import models
from ai_coordination.config import settings
from ai_coordination.engine.context import Engine
from ai_coordination.engine.events import contents
from ai_coordination.models import moves, retention
from ai_coordination.services import session_graph
from ai_coordination.states import SessionStatus

DAY_SECONDS = 24 * 3600


def move(
    engine: Engine,
    session: models.Session,
    status: SessionStatus,
    agents: Iterable[models.SessionAgent],
) -> moves.Move:
    """Return the move that ends a session, and what is stored with every end.

    `agents` are all agents of the session, each in the state in which it has ended. Their counts
    are stored, so that lists show how sessions went without reading agents. If the deployment
    purges sessions some days after their end, the time is stored too. If events are on, that of the
    end is stored with it: the same write must make the session due at `due_at`, and its worker then
    sends the event.
    """
    kind = models.Session
    move, may_move = moves.session(status, int(session.iteration_count))
    counts = session_graph.progress([agent for agent in agents if not agent.superseded])
    now = engine.now()
    actions = [
        *move,
        kind.awaiting_input.remove(),
        kind.final_progress.set(models.Progress.of(counts)),
        kind.finished_at.set(now),
        kind.updated_at.set(now),
    ]
    if days := settings().retention_days:
        at = engine.later(days * DAY_SECONDS)
        actions += retention.set_purge(kind, session.session_uuid, at)
    if engine.events is not None:
        event = contents.ended(session, status, now, counts)
        actions.append(kind.unsent_events.add({event}))
    return actions, may_move


def due_at(engine: Engine) -> str | None:
    """Return when a session is due that ends now: if its event is lost. None: it is not due."""
    return None if engine.events is None else engine.after_grace()
