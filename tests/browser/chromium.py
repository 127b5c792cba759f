"""Chromium or Chrome as it is installed on this machine: Playwright does not download one."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
WHY_MISSING = None if CHROMIUM else "Chromium is not installed, and CHROMIUM names no other browser"


@contextmanager
def launched() -> Iterator[Browser]:
    """Within the block, run a browser without a window. Without one, exit and say so."""
    if WHY_MISSING:
        sys.exit(WHY_MISSING)
    # Chromium refuses to run as root with its sandbox.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()
