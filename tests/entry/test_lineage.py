"""No call carries the lineage that Lambda counts: a long session is no runaway recursion."""

from typing import Any

import pytest
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.compat import HTTPHeaders

from ai_coordination.clients import clients

LINEAGE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Lineage=1:a87bd80c:15"


class Raw:
    """An empty body."""

    def stream(self, **how: Any) -> list[bytes]:
        return []


@pytest.fixture(autouse=True)
def in_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "ai-coordination-worker")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", LINEAGE)


@pytest.mark.parametrize(
    ("service", "operation", "given"),
    [
        ("sqs", "send_message_batch", {"QueueUrl": "https://sqs/1/q", "Entries": []}),
        ("lambda", "invoke", {"FunctionName": "agent-a", "Payload": b"{}"}),
        ("s3", "put_object", {"Bucket": "texts", "Key": "k", "Body": b"x"}),
    ],
)
def test_a_call_made_in_lambda_names_no_lineage(
    service: str, operation: str, given: dict[str, Any]
) -> None:
    sent: list[AWSRequest] = []

    def answer(request: AWSRequest, **more: Any) -> AWSResponse:
        sent.append(request)
        return AWSResponse(str(request.url), 200, HTTPHeaders(), Raw())

    clients.forget()
    client = clients(service)
    client.meta.events.register_first("before-send", answer)
    getattr(client, operation)(**given)
    clients.forget()

    (request,) = sent
    assert "X-Amzn-Trace-Id" not in request.headers
