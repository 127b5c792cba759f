"""What the command line can do, once the environment is settled."""

import json
import signal
import sys
import threading
import traceback
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from ai_coordination import __version__
from ai_coordination.clients import clients
from ai_coordination.config import settings
from ai_coordination.errors import Throttled
from ai_coordination.handler import handler
from ai_coordination.local import demo, page, schedules, server, storage, work
from ai_coordination.local.embedded import is_aws
from ai_coordination.local.runtime import LambdaContext
from ai_coordination.local.tables import create_tables
from ai_coordination.telemetry import logger

__all__ = ["REFUSED", "demo", "invoke", "serve", "tables", "work_off"]

# Below the time that the client of SQS waits for an answer.
WAIT_SECONDS = 2

REFUSED = (
    storage.NotUsable,
    server.CannotListen,
    BotoCoreError,
    ClientError,
    Throttled,
    PynamoDBException,
    RuntimeError,
    TimeoutError,
)


def serve(host: str, port: int, *, aws: bool) -> None:
    """Answer HTTP until stopped. Raises CannotListen before anything else is begun."""
    http = server.listen(host, port)
    try:
        with storage.chosen(aws=aws) as where:
            print(_banner(server.url(http), where), flush=True)
            with work.working(), _firing(aws=aws):
                server.serve(http)
    finally:
        http.server_close()
    print("Stopped.")


def _banner(url: str, where: str) -> str:
    tenant = settings()
    body = json.dumps({"query": " ".join(page.first_query().split())})
    return f"""
AI Coordination Engine {__version__}, development server

  GraphQL  {url}
           opens the explorer (GraphiQL) in a browser
  Data     {where}
  Tenant   endpoint {tenant.endpoint_id}, part {tenant.part_id}

A first query, which the explorer begins with too:

  curl {url} -H 'content-type: application/json' -d '{body}'

Ctrl-C stops the server.
"""


def work_off(
    threads: int, batch_size: int, step_seconds: float, sweep_seconds: float, *, aws: bool
) -> None:
    """Work off the configured queue until stopped; what was begun is done before it ends."""
    manner = work.Manner(
        threads=threads,
        messages=batch_size,
        wait_seconds=WAIT_SECONDS,
        step_seconds=step_seconds,
        sweep_seconds=sweep_seconds,
    )
    endpoint = storage.reach(aws=aws)
    url = _queue(aws=aws)
    stop = threading.Event()
    for wish in (signal.SIGINT, signal.SIGTERM):
        signal.signal(wish, lambda number, frame: stop.set())
    print(f"Working off {url}, with the tables at {endpoint}", flush=True)
    emulated = not aws and schedules.is_emulated()
    with schedules.group() if emulated else nullcontext(), _firing(aws=not emulated):
        work.run(stop, manner)
    print("Stopped.")


def _firing(*, aws: bool) -> AbstractContextManager[None]:
    """Schedules fire, unless AWS itself fires them."""
    return nullcontext() if aws else schedules.ticking()


def _queue(*, aws: bool) -> str:
    """The configured queue; where an emulator is to have it and none is named, the usual one."""
    if not aws:
        endpoint = str(clients("sqs").meta.endpoint_url)
        if is_aws(endpoint):
            hint = "name an emulator in AWS_ENDPOINT_URL_SQS, or say --aws"
            raise storage.NotUsable(f"{endpoint} is AWS: {hint}")
        work.make_queue()
    return settings().required_queue_url()


def tables(*, aws: bool) -> None:
    """Make the tables that the configured endpoint lacks, and say which."""
    endpoint = storage.reach(aws=aws)
    made = create_tables()
    for name in made:
        print(f"made {name}")
    print(f"All tables are at {endpoint}; {len(made)} are new.")


def invoke(file: str, *, embedded: bool, aws: bool) -> bool:
    """Call the handler once with the event of a file; whether it answered, rather than failed.

    Prints as JSON what Lambda would give its caller, and nothing else to stdout. Raises OSError
    and ValueError for a file that holds no event.
    """
    event = _event(file)
    logger.registered_handler.setStream(sys.stderr)  # type: ignore[attr-defined]
    with redirect_stdout(sys.stderr), storage.chosen(embedded=embedded, aws=aws):
        answer, answered = _invoked(event)
    print(json.dumps(answer, indent=2, ensure_ascii=False))
    return answered


def _event(file: str) -> Any:
    text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{file} is no JSON: {error}") from error


def _invoked(event: Any) -> tuple[Any, bool]:
    try:
        return handler(event, LambdaContext()), True
    except Exception as error:  # noqa: BLE001 - an entry point: Lambda gives it to the caller too
        traceback.print_exc()
        return {"errorType": type(error).__name__, "errorMessage": str(error)}, False
