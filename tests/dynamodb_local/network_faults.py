"""Faults between the SDK and DynamoDB, below the SDK's own retries, call by call."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any
from unittest.mock import patch

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, ReadTimeoutError
from botocore.httpsession import URLLib3Session
from botocore.retries.quota import RetryQuota
from botocore.retries.standard import ExponentialBackoff

from ai_coordination.models.fast.lean import retries
from ai_coordination.models.fast.lean.pool import Pool, Reply

WRITES = frozenset({"TransactWriteItems", "UpdateItem", "DeleteItem", "PutItem"})
READS = frozenset({"GetItem", "BatchGetItem", "Query"})

Send = Callable[[AWSPreparedRequest], AWSResponse]
# What happens to one request.
Fault = Callable[[Send, AWSPreparedRequest], AWSResponse]
# Which fault meets the request of this number, counted from 1, with this operation; None: none.
Plan = Callable[[int, str], Fault | None]


def reply_times_out(send: Send, request: AWSPreparedRequest) -> AWSResponse:
    """It lands, and the answer does not come in time."""
    send(request)
    raise ReadTimeoutError(endpoint_url=request.url)


def reply_breaks_off(send: Send, request: AWSPreparedRequest) -> AWSResponse:
    """It lands, and the connection is gone before the answer."""
    send(request)
    raise ConnectionClosedError(endpoint_url=request.url)


def reply_is_an_error(send: Send, request: AWSPreparedRequest) -> AWSResponse:
    """It lands, and a server on the way back answers for DynamoDB."""
    send(request)
    return _answer(request, 500, "InternalServerError")


def after(rival: Callable[[], object], fault: Fault = lambda send, request: send(request)) -> Fault:
    """Another caller does something just before the request arrives."""

    def first_the_rival(send: Send, request: AWSPreparedRequest) -> AWSResponse:
        rival()
        return fault(send, request)

    return first_the_rival


def reply_times_out_and_then(rival: Callable[[], object]) -> Fault:
    """The request takes effect, its answer is lost, and another caller comes before the retry."""

    def then_the_rival(send: Send, request: AWSPreparedRequest) -> AWSResponse:
        send(request)
        rival()
        raise ReadTimeoutError(endpoint_url=request.url)

    return then_the_rival


def request_is_lost(send: Send, request: AWSPreparedRequest) -> AWSResponse:
    """It never arrives."""
    raise ConnectTimeoutError(endpoint_url=request.url)


def refused(code: str, **members: Any) -> Fault:
    """DynamoDB refuses it with this error, and nothing lands."""
    return lambda send, request: _answer(request, 400, code, **members)


def answered(answer: Callable[[dict[str, Any]], dict[str, Any]]) -> Fault:
    """DynamoDB answers this of what is asked, and does nothing."""
    return lambda send, request: _reply(request, 200, answer(body(request)))


def cancelled(*reasons: str) -> Fault:
    """DynamoDB cancels the transaction for these reasons, those of its last parts."""

    def fault(send: Send, request: AWSPreparedRequest) -> AWSResponse:
        parts = len(body(request)["TransactItems"])
        codes = [*["None"] * (parts - len(reasons)), *reasons][-parts:]
        told = [{"Code": code} if code == "None" else _reason(code) for code in codes]
        return _answer(request, 400, "TransactionCanceledException", CancellationReasons=told)

    return fault


def _reason(code: str) -> dict[str, str]:
    return {"Code": code, "Message": f"{code} is the reason"}


def conflicts(send: Send, request: AWSPreparedRequest) -> AWSResponse:
    """Another transaction holds the item, so this one is cancelled."""
    if _operation(request) == "TransactWriteItems":
        return cancelled("TransactionConflict")(send, request)
    return refused("TransactionConflictException")(send, request)


def conflicts_besides(send: Send, request: AWSPreparedRequest) -> AWSResponse:
    """DynamoDB cancels the transaction, and for the parts it had nothing against, a conflict."""
    told = json.loads(send(request).content)
    reasons = [
        _reason("TransactionConflict") if reason["Code"] == "None" else reason
        for reason in told["CancellationReasons"]
    ]
    code = "TransactionCanceledException"
    return _answer(request, 400, code, CancellationReasons=reasons)


def at(*numbers: int, fault: Fault) -> Plan:
    """The requests of these numbers meet the fault."""
    return lambda number, operation: fault if number in numbers else None


def in_turn(*met: Fault, operations: frozenset[str] = WRITES) -> Plan:
    """The first requests of these operations meet the faults, one each; the rest go well."""
    left = iter(met)
    return lambda number, operation: next(left, None) if operation in operations else None


def always(fault: Fault, operations: frozenset[str] = WRITES) -> Plan:
    """All requests of these operations meet the fault."""
    return lambda number, operation: fault if operation in operations else None


def never(number: int, operation: str) -> None:
    return None


@contextmanager
def faults(plan: Plan = never) -> Iterator[list[str]]:
    """The operations of all requests to DynamoDB, repeats included, as they go out.

    The SDK's repeats do not wait, and do not run out over many tests.
    """
    sent: list[str] = []
    counting = Lock()
    of_botocore, of_lean = URLLib3Session.send, Pool.post

    def meet(send: Send, request: AWSPreparedRequest) -> AWSResponse:
        operation = _operation(request)
        with counting:
            sent.append(operation)
            fault = plan(len(sent), operation)
        return send(request) if fault is None else fault(send, request)

    def send(session: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
        return meet(lambda one: of_botocore(session, one), request)

    def post(pool: Pool, headers: dict[str, str], body: bytes) -> Reply:
        def pass_on(one: AWSPreparedRequest) -> AWSResponse:
            reply = of_lean(pool, headers, body)
            told = HTTPHeaders.from_dict(reply.headers)
            return AWSResponse(one.url, reply.status, told, _Stream(reply.body))

        named = HTTPHeaders.from_dict(headers)
        request = AWSPreparedRequest("POST", pool.url, named, body, stream_output=False)
        answer = meet(pass_on, request)
        return Reply(answer.status_code, dict(answer.headers.items()), answer.content)

    with (
        patch.object(URLLib3Session, "send", send),
        patch.object(Pool, "post", post),
        patch.object(ExponentialBackoff, "delay_amount", lambda backoff, context: 0),
        patch.object(retries, "seconds", lambda *given: 0),
        patch.object(RetryQuota, "acquire", lambda quota, amount: True),
    ):
        yield sent


def _operation(request: AWSPreparedRequest) -> str:
    target = request.headers["X-Amz-Target"]
    return (target.decode() if isinstance(target, bytes) else target).rpartition(".")[2]


def body(request: AWSPreparedRequest) -> dict[str, Any]:
    """Return the parameters of a request to DynamoDB."""
    assert isinstance(request.body, bytes)
    return dict(json.loads(request.body))


class _Stream(io.BytesIO):
    def stream(self, **options: Any) -> Iterator[bytes]:
        yield self.read()


def _answer(request: AWSPreparedRequest, status: int, code: str, **members: Any) -> AWSResponse:
    told = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": code, **members}
    return _reply(request, status, told)


def _reply(request: AWSPreparedRequest, status: int, told: dict[str, Any]) -> AWSResponse:
    headers = HTTPHeaders()
    headers["Content-Type"] = "application/x-amz-json-1.0"
    return AWSResponse(request.url, status, headers, _Stream(json.dumps(told).encode()))
