"""Schedule expressions, compared with documented cases and with a slow implementation."""

import calendar
import re
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import tzdata  # type: ignore[import-untyped]
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ai_coordination.errors import BadUserInput
from ai_coordination.schedule_expressions import next_run_at, parse

# Where a verdict is from, all under docs.aws.amazon.com: GUIDE is
# scheduler/latest/UserGuide/schedule-types.html, EVENTS is
# eventbridge/latest/userguide/eb-scheduled-rule-pattern.html.
GUIDE_RATE = "GUIDE, Rate-based schedules"
GUIDE_CRON = "GUIDE, Cron-based schedules"
GUIDE_WILDCARDS = "GUIDE, Cron-based schedules, Wildcards"
GUIDE_AT = "GUIDE, One-time schedules"
GUIDE_ZONES = "GUIDE, Time zones on EventBridge Scheduler"
GUIDE_DST = "GUIDE, Daylight savings time on EventBridge Scheduler"
EVENTS_EXAMPLES = "EVENTS, Cron expressions, Examples"
EVENTS_LIMITS = "EVENTS, Cron expressions, Limitations"
EVENTS_RATE = "EVENTS, Rate expressions, Limitations"
API = "scheduler/latest/APIReference/API_CreateSchedule.html, ScheduleExpression"
# Seen at AWS itself by others.
SEEN_STEP = "github.com/aws/aws-sdk-js/issues/4212: PutRule refuses */60"
SEEN_CASE = "github.com/beemhq/aws-cron-parser/issues/7: the console takes Wed-Fri"
SEEN_RANGES = "github.com/localstack/localstack/issues/13572: EventBridge takes these"
SEEN_STEPS = "github.com/grumBit/aws_cron_expression_validator/issues/6"
SEEN_LW = "github.com/grumBit/aws_cron_expression_validator/issues/18: the console takes LW"
SEEN_WEEKDAY_STEP = "github.com/teamkeel/keel/pull/1286: no step in day-of-week"
# No source says yes, so the answer is no.
UNSAID = "by the rule that a form the guide does not show is refused"
NEXT = "by the rule that a schedule has a next time"
WRAPS = "by the rule that a range wraps, as the hours 20-2 do in " + EVENTS_EXAMPLES
CALENDAR = "by the rule that a day which is in no calendar never comes"

BERLIN, NEW_YORK, LOS_ANGELES = "Europe/Berlin", "America/New_York", "America/Los_Angeles"

# By source: an expression, the next times (in UTC; of 2026 where no year is; "-" for never again).
# Without a zone it is UTC, without another instant it is after noon of Thursday 15 January 2026.
FIRES = {
    EVENTS_EXAMPLES: """
        cron(0 10 * * ? *) -> 01-16T10:00 01-17T10:00
        cron(15 12 * * ? *) -> 01-15T12:15 01-16T12:15
        cron(0 18 ? * MON-FRI *) -> 01-15T18:00 01-16T18:00 01-19T18:00
        cron(0 8 1 * ? *) -> 02-01T08:00 03-01T08:00
        cron(0/15 * * * ? *) -> 01-15T12:15 01-15T12:30
        cron(0/10 * ? * MON-FRI *) after 2026-01-16T23:40 -> 01-16T23:50 01-19T00:00
        cron(0/5 8-17 ? * MON-FRI *) after 2026-01-15T17:50 -> 01-15T17:55 01-16T08:00
        cron(0/30 20-2 ? * MON-FRI *) after 2026-01-15T02:00 -> 01-15T02:30 01-15T20:00
        cron(0 12 * * ? *) -> 01-16T12:00 01-17T12:00
        cron(5,35 14 * * ? *) -> 01-15T14:05 01-15T14:35
    """,
    GUIDE_CRON: """
        cron(15 10 ? * 6L 2022-2023) after 2022-01-01T00:00 -> 2022-01-28T10:15 2022-02-25T10:15
        cron(15 10 ? * 6L 2022-2023) after 2023-12-29T10:14 -> 2023-12-29T10:15 -
        cron(0 8 ? * 2#1 *) in America/Los_Angeles -> 02-02T16:00 03-02T16:00 04-06T15:00
        cron(0 0 1 1 ? 2199) -> 2199-01-01T00:00 -
        cron(59 23 31 12 ? 1970) after 1970-01-01T00:00 -> 1970-12-31T23:59 -
    """,
    GUIDE_WILDCARDS: """
        cron(0 0 1 JAN,FEB,MAR ? *) -> 02-01T00:00 03-01T00:00 2027-01-01T00:00
        cron(0 0 1-15 * ? *) -> 02-01T00:00 02-02T00:00
        cron(1/10 * * * ? *) -> 01-15T12:01 01-15T12:11 01-15T12:21
        cron(0 0 7 * ? *) -> 02-07T00:00 03-07T00:00
        cron(0 0 L * ? *) -> 01-31T00:00 02-28T00:00 03-31T00:00 04-30T00:00
        cron(0 0 L 2 ? *) after 2027-12-31T00:00 -> 2028-02-29T00:00 2029-02-28T00:00
        cron(0 0 ? * L *) -> 01-17T00:00 01-24T00:00
        cron(0 0 3W * ? *) after 2025-12-31T00:00 -> 01-02T00:00 02-03T00:00 03-03T00:00
        cron(0 0 3W 5 ? *) -> 05-04T00:00 2027-05-03T00:00
        cron(0 0 ? * 3#2 *) -> 02-10T00:00 03-10T00:00
        cron(0 0 ? * TUE#2 *) -> 02-10T00:00 03-10T00:00
        cron(0 0 ? * FRIL *) -> 01-30T00:00 02-27T00:00
        cron(* * * * ? *) -> 01-15T12:01 01-15T12:02
        cron(0 0 1 1 ? 2024/4) -> 2028-01-01T00:00 2032-01-01T00:00
        cron(*/5,*/7 * * * ? *) -> 01-15T12:05 01-15T12:07 01-15T12:10 01-15T12:14
    """,
    "by the rule that a year which has passed is over": """
        cron(0 0 1 1 ? 2020) -> -
    """,
    SEEN_LW: """
        cron(0 0 LW * ? *) -> 01-30T00:00 02-27T00:00 03-31T00:00 04-30T00:00 05-29T00:00
    """,
    SEEN_CASE: """
        cron(0 0 ? * mOn *) -> 01-19T00:00
        cron(0 0 ? jan Wed-Fri *) -> 01-16T00:00 01-21T00:00
    """,
    SEEN_RANGES: """
        cron(0-15/1 8-8 ? * 2,3,4,5,6,7 *) -> 01-16T08:00 01-16T08:01
        cron(30-30 13-13 ? * 2,4,6 *) -> 01-16T13:30 01-19T13:30 01-21T13:30
        cron(1-31/30 1-1 ? * 1,7 *) -> 01-17T01:01 01-17T01:31 01-18T01:01
    """,
    SEEN_STEPS: """
        cron(0 11-23/2 * * ? *) -> 01-15T13:00 01-15T15:00
        cron(0 0 1 1-12/3 ? *) -> 04-01T00:00 07-01T00:00
    """,
    "by the rule that W stays in its month": """
        cron(0 0 1W * ? *) after 2026-07-15T00:00 -> 08-03T00:00 09-01T00:00
        cron(0 0 31W * ? *) after 2026-05-01T00:00 -> 05-29T00:00 07-31T00:00 08-31T00:00
    """,
    WRAPS: """
        cron(0 0 ? * FRI-MON *) -> 01-16T00:00 01-17T00:00 01-18T00:00 01-19T00:00 01-23T00:00
        cron(0 22-4/2 * * ? *) -> 01-15T22:00 01-16T00:00 01-16T02:00 01-16T04:00 01-16T22:00
        cron(0 0 1 11-2 ? *) -> 02-01T00:00 11-01T00:00 12-01T00:00 2027-01-01T00:00
    """,
    "by the rule that 07 is 7": """
        cron(00 07 01 01 ? *) -> 2027-01-01T07:00
    """,
    CALENDAR: """
        cron(0 0 29 2 ? *) -> 2028-02-29T00:00 2032-02-29T00:00
        cron(0 0 29 2 ? *) after 2096-02-29T00:00 -> 2104-02-29T00:00
        cron(0 0 ? 2 2#5 *) -> 2044-02-29T00:00 2072-02-29T00:00
        cron(0 0 31 * ? *) -> 01-31T00:00 03-31T00:00 05-31T00:00
        at(2028-02-29T00:00:00) -> 2028-02-29T00:00 -
    """,
    GUIDE_ZONES: """
        cron(30 8 * * ? *) in America/New_York -> 01-15T13:30 01-16T13:30
        cron(30 8 * * ? *) in America/New_York after 2026-07-15T12:30 -> 07-16T12:30
        cron(0 0 * * ? *) in Asia/Kathmandu -> 01-15T18:15 01-16T18:15
    """,
    GUIDE_DST: """
        cron(30 2 * * ? *) in America/Los_Angeles after 2026-03-07T10:00 -> 03-07T10:30 03-09T09:30
        cron(30 2 * * ? *) in Europe/Berlin after 2026-03-28T01:00 -> 03-28T01:30 03-30T00:30
        cron(15 2 * * ? *) in Australia/Lord_Howe after 2026-10-02T15:00 -> 10-02T15:45 10-04T15:15
        cron(30 1 * * ? *) in America/Los_Angeles after 2026-11-01T08:00 -> 11-01T08:30 11-02T09:30
        cron(30 1 * * ? *) in America/Los_Angeles after 2026-11-01T09:00 -> 11-02T09:30
        cron(30 2 * * ? *) in Europe/Berlin after 2026-10-24T12:00 -> 10-25T00:30 10-26T01:30
        cron(0 * * * ? *) in Europe/Berlin after 2026-10-24T23:30 -> 10-25T00:00 10-25T02:00
        rate(1 day) in America/Los_Angeles after 2026-03-08T00:00 -> 03-09T00:00 03-10T00:00
        at(2026-10-25T02:30:00) in Europe/Berlin -> 10-25T00:30 -
    """,
    GUIDE_RATE: """
        rate(5 minutes) after 2026-01-15T12:02 -> 01-15T12:05 01-15T12:10
        rate(5 days) -> 01-20T00:00 01-25T00:00
        rate(36500 days) -> 2125-12-22T00:00
    """,
    EVENTS_RATE: """
        rate(1 minute) -> 01-15T12:01 01-15T12:02
        rate(1 hour) -> 01-15T13:00 01-15T14:00
        rate(5 hours) -> 01-15T15:00 01-15T20:00
    """,
    GUIDE_AT: """
        at(2022-11-20T13:00:00) in America/Los_Angeles after 2022-01-01T00:00 -> 2022-11-20T21:00 -
        at(2022-11-20T13:00:00) in America/Los_Angeles -> -
    """,
}

# expression, a part of what is said, source
REFUSED = [
    ("cron(0 0 31 2 ? *)", "never fires", CALENDAR),
    ("cron(0 0 30 2 ? *)", "never fires", CALENDAR),
    ("cron(0 0 31 4,6,9,11 ? *)", "never fires", CALENDAR),
    ("cron(0 0 29 2 ? 2027)", "never fires", CALENDAR),
    ("cron(0 0 29 2 ? 2100)", "never fires", CALENDAR),
    ("cron(0 0 31W 2 ? *)", "never fires", CALENDAR),
    ("cron(0 0 ? 2 2#5 2027)", "never fires", CALENDAR),
    ("cron(0 10 * * * *)", "Exactly one of day-of-month and day-of-week", GUIDE_WILDCARDS),
    ("cron(0 10 1 * MON *)", "Exactly one of day-of-month and day-of-week", EVENTS_LIMITS),
    ("cron(0 10 ? * ? *)", "Exactly one of day-of-month and day-of-week", EVENTS_LIMITS),
    ("cron(0 8 * ? 2-6 *)", "Exactly one of day-of-month and day-of-week", SEEN_STEPS),
    ("cron(* * * * *)", "six fields", API),
    ("cron(0 10 * * ?)", "six fields", API),
    ("cron(0 0 10 * * ? *)", "six fields", API),
    ("cron()", "six fields", API),
    ("cron(0  10 * * ? *)", "six fields", UNSAID),
    ("cron( 0 10 * * ? *)", "six fields", UNSAID),
    ("cron(0\t10\t*\t*\t?\t*)", "six fields", UNSAID),
    (
        "cron(0 0 ? * 3#1,6#3 *)",
        "'3#1' is not a valid day of the week: use 1-7 or",
        GUIDE_WILDCARDS,
    ),
    ("cron(0 0 ? * 2#6 *)", "'2#6' is not a valid day of the week", CALENDAR),
    ("cron(0 0 ? * 2#0 *)", "'2#0' is not a valid day of the week", CALENDAR),
    ("cron(0 0 ? * #2 *)", "'#2' is not a valid day of the week", GUIDE_WILDCARDS),
    ("cron(0 0 ? * 0 *)", "'0' is not a valid day of the week", GUIDE_CRON),
    ("cron(0 0 ? * 8 *)", "'8' is not a valid day of the week", GUIDE_CRON),
    ("cron(0 0 ? * 8L *)", "'8' is not a valid day of the week", GUIDE_CRON),
    ("cron(0 0 ? * 2/2 *)", "'2/2' is not a valid day of the week", SEEN_WEEKDAY_STEP),
    ("cron(0 0 ? * MON-FRI/2 *)", "'MON-FRI/2' is not a valid day of the week", SEEN_WEEKDAY_STEP),
    ("cron(0 0 ? * L-3 *)", "'L' is not a valid day of the week", UNSAID),
    ("cron(0 0 ? * 2W *)", "'2W' is not a valid day of the week", GUIDE_CRON),
    ("cron(0 0 ? * 6l *)", "'6l' is not a valid day of the week", UNSAID),
    ("cron(60 0 * * ? *)", "'60' is not a valid minute: use 0-59", GUIDE_CRON),
    ("cron(-1 0 * * ? *)", "'-1' is not a valid minute", GUIDE_CRON),
    ("cron(1.5 0 * * ? *)", "'1.5' is not a valid minute", GUIDE_CRON),
    ("cron(007 0 * * ? *)", "'007' is not a valid minute", UNSAID),
    ("cron(\u0661 0 * * ? *)", "is not a valid minute", GUIDE_CRON),
    ("cron(? 0 * * ? *)", "'?' is not a valid minute", GUIDE_CRON),
    ("cron(MON 0 * * ? *)", "'MON' is not a valid minute", GUIDE_CRON),
    ("cron(*/60 * * * ? *)", "'/60' is not a valid minute", SEEN_STEP),
    ("cron(0/0 * * * ? *)", "'/0' is not a valid minute", "by the rule that a step goes on"),
    ("cron(0/ * * * ? *)", "'0/' is not a valid minute", UNSAID),
    ("cron(/5 * * * ? *)", "'/5' is not a valid minute", UNSAID),
    ("cron(0//5 * * * ? *)", "'0//5' is not a valid minute", UNSAID),
    ("cron(1- * * * ? *)", "'1-' is not a valid minute", UNSAID),
    ("cron(1-2-3 * * * ? *)", "'1-2-3' is not a valid minute", UNSAID),
    ("cron(*-5 * * * ? *)", "'*-5' is not a valid minute", UNSAID),
    ("cron(5-* * * * ? *)", "'5-*' is not a valid minute", UNSAID),
    ("cron(*,5 * * * ? *)", "'*,5' is not a valid minute", UNSAID),
    ("cron(1,,2 * * * ? *)", "'' is not a valid minute", UNSAID),
    ("cron(0 24 * * ? *)", "'24' is not a valid hour: use 0-23", GUIDE_CRON),
    ("cron(0 */24 * * ? *)", "'/24' is not a valid hour", SEEN_STEP),
    ("cron(0 0 0 * ? *)", "'0' is not a valid day of the month: use 1-31", GUIDE_CRON),
    ("cron(0 0 32 * ? *)", "'32' is not a valid day of the month", GUIDE_CRON),
    ("cron(0 0 32W * ? *)", "'32' is not a valid day of the month", GUIDE_CRON),
    ("cron(0 0 W * ? *)", "'' is not a valid day of the month", GUIDE_WILDCARDS),
    ("cron(0 0 15w * ? *)", "'15w' is not a valid day of the month", UNSAID),
    ("cron(0 0 L-3 * ? *)", "'L' is not a valid day of the month", UNSAID),
    ("cron(0 0 1,L * ? *)", "'L' is not a valid day of the month", UNSAID),
    ("cron(0 0 1,15W * ? *)", "'1,15' is not a valid day of the month", UNSAID),
    ("cron(0 0 1-5W * ? *)", "'1-5' is not a valid day of the month", UNSAID),
    ("cron(0 0 1 0 ? *)", "'0' is not a valid month: use 1-12 or JAN-DEC", GUIDE_CRON),
    ("cron(0 0 1 13 ? *)", "'13' is not a valid month", GUIDE_CRON),
    ("cron(0 0 1 JANUARY ? *)", "'JANUARY' is not a valid month", GUIDE_CRON),
    ("cron(0 0 1 MON ? *)", "'MON' is not a valid month", GUIDE_CRON),
    ("cron(0 0 1 1 ? 1969)", "'1969' is not a valid year: use 1970-2199", GUIDE_CRON),
    ("cron(0 0 1 1 ? 2200)", "'2200' is not a valid year", GUIDE_CRON),
    ("cron(0 0 1 1 ? 26)", "'26' is not a valid year", GUIDE_CRON),
    (
        "cron(0 0 1 1 ? 2030-2026)",
        "'2030-2026' is not a valid year",
        "by the rule that years do not wrap",
    ),
    ("rate(0 minutes)", "A rate must be", GUIDE_RATE),
    ("rate(-5 minutes)", "A rate must be", GUIDE_RATE),
    ("rate(1.5 hours)", "A rate must be", API),
    ("rate(30 seconds)", "A rate must be", API),
    ("rate(2 weeks)", "A rate must be", API),
    ("rate(5)", "A rate must be", GUIDE_RATE),
    ("rate(minutes)", "A rate must be", GUIDE_RATE),
    ("rate(5  minutes)", "A rate must be", UNSAID),
    ("rate(05 minutes)", "A rate must be", UNSAID),
    ("rate(5 Minutes)", "A rate must be", UNSAID),
    ("rate(1 hours)", "must be hour with the value 1", EVENTS_RATE),
    ("rate(5 hour)", "otherwise hours", EVENTS_RATE),
    ("rate(36501 days)", "at most 36500 days", NEXT),
    (f"rate({'9' * 200} days)", "at most 36500 days", NEXT),
    ("at(2026-02-30T00:00:00)", "is not a valid date and time", GUIDE_AT),
    ("at(2026-02-29T00:00:00)", "is not a valid date and time", GUIDE_AT),
    ("at(2026-00-01T00:00:00)", "is not a valid date and time", GUIDE_AT),
    ("at(2026-01-01T24:00:00)", "is not a valid date and time", GUIDE_AT),
    ("at(2026-01-01T00:00:60)", "is not a valid date and time", GUIDE_AT),
    ("at(2026-01-01 00:00:00)", "without an offset", GUIDE_AT),
    ("at(2026-01-01T00:00)", "without an offset", GUIDE_AT),
    ("at(2026-1-1T00:00:00)", "without an offset", GUIDE_AT),
    ("at(2026-01-01T00:00:00Z)", "without an offset", GUIDE_AT),
    ("at(2026-01-01T00:00:00+01:00)", "without an offset", GUIDE_AT),
    ("at(2026-01-01T00:00:00.5)", "without an offset", GUIDE_AT),
    ("at(tomorrow)", "without an offset", GUIDE_AT),
    ("at(1969-12-31T23:59:59)", "'1969' is not a valid year", UNSAID),
    ("at(2200-01-01T00:00:00)", "'2200' is not a valid year", UNSAID),
    ("", "cron(...), rate(...) or at(...)", API),
    ("every day", "cron(...), rate(...) or at(...)", API),
    ("0 10 * * ? *", "cron(...), rate(...) or at(...)", API),
    ("CRON(0 10 * * ? *)", "cron(...), rate(...) or at(...)", UNSAID),
    (" cron(0 10 * * ? *)", "cron(...), rate(...) or at(...)", UNSAID),
    ("cron(0 10 * * ? *)\n", "cron(...), rate(...) or at(...)", UNSAID),
    ("cron(0 10 * * ? *", "cron(...), rate(...) or at(...)", API),
    ("cron (0 10 * * ? *)", "cron(...), rate(...) or at(...)", UNSAID),
    ("cron(" + "0," * 120 + "0 10 * * ? *)", "at most 256 characters", API),
]

MIDNIGHT = datetime(2026, 1, 15, tzinfo=UTC)


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


ROW = re.compile(r"(.+?\))(?: in (\S+))?(?: after (\S+))? -> (.+)")


def _rows() -> Iterator[tuple[str, str, str, list[str], str]]:
    for source, rows in FIRES.items():
        for row in rows.strip().splitlines():
            found = ROW.fullmatch(row.strip())
            assert found, row
            expression, zone, after, times = found.groups()
            yield expression, zone or "UTC", after or "2026-01-15T12:00", times.split(), source


@pytest.mark.parametrize(("expression", "zone", "after", "times", "source"), list(_rows()))
def test_an_expression_fires_when_its_source_says(
    expression: str, zone: str, after: str, times: list[str], source: str
) -> None:
    found = _utc(after)
    for text in times:
        following = next_run_at(expression, zone, after=found, created_at=MIDNIGHT)

        if text == "-":
            assert following is None, source
            return
        assert following == _utc(text if len(text) > 11 else f"2026-{text}"), source
        assert following.tzinfo is UTC
        found = following


@pytest.mark.parametrize(("expression", "said", "source"), REFUSED)
def test_an_expression_is_refused_with_a_reason(expression: str, said: str, source: str) -> None:
    with pytest.raises(BadUserInput) as refused:
        parse(expression, "UTC")

    assert said in refused.value.message, source
    assert refused.value.input_path == ("schedule",)


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
        assert next_run_at(expression, zone, after=_utc("2000-01-01"), created_at=MIDNIGHT) is None


@pytest.mark.parametrize(
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

    assert expression.next_run_at(after=_utc("2026-01-14T07:00"), created_at=MIDNIGHT) == MIDNIGHT
    assert expression.next_run_at(after=MIDNIGHT, created_at=MIDNIGHT) == _utc("2026-01-15T02:00")


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
    began = time.perf_counter()

    for expression in hostile:
        try:
            parse(expression, NEW_YORK)
        except BadUserInput:
            continue

    # About 0.1 s; a backtracking pattern takes days for the first.
    assert time.perf_counter() - began < 5


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


@settings(max_examples=400, deadline=None)
@given(LOOKALIKES, ZONES, MOMENTS, MOMENTS)
@example("cron(0 0 1 1 ? *)", "UTC", _utc("2209-01-01"), MIDNIGHT)
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


@settings(max_examples=60, deadline=None)
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
    zone, start = ZoneInfo(place[0]), _utc(place[1])
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


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_for_a_day_of_the_month_agrees_with_counting_over_28_years(rule: str) -> None:
    expected: list[date] = []
    for year in range(2000, 2028):
        for month in range(1, 13):
            length = calendar.monthrange(year, month)[1]
            days = [date(year, month, number) for number in range(1, length + 1)]
            expected.extend(_days_of(rule, days))
    by_weekday = "#" in rule or (rule.endswith("L") and rule != "L")
    fields = f"? * {rule}" if by_weekday else f"{rule} * ?"

    schedule = parse(f"cron(0 0 {fields} 2000-2027)", "UTC")
    found, after = [], _utc("1999-12-31")
    while (following := schedule.next_run_at(after=after, created_at=after)) is not None:
        found.append(following.date())
        after = following

    assert found == expected
