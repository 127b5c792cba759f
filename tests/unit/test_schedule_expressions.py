"""Schedule expressions, compared with documented cases and with a slow implementation."""

import re
from collections.abc import Iterator
from datetime import UTC

from ai_coordination.schedule_expressions import next_run_at
from tests.support.cases import each
from tests.unit.schedule_sources import (
    CALENDAR,
    EVENTS_RATE,
    GUIDE_AT,
    GUIDE_CRON,
    GUIDE_RATE,
    GUIDE_WILDCARDS,
    MIDNIGHT,
    SEEN_STEPS,
    utc,
)

GUIDE_ZONES = "GUIDE, Time zones on EventBridge Scheduler"
GUIDE_DST = "GUIDE, Daylight savings time on EventBridge Scheduler"
EVENTS_EXAMPLES = "EVENTS, Cron expressions, Examples"
SEEN_CASE = "github.com/beemhq/aws-cron-parser/issues/7: the console takes Wed-Fri"
SEEN_RANGES = "github.com/localstack/localstack/issues/13572: EventBridge takes these"
SEEN_LW = "github.com/grumBit/aws_cron_expression_validator/issues/18: the console takes LW"
WRAPS = "by the rule that a range wraps, as the hours 20-2 do in " + EVENTS_EXAMPLES

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


ROW = re.compile(r"(.+?\))(?: in (\S+))?(?: after (\S+))? -> (.+)")


def _rows() -> Iterator[tuple[str, str, str, list[str], str]]:
    for source, rows in FIRES.items():
        for row in rows.strip().splitlines():
            found = ROW.fullmatch(row.strip())
            assert found, row
            expression, zone, after, times = found.groups()
            yield expression, zone or "UTC", after or "2026-01-15T12:00", times.split(), source


@each(("expression", "zone", "after", "times", "source"), list(_rows()))
def test_an_expression_fires_when_its_source_says(
    expression: str, zone: str, after: str, times: list[str], source: str
) -> None:
    found = utc(after)
    for text in times:
        following = next_run_at(expression, zone, after=found, created_at=MIDNIGHT)

        if text == "-":
            assert following is None, source
            return
        assert following == utc(text if len(text) > 11 else f"2026-{text}"), source
        assert following.tzinfo is UTC
        found = following
