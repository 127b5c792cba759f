"""Accessibility of a page, checked by axe-core against WCAG 2.2 AA."""

from typing import Any

from tests.browser.conftest import PACKAGES, Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page) -> list[str]:
    """What is wrong with the page as it is now: the rule and the first elements.

    The page must be opened with `bypass_csp=True`: its policy allows no foreign script.
    """
    page.add_script_tag(path=PACKAGES / "axe-core" / "axe.min.js")
    found: dict[str, Any] = page.evaluate(
        "rules => axe.run(document, { runOnly: { type: 'tag', values: rules } })", RULES
    )
    return [
        f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes'][:3]]}"
        for one in found["violations"]
    ]
