"""AWS inside this process: DynamoDB, SQS, S3 and EventBridge, as the engine uses them.

It has functions and models only if it is given some.

The clients of the process are answered from here: see `botocore_hooks`.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cache
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from ai_coordination.config import PREFIX, settings
from ai_coordination.local import botocore_hooks
from ai_coordination.local.database import Database, values
from ai_coordination.local.errors import Refused
from ai_coordination.local.services import Buckets, EventBuses, Queues, Timers
from ai_coordination.local.services.pending_events import PendingEvents
from ai_coordination.local.sqlite import File
from ai_coordination.models import allowance

_SEALED: dict[str, str | None] = {
    # A profile or a file of the person at the keyboard must neither answer nor be asked.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_SESSION_TOKEN": None,
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_PROFILE": None,
    "AWS_DEFAULT_PROFILE": None,
}
# Only botocore's clients are answered from here. Set, it needs no line in the log.
_CLIENT = {f"{PREFIX}DYNAMODB_CLIENT": "botocore"}
_NO_ENDPOINTS = {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}
_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")

Clock = Callable[[], datetime]
Service = Callable[[str, Mapping[str, Any]], dict[str, Any]]
Functions = Callable[[Mapping[str, Any]], dict[str, Any]]
# Waits for so many seconds at most. Raises TimeoutError.
ServedFunctions = Callable[[Mapping[str, Any], float], dict[str, Any]]


def _utc() -> datetime:
    return datetime.now(UTC)


class EmbeddedAws:
    """The part of AWS that the engine uses, from `start()` to `stop()` or for a `with` block.

    Each botocore client that is made after the first one of these is answered from here. What an
    endpoint URL (`AWS_ENDPOINT_URL…`) sends elsewhere goes there, unless `everything` is to be
    answered from here; nothing reaches AWS itself. What is stored is in `file`; without one it is
    in memory, and gone afterwards. It is thread-safe.
    """

    def __init__(
        self,
        *,
        everything: bool = False,
        file: File | None = None,
        utc: Clock = _utc,
        database: Callable[[File, Clock], Database] = Database,
        functions: Functions | None = None,
    ) -> None:
        """`functions` answers invocations of Lambda functions. Without it there are none.

        The attribute `models` answers calls of Bedrock in the same way.
        """
        self.models: Service | None = None
        self._functions = functions
        self.served: ServedFunctions | None = None
        self.served_at: str | None = None
        self._environment = {**_SEALED, **_CLIENT, **(_NO_ENDPOINTS if everything else {})}
        self._undo = ExitStack()
        self._file = file
        self._utc = utc
        self._new_database = database
        install()
        self._open()

    def _open(self) -> None:
        file, region = self._file or File(), usual_region()
        self.database = self._new_database(file, self._utc)
        self.queues = Queues(file, self._utc, region=region)
        self.buckets = Buckets(file, self._utc)
        self.timers = Timers(file, self._utc, region)
        self.event_buses = EventBuses(self._utc, region)
        self.events = PendingEvents(file)
        self._services: dict[str, Service] = {
            "bedrock-runtime": self._bedrock,
            "dynamodb": self._database,
            "events": self.event_buses.call,
            "lambda": self._lambda,
            "s3": self.buckets.call,
            "scheduler": self.timers.call,
            "sqs": self.queues.call,
        }

    def start(self) -> Self:
        """Answer from now on."""
        self._undo.callback(settings.cache_clear)
        for name, value in {**self._environment, "AWS_DEFAULT_REGION": usual_region()}.items():
            self._undo.callback(_put_environment, name, os.environ.get(name))
            _put_environment(name, value)
        settings.cache_clear()
        _running.append(self)
        self._undo.callback(_running.remove, self)
        return self

    def stop(self) -> None:
        """Let the process reach AWS again, as before `start()`."""
        self._undo.close()

    def reset(self) -> None:
        """Forget everything in memory, tables included."""
        self._file = None
        self._open()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def answer(
        self, service: str, operation: str, request: Mapping[str, Any], seconds: float
    ) -> tuple[int, dict[str, Any]]:
        """The HTTP status and the answer to a request. Raises RuntimeError for other services.

        Raises TimeoutError if a function takes longer than so many `seconds`.
        """
        if service not in self._services:
            raise RuntimeError(f"Embedded AWS does not support {service}. Nothing was sent.")
        try:
            if self.served is not None and service == "lambda" and operation == "Invoke":
                answer = self.served(request, seconds)
                return answer["StatusCode"], answer
            return 200, self._services[service](operation, request)
        except Refused as refused:
            error = {"Code": refused.code, "Message": refused.message}
            return refused.status, {"Error": error, **refused.fields}

    def _database(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        answer = self.database.call(operation, request)
        if allowance.current(operation) is not None:
            # What would have come over the wire counts against what a request may read.
            allowance.received(values.bytes_of_answer(answer))
        return answer

    def _bedrock(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        if self.models is not None:
            return self.models(operation, request)
        message = (
            "There are no models here. MODELS=fake serves a scripted one, MODELS=aws AWS's own"
        )
        raise Refused("ResourceNotFoundException", message, 404)

    def _lambda(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Lambda. Without `functions` there are none: others are served at an endpoint URL."""
        if self._functions is not None and operation == "Invoke":
            return self._functions(request)
        message = f"{operation}: function not found: {request.get('FunctionName')}"
        raise Refused("ResourceNotFoundException", message, 404)

    def answers(self, service: str, url: str) -> bool:
        """Whether requests to an endpoint are answered from here."""
        return is_aws(url) or (service == "lambda" and url.startswith(self.served_at or "-"))


# The innermost of those that run answers.
_running: list[EmbeddedAws] = []


def install() -> None:
    """Let clients be answered that are made from now on, whenever something is embedded.

    Each `EmbeddedAws` does so. Clients that are made before the first one are not answered.
    """
    botocore_hooks.install(_running)


def pending_events() -> PendingEvents | None:
    """What keeps the events of functions; None if AWS itself is used."""
    return _running[-1].events if _running else None


@contextmanager
def models_answered_by(models: Service) -> Iterator[None]:
    """Within the block, `models` answers calls of Bedrock, unless AWS itself does."""
    answering = _running[-1:]
    for embedded in answering:
        embedded.models = models
    try:
        yield
    finally:
        for embedded in answering:
            embedded.models = None


@contextmanager
def functions_served(functions: ServedFunctions, url: str) -> Iterator[None]:
    """Within the block, `functions` answers invocations at a URL, which is of this process.

    So those of this process need no connection. Those of others are requests to that URL.
    """
    answering = _running[-1:]
    for embedded in answering:
        embedded.served, embedded.served_at = functions, url
    try:
        yield
    finally:
        for embedded in answering:
            embedded.served, embedded.served_at = None, None


def running() -> EmbeddedAws:
    """The one that answers now. Raises IndexError where none does."""
    return _running[-1]


@cache
def is_aws(url: str) -> bool:
    """Whether it is an address of AWS itself, and not of an emulator."""
    return (urlsplit(url).hostname or "").endswith(_AWS_DOMAINS)


def usual_region() -> str:
    """The region for clients that are told of none: botocore does not read AWS_REGION."""
    return os.environ.get("AWS_DEFAULT_REGION") or os.environ.get("AWS_REGION") or "us-east-1"


def _put_environment(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
