"""The console and the API as they are deployed: functions behind an API Gateway that checks tokens.

The issuer of the tokens is a real one: oidc-provider, a process of its own.
"""

import json
import shutil
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from ai_coordination.console.files import Files
from ai_coordination.console.sign_in import SignIn
from ai_coordination.console.site import Site
from ai_coordination.handler import handler
from ai_coordination.local import gateway
from ai_coordination.local.lambda_context import LambdaContext
from tests.browser.authorizer import Unauthorized, claims_of
from tests.browser.conftest import PACKAGES
from tests.support.ports import free_port

NODE = shutil.which("node")
PROVIDER = Path(__file__).with_name("oidc_provider.mjs")
SECONDS_TO_START = 60
AUDIENCE = "engine"


class Issuer:
    """oidc-provider at a port of this machine."""

    def __init__(self, origin: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        assert NODE is not None
        options = json.dumps({"port": self.port, "origin": origin})
        self._process = subprocess.Popen(
            [NODE, str(PROVIDER), str(PACKAGES.parent), options], stderr=subprocess.PIPE
        )

    def wait(self) -> None:
        ends_at = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < ends_at and self._process.poll() is None:
            try:
                self.told("requests")
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError(f"The provider does not start: {self.stop().decode()}")

    def told(self, what: str, **options: Any) -> Any:
        """Tell the provider something that an administrator tells it."""
        query = urllib.parse.urlencode(options)
        with urllib.request.urlopen(f"{self.url}/control/{what}?{query}", timeout=30) as answer:
            return json.load(answer)

    def stop(self) -> bytes:
        self._process.terminate()
        return self._process.communicate(timeout=30)[1]


class Deployed:
    """API Gateway, with the functions of the API and of the console behind it."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        """What the API has answered."""
        self.users: list[str] = []
        """Who has asked it, so far as their tokens were accepted."""
        self.seconds_ahead = 0
        """How far ahead the gateway's clock is: then tokens have expired."""
        self.most_at_once = 0
        """Requests for files that have been answered at the same time."""
        self._at_once = 0
        self._lock = threading.Lock()
        self._asked = threading.Lock()
        """Held while the API answers. One request at a time is enough for a page."""
        self.has_database = False
        """Whether the API may be asked: between tests there is no database."""
        self._server = make_server("127.0.0.1", 0, Request.application(self._answer), threaded=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.issuer = Issuer(self.url)
        self._site: Site | None = None

    def start(self) -> None:
        self.issuer.wait()
        settings = {
            "ISSUER": self.issuer.url,
            "CLIENT_ID": "console",
            "SCOPES": "openid,profile",
            "PARAMETERS": "resource=https://engine.example",
        }
        named = {f"AI_COORDINATION_CONSOLE_{name}": value for name, value in settings.items()}
        self._site = Site(Files(fixed=True), SignIn.from_environment(named))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.issuer.stop()
        self._server.shutdown()
        self._server.server_close()

    @contextmanager
    def with_database(self) -> Iterator[None]:
        """Let the API be asked for the block, and wait for its last answer."""
        self.has_database = True
        try:
            yield
        finally:
            with self._asked:
                self.has_database = False

    def _answer(self, request: Request) -> Response:
        if request.path == "/graphql" and request.method == "POST":
            with self._asked:
                # A page that was closed may have asked before.
                response = self._api(request) if self.has_database else gateway.failure()
            self.statuses.append(response.status_code)
            return response
        if request.method == "GET" and (request.path == "/" or request.path.startswith("/console")):
            return self._file(request)
        return gateway.not_found()

    def _file(self, request: Request) -> Response:
        assert self._site is not None
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        time.sleep(0.005)  # as a function, so that requests meet
        try:
            return gateway.response_of(self._site.answer(gateway.event_of(request)))
        finally:
            with self._lock:
                self._at_once -= 1

    def _api(self, request: Request) -> Response:
        try:
            header, now = request.headers.get("authorization"), time.time() + self.seconds_ahead
            claims = claims_of(header, self.issuer.url, [AUDIENCE], now)
        except Unauthorized as error:
            response = gateway.json_response({"message": "Unauthorized"}, 401)
            reason = f'Bearer scope="" error="invalid_token" error_description="{error}"'
            response.headers["www-authenticate"] = reason
            return response
        self.users.append(claims["sub"])
        event = gateway.event_of(request, {"jwt": {"claims": claims, "scopes": None}})
        return gateway.response_of(handler(event, LambdaContext()))


@contextmanager
def deployed() -> Iterator[Deployed]:
    running = Deployed()
    try:
        running.start()
        yield running
    finally:
        running.stop()
