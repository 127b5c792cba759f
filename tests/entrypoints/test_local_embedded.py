"""AWS embedded in the process: right under threads, sealed, and gone without a trace."""

import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import get_session

from ai_coordination.local.embedded import EmbeddedAws, is_aws
from tests.support.recording import recorded_calls

KEYS = [{"AttributeName": "key", "KeyType": "HASH"}]
ATTRIBUTES = [{"AttributeName": "key", "AttributeType": "S"}]


@pytest.fixture
def embedded() -> Iterator[EmbeddedAws]:
    with EmbeddedAws() as aws:
        yield aws


def a_client(service: str = "dynamodb", **options: Any) -> Any:
    return get_session().create_client(service, region_name="eu-central-1", **options)


def make_table(client: Any) -> None:
    client.create_table(
        TableName="things",
        KeySchema=KEYS,
        AttributeDefinitions=ATTRIBUTES,
        BillingMode="PAY_PER_REQUEST",
    )


def test_a_client_made_before_it_started_is_answered_too() -> None:
    with EmbeddedAws():
        early = a_client()
    with EmbeddedAws():
        make_table(early)

        names = a_client().list_tables()["TableNames"]

    assert names == ["things"]


def test_no_request_is_written_that_is_answered_here(embedded: EmbeddedAws) -> None:
    client = a_client()
    client._serializer = client._ruleset_resolver = None

    assert client.list_tables()["TableNames"] == []

    embedded.stop()
    with pytest.raises(AttributeError, match="serialize_to_request"):
        client.list_tables()


def test_sixteen_threads_lose_nothing(embedded: EmbeddedAws) -> None:
    client = a_client()
    make_table(client)

    def count(_: int) -> None:
        client.transact_write_items(
            TransactItems=[
                {
                    "Update": {
                        "TableName": "things",
                        "Key": {"key": {"S": "counter"}},
                        "UpdateExpression": "ADD seen :one",
                        "ExpressionAttributeValues": {":one": {"N": "1"}},
                    }
                }
            ]
        )

    with ThreadPoolExecutor(16) as threads, recorded_calls() as calls:
        list(threads.map(count, range(160)))

    counter = client.get_item(TableName="things", Key={"key": {"S": "counter"}})["Item"]
    assert counter["seen"] == {"N": "160"}
    assert Counter(calls) == {("dynamodb", "TransactWriteItems"): 160}


def test_a_call_counts_when_it_is_refused(embedded: EmbeddedAws) -> None:
    client = a_client()

    with recorded_calls() as calls, pytest.raises(ClientError):
        client.describe_table(TableName="nothing")

    assert calls == [("dynamodb", "DescribeTable")]


def test_reset_forgets_everything_and_goes_on(embedded: EmbeddedAws) -> None:
    client = a_client()
    make_table(client)

    embedded.reset()

    assert client.list_tables()["TableNames"] == []
    make_table(client)
    assert client.list_tables()["TableNames"] == ["things"]


def test_what_was_stored_is_gone_after_it_stopped() -> None:
    with EmbeddedAws():
        make_table(a_client())

    with EmbeddedAws():
        assert a_client().list_tables()["TableNames"] == []


def test_a_service_that_is_not_embedded_is_refused_and_not_called(embedded: EmbeddedAws) -> None:
    with pytest.raises(RuntimeError, match="Nothing was sent"):
        a_client("kms").list_keys()


def test_any_address_of_aws_is_answered(embedded: EmbeddedAws) -> None:
    client = a_client(config=Config(use_dualstack_endpoint=True))

    assert client.list_tables()["TableNames"] == []


def test_an_emulator_that_the_endpoint_names_is_left_alone(embedded: EmbeddedAws) -> None:
    client = a_client(endpoint_url="http://127.0.0.1:1")

    with pytest.raises(Exception, match="Could not connect to the endpoint URL"):
        client.list_tables()


def test_the_persons_own_profile_is_neither_read_nor_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "production-key")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_REGION", "eu-west-3")
    before = dict(os.environ)

    with EmbeddedAws():
        inside = dict(os.environ)
        region = get_session().create_client("dynamodb").meta.region_name

    assert "AWS_PROFILE" not in inside
    assert inside["AWS_ACCESS_KEY_ID"] != "production-key"
    assert region == "eu-west-3"
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://dynamodb.eu-central-1.amazonaws.com", True),
        ("https://123456789012.ddb.eu-central-1.amazonaws.com:443/", True),
        ("https://dynamodb.cn-north-1.amazonaws.com.cn", True),
        ("https://dynamodb.eu-central-1.api.aws", True),
        ("http://127.0.0.1:8001", False),
        ("http://dynamodb:8000", False),
        ("http://dynamodb.amazonaws.com.example.org", False),
    ],
)
def test_aws_itself_is_told_from_an_emulator(url: str, expected: bool) -> None:
    assert is_aws(url) is expected
