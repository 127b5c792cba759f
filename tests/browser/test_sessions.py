"""The list of sessions: filters in the address, pages, keys, search."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from tests.browser import questions
from tests.browser.axe import violations
from tests.browser.conftest import NewPage, Page, expect
from tests.browser.served import Served

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)>"
ROWS_A_PAGE = 25
# Open the filters and type, before the browser paints anything.
TYPE_AT_ONCE = """async (text) => {
    document.querySelector('.filters button[aria-expanded]').click();
    await new Promise((resolve) => queueMicrotask(() => queueMicrotask(resolve)));
    const label = [...document.querySelectorAll('.filters label')].find((one) =>
        one.textContent.startsWith('User'));
    const field = label.querySelector('input');
    field.value = text;
    field.dispatchEvent(new InputEvent('input', { bubbles: true }));
}"""


class World(NamedTuple):
    """27 sessions of one task that have completed, and one of another that asks."""

    coordination: str
    offers: str
    refunds: str
    completed: list[str]
    asking: str


@pytest.fixture(scope="module")
def world(served: Served) -> World:
    place = questions.coordination(served, HOSTILE)
    offers = questions.task(served, place, "Offer")
    asks: dict[str, Any] = {"agentUuid": "clerk", "userInTheLoop": "APPROVAL"}
    refunds = questions.task(served, place, HOSTILE, agentActions=[asks])
    completed = [
        questions.start(
            served,
            place,
            offers,
            userId=HOSTILE if number == 0 else "mia",
            labels=[{"key": "customer", "value": HOSTILE if number < 2 else "ACME=1"}],
        )
        for number in range(ROWS_A_PAGE + 2)
    ]
    asking = questions.start(served, place, refunds)
    for session in [*completed, asking]:
        questions.until(served, session, lambda one: one["state"] != "INITIAL")
    return World(place, offers, refunds, completed, asking)


def rows(page: Page) -> Any:
    return page.locator("tbody tr")


def test_a_filter_is_in_the_address_and_back_again(
    served: Served, page: Page, world: World
) -> None:
    page.goto(served.console())
    expect(rows(page)).to_have_count(ROWS_A_PAGE)
    page.get_by_role("button", name="asks a person").click()
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("0/1")
    expect(page).to_have_url(re.compile(r"\?status=WAITING_FOR_INPUT$"))
    page.get_by_role("button", name="failed").click()
    expect(page).to_have_url(re.compile("FAILED"))
    expect(page.get_by_role("button", name="failed")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="asks a person").click()
    page.get_by_text("No session is like that.").wait_for()
    page.get_by_role("link", name="Show all sessions").click()
    page.get_by_role("button", name="More filters").click()
    page.get_by_label("User").fill(HOSTILE)
    expect(rows(page)).to_have_count(1)
    page.get_by_label("User").fill("")
    page.get_by_label("Label", exact=True).fill(f"customer={HOSTILE}")
    expect(rows(page)).to_have_count(2)
    page.reload()
    expect(rows(page)).to_have_count(2)
    expect(page.get_by_label("Label", exact=True)).to_have_value(f"customer={HOSTILE}")
    page.get_by_role("link", name="Clear").click()
    page.get_by_role("button", name="More filters").click()
    page.get_by_label("Coordination").select_option(HOSTILE)
    page.get_by_label("Task").select_option(HOSTILE)
    expect(rows(page)).to_have_count(1)
    expect(page).to_have_url(re.compile(f"coordination={world.coordination}&task={world.refunds}"))


def test_what_is_typed_as_soon_as_a_field_is_there_stays(
    served: Served, page: Page, world: World
) -> None:
    page.goto(served.console())
    expect(rows(page)).to_have_count(ROWS_A_PAGE)
    page.evaluate(TYPE_AT_ONCE, HOSTILE)
    expect(rows(page)).to_have_count(1)
    expect(page.get_by_label("User")).to_have_value(HOSTILE)


def test_days_and_schedules_are_filters(served: Served, page: Page, world: World) -> None:
    today = datetime.now(UTC).date()
    page.goto(served.console(f"/sessions?from={today - timedelta(1)}&to={today + timedelta(1)}"))
    expect(rows(page)).to_have_count(ROWS_A_PAGE)
    page.get_by_label("To", exact=True).fill(str(today - timedelta(2)))
    page.get_by_role("alert").or_(page.get_by_text("No session is like that.")).wait_for()
    page.goto(served.console(f"/sessions?schedule={world.offers}&task={world.offers}"))
    page.get_by_text("No session is like that.").wait_for()
    page.get_by_role("button", name="Of any schedule").click()
    expect(rows(page)).to_have_count(ROWS_A_PAGE)


def test_a_label_in_a_row_filters_by_it(served: Served, page: Page, world: World) -> None:
    page.goto(served.console())
    page.get_by_role("link", name="customer: ACME=1").first.click()
    expect(page.get_by_label("Label", exact=True)).to_have_value("customer=ACME=1")
    expect(rows(page)).to_have_count(ROWS_A_PAGE)


def test_older_sessions_are_on_the_next_page(served: Served, page: Page, world: World) -> None:
    page.goto(served.console())
    page.get_by_role("link", name="Older").click()
    expect(rows(page)).to_have_count(3)
    expect(page.get_by_role("link", name="Older")).to_have_count(0)
    page.go_back()
    expect(rows(page)).to_have_count(ROWS_A_PAGE)
    page.go_forward()
    expect(rows(page)).to_have_count(3)
    page.get_by_role("link", name="Newest").click()
    expect(rows(page)).to_have_count(ROWS_A_PAGE)


def test_keys_walk_through_the_rows_and_open_one(served: Served, page: Page, world: World) -> None:
    page.goto(served.console())
    expect(rows(page)).to_have_count(ROWS_A_PAGE)
    for key in ("j", "ArrowDown", "ArrowDown", "k", "ArrowUp", "k"):
        page.keyboard.press(key)
    expect(rows(page).first.get_by_role("link", name=HOSTILE, exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(served.console(f"/session/{world.coordination}/{world.asking}"))


def test_a_session_is_opened_by_its_uuid(served: Served, page: Page, world: World) -> None:
    page.goto(served.console())
    rows(page).first.wait_for()
    page.keyboard.press("/")
    field = page.get_by_role("searchbox", name="UUID of a session")
    expect(field).to_be_focused()
    field.fill("Offer")
    field.press("Enter")
    page.get_by_text("Type the UUID of a session.").wait_for()
    field.fill(world.coordination)
    field.press("Enter")
    page.get_by_text("There is no session with this UUID.").wait_for()
    field.fill(f"see session {world.completed[0].upper()}.")
    field.press("Enter")
    expect(page).to_have_url(served.console(f"/session/{world.coordination}/{world.completed[0]}"))


def test_a_row_follows_its_session(served: Served, page: Page, world: World) -> None:
    page.goto(served.console("/sessions?user=live"))
    page.get_by_text("No session is like that.").wait_for()
    session = questions.start(served, world.coordination, world.refunds, userId="live")
    expect(rows(page)).to_contain_text("asks a person")
    agent = questions.until(served, session, lambda one: one["state"] == "WAITING_FOR_INPUT")
    asked = questions.Asking(world.coordination, session, agent["sessionAgentUuid"])
    questions.answer(served, asked, approved=True)
    expect(rows(page)).to_contain_text("completed")
    expect(rows(page)).to_contain_text("1/1")


def test_a_filter_that_the_api_refuses_is_an_error(
    served: Served, new_page: NewPage, world: World
) -> None:
    page = new_page(expects_errors=True)
    page.goto(served.console("/sessions?status=ODD"))
    expect(page.get_by_role("alert")).to_contain_text("BAD_USER_INPUT")
    page.get_by_role("link", name="Clear").click()
    expect(rows(page)).to_have_count(ROWS_A_PAGE)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_the_list_is_accessible_and_fits(
    served: Served, new_page: NewPage, world: World, scheme: str, width: int
) -> None:
    page = new_page(bypass_csp=True, color_scheme=scheme, viewport={"width": width, "height": 800})
    page.goto(served.console("/sessions?label=customer%3DACME%3D1"))
    expect(rows(page)).to_have_count(ROWS_A_PAGE)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
