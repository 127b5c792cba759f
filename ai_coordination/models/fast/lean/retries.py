"""When a request is sent again: as in botocore's mode `standard`."""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from botocore.retries.quota import RetryQuota

from ai_coordination.context import InvocationContext


class Kind(Enum):
    """Why a request may be sent again. The value is what that takes from the quota."""

    FAILED = 14
    THROTTLED = 5


_THROTTLED: Final = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
_CONFLICT: Final = "ReplicatedWriteConflictException"
_FAILED: Final = frozenset({_CONFLICT, "RequestTimeout", "RequestTimeoutException"})
_FAILED_STATUSES: Final = frozenset({500, 502, 503, 504})
_TOO_MANY_REQUESTS: Final = 429
# DynamoDB's own errors of which none means that a request is throttled, whatever the status is.
_NOT_THROTTLED: Final = frozenset(
    {
        _CONFLICT,
        "ConditionalCheckFailedException",
        "IdempotentParameterMismatchException",
        "InternalServerError",
        "ItemCollectionSizeLimitExceededException",
        "ResourceNotFoundException",
        "TransactionCanceledException",
        "TransactionConflictException",
    }
)
_BACK_AFTER_SUCCESS: Final = 1
_SECONDS: Final[Mapping[Kind, float]] = {Kind.FAILED: 0.025, Kind.THROTTLED: 1.0}
_MOST_SECONDS: Final = 20
_AFTER: Final = "x-amz-retry-after"
_MOST_SECONDS_AFTER: Final = 5


def kind(status: int, code: str) -> Kind | None:
    """Return why a refused request may be sent again; None if it may not."""
    if code in _THROTTLED or (status == _TOO_MANY_REQUESTS and code not in _NOT_THROTTLED):
        return Kind.THROTTLED
    if code in _FAILED or status in _FAILED_STATUSES:
        return Kind.FAILED
    return None


class Retries:
    """What the requests of a client share: a quota that ends retries if nearly all fail."""

    def __init__(self, most_attempts: int, context: InvocationContext) -> None:
        self.most_attempts = most_attempts
        self.context = context
        self.quota = RetryQuota()


class Attempts:
    """Those of one call, counted from 1."""

    def __init__(self, retries: Retries) -> None:
        self.number = 1
        self.is_quota_reached = False
        self._retries = retries
        self._taken = _BACK_AFTER_SUCCESS

    @property
    def is_last(self) -> bool:
        """Whether it is the last one that a call may have."""
        return self.number >= self._retries.most_attempts

    def again(self, why: Kind, headers: Mapping[str, str] | None = None) -> bool:
        """Wait, and return True if the request is to be sent again."""
        if self.is_last:
            return False
        if not self._retries.quota.acquire(why.value):
            self.is_quota_reached = True
            return False
        self._taken = why.value
        context = self._retries.context
        context.sleep(seconds(why, self.number, context.random(), headers or {}))
        self.number += 1
        return True

    def succeeded(self) -> None:
        """Give back to the quota."""
        self._retries.quota.release(self._taken)


def seconds(why: Kind, attempt: int, chance: float, headers: Mapping[str, str]) -> float:
    """Return how long to wait after an attempt, counted from 1. `chance` is from 0 to 1."""
    wait = chance * min(_SECONDS[why] * (1 << (attempt - 1)), _MOST_SECONDS)
    asked = headers.get(_AFTER, "")
    if not asked.isdecimal():
        return wait
    return max(wait, min(int(asked) / 1000, wait + _MOST_SECONDS_AFTER))
