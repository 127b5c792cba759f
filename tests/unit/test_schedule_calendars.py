"""Schedule expressions in every zone and on every day: what holds for all of them."""

import calendar
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import tzdata  # type: ignore[import-untyped]
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ai_coordination.errors import BadUserInput
from ai_coordination.schedule_expressions import next_run_at, parse
from tests.support.cases import each
from tests.unit.schedule_sources import (
    MIDNIGHT,
    utc,
)

BERLIN, NEW_YORK, LOS_ANGELES = "Europe/Berlin", "America/New_York", "America/Los_Angeles"


def test_a_time_that_a_zone_leaves_out_never_comes() -> None:
    for expression, zone in [
        ("at(2026-03-29T02:30:00)", BERLIN),
        ("cron(30 2 29 3 ? 2026)", BERLIN),
        ("at(2011-12-30T12:00:00)", "Pacific/Apia"),
    ]:
        with pytest.raises(BadUserInput, match="never fires in " + zone):
            parse(expression, zone)
        parse(expression, "UTC")

        # As of a schedule that is stored and moved there.
        assert next_run_at(expression, zone, after=utc("2000-01-01"), created_at=MIDNIGHT) is None


@each(
    "zone",
    [
        "",
        "Europe/Atlantis",
        "europe/berlin",
        "Europe",
        "Europe/Berlin\n",
        "Europe/Berlin\0",
        " UTC",
        "+01:00",
        "UTC+1",
        "../UTC",
        "/etc/localtime",
        "/usr/share/zoneinfo/UTC",
        "Europe/../UTC",
        "Europe\\Berlin",
        "./UTC",
        "posix/Europe/Berlin",
        "right/UTC",
        "posixrules",
        "localtime",
        "zone.tab",
        "tzdata.zi",
        "leapseconds",
        "__init__.py",
        "\ud800",
        "x" * 10_000,
    ],
)
def test_a_zone_that_is_not_in_the_database_is_refused(zone: str) -> None:
    with pytest.raises(BadUserInput, match="not a time zone of the IANA database") as refused:
        parse("rate(1 day)", zone)

    assert refused.value.input_path == ("timezone",)
    assert len(refused.value.message) < 700


def test_every_zone_of_the_database_is_taken_and_fits_what_eventbridge_allows() -> None:
    zones = Path(tzdata.__file__).with_name("zones").read_text("utf-8").split()

    assert len(zones) > 500
    for zone in zones:
        assert next_run_at("cron(0 12 * * ? *)", zone, after=MIDNIGHT, created_at=MIDNIGHT)
        assert len(zone) <= 50


def test_a_rate_fires_first_when_it_is_created() -> None:
    expression = parse("rate(2 hours)", "UTC")

    assert expression.next_run_at(after=utc("2026-01-14T07:00"), created_at=MIDNIGHT) == MIDNIGHT
    assert expression.next_run_at(after=MIDNIGHT, created_at=MIDNIGHT) == utc("2026-01-15T02:00")


def test_a_day_of_a_rate_is_24_hours_in_whatever_zone_its_creation_is_given() -> None:
    # A day later the clocks of Los Angeles went forward.
    created = datetime(2026, 3, 7, 12, tzinfo=ZoneInfo(LOS_ANGELES))

    found = next_run_at("rate(1 day)", LOS_ANGELES, after=created, created_at=created)

    assert found == created.astimezone(UTC) + timedelta(hours=24)


def test_an_expression_of_any_256_characters_is_judged_at_once() -> None:
    hostile = [
        "cron(" + "5/3," * 58 + "x 0 * * ? *)",
        "cron(0-59/1," + "0-59/1," * 32 + "? 0 * * ? *)",
        "cron(0 0 31W 2,4,6,9,11 ? *)",
        "cron(* * ? * 2#5 2199)",
        f"cron(0/{'1' * 230} 0 * * ? *)",
        f"rate({'1' * 230} minutes)",
    ]
    began = time.process_time()

    for expression in hostile:
        try:
            parse(expression, NEW_YORK)
        except BadUserInput:
            continue

    # About 0.1 s of the processor; a backtracking pattern takes days for the first.
    assert time.process_time() - began < 5


PIECES = st.one_of(
    st.sampled_from(["cron(", "rate(", "at(", ")", " ", "*", "?", "L", "W", "#", "/", "-", ","]),
    st.sampled_from(
        ["0", "1", "5", "31", "2026", "2199", "MON", "jan", "minutes", "day", "T", ":"]
    ),
    st.sampled_from(["2026-02-29T00:00:00", "\n"]),
)
ZONES = st.sampled_from(["UTC", BERLIN, NEW_YORK, "Australia/Lord_Howe", "Pacific/Apia"])
FIELD = st.lists(PIECES, min_size=1, max_size=3).map("".join)
LOOKALIKES = st.one_of(
    st.text(max_size=30),
    st.lists(PIECES, max_size=15).map("".join),
    st.lists(FIELD, min_size=6, max_size=6).map(lambda fields: f"cron({' '.join(fields)})"),
    st.tuples(
        st.sampled_from(["0", "*/7", "3-1", "60"]),
        st.sampled_from(["0", "1/5", "22-3", "*"]),
        st.sampled_from(["L", "LW", "31", "5W", "*", "32"]),
        st.sampled_from(["*", "2", "FEB,APR", "11-2"]),
        st.sampled_from(["?", "1"]),
        st.sampled_from(["*", "2100", "2024/4", "2199"]),
    ).map(lambda fields: f"cron({' '.join(fields)})"),
    st.tuples(st.integers(), st.sampled_from(["minute", "minutes", "hours", "day", "days"])).map(
        lambda rate: f"rate({rate[0]} {rate[1]})"
    ),
    st.datetimes().map(lambda moment: f"at({moment:%Y-%m-%dT%H:%M:%S})"),
)
MOMENTS = st.datetimes(datetime(1960, 1, 1), datetime(2210, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@settings(max_examples=150, deadline=None)
@given(LOOKALIKES, ZONES, MOMENTS, MOMENTS)
@example("cron(0 0 1 1 ? *)", "UTC", utc("2209-01-01"), MIDNIGHT)
def test_any_text_is_refused_or_fires_later_than_asked(
    expression: str, zone: str, after: datetime, created_at: datetime
) -> None:
    try:
        found = parse(expression, zone).next_run_at(after=after, created_at=created_at)
    except BadUserInput:
        return

    assert found is None or (found > after and found.tzinfo is UTC)


def _listed(values: set[int]) -> str:
    return ",".join(map(str, sorted(values)))


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(
        [
            (BERLIN, "2026-03-27T20:00"),
            (BERLIN, "2026-10-23T20:00"),
            (NEW_YORK, "2026-03-07T01:00"),
            (NEW_YORK, "2026-10-31T01:00"),
            ("Australia/Lord_Howe", "2026-04-03T20:00"),
            ("Australia/Lord_Howe", "2026-10-02T20:00"),
            ("Pacific/Apia", "2011-12-28T20:00"),
            ("America/Havana", "2026-10-31T01:00"),
            ("Africa/Casablanca", "2026-02-13T20:00"),
        ]
    ),
    st.sets(st.integers(0, 59), min_size=1, max_size=3),
    st.sets(st.integers(0, 4), min_size=1),
    st.sets(st.integers(1, 7), min_size=1),
)
def test_round_a_change_of_clocks_it_agrees_with_a_walk_minute_by_minute(
    place: tuple[str, str], minutes: set[int], hours: set[int], weekdays: set[int]
) -> None:
    zone, start = ZoneInfo(place[0]), utc(place[1])
    every = [start + timedelta(minutes=count) for count in range(1, 4 * 1440)]
    walls = [(moment, moment.astimezone(zone)) for moment in every]
    expected = [
        moment
        for moment, wall in walls
        if wall.minute in minutes
        and wall.hour in hours
        and wall.isoweekday() % 7 + 1 in weekdays
        and wall.fold == 0
    ]

    text = f"cron({_listed(minutes)} {_listed(hours)} ? * {_listed(weekdays)} *)"
    schedule = parse(text, place[0])
    found, after = [], start
    while (following := schedule.next_run_at(after=after, created_at=start)) is not None:
        if following > every[-1]:
            break
        found.append(following)
        after = following

    assert found == expected


def _days_of(rule: str, days: list[date]) -> set[date]:
    """The days that a rule picks among those of one month, by counting."""
    working = [day for day in days if day.isoweekday() <= 5]
    if rule == "L":
        return {days[-1]}
    if rule == "LW":
        return {working[-1]}
    if rule.endswith("W"):
        number = int(rule[:-1])
        if number > len(days):
            return set()
        return {min(working, key=lambda day: abs(day.day - number))}
    same = [day for day in days if day.isoweekday() % 7 + 1 == int(rule[0])]
    if rule.endswith("L"):
        return {same[-1]}
    return set(same[int(rule[2]) - 1 : int(rule[2])])


RULES = (
    ["L", "LW", *(f"{number}W" for number in range(1, 32))]
    + [f"{weekday}L" for weekday in range(1, 8)]
    + [f"{weekday}#{nth}" for weekday in range(1, 8) for nth in range(1, 6)]
)


MONTHS = [
    [date(year, month, 1 + number) for number in range(calendar.monthrange(year, month)[1])]
    for year in range(2000, 2028)
    for month in range(1, 13)
]


@each("rule", RULES)
def test_a_rule_for_a_day_of_the_month_agrees_with_counting_over_28_years(rule: str) -> None:
    expected = [day for days in MONTHS for day in _days_of(rule, days)]
    by_weekday = "#" in rule or (rule.endswith("L") and rule != "L")
    fields = f"? * {rule}" if by_weekday else f"{rule} * ?"

    schedule = parse(f"cron(0 0 {fields} 2000-2027)", "UTC")
    found, after = [], utc("1999-12-31")
    while (following := schedule.next_run_at(after=after, created_at=after)) is not None:
        found.append(following.date())
        after = following

    assert found == expected
