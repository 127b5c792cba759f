"""Refusals are raised as botocore raises them, and retried when botocore retries them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError, HTTPClientError
from botocore.retries import standard
from botocore.session import get_session

from ai_coordination.models.fast.lean.client import OPERATIONS
from ai_coordination.models.fast.lean.retries import Kind, kind, seconds
from tests.support.lean import Noon, botocore_client, lean_client, refused
from tests.support.scripted_server import Request, Server, Step, http, scripted

ITEM = {"text": {"S": "ä"}, "raw": {"B": "AAH/"}, "B": {"M": {"BS": {"BS": ["AAE=", ""]}}}}
MODEL: Any = get_session().get_service_model("dynamodb")
THROTTLED: Any = standard.ThrottledRetryableChecker
# What AWS says of any service.
COMMON = [
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignatureException",
    "InternalFailure",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "OptInRequired",
    "RequestExpired",
    "RequestTimeout",
    "RequestTimeoutException",
    "SerializationException",
    "ServiceUnavailable",
    "UnknownOperationException",
    "UnrecognizedClientException",
    "ValidationException",
    *THROTTLED._THROTTLED_ERROR_CODES,
]
STATUSES = [400, 403, 404, 413, 429, 500, 502, 503, 504]


def errors_of(operation: str) -> list[str]:
    return [shape.name for shape in MODEL.operation_model(operation).error_shapes]


REFUSALS: dict[str, bytes] = {
    **{
        code: refused(code, message=f"it is {code}", Item=ITEM)
        for code in sorted({code for name in OPERATIONS for code in errors_of(name)} | set(COMMON))
    },
    "a message with a capital": refused("ValidationException", Message="m"),
    "no message": refused("ValidationException"),
    "a cancelled transaction": refused(
        "TransactionCanceledException",
        Message="Transaction cancelled",
        CancellationReasons=[
            {"Code": "None"},
            {"Code": "ConditionalCheckFailed", "Message": "m", "Item": ITEM},
        ],
    ),
    "throttled for a reason": refused(
        "ProvisionedThroughputExceededException",
        message="m",
        ThrottlingReasons=[{"reason": "TableReadKeyRangeThroughputExceeded", "resource": "a"}],
    ),
    "a code with a link": refused("ValidationException:http://internal/", message="m"),
    "a plain code": http(b'{"__type":"ValidationException","message":"m"}', 400),
    "no code": http(b'{"message":"m"}', 400),
    "no JSON": http(b"Bad \xc3\xa4 request", 400),
    "a page": http(b"\n<html><body>Service Unavailable</body></html>", 503),
    "a page that is no error of the server": http(b"<html></html>", 404),
    "nothing, 500": http(b"", 500),
    "nothing, 400": http(b"", 400),
    "too many": http(b"", 429),
}


@pytest.fixture(scope="module")
def answering() -> Iterator[tuple[Server, dict[str, bytes]]]:
    """A server whose answer a test puts into the dictionary."""
    said: dict[str, bytes] = {}

    def answer(request: Request) -> Step:
        return Step(said["now"])

    with scripted(answer) as server:
        yield server, said


def told(client: Any, operation: str) -> Any:
    """What a client raises, as values that can be compared."""
    with pytest.raises(ClientError) as raised:
        client._make_api_call(operation, {})
    error = raised.value
    return str(error), error.operation_name, error.response


@pytest.mark.parametrize("operation", ["GetItem", "TransactWriteItems", "UpdateItem"])
def test_a_refusal_is_raised_with_what_botocore_raises(
    answering: tuple[Server, dict[str, bytes]], operation: str
) -> None:
    server, said = answering
    # One attempt each, so that it takes no time. The counts are tested below.
    once: dict[str, Any] = {"retries": {"total_max_attempts": 1, "mode": "standard"}}
    ours = lean_client(server.url, Noon(), **once)
    theirs = botocore_client(server.url, **once)
    for name, answer in REFUSALS.items():
        said["now"] = answer

        text, operation_name, response = told(ours, operation)
        their_text, their_operation, their_response = told(theirs, operation)

        assert (text, operation_name) == (their_text, their_operation), name
        # Ours has each member that DynamoDB has sent, theirs those that botocore knows.
        assert {key: response[key] for key in their_response} == their_response, name


def test_what_an_error_says_of_an_item_has_bytes_for_binary_values(
    answering: tuple[Server, dict[str, bytes]],
) -> None:
    server, said = answering
    said["now"] = REFUSALS["a cancelled transaction"]

    _, _, response = told(lean_client(server.url, Noon()), "TransactWriteItems")

    assert response["CancellationReasons"][1]["Item"] == {
        "text": {"S": "ä"},
        "raw": {"B": b"\x00\x01\xff"},
        "B": {"M": {"BS": {"BS": [b"\x00\x01", b""]}}},
    }


def checked_by_botocore(operation: str, status: int, code: str) -> Kind | None:
    """Whether botocore would send a request again, and as which kind of failure."""
    context = standard.RetryContext(
        attempt_number=1,
        operation_model=MODEL.operation_model(operation),
        parsed_response={"Error": {"Code": code}},
        http_response=AWSResponse("https://d", status, HTTPHeaders(), None),
    )
    if not standard.StandardRetryConditions(3).is_retryable(context):
        return None
    throttling = standard.ThrottlingErrorDetector(standard.RetryEventAdapter())
    is_throttled = throttling.is_throttling_error_from_context(context)
    return Kind.THROTTLED if is_throttled else Kind.FAILED


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_a_refusal_is_retried_if_botocore_retries_it(operation: str) -> None:
    codes = {*errors_of(operation), *COMMON, "OfTomorrow", ""}

    ours = {(status, code): kind(status, code) for status in STATUSES for code in codes}

    assert ours == {case: checked_by_botocore(operation, *case) for case in ours}


@pytest.mark.parametrize("why", Kind)
def test_a_retry_takes_from_the_quota_and_waits_as_botocore_does(why: Kind) -> None:
    checker: Any = standard.RetryQuotaChecker
    costs = {Kind.FAILED: checker._RETRY_COST, Kind.THROTTLED: checker._THROTTLING_RETRY_COST}
    code = "ThrottlingException" if why is Kind.THROTTLED else "InternalServerError"
    throttling = standard.ThrottlingErrorDetector(standard.RetryEventAdapter())
    for attempt in (1, 2, 12):
        for header in (None, "0", "40", "90000", "-1", "soon"):
            headers = {} if header is None else {"x-amz-retry-after": header}
            context = standard.RetryContext(
                attempt_number=attempt,
                operation_model=MODEL.operation_model("GetItem"),
                parsed_response={"Error": {"Code": code}},
                http_response=AWSResponse("https://d", 500, HTTPHeaders.from_dict(headers), None),
            )
            backoff = standard.ExponentialBackoff(
                random=lambda: 0.75, service_name="dynamodb", throttling_detector=throttling
            )

            assert seconds(why, attempt, 0.75, headers) == backoff.delay_amount(context)
    assert why.value == costs[why]


def test_an_answer_that_is_no_json_is_none(answering: tuple[Server, dict[str, bytes]]) -> None:
    """To botocore it is an empty answer: as if there were no such item."""
    server, said = answering
    context = Noon()
    for body in (b'{"Item": {"a"', b"[]", b""):
        said["now"] = http(body)
        before = len(server.requests)

        with pytest.raises(HTTPClientError):
            lean_client(server.url, context)._make_api_call("GetItem", {})

        assert len(server.requests) - before == 3
    assert json.loads(server.requests[-1].body) == {}
