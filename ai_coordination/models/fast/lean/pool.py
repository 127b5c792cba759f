"""The connections to DynamoDB, kept open and shared by threads."""

import os
import ssl
import zlib
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus, client
from typing import Any, Final, NamedTuple

from botocore import exceptions
from botocore.httpsession import where
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3 import exceptions as errors
from urllib3.connection import HTTPConnection, HTTPSConnection

from ai_coordination.models.fast.lean.endpoint import Endpoint

_CHECKSUM: Final = "x-amz-crc32"


class Reply(NamedTuple):
    """The names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _OneSend:
    """A connection that sends the headers and the body of a request together.

    The standard library sends them one after the other, which wakes both sides twice. Each request
    has a body.
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


class _Posts(HTTPConnectionPool):
    """urllib3 keeps and opens the connections; the standard library's client uses them.

    Each connection of urllib3 is one of `http.client`. What `urlopen` adds to that (redirects,
    retries, decoding, streams) is not needed, and takes as long as all the rest of a request.
    """

    ConnectionCls: type[Any] = _Connection

    def post(self, headers: Mapping[str, str], body: bytes) -> Reply:
        """Send a request, and return the answer. A connection that fails is closed."""
        connection: Any = self._get_conn()
        try:
            if connection.sock is None:
                connection.connect()
            connection.sock.settimeout(self.timeout.read_timeout)
            http = client.HTTPConnection  # its methods, not those with which urllib3 replaces them
            http.putrequest(connection, "POST", "/", skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                http.putheader(connection, name, value)
            http.putheader(connection, "Content-Length", str(len(body)))
            # A server that refuses a large request may hang up before it has read all of it.
            with suppress(BrokenPipeError, ConnectionResetError):
                http.endheaders(connection, body)
            answer = http.getresponse(connection)
            if answer.status < HTTPStatus.OK:
                # The final answer would be read as that of the next request.
                raise client.HTTPException(f"the answer is provisional: {answer.status}")
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, names, answer.read())
        except BaseException:
            connection.close()
            raise
        finally:
            # One that is closed is opened again by the next request.
            self._put_conn(connection)


class _SecurePosts(_Posts, HTTPSConnectionPool):
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
        kind = _SecurePosts if self._endpoint.scheme == "https" else _Posts
        self._connections = kind(self._endpoint.host, self._endpoint.port, **self._options)
        # Last: another thread that finds this process here uses the connections.
        self._process = os.getpid()

    def post(self, headers: Mapping[str, str], body: bytes) -> Reply:
        """Send a request once. Raises ConnectionError and HTTPClientError of botocore."""
        if self._process != os.getpid():
            self._open()
        url = self.url
        try:
            reply = self._connections.post(headers, body)
        except errors.NewConnectionError as error:
            raise exceptions.EndpointConnectionError(endpoint_url=url, error=error) from error
        except errors.ConnectTimeoutError as error:
            raise exceptions.ConnectTimeoutError(endpoint_url=url, error=error) from error
        except TimeoutError as error:
            raise exceptions.ReadTimeoutError(endpoint_url=url, error=error) from error
        except ssl.SSLError as error:
            raise exceptions.SSLError(endpoint_url=url, error=error) from error
        except (OSError, client.HTTPException) as error:
            raise exceptions.ConnectionClosedError(endpoint_url=url, error=error) from error
        except errors.HTTPError as error:
            raise exceptions.HTTPClientError(error=error) from error
        _check(reply)
        return reply


def _check(reply: Reply) -> None:
    expected = reply.headers.get(_CHECKSUM)
    if expected is not None and expected != str(zlib.crc32(reply.body)):
        raise exceptions.HTTPClientError(error="the answer has another checksum than it names")
