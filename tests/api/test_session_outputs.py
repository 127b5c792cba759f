"""The output of a session, by the expression of its task."""

from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.services import validation
from tests.api.execution import (
    after,
    agents,
    blueprint,
    echo,
    external,
    report,
    start,
    tell,
    work_off,
)
from tests.support.graph_api import CALLER, Place, change, data
from tests.support.recording import Call, recorded_calls
from tests.support.stored import stored

pytestmark = pytest.mark.usefixtures("worked_queue")

OUTPUT = """query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) {
    status output logs { level message }
} }"""
FAILED = "No output: `output` has failed: "
FORKED = [after("a"), after("b", "a"), after("c", "a", when="`false`")]
READ_AGENTS = Call("dynamodb", "Query")


def shown(place: Place) -> dict[str, Any]:
    given = {"c": place.coordination, "s": place.session}
    return dict(data(OUTPUT, given, CALLER)["session"])


def errors(place: Place) -> list[str]:
    return [entry["message"] for entry in shown(place)["logs"] if entry["level"] == "ERROR"]


def ended(output: str | None, said: str = '{"n": 7}') -> Place:
    """A session of which B says this, and C is skipped. Nobody follows them."""
    names = ("a", "b", "c")
    work = {"a": "first", "b": said, "c": "never"}
    queries = [{"agentUuid": name, "subtaskQuery": work[name]} for name in names]
    key = blueprint([echo(name) for name in names], FORKED, output=output)
    place = start(key, taskQuery="Which?", subtaskQueries=queries)
    work_off()
    return place


VALUES = {
    "a text": ("states.b", "COMPLETED"),
    "a number": ("outputs.b.n", "7"),
    "an object": ("{b: outputs.b.n, c: outputs.c}", '{"b": 7, "c": null}'),
    "the query": ("taskQuery", "Which?"),
    "those that no other follows": ("outputs", '{"b": {"n": 7}, "c": null}'),
    "null": ("outputs.c", None),
    "no expression": (None, '{"b": {"n": 7}, "c": null}'),
}


@pytest.mark.parametrize(("expression", "expected"), VALUES.values(), ids=VALUES)
def test_a_completed_session_has_the_value_of_its_tasks_expression(
    expression: str | None, expected: str | None
) -> None:
    place = ended(expression)

    assert shown(place) == {"status": "COMPLETED", "output": expected, "logs": []}


def test_an_expression_that_fails_leaves_the_session_completed_without_an_output() -> None:
    place = ended("sum(outputs.b)")

    assert (shown(place)["status"], shown(place)["output"]) == ("COMPLETED", None)
    (message,) = errors(place)
    assert message.startswith(FAILED)
    assert message.endswith("Its expression is: sum(outputs.b)")


# What JSON can hold, but Python cannot write, or only if its stack is not deep.
UNWRITABLE = {
    "a long number": (f'{{"n": [{"9" * 4_300}, 1]}}', "sum(outputs.b.n)", "4,300 digits"),
    "a deep value": ("[" * 480 + "]" * 480, "[" * 30 + "outputs.b" + "]" * 30, "500 levels deep"),
}


@pytest.mark.parametrize(("said", "expression", "why"), UNWRITABLE.values(), ids=UNWRITABLE)
def test_an_output_that_cannot_be_written_is_left_out(said: str, expression: str, why: str) -> None:
    place = ended(expression, said)

    assert (shown(place)["status"], shown(place)["output"]) == ("COMPLETED", None)
    (message,) = errors(place)
    assert message.startswith(FAILED)
    assert why in message


def test_a_large_output_is_in_the_bucket(bucket: None) -> None:
    said = "ü" * 5_000

    place = ended("outputs.b", said)

    assert shown(place)["output"] == said
    assert isinstance(
        stored(models.Session, place.coordination, place.session).output, models.LargeText
    )


def test_an_output_that_is_too_large_is_left_out(bucket: None) -> None:
    place = ended(
        "join('', [outputs.b, outputs.b])", "x" * (validation.LONGEST_TEXT_BYTES // 2 + 1)
    )

    assert (shown(place)["status"], shown(place)["output"]) == ("COMPLETED", None)
    assert "2 MB" in errors(place)[0]


def test_without_a_bucket_an_output_that_fills_the_item_is_left_out() -> None:
    place = ended("join('', [outputs.b, outputs.b, outputs.b, outputs.b])", "x" * 100_000)

    assert (shown(place)["status"], shown(place)["output"]) == ("COMPLETED", None)
    assert "there is no bucket for large texts" in errors(place)[0]


def test_an_output_reads_the_last_agents_in_the_end_and_lists_no_agents_once_more() -> None:
    queries, batches = [], []
    for output in (None, "states.b"):
        actions = [after("a"), after("b", "a")]
        key = blueprint([external("a"), external("b")], actions, output=output)
        place = start(key, taskQuery="Which?")
        work_off()
        for name in "ab":
            with recorded_calls() as calls:
                tell("completeSessionAgent", {**report(place, name), "agentOutput": "Done"})
        queries.append(calls.count(READ_AGENTS))
        batches.append(calls.count(Call("dynamodb", "BatchGetItem")))

    assert queries[1] == queries[0]
    assert batches[1] == batches[0] + 1


def test_a_failed_session_has_no_output_and_a_retry_has_a_new_one() -> None:
    key = blueprint([external("a")], [after("a", retry={"maxAttempts": 1})], output="outputs.a")
    place = start(key, taskQuery="Which?")
    work_off()
    tell("failSessionAgent", {**report(place, "a"), "notes": "No"})
    assert (shown(place)["status"], shown(place)["output"]) == ("FAILED", None)

    seen = []
    for output in ("one", "two"):
        named = [agents(place)["a"]["sessionAgentUuid"]]
        change("retrySession", {**place.key, "sessionAgentUuids": named}, "session { status }")
        seen.append(shown(place)["output"])
        work_off()
        tell("completeSessionAgent", {**report(place, "a"), "agentOutput": output})
        seen.append(shown(place)["output"])

    assert seen == [None, "one", None, "two"]
