"""When a schedule fires: `cron(...)`, `rate(...)`, `at(...)` as EventBridge Scheduler reads them.

Where its guide leaves a form open, the form is refused: what passes here must not be refused there.
Times are wall-clock times of the schedule's zone; one that does not exist on some day is skipped,
and of one that occurs twice the first counts.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import tzdata  # type: ignore[import-untyped]

from ai_coordination.schedule_expressions.cron import YEARS, Cron, instant, read_cron, wrong

LONGEST_EXPRESSION: Final = 256
LONGEST_RATE: Final = timedelta(days=36_500)
# What a machine is set to before somebody says where it is.
NO_PLACES: Final = frozenset({"Factory"})
BEFORE_ALL: Final = datetime(YEARS.lowest - 1, 12, 30, tzinfo=UTC)


class Rate(NamedTuple):
    """Fires when it is created, and then in equal steps of elapsed time."""

    every: timedelta

    def next_after(self, after: datetime, created_at: datetime) -> datetime:
        # In UTC, because within one zone Python counts on the wall clock.
        first = created_at.astimezone(UTC)
        elapsed = after.astimezone(UTC) - first
        return first + max(0, elapsed // self.every + 1) * self.every


class At(NamedTuple):
    """Fires once; `wall` is year, month, day, hour, minute, second."""

    wall: tuple[int, int, int, int, int, int]

    def next_after(self, after: datetime, zone: ZoneInfo) -> datetime | None:
        moment = instant(datetime(*self.wall, tzinfo=zone))
        return moment if moment is not None and moment > after else None


class ScheduleExpression(NamedTuple):
    """A valid expression in a known zone."""

    expression: str
    timezone: str
    timing: Cron | Rate | At

    def next_run_at(self, *, after: datetime, created_at: datetime) -> datetime | None:
        """The first firing later than `after`, in UTC; None where there is none any more.

        Both instants are aware. A rate counts from `created_at`, a day of it being 24 hours.
        """
        if isinstance(self.timing, Rate):
            return self.timing.next_after(after, created_at)
        return self.timing.next_after(after, ZoneInfo(self.timezone))


def parse(expression: str, timezone: str) -> ScheduleExpression:
    """Reads an expression, and makes sure that it names some time between 1970 and 2199.

    That may be past: whether it fires again, `next_run_at` says. Raises BadUserInput at `schedule`
    or `timezone`, saying what is wrong.
    """
    parsed = _read(expression, timezone)
    if parsed.next_run_at(after=BEFORE_ALL, created_at=BEFORE_ALL) is None:
        raise wrong(f"{expression} never fires in {timezone}")
    return parsed


def check(expression: str, timezone: str, now: datetime) -> None:
    """Makes sure that a schedule which is written `now` may be: it is valid, and fires again.

    An `at(...)` may be past: it is over then. Raises BadUserInput as `parse` does.
    """
    if timezone in NO_PLACES:
        raise wrong(f"{timezone!r} is the zone of no place", "timezone")
    parsed = parse(expression, timezone)
    if (
        isinstance(parsed.timing, Cron)
        and parsed.timing.next_after(now, ZoneInfo(timezone)) is None
    ):
        raise wrong(f"{expression} does not fire any more in {timezone}")


def next_run_at(
    expression: str, timezone: str, *, after: datetime, created_at: datetime
) -> datetime | None:
    """As `ScheduleExpression.next_run_at`, for what `parse` has let pass once.

    None also where it fires no more because its zone, or the zone's clocks, changed since.
    """
    return _read(expression, timezone).next_run_at(after=after, created_at=created_at)


def _read(expression: str, timezone: str) -> ScheduleExpression:
    if timezone not in _timezones():
        raise wrong(
            f"{timezone[:50]!r} is no time zone of the IANA database, "
            "such as 'Europe/Berlin' or 'UTC'; case matters",
            "timezone",
        )
    return ScheduleExpression(expression, timezone, _timing(expression))


@cache
def _timezones() -> frozenset[str]:
    """The names of the zones: a list, for ZoneInfo reads other files beside the zones as well."""
    return frozenset(Path(tzdata.__file__).with_name("zones").read_text("utf-8").split())


def _timing(expression: str) -> Cron | Rate | At:
    if len(expression) > LONGEST_EXPRESSION:
        raise wrong(f"A schedule has at most {LONGEST_EXPRESSION} characters")
    form = re.fullmatch(r"(cron|rate|at)\((.*)\)", expression)
    if form is None:
        raise wrong("A schedule is cron(...), rate(...) or at(...)")
    if form[1] == "cron":
        return read_cron(form[2])
    return _read_rate(form[2]) if form[1] == "rate" else _read_at(form[2])


def _read_rate(text: str) -> Rate:
    form = re.fullmatch(r"([1-9][0-9]*) (minute|hour|day)(s?)", text)
    if form is None:
        raise wrong("A rate is rate(value unit): a whole number over 0; minutes, hours or days")
    value, unit = int(form[1]), form[2]
    if (value == 1) == bool(form[3]):
        raise wrong(f"A rate has the unit {unit} with 1, and {unit}s with more")
    seconds = value * {"minute": 60, "hour": 3600, "day": 86_400}[unit]
    if seconds > LONGEST_RATE.total_seconds():
        raise wrong(f"A rate is at most {LONGEST_RATE.days} days")
    return Rate(timedelta(seconds=seconds))


def _read_at(text: str) -> At:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}", text):
        raise wrong("A time is at(yyyy-mm-ddThh:mm:ss), without an offset")
    year, month, day, hour, minute, second = map(int, re.split("[-T:]", text))
    YEARS.number(str(year))
    try:
        datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise wrong(f"{text} is no date and time: {error}") from None
    return At((year, month, day, hour, minute, second))
