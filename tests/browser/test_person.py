"""On the development server a tab is the person that its user chooses."""

import pytest

from tests.browser.axe import violations
from tests.browser.conftest import NewPage, Page
from tests.browser.served import Served

pytestmark = pytest.mark.browser
VIEWER = """async () => {
    const { ask } = await import('/console/api.js');
    return (await ask('{ viewer { userId groups } }')).viewer;
}"""


def choose(page: Page, now: str, user: str, groups: str) -> None:
    page.get_by_role("button", name=now).click()
    page.get_by_label("User").fill(user)
    page.get_by_label("Groups").fill(groups)
    with page.expect_navigation():
        page.get_by_label("Groups").press("Enter")


def test_two_tabs_are_two_people_until_they_are_nobody(served: Served, new_page: NewPage) -> None:
    mia, zoe = new_page(), new_page()
    for page in (mia, zoe):
        page.goto(served.console())
    nobody = mia.evaluate(VIEWER)
    choose(mia, "Choose a person", "mia", "finance, legal")
    choose(zoe, "Choose a person", "Zoë, 佐藤", "")

    mia.reload()
    people = [page.evaluate(VIEWER) for page in (mia, zoe)]
    mia.get_by_role("button", name="mia", exact=True).click()
    with mia.expect_navigation():
        mia.get_by_role("button", name="Be nobody").click()

    mia.get_by_role("button", name="Nobody", exact=True).wait_for()
    assert nobody == mia.evaluate(VIEWER) == {"userId": None, "groups": []}
    assert people == [
        {"userId": "mia", "groups": ["finance", "legal"]},
        {"userId": "Zoë, 佐藤", "groups": []},
    ]


def test_the_choice_is_accessible(served: Served, new_page: NewPage) -> None:
    page = new_page(bypass_csp=True)
    page.goto(served.console())
    page.get_by_role("button", name="Choose a person").click()

    assert violations(page) == []
