"""TransactWriteItems: several writes that are stored together or not at all.

Source: Amazon DynamoDB API Reference, TransactWriteItems: at most 100 parts of distinct items, and
4 MB in all. A token is known for ten minutes after the transaction.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ai_coordination.local.database import capacity
from ai_coordination.local.database.errors import ConditionFailed, Invalid, canceled
from ai_coordination.local.database.rows import Rows
from ai_coordination.local.database.tables import Tables
from ai_coordination.local.database.writes import Write, Written, consumed
from ai_coordination.local.errors import Refused
from ai_coordination.local.sqlite import File

CREATE = (
    """CREATE TABLE IF NOT EXISTS tokens (
        token TEXT PRIMARY KEY, request BLOB NOT NULL, at REAL NOT NULL
    )""",
    "CREATE INDEX IF NOT EXISTS tokens_by_time ON tokens (at)",
)
MOST_PARTS = 100
LARGEST_BYTES = 4 * 1024 * 1024
LONGEST_TOKEN = 36
TOKEN_SECONDS = 600

Request = Mapping[str, Any]

_OPERATIONS = ("ConditionCheck", "Delete", "Put", "Update")


class Transactions:
    """Transactions, and the tokens of those of the last minutes."""

    def __init__(self, file: File, tables: Tables, rows: Rows, utc: Callable[[], datetime]) -> None:
        self._file = file
        self._tables = tables
        self._rows = rows
        self._utc = utc
        file.create(*CREATE)

    def write(self, request: Request) -> dict[str, Any]:
        """TransactWriteItems. A request whose token is known has been carried out already."""
        parts = request.get("TransactItems") or []
        _check_number(parts)
        writes = [Write(*_part(place, part), self._tables) for place, part in enumerate(parts, 1)]
        _check_distinct(writes)
        written_request = _written(parts)
        if len(written_request) > LARGEST_BYTES:
            _check_size(writes)
        token = request.get("ClientRequestToken")
        digest = hashlib.sha256(written_request.encode()).digest()
        if token and self._is_known(token, digest):
            return self._repeated(request, writes)
        written = self._run(writes)
        if token:
            self._remember(token, digest)
        return _answer(request, list(zip(writes, written, strict=True)))

    def _run(self, writes: Sequence[Write]) -> list[Written]:
        """All of them; an exception undoes what was written. Raises Refused with the reasons."""
        written: list[Written] = []
        reasons: list[dict[str, Any]] = []
        for write in writes:
            try:
                written.append(write.run(self._rows))
                reasons.append({"Code": "None"})
            except ConditionFailed as error:
                reason = {"Code": "ConditionalCheckFailed", "Message": error.message}
                reasons.append({**error.fields, **reason})
            except Invalid as error:
                reasons.append({"Code": "ValidationError", "Message": error.message})
        if len(written) < len(writes):
            raise canceled(reasons)
        return written

    def _is_known(self, token: str, digest: bytes) -> bool:
        if len(token) > LONGEST_TOKEN:
            raise Invalid(
                f"Value {token} at 'clientRequestToken' failed to satisfy constraint: Member must "
                f"have length less than or equal to {LONGEST_TOKEN}"
            )
        since = self._utc().timestamp() - TOKEN_SECONDS
        self._file.first("DELETE FROM tokens WHERE at <= ?", (since,))
        known = self._file.first("SELECT request FROM tokens WHERE token = ?", (token,))
        if known is not None and known[0] != digest:
            raise Refused("IdempotentParameterMismatchException", "", Message="")
        return known is not None

    def _remember(self, token: str, digest: bytes) -> None:
        at = self._utc().timestamp()
        self._file.first("INSERT INTO tokens VALUES (?, ?, ?)", (token, digest, at))

    def _repeated(self, request: Request, writes: Sequence[Write]) -> dict[str, Any]:
        """The answer to a request that was carried out before: nothing but reads is charged."""
        if not capacity.wants(request):
            return {}
        units: dict[str, float] = {}
        for write in writes:
            found = self._rows.get(write.table, write.key)
            size = found.size if found else 0
            read = capacity.OF_A_TRANSACTION * capacity.read_units(size, consistent=True)
            units[write.table.name] = units.get(write.table.name, 0.0) + read
        return {
            "ConsumedCapacity": [
                capacity.consumed(request, name, total, {}, "ReadCapacityUnits")
                for name, total in units.items()
            ]
        }


def _check_number(parts: Sequence[Request]) -> None:
    if not parts:
        raise Invalid(
            "Value [] at 'transactItems' failed to satisfy constraint: Member must have length "
            "greater than or equal to 1"
        )
    if len(parts) > MOST_PARTS:
        raise Invalid(f"Member must have length less than or equal to {MOST_PARTS}")


def _part(place: int, part: Request) -> tuple[str, Request]:
    """The operation of a part, and its request. Raises Invalid."""
    operations = [name for name in _OPERATIONS if part.get(name) is not None]
    if not operations:
        raise Invalid(
            "Invalid Request: TransactWriteRequest should contain Delete or Put or Update request"
        )
    if len(operations) > 1:
        raise Invalid("TransactItems can only contain one of Check, Put, Update or Delete")
    [operation] = operations
    request: Request = part[operation]
    if operation == "ConditionCheck" and request.get("ConditionExpression") is None:
        raise Invalid(
            f"Value null at 'transactItems.{place}.member.conditionCheck.conditionExpression' "
            "failed to satisfy constraint: Member must not be null"
        )
    return operation, request


def _check_distinct(writes: Sequence[Write]) -> None:
    if len({(write.table.name, write.key) for write in writes}) < len(writes):
        raise Invalid("Transaction request cannot include multiple operations on one item")


def _check_size(writes: Sequence[Write]) -> None:
    size = 0
    for write in writes:
        size += write.size()
        if size > LARGEST_BYTES:
            raise Invalid(f"Transaction payload size cannot exceed 4MB. Payload Size: {size}")


def _written(parts: Sequence[Request]) -> str:
    """The parts as JSON: what tells a request from another one with the same token."""
    return json.dumps(parts, sort_keys=True, default=lambda binary: bytes(binary).hex())


def _answer(request: Request, written: list[tuple[Write, Written]]) -> dict[str, Any]:
    if not capacity.wants(request):
        return {}
    units = consumed(request, written, capacity.OF_A_TRANSACTION, "WriteCapacityUnits")
    return {"ConsumedCapacity": units}
