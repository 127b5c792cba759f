"""The form that starts a session."""

import json
import re
from typing import Any

import pytest

from tests.browser import questions
from tests.browser.axe import violations
from tests.browser.conftest import NewPage, Page, Route, expect
from tests.browser.served import Served

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)>"
WITH_VARIABLES = {
    "subtaskQueries": [
        {"agentUuid": "clerk", "subtaskQuery": "Greet {customer} in {place}, {count} times."}
    ],
    "initialTaskQuery": json.dumps({"place": "Oslo", "count": 3}),
}


def session(served: Served, url: str) -> dict[str, Any]:
    """The session whose screen has this address."""
    found = re.search(r"#/session/[^/]+/([0-9a-f-]+)", url)
    assert found is not None, url
    return dict(
        served.api.execute(
            "query ($uuid: ID!) { session(sessionUuid: $uuid) { status taskQuery userId"
            " labels { key value } inputFiles { name uri mediaType } budget { tokens seconds }"
            " subtaskQueries { subtaskQuery } } }",
            uuid=found[1],
        )["session"]
    )


def test_a_session_is_started_with_the_keyboard_alone(served: Served, new_page: NewPage) -> None:
    page = new_page(extra_http_headers={"x-local-user": "mia"})
    place = questions.coordination(served, "Keyboard")
    questions.task(served, place, "Greeting", **WITH_VARIABLES)
    page.goto(served.console())
    page.get_by_role("heading", name="Sessions").wait_for()
    page.keyboard.press("n")
    expect(page.get_by_role("combobox", name="Coordination")).to_be_focused()
    expect(page.get_by_role("option", name="Keyboard")).to_have_count(1)
    page.keyboard.type("Key")
    expect(page.get_by_role("option", name="Greeting")).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.type("Gre")
    customer = page.get_by_role("textbox", name="customer")
    expect(customer).to_be_focused()
    page.keyboard.type("Ada\nLovelace")
    expect(page.get_by_role("textbox", name="place")).to_have_value("Oslo")
    expect(page.get_by_role("spinbutton", name="count")).to_have_value("3")
    expect(page.get_by_role("textbox", name="User")).to_have_value("mia")
    page.keyboard.press("Control+Enter")
    expect(page).to_have_url(re.compile("#/session/"))
    started = session(served, page.url)
    query = {"place": "Oslo", "count": 3, "customer": "Ada\nLovelace"}
    assert json.loads(started["taskQuery"]) == query
    assert started["subtaskQueries"] == [{"subtaskQuery": "Greet Ada\nLovelace in Oslo, 3 times."}]
    assert started["userId"] == "mia"


def test_everything_that_a_start_can_have_is_in_the_form(served: Served, page: Page) -> None:
    place = questions.coordination(served, HOSTILE)
    task = questions.task(served, place, HOSTILE, budget={"tokens": 900})
    page.goto(served.console(f"/start/{place}/{task}"))
    page.get_by_role("textbox", name="Task query").fill(HOSTILE)
    page.get_by_role("textbox", name="User").fill(" tom ")
    page.get_by_role("button", name="Add a label").click()
    page.get_by_role("button", name="Add a label").click()
    page.get_by_label("Key of label 1").fill("bad key")
    page.get_by_label("Value of label 1").fill(HOSTILE)
    page.get_by_role("button", name="Remove label 2").click()
    page.get_by_role("button", name="Add a file").click()
    page.get_by_label("Name of file 1").fill("terms.pdf")
    page.get_by_label("URI of file 1").fill("s3://files/terms.pdf")
    page.get_by_text("Limits and conversation").click()
    expect(page.get_by_label("Tokens")).to_have_attribute("placeholder", "900")
    page.get_by_label("Seconds").fill("600")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator("fieldset.wrong")).to_contain_text("0.key")
    page.get_by_label("Key of label 1").fill("customer")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page).to_have_url(re.compile("#/session/"))
    started = session(served, page.url)
    del started["status"], started["subtaskQueries"]
    assert started == {
        "taskQuery": HOSTILE,
        "userId": "tom",
        "labels": [{"key": "customer", "value": HOSTILE}],
        "inputFiles": [{"name": "terms.pdf", "uri": "s3://files/terms.pdf", "mediaType": None}],
        "budget": {"tokens": None, "seconds": 600},
    }


def test_a_start_whose_answer_is_lost_is_sent_again_and_starts_one_session(
    served: Served, new_page: NewPage
) -> None:
    page = new_page(expects_errors=True)
    place = questions.coordination(served, "Lost")
    task = questions.task(served, place, "Once")
    page.goto(served.console(f"/start/{place}/{task}"))
    lost: list[int] = []

    def lose(route: Route) -> None:
        if "startSession" in (route.request.post_data or "") and not lost:
            lost.append(route.fetch().status)
            route.abort()
        else:
            route.fallback()

    page.route("**/graphql", lose)
    page.get_by_role("textbox", name="Task query").fill("Do it")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("No connection")
    page.get_by_role("button", name="Start", exact=True).click()
    page.get_by_role("group", name="Agents", exact=True).wait_for()
    assert len(sessions_of(served, task)) == 1
    # Another input with the same key would be another session, so the person is asked.
    lost.clear()
    page.goto(served.console(f"/start/{place}/{task}"))
    page.get_by_role("textbox", name="Task query").fill("Do more")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("No connection")
    page.get_by_role("textbox", name="Task query").fill("Do less")
    page.get_by_role("button", name="Start", exact=True).click()
    page.get_by_role("button", name="Start another one").click()
    expect(page).to_have_url(re.compile("#/session/"))
    assert sorted(sessions_of(served, task)) == ["Do it", "Do less", "Do more"]


def sessions_of(served: Served, task: str) -> list[str]:
    found = served.api.execute(
        "query ($task: ID!) { sessions(filter: { taskUuid: $task }) { nodes { taskQuery } } }",
        task=task,
    )
    return [one["taskQuery"] for one in found["sessions"]["nodes"]]


def test_a_form_of_variables_can_be_written_as_text(served: Served, page: Page) -> None:
    place = questions.coordination(served, "Text")
    task = questions.task(served, place, "Greeting", **WITH_VARIABLES)
    page.goto(served.console(f"/start/{place}/{task}"))
    page.get_by_role("textbox", name="customer").fill(HOSTILE)
    page.get_by_role("button", name="Write it as text").click()
    text = page.get_by_role("textbox", name="Task query")
    assert json.loads(text.input_value())["customer"] == HOSTILE
    text.fill('{"customer": "Bo", "place": "Rome", "count": 1, "more": [1]}')
    page.get_by_role("button", name="Fill in a form").click()
    expect(page.get_by_role("textbox", name="place")).to_have_value("Rome")
    page.get_by_role("button", name="Write it as text").click()
    text.fill('{"customer": "Bo"}')
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("The task query has no member 'place'")


def test_a_task_that_is_gone_says_so(served: Served, page: Page) -> None:
    place = questions.coordination(served, "Gone")
    page.goto(served.console(f"/start/{place}/{place}"))
    page.get_by_text("There is no such task.").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_the_form_is_accessible_and_fits(
    served: Served, new_page: NewPage, scheme: str, width: int
) -> None:
    page = new_page(bypass_csp=True, color_scheme=scheme, viewport={"width": width, "height": 800})
    place = questions.coordination(served, HOSTILE)
    task = questions.task(served, place, HOSTILE, taskDescription="x" * 300, **WITH_VARIABLES)
    page.goto(served.console(f"/start/{place}/{task}"))
    page.get_by_role("button", name="Add a label").click()
    page.get_by_role("button", name="Add a file").click()
    page.get_by_text("Limits and conversation").click()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
