"""AWS inside this process: DynamoDB, SQS, S3 and EventBridge, as the engine uses them.

It has functions and models only if it is given some.

botocore itself asks its handlers for the answer to each call before it sends anything: a handler of
the event `before-call` may return one. So every client of the process is answered from here, also
one that was made before, and a request is neither signed nor written to a socket.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.handlers import BUILTIN_HANDLERS
from botocore.session import Session

from ai_coordination.local.database import Database, values
from ai_coordination.local.errors import Refused
from ai_coordination.local.functions.pending_events import PendingEvents
from ai_coordination.local.services import Buckets, EventBuses, Queues, Timers
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
_NO_ENDPOINTS = {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}
_AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
# Where botocore's context of a call keeps its parameters, as the caller has given them.
_PARAMETERS = "ai_coordination_parameters"

Clock = Callable[[], datetime]
Service = Callable[[str, Mapping[str, Any]], dict[str, Any]]


def _utc() -> datetime:
    return datetime.now(UTC)


class EmbeddedAws:
    """The part of AWS that the engine uses, from `start()` to `stop()` or for a `with` block.

    Every botocore client of the process is answered from here. What an endpoint URL
    (`AWS_ENDPOINT_URL…`) sends elsewhere goes there, unless `everything` is to be answered from
    here; nothing reaches AWS itself. What is stored is in `file`; without one it is in memory, and
    gone afterwards. It is thread-safe.
    """

    def __init__(
        self,
        *,
        everything: bool = False,
        file: File | None = None,
        utc: Clock = _utc,
        database: Callable[[File, Clock], Database] = Database,
        functions: Callable[[Mapping[str, Any]], dict[str, Any]] | None = None,
    ) -> None:
        """`functions` answers invocations of Lambda functions. Without it there are none.

        The attribute `models` answers calls of Bedrock in the same way.
        """
        self.models: Service | None = None
        self._functions = functions
        self._environment = {**_SEALED, **(_NO_ENDPOINTS if everything else {})}
        self._undo = ExitStack()
        self._file = file
        self._utc = utc
        self._new_database = database
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
        for name, value in {**self._environment, "AWS_DEFAULT_REGION": usual_region()}.items():
            self._undo.callback(_put_environment, name, os.environ.get(name))
            _put_environment(name, value)
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
        self, service: str, operation: str, request: Mapping[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        """The HTTP status and the answer to a request. Raises RuntimeError for other services."""
        if service not in self._services:
            raise RuntimeError(f"Embedded AWS does not support {service}. Nothing was sent.")
        try:
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


# The innermost of those that run answers.
_running: list[EmbeddedAws] = []


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


def running() -> EmbeddedAws:
    """The one that answers now. Raises IndexError where none does."""
    return _running[-1]


def _remember(params: Any, context: dict[str, Any], **_: Any) -> None:
    """Keep the parameters of a call for its answer: the request has them as bytes."""
    if _running:
        context[_PARAMETERS] = params


def _answer(
    model: Any, params: Mapping[str, Any], context: Mapping[str, Any], **_: Any
) -> tuple[AWSResponse, dict[str, Any]] | None:
    """The answer to a call; None where it goes to an emulator, or nothing is embedded now."""
    if not _running or not is_aws(params["url"]):
        return None
    service = model.service_model.service_name
    status, answer = running().answer(service, model.name, context[_PARAMETERS])
    metadata = {"HTTPStatusCode": status, "HTTPHeaders": {}, "RetryAttempts": 0}
    answer["ResponseMetadata"] = metadata
    return AWSResponse(params["url"], status, HTTPHeaders(), None), answer


class _Unserialized:
    """A client of DynamoDB that writes no request where one is answered here: nobody reads it.

    That takes as long as the answer. Both methods are botocore's: `super()` is its client.
    """

    meta: Any

    def _is_answered_here(self) -> bool:
        return bool(_running) and is_aws(self.meta.endpoint_url)

    def _resolve_endpoint_ruleset(self, *given: Any, **more: Any) -> Any:
        if self._is_answered_here():
            return self.meta.endpoint_url, {}, {}
        return super()._resolve_endpoint_ruleset(*given, **more)  # type: ignore[misc] # see above

    def _convert_to_request_dict(self, *, endpoint_url: str, context: Any, **more: Any) -> Any:
        if self._is_answered_here():
            return {"url": endpoint_url, "headers": {}, "context": context}
        more |= {"endpoint_url": endpoint_url, "context": context}
        return super()._convert_to_request_dict(**more)  # type: ignore[misc] # see above


def _shorten(base_classes: list[type], **_: Any) -> None:
    base_classes.insert(0, _Unserialized)


# botocore registers these with each session that it makes.
BUILTIN_HANDLERS.extend(
    [
        ("creating-client-class.dynamodb", _shorten),
        ("before-parameter-build", _remember),
        ("before-call", _answer),
    ]
)


def not_embedded(session: Session) -> None:
    """Let the clients that a session makes from now on reach AWS itself."""
    session.unregister("before-parameter-build", cast(Any, _remember))
    session.unregister("before-call", cast(Any, _answer))


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
