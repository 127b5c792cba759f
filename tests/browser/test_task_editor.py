"""The editor of tasks: its graph, conflicts, deletions, and texts of strangers."""

from typing import Any

import pytest

from tests.browser.axe import violations
from tests.browser.conftest import NewPage, Page, expect
from tests.browser.served import Served
from tests.browser.tasks import (
    coordination,
    drag,
    field,
    opened,
    predecessors,
    save,
    section,
    stored,
    task,
    waits_for,
)

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)> & \"quoted\" 'name' {{braces}}"


def test_a_graph_is_made_by_drag_and_a_circle_is_refused(served: Served, page: Page) -> None:
    c = coordination(served)
    opened(served, page, c, "new")
    page.get_by_text("Nothing is arranged yet").wait_for()
    page.get_by_label("Name").fill("Dragged")
    drag(page, "one", "two")
    drag(page, "two", "three")
    drag(page, "three", "one")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("This would be a circle")
    expect(alert).to_contain_text("One → Two → Three → One")
    drag(page, "one", "four")
    expect(alert).to_have_count(0)
    drag(page, "one", "four")
    page.get_by_role("button", name="Create").click()
    page.get_by_text("version 1", exact=True).wait_for()
    t = page.url.rpartition("/")[2]
    assert predecessors(served, c, t) == {"one": [], "two": ["one"], "three": ["two"], "four": []}
    expect(page.get_by_role("button", name="Three, waits for Two")).to_have_count(1)


def test_a_graph_is_made_by_keyboard_alone(served: Served, page: Page) -> None:
    c = coordination(served)
    t = task(served, c, {"agentUuid": "one"}, {"agentUuid": "two", "predecessors": ["one"]})
    opened(served, page, c, t)
    page.get_by_label("Agent to add").select_option("four")
    page.get_by_role("button", name="Add agent").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Four").wait_for()
    waits_for(page, "Two").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Four, waits for Two").wait_for()
    # In the graph: from the agent in focus to the next one that is opened.
    page.locator(".node[data-id='one'] .hit").focus()
    page.keyboard.press("c")
    page.get_by_text("Choose the agent that waits for One").wait_for()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Four, waits for Two, One").wait_for()
    expect(page.get_by_text("Four now waits for One.")).to_have_count(1)
    # A circle by the form is refused too, and its box stays empty.
    page.locator(".node[data-id='one'] .hit").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="One", exact=True).wait_for()
    waits_for(page, "Four").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("alert")).to_contain_text("One → Four → One")
    expect(waits_for(page, "Four")).not_to_be_checked()
    page.keyboard.press("Escape")
    page.get_by_role("heading", name="Task", exact=True).wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Save", exact=True).focus()
    page.keyboard.press("Enter")
    page.get_by_text("version 2", exact=True).wait_for()
    assert predecessors(served, c, t) == {"one": [], "two": ["one"], "four": ["two", "one"]}


def test_two_people_edit_a_task_and_nothing_is_lost(served: Served, new_page: NewPage) -> None:
    c = coordination(served)
    t = task(served, c, {"agentUuid": "one"}, {"agentUuid": "two"}, {"agentUuid": "three"})
    mine = opened(served, new_page(), c, t, "two")
    theirs = opened(served, new_page(), c, t)
    theirs.get_by_label("Name").fill("Theirs")
    drag(theirs, "two", "three")
    theirs.locator(".node[data-id='two']").click()
    section(theirs, "Time and failure")
    field(theirs, "Attempts").fill("9")
    field(theirs, "Heartbeat").fill("44")
    save(theirs, 2)

    drag(mine, "one", "two")
    section(mine, "Time and failure")
    field(mine, "Attempts").fill("2")
    mine.get_by_role("button", name="Save", exact=True).click()
    dialog = mine.get_by_role("dialog", name="Somebody else has saved this task")
    for text in (
        "Version 2",
        "Two: Attempts and waits, Attempts",
        "Two: Heartbeat",
        "Three: Waits for",
        "Changed by both",
    ):
        expect(dialog).to_contain_text(text)
    dialog.get_by_role("button", name="Go on editing").click()
    mine.get_by_role("button", name="Save", exact=True).click()
    dialog.get_by_role("button", name="Put both together").click()
    mine.get_by_role("heading", name="Theirs").wait_for()
    save(mine, 3)

    now = stored(served, c, t)
    two, three = now["agentActions"][1:]
    assert now["taskName"] == "Theirs"
    assert (two["predecessors"], three["predecessors"]) == (["one"], ["two"])
    assert (two["retry"]["maxAttempts"], two["heartbeatSeconds"]) == (2, 44)


def test_an_agent_is_taken_out_and_a_task_deleted(served: Served, page: Page) -> None:
    c = coordination(served)
    t = task(
        served,
        c,
        {"agentUuid": "one", "delegatesTo": ["four"]},
        {"agentUuid": "two", "predecessors": ["one"]},
        subtaskQueries=[{"agentUuid": "one", "subtaskQuery": "Work"}],
    )
    schedule = {
        "coordinationUuid": c,
        "taskUuid": t,
        "schedule": "rate(1 hour)",
    }
    schedule_uuid = served.api.mutate(
        "createTaskSchedule", "taskSchedule { scheduleUuid }", schedule
    )["taskSchedule"]["scheduleUuid"]
    opened(served, page, c, t, "one")
    page.get_by_role("button", name="Four, does delegated work, gets work from One").wait_for()
    page.get_by_role("button", name="Take out").click()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Two, waits for One").click()
    page.get_by_role("heading", name="Two", exact=True).wait_for()
    page.locator(".node[data-id='one']").click()
    page.get_by_role("heading", name="One", exact=True).wait_for()
    page.get_by_role("button", name="Take out").click()
    save(page, 2)
    now = stored(served, c, t)
    assert [action["agentUuid"] for action in now["agentActions"]] == ["two"]
    assert (now["agentActions"][0]["predecessors"], now["subtaskQueries"]) == ([], [])

    expect(page.get_by_role("link", name="Start…")).to_have_attribute("href", f"#/start/{c}/{t}")
    page.get_by_role("button", name="Delete…").click()
    dialog = page.get_by_role("dialog", name="Delete this task?")
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(dialog).to_contain_text("1 schedule")
    dialog.get_by_role("button", name="Keep it as it is").click()
    schedule = {"taskUuid": t, "scheduleUuid": schedule_uuid}
    served.api.mutate("deleteTaskSchedule", "deletedId", schedule)
    page.get_by_role("button", name="Delete…").click()
    dialog.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("region", name="Coordination").wait_for()
    assert stored(served, c, t) is None


def test_an_agent_that_is_no_member_any_more_is_shown_and_taken_out(
    served: Served, page: Page
) -> None:
    c = coordination(served)
    t = task(served, c, {"agentUuid": "one"}, {"agentUuid": "two", "predecessors": ["one"]})
    agents = [{"agentUuid": "two", "agentName": "Two", "runtime": {"kind": "ECHO"}}]
    served.api.mutate(
        "updateCoordination", "coordination { version }", {"coordinationUuid": c, "agents": agents}
    )
    opened(served, page, c, t, "nobody")
    page.get_by_role("heading", name="Task", exact=True).wait_for()
    page.get_by_role("button", name="one, no agent of this coordination").wait_for()
    page.get_by_label("Name").fill("Changed")
    save(page, 2)  # which sends no graph
    assert predecessors(served, c, t) == {"one": [], "two": ["one"]}
    page.get_by_role("button", name="Two, waits for one").click()
    page.get_by_role("button", name="Give it work of its own").click()
    field(page, "Work").fill("More")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("heading", name="one", exact=True).wait_for()
    expect(page.get_by_role("alert")).to_contain_text("'one' is not an agent")
    page.get_by_role("button", name="Take out").click()
    save(page, 3)
    assert predecessors(served, c, t) == {"two": []}


def test_creating_again_after_a_lost_answer_makes_no_second_task(
    served: Served, new_page: NewPage
) -> None:
    c = coordination(served)
    page = opened(served, new_page(expects_errors=True), c, "new")
    page.get_by_label("Name").fill("Once")

    def lose(route: Any) -> None:
        route.fetch()
        route.abort()

    page.route("**/graphql", lose, times=1)
    page.get_by_role("button", name="Create").click()
    page.get_by_text("No connection").wait_for()
    page.get_by_role("button", name="Create").click()
    page.get_by_text("version 1", exact=True).wait_for()
    rows = served.api.execute(
        "query Q($c: ID!) { tasks(coordinationUuid: $c) { nodes { taskUuid } } }", c=c
    )
    assert [row["taskUuid"] for row in rows["tasks"]["nodes"]] == [page.url.rpartition("/")[2]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_editor_is_accessible_and_shows_hostile_texts_as_text(
    served: Served, new_page: NewPage, scheme: Any
) -> None:
    c = coordination(served, name=HOSTILE)
    agents = [
        {"agentUuid": uuid, "agentName": f"{uuid} {HOSTILE}", "runtime": {"kind": "ECHO"}}
        for uuid in ("one", "two", "three")
    ]
    served.api.mutate(
        "updateCoordination", "coordination { version }", {"coordinationUuid": c, "agents": agents}
    )
    rule = {"kind": "CHOICE", "title": HOSTILE, "options": [HOSTILE, "b"]}
    actions: list[dict[str, Any]] = [
        {"agentUuid": "one", "ask": rule, "delegatesTo": ["three"], "forEach": {"items": "`[1]`"}},
        {"agentUuid": "two", "predecessors": ["one"], "when": "`true`"},
    ]
    queries = [{"agentUuid": "one", "subtaskQuery": HOSTILE}]
    t = task(served, c, *actions, taskName=HOSTILE, subtaskQueries=queries)
    page = opened(served, new_page(bypass_csp=True, color_scheme=scheme), c, t)
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    assert violations(page) == []
    page.locator(".node[data-id='one']").click()
    expect(page.get_by_role("heading", level=2)).to_have_text(f"one {HOSTILE}")
    for title in ("Condition", "Loop", "People", "Time", "Checked output", "Delegation"):
        section(page, title)
    expect(field(page, "Options")).to_have_value(f"{HOSTILE}\nb")
    drag(page, "two", "one")
    expect(page.get_by_role("alert")).to_contain_text(f"two {HOSTILE} → one {HOSTILE}")
    assert violations(page) == []
    page.get_by_role("button", name="Delete…").click()
    assert violations(page) == []
