"""Fixtures of the tests of the API."""

from collections.abc import Iterator

import pytest

from ai_coordination import models
from ai_coordination.clients import a2a, clients
from ai_coordination.clients.secrets import secrets
from ai_coordination.config import settings
from ai_coordination.engine.agent import accept
from ai_coordination.local.embedded import EmbeddedAws
from ai_coordination.local.tables import create_tables
from ai_coordination.models import due_times
from ai_coordination.models.base import Item
from ai_coordination.runtimes import a2a_place
from tests.api.execution import SIGNING_SECRET
from tests.support import chat_server, converse
from tests.support.a2a_agent import A2aAgent
from tests.support.bucket import texts_bucket
from tests.support.callbacks import ENGINE
from tests.support.chat_server import ChatServer
from tests.support.contexts import SYSTEM
from tests.support.graph_api import CALLER, Place, new_place
from tests.support.lambda_service import LambdaService, serving
from tests.support.model_kinds import Chat, Converse, Model
from tests.support.scheduling import SCHEDULER
from tests.support.stored import stored
from tests.support.world import World, new_world

Kept = tuple[World, dict[str, list[Item]]]
"""A world, and all that is then stored, by table."""


@pytest.fixture(autouse=True)
def queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Configure a queue that does not exist: these tests need no messages."""
    monkeypatch.setenv("AI_COORDINATION_QUEUE_URL", "https://sqs.eu-central-1.amazonaws.com/1/q")


@pytest.fixture(scope="module", autouse=True)
def one_shard() -> Iterator[None]:
    """All that is due is in one shard: a sweep of all 32 takes longer than what it finds.

    tests/entrypoints/test_worker.py has them all.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(due_times, "SHARDS", due_times.SHARDS[:1])
        yield


@pytest.fixture(autouse=True)
def scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name a schedule group of EventBridge Scheduler: see tests/support/scheduling.py."""
    for name, value in SCHEDULER.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def worked_queue(tables: None, queue: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue of the test's own, whose messages it handles itself: see tests/api/execution.py."""
    made = clients("sqs").create_queue(QueueName=SYSTEM.new_uuid())
    monkeypatch.setenv("AI_COORDINATION_QUEUE_URL", made["QueueUrl"])
    settings.cache_clear()


@pytest.fixture
def bucket(worked_queue: None) -> Iterator[None]:
    """An empty bucket for large texts."""
    with texts_bucket():
        yield


@pytest.fixture(scope="module")
def service() -> Iterator[LambdaService]:
    """The engine sends its calls to the stand-in."""
    with serving() as running, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_LAMBDA", running.url)
        clients.forget()
        yield running
    clients.forget()


@pytest.fixture
def functions(service: LambdaService, monkeypatch: pytest.MonkeyPatch) -> LambdaService:
    """No functions yet."""
    monkeypatch.setenv("AI_COORDINATION_API_FUNCTION", "ai-coordination-api")
    settings.cache_clear()
    service.invocations.clear()
    service.functions.clear()
    return service


@pytest.fixture(scope="module")
def worlds() -> list[Kept]:
    """The world of a module's tests, once the first of them has made it."""
    return []


@pytest.fixture
def world(tables: None, embedded_aws: EmbeddedAws, worlds: list[Kept]) -> World:
    """One entity of each kind: the items of the same world for each test of a module.

    To make it anew takes longer than most of the tests.
    """
    database = embedded_aws.database
    if not worlds:
        made = new_world()
        worlds.append((made, {name: database.items(name) for name in database.names()}))
        return made
    [(kept, items)] = worlds
    for name, of_table in items.items():
        for item in of_table:
            database.call("PutItem", {"TableName": name, "Item": item})
    return kept


@pytest.fixture(scope="module")
def made_once(embedded_aws: EmbeddedAws) -> World:
    embedded_aws.reset()
    create_tables()
    return new_world()


@pytest.fixture
def still_world(made_once: World) -> World:
    """One entity of each kind, made once for a module whose tests do not change it."""
    stored(models.Coordination, CALLER.partition_key, made_once.coordination)
    return made_once


@pytest.fixture
def place(tables: None) -> Place:
    """A session that has neither agents nor runs and has not started."""
    return new_place()


@pytest.fixture
def bedrock(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    """A server in the place of Bedrock, where agents may have every model of Nova."""
    with chat_server.serving() as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", running.url)
        monkeypatch.setenv("AI_COORDINATION_BEDROCK_MODELS", "amazon.nova-*")
        settings.cache_clear()
        running.behaviour = lambda request: converse.saying("Done")
        yield running


@pytest.fixture
def agent_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    """A server that HTTP agents may be at, the secrets for it, and where agents call back."""
    for name in ("signing", "key"):
        secrets.forget(name)
    with chat_server.serving() as running:
        monkeypatch.setenv("AI_COORDINATION_AGENT_HOSTS", f"api.example, {running.url}")
        monkeypatch.setenv("AI_COORDINATION_SECRET_SIGNING", SIGNING_SECRET)
        monkeypatch.setenv("AI_COORDINATION_SECRET_KEY", "key-0123456789")
        monkeypatch.setenv("AI_COORDINATION_CALLBACK_URL", ENGINE)
        settings.cache_clear()
        yield running
    for name in ("signing", "key"):
        secrets.forget(name)


@pytest.fixture
def kinds_turned_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every kind may be called somewhere: see tests/api/members.py."""
    hosts = "desk.example, tools.example, api.example, api.openai.com, *.openai.azure.com"
    here = "http://127.0.0.1:9999, http://127.0.0.1:11434"
    models = "arn:aws:bedrock:*:111122223333:inference-profile/eu.anthropic.*, amazon.nova-*"
    monkeypatch.setenv("AI_COORDINATION_AGENT_HOSTS", f"{hosts}, {here}")
    monkeypatch.setenv("AI_COORDINATION_BEDROCK_MODELS", models)
    settings.cache_clear()


@pytest.fixture
def models_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    """A server of chat completions that agents may be at, and the key that it wants."""
    secrets.forget("key")
    with chat_server.serving() as running:
        monkeypatch.setenv("AI_COORDINATION_AGENT_HOSTS", f"api.example, {running.url}")
        monkeypatch.setenv("AI_COORDINATION_SECRET_KEY", "sk-0123456789")
        settings.cache_clear()
        yield running
    secrets.forget("key")


@pytest.fixture(params=[Chat, Converse], ids=["OPENAI", "BEDROCK"])
def any_model(request: pytest.FixtureRequest) -> Model:
    """Each kind of model, one after the other."""
    server = request.getfixturevalue("models_server" if request.param is Chat else "bedrock")
    made: Model = request.param(server)
    return made


@pytest.fixture
def chat(models_server: ChatServer) -> Chat:
    """A model behind a server."""
    return Chat(models_server)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[A2aAgent]:
    """An A2A agent that agents may be, and its key. Its tasks are polled without a wait."""
    secrets.forget("key")
    a2a.cards.forget()
    with chat_server.serving() as running:
        monkeypatch.setenv("AI_COORDINATION_AGENT_HOSTS", f"api.example, {running.url}")
        monkeypatch.setenv("AI_COORDINATION_SECRET_KEY", "sk-0123456789")
        monkeypatch.setattr(a2a_place.Place, "wait", lambda place, parameters: 0.0)
        monkeypatch.setattr(accept, "SHORTEST_POLL_SECONDS", 0.0)
        settings.cache_clear()
        yield A2aAgent(running)
    secrets.forget("key")
    a2a.cards.forget()


@pytest.fixture
def place_of_files(worked_queue: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The tenant's folder of a bucket for input files."""
    clients("s3").create_bucket(
        Bucket="files", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    monkeypatch.setenv("AI_COORDINATION_INPUT_PLACES", "files/in/{endpointId}/{partId}")
    settings.cache_clear()
    _put("in/acme/sales/note.txt", b"Caf\xc3\xa9")
    _put("in/acme/sales/logo.png", b"\x89PNG")
    _put("in/acme/sales/offer.pdf", b"%PDF")
    _put("in/acme/sales/latin.txt", b"Caf\xe9")
    _put("in/acme/sales/large.png", b"x" * 3_750_001)
    _put("in/other/sales/note.txt", b"secret")
    _put("in/acme/sales/figures.xlsx", b"PK")
    yield "s3://files/in/acme/sales"
    for listed in clients("s3").list_objects_v2(Bucket="files")["Contents"]:
        clients("s3").delete_object(Bucket="files", Key=listed["Key"])
    clients("s3").delete_bucket(Bucket="files")


def _put(key: str, content: bytes) -> None:
    clients("s3").put_object(Bucket="files", Key=key, Body=content)
