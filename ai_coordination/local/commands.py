"""The commands of the development server."""

import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from ai_coordination import __version__
from ai_coordination.clients import clients
from ai_coordination.config import PREFIX, settings
from ai_coordination.engine import factory
from ai_coordination.errors import Throttled
from ai_coordination.handler import handler
from ai_coordination.local import (
    aws_models,
    demo,
    event_receiver,
    fake_converse,
    fake_models,
    graphiql,
    printing,
    scheduler,
    server,
    signed_in,
    signing,
    storage,
    try_blueprint,
    worker,
)
from ai_coordination.local.embedded import (
    functions_served,
    is_aws,
    models_answered_by,
    pending_events,
)
from ai_coordination.local.functions import setup
from ai_coordination.local.functions.setup import AgentOptions
from ai_coordination.local.lambda_context import LambdaContext
from ai_coordination.local.sqlite import IN_MEMORY
from ai_coordination.local.tables import create_tables
from ai_coordination.telemetry import logger

__all__ = [
    "EXPECTED_ERRORS",
    "AgentOptions",
    "demo",
    "event_receiver",
    "invoke",
    "run_worker",
    "serve",
    "signed_in",
    "signing",
    "tables",
    "try_blueprint",
]

# Less than the read timeout of the SQS client.
WAIT_SECONDS = 2
NO_MODELS = "none started: MODELS=fake serves a scripted one, MODELS=aws calls Amazon Bedrock"

EXPECTED_ERRORS = (
    storage.StorageUnavailable,
    server.CannotListen,
    BotoCoreError,
    ClientError,
    Throttled,
    PynamoDBException,
    RuntimeError,
    TimeoutError,
)


def serve(
    host: str,
    port: int,
    *,
    aws: bool,
    threads: int = 1,
    agents: AgentOptions | None = None,
    data: str = IN_MEMORY,
    models: str = "none",
    person: signed_in.Person | None = None,
    receive: event_receiver.Receiver | None = None,
    verbose: bool = False,
) -> None:
    """Serve HTTP until stopped. `receive` gets the events of embedded AWS.

    Unless it is `verbose`, what the functions log is printed as lines for people.

    Raises CannotListen, before anything else happens, if the port cannot be used; and ValueError
    if there is no such file of agents.
    """
    http = server.listen(host, port)
    try:
        answering = _models(models, aws=aws)
        url = server.url(http)
        with (
            nullcontext() if verbose else printing.log_lines_for_people(),
            _called_back_at(server.url(http, "")),
            setup.serving(server.FUNCTIONS, agents, url, aws=aws) as names,
            storage.opened(aws=aws, data=data) as where,
            answering as answered,
            factory.observed_by(printing.say_step),
        ):
            described = answered or (None if aws else NO_MODELS)
            print(_banner(url, where, names, described, person), flush=True)
            kept = server.FUNCTIONS.keeping(pending_events())
            told = event_receiver.receiving(receive or event_receiver.Receiver(), aws=aws)
            answers = server.used_by(person)
            called = functions_served(server.FUNCTIONS.call, server.url(http, ""))
            with told, called, worker.in_background(threads), _firing(aws=aws), kept, answers:
                server.serve(http)
                seconds = worker.SECONDS_TO_STOP
                print(f"Stopping. Steps in progress have {seconds:.0f} s to end.", flush=True)
    finally:
        http.server_close()
    print("Stopped.")


def _models(models: str, *, aws: bool) -> AbstractContextManager[str | None]:
    """What answers for models, and a description of it. Must be called before AWS is embedded.

    Raises ValueError, and CannotUseModels.
    """
    match models:
        case "fake":
            return _scripted_models()
        case "aws" if not aws:
            return aws_models.own_bedrock().used()
        case "none" | "aws":
            return nullcontext()
    raise ValueError(f"MODELS is fake, aws or none, not {models!r}")


@contextmanager
def _scripted_models() -> Iterator[str]:
    """Serve a scripted model within the block."""
    with fake_models.serving() as url, models_answered_by(fake_converse.answer):
        yield f"a scripted one, at {url} and as Bedrock"


@contextmanager
def _called_back_at(url: str) -> Iterator[None]:
    """Let agents call back at this server within the block, unless the environment says where."""
    name = f"{PREFIX}CALLBACK_URL"
    if name in os.environ:
        yield
        return
    os.environ[name] = url
    settings.cache_clear()
    try:
        yield
    finally:
        del os.environ[name]
        settings.cache_clear()


def _banner(
    url: str,
    where: str,
    agents: Sequence[str],
    models: str | None,
    person: signed_in.Person | None,
) -> str:
    tenant = settings()
    rows = "".join(f"  Agent    {name}\n" for name in agents)
    rows += f"  Models   {models}\n" if models else ""
    rows += f"  Person   {person}\n" if person else ""
    body = json.dumps({"query": " ".join(graphiql.first_query().split())})
    return f"""
AI Coordination Engine {__version__}, development server

  Console  {url.removesuffix(server.PATH)}
           in a browser: watch sessions, answer questions, edit blueprints
  GraphQL  {url}
           in a browser: GraphiQL, an explorer for the API
  Data     {where}
  Tenant   endpoint {tenant.endpoint_id}, part {tenant.part_id}
{rows}
A first request (GraphiQL opens with it too):

  curl {url} -H 'content-type: application/json' -d '{body}'

Ctrl-C stops the server.
"""


def run_worker(
    threads: int, batch_size: int, step_seconds: float, sweep_seconds: float, *, aws: bool
) -> None:
    """Process the configured queue until stopped. Begun batches are finished first."""
    options = worker.WorkerOptions(
        threads=threads,
        messages=batch_size,
        wait_seconds=WAIT_SECONDS,
        step_seconds=step_seconds,
        sweep_seconds=sweep_seconds,
    )
    endpoint = storage.dynamodb_endpoint(aws=aws)
    url = _queue(aws=aws)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    print(f"Processing {url}, with the tables at {endpoint}", flush=True)
    emulated = not aws and scheduler.is_emulated()
    with scheduler.schedule_group() if emulated else nullcontext(), _firing(aws=not emulated):
        worker.run(stop, options)
    print("Stopped.")


def _firing(*, aws: bool) -> AbstractContextManager[None]:
    """Fire schedules within the block, unless AWS does it."""
    return nullcontext() if aws else scheduler.in_background()


def _queue(*, aws: bool) -> str:
    """Return the URL of the configured queue. Without one, create a queue in the emulator."""
    if not aws:
        endpoint = str(clients("sqs").meta.endpoint_url)
        if is_aws(endpoint):
            hint = "set AWS_ENDPOINT_URL_SQS to an emulator, or use --aws"
            raise storage.StorageUnavailable(f"{endpoint} is AWS: {hint}")
        worker.ensure_queue()
    return settings().required_queue_url()


def tables(*, aws: bool) -> None:
    """Create the tables that are missing at the configured endpoint, and print their names."""
    endpoint = storage.dynamodb_endpoint(aws=aws)
    created = create_tables()
    for name in created:
        print(f"created {name}")
    print(f"All tables exist at {endpoint}; {len(created)} are new.")


def invoke(file: str, *, embedded: bool, aws: bool) -> bool:
    """Call the handler once with the event in a file. Returns False if it raised an error.

    Prints the result to stdout as JSON, as Lambda would return it.

    Raises OSError if the file cannot be read, and ValueError if it is not JSON.
    """
    event = _event(file)
    logger.registered_handler.setStream(sys.stderr)  # type: ignore[attr-defined]
    with redirect_stdout(sys.stderr), storage.opened(embedded=embedded, aws=aws):
        answer, answered = _invoked(event)
    print(json.dumps(answer, indent=2, ensure_ascii=False))
    return answered


def _event(file: str) -> Any:
    text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{file} is not valid JSON: {error}") from error


def _invoked(event: Any) -> tuple[Any, bool]:
    try:
        return handler(event, LambdaContext()), True
    except Exception as error:  # noqa: BLE001 - an entry point: Lambda returns the error too
        traceback.print_exc()
        return {"errorType": type(error).__name__, "errorMessage": str(error)}, False
