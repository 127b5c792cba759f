"""Create and share the botocore clients of the process."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

from botocore.config import Config
from botocore.handlers import add_recursion_detection_header
from botocore.session import Session, get_session

from ai_coordination.config import MOST_CALL_THREADS

# The API must answer within 29 s, so timeouts are short.
CONFIG = Config(
    parameter_validation=False,
    connect_timeout=1,
    read_timeout=5,
    retries={"total_max_attempts": 3, "mode": "standard"},
    # Each thread that waits for an agent keeps one. They are opened when they are needed.
    max_pool_connections=MOST_CALL_THREADS,
)

# A worker with a fixed time left gives almost all calls of a kind the same timeout.
MOST_TIMED: Final = 16
# What lies between may forget a connection that is idle for minutes, without telling either side:
# a request over it would be lost. An environment of Lambda may also have been frozen meanwhile.
LONGEST_IDLE_SECONDS: Final = 60.0
# A client that is used all the time has idle connections too: those of the threads of a busy hour.
# NAT gateways forget one after 350 s.
LONGEST_KEPT_SECONDS: Final = 300.0


@dataclass(slots=True)
class _Timed:
    """A client with a read timeout of its own, when it was made, and when it was used last."""

    client: Any
    made_at: float
    used_at: float

    def is_worn(self, now: float) -> bool:
        """Whether a connection of the client may have been idle for too long."""
        is_old = now - self.made_at > LONGEST_KEPT_SECONDS
        return is_old or now - self.used_at > LONGEST_IDLE_SECONDS


class Clients:
    """Holds one botocore client for each service and configuration, created on first use."""

    def __init__(self) -> None:
        self._clients: dict[tuple[str, Config], Any] = {}
        self._timed: OrderedDict[tuple[str, int], _Timed] = OrderedDict()
        self._session: Session | None = None
        self._makers: dict[str, Callable[[Config], Any]] = {}
        self._lock = threading.Lock()

    def __call__(self, service: str, config: Config = CONFIG) -> Any:
        with self._lock:
            if (service, config) not in self._clients:
                self._clients[service, config] = self._new(service, config)
            return self._clients[service, config]

    def new(self, service: str, config: Config) -> Any:
        """Create a client for the caller alone, who must close it."""
        with self._lock:
            return self._new(service, config)

    def timed(self, service: str, seconds: int, config: Config, now: float) -> tuple[Any, bool]:
        """A client with a read timeout, for all threads; and whether it is new.

        The timeout belongs to a client, and a new client takes 3 ms and a new connection. So those
        of the timeouts used last are kept, until they were idle for too long or are too old. `now`
        is in seconds of a monotonic clock. A dropped client still serves the calls that have it.
        """
        with self._lock:
            kept = self._timed.pop((service, seconds), None)
            is_new = kept is None or kept.is_worn(now)
            if kept is None or is_new:
                client = self._new(service, config.merge(Config(read_timeout=seconds)))
                kept = _Timed(client, now, now)
            kept.used_at = now
            self._timed[service, seconds] = kept
            if len(self._timed) > MOST_TIMED:
                self._timed.popitem(last=False)
            return kept.client, is_new

    def drop_timed(self, service: str, seconds: int, client: Any) -> None:
        """Let the next call with that read timeout not get this client, but a new one."""
        with self._lock:
            kept = self._timed.get((service, seconds))
            if kept is not None and kept.client is client:
                del self._timed[service, seconds]

    @contextmanager
    def made_by(self, make: Callable[[Config], Any], service: str) -> Iterator[None]:
        """Within the block, let a function make the clients of one service."""
        self._makers[service] = make
        try:
            yield
        finally:
            del self._makers[service]

    def _new(self, service: str, config: Config) -> Any:
        if make := self._makers.get(service):
            return make(config)
        # One session for all: it caches the service models, so the next client is 40 times faster.
        self._session = self._session or _new_session()
        return self._session.create_client(service, config=config)

    def exchange(self, other: "Clients") -> None:
        """Swap all clients with those of `other`, for a while in which AWS is another one."""
        with self._lock:
            self._clients, other._clients = other._clients, self._clients
            self._timed, other._timed = other._timed, self._timed
            self._session, other._session = other._session, self._session

    def forget(self) -> None:
        """Drop all clients, so that the next calls create new ones. For tests."""
        self._clients.clear()
        self._timed.clear()
        self._session = None


def _new_session() -> Session:
    """Create a session whose requests lack the header for Lambda's recursion detection.

    Lambda stops a chain of invocations at the 17th. A session with many steps is such a chain
    (worker, queue, worker), but not an endless one, because its agents and attempts are limited.
    """
    session = get_session()
    session.unregister("before-call", cast(Any, add_recursion_detection_header))
    return session


clients = Clients()
