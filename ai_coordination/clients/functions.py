"""Invoke the Lambda functions of agents."""

import math
from typing import Any, Final, NamedTuple

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ReadTimeoutError,
)

from ai_coordination import telemetry
from ai_coordination.clients.aws import CONFIG, clients
from ai_coordination.context import InvocationContext

# A little below Lambda's limits: 6 MiB for a synchronous invocation, 1 MiB for an event.
LARGEST_CALL_BYTES = 6_000_000
LARGEST_EVENT_BYTES = 1_000_000

# A connection that was closed while nobody used it fails at once. Later, the function has run.
SECONDS_TO_NOTICE: Final = 1.0

_PROMPT = CONFIG.merge(
    Config(
        connect_timeout=2,
        retries={"total_max_attempts": 1, "mode": "standard"},
        tcp_keepalive=True,
    )
)
_HURRIED = _PROMPT.merge(Config(connect_timeout=1))

# Client errors (4xx) that a retry may resolve.
_RETRYABLE_STATUSES = frozenset({409})
# Errors that mean throttling, next to the status 429. Some of them have other statuses.
_THROTTLES = frozenset({"EC2ThrottledException", "ThrottlingException", "TooManyRequestsException"})
_NOTES = {
    "AccessDeniedException": "The engine is not allowed to invoke this function",
    "EC2ThrottledException": "Lambda is throttling: EC2 is busy while the function starts",
    "RequestEntityTooLargeException": "The payload is larger than Lambda accepts",
    "RequestTooLargeException": "The payload is larger than Lambda accepts",
    "ResourceNotFoundException": "The function does not exist",
    "ThrottlingException": "Lambda is throttling: too many requests",
    "TooManyRequestsException": "Lambda is throttling: too many concurrent invocations",
}


class InvocationFailed(Exception):
    """The function was not invoked, or did not answer.

    `notes` are shown to the tenant, so they contain no internals of the AWS account. `throttled`
    means that Lambda refused for load; `after_seconds` is how long it asks to wait, if it says so.
    """

    def __init__(
        self,
        notes: str,
        *,
        retryable: bool = True,
        timed_out: bool = False,
        throttled: bool = False,
        after_seconds: float | None = None,
    ) -> None:
        super().__init__(notes)
        self.notes = notes
        self.retryable = retryable
        self.timed_out = timed_out
        self.throttled = throttled
        self.after_seconds = after_seconds


class FunctionResult(NamedTuple):
    """The response of a function."""

    payload: bytes
    failed: bool
    """Whether the function raised an error, timed out or could not start."""


def invoke(
    name: str, payload: bytes, seconds: float, *, context: InvocationContext
) -> FunctionResult:
    """Invoke a function and wait for its response. Raises InvocationFailed.

    It waits for `seconds`, rounded up to whole ones. The SDK does not retry: the caller decides.

    A kept connection may have been closed by the other side just now, which nobody sees before the
    request is sent. Then the function is invoked once more, over a new connection. Like any other,
    it may get an invocation twice.
    """
    begun = context.monotonic()
    try:
        client, is_new = _client(seconds, begun)
        try:
            return _waited(client, name, payload)
        except ConnectionClosedError:
            gone = context.monotonic() - begun
            if is_new or gone > SECONDS_TO_NOTICE:
                raise
            clients.drop_timed("lambda", _whole(seconds), client)
            client, _ = _client(seconds, begun + gone)
            return _waited(client, name, payload)
    except BotoCoreError as error:
        raise _unreachable(name, error) from error


def _client(seconds: float, now: float) -> tuple[Any, bool]:
    whole = _whole(seconds)
    return clients.timed("lambda", whole, _PROMPT if whole > 1 else _HURRIED, now)


def _whole(seconds: float) -> int:
    return max(math.ceil(seconds), 1)


def _waited(client: Any, name: str, payload: bytes) -> FunctionResult:
    response = _invoke(client, name, "RequestResponse", payload)
    return FunctionResult(response["Payload"].read(), "FunctionError" in response)


def send_event(name: str, payload: bytes) -> None:
    """Invoke a function asynchronously. Lambda queues the event. Raises InvocationFailed.

    If a response is lost, the SDK sends the event again, so the function may receive it twice.
    """
    try:
        _invoke(clients("lambda"), name, "Event", payload)
    except BotoCoreError as error:
        raise _unreachable(name, error) from error


def _invoke(client: Any, name: str, invocation_type: str, payload: bytes) -> dict[str, Any]:
    try:
        response: dict[str, Any] = client.invoke(
            FunctionName=name, InvocationType=invocation_type, Payload=payload
        )
    except ClientError as error:
        raise _rejected(name, error) from error
    return response


def _rejected(name: str, error: ClientError) -> InvocationFailed:
    telemetry.logger.warning("function", extra={"function": name, "reason": str(error)})
    code = error.response["Error"]["Code"]
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    notes = f"{_NOTES.get(code, 'Lambda rejected the invocation')} ({code})"
    throttled = status == 429 or code in _THROTTLES
    return InvocationFailed(
        notes,
        retryable=throttled or status >= 500 or status in _RETRYABLE_STATUSES,
        throttled=throttled,
        after_seconds=_retry_after(error) if throttled else None,
    )


def _retry_after(error: ClientError) -> float | None:
    """How many seconds Lambda asks to wait. None if it does not say so, or not as a number."""
    value = error.response["ResponseMetadata"].get("HTTPHeaders", {}).get("retry-after", "")
    return float(value) if value.isascii() and value.isdigit() else None


def _unreachable(name: str, error: BotoCoreError) -> InvocationFailed:
    if isinstance(error, ReadTimeoutError):
        return InvocationFailed("The function did not answer in time", timed_out=True)
    telemetry.logger.warning("function", extra={"function": name, "reason": str(error)})
    return InvocationFailed(f"The function could not be reached ({type(error).__name__})")
