"""Lean clients of DynamoDB for tests, and botocore's beside them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.session import Session, get_session
from urllib3 import Timeout

from ai_coordination.context import InvocationContext
from ai_coordination.models import base, connection
from ai_coordination.models.fast.client import new_lean_client
from ai_coordination.models.fast.lean import endpoint
from ai_coordination.models.fast.lean.client import LeanClient
from ai_coordination.models.fast.lean.endpoint import Endpoint
from tests.support.scripted_server import Server, http

REGION = "eu-central-1"
SECONDS_IN_VAIN = 0.05
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Noon(InvocationContext):
    """It is always noon, chance is a half, and nobody waits."""

    slept: list[float] = field(default_factory=list)
    moment: list[datetime] = field(default_factory=lambda: [NOON])
    servers: list[Server] = field(default_factory=list)
    """No further attempt is made before they have begun to answer the one before it."""

    def utc(self) -> datetime:
        return self.moment[-1]

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        for server in self.servers:
            server.wait_for_step(len(self.slept))

    def random(self) -> float:
        return 0.5


def session(credentials: Credentials | None = None) -> Session:
    """A session of botocore with keys of its own."""
    made: Any = get_session()
    made._credentials = credentials or Credentials("AKID", "secret", "token")
    own: Session = made
    return own


def endpoint_at(url: str, region: str = REGION) -> Endpoint:
    """The endpoint of a URL."""
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    return Endpoint(region, parts.scheme, parts.hostname, parts.port, parts.netloc)


class _Hurried(Timeout):
    """The first answers, which do not come, are waited for briefly; the others as long as ever.

    A client that always hurried would miss answers that a busy machine gives a little later.
    """

    def __init__(self, given: Any, in_vain: int) -> None:
        super().__init__(connect=given.connect_timeout, read=given.read_timeout)
        self._in_vain = in_vain

    @property
    def read_timeout(self) -> Any:
        self._in_vain -= 1
        return SECONDS_IN_VAIN if self._in_vain >= 0 else super().read_timeout


def lean_client(
    url: str,
    context: InvocationContext,
    *,
    credentials: Credentials | None = None,
    roots: str | None = None,
    in_vain: int = 0,
    **changes: Any,
) -> LeanClient:
    """A lean client of a server, configured as the engine's but for `changes`.

    It waits briefly for its first answers, so many as it will wait for `in_vain`.
    """
    made, config = session(credentials), base._CONFIG.merge(Config(**changes))
    other = partial(botocore_client, url, **changes)
    client = LeanClient(made, endpoint_at(url), config, other, context=context, roots=roots)
    client._pool._connections.timeout = _Hurried(config, in_vain)
    return client


def botocore_client(url: str, **changes: Any) -> Any:
    """A client of botocore's own, configured alike."""
    config = base._CONFIG.merge(Config(**changes))
    return session().create_client("dynamodb", endpoint_url=url, config=config, region_name=REGION)


def use_lean_client() -> None:
    """Give the engine the client that it has where it is deployed.

    In a process of tests it would be botocore's, because embedded AWS answers botocore's calls.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(endpoint, "BUILTIN_HANDLERS", [])
        made = new_lean_client(base._CONFIG)
    assert isinstance(made, LeanClient)
    connection.exchange_client(made)


def refused(code: str, status: int = 400, **members: Any) -> bytes:
    """How DynamoDB refuses a request."""
    told: Mapping[str, Any] = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", **members}
    return http(json.dumps(told).encode(), status, x_amzn_RequestId="R1")
