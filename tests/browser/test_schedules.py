"""Schedules: when tasks start by themselves."""

import re

import pytest

from tests.browser import questions
from tests.browser.axe import violations
from tests.browser.conftest import NewPage, Page, expect
from tests.browser.served import Served

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)>"


def schedule(served: Served, place: str, task: str, when: str, **more: object) -> str:
    given = {"coordinationUuid": place, "taskUuid": task, "schedule": when, **more}
    made = served.api.mutate("createTaskSchedule", "taskSchedule { scheduleUuid }", given)
    return str(made["taskSchedule"]["scheduleUuid"])


def test_a_schedule_is_created_and_paused(served: Served, page: Page) -> None:
    place = questions.coordination(served, HOSTILE)
    questions.task(served, place, HOSTILE)
    page.goto(served.console("/schedules"))
    page.get_by_text("No schedule yet.").wait_for()
    page.keyboard.press("c")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox", name="Coordination").select_option(HOSTILE)
    dialog.get_by_role("combobox", name="Task").select_option(HOSTILE)
    dialog.get_by_label("When").fill("cron(nonsense)")
    dialog.get_by_label("Time zone").fill("Europe/Berlin")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.locator(".field.wrong")).to_contain_text("When")
    dialog.get_by_role("button", name="Mondays at 8:00").click()
    dialog.get_by_role("button", name="Create").click()
    row = page.locator("tbody tr")
    expect(row).to_contain_text("cron(0 8 ? * MON *)")
    expect(row).to_contain_text("Europe/Berlin")
    expect(row.locator("td").nth(3)).to_contain_text(re.compile("in .* (hours|days)|tomorrow"))
    page.get_by_role("button", name=f"Pause {HOSTILE}").click()
    expect(row).to_contain_text("paused")
    expect(row.locator("td").nth(3)).not_to_contain_text("in ")


def test_a_schedule_is_resumed_edited_and_deleted(served: Served, page: Page) -> None:
    place = questions.coordination(served, HOSTILE)
    task = questions.task(served, place, HOSTILE)
    schedule(served, place, task, "cron(0 8 ? * MON *)", status="PAUSED")
    page.goto(served.console(f"/schedules?task={task}"))
    row, dialog = page.locator("tbody tr"), page.get_by_role("dialog")
    page.get_by_role("link", name="active", exact=True).click()
    page.get_by_text("No schedule is like that.").wait_for()
    page.get_by_role("link", name="paused", exact=True).click()
    page.get_by_role("button", name=f"Resume {HOSTILE}").click()
    page.get_by_text("No schedule is like that.").wait_for()
    page.go_back()
    page.get_by_role("link", name="All", exact=True).click()
    page.get_by_role("button", name=f"Edit {HOSTILE}").click()
    expect(dialog.get_by_label("When")).to_have_value("cron(0 8 ? * MON *)")
    dialog.get_by_label("When").fill("rate(2 hours)")
    dialog.get_by_label(re.compile("Paused")).check()
    dialog.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("rate(2 hours)")
    expect(row).to_contain_text("paused")
    page.get_by_role("button", name=f"Delete {HOSTILE}").click()
    dialog.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_text("No schedule is like that.").wait_for()


def test_an_edit_that_somebody_else_was_faster_with_says_what_it_is_now(
    served: Served, page: Page
) -> None:
    place = questions.coordination(served, "Race")
    task = questions.task(served, place, "Report")
    made = schedule(served, place, task, "rate(1 hour)")
    page.goto(served.console(f"/schedules?task={task}"))
    page.get_by_role("button", name="Edit Report").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("When").fill("rate(3 hours)")
    theirs = {"taskUuid": task, "scheduleUuid": made, "schedule": "rate(7 hours)"}
    served.api.mutate("updateTaskSchedule", "taskSchedule { version }", theirs)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Somebody else has changed this schedule")
    expect(dialog.get_by_role("alert")).to_contain_text("rate(7 hours)")
    dialog.get_by_role("button", name="Take theirs").click()
    expect(dialog.get_by_label("When")).to_have_value("rate(7 hours)")
    dialog.get_by_label("When").fill("rate(8 hours)")
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator("tbody tr")).to_contain_text("rate(8 hours)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_the_list_and_its_form_are_accessible_and_fit(
    served: Served, new_page: NewPage, scheme: str, width: int
) -> None:
    place = questions.coordination(served, HOSTILE)
    task = questions.task(served, place, HOSTILE)
    schedule(served, place, task, "rate(1 hour)", status="PAUSED")
    page = new_page(bypass_csp=True, color_scheme=scheme, viewport={"width": width, "height": 800})
    page.goto(served.console(f"/schedules?task={task}&coordination={place}"))
    page.locator("tbody tr").wait_for()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("link", name="New schedule").click()
    expect(page.get_by_role("combobox", name="Task")).to_have_value(task)
    assert violations(page) == []
