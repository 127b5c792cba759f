"""Times as they are stored and shown: ISO 8601, UTC, always with microseconds.

All have one form, so they sort as text and need no conversion on the way to a client.
"""

from datetime import UTC, datetime


def to_text(moment: datetime) -> str:
    """An aware `moment` in the stored form."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def parse(timestamp: str) -> datetime:
    """A stored time as an aware datetime."""
    return datetime.fromisoformat(timestamp)
