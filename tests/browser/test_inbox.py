"""The inbox: what agents ask people, and their answers."""

import pytest

from tests.browser import questions
from tests.browser.axe import violations
from tests.browser.conftest import NewPage, Page, expect
from tests.browser.questions import FORM, KINDS
from tests.browser.served import Served

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)>"


def outcome(served: Served, asking: questions.Asking) -> dict[str, object]:
    agent = questions.agent_of(served, asking.session_uuid)
    assert agent is not None
    said = {name: value for name, value in agent["ask"].items() if value not in (None, "")}
    return {"state": agent["state"], **said}


def test_an_output_is_approved_with_a_remark_and_a_comment(served: Served, page: Page) -> None:
    asked = questions.ask(served, KINDS["approve"], name=HOSTILE)
    page.goto(served.console("/inbox"))
    page.get_by_role("link", name="May the offer go out?").last.click()
    page.get_by_text("Do <img").wait_for()
    expect(page.get_by_role("button", name="Send back")).to_be_disabled()
    page.get_by_label("Remark").fill("Go")
    expect(page.get_by_text("draft", exact=True)).to_be_visible()
    page.get_by_text("Comment for other people").click()
    page.get_by_role("textbox", name="Comment").fill("Checked twice")
    page.get_by_role("button", name="Approve").click()
    page.get_by_text("Approved").wait_for()
    assert outcome(served, asked) == {
        "state": "COMPLETED",
        "approved": True,
        "answer": "Go",
        "comment": "Checked twice",
    }
    page.get_by_role("link", name=HOSTILE, exact=True).click()
    expect(page).to_have_url(
        served.console(
            f"/session/{asked.coordination_uuid}/{asked.session_uuid}"
            f"/graph/{asked.session_agent_uuid}"
        )
    )


def test_an_output_is_sent_back_and_then_rejected(served: Served, page: Page) -> None:
    asked = questions.ask(served, KINDS["approve"])
    page.goto(served.console(asked.address()))
    page.get_by_label("Remark").fill("Shorter")
    page.get_by_role("button", name="Send back").click()
    # The agent runs again, asks again, and the form for its new output is empty.
    expect(page.get_by_label("Remark")).to_have_value("")
    agent = questions.until(served, asked.session_uuid, lambda one: one["turn"] == 2)
    assert agent["ask"]["approved"] is None
    page.get_by_role("button", name="Reject").click()
    page.get_by_text("Rejected").wait_for()
    assert outcome(served, asked) == {"state": "FAILED", "approved": False}


def test_a_form_is_filled_and_what_the_api_refuses_is_at_its_field(
    served: Served, page: Page
) -> None:
    asked = questions.ask(served, KINDS["form"])
    page.goto(served.console(asked.address()))
    page.get_by_role("button", name="Send").click()
    assert outcome(served, asked) == {"state": "WAITING_FOR_INPUT"}
    page.get_by_label("Amount in euro").fill("12.5")
    page.get_by_label("Cause").select_option("delay")
    page.get_by_role("button", name="Edit as JSON").click()
    page.locator("textarea").first.fill('{"amount": 12.5, "cause": "weather"}')
    page.get_by_role("button", name="Edit as a form").click()
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".field.wrong")).to_contain_text("Cause")
    page.get_by_label("Cause").select_option("delay")
    page.get_by_role("button", name="Send").click()
    page.locator(".answered").wait_for()
    assert outcome(served, asked) == {
        "state": "COMPLETED",
        "answer": {"amount": 12.5, "cause": "delay"},
    }


def test_a_choice_and_a_text_are_answered_by_keyboard(served: Served, page: Page) -> None:
    chosen = questions.ask(served, KINDS["choice"])
    written = questions.ask(served, {**KINDS["text"], "default": "Main St 1"})
    page.goto(served.console(chosen.address()))
    page.get_by_role("radio", name="Train").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_text("Ship was chosen").wait_for()
    page.get_by_role("link", name="Next question").focus()
    page.goto(served.console(written.address()))
    expect(page.get_by_label("Your answer")).to_have_value("Main St 1")
    page.get_by_label("Your answer").fill("Main St 2")
    page.get_by_role("button", name="Send").press("Enter")
    page.locator(".answered").wait_for()
    assert outcome(served, chosen) == {"state": "COMPLETED", "choice": "Ship"}
    assert outcome(served, written) == {"state": "COMPLETED", "answer": "Main St 2"}


def test_what_one_types_stays_although_somebody_else_has_answered(
    served: Served, page: Page
) -> None:
    asked = questions.ask(served, KINDS["text"])
    page.goto(served.console(asked.address()))
    page.get_by_label("Your answer").fill("Half an add")
    questions.answer(served, asked, userInput="Long Road 9", comment="I was quick")
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("This question has been answered")
    expect(notice).to_contain_text("Long Road 9")
    expect(page.get_by_label("Your answer")).to_have_value("Half an add")
    expect(page.get_by_label("Open questions").locator("[aria-current]")).to_have_count(1)
    expect(page.get_by_role("button", name="Send")).to_be_disabled()
    page.get_by_role("button", name="Discard my answer").click()
    page.get_by_text("I was quick").wait_for()
    assert page.get_by_label("Your answer").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_kind_of_question_is_accessible(
    served: Served, new_page: NewPage, scheme: str
) -> None:
    hostile = {"kind": "INPUT", "title": HOSTILE, "form": {**FORM, "title": HOSTILE}}
    page = new_page(bypass_csp=True, color_scheme=scheme)
    for asks in [*KINDS.values(), hostile]:
        asked = questions.ask(served, asks, name=HOSTILE)
        page.goto(served.console(asked.address()))
        page.get_by_role("heading", name=asks["title"]).wait_for()
        page.locator("form.answer").wait_for()
        assert violations(page) == []
        questions.answer(served, asked, approved=False) if asks is KINDS["approve"] else None
    page.get_by_text("Comment for other people").click()
    assert violations(page) == []
