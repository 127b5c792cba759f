"""The console on a computer whose user signs with IAM, in a browser, before an API that checks."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from botocore.credentials import ReadOnlyCredentials
from botocore.httpsession import URLLib3Session
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from ai_coordination.handler import handler
from ai_coordination.local import gateway, server, signing
from ai_coordination.local.lambda_context import LambdaContext
from ai_coordination.local.signing import Signed, api_at
from tests.browser.conftest import NewPage, Page, expect
from tests.support.signatures import KEY, SECRET, refusal_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

pytestmark = pytest.mark.browser
REGION = "eu-central-1"
MIA = "arn:aws:iam::111122223333:user/mia"
VIEWER = """async () => {
    const { ask } = await import('/console/api.js');
    return (await ask('{ viewer { userId } }')).viewer;
}"""


@contextmanager
def serving(application: "WSGIApplication") -> Iterator[str]:
    listening = make_server("127.0.0.1", 0, application, threaded=True)
    # Closing it waits for the last answers: afterwards there is no database.
    listening.daemon_threads = False  # type: ignore[attr-defined]
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}"
    finally:
        listening.shutdown()
        listening.server_close()


def api(request: Request) -> Response:
    """API Gateway with the authorization AWS_IAM."""
    if refusal_of(request.headers, request.get_data(), REGION):
        return gateway.json_response({"message": "Forbidden"}, 403)
    event = gateway.event_of(request, {"iam": {"userArn": MIA}})
    return gateway.response_of(handler(event, LambdaContext()))


@pytest.fixture
def tenant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_COORDINATION_ENDPOINT_ID", "acme")
    monkeypatch.setenv("AI_COORDINATION_PART_ID", "sales")


def console(url: str, secret: str) -> "WSGIApplication":
    credentials = ReadOnlyCredentials(KEY, secret, "of a session")
    signed = Signed(api_at(url, REGION), lambda: credentials, URLLib3Session())
    return server.guarded(signed.application(), signing.HOST)


def test_the_page_shows_what_the_api_answers_to_signed_requests(
    tables: None, tenant: None, page: Page
) -> None:
    with serving(Request.application(api)) as url, serving(console(f"{url}/graphql", SECRET)) as at:
        page.goto(f"{at}/")
        page.get_by_text("No session yet.").wait_for()

        assert page.evaluate(VIEWER) == {"userId": MIA}
        expect(page.get_by_role("link", name="API")).to_have_count(0)
        expect(page.get_by_role("button", name="Choose a person")).to_have_count(0)
        page.close()


def test_who_may_not_call_the_api_is_told(tables: None, tenant: None, new_page: NewPage) -> None:
    page = new_page(expects_errors=True)
    wrong = "another"
    with serving(Request.application(api)) as url, serving(console(f"{url}/graphql", wrong)) as at:
        page.goto(f"{at}/")

        page.get_by_text("The server answered with status 403: Forbidden.").wait_for()
