"""Create and delete timers in EventBridge Scheduler, which invoke the worker."""

from datetime import datetime
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from ai_coordination import telemetry
from ai_coordination.clients.aws import clients
from ai_coordination.errors import BadUserInput, EngineError, Throttled
from ai_coordination.messages import FiringMessage, encode

# A firing that could not be delivered for this long is dropped.
LATEST_SECONDS = 3600
MOST_RETRIES = 60
SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"

_BUSY = frozenset({"ThrottlingException", "TooManyRequestsException"})
_FULL_SECONDS = 60.0


class Timer(NamedTuple):
    """A schedule in EventBridge Scheduler."""

    name: str
    """Never reused for another timer."""
    expression: str
    timezone: str
    starts_at: datetime | None
    once: bool
    """Whether it fires once. EventBridge Scheduler then deletes it."""
    firing: FiringMessage
    """The worker's event. EventBridge Scheduler replaces SCHEDULED_TIME by the time of the firing.
    """


class EventBridge(NamedTuple):
    """A schedule group, with the function that its schedules invoke and the role for it."""

    group: str
    role_arn: str
    function_arn: str
    dead_letters_arn: str | None = None

    def create(self, timer: Timer) -> None:
        """Create a timer. Creating it again does nothing.

        Raises BadUserInput at `schedule`, or Throttled, if EventBridge Scheduler rejects it. After
        any other error the timer may exist, so this tries to delete it.
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
            # Names are not reused, so an existing timer was created by an earlier try of the SDK.
            if _code(error) == "ConflictException":
                return
            known = _engine_error(error)
            if known is None:
                self.delete(timer.name)
                raise
            raise known from error
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
        """Delete the timer of this name. A failure is only logged.

        A timer without a stored schedule starts nothing, and is deleted when it fires.
        """
        try:
            clients("scheduler").delete_schedule(Name=name, GroupName=self.group, ClientToken=name)
        except (BotoCoreError, ClientError) as error:
            if not isinstance(error, ClientError) or _code(error) != "ResourceNotFoundException":
                telemetry.logger.warning("timer not deleted", exc_info=True, extra={"timer": name})


def _engine_error(error: ClientError) -> EngineError | None:
    code = _code(error)
    if code in _BUSY:
        return Throttled("EventBridge Scheduler is busy: try again later")
    if code == "ServiceQuotaExceededException":
        message = "The account has reached its quota of schedules in EventBridge Scheduler"
        return Throttled(message, _FULL_SECONDS)
    if code == "ValidationException" and _is_of_the_expression(error):
        return BadUserInput("EventBridge Scheduler rejected this schedule expression", "schedule")
    return None


def _is_of_the_expression(error: ClientError) -> bool:
    """Return whether the error is about the expression, and not about the role or the target."""
    message = error.response["Error"].get("Message", "").lower()
    return not any(word in message for word in ("role", "target", "arn:", "group"))


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
