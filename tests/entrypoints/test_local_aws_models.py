"""MODELS=aws: Bedrock is called with the person's credentials, and the rest of AWS is embedded."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from ai_coordination.clients import clients
from ai_coordination.config import settings
from ai_coordination.local import aws_models, commands
from ai_coordination.local.aws_models import CannotUseModels, OwnBedrock
from tests.api.execution import agents, bedrock_model, blueprint, start, work_off
from tests.entrypoints.test_worker import queue
from tests.support import chat_server, converse
from tests.support.chat_server import ChatServer, Request
from tests.support.local_server import running

__all__ = ["queue"]

OWN = {
    "AWS_ACCESS_KEY_ID": "AKIAOWN",
    "AWS_SECRET_ACCESS_KEY": "own-secret",
    "AWS_SESSION_TOKEN": "own-token",
    "AWS_REGION": "eu-west-3",
}
KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server.serving() as running:
        running.behaviour = lambda request: converse.saying("Done")
        yield running


@pytest.fixture
def own(queue: str, server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> OwnBedrock:
    """Made while the environment was the person's, whose Bedrock is the stand-in."""
    monkeypatch.setenv("AI_COORDINATION_BEDROCK_MODELS", "*")
    settings.cache_clear()
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {**OWN, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": server.url}.items():
            environment.setenv(name, value)
        return aws_models.own_bedrock()


def signature(request: Request, secret: str, region: str) -> str:
    """The signature of a request by the secret, computed anew from what the server was sent."""
    signed = request.headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    sent = AWSRequest(
        "POST",
        f"http://{request.headers['host']}{request.path}",
        {name: request.headers[name] for name in signed},
        data=request.content,
    )
    sent.context["timestamp"] = request.headers["x-amz-date"]
    auth = SigV4Auth(Credentials("any", secret), "bedrock", region)
    return str(auth.signature(auth.string_to_sign(sent, auth.canonical_request(sent)), sent))


def test_a_model_is_called_with_a_signature_of_the_persons_own_credentials(
    own: OwnBedrock, server: ChatServer
) -> None:
    assert os.environ["AWS_ACCESS_KEY_ID"] != OWN["AWS_ACCESS_KEY_ID"]
    place = start(blueprint([bedrock_model()]), taskQuery="Which?")

    with own.used() as described:
        work_off()

    assert agents(place)["a"]["agentOutput"] == "Done"
    (request,) = server.requests
    scheme, credential, _, signed = request.headers["authorization"].split()
    date = request.headers["x-amz-date"][:8]
    assert (scheme, credential) == (
        "AWS4-HMAC-SHA256",
        f"Credential=AKIAOWN/{date}/eu-west-3/bedrock/aws4_request,",
    )
    assert signed == f"Signature={signature(request, 'own-secret', 'eu-west-3')}"
    assert signed != f"Signature={signature(request, 'local', 'eu-west-3')}"
    assert request.headers["x-amz-security-token"] == "own-token"
    assert described == "Amazon Bedrock in eu-west-3; calls cost money"


def test_everything_else_stays_embedded_and_afterwards_bedrock_too(
    own: OwnBedrock, server: ChatServer
) -> None:
    with own.used():
        with pytest.raises(RuntimeError, match="Embedded AWS does not support sts"):
            clients("sts").get_caller_identity()
        assert clients("sqs").list_queues()["QueueUrls"]

    place = start(blueprint([bedrock_model()]), taskQuery="Which?")
    work_off()
    assert "There are no models here" in agents(place)["a"]["notes"]
    assert server.requests == []


def test_credentials_are_renewed_by_aws_itself(own: OwnBedrock) -> None:
    """A session asks other services of AWS for them, such as STS."""
    others = (
        clients("sts").meta.events,
        own.session.create_client("sts", region_name="eu-west-3").meta.events,
    )
    call: dict[str, Any] = {"params": {"url": "https://sts.amazonaws.com"}, "context": {}}

    embedded, itself = ([found[1] for found in _asked(each, call)] for each in others)

    assert embedded == ["RuntimeError"]
    assert set(itself) == {None}


def _asked(events: Any, call: dict[str, Any]) -> list[tuple[Any, Any]]:
    model = clients("sts").meta.service_model.operation_model("GetCallerIdentity")
    call["context"]["ai_coordination_parameters"] = {}
    try:
        found = events.emit("before-call.sts.GetCallerIdentity", model=model, **call)
    except RuntimeError as error:
        return [(None, type(error).__name__)]
    return list(found)


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (REGIONS, "MODELS=aws needs the region of the models: set AWS_REGION"),
        (KEYS, "MODELS=aws needs credentials of AWS, and there are none: set AWS_PROFILE"),
    ],
)
def test_without_region_or_credentials_the_server_does_not_start(
    missing: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in OWN.items():
        monkeypatch.setenv(name, value)
    for name in missing:
        monkeypatch.delenv(name)

    with pytest.raises(CannotUseModels, match=said):
        commands.serve("127.0.0.1", 0, aws=False, models="aws")


def test_a_profile_that_cannot_be_used_says_why(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    config = tmp_path / "config"
    config.write_text("[profile tired]\nregion = eu-west-3\ncredential_process = false\n")
    for name in (*KEYS, *REGIONS):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "tired")

    with pytest.raises(CannotUseModels, match="has no valid credentials of AWS: Error"):
        aws_models.own_bedrock()


def test_a_key_of_bedrock_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KEYS:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-api-key-1")

    assert aws_models.own_bedrock().region == "eu-central-1"


COORDINATION = """mutation ($agents: [AgentInput!]!) {
    createCoordination(input: {coordinationName: "C", agents: $agents}) {
        coordination { coordinationUuid }
} }"""
TASK = """mutation ($c: ID!) {
    createTask(input: {coordinationUuid: $c, taskName: "T", agentActions: [{agentUuid: "a"}]}) {
        task { taskUuid }
} }"""
SESSION = """mutation ($c: ID!, $t: ID!) {
    startSession(input: {coordinationUuid: $c, taskUuid: $t, taskQuery: "Which?"}) {
        session { sessionUuid }
} }"""
STATUS = "query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) { status } }"


def test_the_server_itself_calls_bedrock_for_an_agent(server: ChatServer) -> None:
    with running(**OWN, AWS_ENDPOINT_URL_BEDROCK_RUNTIME=server.url, MODELS="aws") as local:
        assert "  Models   Amazon Bedrock in eu-west-3; calls cost money\n" in local.banner
        made = local.graphql(COORDINATION, agents=[bedrock_model()])["data"]["createCoordination"]
        c = made["coordination"]["coordinationUuid"]
        t = local.graphql(TASK, c=c)["data"]["createTask"]["task"]["taskUuid"]
        s = local.graphql(SESSION, c=c, t=t)["data"]["startSession"]["session"]["sessionUuid"]
        status = None
        while status not in ("COMPLETED", "FAILED"):
            status = local.graphql(STATUS, c=c, s=s)["data"]["session"]["status"]

    assert status == "COMPLETED"
    scheme, credential, *_ = server.requests[0].headers["authorization"].split()
    assert (scheme, credential.split("/")[0]) == ("AWS4-HMAC-SHA256", "Credential=AKIAOWN")
