"""The explorer in the browser: whole, unchanged, and from this machine alone."""

import hashlib
import re
from pathlib import Path

import pytest

from tests.support.local_server import LocalServer

STATIC = Path(__file__).parents[2] / "ai_coordination" / "local" / "static"
BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture
def server(local_server: LocalServer) -> LocalServer:
    return local_server


def test_a_browser_gets_the_explorer_at_the_address_of_the_api(server: LocalServer) -> None:
    page = server.ask("GET", "/graphql", headers=BROWSER)

    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert b'<meta charset="utf-8">' in page.body


def test_a_query_in_a_browsers_address_is_for_the_explorer(server: LocalServer) -> None:
    page = server.ask("GET", "/graphql?query=%7B__typename%7D", headers=BROWSER)

    assert page.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "*/*",
        "application/json",
        "application/graphql-response+json, application/json;q=0.9",
        "application/json, text/html;q=0.9",
        "text/html, application/json",
    ],
)
def test_a_query_of_a_program_is_answered(server: LocalServer, accept: str | None) -> None:
    headers = {"accept": accept} if accept else {}

    answer = server.ask("GET", "/graphql?query=%7B__typename%7D", headers=headers)

    assert answer.json == {"data": {"__typename": "Query"}}


def test_the_front_page_leads_to_the_console(server: LocalServer) -> None:
    answer = server.ask("GET", "/", headers=BROWSER)

    assert (answer.status, answer.headers["location"]) == (302, "/console/")


def test_all_that_the_page_names_is_served_from_here(server: LocalServer) -> None:
    page = server.ask("GET", "/graphql", headers=BROWSER).body.decode()
    script = server.ask("GET", "/graphiql/page.js").body.decode()
    named = re.findall(r'(?:src|href)="([^"]+)"', page) + re.findall(r'fetch\("([^"]+)"', script)

    answers = {name: server.ask("GET", name) for name in named if name != "data:,"}

    assert {name: answer.status for name, answer in answers.items()} == {
        "/graphiql/graphiql.min.css": 200,
        "/graphiql/page.css": 200,
        "/graphiql/react.production.min.js": 200,
        "/graphiql/react-dom.production.min.js": 200,
        "/graphiql/graphiql.min.js": 200,
        "/graphiql/page.js": 200,
        "/graphiql/first.graphql": 200,
    }
    kinds = {Path(name).suffix: answer.headers["content-type"] for name, answer in answers.items()}
    assert kinds == {
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".graphql": "application/graphql; charset=utf-8",
    }


def test_a_file_that_the_browser_has_is_not_sent_again(server: LocalServer) -> None:
    first = server.ask("GET", "/graphiql/graphiql.min.js")

    again = server.ask(
        "GET", "/graphiql/graphiql.min.js", headers={"if-none-match": first.headers["etag"]}
    )

    assert len(first.body) > 900_000
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    "path", ["/graphiql/", "/graphiql/../page.py", "/graphiql/..%2Fpage.py", "/graphiql/README.md"]
)
def test_nothing_else_is_served(server: LocalServer, path: str) -> None:
    assert server.ask("GET", path).status == 404


def test_the_stylesheets_and_scripts_ask_nobody_else() -> None:
    styles = (STATIC / "graphiql.min.css").read_text()
    page = "".join((STATIC / name).read_text() for name in ("index.html", "page.css", "page.js"))

    assert {url[:5] for url in re.findall(r"url\(['\"]?([^)]+)", styles)} == {"data:"}
    assert "//" not in page.replace("// A link", "")


def test_the_bundles_are_the_released_ones_with_their_licences() -> None:
    table = (STATIC / "README.md").read_text()
    rows = re.findall(
        r"^\| (\S+) \| .+ \| (licences/\S+) .* \| ([0-9a-f]{64}) \|$", table, re.MULTILINE
    )

    digests = {name: hashlib.sha256((STATIC / name).read_bytes()).hexdigest() for name, *_ in rows}

    assert digests == {name: digest for name, _, digest in rows}
    assert digests.keys() == {path.name for path in STATIC.glob("*.min.*")}
    assert all((STATIC / licence).is_file() for _, licence, _ in rows)
