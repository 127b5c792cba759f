"""The connections to DynamoDB, kept open and shared by threads."""

import os
import ssl
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore import exceptions
from botocore.httpsession import where
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3 import exceptions as errors
from urllib3.connection import HTTPConnection, HTTPSConnection

from ai_coordination.models.fast.lean.endpoint import Endpoint

_CHECKSUM: Final = "x-amz-crc32"


@dataclass(frozen=True, slots=True)
class Reply:
    """The names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _OneSend:
    """A connection that sends the headers and the body of a request together.

    urllib3 sends them one after the other, which wakes both sides twice. Each request has a body.
    """

    _headers: bytes | None = None

    def send(self, data: Any) -> None:
        if self._headers is None:
            self._headers = data
            return
        whole, self._headers = self._headers + data, None
        super().send(whole)  # type: ignore[misc] # a connection's

    def close(self) -> None:
        self._headers = None
        super().close()  # type: ignore[misc] # a connection's


class _Connection(_OneSend, HTTPConnection):
    pass


class _SecureConnection(_OneSend, HTTPSConnection):
    pass


class _Connections(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecureConnections(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class Pool:
    """Sends requests to one server. Thread-safe; a process that was forked opens its own."""

    def __init__(
        self, endpoint: Endpoint, *, timeout: Timeout, connections: int, roots: str | None = None
    ) -> None:
        """`roots` is a file of certificate authorities; botocore's if it is None."""
        self.url = endpoint.url
        self._endpoint = endpoint
        self._options: dict[str, Any] = {"timeout": timeout, "maxsize": connections}
        if endpoint.scheme == "https":
            self._options["ssl_context"] = ssl.create_default_context(cafile=roots or where())
        self._open()

    def _open(self) -> None:
        kind = _SecureConnections if self._endpoint.scheme == "https" else _Connections
        self._process = os.getpid()
        self._connections = kind(self._endpoint.host, self._endpoint.port, **self._options)

    def post(self, headers: Mapping[str, str], body: bytes) -> Reply:
        """Send a request once. Raises ConnectionError and HTTPClientError of botocore."""
        if self._process != os.getpid():
            self._open()
        url = self.url
        try:
            answer = self._connections.urlopen(
                "POST",
                "/",
                body,
                headers,
                retries=False,
                redirect=False,
                assert_same_host=False,
                decode_content=False,
            )
        except errors.SSLError as error:
            raise exceptions.SSLError(endpoint_url=url, error=error) from error
        except errors.NewConnectionError as error:
            raise exceptions.EndpointConnectionError(endpoint_url=url, error=error) from error
        except errors.ConnectTimeoutError as error:
            raise exceptions.ConnectTimeoutError(endpoint_url=url, error=error) from error
        except errors.ReadTimeoutError as error:
            raise exceptions.ReadTimeoutError(endpoint_url=url, error=error) from error
        except errors.ProtocolError as error:
            raise exceptions.ConnectionClosedError(endpoint_url=url, error=error) from error
        except errors.HTTPError as error:
            raise exceptions.HTTPClientError(error=error) from error
        reply = Reply(answer.status, _lowered(answer.headers), answer.data)
        _check(reply)
        return reply


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _check(reply: Reply) -> None:
    expected = reply.headers.get(_CHECKSUM)
    if expected is not None and expected != str(zlib.crc32(reply.body)):
        raise exceptions.HTTPClientError(error="the answer has another checksum than it names")
