"""What the database refuses, in DynamoDB's codes and words.

The messages are those of DynamoDB Local, so that both can be compared request by request. Clients
branch on the codes, which AWS documents for each operation in its API reference.
"""

from collections.abc import Mapping
from typing import Any

from ai_coordination.local.errors import Refused

CONDITION_FAILED = "The conditional request failed"


class Invalid(Refused):
    """A request that breaks one of DynamoDB's rules."""

    def __init__(self, message: str) -> None:
        super().__init__("ValidationException", message)


class InvalidUpdate(Invalid):
    """An update that does not fit the item. In a transaction this cancels the transaction."""


class ConditionFailed(Refused):
    """A condition that does not hold. `Item` is the item that it was checked against."""

    def __init__(self, item: Any = None) -> None:
        fields = {} if item is None else {"Item": item}
        super().__init__("ConditionalCheckFailedException", CONDITION_FAILED, **fields)


class NotSupported(Refused):
    """A part of DynamoDB's API that the engine has no use for, and this database does not have."""

    def __init__(self, what: str) -> None:
        super().__init__("ValidationException", f"{what} is not supported by the embedded database")


def no_such_table() -> Refused:
    """The error for a table that does not exist."""
    return Refused("ResourceNotFoundException", "Cannot do operations on a non-existent table")


def canceled(reasons: list[dict[str, Any]]) -> Refused:
    """The error of a transaction, with one reason for each of its parts."""
    codes = ", ".join(reason["Code"] for reason in reasons)
    message = (
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    )
    return Refused(
        "TransactionCanceledException", message, Message=message, CancellationReasons=reasons
    )


_REPLACED = (
    "AttributesToGet",
    "AttributeUpdates",
    "ConditionalOperator",
    "Expected",
    "KeyConditions",
    "QueryFilter",
    "ScanFilter",
    "Segment",
)


def check_supported(request: Mapping[str, Any]) -> None:
    """Raises NotSupported for a parameter that expressions have replaced, or that only AWS has."""
    for parameter in _REPLACED:
        if request.get(parameter) is not None:
            raise NotSupported(parameter)
