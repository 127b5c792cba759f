"""What the console's function answers, as API Gateway asks it."""

import base64
import gzip
import hashlib
import http.server
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ai_coordination.console.files import DIRECTORY, Files
from ai_coordination.console.sign_in import SignIn
from ai_coordination.console.site import Site

ISSUER = "https://issuer.example"
FIXED = Site(Files(fixed=True))
LOCAL = Site(Files(), is_local=True)


def event(path: str, method: str = "GET", **headers: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {
        "version": "2.0",
        "rawPath": path,
        "headers": named,
        "requestContext": {"http": {"method": method, "path": path}},
        "isBase64Encoded": False,
    }


def body(answer: dict[str, Any]) -> bytes:
    content = base64.b64decode(answer["body"])
    is_gzip = answer["headers"].get("content-encoding") == "gzip"
    return gzip.decompress(content) if is_gzip else content


def policy(answer: dict[str, Any]) -> dict[str, str]:
    rules = answer["headers"]["content-security-policy"].split("; ")
    return dict(rule.split(" ", 1) for rule in rules)


def test_the_root_leads_to_the_console_and_the_page_is_there_with_and_without_a_slash() -> None:
    root = FIXED.answer(event("/"))
    pages = [FIXED.answer(event(path)) for path in ("/console", "/console/")]

    assert (root["statusCode"], root["headers"]["location"]) == (302, "/console/")
    assert pages[0] == pages[1]
    assert pages[0]["statusCode"] == 200
    assert pages[0]["headers"]["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("site", [FIXED, Site(Files())], ids=["deployed", "developed"])
def test_every_file_that_the_page_names_is_there_and_every_module_that_a_module_imports(
    site: Site,
) -> None:
    text = body(site.answer(event("/console/"))).decode()
    addresses = re.findall(r'(?:href|src)="([^"#]+)"', text)
    (import_map,) = re.findall(r'<script type="importmap">(.*?)</script>', text, re.DOTALL)
    mapped = json.loads(import_map)["imports"]

    found = {address: site.answer(event(address)) for address in [*addresses, *mapped.values()]}
    waiting = [address for address in found if address.endswith(("js", "mjs"))]
    start = mapped["preact"].removesuffix("vendor/preact.mjs")
    waiting.append(f"{start}app.js")
    while waiting:
        importer = waiting.pop()
        found[importer] = site.answer(event(importer))
        code = body(found[importer]).decode()
        for name in re.findall(
            r'^(?:import|export)\b[^;]*?from\s*["\']([^"\']+)["\']', code, re.MULTILINE
        ):
            imported = (
                os.path.normpath(f"{Path(importer).parent}/{name}")
                if name.startswith(".")
                else mapped[name]
            )
            if imported not in found:
                waiting.append(imported)
                found[imported] = site.answer(event(imported))

    assert len(found) > 10
    assert [address for address, answer in found.items() if answer["statusCode"] != 200] == []


def test_files_that_never_change_are_kept_for_a_year_under_a_path_of_their_version() -> None:
    digest = Files(fixed=True).digest
    text = body(FIXED.answer(event("/console/"))).decode()
    kept = FIXED.answer(event(f"/console/{digest}/boot.js"))
    other = FIXED.answer(event(f"/console/{'0' * 16}/boot.js"))
    unversioned = FIXED.answer(event("/console/boot.js"))

    assert f'src="/console/{digest}/boot.js"' in text
    assert kept["headers"]["cache-control"] == "public, max-age=31536000, immutable"
    assert (
        other["headers"]["cache-control"] == unversioned["headers"]["cache-control"] == "no-cache"
    )
    assert body(kept) == body(other) == body(unversioned)
    assert re.findall(r'data-modules="([^"]+)"', text)[0].split() == sorted(
        path.relative_to(DIRECTORY).as_posix() for path in DIRECTORY.rglob("*.*js")
    )


def test_any_change_of_a_file_changes_the_version(tmp_path: Path) -> None:
    def digest() -> str:
        return Files(tmp_path, fixed=True).digest

    (tmp_path / "a.js").write_text("1")
    digests = [digest()]
    (tmp_path / "a.js").write_text("2")
    digests.append(digest())
    (tmp_path / "a.js").rename(tmp_path / "b.js")
    digests.append(digest())

    assert len(set(digests)) == 3


def test_a_file_that_changes_is_read_again_while_the_console_is_developed(tmp_path: Path) -> None:
    site, file = Site(Files(tmp_path)), tmp_path / "a.js"
    file.write_text("1")
    first = site.answer(event("/console/a.js"))
    file.write_text("2")
    second = site.answer(event("/console/a.js", if_none_match=first["headers"]["etag"]))

    assert (body(first), body(second)) == (b"1", b"2")
    assert first["headers"]["cache-control"] == "no-cache"


def test_what_a_client_has_is_not_sent_again_and_what_is_sent_is_compressed_if_it_may_be() -> None:
    for path in ("/console/", "/console/app.css"):
        plain = FIXED.answer(event(path))
        packed = FIXED.answer(event(path, accept_encoding="br, gzip;q=0.8"))
        refused = FIXED.answer(event(path, accept_encoding="br, gzip;q=0"))
        tag = plain["headers"]["etag"]
        again = FIXED.answer(event(path, if_none_match=f'W/"0", {tag}', accept_encoding="gzip"))

        assert packed["headers"]["content-encoding"] == "gzip"
        assert "content-encoding" not in refused["headers"]
        assert body(plain) == body(packed) == body(refused)
        assert len(packed["body"]) < len(plain["body"])
        assert {one["headers"]["vary"] for one in (plain, packed, again)} == {"accept-encoding"}
        assert (again["statusCode"], again["body"]) == (304, "")
        assert again["headers"]["etag"] == packed["headers"]["etag"] == tag
        assert policy(again) == policy(plain)


def test_the_policy_allows_the_scripts_of_the_page_and_nothing_else() -> None:
    answer = FIXED.answer(event("/console/"))
    text = body(answer).decode()
    inline = re.findall(r"<script(?![^>]*src=)[^>]*>(.*?)</script>", text, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in inline]

    assert len(inline) == 1
    assert policy(answer) == {
        "default-src": "'none'",
        "script-src": f"'self' 'sha256-{hashes[0]}'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    assert not re.search(r"\son\w+=|\sstyle=|javascript:", text)


@pytest.mark.parametrize(
    "path", ["/", "/console/", "/console/app.js", "/console/config.json", "/console/missing.js"]
)
def test_every_answer_says_what_browsers_must_not_do_with_it(path: str) -> None:
    headers = FIXED.answer(event(path))["headers"]

    assert {
        name: headers[name] for name in headers if name.startswith(("x-", "cross", "refer"))
    } == {
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
    }
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    [
        "/console/index.html",
        "/console/missing.js",
        "/console/../handler.py",
        "/console/..%2fhandler.py",
        "/console/vendor/../../handler.py",
        "/console//etc/passwd",
        "/console/vendor",
        "/console/vendor/README.md",
        "/console/types.d.ts",
        "/consoles",
        "/graphql",
        "/console/" + "a" * 5_000,
        "/console/a\0.js",
    ],
)
def test_a_path_that_is_not_a_file_for_browsers_is_not_found(path: str) -> None:
    for site in (FIXED, Site(Files())):
        assert site.answer(event(path))["statusCode"] == 404


def test_what_is_not_a_read_is_refused() -> None:
    answer = FIXED.answer(event("/console/", "POST"))

    assert (answer["statusCode"], answer["headers"]["allow"]) == (405, "GET, HEAD")


def test_without_an_issuer_nobody_signs_in() -> None:
    answers = [site.answer(event("/console/config.json")) for site in (FIXED, LOCAL)]
    deployed, local = (json.loads(body(answer)) for answer in answers)

    assert deployed.pop("version") == local.pop("version")
    assert deployed == {
        "api": "/graphql",
        "explorer": None,
        "choosesPerson": False,
        "auth": None,
    }
    assert local == {**deployed, "explorer": "/graphql", "choosesPerson": True}
    assert {answer["headers"]["cache-control"] for answer in answers} == {"no-store"}


@contextmanager
def issuing(document: Any, status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """An issuer's document on this machine, and the paths that were asked for."""
    asked: list[str] = []

    class Document(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()
            url = f"http://127.0.0.1:{server.server_port}"
            self.wfile.write(json.dumps(document).replace("ISSUER", url).encode())

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Document) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


DOCUMENT = {
    "issuer": "ISSUER",
    "authorization_endpoint": "https://sign-in.example/authorize",
    "token_endpoint": "https://tokens.example/oauth2/token",
    "revocation_endpoint": "https://sign-in.example:8443/revoke",
    "userinfo_endpoint": "https://sign-in.example/me",
}


def test_the_issuer_says_once_how_people_sign_in_and_the_page_may_call_it() -> None:
    with issuing(DOCUMENT) as (issuer, asked):
        sign_in = SignIn(issuer + "/", "console", "openid,email", "id", "audience=engine,a=b c")
        site = Site(Files(fixed=True), sign_in)
        page = site.answer(event("/console/"))
        config = json.loads(body(site.answer(event("/console/config.json"))))

    assert asked == ["/.well-known/openid-configuration"]
    assert policy(page)["connect-src"] == (
        "'self' https://sign-in.example:8443 https://tokens.example"
    )
    assert config["auth"] == {
        "issuer": issuer,
        "clientId": "console",
        "scope": "openid email",
        "token": "id",
        "parameters": {"audience": "engine", "a": "b c"},
        "endpoints": {
            "authorization": "https://sign-in.example/authorize",
            "token": "https://tokens.example/oauth2/token",
            "end_session": None,
            "revocation": "https://sign-in.example:8443/revoke",
        },
    }


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({}, 500, "does not answer as OpenID Connect requires"),
        ({"issuer": "https://another.example"}, 200, "calls itself 'https://another.example'"),
        ({"issuer": 1}, 200, "calls itself 1"),
        ({"token_endpoint": None}, 200, "names no valid token_endpoint"),
        ({"token_endpoint": "http://tokens.example"}, 200, "names no valid token_endpoint"),
        ({"token_endpoint": "https://a.example; script-src *"}, 200, "no valid token_endpoint"),
        ({"authorization_endpoint": "javascript:alert(1)"}, 200, "no valid authorization_endpoint"),
    ],
)
def test_an_issuer_that_is_down_or_wrong_is_named_and_asked_again(
    changes: dict[str, Any], status: int, said: str
) -> None:
    with issuing({**DOCUMENT, **changes}, status) as (issuer, asked):
        site = Site(Files(fixed=True), SignIn(issuer, "console"))
        page = site.answer(event("/console/"))
        config = site.answer(event("/console/config.json"))

    assert len(asked) == 2
    assert page["statusCode"] == 200
    assert (policy(page)["connect-src"], page["headers"]["cache-control"]) == ("'self'", "no-store")
    assert config["statusCode"] == 503
    assert said in json.loads(body(config))["message"]
    assert issuer in json.loads(body(config))["message"]


def test_settings_of_the_sign_in_are_checked_when_the_function_starts() -> None:
    names = {"issuer": ISSUER, "client_id": "console", "scopes": "openid,email", "token": "id"}
    given = {f"AI_COORDINATION_CONSOLE_{name.upper()}": value for name, value in names.items()}

    assert SignIn.from_environment(given) == SignIn(ISSUER, "console", "openid,email", "id")
    assert SignIn.from_environment({}) is None
    for name, value, said in (
        ("CLIENT_ID", "", "ISSUER needs"),
        ("TOKEN", "refresh", "must be access or id, not 'refresh'"),
        ("ISSUER", "http://issuer.example", "must be an https URL"),
        ("ISSUER", "https://issuer.example; *", "must be an https URL"),
    ):
        with pytest.raises(ValueError, match=said):
            SignIn.from_environment({**given, f"AI_COORDINATION_CONSOLE_{name}": value})


def test_the_function_starts_with_the_standard_library_alone() -> None:
    """-I and -S: neither this directory nor the environment's packages."""
    code = (
        f"import sys; sys.path.insert(0, {str(DIRECTORY.parents[2])!r})\n"
        "from ai_coordination.console.handler import handler\n"
        f"print(handler({event('/console/')!r}, None)['statusCode'])\n"
    )
    command = [sys.executable, "-I", "-S", "-B", "-c", code]

    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "200\n"
