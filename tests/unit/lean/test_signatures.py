"""Requests are signed exactly as botocore signs them."""

import hmac
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, ReadOnlyCredentials
from hypothesis import given
from hypothesis import strategies as st

from ai_coordination.models.fast.lean.client import OPERATIONS
from ai_coordination.models.fast.lean.endpoint import Endpoint
from ai_coordination.models.fast.lean.signature import CONTENT_TYPE, Signer

# Secrets and tokens are base64; what else may come is signed alike.
KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)
# The seconds of this century.
TIMES = st.integers(946_684_800, 4_102_444_799).map(
    lambda second: datetime.fromtimestamp(second, UTC)
)
HOSTS = st.sampled_from(
    [
        "dynamodb.eu-central-1.amazonaws.com",
        "dynamodb.cn-north-1.amazonaws.com.cn",
        "localhost:8000",
    ]
)
REGIONS = st.sampled_from(["eu-central-1", "cn-north-1", "us-gov-west-1"])
CREDENTIALS = st.builds(ReadOnlyCredentials, KEYS, KEYS, st.none() | KEYS)
ENDPOINTS = st.builds(Endpoint, REGIONS, st.just("https"), st.just(""), st.just(0), HOSTS)


def signed_by_botocore(
    endpoint: Endpoint,
    credentials: ReadOnlyCredentials,
    at: datetime,
    operation: str,
    body: bytes,
) -> dict[str, str]:
    headers = {
        "Content-Type": CONTENT_TYPE,
        "Host": endpoint.authority,
        "X-Amz-Target": f"DynamoDB_20120810.{operation}",
    }
    request = AWSRequest("POST", endpoint.url, headers, body)
    with patch.object(auth, "get_current_datetime", lambda: at):
        auth.SigV4Auth(credentials, "dynamodb", endpoint.region).add_auth(request)
    return dict(request.headers.items())


@given(ENDPOINTS, CREDENTIALS, TIMES, st.sampled_from(sorted(OPERATIONS)), st.binary(max_size=99))
def test_a_request_is_signed_as_botocore_signs_it(
    endpoint: Endpoint,
    credentials: ReadOnlyCredentials,
    at: datetime,
    operation: str,
    body: bytes,
) -> None:
    ours = Signer(endpoint).headers(credentials, at, operation, body)

    assert ours == signed_by_botocore(endpoint, credentials, at, operation, body)


@given(
    ENDPOINTS,
    st.lists(st.tuples(CREDENTIALS, TIMES, st.binary(max_size=9)), min_size=2, max_size=6),
)
def test_a_kept_key_is_of_the_day_and_the_secret(
    endpoint: Endpoint, requests: list[tuple[ReadOnlyCredentials, datetime, bytes]]
) -> None:
    signer = Signer(endpoint)
    # Each twice and on the day after: the kept key is used, and replaced.
    for credentials, first, body in requests:
        for at in (first, first, first + timedelta(days=1)):
            ours = signer.headers(credentials, at, "GetItem", body)

            assert ours == signed_by_botocore(endpoint, credentials, at, "GetItem", body)


def test_a_day_of_a_secret_takes_one_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four of the five hashes of a signature are those of the key."""
    made: list[int] = []
    endpoint = Endpoint("eu-central-1", "https", "h", 443, "h")
    credentials = Credentials("a", "s").get_frozen_credentials()
    noon = datetime(2026, 3, 4, 12, tzinfo=UTC)
    signer = Signer(endpoint)
    digest = hmac.digest

    def counted(key: bytes, text: bytes, name: str) -> bytes:
        made.append(1)
        return digest(key, text, name)

    monkeypatch.setattr(hmac, "digest", counted)
    for _ in range(3):
        signer.headers(credentials, noon, "GetItem", b"{}")

    assert len(made) == 4 + 3
