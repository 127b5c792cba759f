"""Begin to purge sessions that ended long enough ago, a few in each sweep."""

from collections.abc import Iterable

from ai_coordination import models, telemetry
from ai_coordination.config import settings
from ai_coordination.engine.context import Engine
from ai_coordination.engine.session import purge
from ai_coordination.models import reads, retention

# Of each shard in each minute: 800 a minute, and more than a million a day.
ROWS = 100


def sweep(engine: Engine) -> int:
    """Mark sessions whose time is over to be purged, and send a message for each.

    Returns the number. The mark makes a session due, so a lost message does not matter. What does
    not fit is left to the next sweep.
    """
    if not settings().retention_days:
        return 0
    marked = [session for shard in retention.SHARDS for session in _marked(engine, shard)]
    engine.send(*marked)
    return len(marked)


def _marked(engine: Engine, shard: str) -> Iterable[models.Session]:
    """Mark the oldest of a shard. An error affects no other shard, and no other row."""
    kind = models.Session
    try:
        rows = next(reads.due_rows(kind, kind.to_purge, shard, engine.now(), ROWS))
    except Exception:  # noqa: BLE001 - an error affects no other shard
        telemetry.count("SweepErrors")
        telemetry.logger.exception("retention: a shard", extra={"shard": shard})
        return
    for row in rows:
        if engine.context.seconds_left() < purge.SECONDS_OF_A_PAGE:
            return
        try:
            marked = purge.mark_due(engine, row)
        except Exception:  # noqa: BLE001 - an error affects no other row
            telemetry.count("SweepErrors")
            names = {"tenant": row.partition_key, "session": row.session_uuid}
            telemetry.logger.exception("retention: a row", extra=names)
            continue
        if marked is not None:
            yield marked
