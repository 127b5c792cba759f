"""Fixtures of the tests whose workers are processes of their own."""

from collections.abc import Iterator

import pytest

from ai_coordination.models import connection
from tests.processes.processes import queue_and_bucket
from tests.support.new_tables import make_new_tables


@pytest.fixture
def shared(dynamodb_local_endpoint: str) -> Iterator[None]:
    """DynamoDB Local with its tables, a queue and a bucket, for this process and the workers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb_local_endpoint)
        connection.forget_client()
        make_new_tables()
        with queue_and_bucket():
            yield
    connection.forget_client()
