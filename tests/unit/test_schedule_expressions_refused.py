"""Schedule expressions that are refused, with the source of each."""

import pytest

from ai_coordination.errors import BadUserInput
from ai_coordination.schedule_expressions import parse
from tests.support.cases import each
from tests.unit.schedule_sources import (
    CALENDAR,
    EVENTS_RATE,
    GUIDE_AT,
    GUIDE_CRON,
    GUIDE_RATE,
    GUIDE_WILDCARDS,
    SEEN_STEPS,
)

EVENTS_LIMITS = "EVENTS, Cron expressions, Limitations"
API = "scheduler/latest/APIReference/API_CreateSchedule.html, ScheduleExpression"
# Seen at AWS itself by others.
SEEN_STEP = "github.com/aws/aws-sdk-js/issues/4212: PutRule refuses */60"
SEEN_WEEKDAY_STEP = "github.com/teamkeel/keel/pull/1286: no step in day-of-week"
# No source says yes, so the answer is no.
UNSAID = "by the rule that a form the guide does not show is refused"
NEXT = "by the rule that a schedule has a next time"

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


@each(("expression", "said", "source"), REFUSED)
def test_an_expression_is_refused_with_a_reason(expression: str, said: str, source: str) -> None:
    with pytest.raises(BadUserInput) as refused:
        parse(expression, "UTC")

    assert said in refused.value.message, source
    assert refused.value.input_path == ("schedule",)
