"""Errors as a client sees them: place, code and facts, before and during execution."""

import json
from typing import Any

import pytest

from ai_coordination.api.operation import execute
from ai_coordination.api.request import GraphQLRequest, MutationByGet
from ai_coordination.caller import Caller
from ai_coordination.errors import BadUserInput, QueryTooComplex
from tests.support.contexts import SYSTEM
from tests.support.graph_api import CALLER, NOBODY, ask, data, mutation
from tests.support.ids import short
from tests.support.lists import LISTS
from tests.support.stored import everything_stored
from tests.support.world import World

BAD = "BAD_USER_INPUT"
CREATE = mutation("createCoordination", "CreateCoordinationInput", "coordination { id }")


def facts(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The extensions of all errors, each of which names the request."""
    extensions = [dict(error["extensions"]) for error in answer["errors"]]
    assert {one.pop("requestId") for one in extensions} == {"request-1"}
    return extensions


def test_a_service_s_error_has_its_place_in_the_answer_and_in_the_input(world: World) -> None:
    query = """mutation ($input: UpdateTaskInput!) {
      renamed: updateTask(input: $input) { task { id } }
    }"""
    given = {**world.key_of("task"), "agentActions": [{"agentUuid": "rag", "timeoutSeconds": 0}]}

    answer = ask(query, {"input": given})

    assert answer == {
        "data": {"renamed": None},
        "errors": [
            {
                "message": "This must be from 1 to 31536000",
                "locations": [{"line": 2, "column": 7}],
                "path": ["renamed"],
                "extensions": {
                    "code": BAD,
                    "inputPath": ["input", "agentActions", 0, "timeoutSeconds"],
                    "requestId": "request-1",
                },
            }
        ],
    }


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"input": None},
        {"input": "A"},
        {"input": {}},
        {"input": {"coordinationName": 5}},
        {"input": {"coordinationName": ["A"]}},
        {"input": {"coordinationName": "A", "agents": {}}},
        {"input": {"coordinationName": "A", "unknown": 1}},
        {"input": {"coordinationName": "A", "coordinationUuid": NOBODY}},
    ],
    ids=short,
)
def test_a_wrong_variable_is_told_before_anything_is_executed(
    still_world: World, variables: dict[str, Any]
) -> None:
    before = everything_stored()

    answer = ask(CREATE, variables)

    assert "data" not in answer
    assert {one["code"] for one in facts(answer)} == {BAD}
    assert {one["inputPath"][0] for one in facts(answer)} == {"input"}
    assert all("path" not in error for error in answer["errors"])
    assert everything_stored() == before


def test_wrong_variables_are_told_briefly(still_world: World) -> None:
    agents = [{"agentUuid": "x" * 10_000, "wrong": "y" * 10_000} for _ in range(200)]

    answer = ask(CREATE, {"input": {"coordinationName": "A", "agents": agents}})

    assert {one["code"] for one in facts(answer)} == {BAD}
    assert len(json.dumps(answer)) < 20_000


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "GRAPHQL_PARSE_FAILED"),
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ coordinations }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription { a }", "GRAPHQL_VALIDATION_FAILED"),
        ('{ coordinations(first: "2") { nodes { id } } }', "GRAPHQL_VALIDATION_FAILED"),
        ("{ coordination(coordinationUuid: null) { id } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ task { id } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{" + "a" * 500_000 + "}", "PAYLOAD_TOO_LARGE"),
    ],
    ids=short,
)
def test_a_document_that_is_none_is_told_before_anything_is_executed(query: str, code: str) -> None:
    answer = ask(query)

    assert "data" not in answer
    assert {one["code"] for one in facts(answer)} == {code}


@pytest.mark.parametrize(
    ("request_", "refused", "place"),
    [
        (GraphQLRequest("query A { __typename } query B { __typename }"), BadUserInput, True),
        (GraphQLRequest("query A { __typename }", operation_name="B"), BadUserInput, True),
        (
            GraphQLRequest(
                'mutation { createCoordination(input: {coordinationName: "A"}) { __typename } }',
                read_only=True,
            ),
            MutationByGet,
            False,
        ),
        (
            GraphQLRequest(
                "{ coordinations(first: 100) { nodes { tasks(first: 100) { nodes { id } }"
                " sessions(first: 100) { nodes { id } } } } }"
            ),
            QueryTooComplex,
            False,
        ),
    ],
    ids=["two operations", "another's name", "a mutation by GET", "too much"],
)
def test_a_request_may_be_refused_as_a_whole(
    still_world: World, request_: GraphQLRequest, refused: type[Exception], place: bool
) -> None:
    before = everything_stored()

    with pytest.raises(refused) as caught:
        execute(request_, CALLER)

    expected = ["operationName"] if place else None
    assert getattr(caught.value, "extensions", {}).get("inputPath") == expected
    assert everything_stored() == before


def test_what_does_not_fail_is_answered(still_world: World) -> None:
    query = f"""{{
        good: tasks(coordinationUuid: "{still_world.coordination}") {{ nodes {{ taskUuid }} }}
        wrong: task(coordinationUuid: "{still_world.coordination}", taskUuid: "x") {{ id }}
        none: task(coordinationUuid: "{still_world.coordination}", taskUuid: "{NOBODY}") {{ id }}
    }}"""

    answer = ask(query)

    good = {"nodes": [{"taskUuid": still_world.task}]}
    assert answer["data"] == {"good": good, "wrong": None, "none": None}
    assert facts(answer) == [{"code": BAD, "inputPath": ["taskUuid"]}]
    assert answer["errors"][0]["path"] == ["wrong"]


def test_a_list_that_fails_leaves_no_data_beside_it(still_world: World) -> None:
    answer = ask("{ __typename coordinations(first: 0) { nodes { id } } }")

    assert answer["data"] is None
    assert facts(answer) == [{"code": BAD, "inputPath": ["first"]}]


def test_the_place_of_a_nested_argument_is_seen_from_its_field(still_world: World) -> None:
    for name, listed in LISTS.items():
        if listed.inside:
            document = listed.document(still_world)

            answer = ask(document, {"first": 0})

            assert facts(answer) == [{"code": BAD, "inputPath": ["first"]}], name
            assert answer["errors"][0]["path"][1:] == ["rows"]


def test_mutations_are_done_one_after_the_other_whatever_fails(world: World) -> None:
    query = """mutation ($first: UpdateTaskInput!, $second: UpdateTaskInput!) {
        a: updateTask(input: $first) { task { version } }
        b: updateTask(input: $second) { task { version } }
        c: updateTask(input: $first) { task { version } }
        d: updateTask(input: $first) { task { mermaid schedules(first: 0) { totalCount } } }
    }"""
    key = world.key_of("task")

    given = {"first": {**key, "taskName": "B"}, "second": {**key, "taskName": ""}}
    answer = ask(query, given)

    done = {"task": {"version": 2}}, {"task": {"version": 3}}
    assert answer["data"] == {"a": done[0], "b": None, "c": done[1], "d": None}
    assert facts(answer) == [
        {"code": BAD, "inputPath": ["input", "taskName"]},
        {"code": BAD, "inputPath": ["first"]},
    ]
    # The fourth has been done; only what it was asked for besides has failed.
    assert world.read("task", "version") == {"version": 4}


def test_each_error_names_the_request_it_belongs_to() -> None:
    caller = Caller("acme", "sales", request_id="another", context=SYSTEM)
    queries = ["{", "{ nothing }", "{ coordinations(first: 0) { nodes { id } } }"]

    answers = [ask(query, caller=caller) for query in [*queries, CREATE]]

    ids = [error["extensions"]["requestId"] for answer in answers for error in answer["errors"]]
    assert ids == ["another"] * 4


def test_nothing_is_wrong_with_a_request_that_only_asks_what_there_is() -> None:
    assert data("{ __typename }") == {"__typename": "Query"}
