"""What SQS accepts, and the forms in which it reports. Source: Amazon SQS API Reference."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ai_coordination.local.errors import Refused

MOST_OF_A_BATCH = 10
LARGEST_BYTES = 1024 * 1024

Request = Mapping[str, Any]
Operation = Callable[[Request], dict[str, Any]]


def batched(single: Operation, request: Request) -> dict[str, Any]:
    """The answer of an operation on up to ten entries, each of which may fail for itself."""
    entries = request.get("Entries") or ()
    _check_entries(entries)
    answer: dict[str, Any] = {"Successful": [], "Failed": []}
    for entry in entries:
        try:
            done = single({**entry, "QueueUrl": request["QueueUrl"]})
        except Refused as error:
            failure = {"Code": error.code, "Message": error.message, "SenderFault": True}
            answer["Failed"].append({"Id": entry["Id"], **failure})
        else:
            answer["Successful"].append({"Id": entry["Id"], **done})
    return {name: several for name, several in answer.items() if several}


def _check_entries(entries: Sequence[Request]) -> None:
    if not entries:
        raise Refused("AWS.SimpleQueueService.EmptyBatchRequest", "There are no entries.")
    if len(entries) > MOST_OF_A_BATCH:
        raise Refused(
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
            f"Maximum number of entries per request are {MOST_OF_A_BATCH}.",
        )
    if len({entry["Id"] for entry in entries}) < len(entries):
        raise Refused("AWS.SimpleQueueService.BatchEntryIdsNotDistinct", "An id is repeated.")
    size = sum(len(str(entry.get("MessageBody", "")).encode()) for entry in entries)
    if size > LARGEST_BYTES:
        raise Refused(
            "AWS.SimpleQueueService.BatchRequestTooLong",
            f"Batch requests cannot be longer than {LARGEST_BYTES} bytes.",
        )


def check_between(name: str, value: int, most: int) -> None:
    """Raises Refused where a parameter is out of its range."""
    if not 0 <= value <= most:
        raise invalid(f"Value {value} for parameter {name} is invalid.")


def invalid(message: str) -> Refused:
    """The error for a parameter that is not valid."""
    return Refused("InvalidParameterValue", message)


def no_such_queue() -> Refused:
    """The error for a queue that does not exist."""
    return Refused("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")


def chosen(known: Mapping[str, str], wanted: Iterable[str]) -> dict[str, str]:
    """Those attributes that a request names, or all."""
    names = set(wanted)
    return {name: value for name, value in known.items() if "All" in names or name in names}


def digest(body: str) -> str:
    """The MD5 of a body, as SQS reports it."""
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()


def milliseconds(seconds: float) -> str:
    """Seconds as SQS writes times."""
    return str(int(seconds * 1000))
