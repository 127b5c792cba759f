"""Starting a session: its agents, their texts and their order, and what is refused."""

from unittest.mock import patch

import pytest

from ai_coordination import models
from ai_coordination.engine.session import start as starting
from tests.api.execution import (
    after,
    agents,
    blueprint,
    echo,
    external,
    input_of,
    outcomes,
    report,
    session,
    start,
    started,
    states,
    tell,
    work_off,
)
from tests.support.graph_api import NOBODY, ask, change, mutation, new_task, refusal
from tests.support.stored import put_state, refused, stored

pytestmark = pytest.mark.usefixtures("worked_queue")

CHAIN = [after("a"), after("b", "a"), after("c", "b")]
DIAMOND = [after("a"), after("b", "a"), after("c", "a"), after("d", "b", "c")]


def test_a_chain_of_agents_runs_to_its_end_each_with_what_came_before() -> None:
    place = started([echo("a"), echo("b"), echo("c")], CHAIN)

    found = session(place)
    assert (found["status"], found["progress"]) == ("COMPLETED", {"total": 3})
    assert found["startedAt"] < found["finishedAt"]
    assert states(place) == dict.fromkeys("abc", "COMPLETED")
    assert outcomes(place) == [(name, 1, "COMPLETED") for name in "abc"]
    inputs = {name: agent["agentInput"] for name, agent in agents(place).items()}
    found = agents(place)
    assert inputs == {
        "a": "Which?",
        "b": input_of(found["b"], "Which?", **{"Agent A": "Which?"}),
        "c": input_of(found["c"], "Which?", **{"Agent B": "Which?"}),
    }


def test_a_join_starts_after_all_of_its_predecessors() -> None:
    place = started([echo("a"), echo("b"), external("c"), echo("d")], DIAMOND)

    assert session(place)["status"] == "IN_PROGRESS"
    assert states(place) == {"a": "COMPLETED", "b": "COMPLETED", "c": "IN_PROGRESS", "d": "INITIAL"}


def test_a_fast_branch_goes_on_while_a_slow_one_still_runs() -> None:
    branches = [after("slow"), after("fast"), after("next", "fast"), after("end", "slow", "next")]
    place = started([external("slow"), echo("fast"), echo("next"), echo("end")], branches)
    assert states(place) == {
        "slow": "IN_PROGRESS",
        "fast": "COMPLETED",
        "next": "COMPLETED",
        "end": "INITIAL",
    }

    tell("completeSessionAgent", {**report(place, "slow"), "agentOutput": "At last"})

    assert session(place)["status"] == "COMPLETED"
    end, said = agents(place)["end"], {"Agent SLOW": "At last", "Agent NEXT": "Which?"}
    assert end["agentInput"] == input_of(end, "Which?", **said)


def test_a_diamond_runs_each_agent_once() -> None:
    place = started([echo(name) for name in "abcd"], DIAMOND)

    assert session(place)["status"] == "COMPLETED"
    assert outcomes(place) == [(name, 1, "COMPLETED") for name in "abcd"]
    found, said = agents(place)["d"], {"Agent B": "Which?", "Agent C": "Which?"}
    assert found["agentInput"] == input_of(found, "Which?", **said)


def test_variables_are_filled_from_a_task_query_that_is_an_object() -> None:
    queries = [{"agentUuid": "a", "subtaskQuery": "{n} offers of {{x}} for {who}, {not one}"}]
    key = blueprint([echo("a"), echo("b")], subtaskQueries=queries)

    place = start(key, taskQuery='{"n": 3, "who": "Ann"}')
    work_off()

    found = agents(place)
    assert list(found) == ["a"]
    assert found["a"]["agentOutput"] == "3 offers of {x} for Ann, {not one}"


def test_a_variable_that_nobody_knows_is_refused_where_its_text_was_given() -> None:
    queries = [{"agentUuid": "a", "subtaskQuery": "{n} offers for {who}"}]
    of_the_task = blueprint([echo("a")], subtaskQueries=queries)
    given = {**blueprint([echo("a")]), "subtaskQueries": queries}

    for key, place in (
        (of_the_task, ["taskUuid"]),
        (given, ["subtaskQueries", 0, "subtaskQuery"]),
    ):
        assert refused("startSession", {**key, "taskQuery": '{"n": 3}'}) == {
            "code": "BAD_USER_INPUT",
            "inputPath": ["input", *place],
        }


def test_a_session_keeps_the_names_of_its_coordination_and_task_as_they_were() -> None:
    key = blueprint([echo("a")], [after("a")])
    place = start(key, taskQuery="Go")

    change("updateTask", {**key, "taskName": "Other"}, "__typename")

    kept = stored(models.Session, place.coordination, place.session)
    assert (kept.coordination_name, kept.task_name) == ("Offers", "Translate")


def test_a_coordination_without_agents_starts_nothing() -> None:
    assert refused("startSession", blueprint([])) == {
        "code": "BAD_USER_INPUT",
        "inputPath": ["input", "coordinationUuid"],
    }


def test_a_task_that_names_a_lost_agent_starts_nothing() -> None:
    key = blueprint([echo("a"), echo("b")], [after("a"), after("b", "a")])
    coordination = {"coordinationUuid": key["coordinationUuid"], "agents": [echo("a")]}
    change("updateCoordination", coordination, "coordination { version }")

    assert refused("startSession", key) == {
        "code": "BAD_USER_INPUT",
        "inputPath": ["input", "taskUuid"],
    }


def test_an_agent_takes_part_if_another_one_waits_for_it() -> None:
    place = started([echo("idle"), echo("b"), echo("a")], [after("b", "a")])

    assert states(place) == {"a": "COMPLETED", "b": "COMPLETED"}
    given = input_of(agents(place)["b"], "Which?", **{"Agent A": "Which?"})
    assert agents(place)["b"]["agentInput"] == given


def test_a_task_that_waits_for_a_lost_agent_starts_nothing() -> None:
    queries = [{"agentUuid": "a", "subtaskQuery": "Who?"}]
    key = blueprint([echo("a"), echo("b")], [after("b", "a")], subtaskQueries=queries)
    coordination = {"coordinationUuid": key["coordinationUuid"], "agents": [echo("b")]}
    change("updateCoordination", coordination, "coordination { version }")

    given = {**key, "subtaskQueries": [{"agentUuid": "b", "subtaskQuery": "Which?"}]}
    assert refused("startSession", given) == {
        "code": "BAD_USER_INPUT",
        "inputPath": ["input", "taskUuid"],
    }


def test_agents_that_wait_for_each_other_start_nothing_and_the_error_shows_the_circle() -> None:
    key = blueprint([echo("a"), echo("b"), echo("c")], CHAIN)
    task = stored(models.Task, key["coordinationUuid"], key["taskUuid"])
    task.agent_actions["a"].predecessors = task.agent_actions["c"].predecessors
    put_state(models.Task, *key.values(), agent_actions=task.agent_actions)

    assert refused("startSession", key) == {
        "code": "BAD_USER_INPUT",
        "inputPath": ["input", "taskUuid"],
    }
    (error,) = ask(mutation("startSession", "StartSessionInput", "__typename"), {"input": key})[
        "errors"
    ]
    assert error["message"] == "These agents wait for each other: a -> b -> a"


def test_a_thousand_and_one_parts_are_too_many_also_where_no_list_is_too_long() -> None:
    key = blueprint([echo("a"), echo("b")], [after("b")])
    queries = [{"agentUuid": "a", "subtaskQuery": f"{number}"} for number in range(1_000)]

    assert refused("startSession", {**key, "subtaskQueries": queries}) == {
        "code": "BAD_USER_INPUT",
        "inputPath": ["input", "subtaskQueries"],
    }


def test_a_thousand_and_one_agents_are_too_many() -> None:
    key = blueprint([echo("a")])
    queries = [{"agentUuid": "a", "subtaskQuery": f"{number}"} for number in range(1_001)]

    assert refused("startSession", {**key, "subtaskQueries": queries}) == {
        "code": "BAD_USER_INPUT",
        "inputPath": ["input", "subtaskQueries"],
    }


def test_a_task_that_is_not_in_the_coordination_is_not_started() -> None:
    key = blueprint([echo("a")])
    other = new_task(blueprint([echo("a")])["coordinationUuid"])

    not_found = {"code": "NOT_FOUND", "inputPath": ["input", "taskUuid"]}
    assert refused("startSession", {**key, "taskUuid": NOBODY}) == not_found
    assert refused("startSession", {**key, "taskUuid": other}) == not_found


def test_the_same_key_starts_one_session() -> None:
    key = {**blueprint([echo("a")]), "idempotencyKey": "once"}

    first = start(key, taskQuery="Which?")
    assert start(key, taskQuery="Which?") == first
    assert refused("startSession", {**key, "taskQuery": "Who?"})["code"] == "CONFLICT"
    work_off()
    assert outcomes(first) == [("a", 1, "COMPLETED")]


def test_a_session_of_more_agents_than_one_transaction_holds_runs_to_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(starting, "MOST_AT_ONCE", 4)
    monkeypatch.setattr(starting, "CHUNK", 3)
    queries = [{"agentUuid": "a", "subtaskQuery": f"{number}"} for number in range(10)]

    place = started([echo("a")], subtaskQueries=queries)

    found = session(place)
    assert (found["status"], found["progress"]) == ("COMPLETED", {"total": 10})


def test_a_repeat_goes_on_with_a_start_that_has_died() -> None:
    given = {**blueprint([echo("a"), echo("b")]), "taskQuery": "Which?", "idempotencyKey": "once"}
    in_chunks = patch.object(starting, "MOST_AT_ONCE", 0)
    with in_chunks, patch.object(starting, "_put", side_effect=RuntimeError("died")):
        assert refusal("startSession", given)["code"] == "INTERNAL"

    place = start(given)

    assert session(place)["status"] == "IN_PROGRESS"
    work_off()
    assert states(place) == {"a": "COMPLETED", "b": "COMPLETED"}


BOMB = {"subtaskQuery": "{x}" * 2_000, "agentUuid": "a"}
LARGE_VALUE = f'{{"x": "{"x" * 1_100_000}"}}'


def test_a_text_that_its_variables_make_too_large_is_refused_before_anything_is_written() -> None:
    of_the_task = blueprint([echo("a")], subtaskQueries=[BOMB])
    given = {**blueprint([echo("a")]), "subtaskQueries": [BOMB]}
    too_large = {"code": "PAYLOAD_TOO_LARGE"}

    for key, place in (
        (of_the_task, ["taskUuid"]),
        (given, ["subtaskQueries", 0, "subtaskQuery"]),
    ):
        told_of = refused("startSession", {**key, "taskQuery": LARGE_VALUE})
        assert told_of == {**too_large, "inputPath": ["input", *place]}


def test_texts_that_are_too_large_together_are_refused() -> None:
    queries = [{"agentUuid": "a", "subtaskQuery": "{x}"} for _ in range(40)]
    given = {**blueprint([echo("a")]), "subtaskQueries": queries}

    told_of = refused("startSession", {**given, "taskQuery": LARGE_VALUE})

    # 30 of them fit into 32 MB.
    path = ["input", "subtaskQueries", 30, "subtaskQuery"]
    assert told_of == {"code": "PAYLOAD_TOO_LARGE", "inputPath": path}
