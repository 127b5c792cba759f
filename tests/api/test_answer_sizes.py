"""The size of an answer is limited, and counted while the answer is built."""

from collections.abc import Callable
from functools import partial, partialmethod
from typing import Any

import pytest

from ai_coordination.api import context, metering
from ai_coordination.config import settings
from ai_coordination.models import reads
from ai_coordination.models.allowance import Allowance
from ai_coordination.services import diagrams, session_graph
from tests.api.execution import after, blueprint, echo, start, work_off
from tests.support.graph_api import (
    Place,
    ask,
    change,
    data,
    new_agent,
    new_coordination,
    new_place,
    new_session,
)
from tests.support.recording import Call, recorded_calls

pytestmark = pytest.mark.usefixtures("tables")

TOO_LARGE = "PAYLOAD_TOO_LARGE"
OUTPUTS = """query ($c: ID!, $s: ID!) {
    session(coordinationUuid: $c, sessionUuid: $s) {
        status sessionAgents { nodes { agentUuid state userInput } }
    }
}"""


@pytest.fixture
def small_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers of 20,000 bytes at the most."""
    monkeypatch.setenv("AI_COORDINATION_MAX_ANSWER_BYTES", "20000")
    settings.cache_clear()


def of_session(selection: str, place: Place) -> dict[str, Any]:
    document = f"""query ($c: ID!, $s: ID!) {{
        session(coordinationUuid: $c, sessionUuid: $s) {{ {selection} }}
    }}"""
    return ask(document, {"c": place.coordination, "s": place.session})


def with_inputs(*sizes: int) -> Place:
    """A session whose agents were given texts of these sizes."""
    place = new_place()
    for size in sizes:
        new_agent(place.coordination, place.session, userInput="x" * size)
    return place


def codes(result: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(error["extensions"]["code"], error.get("path")) for error in result.get("errors", [])]


@pytest.mark.usefixtures("small_answers")
def test_texts_that_do_not_fit_are_null_and_all_else_is_there() -> None:
    place = with_inputs(8_000, 8_000, 8_000, 2_000)

    result = ask(OUTPUTS, {"c": place.coordination, "s": place.session})

    session = result["data"]["session"]
    nodes = session["sessionAgents"]["nodes"]
    assert session["status"] == "INITIAL"
    assert [node["state"] for node in nodes] == ["INITIAL"] * 4
    assert [len(node["userInput"] or "") for node in nodes] == [8_000, 8_000, 0, 2_000]
    path = ["session", "sessionAgents", "nodes", 2, "userInput"]
    assert codes(result) == [(TOO_LARGE, path)]
    assert result["errors"][0]["locations"] == [{"line": 3, "column": 56}]


@pytest.mark.usefixtures("small_answers")
def test_a_text_counts_each_time_it_is_shown() -> None:
    place = Place(
        coordination := new_coordination(), new_session(coordination, taskQuery="x" * 9_000)
    )
    aliases = " ".join(f"a{number}: taskQuery" for number in range(10))

    result = of_session(aliases, place)

    shown = result["data"]["session"]
    assert [len(shown[f"a{number}"] or "") for number in range(10)] == [9_000, *[0] * 9]
    assert codes(result) == [(TOO_LARGE, ["session", f"a{number}"]) for number in range(1, 10)]


@pytest.mark.usefixtures("small_answers")
def test_where_not_even_the_errors_fit_the_answer_is_refused_as_a_whole() -> None:
    place = Place(
        coordination := new_coordination(), new_session(coordination, taskQuery="x" * 9_000)
    )
    aliases = " ".join(f"a{number}: taskQuery" for number in range(100))

    result = of_session(aliases, place)

    assert result["data"] is None
    assert codes(result) == [(TOO_LARGE, None)]


@pytest.mark.usefixtures("small_answers")
def test_a_json_value_that_does_not_fit_is_null_as_a_text_is() -> None:
    runtime = {"kind": "ECHO", "parameters": {"notes": "x" * 12_000}}
    members = [{"agentUuid": name, "agentName": name, "runtime": runtime} for name in "ab"]
    coordination = new_coordination(agents=members)

    document = """query ($c: ID!) {
        coordination(coordinationUuid: $c) { agents { runtime { parameters } } }
    }"""
    result = ask(document, {"c": coordination})

    agents = result["data"]["coordination"]["agents"]
    assert [agent["runtime"]["parameters"] for agent in agents] == [runtime["parameters"], None]
    path = ["coordination", "agents", 1, "runtime", "parameters"]
    assert codes(result) == [(TOO_LARGE, path)]


@pytest.mark.usefixtures("small_answers")
def test_a_text_that_may_not_be_null_counts_at_once_and_ends_the_answer() -> None:
    work = [{"agentUuid": "rag", "subtaskQuery": "x" * 12_000}] * 2
    coordination = new_coordination()
    place = Place(coordination, new_session(coordination, subtaskQueries=work))

    result = of_session("status subtaskQueries { subtaskQuery }", place)

    assert result["data"] is None
    [(code, path)] = codes(result)
    assert code == TOO_LARGE
    assert path == ["session", "subtaskQueries", 1, "subtaskQuery"]


@pytest.mark.usefixtures("small_answers")
def test_an_answer_ends_where_its_many_small_values_are_too_many() -> None:
    place = with_inputs(*[10] * 20)
    aliases = " ".join(f"a{number}: sessionAgentUuid" for number in range(40))

    result = of_session(f"sessionAgents {{ nodes {{ {aliases} }} }}", place)

    assert result["data"] is None
    [(code, path)] = codes(result)
    assert code == TOO_LARGE
    assert path[:3] == ["session", "sessionAgents", "nodes"]


def test_an_answer_has_so_many_fields_at_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metering, "MAX_VALUES", 50)
    place = with_inputs(10, 10, 10)

    within = of_session("sessionAgents { nodes { state agentUuid } }", place)
    aliases = " ".join(f"a{number}: state" for number in range(20))
    beyond = of_session(f"sessionAgents {{ nodes {{ {aliases} }} }}", place)

    assert "errors" not in within
    assert beyond["data"] is None
    assert codes(beyond) == [(TOO_LARGE, ["session", "sessionAgents", "nodes", 2])]
    assert beyond["errors"][0]["message"] == (
        "The response has more than 50 fields: request fewer rows or fields at a time."
    )


@pytest.mark.usefixtures("small_answers")
def test_of_a_mutation_it_is_said_that_it_was_carried_out() -> None:
    place = with_inputs(10)
    aliases = " ".join(f"a{number}: userId" for number in range(40))
    given = {**place.key, "userId": "u" * 250 + "é" * 6}

    document = f"""mutation ($i: UpdateSessionInput!) {{
        a: updateSession(input: $i) {{ session {{ {aliases} }} }}
        b: updateSession(input: $i) {{ session {{ {aliases} }} }}
    }}"""
    result = ask(document, {"i": given})

    assert result["data"] is None
    [(code, path)] = codes(result)
    assert code == TOO_LARGE
    assert path == ["b", "session"]
    assert result["errors"][0]["message"].startswith(
        "The mutation took effect, but its response is incomplete. "
    )
    assert of_session("version", place)["data"] == {"session": {"version": 3}}


@pytest.mark.usefixtures("worked_queue")
def test_the_work_of_a_session_is_read_once_however_often_it_is_shown() -> None:
    place = start(blueprint([echo("a"), echo("b")]), taskQuery="Which?")
    work_off()
    aliases = " ".join(f"a{number}: subtaskQueries {{ subtaskQuery }}" for number in range(20))

    with recorded_calls() as calls:
        shown = of_session(aliases, place)["data"]["session"]

    assert shown["a19"] == [{"subtaskQuery": "Which?"}] * 2
    assert calls == [Call("dynamodb", "GetItem"), Call("dynamodb", "Query")]


@pytest.mark.usefixtures("worked_queue")
def test_a_picture_is_drawn_once_however_often_it_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = blueprint([echo("a"), echo("b")], [after("a"), after("b", "a")])
    place = start(key, taskQuery="Which?")
    drawn: list[str] = []
    for module, name in (
        (diagrams, "of_session"),
        (diagrams, "of_task"),
        (session_graph, "progress"),
    ):
        original = getattr(module, name)
        monkeypatch.setattr(module, name, partial(_noted, drawn, name, original))

    of_session("a: mermaid b: mermaid c: progress { total } d: progress { total }", place)
    document = """query ($c: ID!, $t: ID!) {
        task(coordinationUuid: $c, taskUuid: $t) { a: mermaid b: mermaid }
    }"""
    data(document, {"c": key["coordinationUuid"], "t": key["taskUuid"]})

    assert sorted(drawn) == ["of_session", "of_task", "progress"]


def _noted(drawn: list[str], name: str, original: Callable[..., Any], *given: Any) -> Any:
    drawn.append(name)
    return original(*given)


@pytest.mark.parametrize(
    ("allowed", "what", "read"),
    [
        ({"most_units": 3}, "more than 3 read units", 4),
        ({"most_bytes": 1}, "more than 1 bytes", 1),
    ],
)
def test_a_query_reads_so_much_at_the_most(
    allowed: dict[str, Any], what: str, read: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = with_inputs(10, 10, 10)
    monkeypatch.setattr(context, "Allowance", partial(Allowance, **allowed))
    monkeypatch.setattr(Allowance, "spend", partialmethod(_spend_a_unit, Allowance.spend))
    one = "session(coordinationUuid: $c, sessionUuid: $s) { status }"
    aliases = " ".join(f"a{number}: {one}" for number in range(10))

    with recorded_calls() as calls:
        result = ask(
            f"query ($c: ID!, $s: ID!) {{ {aliases} }}",
            {"c": place.coordination, "s": place.session},
        )

    assert result["data"] is None
    assert codes(result) == [("QUERY_TOO_COMPLEX", None)]
    assert what in result["errors"][0]["message"]
    assert len(calls) == read


def _spend_a_unit(allowance: Allowance, spend: Callable[..., None], _: Any) -> None:
    """Embedded DynamoDB does not count units as AWS does."""
    spend(allowance, {"ConsumedCapacity": {"CapacityUnits": 1}})


def test_what_a_mutation_itself_reads_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    place = with_inputs(10)
    monkeypatch.setattr(context, "Allowance", partial(Allowance, most_units=0))

    changed = change("updateSession", {**place.key, "userId": "mia"}, "session { userId }")

    assert changed == {"session": {"userId": "mia"}}


def test_what_is_nested_is_loaded_in_batches_of_32() -> None:
    place = with_inputs(*[1] * 33)
    agents = of_session("sessionAgents(first: 40) { nodes { sessionAgentUuid } }", place)
    nodes = agents["data"]["session"]["sessionAgents"]["nodes"]
    predecessors = [node["sessionAgentUuid"] for node in nodes]
    last = new_agent(place.coordination, place.session, predecessors=predecessors)
    document = """query ($s: ID!, $a: ID!) {
        sessionAgent(sessionUuid: $s, sessionAgentUuid: $a) {
            predecessors(first: 40) { nodes { sessionAgentUuid } }
        }
    }"""

    with recorded_calls() as calls:
        found = data(document, {"s": place.session, "a": last})["sessionAgent"]["predecessors"]

    assert found == {"nodes": [{"sessionAgentUuid": uuid} for uuid in predecessors]}
    assert [call.operation for call in calls] == ["GetItem", "BatchGetItem", "BatchGetItem"]


@pytest.mark.parametrize(
    ("selection", "attributes"),
    [("progress { total }", 3), ("progress { total } mermaid", 12)],
)
def test_progress_alone_reads_the_states_alone(
    selection: str, attributes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = with_inputs(10, 10)
    asked: list[list[str]] = []
    all_rows = reads.all_rows

    def noted(*given: Any, attributes: list[str], **more: Any) -> Any:
        asked.append(attributes)
        return all_rows(*given, attributes=attributes, **more)

    monkeypatch.setattr(reads, "all_rows", noted)

    shown = of_session(selection, place)["data"]["session"]

    assert shown["progress"] == {"total": 2}
    assert [len(names) for names in asked] == [attributes]
