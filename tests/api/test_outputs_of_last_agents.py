"""The output of a session: a stored value, or what its last agents said."""

import json
from typing import Any

import pytest

from ai_coordination import models
from tests.api.execution import (
    after,
    blueprint,
    echo,
    external,
    report,
    start,
    started,
    tell,
    work_off,
)
from tests.api.test_call_counts import calls_of
from tests.support.graph_api import Place, data, error
from tests.support.stored import put_state

pytestmark = pytest.mark.usefixtures("worked_queue")

ONE = "query ($c: ID!, $s: ID!) { session(coordinationUuid: $c, sessionUuid: $s) { output } }"
ALL = "{ sessions { nodes { output } } }"


def output(place: Place) -> Any:
    return data(ONE, {"c": place.coordination, "s": place.session})["session"]["output"]


def test_it_is_what_the_last_agent_said() -> None:
    place = started([echo("a"), external("b")], [after("a"), after("b", "a")])

    before = output(place)
    tell("completeSessionAgent", {**report(place, "b"), "agentOutput": "Done ü"})

    assert before is None
    assert output(place) == "Done ü"
    assert data(ALL)["sessions"]["nodes"] == [{"output": "Done ü"}]


def test_it_is_the_output_also_if_a_person_has_approved_it() -> None:
    place = started([echo("a")], [after("a", userInTheLoop="APPROVAL")])

    tell("answerSessionAgent", {**report(place, "a"), "approved": True})

    assert output(place) == "Which?"


def test_of_several_last_agents_it_is_an_object_in_which_null_stands_for_a_failure() -> None:
    failing = echo("b", fail="no")
    rules = {"onFailure": "CONTINUE", "retry": {"maxAttempts": 1}}
    actions = [after("a"), after("b", **rules), after("c", "a"), after("d")]
    queries = [{"agentUuid": "d", "subtaskQuery": text} for text in ('{"list": [1.10]}', "Why?")]
    members = [echo("a"), failing, echo("c"), echo("d")]
    place = start(blueprint(members, actions, subtaskQueries=queries), taskQuery="Which?")
    work_off()

    found = output(place)

    assert json.loads(found) == {"b": None, "c": "Which?", "d": [{"list": [1.1]}, "Why?"]}
    assert "1.10" in found


def test_agents_that_were_added_while_the_session_ran_are_no_part_of_it() -> None:
    place = started([echo("a"), echo("b")], [after("a"), after("b", "a")])
    (_, second) = data(
        "query ($s: ID!) { sessionAgents(sessionUuid: $s) { nodes { sessionAgentUuid } } }",
        {"s": place.session},
    )["sessionAgents"]["nodes"]
    uuid = second["sessionAgentUuid"]
    put_state(models.SessionAgent, place.session, uuid, parent_ordinal=0, superseded=True)

    assert output(place) is None


def test_it_is_the_value_of_the_task_s_expression_if_there_is_one() -> None:
    place = started([echo("a")])
    stored = {"output_expression": "outputs.a", "output": '{"a": 1.10}'}

    put_state(models.Session, *place, **stored)
    value = output(place)
    put_state(models.Session, *place, output=None)
    nothing = output(place)

    assert (value, nothing) == ('{"a": 1.10}', None)


def test_it_costs_a_read_of_the_agents_only_if_it_is_computed() -> None:
    place = started([echo("a")])
    given = {"c": place.coordination, "s": place.session}

    computed = calls_of(ONE, given)
    put_state(models.Session, *place, output_expression="outputs.a", output="x")
    stored = calls_of(ONE, given)
    listed = calls_of(ALL)
    put_state(models.Session, *place, status="failed")
    failed = calls_of(ALL)

    assert computed == ["GetItem", "Query"]
    assert stored == ["GetItem"]
    assert listed == ["Query", "BatchGetItem"]
    assert failed == ["Query"]


@pytest.mark.usefixtures("bucket")
def test_outputs_from_the_bucket_count_as_what_a_query_reads() -> None:
    text = "x" * 1_040_000
    for _ in range(4):
        place = started([echo("a"), echo("b")], taskQuery=text)

    assert len(output(place)) == 2 * len(text) + len('{"a": "", "b": ""}')
    assert error(ALL) == {"code": "QUERY_TOO_COMPLEX", "limit": 8_000_000}
