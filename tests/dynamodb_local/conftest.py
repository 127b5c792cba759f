"""What the tests on DynamoDB Local start from: one engine for all tests of a module."""

from collections.abc import Iterator

import pytest

from ai_coordination.clients import SqsQueue
from ai_coordination.local.tables import create_tables
from ai_coordination.models import TABLES, connection, due_times
from tests.dynamodb_local.racers import Racers, racers
from tests.support.lean import use_lean_client


@pytest.fixture(scope="module", autouse=True)
def engine(dynamodb_local_endpoint: str) -> Iterator[None]:
    """Its tables are new; each test has a tenant of its own, because what others left stays.

    Not longer than in a module: sweeps would look at all that is due, more with each of them.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb_local_endpoint)
        # There is no worker: the tests handle messages themselves.
        patch.setenv("AI_COORDINATION_QUEUE_URL", "http://127.0.0.1:9/queue")
        patch.setattr(SqsQueue, "send", lambda queue, messages, delay_seconds=0: None)
        patch.setattr(SqsQueue, "is_behind", lambda queue, lane: False)
        # Which shard an item is in follows from its uuid: it would differ from run to run.
        patch.setattr(due_times, "SHARDS", due_times.SHARDS[:1])
        use_lean_client()
        _delete_tables()
        create_tables()
        yield
    connection.forget_client()


def _delete_tables() -> None:
    held = connection.client.list_tables()["TableNames"]
    for table in TABLES:
        if table.Meta.table_name in held:
            connection.client.delete_table(TableName=table.Meta.table_name)


@pytest.fixture(scope="module")
def three(engine: None) -> Iterator[Racers]:
    """Processes that race each other."""
    with racers() as processes:
        yield processes
