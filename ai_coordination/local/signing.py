"""The console on this machine, for an API whose callers sign with IAM: requests are signed here.

A browser has no credentials of AWS. This server has those of who started it, so it listens at a
loopback address alone, and answers the page that it serves and no other.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session
from botocore.session import Session
from werkzeug.wrappers import Request, Response

from ai_coordination.local import console_files, gateway, server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

HOST = "127.0.0.1"
SERVICE = "execute-api"
# API Gateway waits for 30 s.
TIMEOUT_SECONDS = 40
MOST_AT_ONCE = 20
_REGION = re.compile(r"\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SENT = ("accept", "content-type", "x-correlation-id")
_RETURNED = ("content-type", "retry-after", "x-correlation-id", "x-request-id")


class Api(NamedTuple):
    """An API, and the region that its signatures name."""

    url: str
    region: str


def api_at(url: str, region: str | None) -> Api:
    """Return the API at a URL. Raises ValueError if it is none, or its region is unknown."""
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise ValueError(
            f"{url} is not an https URL: signed requests must not be read on their way"
        )
    if parts.query or parts.fragment or parts.username:
        raise ValueError(f"{url} must have neither a query nor a user")
    found = _REGION.search(parts.hostname or "")
    known = found[1] if found else region
    if known is None:
        raise ValueError(f"The host of {url} names no region: give it with --region")
    return Api(url, known)


def credentials_of(session: Session) -> Callable[[], ReadOnlyCredentials]:
    """Return what gives current credentials. Raises ValueError if there are none."""
    found = session.get_credentials()
    if found is None:
        raise ValueError(
            "There are no AWS credentials: sign in with the AWS CLI, or set AWS_PROFILE"
        )
    return found.get_frozen_credentials


@dataclass(frozen=True)
class Signed:
    """A WSGI application: the console, and the API behind signatures."""

    api: Api
    credentials: Callable[[], ReadOnlyCredentials]
    http: URLLib3Session

    def application(self) -> "WSGIApplication":
        """Return the application, for a web server."""
        return Request.application(self._answer)

    def _answer(self, request: Request) -> Response:
        """Answer a request for the console, or pass it to the API."""
        if response := console_files.answer(request, console_files.OF_ANOTHER_API):
            return response
        if request.path != server.PATH:
            return gateway.not_found()
        if request.method != "POST":
            return _refused(HTTPStatus.METHOD_NOT_ALLOWED, "Use POST.")
        if request.headers.get("origin", request.host_url.rstrip("/")) != request.host_url.rstrip(
            "/"
        ):
            return _refused(HTTPStatus.FORBIDDEN, "Only the console may call the API here.")
        return self._passed(request)

    def _passed(self, request: Request) -> Response:
        headers = {name: request.headers[name] for name in _SENT if name in request.headers}
        signed = AWSRequest("POST", self.api.url, headers=headers, data=request.get_data())
        try:
            SigV4Auth(self.credentials(), SERVICE, self.api.region).add_auth(signed)
        except BotoCoreError as error:
            return _refused(HTTPStatus.BAD_GATEWAY, f"The AWS credentials cannot be used: {error}")
        try:
            answered = self.http.send(signed.prepare())
        except BotoCoreError as error:
            return _refused(HTTPStatus.BAD_GATEWAY, f"The API does not answer: {error}")
        kept = {name: answered.headers[name] for name in _RETURNED if name in answered.headers}
        return Response(answered.content, answered.status_code, kept)


def _refused(status: HTTPStatus, message: str) -> Response:
    content = json.dumps({"errors": [{"message": message}]})
    return Response(content, status, content_type="application/json")


def serve(url: str, port: int, region: str | None = None) -> None:
    """Serve until stopped. Raises CannotListen, and ValueError for a URL that is refused."""
    session = Session()
    api = api_at(url, region or session.get_config_variable("region"))
    sending = URLLib3Session(timeout=TIMEOUT_SECONDS, max_pool_connections=MOST_AT_ONCE)
    signed = Signed(api, credentials_of(session), sending)
    http = server.listen(HOST, port, signed.application())
    try:
        print(f"Console  {server.url(http, '/console/')}", flush=True)
        print(f"API      {api.url}, signed for {api.region}\n\nCtrl-C stops it.", flush=True)
        server.serve(http)
    finally:
        http.server_close()
    print("Stopped.")
