"""What the tests on DynamoDB Local start from: one engine for all tests of a module."""

from collections.abc import Iterator

import pytest

from ai_coordination.clients import SqsQueue
from ai_coordination.models import connection, due_times
from tests.dynamodb_local.racers import Racers, racers
from tests.support.lean import use_lean_client
from tests.support.new_tables import make_missing_tables, make_new_tables


@pytest.fixture(scope="module", autouse=True)
def engine(dynamodb_local_endpoint: str) -> Iterator[None]:
    """Each test has a tenant of its own, because what others left stays in the tables."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb_local_endpoint)
        # There is no worker: the tests handle messages themselves.
        patch.setenv("AI_COORDINATION_QUEUE_URL", "http://127.0.0.1:9/queue")
        patch.setattr(SqsQueue, "send", lambda queue, messages, delay_seconds=0: None)
        patch.setattr(SqsQueue, "is_behind", lambda queue, lane: False)
        # Which shard an item is in follows from its uuid: it would differ from run to run.
        patch.setattr(due_times, "SHARDS", due_times.SHARDS[:1])
        use_lean_client()
        make_missing_tables()
        yield
    connection.forget_client()


@pytest.fixture(scope="module")
def new_tables(engine: None) -> None:
    """For a module that sweeps."""
    make_new_tables()


@pytest.fixture(scope="module")
def three(engine: None) -> Iterator[Racers]:
    """Processes that race each other."""
    with racers() as processes:
        yield processes
