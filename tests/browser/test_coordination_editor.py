"""The editor of coordinations: members, their runtimes, conflicts, and what must not be lost."""

import re
from typing import Any

import pytest

from tests.browser.axe import violations
from tests.browser.conftest import NewPage, Page, expect
from tests.browser.served import Served

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)> & \"quoted\" 'name' {{braces}}"
# JavaScript would round it.
LONG = 2**63 - 1
MODELS = "http://127.0.0.1:11434/v1"
COORDINATION = """query Q($c: ID!) { coordination(coordinationUuid: $c) {
  coordinationName coordinationDescription version
  agents { agentUuid agentName agentDescription runtime { kind target parameters } } } }"""


def agent(uuid: str, kind: str = "ECHO", **runtime: Any) -> dict[str, Any]:
    return {"agentUuid": uuid, "agentName": uuid.title(), "runtime": {"kind": kind, **runtime}}


def created(served: Served, *agents: dict[str, Any], name: str = "Desk") -> str:
    arguments = {"coordinationName": name, "agents": list(agents)}
    payload = served.api.mutate(
        "createCoordination", "coordination { coordinationUuid }", arguments
    )
    return str(payload["coordination"]["coordinationUuid"])


def stored(served: Served, uuid: str) -> Any:
    return served.api.execute(COORDINATION, c=uuid)["coordination"]


def opened(served: Served, page: Page, uuid: str, *selected: str) -> Page:
    page.goto(served.console("/".join(["/coordination", uuid, *selected])))
    page.get_by_role("region", name="Coordination").wait_for()
    return page


def save(page: Page, version: int) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text(f"version {version}", exact=True).wait_for()


def test_a_coordination_is_made_by_keyboard_alone(served: Served, page: Page) -> None:
    page.goto(served.console("/coordination/new"))
    page.get_by_label("Name").focus()
    page.keyboard.type("Offers")
    page.get_by_role("button", name="Add agent…").focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog", name="Add an agent").wait_for()
    page.keyboard.type("Überprüfung 2")
    expect(page.get_by_label("Name in tasks and expressions")).to_have_value("uberprufung_2")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Überprüfung 2").wait_for()
    page.get_by_label("Description").focus()
    page.keyboard.type("Checks offers")
    page.get_by_role("button", name="Create").focus()
    page.keyboard.press("Enter")
    page.get_by_text("version 1", exact=True).wait_for()

    uuid = page.url.rpartition("/")[2]
    assert stored(served, uuid) == {
        "coordinationName": "Offers",
        "coordinationDescription": None,
        "version": 1,
        "agents": [
            {
                "agentUuid": "uberprufung_2",
                "agentName": "Überprüfung 2",
                "agentDescription": "Checks offers",
                "runtime": {"kind": "ECHO", "target": None, "parameters": None},
            }
        ],
    }


def test_what_is_not_edited_is_saved_as_it_was(served: Served, page: Page) -> None:
    parameters = {"seconds": 1.5, "fail": {"attempts": 2, "notes": "n"}, "other": [None, {"a": []}]}
    members = [
        agent("echo", parameters=parameters),
        agent(
            "call",
            "LAMBDA",
            target="agent-x",
            parameters={"invocation": None, "deep": {"b": -LONG}},
        ),
        agent("wait", "EXTERNAL", parameters=[1, "two", LONG]),
        agent("odd", "EXTERNAL", parameters="text"),
        agent("pass", "PASS"),
        agent("model", "OPENAI", target=MODELS, parameters={"model": "m", "seed": LONG, "topP": 1}),
    ]
    uuid = created(served, *members)
    before = stored(served, uuid)

    opened(served, page, uuid, "pass")
    page.get_by_label("Name").fill("Passing")
    page.get_by_role("button", name="Move Passing up").click()
    page.get_by_role("button", name="Call", exact=False).first.click()
    page.get_by_label("Invocation").select_option("RequestResponse")
    page.get_by_role("button", name="Model", exact=False).first.click()
    expect(page.get_by_label("Seed")).to_have_value(str(LONG))
    page.get_by_label("Temperature").fill("0.5")
    save(page, 2)

    after = stored(served, uuid)
    expected = {one["agentUuid"]: one for one in before["agents"]}
    expected["pass"]["agentName"] = "Passing"
    expected["call"]["runtime"]["parameters"]["invocation"] = "RequestResponse"
    expected["model"]["runtime"]["parameters"]["temperature"] = 0.5
    order = ["echo", "call", "wait", "pass", "odd", "model"]
    assert after["agents"] == [expected[one] for one in order]


def test_parameters_are_edited_as_json_too_and_an_error_is_at_its_field(
    served: Served, page: Page
) -> None:
    uuid = created(served, agent("first"), agent("second", "LAMBDA", target="agent-x"))
    opened(served, page, uuid, "second")
    page.get_by_role("button", name="Edit as JSON").click()
    page.get_by_label("Parameters JSON").fill('{"invocation": "Event", "k": 1')
    page.get_by_role("button", name="First", exact=False).first.click()
    expect(page).to_have_url(re.compile("/second$"))  # a text that is not JSON is not lost
    page.get_by_label("Parameters JSON").fill(f'{{"invocation": "Event", "k": {LONG}}}')
    page.get_by_role("textbox", name="Function").fill("other-prefix")
    page.get_by_role("button", name="First", exact=False).first.click()
    page.get_by_role("heading", name="First").wait_for()
    page.get_by_role("button", name="Save", exact=True).click()

    page.get_by_role("heading", name="Second").wait_for()
    field = page.locator(".field.wrong")
    expect(field).to_have_count(1)
    expect(field.get_by_role("alert")).to_contain_text("agent-")
    page.get_by_role("textbox", name="Function").fill("agent-other")
    save(page, 2)
    runtime = stored(served, uuid)["agents"][1]["runtime"]
    assert runtime["parameters"] == {"invocation": "Event", "k": LONG}
    assert runtime["target"] == "agent-other"


def test_a_conflict_is_explained_and_both_changes_can_be_kept(
    served: Served, new_page: NewPage
) -> None:
    uuid = created(served, agent("one"), agent("two"))
    mine = opened(served, new_page(), uuid, "one")
    theirs = opened(served, new_page(), uuid)
    theirs.get_by_label("Description").fill("Theirs")
    theirs.get_by_role("button", name="Two", exact=False).first.click()
    theirs.get_by_role("heading", name="Two").wait_for()
    theirs.get_by_label("Description").fill("Agent of both")
    save(theirs, 2)

    mine.get_by_label("Description").fill("Mine")
    mine.get_by_role("button", name="Two", exact=False).first.click()
    mine.get_by_role("heading", name="Two").wait_for()
    mine.get_by_label("Description").fill("Agent of mine")
    mine.get_by_role("button", name="Save", exact=True).click()
    dialog = mine.get_by_role("dialog", name="Somebody else has saved this coordination")
    expect(dialog).to_contain_text("Version 2")
    expect(dialog).to_contain_text("Two: Description")
    expect(dialog).to_contain_text("Agent of both")
    dialog.get_by_role("button", name="Put both together").click()
    assert stored(served, uuid)["version"] == 2, "nothing is saved before the person says so"
    save(mine, 3)

    now = stored(served, uuid)
    assert now["coordinationDescription"] == "Theirs"
    assert [one["agentDescription"] for one in now["agents"]] == ["Mine", "Agent of mine"]


def test_unsaved_changes_are_not_lost_without_a_question(served: Served, page: Page) -> None:
    uuid = created(served, agent("one"))
    page.goto(served.console("/schedules"))
    opened(served, page, uuid)
    page.get_by_label("Description").fill("Changed")
    dialog = page.get_by_role("dialog", name="Leave without saving?")
    page.get_by_role("link", name="Sessions").click()
    dialog.get_by_role("button", name="Stay here").click()
    page.go_back()
    dialog.get_by_role("button", name="Stay here").click()
    assert page.url.endswith(uuid)
    expect(page.get_by_label("Description")).to_have_value("Changed")
    page.get_by_role("heading", name="Desk").click()
    page.keyboard.press("g")
    page.keyboard.press("b")
    dialog.get_by_role("button", name="Discard my changes").click()
    expect(page).to_have_title("Blueprints · AI Coordination Engine")
    assert stored(served, uuid)["version"] == 1


def test_members_and_coordinations_are_removed_after_a_question(served: Served, page: Page) -> None:
    uuid = created(served, agent("one"), agent("two"))
    task = {"coordinationUuid": uuid, "taskName": "Daily", "agentActions": [{"agentUuid": "two"}]}
    task_uuid = served.api.mutate("createTask", "task { taskUuid }", task)["task"]["taskUuid"]
    opened(served, page, uuid, "two")
    assert page.get_by_role("link", name="Daily", exact=True).get_attribute("href") == (
        f"#/task/{uuid}/{task_uuid}"
    )
    page.get_by_role("button", name="Remove…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Daily")
    dialog.get_by_role("button", name="Remove", exact=True).click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("list", name="Agents").get_by_role("listitem")).to_have_count(2)

    page.get_by_role("button", name="Delete…").click()
    dialog = page.get_by_role("dialog", name="Delete this coordination?")
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(dialog).to_contain_text("1 task")
    dialog.get_by_role("button", name="Keep it as it is").click()
    served.api.mutate("deleteTask", "deletedId", {"coordinationUuid": uuid, "taskUuid": task_uuid})
    page.get_by_role("button", name="Delete…").click()
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(page).to_have_title("Blueprints · AI Coordination Engine")
    assert stored(served, uuid) is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_editor_is_accessible_and_shows_hostile_names_as_text(
    served: Served, new_page: NewPage, scheme: Any
) -> None:
    member = {**agent("one", "LAMBDA", target="agent-x"), "agentName": HOSTILE}
    uuid = created(served, member, name=HOSTILE)
    page = opened(served, new_page(bypass_csp=True, color_scheme=scheme), uuid, "one")
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    page.get_by_text("No tasks yet.").wait_for()
    assert violations(page) == []
    page.get_by_role("button", name="Add agent…").click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Remove…").click()
    page.get_by_text("No task names it.").wait_for()
    assert violations(page) == []
