"""CORS: which pages may call the API, and the headers that tell a browser so."""

import pytest

from ai_coordination.api.transport.http import HttpRequest, HttpResponse, respond
from ai_coordination.config import Settings

APP = "https://app.example.com"
PREFLIGHT = {
    "access-control-allow-methods": "GET, POST, OPTIONS",
    "access-control-allow-headers": (
        "authorization, content-type, x-amz-content-sha256, x-amz-date, x-amz-security-token, "
        "x-api-key, x-correlation-id"
    ),
    "access-control-max-age": "7200",
}
EXPOSED = {"access-control-expose-headers": "retry-after, x-correlation-id, x-request-id"}
ASKING = {"access-control-request-method": "POST"}


def send(method: str, headers: dict[str, str], *origins: str) -> HttpResponse:
    settings = Settings(cors_origins=origins)
    request = HttpRequest(method, headers, "query={__typename}", b"")
    return respond(request, lambda request: {"data": {}}, settings, "request-1")


def cors_of(response: HttpResponse) -> dict[str, str]:
    return {
        name: value
        for name, value in response.headers.items()
        if name.startswith("access-control-") or name == "vary"
    }


def test_a_configured_origin_may_read_answers() -> None:
    response = send("GET", {"origin": APP}, "https://other.example.com", APP)

    assert response.status == 200
    assert cors_of(response) == {"access-control-allow-origin": APP, "vary": "origin", **EXPOSED}


@pytest.mark.parametrize(
    "origin", ["https://evil.example.com", APP.upper(), f"{APP}.evil.com", "null", "", "*"]
)
def test_another_origin_may_not(origin: str) -> None:
    response = send("GET", {"origin": origin}, APP)

    assert response.status == 200
    assert cors_of(response) == {"vary": "origin"}


def test_any_origin_may_where_all_are_configured() -> None:
    response = send("GET", {"origin": APP}, "*")

    assert cors_of(response) == {"access-control-allow-origin": "*", **EXPOSED}


def test_nothing_is_said_about_origins_where_none_is_configured() -> None:
    assert cors_of(send("GET", {"origin": APP})) == {}


def test_a_refused_request_can_be_read_by_the_page_that_sent_it() -> None:
    response = send("POST", {"origin": APP}, APP)

    assert response.status == 415
    assert response.headers["access-control-allow-origin"] == APP


def test_a_preflight_is_told_what_may_be_sent() -> None:
    response = send("OPTIONS", {"origin": APP, **ASKING}, APP)

    assert (response.status, response.body) == (204, "")
    assert response.headers == {
        "allow": "GET, POST, OPTIONS",
        "access-control-allow-origin": APP,
        "vary": "origin",
        **EXPOSED,
        **PREFLIGHT,
    }


@pytest.mark.parametrize(
    ("headers", "origins", "expected"),
    [
        ({"origin": "https://evil.example.com", **ASKING}, (APP,), {"vary": "origin"}),
        ({"origin": APP, **ASKING}, (), {}),
        ({}, (), {}),
        ({}, (APP,), {"vary": "origin"}),
        ({"accept": "text/html"}, ("*",), {"access-control-allow-origin": "*", **EXPOSED}),
    ],
)
def test_options_otherwise_only_names_the_methods(
    headers: dict[str, str], origins: tuple[str, ...], expected: dict[str, str]
) -> None:
    response = send("OPTIONS", headers, *origins)

    assert response.status == 204
    assert response.headers == {"allow": "GET, POST, OPTIONS", **expected}
