"""The Lambda functions of agents: invoked, or handed an event."""

from dataclasses import dataclass
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from ai_coordination import telemetry
from ai_coordination.clients.aws import CONFIG, clients

# A little below Lambda's own: 6 MiB for a call that waits, 1 MiB for an event.
LARGEST_CALL_BYTES = 6_000_000
LARGEST_EVENT_BYTES = 1_000_000

# What may be otherwise in a moment, though Lambda answers with a status of the caller's own fault.
_PASSING_STATUSES = frozenset({409, 429})
_NOTES = {
    "AccessDeniedException": "The engine may not invoke this function",
    "RequestTooLargeException": "What the function was to get is larger than Lambda takes",
    "ResourceNotFoundException": "There is no such function",
    "TooManyRequestsException": "Too many calls of functions at once",
}


class NotInvoked(Exception):
    """A function that did not answer. `notes` are for the tenant: they name nothing of AWS's."""

    def __init__(self, notes: str, *, retryable: bool = True, timed_out: bool = False) -> None:
        super().__init__(notes)
        self.notes = notes
        self.retryable = retryable
        self.timed_out = timed_out


@dataclass(frozen=True, slots=True)
class Returned:
    """What a function gave back; `failed` where it raised, ran out of time or could not begin."""

    payload: bytes
    failed: bool


def call(name: str, payload: bytes, seconds: float) -> Returned:
    """Waits for the function's answer, at most so long. Raises NotInvoked.

    Sent once: the caller decides whether to try again. How long a client waits is a matter
    of the client, so each call has one of its own, which takes 2 ms.
    """
    config = CONFIG.merge(
        Config(
            connect_timeout=min(2.0, seconds),
            read_timeout=seconds,
            retries={"total_max_attempts": 1, "mode": "standard"},
            tcp_keepalive=True,
        )
    )
    client = clients.new("lambda", config)
    try:
        response = _invoked(client, name, "RequestResponse", payload)
        return Returned(response["Payload"].read(), "FunctionError" in response)
    except BotoCoreError as error:
        raise _unreachable(name, error) from error
    finally:
        client.close()


def hand(name: str, payload: bytes) -> None:
    """Gives the function an event, which Lambda keeps until it has run. Raises NotInvoked.

    After a lost answer the SDK sends it again, so the function may see the same event twice.
    """
    try:
        _invoked(clients("lambda"), name, "Event", payload)
    except BotoCoreError as error:
        raise _unreachable(name, error) from error


def _invoked(client: Any, name: str, how: str, payload: bytes) -> dict[str, Any]:
    try:
        given: dict[str, Any] = client.invoke(
            FunctionName=name, InvocationType=how, Payload=payload
        )
    except ClientError as error:
        raise _refused(name, error) from error
    return given


def _refused(name: str, error: ClientError) -> NotInvoked:
    telemetry.logger.warning("function", extra={"function": name, "reason": str(error)})
    code = error.response["Error"]["Code"]
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    notes = f"{_NOTES.get(code, 'Lambda does not invoke this function')} ({code})"
    return NotInvoked(notes, retryable=status >= 500 or status in _PASSING_STATUSES)


def _unreachable(name: str, error: BotoCoreError) -> NotInvoked:
    if isinstance(error, ReadTimeoutError):
        return NotInvoked("The function has not answered in time", timed_out=True)
    telemetry.logger.warning("function", extra={"function": name, "reason": str(error)})
    return NotInvoked(f"The function could not be reached ({type(error).__name__})")
