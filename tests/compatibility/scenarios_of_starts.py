"""Scenarios of starts: at once, in chunks, by hand, and starts whose worker died."""

from typing import Any
from unittest.mock import patch

from ai_coordination import models, texts
from ai_coordination.engine.session import start as starting
from tests.api.execution import WAITS, after, blueprint, echo, function, start
from tests.compatibility.completion import finish
from tests.compatibility.life import Life
from tests.compatibility.scenarios_of_runs import look_and_die
from tests.simulation.simulator import survives
from tests.simulation.snapshot import StoreReader
from tests.support.graph_api import Place, change, create, new_session
from tests.support.world import THREAD, USER

# Larger than what an item holds itself.
LARGE = "Which? " * 586
FILE = {"name": "prices", "uri": "s3://prices/2026.csv", "mediaType": "text/csv"}


def join(life: Life) -> None:
    """A retry that waits, an approval, a function that is waited for."""
    key = blueprint(
        [echo("left"), echo("flaky", fail={"attempts": 1}), function("last", **WAITS)],
        [
            after("left", timeoutSeconds=120),
            after("flaky", retry={"maxAttempts": 2, "intervalSeconds": 100}),
            after("last", "left", "flaky", userInTheLoop="APPROVAL", primaryPath=False),
        ],
    )
    life.recording = True
    start(key, taskQuery="Which?", userId=USER, inputFiles=[FILE], idempotencyKey="once")
    finish(life)


def large(life: Life) -> None:
    """Texts in the bucket, and a member's parameters."""
    life.recording = True
    key = blueprint([echo("a", prompt=LARGE)], [after("a")])
    start(key, taskQuery=LARGE, threadUuid=THREAD)
    finish(life)


def _chunks() -> Any:
    """No session fits into one transaction."""
    return patch.object(starting, "MOST_AT_ONCE", 0)


def _pair() -> dict[str, str]:
    work = [
        {"agentUuid": "a", "subtaskQuery": "Which {thing}?"},
        {"agentUuid": "b", "subtaskQuery": "{thing}?"},
    ]
    actions = [after("a"), after("b", "a")]
    return blueprint([echo("a"), echo("b")], actions, subtaskQueries=work)


def started_in_chunks(life: Life) -> None:
    """The session first, with its graph, and then its agents."""
    key = _pair()
    life.recording = True
    with _chunks():
        start(key, taskQuery='{"thing": "them"}')
    life.recording = False
    finish(life)


def graph_in_the_bucket(life: Life) -> None:
    """The same, of a graph that is large."""
    with patch.object(texts, "LARGEST_INLINE_BYTES", 128):
        started_in_chunks(life)


def built_by_hand(life: Life) -> None:
    """Agents with addresses that are drawn, and then dispatched."""
    coordination = blueprint([echo("a"), function("b")])["coordinationUuid"]
    life.recording = True
    session = new_session(coordination, userId=USER, taskQuery="Which?", inputFiles=[FILE])
    key = {"coordinationUuid": coordination, "sessionUuid": session}
    first = create("createSessionAgent", {**key, "agentUuid": "a", "subtaskQuery": "What?"})
    told = {"notes": "Mind the gap", "userInput": "Blue", "agentInput": "Given"}
    before = [first["sessionAgentUuid"]]
    create("createSessionAgent", {**key, "agentUuid": "b", "predecessors": before, **told})
    change("dispatchSession", key, "session { status }")
    life.recording = False
    finish(life)


def cancelled_start(life: Life) -> None:
    """Whose agents are only partly there."""
    key = _pair()
    life.dies_at = life.writes + 3
    with _chunks():
        assert not survives(lambda: start(key, taskQuery='{"thing": "them"}'))
    session = StoreReader(life.store).all_of(models.Session)[0]
    life.recording = True
    place = Place(session.coordination_uuid, session.session_uuid)
    change("cancelSession", place.key, "session { status }")


def picked_up(life: Life) -> None:
    """A start whose worker has died: the sweep sends for the session."""
    key = _pair()
    life.dies_at = life.writes + 3
    with _chunks():
        assert not survives(lambda: start(key, taskQuery='{"thing": "them"}'))
        life.recording = True
        look_and_die(life)
        life.step()
    life.recording = False
    finish(life)
