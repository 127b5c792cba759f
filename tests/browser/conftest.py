"""Chromium, and the development server that it looks at.

Every page fails its test if the browser reports an error: an exception, a violation of the content
security policy, or a file that is missing.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="make browser installs Playwright")

from playwright.sync_api import (  # noqa: E402 - after it is known to be there
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Route,
    expect,
)

from tests.browser import chromium  # noqa: E402
from tests.browser.served import Served  # noqa: E402

__all__ = ["BrowserContext", "NewPage", "Page", "Route", "expect"]
PACKAGES = Path(__file__).parents[2] / ".venv-browser" / "node_modules"
SECONDS_TO_APPEAR = 30
expect.set_options(timeout=SECONDS_TO_APPEAR * 1000)
NewPage = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if chromium.WHY_MISSING:
        pytest.skip(chromium.WHY_MISSING)
    with chromium.launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """A server for all tests of a file."""
    with Served() as running:
        yield running


@pytest.fixture
def new_page(browser: Browser) -> Iterator[NewPage]:
    """Open pages, each in a context of its own: as people at different computers."""
    errors: list[str] = []

    def report(said: ConsoleMessage) -> None:
        if said.type == "error":
            errors.append(said.text)

    with ExitStack() as open_contexts:

        def open_page(*, expects_errors: bool = False, **options: Any) -> Page:
            context: BrowserContext = browser.new_context(locale="en-GB", **options)
            open_contexts.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(SECONDS_TO_APPEAR * 1000)
            if not expects_errors:
                page.on("pageerror", lambda error: errors.append(str(error)))
                page.on("console", report)
            return page

        yield open_page
    assert errors == []


@pytest.fixture
def page(new_page: NewPage) -> Page:
    return new_page()
