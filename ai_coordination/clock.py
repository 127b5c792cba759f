"""Instants as they are stored and shown: ISO 8601, UTC, always with microseconds.

One form, so that they sort as text and need no conversion on the way to a client.
"""

from datetime import UTC, datetime


def now() -> str:
    """This instant."""
    return instant(datetime.now(UTC))


def instant(moment: datetime) -> str:
    """An aware `moment` in the stored form."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def moment(instant: str) -> datetime:
    """A stored instant as a datetime."""
    return datetime.fromisoformat(instant)
