"""What an engine needs of the process while it works: settings, clients, and quiet logs.

They are put in place when an engine begins to work, and put back when it pauses: between the calls
of a test, and while a function of the test runs. So several engines may be used in turn, and a test
finds the process as it was. Engines in several threads wait for each other.
"""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from ai_coordination import telemetry
from ai_coordination.agent_hosts import UNCHECKED
from ai_coordination.clients.aws import Clients, clients
from ai_coordination.config import PREFIX, settings
from ai_coordination.local import embedded
from ai_coordination.local.embedded import EmbeddedAws
from ai_coordination.local.scheduler import VARIABLES
from ai_coordination.models import connection

REGION = "us-east-1"
BUCKET = "texts"
STEPS_QUEUE = "steps"
CALLS_QUEUE = "calls"
_QUEUE_URL = f"https://sqs.{REGION}.amazonaws.com/123456789012/"
STEPS_URL = _QUEUE_URL + STEPS_QUEUE
CALLS_URL = _QUEUE_URL + CALLS_QUEUE
_ENVIRONMENT = {
    **VARIABLES,
    f"{PREFIX}QUEUE_URL": STEPS_URL,
    f"{PREFIX}CALLS_QUEUE_URL": CALLS_URL,
    # Each invocation has one call: which is next is drawn from the seed.
    f"{PREFIX}CALL_THREADS": "1",
    f"{PREFIX}TEXTS_BUCKET": BUCKET,
    # Models and servers may be named, and functions of the test are in their places.
    f"{PREFIX}AGENT_HOSTS": UNCHECKED,
    f"{PREFIX}BEDROCK_MODELS": "*",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "POWERTOOLS_METRICS_DISABLED": "true",
}
# The models have read it already, when they were imported.
_KEPT = f"{PREFIX}TABLE_PREFIX"


class _SharedClients:
    """The botocore clients of all engines of the process: making them takes 100 ms."""

    def __init__(self) -> None:
        self.dynamodb: object = None
        self.others = Clients()


# A function of the test may use a client that its module made.
embedded.install()
_shared = _SharedClients()
# Not reentrant: the thread that pauses may be another than the one that began.
_turn = threading.Lock()


class Surroundings:
    """Those of one engine."""

    def __init__(self, log_level: int = logging.ERROR) -> None:
        self._log_level = log_level
        self._undo: ExitStack | None = None

    @contextmanager
    def working(self, aws: EmbeddedAws) -> Iterator[None]:
        """The engine works within the block. Without effect inside another such block."""
        if self._undo is not None:
            yield
            return
        self._begin(aws)
        try:
            yield
        finally:
            self._end()

    @contextmanager
    def paused(self, aws: EmbeddedAws) -> Iterator[None]:
        """A function of the test runs within the block."""
        self._end()
        try:
            yield
        finally:
            self._begin(aws)

    def _begin(self, aws: EmbeddedAws) -> None:
        _turn.acquire()
        with ExitStack() as undo:
            undo.callback(_turn.release)
            undo.enter_context(_environment())
            undo.enter_context(aws)
            undo.callback(settings.cache_clear)
            settings.cache_clear()
            undo.enter_context(_clients())
            undo.callback(telemetry.logger.setLevel, telemetry.logger.log_level)
            telemetry.logger.setLevel(self._log_level)
            self._undo = undo.pop_all()

    def _end(self) -> None:
        assert self._undo is not None, "it works"  # noqa: S101 - an invariant
        undo, self._undo = self._undo, None
        undo.close()


@contextmanager
def _environment() -> Iterator[None]:
    ours = {name for name in os.environ if name.startswith(PREFIX)} - {_KEPT}
    names = ours | _ENVIRONMENT.keys()
    before = {name: os.environ[name] for name in names if name in os.environ}
    for name in ours:
        del os.environ[name]
    os.environ.update(_ENVIRONMENT)
    try:
        yield
    finally:
        for name in names:
            os.environ.pop(name, None)
        os.environ.update(before)
        settings.cache_clear()


@contextmanager
def _clients() -> Iterator[None]:
    former = connection.exchange_client(_shared.dynamodb)
    clients.exchange(_shared.others)
    try:
        yield
    finally:
        clients.exchange(_shared.others)
        _shared.dynamodb = connection.exchange_client(former)
