"""Scenarios of control flow: branches, lists, loops, sub-tasks, delegations, and their retries."""

from contextlib import AbstractContextManager, ExitStack
from typing import Any
from unittest.mock import patch

from ai_coordination.engine.agent.growth import grow, rest
from tests.api.execution import WAITS, after, blueprint, echo, external, function, start
from tests.compatibility.completion import finish
from tests.compatibility.life import DELEGATES, Life
from tests.compatibility.scenarios_of_runs import ONCE, tell
from tests.support.graph_api import Place, change, new_task

PAIR = '["x", "y"]'


def _in_chunks() -> AbstractContextManager[Any]:
    """No growth fits into one transaction, and each chunk has one agent."""
    with ExitStack() as patches:
        patches.enter_context(patch.object(grow, "MOST_AT_ONCE", 0))
        patches.enter_context(patch.object(rest, "CHUNK", 1))
        return patches.pop_all()


def branching(life: Life) -> None:
    """One branch is skipped, the other one begins later, and the session has an output."""
    life.recording = True
    key = blueprint(
        [echo("a"), echo("b"), echo("c"), echo("d")],
        [
            after("a"),
            after("b", "a", when='outputs."a".done'),
            after("c", "a", delaySeconds=20),
            after("d", "b", "c"),
        ],
        output="outputs.d",
    )
    start(key, taskQuery="Which?")
    finish(life)


def listing(life: Life) -> None:
    """Elements of a list, one after the other, written in chunks."""
    each = {"items": "outputs.a", "maxConcurrency": 1, "toleratedFailures": 1}
    work = [{"agentUuid": "a", "subtaskQuery": PAIR}]
    actions = [after("a"), after("b", "a", forEach=each), after("c", "b")]
    key = blueprint([echo("a"), echo("b"), echo("c")], actions, subtaskQueries=work)
    life.recording = True
    with _in_chunks():
        start(key, taskQuery="Which?")
        finish(life)


def looping(life: Life) -> None:
    """Rounds of another task, in one transaction each."""
    key = blueprint([echo("a"), echo("b"), echo("c")])
    inner = new_task(
        key["coordinationUuid"], agentActions=[after("b"), after("c", "b", input="taskQuery")]
    )
    repeat = {"until": "round >= `2`", "maxRounds": 3}
    outer = new_task(
        key["coordinationUuid"], agentActions=[after("a", taskUuid=inner, repeat=repeat)]
    )
    life.recording = True
    start({"coordinationUuid": key["coordinationUuid"], "taskUuid": outer}, taskQuery="Which?")
    finish(life)


def delegating(life: Life) -> None:
    """A function delegates work to two others, one after the other."""
    members = [function(DELEGATES, **WAITS), echo("b"), echo("c")]
    key = blueprint(members, [after(DELEGATES, delegatesTo=["b", "c"])])
    life.recording = True
    start(key, taskQuery="Which?")
    finish(life)


def _cancelled_growth(life: Life) -> Place:
    """A list after an agent that failed, one of whose elements is being worked on."""
    actions = [
        after("a", onFailure="CONTINUE", retry=ONCE),
        after("b", "a", forEach={"items": "outputs.a && `[5]` || `[1, 2]`"}),
    ]
    place = start(blueprint([external("a"), external("b")], actions), taskQuery="Which?")
    life.idle()
    tell(life, "failSessionAgent", "a", notes="No", retryable=False)
    life.idle()
    change("cancelSession", place.key, "session { status }")
    life.idle()
    return place


def grown_anew(life: Life) -> None:
    """A retry replaces the elements of a list that may be another one."""
    place = _cancelled_growth(life)
    life.recording = True
    change("retrySession", place.key, "session { status }")
    life.idle()
    life.recording = False
    finish(life)


def cancelled_growth(life: Life) -> None:
    """A list is cancelled while its elements are written."""
    each = {"items": "`[1, 2, 3]`"}
    key = blueprint([external("a")], [after("a", forEach=each)])
    place = start(key, taskQuery="Which?")
    life.dies_at = life.writes + 3
    with _in_chunks():
        life.step()
    life.recording = True
    change("cancelSession", place.key, "session { status }")
    life.idle()
