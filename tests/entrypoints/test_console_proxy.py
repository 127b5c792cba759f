"""The console for an API whose callers sign with IAM: a server on this machine signs for it."""

import http.client
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.credentials import ReadOnlyCredentials
from botocore.httpsession import URLLib3Session
from werkzeug.test import Client
from werkzeug.wrappers import Response

from ai_coordination.local import server, signing
from ai_coordination.local.signing import Signed, api_at
from tests.support.signatures import KEY, SECRET, refusal_of

TOKEN = "of a session"
REGION = "eu-central-1"
JSON = {"content-type": "application/json"}
QUERY = json.dumps({"query": "{ __typename }", "variables": {"näme": "Müller 🎉"}}).encode()


@dataclass
class Gateway:
    """An API that checks signatures."""

    url: str
    requests: list[bytes] = field(default_factory=list)
    sends: tuple[int, dict[str, str], bytes] = (200, JSON, b'{"data": {"__typename": "Query"}}')


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            refusal = refusal_of(self.headers, body, REGION)
            api.requests.append(body)
            refused = (403, JSON, json.dumps({"message": refusal}).encode())
            status, headers, content = refused if refusal else api.sends
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        api = Gateway(f"http://127.0.0.1:{listening.server_port}/graphql")
        threading.Thread(target=listening.serve_forever, args=(0.01,), daemon=True).start()
        yield api
        listening.shutdown()


@pytest.fixture
def client(gateway: Gateway) -> Client:
    return proxied(gateway.url)


def proxied(url: str) -> Client:
    signed = Signed(
        api_at(url, REGION),
        lambda: ReadOnlyCredentials(KEY, SECRET, TOKEN),
        URLLib3Session(timeout=5),
    )
    return Client(server.guarded(signed.application(), signing.HOST), Response)


def test_requests_of_the_console_reach_the_api_signed_and_unchanged(
    gateway: Gateway, client: Client
) -> None:
    answer = client.post("/graphql", data=QUERY, headers={**JSON, "origin": "http://localhost"})

    assert (answer.status_code, answer.json) == (200, {"data": {"__typename": "Query"}})
    assert gateway.requests == [QUERY]


def test_an_answer_comes_back_with_its_status_and_what_clients_need_of_its_headers(
    gateway: Gateway, client: Client
) -> None:
    headers = {"Retry-After": "3", "Set-Cookie": "a=b", "Content-Type": "application/json"}
    gateway.sends = (503, headers, b'{"message": "Service Unavailable"}')

    answer = client.post("/graphql", data=QUERY, headers=JSON)

    assert (answer.status_code, answer.json) == (503, {"message": "Service Unavailable"})
    assert answer.headers["retry-after"] == "3"
    assert "set-cookie" not in answer.headers


def test_a_signature_of_another_key_is_refused_by_the_api(gateway: Gateway) -> None:
    signed = Signed(
        api_at(gateway.url, REGION), lambda: ReadOnlyCredentials("A", "b", None), URLLib3Session()
    )

    answer = Client(signed.application(), Response).post("/graphql", data=QUERY, headers=JSON)

    assert (answer.status_code, answer.json) == (
        403,
        {"message": "for another key, region or service"},
    )


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("GET", {}, 405),
        ("POST", {**JSON, "origin": "https://evil.example"}, 403),
        ("POST", {**JSON, "origin": "http://localhost:9999"}, 403),
        ("POST", {**JSON, "origin": "null"}, 403),
        ("POST", {**JSON, "host": "evil.example"}, 421),
        ("OPTIONS", {"origin": "https://evil.example"}, 405),
    ],
)
def test_no_page_but_the_console_gets_anything_signed(
    gateway: Gateway, client: Client, method: str, headers: dict[str, str], status: int
) -> None:
    answer = client.open("/graphql", method=method, data=QUERY, headers=headers)

    assert answer.status_code == status
    assert "access-control-allow-origin" not in answer.headers
    assert gateway.requests == []


def test_the_page_and_its_files_are_served_and_nothing_else(client: Client) -> None:
    page, config, other = (client.get(path) for path in ("/console/", "/console/config.json", "/x"))

    given = json.loads(config.data)
    assert page.status_code == 200
    assert page.headers["content-security-policy"].startswith("default-src 'none'; script-src")
    assert given["auth"] is None
    assert (given["api"], given["explorer"]) == ("/graphql", None)
    assert other.status_code == 404


def test_an_api_that_does_not_answer_is_an_error_that_the_console_shows() -> None:
    answer = proxied("http://127.0.0.1:9/graphql").post("/graphql", data=QUERY, headers=JSON)

    assert answer.status_code == 502
    assert json.loads(answer.data)["errors"][0]["message"].startswith("The API does not answer: ")


def test_the_region_is_that_of_the_url_or_is_given() -> None:
    host = "https://abc123.execute-api.ap-southeast-2.amazonaws.com/graphql"

    assert api_at(host, None).region == api_at(host, "us-east-1").region == "ap-southeast-2"
    assert api_at("https://engine.example/graphql", "us-east-1").region == "us-east-1"
    for url, region, said in (
        ("https://engine.example/graphql", None, "names no region: give it with --region"),
        ("http://engine.example/graphql", "us-east-1", "is not an https URL"),
        ("https://engine.example/graphql?a=b", "us-east-1", "neither a query nor a user"),
        ("engine.example", "us-east-1", "is not an https URL"),
    ):
        with pytest.raises(ValueError, match=said):
            api_at(url, region)


def _started(*options: str, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ai_coordination.local", "console", *options]
    return subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_command_says_where_the_console_is_and_signs_with_the_environments_credentials(
    gateway: Gateway,
) -> None:
    keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": TOKEN}
    process = _started("--url", gateway.url, "--port", "0", **keys)
    assert process.stdout is not None
    try:
        place = process.stdout.readline().split()[1]
        lines = [process.stdout.readline() for _ in range(3)]
        host, port = place.removeprefix("http://").removesuffix("/console/").split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=10)
        connection.request("POST", "/graphql", QUERY, JSON)
        status = connection.getresponse().status
        connection.close()
    finally:
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=10)

    assert host == "127.0.0.1"
    assert lines[0] == f"API      {gateway.url}, signed for {REGION}\n"
    assert (status, gateway.requests) == (200, [QUERY])
    assert (rest, errors, process.returncode) == ("Stopped.\n", "", 0)


def test_without_credentials_the_command_says_so_and_ends(
    run: Callable[..., int], capfd: pytest.CaptureFixture[str]
) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}

    code = run("console", "--url", "https://engine.example/graphql", "--port", "0", **keys)

    printed = capfd.readouterr()
    assert (printed.out, code) == ("", 1)
    assert printed.err == (
        "There are no AWS credentials: sign in with the AWS CLI, or set AWS_PROFILE\n"
    )
