"""The requests that the clients build: whom they name, and what they leave out."""

from typing import Any

import pytest
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.compat import HTTPHeaders

from ai_coordination.clients import TextBucket, clients

LINEAGE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Lineage=1:a87bd80c:15"


class Raw:
    """An empty body."""

    def stream(self, **how: Any) -> list[bytes]:
        return []


@pytest.fixture
def in_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "ai-coordination-worker")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", LINEAGE)


@pytest.mark.usefixtures("in_lambda")
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
    """Lambda counts it: a long session would be stopped as a runaway recursion."""
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


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("eu-central-1", "texts.s3.eu-central-1.amazonaws.com"),
        ("ap-southeast-4", "texts.s3.ap-southeast-4.amazonaws.com"),
        ("us-gov-west-1", "texts.s3.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "texts.s3.cn-north-1.amazonaws.com.cn"),
        ("us-east-1", "texts.s3.amazonaws.com"),  # the region of the host without one
    ],
)
def test_a_presigned_url_names_the_region_of_the_bucket(
    region: str, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    clients.forget()

    url = TextBucket("texts").url("tenant/session/text", 60)
    clients.forget()

    assert url.startswith(f"https://{host}/tenant/session/text?")
    assert f"%2F{region}%2Fs3%2Faws4_request" in url
