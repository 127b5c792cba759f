"""The inbox: what agents ask people, and their answers."""

import pytest

from tests.browser import questions
from tests.browser.axe import violations
from tests.browser.conftest import NewPage, Page, Route, expect
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
    agent = questions.until(
        served,
        asked.session_uuid,
        lambda one: one["turn"] == 2 and one["state"] == "WAITING_FOR_INPUT",
    )
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
    page.get_by_role("radio", name="Train").wait_for()
    page.keyboard.press("a")
    expect(page.get_by_role("radio", name="Train")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_text("Ship was chosen").wait_for()
    expect(page.get_by_role("link", name="Next question")).to_be_focused()
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
    expect(page.get_by_label("Your answer")).to_have_count(0)


def test_an_answer_whose_own_answer_is_lost_is_not_called_somebody_elses(
    served: Served, new_page: NewPage
) -> None:
    page = new_page(expects_errors=True)
    asked = questions.ask(served, KINDS["text"])
    page.goto(served.console(asked.address()))

    def lose(route: Route) -> None:
        if is_mutation(route):
            route.fetch()
            route.abort()
        else:
            route.fallback()

    page.route("**/graphql", lose)
    page.get_by_label("Your answer").fill("Main St 1")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".overtaken")).to_contain_text("This may be your own answer")
    page.get_by_role("button", name="Close the form").click()
    expect(page.locator(".answered")).to_contain_text("Main St 1")


def test_it_stays_beside_the_session_too(served: Served, page: Page) -> None:
    asked = questions.ask(served, KINDS["text"])
    place = f"/session/{asked.coordination_uuid}/{asked.session_uuid}"
    page.goto(served.console(f"{place}/agents/{asked.session_agent_uuid}"))
    page.get_by_label("Your answer").fill("Half an add")
    questions.answer(served, asked, userInput="Long Road 9")
    page.get_by_text("This question has been answered").wait_for()
    expect(page.get_by_label("Your answer")).to_have_value("Half an add")
    page.get_by_role("button", name="Discard my answer").click()
    expect(page.locator(".answered")).to_contain_text("Long Road 9")


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


def test_a_question_is_claimed_and_released_by_two_people(
    served: Served, new_page: NewPage
) -> None:
    ada = new_page(extra_http_headers={"x-local-user": "ada", "x-local-groups": "finance,support"})
    bob = new_page(extra_http_headers={"x-local-user": "bob", "x-local-groups": "finance"})
    cleo = new_page(extra_http_headers={"x-local-user": "cleo"})
    asked = questions.ask(served, {**KINDS["text"], "title": "Whose?", "group": "finance"})
    for page in (ada, bob):
        page.goto(served.console("/inbox"))
        page.get_by_role("link", name="Whose?").click()
    ada.get_by_label("Your answer").fill("Ada's words")
    bob.get_by_role("button", name="Claim").click()
    bob.locator(".claim").get_by_text("Claimed by you").wait_for()
    # What Ada has typed stays, but Bob has the question.
    ada.locator(".claim").get_by_text("Claimed by bob").wait_for()
    ada.get_by_text("bob has claimed this question.").wait_for()
    expect(ada.get_by_label("Your answer")).to_have_value("Ada's words")
    expect(ada.get_by_role("button", name="Send")).to_be_disabled()
    bob.get_by_role("button", name="Release").click()
    expect(ada.get_by_role("button", name="Send")).to_be_enabled()
    ada.get_by_role("button", name="Claim").click()
    bob.locator(".claim").get_by_text("Claimed by ada").wait_for()
    # Others do not find it, and are told for whom it is.
    cleo.goto(served.console("/inbox"))
    cleo.get_by_text("Nothing is asked of you.").wait_for()
    cleo.goto(served.console(asked.address("?of=all")))
    cleo.get_by_text("ada has claimed this question.").wait_for()
    expect(cleo.get_by_role("button", name="Claim")).to_have_count(0)
    ada.get_by_role("button", name="Send").click()
    ada.get_by_text("Answered by ada").wait_for()
    bob.get_by_text("Answered by ada").wait_for()


def test_a_claim_that_comes_too_late_says_who_has_it(served: Served, new_page: NewPage) -> None:
    page = new_page(extra_http_headers={"x-local-user": "ada"})
    asked = questions.ask(served, KINDS["text"])
    page.goto(served.console(asked.address("?of=all")))
    button = page.get_by_role("button", name="Claim")
    button.wait_for()
    # From now on the page hears of nothing.
    page.route("**/graphql", lambda route: route.fallback() if is_mutation(route) else None)
    claim_as(page, "bob", served, asked)
    button.click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody was faster")
    expect(page.get_by_role("alert")).to_contain_text("bob")
    page.unroute_all()


def is_mutation(route: Route) -> bool:
    return "mutation" in (route.request.post_data or "")


def claim_as(page: Page, user: str, served: Served, asked: questions.Asking) -> None:
    agent = questions.agent_of(served, asked.session_uuid)
    assert agent is not None
    claimed = page.request.post(
        f"{served.url}/graphql",
        headers={"x-local-user": user},
        data={
            "query": "mutation ($input: ClaimSessionAgentInput!) {"
            " claimSessionAgent(input: $input) { sessionAgent { ask { claimedBy } } } }",
            "variables": {
                "input": {
                    "sessionUuid": asked.session_uuid,
                    "sessionAgentUuid": asked.session_agent_uuid,
                    "runUuid": agent["currentRun"]["runUuid"],
                }
            },
        },
    ).json()
    assert claimed["data"]["claimSessionAgent"]["sessionAgent"]["ask"]["claimedBy"] == user


def test_the_inbox_shows_what_one_can_answer_and_counts_it(
    served: Served, new_page: NewPage
) -> None:
    page = new_page(
        extra_http_headers={"x-local-user": "mia", "x-local-groups": "legal,%3Cb%3Ebold"}
    )
    for title, whose in (
        ("Mine?", {"assignee": "mia"}),
        ("Legal?", {"group": "legal"}),
        ("Bold?", {"group": "<b>bold"}),
        ("Tom's?", {"assignee": "tom"}),
    ):
        questions.ask(served, {**KINDS["text"], "title": title, **whose})
    page.goto(served.console("/inbox"))
    titles = page.get_by_label("Open questions").locator("b")
    expect(titles).to_have_text(["Mine?", "Legal?", "Bold?"])
    expect(page.get_by_role("link", name="Inbox 3 open questions")).to_be_visible()
    page.get_by_role("link", name="<b>bold", exact=True).click()
    expect(titles).to_have_text(["Bold?"])
    page.get_by_role("link", name="Mine", exact=True).click()
    expect(titles).to_have_text(["Mine?"])
    page.get_by_role("link", name="All").click()
    page.get_by_role("link", name="Tom's?").click()
    page.get_by_text("Only tom can answer.").wait_for()
    page.goto(served.console("/inbox"))
    expect(titles).to_have_text(["Mine?", "Legal?", "Bold?"])
    page.keyboard.press("j")
    page.get_by_role("heading", name="Mine?").wait_for()
    page.get_by_label("Your answer").fill("Yes")
    page.get_by_role("button", name="Send").click()
    page.get_by_role("link", name="Next question").click()
    page.get_by_role("heading", name="Legal?").wait_for()
    expect(page.get_by_role("link", name="Inbox 2 open questions")).to_be_visible()
