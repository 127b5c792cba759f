"""Large texts, and where they are kept."""

from typing import Any

from tests.api.execution import blueprint, external, start, work_off
from tests.support.graph_api import (
    Place,
    data,
    new_coordination,
    new_session,
)

LARGE = "€" * 2_000
SUBTASKS = """query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) {
    taskQuery subtaskQueries { subtaskQuery }
} }"""


def built(**more: Any) -> Place:
    """A session that has not started."""
    coordination = new_coordination()
    return Place(coordination, new_session(coordination, **more))


def shown(document: str, place: Place) -> dict[str, object]:
    return dict(data(document, {"c": place.coordination, "s": place.session})["session"])


def working() -> Place:
    """A session whose one agent works elsewhere."""
    place = start(blueprint([external("a")]), taskQuery="Which?")
    work_off()
    return place
