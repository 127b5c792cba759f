"""A worker that dies of SIGKILL: `python -m tests.processes.dying_worker POINT OPTION...`.

POINT is "before" or "after" and one of the writes of a step: "after-claim". The rest is that of
`python -m ai_coordination.local worker`.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from ai_coordination.local.__main__ import main
from ai_coordination.models import SessionAgent, SessionRun
from ai_coordination.models.base import SharedConnection

Request = dict[str, Any]


def _of(table: type[SessionAgent | SessionRun], operation: str, request: Request) -> bool:
    return operation == "UpdateItem" and request["TableName"] == table.Meta.table_name


def _claims(operation: str, request: Request) -> bool:
    parts = request.get("TransactItems", [])
    return any(part.get("Put", {}).get("TableName") == SessionRun.Meta.table_name for part in parts)


def _hands_over(operation: str, request: Request) -> bool:
    updates = [part.get("Update", {}) for part in request.get("TransactItems", [])]
    values = [update.get("ExpressionAttributeValues", {}).values() for update in updates]
    return any({"S": "completed"} in of_update for of_update in values)


def _completes(operation: str, request: Request) -> bool:
    values = request.get("ExpressionAttributeValues", {}).values()
    return _of(SessionAgent, operation, request) and {"S": "completed"} in values


def _seals(operation: str, request: Request) -> bool:
    return _of(SessionRun, operation, request)


def _releases(operation: str, request: Request) -> bool:
    return _of(SessionAgent, operation, request) and "DELETE" in request["UpdateExpression"]


def _settles(operation: str, request: Request) -> bool:
    return _of(SessionAgent, operation, request) and "SET" not in request["UpdateExpression"]


WRITES: dict[str, Callable[[str, Request], bool]] = {
    "claim": _claims,
    "handover": _hands_over,
    "complete": _completes,
    "seal": _seals,
    "release": _releases,
    "settle": _settles,
}


def dies(point: str) -> None:
    """Kill the process before or after the first write of that kind."""
    when, name = point.split("-")
    is_it = WRITES[name]
    attempt = SharedConnection.attempt

    def watched(connection: SharedConnection, operation: str, request: Request) -> Any:
        if not is_it(operation, request):
            return attempt(connection, operation, request)
        if when == "after":
            attempt(connection, operation, request)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("SIGKILL does not return")

    patch.object(SharedConnection, "attempt", watched).start()


if __name__ == "__main__":
    dies(sys.argv[1])
    sys.argv[1:] = ["worker", *sys.argv[2:]]
    sys.exit(main())
