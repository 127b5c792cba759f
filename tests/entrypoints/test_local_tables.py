"""Making the tables: again, at once, and with an end for the idempotency records."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ai_coordination.local.embedded import EmbeddedAws
from ai_coordination.local.tables import create_tables, missing_tables
from ai_coordination.models import TABLES, Idempotency, Session, connection
from tests.support.recording import Call, recorded_calls

NAMES = [table.Meta.table_name for table in TABLES]


@pytest.fixture
def embedded() -> Iterator[EmbeddedAws]:
    connection.forget_client()
    with EmbeddedAws() as aws:
        yield aws
    connection.forget_client()


def test_all_are_made_once(embedded: EmbeddedAws) -> None:
    first, second = create_tables(), create_tables()

    assert (first, second) == (NAMES, [])
    assert missing_tables() == []


def test_only_what_is_missing_is_made(embedded: EmbeddedAws) -> None:
    create_tables()
    Session.delete_table()

    with recorded_calls() as calls:
        made = create_tables()

    assert made == [Session.Meta.table_name]
    assert calls.count(Call("dynamodb", "CreateTable")) == 1


def test_idempotency_records_end_and_nothing_else_does(embedded: EmbeddedAws) -> None:
    create_tables()

    ends = {name: connection.client.describe_time_to_live(TableName=name) for name in NAMES}

    enabled = {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
    disabled = {"TimeToLiveStatus": "DISABLED"}
    assert {name: end["TimeToLiveDescription"] for name, end in ends.items()} == {
        name: enabled if name == Idempotency.Meta.table_name else disabled for name in NAMES
    }


@pytest.mark.parametrize("code", ["ValidationException", "UnknownOperationException"])
def test_a_rival_that_was_faster_and_an_emulator_that_cannot_are_no_errors(
    embedded: EmbeddedAws, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    update = connection.client.update_time_to_live

    def land_and_refuse(**request: Any) -> None:
        update(**request)
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "UpdateTimeToLive")

    monkeypatch.setattr(connection.client, "update_time_to_live", land_and_refuse)

    assert create_tables() == NAMES


def test_an_end_that_could_not_be_set_is_an_error(
    embedded: EmbeddedAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**request: Any) -> None:
        error = {"Code": "AccessDeniedException", "Message": "no"}
        raise ClientError({"Error": error}, "UpdateTimeToLive")  # type: ignore[typeddict-item]

    monkeypatch.setattr(connection.client, "update_time_to_live", refuse)

    with pytest.raises(ClientError, match="AccessDenied"):
        create_tables()


def test_tables_are_paid_by_the_request(embedded: EmbeddedAws) -> None:
    create_tables()

    table: Any = connection.client.describe_table(TableName=NAMES[0])["Table"]

    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_two_processes_may_make_them_at_once(dynamodb_local: str) -> None:
    environment = os.environ | {"AI_COORDINATION_TABLE_PREFIX": "at-once-"}
    command = [sys.executable, "-m", "ai_coordination.local", "tables"]

    both = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    said = "".join(process.communicate(timeout=60)[0] for process in both)

    assert [process.returncode for process in both] == [0, 0]
    # DynamoDB Local may tell both that they made a table.
    assert {line for line in said.splitlines() if line.startswith("created ")} == {
        f"created {name.replace('ai-coordination-', 'at-once-')}" for name in NAMES
    }
