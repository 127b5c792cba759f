"""The place of a wrong value has one form, however it was sent and wherever it was found."""

from typing import Any

import pytest

from ai_coordination.api.transport.parameters import from_object
from ai_coordination.errors import BadUserInput
from tests.support.graph_api import ask
from tests.support.ids import short
from tests.support.stored import everything_stored

pytestmark = pytest.mark.usefixtures("tables")

CREATE = """mutation ($i: CreateCoordinationInput!) {
    createCoordination(input: $i) { coordination { coordinationUuid } }
}"""
PIECES = """mutation ($name: String!, $agents: [AgentInput!]) {
    createCoordination(input: {coordinationName: $name, agents: $agents}) { __typename }
}"""
MEMBER = """mutation ($kind: AgentRuntimeKind!) {
    createCoordination(input: {
        coordinationName: "A", agents: [{agentName: "B", runtime: {kind: $kind}}]
    }) { __typename }
}"""
LITERAL = """mutation {
    createCoordination(input: {
        coordinationName: "A", agents: [{agentName: 5, runtime: {kind: ECHO}}]
    }) { __typename }
}"""
ECHO = {"kind": "ECHO"}
MEMBER_0 = ["input", "agents", 0]


def agents(**wrong: Any) -> dict[str, Any]:
    return {"coordinationName": "A", "agents": [{"agentName": "B", "runtime": ECHO, **wrong}]}


def places(result: dict[str, Any], code: str = "BAD_USER_INPUT") -> list[Any]:
    assert {error["extensions"]["code"] for error in result["errors"]} == {code}
    return [error["extensions"].get("inputPath") for error in result["errors"]]


@pytest.mark.parametrize(
    ("document", "variables", "place"),
    [
        (CREATE, {"i": {"coordinationName": ""}}, ["input", "coordinationName"]),
        (CREATE, {"i": {"coordinationName": 5}}, ["input", "coordinationName"]),
        (CREATE, {"i": {}}, ["input", "coordinationName"]),
        (CREATE, {"i": {"coordinationName": "A", "color": 1}}, ["input", "color"]),
        (CREATE, {}, ["input"]),
        (CREATE, {"i": None}, ["input"]),
        (CREATE, {"i": agents(agentName=5)}, ["input", "agents", 0, "agentName"]),
        (CREATE, {"i": agents(runtime={})}, ["input", "agents", 0, "runtime", "kind"]),
        (CREATE, {"i": agents(runtime={"kind": "X"})}, ["input", "agents", 0, "runtime", "kind"]),
        (PIECES, {"name": 5}, ["input", "coordinationName"]),
        (PIECES, {"name": "A", "agents": [{"agentName": "B"}]}, ["input", "agents", 0, "runtime"]),
        (MEMBER, {"kind": "X"}, ["input", "agents", 0, "runtime", "kind"]),
        ("query ($n: Int) { coordinations(first: $n) { totalCount } }", {"n": "5"}, ["first"]),
        ("query ($n: Int) { coordinations(first: $n) { totalCount } }", {"n": 0}, ["first"]),
        (
            "query ($s: [SessionStatus!]) { sessions(filter: {status: $s}) { totalCount } }",
            {"s": ["COMPLETED", "DONE"]},
            ["filter", "status", 1],
        ),
    ],
    ids=short,
)
def test_a_wrong_variable_is_told_with_its_place(
    document: str, variables: dict[str, Any], place: list[Any]
) -> None:
    result = ask(document, variables)

    assert places(result) == [place]
    assert not any(everything_stored().values())


def test_each_of_several_wrong_values_has_its_own_place() -> None:
    given = {"coordinationName": 5, "agents": [{"agentName": 1, "runtime": ECHO}, {}]}

    assert places(ask(CREATE, {"i": given})) == [
        ["input", "coordinationName"],
        ["input", "agents", 0, "agentName"],
        ["input", "agents", 1, "agentName"],
        ["input", "agents", 1, "runtime"],
    ]


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ("{ coordinations(first: true) { totalCount } }", ["first"]),
        ("{ sessions(filter: {status: [DONE]}) { totalCount } }", ["filter", "status", 0]),
        (LITERAL, ["input", "agents", 0, "agentName"]),
        (LITERAL.replace("agentName: 5, ", ""), ["input", "agents", 0, "agentName"]),
        (LITERAL.replace("agentName: 5", 'agentName: "B", color: 1'), [*MEMBER_0, "color"]),
        (LITERAL.replace("agentName: 5", 'agentName: "B", a: {b: 1}'), [*MEMBER_0, "a"]),
        ("mutation { createCoordination { __typename } }", ["input"]),
        ("{ coordinations(frist: 1) { totalCount } }", ["frist"]),
        ("{ coordinations @include(iff: true) { totalCount } }", None),
        ("{ coordinations @include(if: 5) { totalCount } }", None),
        ("{ coordinations { color } }", None),
    ],
)
def test_a_wrong_literal_is_told_with_its_place(document: str, place: list[Any] | None) -> None:
    assert places(ask(document), "GRAPHQL_VALIDATION_FAILED")[0] == place


@pytest.mark.parametrize(
    ("query", "variables", "place"),
    [
        (CREATE, {"i": {"coordinationName": "\ud800"}}, ["input", "coordinationName"]),
        (PIECES, {"name": "\ud800"}, ["input", "coordinationName"]),
        (CREATE, {"i": agents(agentName="\ud800")}, ["input", "agents", 0, "agentName"]),
        ("{ __typename }", {"i": "\ud800"}, ["variables", "i"]),
        ("{ broken", {"i": "\ud800"}, ["variables", "i"]),
    ],
)
def test_what_is_no_json_is_told_with_the_place_of_its_argument(
    query: str, variables: dict[str, Any], place: list[Any]
) -> None:
    with pytest.raises(BadUserInput) as caught:
        from_object({"query": query, "variables": variables})

    assert list(caught.value.input_path) == place
