"""What an error of an A2A agent, or of the way to it, means for the attempt."""

from typing import Final

from ai_coordination.agent_hosts import HostRefused
from ai_coordination.clients.a2a import METHOD_NOT_FOUND, VERSION_NOT_SUPPORTED, Refused
from ai_coordination.clients.a2a_card import CardUnusable
from ai_coordination.clients.a2a_tasks import Malformed
from ai_coordination.clients.http import NotAnswered
from ai_coordination.clients.secrets import SecretUnavailable
from ai_coordination.runtimes.base import THROTTLE_SECONDS, Call, RunFailed

LONGEST_MESSAGE: Final = 500
TASK_NOT_FOUND: Final = -32001

EXPECTED: Final = (
    CardUnusable,
    HostRefused,
    Malformed,
    NotAnswered,
    Refused,
    SecretUnavailable,
)

# The request is at fault, or the agent cannot do it: another attempt has the same end.
NOT_RETRYABLE: Final = frozenset(
    {
        -32700,  # the JSON
        -32600,  # the request
        METHOD_NOT_FOUND,
        -32602,  # the parameters
        TASK_NOT_FOUND,
        -32002,  # the task cannot be cancelled
        -32003,  # push notifications are not supported
        -32004,  # the operation is not supported, or the task is over
        -32005,  # a media type is not supported
        -32007,  # no extended card
        -32008,  # an extension is required
        VERSION_NOT_SUPPORTED,
    }
)
_RETRYABLE_STATUS: Final = frozenset({408, 409, 425, 429})


def failure(call: Call, error: Exception, what: str = "The agent") -> RunFailed:
    """The failure of the attempt. `what` has answered, or has not."""
    if isinstance(error, NotAnswered):
        notes = error.notes_of(what)
        if error.timed_out:
            notes = f"{what} has not answered within {call.seconds:.0f} s"
        return RunFailed(notes, retryable=error.retryable, timed_out=error.timed_out)
    if isinstance(error, SecretUnavailable):
        return RunFailed(error.notes, retryable=error.retryable)
    if isinstance(error, Refused):
        return _refused(call, error, what)
    if isinstance(error, Malformed):
        return RunFailed(f"{what} answered neither a task nor a message")
    return RunFailed(str(error), retryable=False)


def _refused(call: Call, error: Refused, what: str) -> RunFailed:
    status = error.status
    said = f": {error.message[:LONGEST_MESSAGE]}" if error.message else ""
    if status in (401, 403):
        # Its text may repeat a part of the key.
        notes = f"{what} answered {status}: it does not accept the key, or needs one"
        return RunFailed(notes, retryable=False)
    if 300 <= status < 400:
        notes = f"{what} answered {status}, a redirect, which is not followed"
        return RunFailed(notes, retryable=False)
    # A server that is down answers 503 too, but does not know for how long.
    is_busy = status == 429 or (status == 503 and error.after_seconds is not None)
    parameters = call.parameters or {}
    if error.code is None or is_busy:
        if status == 200:
            return RunFailed(f"{what} answered 200 without a result{said}")
        retryable = status in _RETRYABLE_STATUS or status >= 500
        return RunFailed(
            f"{what} answered {status}{said}",
            retryable=retryable,
            timed_out=status == 408,
            throttled=is_busy,
            after_seconds=error.after_seconds if retryable else None,
            throttle_seconds=parameters.get("throttleSeconds", THROTTLE_SECONDS),
        )
    retryable = error.code not in NOT_RETRYABLE
    return RunFailed(
        f"{what} answered {error.code}{said}",
        retryable=retryable,
        after_seconds=error.after_seconds if retryable else None,
    )
