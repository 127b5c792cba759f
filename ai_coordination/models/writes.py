"""Conditional writes that report whether they landed.

Each write says what a refused condition means: `refused` gets the stored item, or None if there is
none, and returns the error to raise, or None if the refusal is not a failure.

A write that DynamoDB refuses because of load or another transaction is retried with full jitter
until the deadline. If it is still refused, Throttled is raised and nothing was written. A write
without a response raises Throttled too, but may have landed. A transaction has the same token in
all tries, so it is applied once even if a response was lost.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Generic, NamedTuple, TypeVar

from botocore.exceptions import ClientError
from pynamodb.exceptions import VerboseClientError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from ai_coordination.context import InvocationContext
from ai_coordination.errors import EngineError, PayloadTooLarge, Throttled
from ai_coordination.models.base import (
    REMEMBERED_WRITES,
    THROTTLES,
    Item,
    Table,
    Versioned,
    connection,
)
from ai_coordination.models.fast import requests

Refused = Callable[[Item | None], EngineError | None]
T = TypeVar("T", bound=Table)
V = TypeVar("V", bound=Versioned)

FIRST_WAIT_SECONDS = 0.02
LONGEST_WAIT_SECONDS = 0.5
MOST_PARTS = 100

_PASSING = THROTTLES | {"TransactionConflictException", "TransactionInProgressException"}
_PASSING_REASONS = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)
_TOO_LARGE = ("item size", "maximum allowed size", "transaction payload", "exceeded the maximum")


class Transaction:
    """Up to MOST_PARTS writes that land together or not at all."""

    def __init__(self) -> None:
        self._parts: list[dict[str, Any]] = []
        self._refusals: list[Refused] = []

    def put(self, item: Table, condition: Condition, refused: Refused) -> None:
        self._add("Put", requests.put(item, condition), refused)

    def update(
        self, item: Table, actions: Sequence[Action], condition: Condition, refused: Refused
    ) -> None:
        self._add("Update", requests.update(item, actions, condition), refused)

    def delete(self, item: Table, condition: Condition, refused: Refused) -> None:
        self._add("Delete", requests.delete(item, condition), refused)

    def check(self, item: Table, condition: Condition, refused: Refused) -> None:
        self._add("ConditionCheck", requests.delete(item, condition), refused)

    def _add(self, operation: str, request: requests.Request, refused: Refused) -> None:
        self._parts.append({operation: request})
        self._refusals.append(refused)

    def commit(self, context: InvocationContext) -> None:
        """Write all parts. Raises the error of the first refused part, in the order of addition."""
        request = {"TransactItems": self._parts, "ClientRequestToken": _request_token(context)}
        try:
            _send("TransactWriteItems", request, context)
        except VerboseClientError as error:
            for reason, refused in zip(error.cancellation_reasons, self._refusals, strict=False):
                if reason is not None and reason.code == "ConditionalCheckFailed":
                    failure = refused(reason.raw_item)
                    if failure is not None:
                        raise failure from error
            raise


def _request_token(context: InvocationContext) -> str:
    """Return a token by which DynamoDB recognizes a repeated transaction: at most 36 characters."""
    return f"{context.random_bits(128):032x}"


def update_versioned(
    item: V,
    actions: Sequence[Action],
    condition: Condition,
    refused: Callable[[V | None], EngineError],
    context: InvocationContext,
) -> V:
    """Apply a versioned update and return the updated entity.

    The SDK retries a write whose response was lost. If the first try has landed, the retry is
    refused; `last_writes` tells this from a real refusal.
    """
    mark = context.token()
    model = type(item)
    request = requests.update(
        item,
        [*actions, model.version.add(1), *_remember(model, mark)],
        condition & ~model.last_writes.contains(mark),
    )
    request["ReturnValues"] = "ALL_NEW"
    try:
        return model.of(_send("UpdateItem", request, context)["Attributes"])
    except VerboseClientError as error:
        old = _refused_item(error, model)
        if old is not None and mark in old.last_writes:
            return old
        raise refused(old) from error


class Outcome(NamedTuple, Generic[T]):
    """Whether a conditional write landed, and the item as it is: None if there is none."""

    landed: bool
    item: T | None


def update_if(
    item: T, actions: Sequence[Action], condition: Condition, context: InvocationContext
) -> Outcome[T]:
    """Apply a conditional update.

    If the condition was refused, the outcome has the stored item, or None if there is none. Even
    then the SDK's first try may have landed and its response been lost: the caller must compare the
    item with what the update would have written.
    """
    model = type(item)
    request = requests.update(item, actions, condition)
    request["ReturnValues"] = "ALL_NEW"
    try:
        return Outcome(True, model.of(_send("UpdateItem", request, context)["Attributes"]))
    except VerboseClientError as error:
        return Outcome(False, _refused_item(error, model))


def _remember(model: type[Versioned], mark: str) -> list[Action]:
    """Put a mark in front of the marks of earlier writes, and drop the oldest."""
    places = [model.last_writes[place] for place in range(REMEMBERED_WRITES)]
    moves = [later.set(earlier) for earlier, later in pairwise(places)]
    return [*reversed(moves), places[0].set(mark)]


def delete(
    item: T,
    condition: Condition,
    refused: Callable[[T | None], EngineError],
    context: InvocationContext,
) -> None:
    """Delete an item. Finding it gone on the SDK's retry counts as success."""
    request = requests.delete(item, condition)
    failures: list[VerboseClientError] = []
    try:
        _send("DeleteItem", request, context, failures)
    except VerboseClientError as error:
        old = _refused_item(error, type(item))
        if old is None and any(map(_was_repeated, failures)):
            return
        raise refused(old) from error


def _send(
    operation: str,
    request: dict[str, Any],
    context: InvocationContext,
    failures: list[VerboseClientError] | None = None,
) -> Any:
    """Call DynamoDB until the deadline. `failures` collects every refusal, including the last."""
    failures = [] if failures is None else failures
    wait = FIRST_WAIT_SECONDS
    while True:
        try:
            return connection.attempt(operation, request)
        except VerboseClientError as error:
            failures.append(error)
            _raise_if_permanent(error)
            pause = context.random() * wait
            if pause >= context.seconds_left():
                raise Throttled(
                    "The database is busy, or other requests change the same item: try again later"
                ) from error
        context.sleep(pause)
        wait = min(2 * wait, LONGEST_WAIT_SECONDS)


def _raise_if_permanent(error: VerboseClientError) -> None:
    code = error.response["Error"]["Code"]
    reasons = {reason.code for reason in error.cancellation_reasons if reason is not None}
    if _is_too_large(error):
        raise PayloadTooLarge(
            "An item must not exceed 400 KB: shorten its texts or lists"
        ) from error
    if "ConditionalCheckFailed" in reasons or not (code in _PASSING or reasons & _PASSING_REASONS):
        raise error


def _is_too_large(error: VerboseClientError) -> bool:
    messages = [error.response["Error"].get("Message") or ""]
    messages += [reason.message or "" for reason in error.cancellation_reasons if reason]
    if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
        return False
    return any(words in message.lower() for message in messages for words in _TOO_LARGE)


def _refused_item(error: VerboseClientError, model: type[T]) -> T | None:
    """Return the item that did not meet the condition. Any other error is raised again."""
    if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
        raise error
    item = _answer(error).get("Item")
    return model.of(item) if item else None


def _was_repeated(error: VerboseClientError) -> bool:
    return bool(_answer(error).get("ResponseMetadata", {}).get("RetryAttempts"))


def _answer(error: VerboseClientError) -> dict[str, Any]:
    cause = error.__cause__
    return dict(cause.response) if isinstance(cause, ClientError) else {}
