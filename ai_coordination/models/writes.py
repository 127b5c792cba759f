"""Conditional writes that answer whether they landed.

Each part of a write says what its refusal means: `refused` gets the item as it stood, or None
where there is none, and gives the error to raise, or None where the refusal is no failure.

What load or other transactions refuse is tried again with full jitter until the caller's deadline;
what is refused even then is Throttled, and nothing of it is written. A write without an answer is
Throttled too, but it may be done: whole or not at all. A transaction carries one token through all
tries, so it is applied once, also where an answer was lost.
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
    """Writes that land together or not at all. At most MOST_PARTS of them."""

    def __init__(self) -> None:
        self._parts: list[dict[str, Any]] = []
        self._refusals: list[Refused] = []

    def put(self, item: Table, condition: Condition, refused: Refused) -> None:
        self._add("Put", item.get_save_kwargs_from_instance(condition), refused)

    def update(
        self, item: Table, actions: Sequence[Action], condition: Condition, refused: Refused
    ) -> None:
        kwargs = item.get_update_kwargs_from_instance(list(actions), condition)
        self._add("Update", kwargs, refused)

    def delete(self, item: Table, condition: Condition, refused: Refused) -> None:
        self._add("Delete", item.get_delete_kwargs_from_instance(condition), refused)

    def check(self, item: Table, condition: Condition, refused: Refused) -> None:
        kwargs = item.get_delete_kwargs_from_instance(condition)
        self._add("ConditionCheck", kwargs, refused)

    def _add(self, kind: str, kwargs: dict[str, Any], refused: Refused) -> None:
        kwargs["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        self._parts.append({kind: kwargs})
        self._refusals.append(refused)

    def commit(self, context: InvocationContext) -> None:
        """Raises what the first refused part says; parts are asked in the order they were added."""
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
    """What DynamoDB knows the repeat of a transaction by. At most 36 characters."""
    return f"{context.random_bits(128):032x}"


def update_versioned(
    item: V,
    actions: Sequence[Action],
    condition: Condition,
    refused: Callable[[V | None], EngineError],
    context: InvocationContext,
) -> V:
    """Changes an entity as one update mutation does, and gives it as it is then.

    A refusal by the SDK's own repeat of a write that had landed is known by `last_writes`.
    """
    mark = context.token()
    kind = type(item)
    kwargs = item.get_update_kwargs_from_instance(
        [*actions, kind.version.add(1), *_remember(kind, mark)],
        condition & ~kind.last_writes.contains(mark),
        "ALL_OLD",
    )
    kwargs["ReturnValues"] = "ALL_NEW"
    try:
        return kind.of(_send("UpdateItem", kwargs, context)["Attributes"])
    except VerboseClientError as error:
        old = _refused_item(error, kind)
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
    """One conditional write of the engine: whether it landed, and the item as it is.

    Where it did not, that is the item that refused the condition, or None where there is none. It
    may still be that the SDK's first try landed and its answer was lost: the caller knows by what
    the item says whether it stands where this write leads.
    """
    kind = type(item)
    kwargs = item.get_update_kwargs_from_instance(list(actions), condition, "ALL_OLD")
    kwargs["ReturnValues"] = "ALL_NEW"
    try:
        return Outcome(True, kind.of(_send("UpdateItem", kwargs, context)["Attributes"]))
    except VerboseClientError as error:
        return Outcome(False, _refused_item(error, kind))


def _remember(kind: type[Versioned], mark: str) -> list[Action]:
    """Moves the marks of the last writes on by one place, and puts this one first."""
    places = [kind.last_writes[place] for place in range(REMEMBERED_WRITES)]
    moves = [later.set(earlier) for earlier, later in pairwise(places)]
    return [*reversed(moves), places[0].set(mark)]


def delete(
    item: T,
    condition: Condition,
    refused: Callable[[T | None], EngineError],
    context: InvocationContext,
) -> None:
    """Deletes one item. Gone already, on the SDK's own repeat, is success."""
    kwargs = item.get_delete_kwargs_from_instance(condition, "ALL_OLD")
    failures: list[VerboseClientError] = []
    try:
        _send("DeleteItem", kwargs, context, failures)
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
    """What DynamoDB answers. `failures` is told of every refusal on the way, the last included."""
    failures = [] if failures is None else failures
    wait = FIRST_WAIT_SECONDS
    while True:
        try:
            return connection.attempt(operation, request)
        except VerboseClientError as error:
            failures.append(error)
            _raise_what_waiting_does_not_mend(error)
            pause = context.random() * wait
            if pause >= context.seconds_left():
                raise Throttled(
                    "The database is busy, or others write the same: try again later"
                ) from error
        context.sleep(pause)
        wait = min(2 * wait, LONGEST_WAIT_SECONDS)


def _raise_what_waiting_does_not_mend(error: VerboseClientError) -> None:
    code = error.response["Error"]["Code"]
    reasons = {reason.code for reason in error.cancellation_reasons if reason is not None}
    if _is_too_large(error):
        raise PayloadTooLarge("More than the 400 KB that one item may hold.") from error
    if "ConditionalCheckFailed" in reasons or not (code in _PASSING or reasons & _PASSING_REASONS):
        raise error


def _is_too_large(error: VerboseClientError) -> bool:
    messages = [error.response["Error"].get("Message", "")]
    messages += [reason.message or "" for reason in error.cancellation_reasons if reason]
    if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
        return False
    return any(words in message.lower() for message in messages for words in _TOO_LARGE)


def _refused_item(error: VerboseClientError, kind: type[T]) -> T | None:
    """The item that refused a condition; any other error is raised on."""
    if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
        raise error
    item = _answer(error).get("Item")
    return kind.of(item) if item else None


def _was_repeated(error: VerboseClientError) -> bool:
    return bool(_answer(error).get("ResponseMetadata", {}).get("RetryAttempts"))


def _answer(error: VerboseClientError) -> dict[str, Any]:
    cause = error.__cause__
    return dict(cause.response) if isinstance(cause, ClientError) else {}
