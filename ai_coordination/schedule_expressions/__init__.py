"""Parse schedule expressions, and compute when they fire.

The syntax is that of EventBridge Scheduler: `cron(...)`, `rate(...)` and `at(...)`. Forms that its
guide does not define are rejected, because every expression accepted here must be accepted there.
Times are local times of the schedule's zone. A local time that does not exist on a day is skipped,
and of one that occurs twice the first is used.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import tzdata  # type: ignore[import-untyped]

from ai_coordination.schedule_expressions.cron import YEARS, Cron, instant, invalid, parse_cron

MAX_EXPRESSION_CHARACTERS: Final = 256
MAX_RATE: Final = timedelta(days=36_500)
# A placeholder in the IANA database for computers whose zone is not set.
PLACEHOLDER_ZONES: Final = frozenset({"Factory"})
BEFORE_ALL: Final = datetime(YEARS.lowest - 1, 12, 30, tzinfo=UTC)


class Rate(NamedTuple):
    """Fires at its creation, and then at equal intervals of elapsed time."""

    every: timedelta

    def next_after(self, after: datetime, created_at: datetime) -> datetime:
        # In UTC, because Python's arithmetic within a zone is on local times.
        first = created_at.astimezone(UTC)
        elapsed = after.astimezone(UTC) - first
        return first + max(0, elapsed // self.every + 1) * self.every


class At(NamedTuple):
    """Fires once, at a local time."""

    wall: tuple[int, int, int, int, int, int]
    """Year, month, day, hour, minute and second."""

    def next_after(self, after: datetime, zone: ZoneInfo) -> datetime | None:
        moment = instant(datetime(*self.wall, tzinfo=zone))
        return moment if moment is not None and moment > after else None


class ScheduleExpression(NamedTuple):
    """A valid expression in a known zone."""

    expression: str
    timezone: str
    timing: Cron | Rate | At

    def next_run_at(self, *, after: datetime, created_at: datetime) -> datetime | None:
        """Return the first firing after `after`, in UTC. None if there is none.

        Both arguments are aware datetimes. A rate counts from `created_at`, in days of 24 hours.
        """
        if isinstance(self.timing, Rate):
            return self.timing.next_after(after, created_at)
        return self.timing.next_after(after, ZoneInfo(self.timezone))


def parse(expression: str, timezone: str) -> ScheduleExpression:
    """Parse an expression that fires at least once between 1970 and 2199, perhaps in the past.

    Raises BadUserInput at `schedule` or `timezone`.
    """
    parsed = _read(expression, timezone)
    if parsed.next_run_at(after=BEFORE_ALL, created_at=BEFORE_ALL) is None:
        raise invalid(f"{expression} never fires in {timezone}")
    return parsed


def check(expression: str, timezone: str, now: datetime) -> None:
    """Check that a schedule written at `now` is valid and will fire.

    An `at(...)` in the past is accepted, and counts as completed. Raises like `parse`.
    """
    if timezone in PLACEHOLDER_ZONES:
        raise invalid(f"{timezone!r} is a placeholder: name a real time zone", "timezone")
    parsed = parse(expression, timezone)
    if (
        isinstance(parsed.timing, Cron)
        and parsed.timing.next_after(now, ZoneInfo(timezone)) is None
    ):
        raise invalid(f"{expression} will not fire again in {timezone}")


def next_run_at(
    expression: str, timezone: str, *, after: datetime, created_at: datetime
) -> datetime | None:
    """Return the next firing of a stored expression: see `ScheduleExpression.next_run_at`.

    None also if it no longer fires because the rules of its zone have changed since.
    """
    return _read(expression, timezone).next_run_at(after=after, created_at=created_at)


def _read(expression: str, timezone: str) -> ScheduleExpression:
    if timezone not in _timezones():
        raise invalid(
            f"{timezone[:50]!r} is not a time zone of the IANA database: use a name such as "
            "'Europe/Berlin' or 'UTC', in the same case",
            "timezone",
        )
    return ScheduleExpression(expression, timezone, _timing(expression))


@cache
def _timezones() -> frozenset[str]:
    """Return the names of all zones. ZoneInfo itself also accepts names of other files."""
    return frozenset(Path(tzdata.__file__).with_name("zones").read_text("utf-8").split())


def _timing(expression: str) -> Cron | Rate | At:
    if len(expression) > MAX_EXPRESSION_CHARACTERS:
        raise invalid(f"A schedule must have at most {MAX_EXPRESSION_CHARACTERS} characters")
    match = re.fullmatch(r"(cron|rate|at)\((.*)\)", expression)
    if match is None:
        raise invalid("A schedule must be cron(...), rate(...) or at(...)")
    if match[1] == "cron":
        return parse_cron(match[2])
    return _parse_rate(match[2]) if match[1] == "rate" else _parse_at(match[2])


def _parse_rate(text: str) -> Rate:
    match = re.fullmatch(r"([1-9][0-9]*) (minute|hour|day)(s?)", text)
    if match is None:
        raise invalid(
            "A rate must be rate(value unit): a whole number above 0, and minutes, hours or days"
        )
    value, unit = int(match[1]), match[2]
    if (value == 1) == bool(match[3]):
        raise invalid(f"The unit of a rate must be {unit} with the value 1, otherwise {unit}s")
    seconds = value * {"minute": 60, "hour": 3600, "day": 86_400}[unit]
    if seconds > MAX_RATE.total_seconds():
        raise invalid(f"A rate must be at most {MAX_RATE.days} days")
    return Rate(timedelta(seconds=seconds))


def _parse_at(text: str) -> At:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}", text):
        raise invalid("A time must be at(yyyy-mm-ddThh:mm:ss), without an offset")
    year, month, day, hour, minute, second = map(int, re.split("[-T:]", text))
    YEARS.number(str(year))
    try:
        datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise invalid(f"{text} is not a valid date and time: {error}") from None
    return At((year, month, day, hour, minute, second))
