"""Texts of more than 4 KB are stored in the bucket, read when requested, and deleted."""

from secrets import token_hex
from unittest.mock import patch

import pytest

from ai_coordination import models, texts
from ai_coordination.clients import TextBucket
from tests.api import execution
from tests.api.execution import after, blueprint, echo, external, report, start, work_off
from tests.api.large_texts import LARGE, SUBTASKS, built, shown, working
from tests.support.bucket import keys_in_bucket
from tests.support.graph_api import (
    CALLER,
    RIVAL,
    Place,
    ask,
    change,
    create,
    new_coordination,
    new_session,
)
from tests.support.recording import Call, recorded_calls
from tests.support.stored import everything_stored, refused, stored

pytestmark = pytest.mark.usefixtures("tables", "worked_queue", "bucket")
TWO_MB = 2 * 1024 * 1024
READ = Call("s3", "GetObject")
STATUS = "query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) { status } }"
TEXTS = """query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) {
    taskQuery sessionAgents { nodes { subtaskQuery agentInput agentOutput } }
} }"""


def test_large_texts_are_kept_once_outside_of_the_items() -> None:
    place = start(blueprint([echo("a"), echo("b")]), taskQuery=LARGE)
    work_off()

    session = stored(models.Session, place.coordination, place.session)
    assert len(keys_in_bucket()) == 1
    assert isinstance(session.task_query, models.LargeText)
    assert session.task_query.size == 6_000
    assert LARGE not in str(everything_stored())
    agent = {"subtaskQuery": LARGE, "agentInput": LARGE, "agentOutput": LARGE}
    assert shown(TEXTS, place) == {"taskQuery": LARGE, "sessionAgents": {"nodes": [agent] * 2}}


def test_a_text_of_4096_bytes_is_still_in_its_item() -> None:
    inside, outside = "€" * 1_365 + "x", "€" * 1_365 + "xx"

    for text in (inside, outside):
        place = built(taskQuery=text)
        assert shown(SUBTASKS, place)["taskQuery"] == text

    assert len(keys_in_bucket()) == 1


def test_a_large_text_is_read_only_when_it_is_asked_for_and_then_once() -> None:
    place = start(blueprint([echo("a"), echo("b")]), taskQuery=LARGE)
    work_off()

    with recorded_calls() as for_the_status:
        shown(STATUS, place)
    with recorded_calls() as for_the_texts:
        shown(TEXTS, place)

    assert for_the_status == [Call("dynamodb", "GetItem")]
    assert for_the_texts.count(READ) == 1


def test_a_large_output_is_kept_and_told_to_the_successor() -> None:
    place = start(
        blueprint([external("a"), external("b")], [after("a"), after("b", "a")]), taskQuery="Go"
    )
    work_off()

    taken = execution.tell("completeSessionAgent", {**report(place, "a"), "agentOutput": LARGE})

    successor = execution.agents(place)["b"]
    assert taken["agentOutput"] == LARGE
    assert successor["agentInput"] == execution.input_of(successor, "Go", **{"Agent A": LARGE})
    assert len(keys_in_bucket()) == 2


def test_the_same_large_report_again_gives_the_same_and_another_is_refused() -> None:
    given = {**report(working(), "a"), "agentOutput": LARGE}
    first = execution.tell("completeSessionAgent", given)

    again = execution.tell("completeSessionAgent", given)
    other = refused("completeSessionAgent", {**given, "agentOutput": LARGE + "!"})

    assert again == first
    assert other == {"code": "INVALID_STATE", "state": "COMPLETED"}


def test_large_notes_of_a_failure_are_shown_whole() -> None:
    place = start(
        blueprint([external("a")], [after("a", retry={"maxAttempts": 1})]), taskQuery="Which?"
    )
    work_off()

    execution.tell("failSessionAgent", {**report(place, "a"), "notes": LARGE})

    shown = execution.session(place)
    assert shown["status"] == "FAILED"
    assert shown["sessionAgents"]["nodes"][0]["notes"] == LARGE
    assert [run["notes"] for run in shown["sessionRuns"]["nodes"]] == [LARGE]


def test_what_a_successor_is_told_holds_2_mb_and_names_what_does_not_fit() -> None:
    names = ["a", "b", "c"]
    place = start(
        blueprint([*map(external, names), external("z")], [*map(after, names), after("z", *names)]),
        taskQuery="Go",
    )
    work_off()
    for name, size in (("a", 1_500_000), ("b", 600_000), ("c", 100)):
        given = {**report(place, name), "agentOutput": name * size}
        change("completeSessionAgent", given, "sessionAgent { state }")
    work_off()

    found = execution.agents(place)["z"]

    said = {"a": "a" * 1_500_000, "b": "(600000 bytes, left out here)", "c": "c" * 100}
    named = {f"Agent {name.upper()}": text for name, text in said.items()}
    assert found["agentInput"] == execution.input_of(found, "Go", **named)


def test_a_text_that_an_item_could_hold_is_kept_outside_where_less_is_wanted_inside() -> None:
    owner = texts.Owner("acme#sales", new_coordination())
    pending = texts.PendingTexts(owner)

    inside, outside = (
        pending.stored_form("x" * 1_024, 1_024),
        pending.stored_form("x" * 1_025, 1_024),
    )
    pending.write()

    assert inside == "x" * 1_024
    assert isinstance(outside, models.LargeText)
    assert texts.read("acme#sales", outside) == "x" * 1_025


def test_a_text_is_never_taken_for_a_place() -> None:
    session = built(taskQuery=LARGE)
    digest = keys_in_bucket()[0].rsplit("/", 1)[1]
    forged = f"\0large:{session.session}/{digest}/6000"

    for text in (forged, "\0", "\0\0"):
        given = {**session.key, "agentUuid": "rag", "userInput": text}
        made = create("createSessionAgent", given, "userInput")
        assert made["userInput"] == text


def test_tenants_have_places_of_their_own() -> None:
    for caller in (CALLER, RIVAL):
        coordination = new_coordination(caller=caller)
        given = {"coordinationUuid": coordination, "taskQuery": LARGE}
        create("createSession", given, caller=caller)

    folders = sorted(key.split("/")[:2] for key in keys_in_bucket())
    assert folders == [["acme", "sales"], ["globex", "sales"]]


def test_texts_that_no_answer_holds_are_not_even_read() -> None:
    place = built()
    for letter in "abc":
        given = {**place.key, "agentUuid": "rag", "userInput": letter * TWO_MB}
        change("createSessionAgent", given, "sessionAgent { state }")

    with recorded_calls() as calls:
        result = ask(
            "query ($s: ID!) { sessionAgents(sessionUuid: $s) { nodes { userInput } } }",
            {"s": place.session},
        )

    nodes = result["data"]["sessionAgents"]["nodes"]
    assert [error["extensions"]["code"] for error in result["errors"]] == ["PAYLOAD_TOO_LARGE"]
    assert result["errors"][0]["path"] == ["sessionAgents", "nodes", 2, "userInput"]
    assert [len(node["userInput"] or "") for node in nodes] == [TWO_MB, TWO_MB, 0]
    assert calls.count(READ) == 2


def test_large_subtask_queries_and_their_variables_are_kept_and_shown() -> None:
    key = blueprint([echo("a"), echo("b")])
    queries = [
        {"agentUuid": "a", "subtaskQuery": "{text}"},
        {"agentUuid": "b", "subtaskQuery": LARGE},
    ]

    place = start(key, taskQuery=f'{{"text": "{LARGE}!"}}', subtaskQueries=queries)

    found = shown(SUBTASKS, place)["subtaskQueries"]
    assert found == [{"subtaskQuery": f"{LARGE}!"}, {"subtaskQuery": LARGE}]
    assert len(keys_in_bucket()) == 3


def test_a_session_built_by_hand_starts_with_large_texts() -> None:
    coordination = new_coordination(agents=[echo("a"), echo("b")])
    task_query = f'{{"text": "{LARGE}"}}'
    place = Place(coordination, new_session(coordination, taskQuery=task_query))
    given = {**place.key, "agentUuid": "a", "subtaskQuery": "{text}" + LARGE}
    create("createSessionAgent", given)
    create("createSessionAgent", {**place.key, "agentUuid": "b"})

    change("dispatchSession", place.key, "session { status }")
    work_off()

    agents = execution.agents(place)
    assert agents["a"]["agentOutput"] == LARGE * 2
    assert agents["b"]["agentOutput"] == task_query


def test_the_graph_of_a_wide_session_lies_outside_of_its_item_while_it_starts() -> None:
    names = [f"a{number}" for number in range(120)]
    key = blueprint([echo(name, nonce=token_hex(32)) for name in names])
    sizes = []
    original = TextBucket.put

    def put(bucket: TextBucket, key: str, text: str) -> None:
        sizes.append(len(text))
        original(bucket, key, text)

    with patch.object(TextBucket, "put", put):
        place = start(key, taskQuery="Which?")

    assert len(sizes) == 1
    assert sizes[0] > texts.LARGEST_INLINE_BYTES
    session = stored(models.Session, place.coordination, place.session)
    assert session.status == "in_progress"
    assert session.graph is None


def test_subtask_queries_that_grow_too_large_together_are_refused() -> None:
    key = blueprint([echo("a")])
    queries = [{"agentUuid": "a", "subtaskQuery": "{t}" * 10}] * 170

    task_query = f'{{"t": "{"x" * 20_000}"}}'
    assert refused("startSession", {**key, "taskQuery": task_query, "subtaskQueries": queries}) == {
        "code": "PAYLOAD_TOO_LARGE",
        "inputPath": ["input", "subtaskQueries", 167, "subtaskQuery"],
    }
    assert keys_in_bucket() == []
