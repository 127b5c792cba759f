"""Cron expressions of EventBridge: six fields, with the wildcards `, - * / ? L W #`.

They differ from Unix cron: Sunday is 1, there is a field for the year, and one of the two day
fields is `?`.
"""

import calendar
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from itertools import product
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from ai_coordination.errors import BadUserInput

Day = Callable[[date], bool]


def invalid(message: str, field: str = "schedule") -> BadUserInput:
    """Return the error for an invalid expression, or for an invalid zone."""
    return BadUserInput(message, field)


def instant(wall: datetime) -> datetime | None:
    """Convert a local time to UTC. If it occurs twice, the first. None if it does not exist."""
    moment = wall.astimezone(UTC)
    return moment if moment.astimezone(wall.tzinfo) == wall else None


class Cron(NamedTuple):
    """Fires at each of the times, on each of the days that `fires_on` selects. Lists are sorted."""

    minutes: list[int]
    hours: list[int]
    months: list[int]
    years: list[int]
    fires_on: Day

    def next_after(self, after: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the first firing after `after`, in UTC. None if there is none."""
        moments = map(instant, self._walls(after.astimezone(zone)))
        return next((moment for moment in moments if moment is not None and moment > after), None)

    def _walls(self, start: datetime) -> Iterator[datetime]:
        for day in self._days(start.date()):
            for hour, minute in product(self.hours, self.minutes):
                wall = datetime(day.year, day.month, day.day, hour, minute, tzinfo=start.tzinfo)
                if wall > start:
                    yield wall

    def _days(self, first: date) -> Iterator[date]:
        for year, month in product(self.years, self.months):
            if (year, month) >= (first.year, first.month):
                days = (date(year, month, number) for number in range(1, _length(year, month) + 1))
                yield from (day for day in days if day >= first and self.fires_on(day))


class Field(NamedTuple):
    """A field of the expression, and its allowed values."""

    name: str
    lowest: int
    highest: int
    names: tuple[str, ...] = ()
    steps: bool = True
    wraps: bool = True

    def values(self, text: str) -> list[int]:
        """Return the values that a list of values, ranges and steps denotes, sorted."""
        elements = text.split(",")
        if "*" in elements and text != "*":
            raise self._wrong(text)
        return sorted({value for element in elements for value in self._element(element)})

    def _element(self, element: str) -> Iterable[int]:
        form = re.fullmatch(r"(\*|([0-9A-Za-z]+)(?:-([0-9A-Za-z]+))?)(?:/([0-9]+))?", element)
        if form is None or (form[4] and not self.steps):
            raise self._wrong(element)
        first = self.number(form[2]) if form[2] else self.lowest
        if form[3]:
            last = self.number(form[3])
        else:
            last = first if form[2] and not form[4] else self.highest
        return self._range(first, last, element)[:: self._step(form[4])]

    def _range(self, first: int, last: int, element: str) -> list[int]:
        if first <= last:
            return list(range(first, last + 1))
        if not self.wraps:
            raise self._wrong(element)
        return [*range(first, self.highest + 1), *range(self.lowest, last + 1)]

    def _step(self, text: str | None) -> int:
        step = int(text or 1)
        if not 1 <= step <= self.highest:
            raise self._wrong(f"/{text}")
        return step

    def number(self, text: str) -> int:
        """Parse one value: digits, or a name in any case."""
        if text.upper() in self.names:
            return self.names.index(text.upper()) + self.lowest
        fits = re.fullmatch("[0-9]+", text) and len(text) <= len(str(self.highest))
        if not fits or not self.lowest <= int(text) <= self.highest:
            raise self._wrong(text)
        return int(text)

    def _wrong(self, text: str) -> BadUserInput:
        named = f" or {self.names[0]}-{self.names[-1]}" if self.names else ""
        return invalid(
            f"{text!r} is not a valid {self.name}: use {self.lowest}-{self.highest}{named}"
        )


_MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAY_NAMES = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")

MINUTES: Final = Field("minute", 0, 59)
HOURS: Final = Field("hour", 0, 23)
DAYS: Final = Field("day of the month", 1, 31)
MONTHS: Final = Field("month", 1, 12, _MONTH_NAMES)
WEEKDAYS: Final = Field("day of the week", 1, 7, _WEEKDAY_NAMES, steps=False)
YEARS: Final = Field("year", 1970, 2199, wraps=False)


def parse_cron(text: str) -> Cron:
    """Parse the text inside `cron(...)`. Raises BadUserInput at `schedule`."""
    fields = text.split(" ")
    if len(fields) != 6:
        raise invalid(
            "A cron expression must have six fields with one space between them: "
            "cron(minutes hours day-of-month month day-of-week year)"
        )
    minutes, hours, days, months, weekdays, years = fields
    if (days == "?") == (weekdays == "?"):
        raise invalid("Exactly one of day-of-month and day-of-week must be ?")
    return Cron(
        MINUTES.values(minutes),
        HOURS.values(hours),
        MONTHS.values(months),
        YEARS.values(years),
        _weekdays(weekdays) if days == "?" else _days(days),
    )


def _days(text: str) -> Day:
    if text == "L":
        return lambda day: day.day == _length(day.year, day.month)
    if text == "LW":
        return lambda day: day.day == _working_day(day, _length(day.year, day.month))
    if text.endswith("W"):
        target = DAYS.number(text[:-1])
        return lambda day: day.day == _working_day(day, target)
    values = DAYS.values(text)
    return lambda day: day.day in values


def _working_day(month: date, target: int) -> int | None:
    """Return the working day nearest to day `target` of the same month, None if there is none."""
    last = _length(month.year, month.month)
    if target > last:
        return None
    weekday = _weekday(month.replace(day=target))
    if weekday == SATURDAY:
        return target - 1 if target > 1 else target + 2
    if weekday == SUNDAY:
        return target + 1 if target < last else target - 2
    return target


def _weekdays(text: str) -> Day:
    if text == "L":
        return lambda day: _weekday(day) == SATURDAY
    if form := re.fullmatch(r"([0-9A-Za-z]+)#([1-5])", text):
        number, nth = WEEKDAYS.number(form[1]), int(form[2])
        return lambda day: _weekday(day) == number and (day.day + 6) // 7 == nth
    if text.endswith("L"):
        number = WEEKDAYS.number(text[:-1])
        return lambda day: _weekday(day) == number and day.day + 7 > _length(day.year, day.month)
    values = WEEKDAYS.values(text)
    return lambda day: _weekday(day) in values


SUNDAY: Final = 1
SATURDAY: Final = 7


def _weekday(day: date) -> int:
    return day.isoweekday() % 7 + SUNDAY


def _length(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]
