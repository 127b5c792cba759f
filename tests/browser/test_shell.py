"""The page around every screen."""

import pytest

from tests.browser.axe import violations
from tests.browser.conftest import NewPage, Page, expect
from tests.browser.served import Served

pytestmark = pytest.mark.browser


def test_the_address_of_the_server_opens_the_sessions(served: Served, page: Page) -> None:
    page.goto(f"{served.url}/")
    page.get_by_role("heading", name="Sessions").wait_for()
    expect(page).to_have_url(served.console("/sessions").removesuffix("#/sessions"))
    expect(page).to_have_title("Sessions · AI Coordination Engine")


def test_keys_go_to_each_place(served: Served, page: Page) -> None:
    page.goto(served.console())
    page.get_by_role("heading", name="Sessions").wait_for()
    places = {"gi": "Inbox", "gb": "Blueprints", "gc": "Schedules", "gs": "Sessions", "n": "Start"}
    for keys, title in places.items():
        for key in keys:
            page.keyboard.press(key)
        expect(page).to_have_title(f"{title} · AI Coordination Engine")
    # A field has the focus here, so keys are typed.
    expect(page.get_by_role("combobox", name="Coordination")).to_be_focused()
    page.keyboard.press("?")
    page.get_by_role("button", name="Keys").click()
    expect(page.get_by_role("dialog", name="Keys").get_by_text("Start a session")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_an_unknown_address_says_so(served: Served, page: Page) -> None:
    page.goto(served.console("/nowhere"))
    page.get_by_text("There is no such page.").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_shell_is_accessible(served: Served, new_page: NewPage, scheme: str) -> None:
    page = new_page(bypass_csp=True, color_scheme=scheme)
    page.goto(served.console())
    page.get_by_text("No session yet.").wait_for()
    assert violations(page) == []
    page.keyboard.press("?")
    assert violations(page) == []
