"""Ask a model of Amazon Bedrock, with its operation Converse.

botocore checks, signs and parses. The request itself goes through `clients.http`: the read timeout
of botocore applies to one read, and not to the whole request.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from ai_coordination import telemetry
from ai_coordination.agent_hosts import HTTP_PORT, HTTPS_PORT, AllowedHost, Server
from ai_coordination.clients import http
from ai_coordination.clients.aws import CONFIG, clients
from ai_coordination.clients.http import NotAnswered
from ai_coordination.context import InvocationContext

_CONFIG = CONFIG.merge(
    Config(parameter_validation=True, retries={"total_max_attempts": 1, "mode": "standard"})
)


class Rejected(Exception):
    """Bedrock answered with an error. `message` may name roles and accounts of AWS."""

    def __init__(
        self, code: str, status: int, message: str, after_seconds: float | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.status = status
        self.message = message
        self.after_seconds = after_seconds


class Invalid(Exception):
    """The request is not one of Converse. Nothing was sent. The message says why."""


def converse(
    request: Mapping[str, Any], seconds: float, *, context: InvocationContext
) -> dict[str, Any]:
    """Ask a model once, and return its response. Raises Rejected, Invalid, NotAnswered.

    `seconds` is the time for all of it. The SDK does not retry: the caller decides.
    """
    ends_at = context.within(seconds)
    client = clients.new("bedrock-runtime", _CONFIG)
    transport = _Transport(ends_at)
    client.meta.events.register("before-send.bedrock-runtime.Converse", transport.send)
    try:
        response: dict[str, Any] = client.converse(**request)
    except ClientError as error:
        raise _rejected(error) from error
    except ParamValidationError as error:
        raise Invalid(" ".join(str(error).split())) from error
    except BotoCoreError as error:
        telemetry.logger.warning("bedrock", extra={"reason": str(error)})
        raise NotAnswered(f"The call failed ({type(error).__name__})") from error
    finally:
        client.close()
    return response


class _Transport:
    """Sends botocore's request in its place, within the time of the whole call."""

    def __init__(self, ends_at: InvocationContext) -> None:
        self._ends_at = ends_at

    def send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        """Raises NotAnswered, which botocore passes on."""
        parts = urlsplit(request.url)
        port = parts.port or (HTTPS_PORT if parts.scheme == "https" else HTTP_PORT)
        host = parts.hostname or ""
        server = Server(parts.scheme, host, port, parts.path, parts.query)
        # It is the operator's own endpoint. That of a VPC has a private address.
        allowed = AllowedHost(parts.scheme, host, port, private=True)
        headers = {name: _text(value) for name, value in request.headers.items()}
        seconds = self._ends_at.seconds_left()
        body = bytes(request.body)  # type: ignore[arg-type]  # Converse has no streams
        reply = http.post(server, allowed, headers, body, seconds, context=self._ends_at)
        named = HTTPHeaders()
        for name, value in reply.headers.items():
            named[name] = value
        return AWSResponse(request.url, reply.status, named, _Body(reply.body))


class _Body:
    """A body as botocore reads it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        """The body in one piece."""
        yield self._content


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _rejected(error: ClientError) -> Rejected:
    telemetry.logger.warning("bedrock", extra={"reason": str(error)})
    described, metadata = error.response["Error"], error.response["ResponseMetadata"]
    after = str(metadata.get("HTTPHeaders", {}).get("retry-after", ""))
    return Rejected(
        described.get("Code", "Unknown"),
        metadata.get("HTTPStatusCode", 0),
        described.get("Message", ""),
        float(after) if after.isascii() and after.isdigit() else None,
    )
