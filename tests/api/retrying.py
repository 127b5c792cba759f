"""Sessions that have failed, and their retries."""

from typing import Any

from tests.api.execution import (
    after,
    agents,
    echo,
    external,
    report,
    started,
    tell,
    work_off,
)
from tests.support.graph_api import Place, change

GIVEN_KEY = "session { sessionUuid status }"
ONCE = {"maxAttempts": 1}


def retry(place: Place, **more: Any) -> None:
    change("retrySession", {**place.key, **more}, GIVEN_KEY)
    work_off()


def address(place: Place, name: str) -> str:
    return str(agents(place)[name]["sessionAgentUuid"])


def fail(place: Place, name: str) -> None:
    tell("failSessionAgent", {**report(place, name), "notes": "No", "retryable": False})


def complete(place: Place, name: str, output: str) -> None:
    tell("completeSessionAgent", {**report(place, name), "agentOutput": output})


def side_by_side() -> Place:
    """A has completed; b has failed, and c, which follows it, is cancelled; d has completed."""
    actions = [after("a"), after("b", "a"), after("c", "b"), after("d", "a")]
    place = started([echo("a"), external("b"), echo("c"), echo("d")], actions)
    fail(place, "b")
    return place


def continued() -> Place:
    """A failed; b went on without it, and c followed b."""
    actions = [after("a", onFailure="CONTINUE"), after("b", "a"), after("c", "b"), after("d")]
    place = started([external("a"), echo("b"), echo("c"), echo("d")], actions)
    fail(place, "a")
    return place
