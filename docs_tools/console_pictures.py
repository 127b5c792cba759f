"""Take pictures of the console for the documentation: `make pictures`.

The pictures are of real sessions on a development server, in both colour schemes, and a film of one
session from its start to its end.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image
from playwright.sync_api import Browser, Page

from docs_tools.console_world import Place, World, world
from tests.browser import chromium

FOLDER = Path(__file__).parents[1] / "docs" / "assets" / "console"
SIZE = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 780}
SCHEMES = "light", "dark"
SCHEDULES = {
    "research-with-review": "cron(0 8 ? * MON-FRI *)",
    "document-map-reduce": "rate(6 hours)",
}
SECONDS_OF_FILM = 24
FRAMES_PER_SECOND = 2
COLOURS = 64


class Picture(NamedTuple):
    """A screen to take: its address, and what a person does there first."""

    name: str
    path: str
    act: Callable[[Page], None] = lambda page: None
    size: dict[str, int] = SIZE


def _sessions(made: World) -> dict[str, Place]:
    """Start a session of every kind, and bring each to the moment that is shown."""
    labels = [{"key": "customer", "value": "Acme GmbH"}, {"key": "order", "value": "B-1042"}]
    places = {
        "offer": made.start("offer", userId="mia", labels=labels),
        "approved": made.start("offer", userId="tom", labels=labels[:1]),
        "rejected": made.start("offer", userId="mia"),
        "map": made.start("map-reduce", userId="tom"),
        "loop": made.start("writer-and-critic"),
        "nested": made.start("nested-task"),
        "supervisor": made.start("supervisor", userId="ann"),
        "caught": made.start("catch-and-compensate"),
        "quote": made.start("sales-quote", userId="ann", labels=labels[1:]),
        "triage": made.start("support-triage", userId="tom"),
        "order": made.start("order-desk", userId="mia"),
        "review": made.start("code-review"),
        "failed": made.start("invoice", userId="ann"),
    }
    for name in ("offer", "approved", "rejected", "quote", "triage", "order", "review", "nested"):
        made.wait(places[name], "WAITING_FOR_INPUT")
    made.answer(places["approved"], approved=True)
    made.answer(places["rejected"], approved=False, userInput="Acme has 60 people by now")
    for name in ("approved", "rejected", "map", "loop", "supervisor", "caught", "failed"):
        made.wait(places[name], "COMPLETED", "FAILED")
    return places


def _unfold(page: Page) -> None:
    """Unfold all agents that have added others."""
    # The chevron of a folded node points down.
    folded = page.locator(".toggle:has(path[d^='M8 10'])")
    while folded.count():
        folded.first.click()
        time.sleep(0.3)
    page.mouse.move(0, 0)
    page.keyboard.press("f")
    time.sleep(0.3)


def _choose(page: Page) -> None:
    """Choose the first question of the inbox."""
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    _settle(page)


def _agent(made: World, place: Place, name: str) -> str:
    agents = made.look(place)["sessionAgents"]["nodes"]
    return str(next(one["sessionAgentUuid"] for one in agents if one["agent"]["agentName"] == name))


def _pictures(made: World) -> list[Picture]:
    places = _sessions(made)
    offer = places["offer"]
    coordination, task = made.tasks["offer"]
    for name, schedule in SCHEDULES.items():
        made.schedule(name, schedule)
    nested = made.tasks["nested-task"]
    drawer = f"{offer.path}/graph/{_agent(made, offer, 'Offer')}"
    retried = f"{offer.path}/timeline/{_agent(made, offer, 'Prices')}"
    rejected = f"{places['rejected'].path}/graph/{_agent(made, places['rejected'], 'Offer')}"
    return [
        Picture("sessions", "/sessions"),
        Picture("session", drawer),
        Picture("session-timeline", retried),
        Picture("session-agents", f"{places['map'].path}/agents"),
        Picture("session-log", f"{places['failed'].path}/log"),
        Picture("session-map", f"{places['map'].path}/graph", _unfold),
        Picture("session-loop", f"{places['loop'].path}/graph", _unfold),
        Picture("session-nested", f"{places['nested'].path}/graph", _unfold),
        Picture("session-delegation", f"{places['supervisor'].path}/graph", _unfold),
        Picture("session-rejected", rejected),
        Picture("session-failed", f"{places['failed'].path}/graph"),
        Picture("inbox", "/inbox?of=all", _choose),
        Picture("start", f"/start/{coordination}/{task}"),
        Picture("blueprints", "/blueprints"),
        Picture("coordination", f"/coordination/{coordination}"),
        Picture("task", f"/task/{coordination}/{task}"),
        Picture("task-nested", f"/task/{nested[0]}/{nested[1]}"),
        Picture("schedules", "/schedules"),
        Picture("phone-session", drawer, size=PHONE),
        Picture("phone-inbox", "/inbox?of=all", size=PHONE),
    ]


def _settle(page: Page) -> None:
    """Wait until nothing is being loaded and nothing moves."""
    page.wait_for_load_state("networkidle")
    page.locator("[aria-busy=true]").wait_for(state="hidden")
    time.sleep(0.5)


def _take(browser: Browser, made: World, picture: Picture, scheme: str, folder: Path) -> None:
    looks: dict[str, Any] = {"viewport": picture.size, "color_scheme": scheme}
    context = browser.new_context(**looks, locale="en-GB", reduced_motion="reduce")
    page = context.new_page()
    page.goto(made.served.console(picture.path))
    _settle(page)
    picture.act(page)
    image = Image.open(BytesIO(page.screenshot()))
    _write(image, folder / f"{picture.name}-{scheme}.png")
    context.close()


def _write(image: Image.Image, path: Path) -> None:
    """Write a picture with few colours: a page of text needs no more, and the file is small."""
    image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def _film(browser: Browser, made: World, folder: Path) -> None:
    """Film a session from its start until it has completed. Its question is answered meanwhile."""
    context = browser.new_context(viewport={"width": 960, "height": 540}, locale="en-GB")
    page = context.new_page()
    place = made.start("offer", userId="mia")
    page.goto(made.served.console(f"{place.path}/graph"))
    page.locator(".node").first.wait_for()
    frames: list[Image.Image] = []

    def film(seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        for _ in range(int(seconds * FRAMES_PER_SECOND)):
            frames.append(Image.open(BytesIO(page.screenshot())).convert("RGB"))
            if until():
                return
            time.sleep(1 / FRAMES_PER_SECOND)

    header = page.get_by_role("main")
    film(SECONDS_OF_FILM, lambda: header.get_by_text("asks a person").count() > 0)
    film(1)
    page.locator(".node", has_text="Offer").click()
    film(2)
    page.get_by_role("button", name="Approve").click()
    film(SECONDS_OF_FILM, lambda: made.look(place)["status"] == "COMPLETED")
    page.keyboard.press("Escape")
    film(2)
    palette = _stacked(frames[:: max(1, len(frames) // 6)]).quantize(COLOURS)
    small = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    durations = [1000 // FRAMES_PER_SECOND] * (len(small) - 1) + [3000]
    small[0].save(
        folder / "session.gif",
        save_all=True,
        append_images=small[1:],
        duration=durations,
        loop=0,
        optimize=True,
    )
    context.close()


def _stacked(frames: Sequence[Image.Image]) -> Image.Image:
    """Put frames below each other, so that a palette has the colours of all."""
    width, height = frames[0].size
    stacked = Image.new("RGB", (width, height * len(frames)))
    for number, frame in enumerate(frames):
        stacked.paste(frame, (0, number * height))
    return stacked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to (%(default)s)")
    parser.add_argument("--only", help="the names of pictures, separated by commas")
    parser.add_argument("--no-film", action="store_true", help="take no film")
    options = parser.parse_args()
    only = set(options.only.split(",")) if options.only else None
    options.folder.mkdir(parents=True, exist_ok=True)
    with chromium.launched() as browser, world() as made:
        if not options.no_film:
            _film(browser, made, options.folder)
        for picture in _pictures(made):
            if only is None or picture.name in only:
                for scheme in SCHEMES:
                    _take(browser, made, picture, scheme, options.folder)
                sys.stdout.write(f"{picture.name}\n")


if __name__ == "__main__":
    main()
