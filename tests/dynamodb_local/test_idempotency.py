"""The records of idempotency keys expire."""

import time

import pytest

from ai_coordination import models
from ai_coordination.caller import Caller
from ai_coordination.models import connection
from tests.dynamodb_local.results import KEY
from tests.dynamodb_local.tenant_data import new_tenant
from tests.support.graph_api import create, data


@pytest.fixture
def caller() -> Caller:
    return new_tenant()


def _expire(caller: Caller, name: str) -> None:
    record = models.Idempotency.get(f"{caller.partition_key}#{name}#{KEY}", consistent_read=True)
    record.update([models.Idempotency.expires_at.set(int(time.time()) - 1)])


def test_dynamodb_forgets_records_by_the_attribute_that_they_have() -> None:
    name = models.Idempotency.Meta.table_name

    told = connection.client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]

    assert told == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}


def test_a_key_is_free_once_its_week_is_over_though_the_record_is_still_there(
    caller: Caller,
) -> None:
    given = {"coordinationName": "Offers", "idempotencyKey": KEY}
    first = create("createCoordination", given, caller=caller)
    _expire(caller, "Coordination")

    second = create("createCoordination", given, caller=caller)
    again = create("createCoordination", given, caller=caller)

    assert second != first
    assert again == second
    found = data("{ coordinations { nodes { coordinationUuid } } }", caller=caller)
    assert [one["coordinationUuid"] for one in found["coordinations"]["nodes"]] == [
        first["coordinationUuid"],
        second["coordinationUuid"],
    ]
