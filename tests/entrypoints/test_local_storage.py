"""Where the development server keeps its data: never in AWS unless that was said."""

from collections.abc import Iterator

import pytest

from ai_coordination.local import commands, storage
from ai_coordination.local.embedded import EmbeddedAws
from ai_coordination.local.tables import create_tables, missing_tables
from ai_coordination.models import TABLES, connection
from tests.support.recording import recorded_calls

NAMES = [table.Meta.table_name for table in TABLES]
IN_AWS = "https://dynamodb.eu-central-1.amazonaws.com"
IGNORE = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"


@pytest.fixture(autouse=True)
def a_client_of_this_test() -> Iterator[None]:
    connection.forget_client()
    yield
    connection.forget_client()


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    """All of AWS, so that a test may say --aws."""
    with EmbeddedAws() as aws:
        yield aws


def open_and_close(*, aws: bool) -> str:
    with storage.opened(aws=aws) as where:
        return where


def test_without_an_endpoint_it_is_embedded_with_its_tables() -> None:
    with storage.opened(aws=False) as where:
        missing = missing_tables()

    assert where == "in the memory of this process, lost when it stops"
    assert missing == []


def test_embedded_overrules_an_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")

    with storage.opened(aws=False, embedded=True) as where:
        missing = missing_tables()

    assert where.startswith("in the memory of this process")
    assert missing == []


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"])
def test_an_endpoint_that_is_aws_is_refused(
    aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, IN_AWS)

    with recorded_calls() as calls, pytest.raises(storage.StorageUnavailable, match="use --aws"):
        open_and_close(aws=False)

    assert calls == []


def test_an_endpoint_that_the_sdk_was_told_to_ignore_is_refused(
    aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv(IGNORE, "true")

    with (
        recorded_calls() as calls,
        pytest.raises(storage.StorageUnavailable, match=f"{IN_AWS} is AWS"),
    ):
        open_and_close(aws=False)

    assert calls == []


def test_tables_are_not_made_in_aws_by_serving(aws: EmbeddedAws) -> None:
    with pytest.raises(storage.StorageUnavailable, match=f"lacks the tables {', '.join(NAMES)}"):
        open_and_close(aws=True)

    assert missing_tables() == NAMES


def test_aws_is_used_where_its_tables_are_there(aws: EmbeddedAws) -> None:
    create_tables()

    where = open_and_close(aws=True)

    assert where == f"in AWS, at {IN_AWS}, in the tables ai-coordination-*"


def test_the_region_of_lambda_is_taken_for_aws(
    aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_REGION", "eu-west-3")

    assert storage.dynamodb_endpoint(aws=True) == "https://dynamodb.eu-west-3.amazonaws.com"


def test_an_emulator_needs_neither_credentials_nor_a_region(
    dynamodb_local: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "REGION", "DEFAULT_REGION"):
        monkeypatch.delenv(f"AWS_{name}")
    # What storage sets itself is taken back at the end.
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    assert storage.dynamodb_endpoint(aws=False) == dynamodb_local
    assert connection.client.list_tables(Limit=1)["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_the_command_makes_the_tables_and_says_which(
    aws: EmbeddedAws, capsys: pytest.CaptureFixture[str]
) -> None:
    commands.tables(aws=True)
    first = capsys.readouterr().out.splitlines()
    commands.tables(aws=True)
    second = capsys.readouterr().out.splitlines()

    made = [f"created {name}" for name in NAMES]
    assert first == [*made, f"All tables exist at {IN_AWS}; {len(NAMES)} are new."]
    assert second == [f"All tables exist at {IN_AWS}; 0 are new."]
