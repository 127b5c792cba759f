"""The client: it has the method of botocore's client that pynamodb calls, and raises its errors."""

import json
import threading
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's
    HTTPClientError,
    NoCredentialsError,
)
from botocore.session import Session
from urllib3 import Timeout

from ai_coordination.context import InvocationContext
from ai_coordination.models import allowance
from ai_coordination.models.fast.lean import replies
from ai_coordination.models.fast.lean.endpoint import Endpoint
from ai_coordination.models.fast.lean.pool import Pool
from ai_coordination.models.fast.lean.retries import Attempts, Kind, Retries, kind
from ai_coordination.models.fast.lean.signature import Signer

OPERATIONS: Final = frozenset(
    {
        "BatchGetItem",
        "BatchWriteItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "TransactGetItems",
        "TransactWriteItems",
        "UpdateItem",
    }
)
_FIRST_ERROR: Final = 300


class LeanClient:
    """Answers the operations on items. Everything else is botocore's, made when it is needed."""

    def __init__(
        self,
        session: Session,
        endpoint: Endpoint,
        config: Config,
        botocore_client: Callable[[], Any],
        *,
        context: InvocationContext | None = None,
        roots: str | None = None,
    ) -> None:
        """`config` gives the time-outs, the attempts, the connections and the user agent."""
        given: Any = config
        self._session = session
        self._agent = {"User-Agent": given.user_agent, "Accept-Encoding": "identity"}
        self._context = context or InvocationContext()
        self._retries = Retries(given.retries["total_max_attempts"], self._context)
        self._signer = Signer(endpoint)
        timeout = Timeout(connect=given.connect_timeout, read=given.read_timeout)
        connections = given.max_pool_connections
        self._pool = Pool(endpoint, timeout=timeout, connections=connections, roots=roots)
        self._new_botocore_client = botocore_client
        self._botocore: Any = None
        self._lock = threading.Lock()

    def _make_api_call(self, operation: str, parameters: Mapping[str, Any]) -> Any:
        """Call an operation. Raises what botocore's client raises."""
        if operation not in OPERATIONS:
            return self._botocores()._make_api_call(operation, parameters)
        if operation == "TransactWriteItems" and "ClientRequestToken" not in parameters:
            # With it, DynamoDB applies a transaction once that is sent again.
            parameters = {**parameters, "ClientRequestToken": self._context.new_uuid()}
        body = json.dumps(parameters, separators=(",", ":"), default=_encodable).encode()
        return self._ask(operation, body, Attempts(self._retries))

    def __getattr__(self, name: str) -> Any:
        """All that pynamodb does not call is botocore's."""
        return getattr(self._botocores(), name)

    def _botocores(self) -> Any:
        with self._lock:
            if self._botocore is None:
                self._botocore = self._new_botocore_client()
            return self._botocore

    def _ask(self, operation: str, body: bytes, attempts: Attempts) -> Any:
        while True:
            # Not repeated if it fails: the source of the credentials has retries of its own.
            headers = self._headers(operation, body)
            try:
                reply = self._pool.post(headers, body)
                allowance.received(len(reply.body))
                if reply.status < _FIRST_ERROR:
                    answer = replies.answer(reply)
                    attempts.succeeded()
                    answer["ResponseMetadata"] = replies.metadata(reply, attempts)
                    return answer
            except (ConnectionError, HTTPClientError):
                if not attempts.again(Kind.FAILED):
                    raise
                continue
            refusal = replies.refusal(reply)
            why = kind(reply.status, refusal["Error"]["Code"])
            if why is None or not attempts.again(why, reply.headers):
                metadata = replies.metadata(reply, attempts)
                refused: Any = {**refusal, "ResponseMetadata": metadata}
                raise ClientError(refused, operation)

    def _headers(self, operation: str, body: bytes) -> dict[str, str]:
        credentials = self._session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        frozen = credentials.get_frozen_credentials()
        return self._signer.headers(frozen, self._context.utc(), operation, body) | self._agent


def _encodable(value: Any) -> Any:
    """What botocore takes for parameters that JSON does not have."""
    if isinstance(value, bytes | bytearray):
        return b64encode(value).decode()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not a value of DynamoDB")
