"""The screen of one session: its graph, timeline, table and log, and what one can do there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Route

from tests.browser import stories
from tests.browser.axe import violations
from tests.browser.conftest import NewPage, Page, expect
from tests.browser.served import Served
from tests.browser.stories import HOSTILE, Place, echo

pytestmark = pytest.mark.browser

TABS = ("graph", "timeline", "agents", "log")


@pytest.fixture(scope="module")
def report(served: Served) -> Place:
    """A session of every kind of agent, which nobody changes."""
    return stories.report(served)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Served]:
    """A server whose data are there when it starts again."""
    with Served("--data", str(tmp_path / "data")) as running:
        yield running


def uuid_of(served: Served, place: Place, agent_uuid: str) -> str:
    found = stories.agents(served, place)
    top = [one for one in found if one["agentUuid"] == agent_uuid and one["parentUuid"] is None]
    return str(top[0]["sessionAgentUuid"])


def counts(page: Page) -> str:
    return " ".join(page.get_by_role("group", name="Agents", exact=True).inner_text().split())


def test_a_session_is_watched_while_it_runs(served: Served, page: Page) -> None:
    place = stories.run(
        served,
        "Watched",
        [echo("first"), echo("second", fail={"attempts": 1, "notes": "Busy"})],
        [
            {"agentUuid": "first", "ask": {"kind": "APPROVAL"}},
            {
                "agentUuid": "second",
                "predecessors": ["first"],
                "retry": {"maxAttempts": 2, "intervalSeconds": 0.2, "backoffRate": 1},
            },
        ],
    )
    page.goto(served.console(place.at()))
    expect(
        page.get_by_role("button", name="First, asks a person, asks for approval")
    ).to_be_visible()
    expect(page.get_by_role("button", name="Second, not started")).to_be_visible()
    expect(page.locator(".facts")).to_contain_text("running for")
    # Nobody touches the page from here on.
    stories.answer(served, place, stories.agents(served, place)[0], approved=True)
    expect(page.get_by_role("button", name="Second, completed, attempt 2 of 2")).to_be_visible()
    expect(page.get_by_role("group", name="Agents", exact=True)).to_contain_text("2 completed")
    expect(page.locator(".session-head .state")).to_contain_text("completed")
    expect(page.locator(".facts")).to_contain_text("took")
    expect(page).to_have_title("Watched · AI Coordination Engine")


def test_a_session_is_cancelled_with_a_reason_and_retried(served: Served, page: Page) -> None:
    place = stories.run(
        served,
        "Stopped",
        [echo("quick"), echo("slow", seconds=3600)],
        [{"agentUuid": "quick"}, {"agentUuid": "slow", "predecessors": ["quick"]}],
    )
    page.goto(served.console(place.at("log")))
    page.get_by_role("button", name="Cancel…").click()
    page.get_by_label("Reason").fill("The customer has called off the order")
    page.get_by_role("button", name="Cancel the session").click()
    expect(page.get_by_text("The customer has called off the order")).to_be_visible()
    assert stories.status(served, place) == "CANCELLED"
    page.get_by_role("button", name="Retry…").click()
    dialog = page.get_by_role("dialog", name="Retry this session?")
    expect(dialog).to_contain_text("1 agent that failed, was cancelled or skipped runs again,")
    dialog.get_by_role("button", name="Retry").click()
    expect(page.locator(".session-head .state")).to_contain_text("in progress")
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("1 retry")).to_be_visible()
    page.get_by_role("link", name="Timeline").click()
    expect(page.get_by_label("Iteration")).to_have_value("2")
    expect(page.get_by_role("button", name="Slow", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Quick", exact=True)).to_have_count(0)
    page.get_by_label("Iteration").select_option("1")
    expect(page.get_by_role("button", name="Quick", exact=True)).to_be_visible()
    assert "iteration=1" in page.url


def test_one_agent_of_an_ended_session_runs_again(served: Served, page: Page) -> None:
    place = stories.run(
        served,
        "Twice",
        [echo("plan"), echo("act")],
        [{"agentUuid": "plan"}, {"agentUuid": "act", "predecessors": ["plan"]}],
    )
    stories.until_status(served, place, "COMPLETED")
    page.goto(served.console(place.at(agent=uuid_of(served, place, "act"))))
    expect(page.get_by_role("button", name="Retry…")).to_have_count(0)
    page.get_by_role("button", name="Run again from here…").click()
    page.get_by_role("dialog", name="Run Act again?").get_by_role("button", name="Retry").click()
    rows = page.get_by_role("region", name="Attempts").locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("iteration 2")


def test_what_a_retry_has_replaced_is_history(served: Served, page: Page) -> None:
    place = stories.run(
        served,
        "Lists",
        [echo("scout"), echo("reader")],
        [
            {"agentUuid": "scout", "query": "[1, 2]"},
            {
                "agentUuid": "reader",
                "predecessors": ["scout"],
                "forEach": {"items": "outputs.scout"},
            },
        ],
    )
    stories.until_status(served, place, "COMPLETED")
    page.goto(served.console(place.at("agents", uuid_of(served, place, "scout"))))
    expect(page.locator(".agent-rows tbody tr")).to_have_count(4)
    page.get_by_role("button", name="Run again from here…").click()
    page.get_by_role("dialog").get_by_role("button", name="Retry").click()
    rows = page.locator(".agent-rows tbody tr")
    expect(rows).to_have_count(6)
    expect(rows.filter(has_text="superseded")).to_have_count(2)
    page.get_by_role("link", name="Graph", exact=True).click()
    expect(page.get_by_role("button", name="Reader, completed, 2 elements")).to_be_visible()
    assert counts(page) == "✓ 4 completed"


def test_what_a_later_version_says_is_shown_by_its_name(served: Served, new_page: NewPage) -> None:
    page = new_page()
    place = stories.run(served, "Later", [echo("clerk")], [{"agentUuid": "clerk"}])
    stories.until_status(served, place, "COMPLETED")

    def later(route: Route) -> None:
        answered = route.fetch()
        route.fulfill(response=answered, body=answered.text().replace("COMPLETED", "PUT_ASIDE"))

    page.route("**/graphql", later)
    for tab, told in (
        ("graph", "Clerk"),
        ("timeline", "Clerk"),
        ("agents", "put aside"),
        ("log", "put aside after"),
    ):
        page.goto(served.console(place.at(tab, uuid_of(served, place, "clerk"))))
        expect(page.locator(".session-head .state")).to_contain_text("put aside")
        expect(page.locator(".view")).to_contain_text(told)
        expect(page.get_by_role("region", name="Attempts")).to_contain_text("put aside")


def test_what_agents_have_added_folds_into_them(served: Served, report: Place, page: Page) -> None:
    page.goto(served.console(report.at()))
    reader = page.get_by_role("button", name="Read a document, completed, 5 elements")
    expect(reader).to_be_visible()
    expect(page.locator(".node")).to_have_count(7)
    reader.focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Read a document [4], completed")).to_be_visible()
    expect(page.locator(".node")).to_have_count(12)
    writer = uuid_of(served, report, "writer")
    page.locator(f"g[data-id='{writer}'] .toggle").first.click()
    drafts = page.get_by_role("button", name="Judge the draft, completed, round 2")
    expect(drafts).to_be_visible()
    assert f"%2C{writer}" in page.url
    page.reload()
    expect(page.locator(".node")).to_have_count(16)
    # The timeline unfolds the same agents, and a click in it selects one for all tabs.
    page.get_by_role("link", name="Timeline").click()
    page.get_by_role("button", name="Judge the draft, round 2").click()
    expect(page.get_by_role("complementary", name="Agent")).to_contain_text("Added by Write")
    page.get_by_role("link", name="Agents", exact=True).click()
    expect(page.locator("tr.selected")).to_contain_text("Judge the draft, round 2")


def test_the_drawer_shows_what_went_wrong_first(served: Served, report: Place, page: Page) -> None:
    page.goto(served.console(report.at()))
    page.get_by_role("button", name="Legal review").wait_for()
    page.keyboard.press("p")
    drawer = page.get_by_role("complementary", name="Agent")
    expect(drawer).to_contain_text("May the report go out?")
    page.keyboard.press("p")
    failure = drawer.get_by_role("group", name="Failure")
    expect(failure).to_have_text("The archive is closed on Sundays")
    page.get_by_role("button", name="Check prices, completed, attempt 2 of 3").click()
    rows = drawer.get_by_role("region", name="Attempts").locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("The price list is locked")
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    expect(page).to_have_url(served.console(report.at()))


def test_a_question_is_answered_in_the_drawer(served: Served, page: Page) -> None:
    place = stories.run(
        served,
        "Offer",
        [echo("offer"), echo("mail")],
        [
            {"agentUuid": "offer", "ask": {"kind": "APPROVAL", "title": "Send it?"}},
            {"agentUuid": "mail", "predecessors": ["offer"]},
        ],
    )
    page.goto(served.console(place.at("timeline")))
    expect(page.locator(".run.person.lasts")).to_be_visible()
    page.get_by_role("button", name="Offer").click()
    drawer = page.get_by_role("complementary", name="Agent")
    drawer.get_by_label("Remark").fill("With the discount")
    drawer.get_by_role("button", name="Approve").click()
    expect(drawer.locator(".answered")).to_contain_text("Approved")
    expect(drawer).to_contain_text("With the discount")
    expect(page.locator(".session-head .state")).to_contain_text("completed")
    expect(page.locator(".run.person:not(.lasts)")).to_be_visible()


def test_rejections_and_forms_and_skips_are_told(served: Served, page: Page) -> None:
    amount = {"type": "object", "properties": {"amount": {"type": "number"}}}
    place = stories.run(
        served,
        "Refund",
        [echo("form"), echo("review"), echo("send")],
        [
            {"agentUuid": "form", "ask": {"kind": "INPUT", "title": "How much?", "form": amount}},
            {"agentUuid": "review", "ask": {"kind": "APPROVAL"}, "onFailure": "SKIP_SUCCESSORS"},
            {"agentUuid": "send", "predecessors": ["review"]},
        ],
    )
    stories.until(
        lambda: (
            {one["agentUuid"]: one["state"] for one in stories.agents(served, place)}
            == {"form": "WAITING_FOR_INPUT", "review": "WAITING_FOR_INPUT", "send": "INITIAL"}
        )
    )
    page.goto(served.console(place.at(agent=uuid_of(served, place, "form"))))
    drawer = page.get_by_role("complementary", name="Agent")
    drawer.get_by_label("amount").fill("12.5")
    # Somebody else rejects the other one meanwhile: what is typed stays.
    review = next(one for one in stories.agents(served, place) if one["agentUuid"] == "review")
    stories.answer(served, place, review, approved=False, userInput="Too expensive")
    expect(page.get_by_role("button", name="Send, skipped")).to_be_visible()
    drawer.get_by_role("button", name="Send").click()
    expect(drawer.locator(".answered")).to_contain_text('"amount": 12.5')
    page.get_by_role("button", name="Review, failed").click()
    expect(drawer.locator(".answered")).to_contain_text("Rejected")
    expect(drawer.get_by_role("group", name="Failure")).to_be_visible()


def test_names_and_outputs_are_texts(served: Served, new_page: NewPage) -> None:
    page = new_page()
    page.on("dialog", lambda dialog: pytest.fail(f"the page ran a script: {dialog.message}"))
    place = stories.run(
        served,
        HOSTILE,
        [echo("a", HOSTILE), echo("b", HOSTILE + " again", fail=HOSTILE)],
        [
            {"agentUuid": "a", "query": f"{HOSTILE}<script>alert(2)</script>"},
            {"agentUuid": "b", "predecessors": ["a"], "retry": {"maxAttempts": 1}},
        ],
        labels=[{"key": "team", "value": HOSTILE}],
    )
    stories.until_status(served, place, "FAILED")
    for agent in ("a", "b"):
        for tab in TABS:
            page.goto(served.console(place.at(tab, uuid_of(served, place, agent))))
            expect(page.get_by_role("heading", level=1)).to_contain_text("<img src=x")
            expect(page.get_by_role("complementary", name="Agent")).to_contain_text("alert(1)")
            expect(page.locator("img, script:not([type])")).to_have_count(0)
    expect(page.get_by_role("group", name="Failure")).to_contain_text("{{7*7}}")


def test_a_long_text_is_loaded_whole_on_demand(served: Served, page: Page) -> None:
    text = "A long story. " * 3000 + "The end."
    place = stories.run(served, "Long", [echo("teller")], [{"agentUuid": "teller", "query": text}])
    stories.until_status(served, place, "COMPLETED")
    page.goto(served.console(place.at(agent=uuid_of(served, place, "teller"))))
    told = page.get_by_label("Input", exact=True)
    expect(told).to_be_visible()
    assert len(told.inner_text()) == 20_000
    page.get_by_role("button", name="Show all of Input").click()
    expect(told).to_contain_text("The end.")
    assert len(told.inner_text()) == len(text)


def test_a_session_of_300_agents_is_quick(served: Served, page: Page) -> None:
    place = stories.wide(served, 300, 20)
    stories.until_status(served, place, "WAITING_FOR_INPUT")
    stories.until(
        lambda: (
            sum(one["state"] == "WAITING_FOR_INPUT" for one in stories.agents(served, place)) == 15
        )
    )
    asked: list[str | None] = []
    page.on("request", lambda request: asked.append(request.post_data))
    page.goto(served.console(place.at()))
    graph = page.get_by_role("group", name="Graph of 300 agents.")
    expect(graph).to_be_visible()
    assert counts(page) == "? 15 asks a person ✓ 285 completed"
    first = len([body for body in asked if "SessionChanges" in (body or "")])
    assert first == 1, "one request tells all agents"
    for _ in range(3):
        page.keyboard.press("p")
    expect(page.get_by_role("complementary", name="Agent")).to_contain_text("asks a person")
    expect(page.locator(".node.selected")).to_be_in_viewport()
    page.keyboard.press("f")
    waiting = next(
        one for one in stories.agents(served, place) if one["state"] == "WAITING_FOR_INPUT"
    )
    stories.answer(served, place, waiting, approved=True)
    expect(page.get_by_role("group", name="Agents", exact=True)).to_contain_text("286 completed")
    page.get_by_role("link", name="Agents", exact=True).click()
    expect(page.locator("table.agent-rows tbody tr")).to_have_count(300)
    page.keyboard.press("/")
    expect(page.get_by_label("Search by name")).to_be_focused()
    page.keyboard.type("visa rules 29")
    expect(page.locator("table.agent-rows tbody tr")).to_have_count(1)
    page.get_by_label("Search by name").fill("")
    page.get_by_label("State").select_option("WAITING_FOR_INPUT")
    expect(page.locator("table.agent-rows tbody tr")).to_have_count(14)


def test_many_alike_are_one_node(served: Served, page: Page) -> None:
    many = [f"m{at}" for at in range(40)]
    place = stories.run(
        served,
        "Fan",
        [echo("begin"), *(echo(one, f"Check contract {one}") for one in many), echo("join")],
        [
            {"agentUuid": "begin"},
            *({"agentUuid": one, "predecessors": ["begin"]} for one in many),
            {"agentUuid": "join", "predecessors": many},
        ],
    )
    stories.until_status(served, place, "COMPLETED")
    page.goto(served.console(place.at(agent=uuid_of(served, place, "m7"))))
    folded = page.get_by_role("button", name=re.compile("40 . Check contract…, 40 completed"))
    expect(folded).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".node")).to_have_count(3)
    folded.click()
    expect(page.locator(".node")).to_have_count(43)
    expect(page.locator(".node.selected .hit")).to_have_attribute(
        "aria-label", "Check contract m7, completed"
    )


def test_a_session_is_shown_while_the_server_is_away(kept: Served, new_page: NewPage) -> None:
    page = new_page(expects_errors=True)
    place = stories.run(
        kept, "Kept", [echo("clerk")], [{"agentUuid": "clerk", "ask": {"kind": "APPROVAL"}}]
    )
    page.goto(kept.console(place.at()))
    expect(page.get_by_role("button", name="Clerk, asks a person")).to_be_visible()
    kept.stop()
    expect(page.locator(".old")).to_contain_text("The server does not answer", timeout=30_000)
    expect(page.get_by_role("button", name="Clerk, asks a person")).to_be_visible()
    kept.start()
    stories.answer(kept, place, stories.agents(kept, place)[0], approved=True)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_role("button", name="Clerk, completed")).to_be_visible()
    expect(page.locator(".old")).to_have_count(0)


def test_a_session_that_has_not_started_is_empty(served: Served, page: Page) -> None:
    where = stories.coordination(served, "Later", [echo("clerk")])
    made = stories.mutate(
        served, "createSession", "session { sessionUuid }", coordinationUuid=where
    )
    place = Place(where, made["session"]["sessionUuid"])
    for tab, told in (
        ("graph", "This session has no agents yet."),
        ("timeline", "No agent has run yet."),
        ("agents", "This session has no agents yet."),
        ("log", "The session was created"),
    ):
        page.goto(served.console(place.at(tab)))
        expect(page.get_by_text(told)).to_be_visible()
    expect(page.locator(".session-head .state")).to_contain_text("not started")


def test_there_is_no_such_session(served: Served, page: Page) -> None:
    nobody = "0199b0c0-0000-7000-8000-000000000000"
    page.goto(served.console(f"/session/{nobody}/{nobody}"))
    expect(page.get_by_text("There is no such session.")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_tab_is_accessible(
    served: Served, report: Place, new_page: NewPage, scheme: str
) -> None:
    page = new_page(bypass_csp=True, color_scheme=scheme, reduced_motion="reduce")
    opened = f"?unfold={uuid_of(served, report, 'reader')},{uuid_of(served, report, 'writer')}"
    for tab in TABS:
        page.goto(served.console(report.at(tab, query=opened)))
        page.get_by_role("heading", name="Quarterly report").wait_for()
        assert violations(page) == [], tab
    for agent in ("lawyer", "archive", "reader", "prices"):
        page.goto(served.console(report.at(agent=uuid_of(served, report, agent))))
        page.get_by_role("region", name="Attempts").wait_for()
        page.locator("details.rules").evaluate("details => details.open = true")
        assert violations(page) == [], agent
    page.get_by_role("button", name="Cancel…").click()
    assert violations(page) == []


def test_a_phone_shows_everything(served: Served, report: Place, new_page: NewPage) -> None:
    page = new_page(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    for tab in TABS:
        page.goto(served.console(report.at(tab)))
        page.get_by_role("heading", name="Quarterly report").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") == 360, tab
    page.goto(served.console(report.at()))
    page.get_by_role("button", name="Legal review").tap()
    expect(page.get_by_role("button", name="Approve")).to_be_in_viewport()
    page.get_by_role("button", name="Close").tap()
    expect(page.get_by_role("complementary", name="Agent")).to_have_count(0)
