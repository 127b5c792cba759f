"""The botocore clients of the process, one a service."""

import threading
from typing import Any

from botocore.config import Config
from botocore.session import get_session

_CONFIG = Config(
    parameter_validation=False,
    connect_timeout=1,
    read_timeout=5,
    retries={"total_max_attempts": 3, "mode": "standard"},
)


class Clients:
    """One botocore client a service, made when it is first needed."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}
        self._lock = threading.Lock()

    def __call__(self, service: str, config: Config = _CONFIG) -> Any:
        with self._lock:
            if service not in self._made:
                self._made[service] = get_session().create_client(service, config=config)
            return self._made[service]

    def forget(self) -> None:
        """The next calls make new clients: for tests that change endpoints."""
        self._made.clear()


clients = Clients()
