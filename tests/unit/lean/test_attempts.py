"""How often a request is sent, with which waits, and what a caller gets in the end."""

import json
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from botocore.credentials import Credentials, RefreshableCredentials
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    HTTPClientError,
    NoCredentialsError,
    ReadTimeoutError,
)

from ai_coordination.errors import Throttled
from ai_coordination.models import base, connection
from tests.support.lean import NOON, Noon, lean_client, refused
from tests.support.scripted_server import Request, Step, http, one_by_one, scripted

FOUND = Step(http(b'{"Item":{"a":{"S":"b"}}}'))
FAILED = Step(refused("InternalServerError", 500))
THROTTLED = Step(refused("ThrottlingException"))
BUSY = Step(refused("ProvisionedThroughputExceededException"))
UNAVAILABLE = Step(http(b"<html></html>", 503))
REFUSED = Step(refused("ValidationException"))
HUNG_UP = Step(closes=True)
CUT = Step(http(b"{}" + b" " * 99)[:-50], closes=True)
DAMAGED = Step(http(b'{"Item":{}}', x_amz_crc32=str(zlib.crc32(b'{"Item":{"a"}}'))))
LATE = Step(comes_late=True, closes=True)
NO_HTTP = Step(b"what?\r\n\r\n", closes=True)
LATER = Step(refused("ThrottlingException", x=1).replace(b"R1", b"R1\r\nx-amz-retry-after: 2500"))

SENT_TWICE: dict[str, tuple[Step, float]] = {
    "an error of the server": (FAILED, 0.0125),
    "a throttled request": (THROTTLED, 0.5),
    "a busy table": (BUSY, 0.5),
    "a server on the way that is not available": (UNAVAILABLE, 0.0125),
    "a server that hangs up": (HUNG_UP, 0.0125),
    "a server that hangs up in the middle of its answer": (CUT, 0.0125),
    "a wrong checksum": (DAMAGED, 0.0125),
    "an answer that takes too long": (LATE, 0.0125),
    "an answer that is not HTTP": (NO_HTTP, 0.0125),
    "a server that says when": (LATER, 2.5),
}


def ask(client: Any) -> Any:
    return client._make_api_call("GetItem", {"TableName": "t"})


@pytest.mark.parametrize("name", SENT_TWICE)
def test_a_request_that_failed_once_is_sent_once_more(name: str) -> None:
    step, wait = SENT_TWICE[name]
    context = Noon()
    with scripted(one_by_one([step, FOUND])) as server:
        context.servers.append(server)
        answer = ask(lean_client(server.url, context, in_vain=int(step.comes_late)))

    assert answer["Item"] == {"a": {"S": "b"}}
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1
    assert len(server.requests) == 2
    assert context.slept == [wait]
    # Signed anew, with the same body.
    assert len({request.body for request in server.requests}) == 1


LAST: dict[str, tuple[Step, type[Exception], int]] = {
    "failed": (FAILED, ClientError, 3),
    "throttled": (THROTTLED, ClientError, 3),
    "not available": (UNAVAILABLE, ClientError, 3),
    "refused": (REFUSED, ClientError, 1),
    "a refused condition": (Step(refused("ConditionalCheckFailedException")), ClientError, 1),
    "hung up": (HUNG_UP, ConnectionClosedError, 3),
    "cut": (CUT, ConnectionClosedError, 3),
    "damaged": (DAMAGED, HTTPClientError, 3),
    "slow": (LATE, ReadTimeoutError, 3),
    "the clock is wrong": (
        Step(refused("InvalidSignatureException", message="old")),
        ClientError,
        1,
    ),
}


@pytest.mark.parametrize("name", LAST)
def test_a_request_that_fails_each_time_is_sent_three_times_in_all(name: str) -> None:
    step, error, times = LAST[name]
    context = Noon()
    with scripted(one_by_one([step] * 4)) as server:
        context.servers.append(server)
        with pytest.raises(error) as raised:
            ask(lean_client(server.url, context, in_vain=3 * step.comes_late))
        server.wait_for_step(times)

    assert len(server.requests) == times
    assert len(context.slept) == times - 1
    if isinstance(raised.value, ClientError):
        metadata = raised.value.response["ResponseMetadata"]
        assert metadata["RetryAttempts"] == times - 1


@pytest.mark.parametrize(
    ("step", "message"),
    [(FAILED, base.NO_ANSWER), (CUT, base.NO_ANSWER), (THROTTLED, base.BUSY)],
    ids=["failed", "cut", "throttled"],
)
def test_the_engine_says_that_the_database_does_not_answer(step: Step, message: str) -> None:
    with scripted(one_by_one([step] * 3)) as server:
        former = connection.exchange_client(lean_client(server.url, Noon()))
        try:
            with pytest.raises(Throttled, match=message):
                connection.dispatch("GetItem", {"TableName": "t", "Key": {}})
        finally:
            connection.exchange_client(former)

    assert len(server.requests) == 3


def test_nearly_all_fail_and_requests_are_no_longer_sent_again() -> None:
    """The quota has 500: a failure takes 14, and so 35 requests are sent again."""
    context = Noon()
    with scripted(lambda request: FAILED) as server:
        client = lean_client(server.url, context)
        errors = []
        for _ in range(20):
            with pytest.raises(ClientError) as raised:
                ask(client)
            errors.append(raised.value.response["ResponseMetadata"])

    assert len(server.requests) == 20 + 35
    assert [error["RetryAttempts"] for error in errors] == [2] * 17 + [1] + [0] * 2
    assert ["RetryQuotaReached" in error for error in errors] == [False] * 17 + [True] * 3


def test_a_success_gives_back_to_the_quota() -> None:
    with scripted(one_by_one([FAILED, FOUND, FAILED, FAILED, FAILED, FOUND])) as server:
        client = lean_client(server.url, Noon())
        quota = client._retries.quota
        ask(client)
        assert quota.available_capacity == 500
        with pytest.raises(ClientError):
            ask(client)
        assert quota.available_capacity == 500 - 2 * 14
        ask(client)
        assert quota.available_capacity == 500 - 2 * 14 + 1


def test_a_transaction_that_is_sent_again_has_the_same_token() -> None:
    with scripted(one_by_one([HUNG_UP, Step(http()), Step(http()), Step(http())])) as server:
        client = lean_client(server.url, Noon())
        client._make_api_call("TransactWriteItems", {"TransactItems": []})
        client._make_api_call("TransactWriteItems", {"TransactItems": []})
        client._make_api_call("TransactWriteItems", {"ClientRequestToken": "own"})

    first, second, third, fourth = (
        json.loads(request.body)["ClientRequestToken"] for request in server.requests
    )
    assert first == second != third
    assert len(first) == 36
    assert fourth == "own"


def test_credentials_that_expire_are_renewed_between_two_attempts() -> None:
    context = Noon()
    renewals = []

    def renew() -> dict[str, str]:
        renewals.append(context.utc())
        expires = context.utc() + timedelta(hours=1)
        keys = {"access_key": "A", "secret_key": "S", "token": f"token {len(renewals)}"}
        return keys | {"expiry_time": expires.isoformat()}

    def answer(request: Request) -> Step:
        if len(server.requests) > 1:
            return FOUND
        context.moment.append(context.utc() + timedelta(hours=2))
        return FAILED

    credentials = RefreshableCredentials(
        "A", "S", "token 0", NOON + timedelta(hours=1), renew, "test", context.utc
    )
    with scripted(answer) as server:
        client = lean_client(server.url, context, credentials=credentials)
        ask(client)
        ask(client)

    used = [request.headers["x-amz-security-token"] for request in server.requests]
    assert used == ["token 0", "token 1", "token 1"]
    assert renewals == [NOON + timedelta(hours=2)]


def test_credentials_that_cannot_be_renewed_are_asked_for_once() -> None:
    """As with botocore. Their source, for example STS, has retries of its own."""
    context = Noon()
    renewals = []

    def renew() -> dict[str, str]:
        renewals.append(context.utc())
        raise ConnectTimeoutError(endpoint_url="https://sts")

    credentials = RefreshableCredentials("A", "S", "token", NOON, renew, "test", context.utc)
    with scripted(one_by_one([])) as server:
        client = lean_client(server.url, context, credentials=credentials)
        with pytest.raises(ConnectTimeoutError, match="https://sts"):
            ask(client)

    assert (len(renewals), context.slept, server.requests) == (1, [], [])


def test_without_credentials_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(one_by_one([FOUND])) as server:
        client = lean_client(server.url, Noon())
        monkeypatch.setattr(client._session, "get_credentials", lambda: None)
        with pytest.raises(NoCredentialsError):
            ask(client)

    assert server.requests == []


def test_each_attempt_is_signed_at_its_own_time() -> None:
    context = Noon()

    def answer(request: Request) -> Step:
        context.moment.append(context.moment[-1] + timedelta(seconds=30))
        return FAILED if len(context.moment) == 2 else FOUND

    with scripted(answer) as server:
        ask(lean_client(server.url, context))

    dates = [request.headers["x-amz-date"] for request in server.requests]
    assert dates == ["20260304T120000Z", "20260304T120030Z"]


def test_fifty_threads_at_once_get_their_own_answers() -> None:
    def answer(request: Request) -> Step:
        body = json.loads(request.body)
        return Step(http(json.dumps({"Item": {"key": body["Key"]}}).encode()))

    def asked(number: int) -> bool:
        key = {"S": str(number)}
        return bool(client._make_api_call("GetItem", {"Key": key})["Item"] == {"key": key})

    with scripted(answer) as server, ThreadPoolExecutor(50) as threads:
        client = lean_client(server.url, Noon(), credentials=Credentials("a", "b"))
        right = list(threads.map(asked, range(600)))

    assert all(right)
    assert len(server.requests) == 600
    # Kept and shared, not opened for each request.
    assert len({request.connection for request in server.requests}) <= 50
