"""People sign in to the console as it is deployed, at a real OpenID Connect provider."""

import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from urllib.error import HTTPError

import pytest
from playwright.sync_api import Route

from tests.browser.axe import violations
from tests.browser.conftest import NewPage, Page, expect
from tests.browser.deployed import NODE, Deployed, deployed

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(NODE is None, reason="oidc-provider needs Node.js"),
]
STORED = "() => JSON.stringify({ ...sessionStorage, ...localStorage, cookie: document.cookie })"
REFRESH = "() => sessionStorage.getItem('ai-coordination.refresh')"
# What came over the network, and not from the browser's cache.
FETCHED = """() => performance.getEntriesByType('resource')
    .filter(({ name, transferSize }) => transferSize > 0 && /[.](js|mjs|css)$/.test(name))
    .map(({ name }) => name)"""
ENDED = "Your sign-in has ended."


@pytest.fixture(scope="module")
def gateway() -> Iterator[Deployed]:
    with deployed() as running:
        yield running


@pytest.fixture
def engine(gateway: Deployed, tables: None) -> Iterator[Deployed]:
    """The engine with an empty database, and the issuer as it is in good times."""
    gateway.issuer.told("settings", seconds=3600, audience="engine")
    gateway.issuer.told("requests")
    gateway.seconds_ahead = 0
    with gateway.with_database():
        # What a page of the test before has asked late may have been refused until now.
        gateway.statuses.clear()
        gateway.users.clear()
        yield gateway


def sign_in(page: Page, user: str = "mia") -> None:
    """What a person does on the pages of the provider."""
    page.get_by_placeholder("Enter any login").fill(user)
    page.get_by_placeholder("and password").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()


def arrived(page: Page, title: str = "Sessions") -> None:
    page.get_by_role("heading", name=title, exact=True).wait_for()


def until(page: Page, what: Callable[[], bool]) -> None:
    """Wait, and let the browser work."""
    ends_at = time.monotonic() + 60
    while not what():
        assert time.monotonic() < ends_at
        page.wait_for_timeout(20)


def test_who_has_signed_in_is_where_they_wanted_to_be_and_stays_signed_in(
    engine: Deployed, page: Page
) -> None:
    page.goto(f"{engine.url}/console/#/sessions?status=FAILED")
    page.wait_for_url(f"{engine.issuer.url}/**")
    sign_in(page)

    arrived(page)
    assert page.url == f"{engine.url}/console/#/sessions?status=FAILED"
    page.get_by_text("mia of Acme").wait_for()
    until(page, lambda: engine.statuses != [])
    assert (set(engine.users), set(engine.statuses)) == ({"mia"}, {200})
    assert engine.issuer.told("requests") == ["authorization_code 200"]
    assert "eyJ" not in page.evaluate(STORED), "a token that the API takes is stored"

    page.reload()
    arrived(page)
    assert page.url == f"{engine.url}/console/#/sessions?status=FAILED"
    assert engine.issuer.told("requests") == ["refresh_token 200"]


def test_files_are_fetched_a_few_at_a_time_and_once(engine: Deployed, page: Page) -> None:
    page.goto(f"{engine.url}/console/")
    page.wait_for_url(f"{engine.issuer.url}/**")
    most, engine.most_at_once = engine.most_at_once, 0
    sign_in(page)
    arrived(page)

    assert 1 <= most <= 6  # four modules, and the style and the icon that the page names
    assert page.evaluate(FETCHED) == []


def test_a_token_that_expires_is_replaced_without_a_word(
    engine: Deployed, new_page: NewPage
) -> None:
    page = new_page(expects_errors=True)
    engine.issuer.told("settings", seconds=1)
    page.goto(f"{engine.url}/console/")
    sign_in(page)
    arrived(page)
    until(page, lambda: 401 in engine.statuses and engine.statuses[-1] == 200)

    page.get_by_text("mia of Acme").wait_for()
    first, *others = engine.issuer.told("requests")
    # On a slow machine, the second token may expire too.
    assert (first, set(others)) == ("authorization_code 200", {"refresh_token 200"})
    expect(page.get_by_role("alert")).to_have_count(0)
    assert page.url == f"{engine.url}/console/"


def test_who_is_revoked_is_told_keeps_the_screen_and_signs_in_again(
    engine: Deployed, new_page: NewPage
) -> None:
    page = new_page(expects_errors=True, bypass_csp=True)
    page.goto(f"{engine.url}/console/#/sessions?status=FAILED")
    sign_in(page)
    arrived(page)
    engine.issuer.told("revoke")
    engine.seconds_ahead = 7200
    page.get_by_role("alert").get_by_text(ENDED).wait_for()

    assert engine.issuer.told("requests") == ["authorization_code 200", "refresh_token 400"]
    expect(page.get_by_role("heading", name="Sessions", exact=True)).to_be_visible()
    assert page.evaluate(REFRESH) is None
    assert violations(page) == []
    engine.seconds_ahead = 0
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Continue").click()
    arrived(page)
    assert page.url == f"{engine.url}/console/#/sessions?status=FAILED"
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_token_for_another_audience_is_refused_with_the_reason_and_without_a_loop(
    engine: Deployed, new_page: NewPage
) -> None:
    page = new_page(expects_errors=True)
    engine.issuer.told("settings", audience="another")
    page.goto(f"{engine.url}/console/")
    sign_in(page, "max")

    alert = page.get_by_role("alert").filter(has_text="The API refuses the token")
    expect(alert).to_contain_text("the token does not have a valid audience")
    page.wait_for_timeout(1500)

    assert engine.issuer.told("requests") == ["authorization_code 200", "refresh_token 200"]
    assert "max" not in engine.users


def test_a_request_that_is_refused_later_than_the_others_changes_nothing(
    engine: Deployed, new_page: NewPage
) -> None:
    page = new_page(expects_errors=True)
    engine.issuer.told("settings", audience="another")
    held: list[Route] = []

    def hold_one(route: Route) -> None:
        if held or "viewer" in (route.request.post_data or ""):
            route.continue_()
        else:
            held.append(route)

    page.route("**/graphql", hold_one)
    page.goto(f"{engine.url}/console/")
    sign_in(page, "max")
    alert = page.get_by_role("alert").filter(has_text="The API refuses the token")
    alert.wait_for()
    with page.expect_response("**/graphql"):
        held[0].continue_()

    page.wait_for_timeout(500)
    expect(alert).to_be_visible()
    assert engine.issuer.told("requests") == ["authorization_code 200", "refresh_token 200"]


def test_who_signs_out_is_signed_out_here_and_at_the_issuer(engine: Deployed, page: Page) -> None:
    page.goto(f"{engine.url}/console/")
    sign_in(page)
    arrived(page)
    refresh = page.evaluate(REFRESH)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Yes, sign me out").click()

    page.get_by_role("alert").get_by_text("You are signed out.").wait_for()
    assert page.url == f"{engine.url}/console/"
    page.reload()
    page.get_by_role("alert").get_by_text("You are signed out.").wait_for()
    expect(page.get_by_role("heading", name="Sessions", exact=True)).to_have_count(0)
    with pytest.raises(HTTPError, match="400"):
        used_elsewhere(engine, refresh)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_placeholder("Enter any login").wait_for()


def used_elsewhere(engine: Deployed, refresh: str) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": refresh, "client_id": "console"}
    body = urllib.parse.urlencode(form).encode()
    urllib.request.urlopen(f"{engine.issuer.url}/token", body, timeout=30).close()


def test_who_declines_at_the_issuer_is_told_and_not_sent_back(engine: Deployed, page: Page) -> None:
    page.goto(f"{engine.url}/console/")
    page.get_by_role("link", name="[ Cancel ]").click()

    page.get_by_role("alert").get_by_text("End-User aborted interaction").wait_for()
    assert page.url == f"{engine.url}/console/"
    assert engine.issuer.told("requests") == []


@pytest.mark.parametrize("query", ["code=stolen&state=forged", "state=forged&error=x"])
def test_an_answer_that_nobody_asked_for_is_not_used(
    engine: Deployed, page: Page, query: str
) -> None:
    page.goto(f"{engine.url}/console/?{query}")

    page.get_by_role("alert").get_by_text("This sign-in did not begin in this tab.").wait_for()
    assert page.url == f"{engine.url}/console/"
    assert engine.issuer.told("requests") == []


def test_an_issuer_that_is_away_does_not_end_a_sign_in(engine: Deployed, new_page: NewPage) -> None:
    page = new_page(expects_errors=True)
    engine.issuer.told("settings", seconds=1)
    page.goto(f"{engine.url}/console/")
    page.route(f"{engine.issuer.url}/token", without_refreshing)
    sign_in(page)
    page.get_by_role("alert").get_by_text("The issuer does not answer").wait_for()
    page.unroute(f"{engine.issuer.url}/token")
    page.evaluate("dispatchEvent(new Event('online'))")

    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_text("mia of Acme").wait_for()


def without_refreshing(route: Route) -> None:
    refreshes = "refresh_token" in (route.request.post_data or "")
    route.abort() if refreshes else route.continue_()
