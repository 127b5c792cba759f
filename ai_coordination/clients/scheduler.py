"""EventBridge Scheduler: what fires a schedule, by invoking the worker's function."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ai_coordination import telemetry
from ai_coordination.clients.aws import clients
from ai_coordination.errors import BadUserInput, EngineError, Throttled
from ai_coordination.messages import FiringMessage, encode

# A firing that could not be delivered for so long is not made up for.
LATEST_SECONDS = 3600
MOST_RETRIES = 60
SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"

_BUSY = frozenset({"ThrottlingException", "TooManyRequestsException"})
_FULL_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Timer:
    """One schedule of EventBridge's. `name` is never used for another one.

    `firing` is what the worker gets. Its `scheduled_at` is SCHEDULED_TIME, which EventBridge
    replaces by the time at which the firing was due.
    """

    name: str
    expression: str
    timezone: str
    starts_at: datetime | None
    once: bool
    firing: FiringMessage


@dataclass(frozen=True, slots=True)
class EventBridge:
    """A group of schedules, and what they invoke in which role."""

    group: str
    role_arn: str
    function_arn: str
    dead_letters_arn: str | None = None

    def create(self, timer: Timer) -> None:
        """Raises BadUserInput at `schedule`, and Throttled; then there is no such timer.

        After any other error there is none either, as far as it can be done now.
        """
        request = {
            "Name": timer.name,
            "GroupName": self.group,
            "ClientToken": timer.name,
            "ScheduleExpression": timer.expression,
            "ScheduleExpressionTimezone": timer.timezone,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": self._target(timer),
            **({"StartDate": timer.starts_at} if timer.starts_at else {}),
            **({"ActionAfterCompletion": "DELETE"} if timer.once else {}),
        }
        try:
            clients("scheduler").create_schedule(**request)
        except ClientError as error:
            # The name is this timer's own: one that is there is what the SDK's first try made.
            if _code(error) == "ConflictException":
                return
            refusal = _refusal(error)
            if refusal is None:
                self.delete(timer.name)
                raise
            raise refusal from error
        except BotoCoreError:
            self.delete(timer.name)
            raise

    def _target(self, timer: Timer) -> dict[str, Any]:
        dead_letters = {"DeadLetterConfig": {"Arn": self.dead_letters_arn}}
        return {
            "Arn": self.function_arn,
            "RoleArn": self.role_arn,
            "Input": encode(timer.firing),
            "RetryPolicy": {
                "MaximumEventAgeInSeconds": LATEST_SECONDS,
                "MaximumRetryAttempts": MOST_RETRIES,
            },
            **(dead_letters if self.dead_letters_arn else {}),
        }

    def delete(self, name: str) -> None:
        """No timer of this name, as far as it can be done now; that it fails is only logged.

        A timer that nobody wants starts nothing, and is deleted when it fires.
        """
        try:
            clients("scheduler").delete_schedule(Name=name, GroupName=self.group, ClientToken=name)
        except (BotoCoreError, ClientError) as error:
            if not isinstance(error, ClientError) or _code(error) != "ResourceNotFoundException":
                telemetry.logger.warning("timer not deleted", exc_info=True, extra={"timer": name})


def _refusal(error: ClientError) -> EngineError | None:
    code = _code(error)
    if code in _BUSY:
        return Throttled("EventBridge Scheduler is busy: try again later")
    if code == "ServiceQuotaExceededException":
        message = "The account may have no more schedules in EventBridge Scheduler"
        return Throttled(message, _FULL_SECONDS)
    if code == "ValidationException" and _is_of_the_expression(error):
        return BadUserInput("EventBridge Scheduler does not take this schedule", "schedule")
    return None


def _is_of_the_expression(error: ClientError) -> bool:
    """A role or a target that is wrong is refused by the same code, and is not the caller's."""
    message = error.response["Error"].get("Message", "").lower()
    return not any(word in message for word in ("role", "target", "arn:", "group"))


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
