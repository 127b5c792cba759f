"""The list of coordinations and tasks."""

import re

import pytest

from tests.browser import questions
from tests.browser.axe import violations
from tests.browser.conftest import NewPage, Page, expect
from tests.browser.served import Served

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)>"


def test_a_coordination_is_found_by_its_name_and_leads_to_everything_about_it(
    served: Served, page: Page
) -> None:
    page.goto(served.console("/blueprints"))
    page.get_by_text("No coordination yet.").wait_for()
    questions.coordination(served, "Returns")
    place = questions.coordination(served, HOSTILE, ("clerk", "writer"))
    task = questions.task(served, place, HOSTILE, taskDescription="Écris <b>tout</b>")
    page.reload()
    expect(page.locator(".card")).to_have_count(2)
    page.keyboard.press("/")
    page.keyboard.type("ONERROR")
    expect(page.locator(".card")).to_have_count(1)
    expect(page).to_have_url(re.compile("name=ONERROR"))
    card = page.get_by_role("article", name=HOSTILE)
    expect(card).to_contain_text("2 agents")
    expect(card).to_contain_text("Écris <b>tout</b>")
    links = {
        "New task": f"/task/{place}/new",
        f"Start {HOSTILE}": f"/start/{place}/{task}",
        f"Sessions of {HOSTILE}": f"/sessions?coordination={place}&task={task}",
    }
    for name, address in links.items():
        expect(card.get_by_role("link", name=name)).to_have_attribute("href", f"#{address}")
    for key in ("ArrowDown", "j", "Enter"):
        page.keyboard.press(key)
    expect(page).to_have_url(served.console(f"/task/{place}/{task}"))
    page.go_back()
    page.get_by_role("searchbox").fill("nothing like it")
    page.get_by_text("No coordination is called like that.").wait_for()
    page.get_by_role("link", name="Show all").click()
    expect(page.locator(".card")).to_have_count(2)
    expect(page.get_by_role("searchbox")).to_have_value("")


def test_what_still_has_children_is_not_deleted_and_the_page_says_which(
    served: Served, page: Page
) -> None:
    place = questions.coordination(served, "Guarded")
    used = questions.task(served, place, "Used")
    questions.task(served, place, "Unused")
    questions.start(served, place, used)
    hourly = {"coordinationUuid": place, "taskUuid": used, "schedule": "rate(1 hour)"}
    served.api.mutate("createTaskSchedule", "taskSchedule { scheduleUuid }", hourly)
    page.goto(served.console("/blueprints?name=Guarded"))
    page.get_by_role("button", name="Delete Guarded").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("It still has 2 tasks and 1 session.")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Delete Unused").click()
    dialog.get_by_role("button", name="Keep it as it is").click()
    page.get_by_role("button", name="Delete Unused").click()
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("link", name="Unused", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Delete Used").click()
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("It still has 1 schedule.")
    dialog.get_by_role("link", name="Show its schedules").click()
    expect(page.locator("tbody tr")).to_contain_text("rate(1 hour)")


def test_many_coordinations_and_tasks_come_in_pages(served: Served, page: Page) -> None:
    for number in range(21):
        questions.coordination(served, f"Many {number:02}")
    place = questions.coordination(served, "Large")
    for number in range(21):
        questions.task(served, place, f"Step {number:02}")
    page.goto(served.console("/blueprints?name=Large"))
    steps = page.get_by_role("link", name=re.compile("^Step"))
    expect(steps).to_have_count(20)
    page.get_by_role("button", name="More tasks of Large").click()
    expect(steps).to_have_count(21)
    expect(page.get_by_role("button", name="More tasks")).to_have_count(0)
    page.goto(served.console("/blueprints"))
    page.get_by_role("link", name="More", exact=True).click()
    page.get_by_role("link", name="First").click()
    expect(page.locator(".card")).to_have_count(20)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_the_list_is_accessible_and_fits(
    served: Served, new_page: NewPage, scheme: str, width: int
) -> None:
    questions.task(served, questions.coordination(served, HOSTILE * 4), "x" * 200)
    page = new_page(bypass_csp=True, color_scheme=scheme, viewport={"width": width, "height": 800})
    page.goto(served.console("/blueprints?name=onerror"))
    page.locator(".card").first.wait_for()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name=re.compile("^Delete")).first.click()
    assert violations(page) == []
