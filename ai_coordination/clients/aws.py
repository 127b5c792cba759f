"""The botocore clients of the process."""

import threading
from typing import Any, cast

from botocore.config import Config
from botocore.handlers import add_recursion_detection_header
from botocore.session import Session, get_session

# Fitting an API that has to answer within 29 s.
CONFIG = Config(
    parameter_validation=False,
    connect_timeout=1,
    read_timeout=5,
    retries={"total_max_attempts": 3, "mode": "standard"},
)


class Clients:
    """One botocore client for a service and a configuration, made when it is first needed."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, Config], Any] = {}
        self._session: Session | None = None
        self._lock = threading.Lock()

    def __call__(self, service: str, config: Config = CONFIG) -> Any:
        with self._lock:
            if (service, config) not in self._made:
                self._made[service, config] = self._new(service, config)
            return self._made[service, config]

    def new(self, service: str, config: Config) -> Any:
        """A client of the caller's own, who closes it."""
        with self._lock:
            return self._new(service, config)

    def _new(self, service: str, config: Config) -> Any:
        # One session: what it has read of a service makes the next client 40 times faster.
        self._session = self._session or _new_session()
        return self._session.create_client(service, config=config)

    def forget(self) -> None:
        """The next calls make new clients: for tests that change endpoints."""
        self._made.clear()
        self._session = None


def _new_session() -> Session:
    """A session whose calls do not carry the lineage of the invocation that makes them.

    Lambda counts lineage and stops a chain of invocations at its 17th. A session of many steps is
    such a chain (worker, queue, worker) and no runaway: its agents and attempts are limited.
    """
    session = get_session()
    session.unregister("before-call", cast(Any, add_recursion_detection_header))
    return session


clients = Clients()
