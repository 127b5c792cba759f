"""Where it is said which expressions EventBridge Scheduler takes, and when they fire."""

from datetime import UTC, datetime

# Where a verdict is from, all under docs.aws.amazon.com: GUIDE is
# scheduler/latest/UserGuide/schedule-types.html, EVENTS is
# eventbridge/latest/userguide/eb-scheduled-rule-pattern.html.
GUIDE_RATE = "GUIDE, Rate-based schedules"
GUIDE_CRON = "GUIDE, Cron-based schedules"
GUIDE_WILDCARDS = "GUIDE, Cron-based schedules, Wildcards"
GUIDE_AT = "GUIDE, One-time schedules"
EVENTS_RATE = "EVENTS, Rate expressions, Limitations"
SEEN_STEPS = "github.com/grumBit/aws_cron_expression_validator/issues/6"
CALENDAR = "by the rule that a day which is in no calendar never comes"

MIDNIGHT = datetime(2026, 1, 15, tzinfo=UTC)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
