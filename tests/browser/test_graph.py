"""Graphs: where nodes and edges lie, and how one moves in them."""

from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Page, expect
from tests.browser.served import Served
from tests.browser.stage import open_stage

pytestmark = pytest.mark.browser

SCRIPT = Path(__file__).with_name("graphs.js").read_text(encoding="utf-8")


def run(page: Page, name: str, argument: Any = None) -> Any:
    """Run a function of the script in the page."""
    return page.evaluate(f"argument => ({SCRIPT}).{name}(argument)", argument)


def chain(count: int) -> list[dict[str, Any]]:
    return [
        {"id": f"n{at}", "label": f"Step {at}", "stamp": "", "className": "s-COMPLETED"}
        | {"predecessors": [f"n{at - 1}"] if at else []}
        | ({"fold": "closed"} if at == 1 else {})
        for at in range(count)
    ]


def test_nothing_overlaps_and_edges_point_one_way(served: Served, page: Page) -> None:
    open_stage(served, page)
    for seed in range(1, 13):
        graph = {"layers": 3 * seed, "perLayer": 6, "seed": seed, "framed": seed % 4}
        for downwards in (False, True):
            found = run(page, "check", graph | {"isDownwards": downwards})
            assert found == {"wrong": [], "boxes": 0, "edges": 0}, (seed, downwards)


def test_a_circle_is_drawn_without_the_edge_that_closes_it(served: Served, page: Page) -> None:
    open_stage(served, page)
    assert run(page, "edgesOfACircle") == ["ab", "bc"]


def test_a_graph_is_walked_through_by_keys(served: Served, page: Page) -> None:
    open_stage(served, page)
    run(page, "mount", {"nodes": chain(40)})
    graph = page.get_by_role("group", name="Graph")
    node = graph.get_by_role("button", name="Step 0", exact=True)
    box = node.bounding_box()
    assert box is not None
    assert box["width"] > 100, "a graph begins where it can be read"
    node.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "Space", "ArrowRight", "Enter", "ArrowUp"):
        page.keyboard.press(key)
    assert page.evaluate("happened") == ["fold n1", "open n2"]
    expect(graph.get_by_role("button", name="Step 2", exact=True)).to_be_focused()
    expect(graph.locator("[tabindex='0']")).to_have_count(1)  # The tab key stops once.
    for _ in range(37):
        page.keyboard.press("ArrowRight")
    expect(graph.get_by_role("button", name="Step 39", exact=True)).to_be_in_viewport()
    page.keyboard.press("f")
    for step in (0, 39):
        expect(graph.get_by_role("button", name=f"Step {step}", exact=True)).to_be_in_viewport()


def test_a_graph_reacts_to_the_mouse_as_soon_as_it_is_drawn(served: Served, page: Page) -> None:
    open_stage(served, page)
    assert run(page, "turnTheWheelAtOnce", {"nodes": chain(4)})


def test_a_graph_is_moved_by_the_mouse(served: Served, page: Page) -> None:
    open_stage(served, page)
    run(page, "mount", {"nodes": chain(4)})
    first = page.get_by_role("button", name="Step 0", exact=True)
    before = first.bounding_box()
    assert before is not None
    page.mouse.move(before["x"] + 30, before["y"] + 20)
    page.mouse.down()
    page.mouse.move(before["x"] + 80, before["y"] + 50, steps=4)
    page.mouse.up()
    after = first.bounding_box()
    assert after is not None
    assert (round(after["x"] - before["x"]), round(after["y"] - before["y"])) == (50, 30)
    assert page.evaluate("happened") == [], "a drag selects nothing"
    page.mouse.wheel(0, -300)
    larger = first.bounding_box()
    assert larger is not None
    assert larger["width"] > after["width"] * 1.3
    first.click()
    assert page.evaluate("happened") == ["open n0"]
    page.locator(".toggle").click()
    assert page.evaluate("happened") == ["open n0", "fold n1"]


def test_nodes_are_connected_by_drag(served: Served, page: Page) -> None:
    open_stage(served, page)
    run(page, "mount", {"nodes": chain(4), "connects": True})
    page.get_by_role("button", name="Step 0", exact=True).drag_to(
        page.get_by_role("button", name="Step 3", exact=True)
    )
    assert page.evaluate("happened") == ["n0 to n3"]
    page.get_by_role("button", name="Step 0", exact=True).click()
    assert page.evaluate("happened") == ["n0 to n3", "open n0"]
