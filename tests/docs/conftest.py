"""Fixtures of the tests of the documentation."""

import io
import json
from typing import Any

import boto3
import pytest

from ai_coordination.clients import clients
from ai_coordination.config import PREFIX
from ai_coordination.handler import handler
from ai_coordination.local import worker
from tests.entrypoints.lambda_stand_ins import Context
from tests.support.scheduling import SCHEDULER


@pytest.fixture
def messages(tables: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the engine sends its messages."""
    clients.forget()
    made = clients("sqs").create_queue(QueueName="docs")
    monkeypatch.setenv(worker.QUEUE_VARIABLE, made["QueueUrl"])


@pytest.fixture
def served(messages: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `make run` serves it."""
    monkeypatch.setenv(f"{PREFIX}ENDPOINT_ID", "local")
    monkeypatch.setenv(f"{PREFIX}PART_ID", "dev")
    for name, value in SCHEDULER.items():
        monkeypatch.setenv(name, value)


class _LambdaClient:
    """Invokes this handler as Lambda does."""

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        assert FunctionName == "api"
        answer = handler(json.loads(Payload), Context())
        return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(answer).encode())}


@pytest.fixture
def lambda_client(messages: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_FUNCTION", "api")
    monkeypatch.setattr(boto3, "client", lambda service, **options: _LambdaClient())
