"""Times in the format in which they are stored and shown: ISO 8601, UTC, with microseconds.

With one format, times sort as text, and need no conversion for a client.
"""

from datetime import UTC, datetime, timedelta


def to_text(moment: datetime) -> str:
    """Convert an aware datetime to the stored format."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def parse(timestamp: str) -> datetime:
    """Convert a stored time to an aware datetime."""
    return datetime.fromisoformat(timestamp)


def later(timestamp: str, seconds: float) -> str:
    """The time so many seconds after a stored one."""
    return to_text(parse(timestamp) + timedelta(seconds=seconds))


def of_milliseconds(milliseconds: int) -> str:
    """The time so many milliseconds after the beginning of 1970."""
    return to_text(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds))
