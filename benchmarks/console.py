"""Measure how fast the console draws a session: `make bench-console`.

The page is the real one, in Chromium. In place of the API a script answers at once, so that only
the page is measured: from an answer to the frame that shows it. Processor time is that of the
page's main thread, and says most on a shared machine.
"""

import argparse
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser

from tests.browser import chromium
from tests.browser.served import Served

SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
SIZES = (50, 300, 1000)
KINDS = ("first", "one", "all")
NOBODY = "00000000-0000-7000-8000-000000000001"


def main() -> None:
    """Print a table: the median of some runs, in milliseconds of processor time and elapsed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with chromium.launched() as browser, Served() as served:
        print("| agents | first render | one changes | all change | elements of the page |")
        print("|---|---|---|---|---|")
        for size in SIZES:
            pages = [_Measured(browser, served, size) for _ in range(runs)]
            cells = [
                f"**{_median(page.spent[kind] for page in pages):.0f} ms**"
                f" ({_median(page.elapsed[kind] for page in pages):.0f})"
                for kind in KINDS
            ]
            print(f"| {size:,} | {' | '.join(cells)} | {pages[0].elements:,} |")


def _median(values: Iterable[list[float]]) -> float:
    return median(chain.from_iterable(values))


class _Measured:
    """What a page of its own took for each kind of change, in milliseconds."""

    def __init__(self, browser: Browser, served: Served, size: int) -> None:
        self._page = browser.new_page(viewport={"width": 1440, "height": 860})
        self._metrics = self._page.context.new_cdp_session(self._page)
        self._metrics.send("Performance.enable", {"timeDomain": "threadTicks"})
        self.spent: dict[str, list[float]] = {kind: [] for kind in KINDS}
        self.elapsed: dict[str, list[float]] = {kind: [] for kind in KINDS}
        self._page.add_init_script(f"window.agentCount = {size};\n{SCRIPT}")
        self._page.goto(served.console(f"/session/{NOBODY}/{NOBODY}"))
        self._page.locator(".skeleton").wait_for()
        self._measure("first", "first()")
        for at in range(5):
            self._measure("one", f"change({at}, {at + 1}, 'COMPLETED')")
        for state in ("IN_PROGRESS", "COMPLETED", "FAILED"):
            self._measure("all", f"change(0, {size}, '{state}')")
        self.elements: int = self._page.evaluate("document.querySelectorAll('*').length")
        self._page.close()

    def _measure(self, kind: str, action: str) -> None:
        before = self._processor_milliseconds()
        self.elapsed[kind].append(self._page.evaluate(action))
        self.spent[kind].append(self._processor_milliseconds() - before)

    def _processor_milliseconds(self) -> float:
        metrics = self._metrics.send("Performance.getMetrics")["metrics"]
        return 1000 * float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))


if __name__ == "__main__":
    main()
