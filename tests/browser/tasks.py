"""Tasks for tests of their editor, and what one does there."""

import re
from typing import Any, Literal

from playwright.sync_api import Locator, Page

from tests.browser.served import Served

TASK = """query Q($c: ID!, $t: ID!) { task(coordinationUuid: $c, taskUuid: $t) {
  taskName taskDescription initialTaskQuery output version
  subtaskQueries { agentUuid subtaskQuery } budget { tokens dollars seconds }
  agentActions { agentUuid predecessors when input outputSchema delaySeconds primaryPath taskUuid
    delegatesTo userInTheLoop timeoutSeconds answerTimeoutSeconds heartbeatSeconds onFailure
    maxTurns forEach { items maxConcurrency toleratedFailures } repeat { until maxRounds }
    ask { kind title assignee group form options default onTimeout onRejection }
    retry { maxAttempts intervalSeconds backoffRate } } } }"""
AGENTS = ("one", "two", "three", "four")


def coordination(served: Served, *uuids: str, name: str = "Desk") -> str:
    agents = [
        {"agentUuid": uuid, "agentName": uuid.title(), "runtime": {"kind": "ECHO"}}
        for uuid in uuids or AGENTS
    ]
    arguments = {"coordinationName": name, "agents": agents}
    payload = served.api.mutate(
        "createCoordination", "coordination { coordinationUuid }", arguments
    )
    return str(payload["coordination"]["coordinationUuid"])


def task(served: Served, c: str, *actions: dict[str, Any], **fields: Any) -> str:
    arguments = {"coordinationUuid": c, "taskName": "Daily", "agentActions": actions, **fields}
    return str(served.api.mutate("createTask", "task { taskUuid }", arguments)["task"]["taskUuid"])


def stored(served: Served, c: str, t: str) -> Any:
    return served.api.execute(TASK, c=c, t=t)["task"]


def predecessors(served: Served, c: str, t: str) -> dict[str, list[str]]:
    return {
        action["agentUuid"]: action["predecessors"]
        for action in stored(served, c, t)["agentActions"]
    }


def opened(served: Served, page: Page, *path: str) -> Page:
    page.goto(served.console("/".join(["/task", *path])))
    page.locator(".task-graph .node").first.wait_for()
    return page


def save(page: Page, version: int) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text(f"version {version}", exact=True).wait_for()


def waits_for(page: Page, name: str) -> Locator:
    return page.get_by_role("group", name="Waits for").get_by_label(name)


def field(page: Page, label: str) -> Locator:
    """The field whose label begins like this."""
    name = re.compile(f"^{re.escape(label)}")
    kinds: tuple[Literal["textbox", "spinbutton", "combobox"], ...] = ("spinbutton", "combobox")
    found = page.get_by_role("textbox", name=name)
    for kind in kinds:
        found = found.or_(page.get_by_role(kind, name=name))
    return found


def section(page: Page, title: str) -> None:
    page.locator("summary", has_text=title).click()


def drag(page: Page, start: str, end: str) -> None:
    # Where a message comes or goes, the graph gets another room, and moves a moment later.
    page.locator(f".node[data-id='{start}']").hover(trial=True)
    boxes = [page.locator(f".node[data-id='{uuid}']").bounding_box() for uuid in (start, end)]
    (x, y), (to_x, to_y) = [
        (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes if box
    ]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move((x + to_x) / 2, (y + to_y) / 2, steps=4)
    page.mouse.move(to_x, to_y, steps=4)
    page.mouse.up()
