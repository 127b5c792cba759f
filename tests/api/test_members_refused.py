"""Invalid members of a coordination: UUIDs, names, targets and parameters."""

import math
from typing import Any

import pytest

from tests.support.cases import each
from tests.support.graph_api import ask, mutation
from tests.support.ids import short
from tests.support.stored import refused
from tests.support.world import World

REGION, ACCOUNT = "eu-central-1", "123456789012"
ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:agent-zh"


def member(**changes: Any) -> dict[str, Any]:
    return {"agentUuid": "zh", "agentName": "Zh", "runtime": {"kind": "ECHO"}, **changes}


def reached_by(target: str | None) -> dict[str, Any]:
    return member(runtime={"kind": "LAMBDA", "target": target})


def given_to(**parameters: Any) -> dict[str, Any]:
    return member(runtime={"kind": "ECHO", **parameters})


def nested(levels: int, inside: Any = 1) -> Any:
    """Arrays and objects in turn, so many of them around `inside`."""
    for level in range(levels):
        inside = {"in": inside} if level % 2 else [inside]
    return inside


def place(*steps: str | int) -> dict[str, Any]:
    return {"code": "BAD_USER_INPUT", "inputPath": ["input", "agents", *steps]}


def refused_twice(world: World, agents: list[dict[str, Any]]) -> dict[str, Any]:
    """What both mutations say that take members."""
    given = {"agents": agents}
    created = refused("createCoordination", {"coordinationName": "Offers", **given})
    updated = refused("updateCoordination", {**world.key("coordination"), **given})
    assert created == updated
    return created


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    """The account of the deployment, as the template sets it."""
    monkeypatch.setenv("AI_COORDINATION_ACCOUNT_ID", ACCOUNT)


@each(
    "uuid",
    ["", " ", "a b", "ä", "a/b", "a#b", "a:b", "rag\n", "a" * 129, "\ud800", "\u0661"],
    ids=short,
)
def test_an_agent_uuid_has_a_pattern(still_world: World, uuid: str) -> None:
    assert refused_twice(still_world, [member(agentUuid=uuid)]) == place(0, "agentUuid")


def test_no_agent_is_a_member_twice(still_world: World) -> None:
    agents = [member(agentUuid=uuid) for uuid in ("rag", "zh", "Rag", "zh", "rag")]

    assert refused_twice(still_world, agents) == place(3, "agentUuid")


def test_a_coordination_has_a_thousand_members_at_most(still_world: World) -> None:
    agents = [member(agentUuid=str(number)) for number in range(1001)]

    assert refused_twice(still_world, agents) == place()


@each("name", ["", " \t", "n" * 257, "\udfff"], ids=short)
def test_an_agent_has_a_name(still_world: World, name: str) -> None:
    agents = [member(agentUuid="rag"), member(agentName=name)]

    assert refused_twice(still_world, agents) == place(1, "agentName")


@each(
    "target",
    [
        None,
        "zh",
        "Agent-zh",
        "my-agent-zh",
        "agent-",
        "agent-:live",
        "agent-zh ",
        "agent-zh\n",
        "agent-zh:",
        "agent-zh:a b",
        "agent-zh:live:live",
        "agent-" + "z" * 59,
        "agent-zh:" + "a" * 129,
        "https://example.com/agent-zh",
        f"{ACCOUNT}:function:agent-zh",
        f"{ACCOUNT}:agent-zh",
        "function:agent-zh",
        ARN.replace(REGION, "us-east-1"),
        ARN.replace(ACCOUNT, "210987654321"),
        ARN.replace(ACCOUNT, ""),
        ARN.replace("agent-zh", "zh"),
        ARN.replace("agent-zh", "zh:agent-zh"),
        ARN.replace(":lambda:", ":sqs:"),
        ARN.replace(":function:", ":layer:"),
        f"{ARN}:",
        f"{ARN}:live:live",
        f" {ARN}",
    ],
)
@pytest.mark.usefixtures("account")
def test_a_lambda_agent_is_a_function_of_this_account_and_prefix(
    still_world: World, target: str | None
) -> None:
    assert refused_twice(still_world, [reached_by(target)]) == place(0, "runtime", "target")


def test_without_a_known_account_no_arn_is_allowed(still_world: World) -> None:
    assert refused_twice(still_world, [reached_by(ARN)]) == place(0, "runtime", "target")


@each("target", ["", "t" * 257, "\ud800"], ids=short)
@each("kind", ["ECHO", "EXTERNAL", "LAMBDA"])
def test_a_target_is_a_short_text(still_world: World, kind: str, target: str) -> None:
    agents = [member(runtime={"kind": kind, "target": target})]

    assert refused_twice(still_world, agents) == place(0, "runtime", "target")


@each(
    "parameters",
    [
        math.nan,
        {"a": [math.inf]},
        -math.inf,
        "\ud800",
        {"\udfff": 1},
        10**5000,
        nested(101),
        nested(500),
        nested(5000),
    ],
    ids=["NaN", "infinity", "-infinity", "surrogate", "key", "digits", "101", "500", "5000"],
)
def test_parameters_are_json_that_every_client_can_read(
    still_world: World, parameters: Any
) -> None:
    agents = [given_to(parameters=parameters)]
    given = {"coordinationName": "Offers", "agents": agents, "idempotencyKey": "once"}

    assert refused_twice(still_world, agents) == place(0, "runtime", "parameters")
    assert refused("createCoordination", given) == place(0, "runtime", "parameters")


@each(
    ("kind", "parameters", "path"),
    [
        ("ECHO", {"seconds": "3"}, ["seconds"]),
        ("ECHO", {"seconds": True}, ["seconds"]),
        ("ECHO", {"seconds": -1}, ["seconds"]),
        ("ECHO", {"seconds": 365 * 24 * 3600 + 1}, ["seconds"]),
        ("ECHO", {"fail": True}, ["fail"]),
        ("ECHO", {"fail": ["No"]}, ["fail"]),
        ("ECHO", {"fail": {"attempts": "x"}}, ["fail", "attempts"]),
        ("ECHO", {"fail": {"attempts": 1.5}}, ["fail", "attempts"]),
        ("ECHO", {"fail": {"attempts": -1}}, ["fail", "attempts"]),
        ("ECHO", {"fail": {"attempts": 101}}, ["fail", "attempts"]),
        ("ECHO", {"fail": {"attempts": 1, "notes": 5}}, ["fail", "notes"]),
        ("ECHO", {"fail": {"atempts": 1}}, ["fail", "atempts"]),
        ("LAMBDA", {"invocation": "requestresponse"}, ["invocation"]),
        ("LAMBDA", {"invocation": 5}, ["invocation"]),
        ("LAMBDA", {"invocation": ["RequestResponse"]}, ["invocation"]),
        ("LAMBDA", "RequestResponse", []),
    ],
    ids=short,
)
def test_parameters_that_a_runtime_reads_are_checked(
    still_world: World, kind: str, parameters: Any, path: list[str]
) -> None:
    target = {"target": "agent-zh"} if kind == "LAMBDA" else {}
    agents = [member(runtime={"kind": kind, **target, "parameters": parameters})]

    assert refused_twice(still_world, agents) == place(0, "runtime", "parameters", *path)


@each("kind", ["ECHO", "EXTERNAL"])
def test_only_a_function_has_a_target(still_world: World, kind: str) -> None:
    agents = [member(runtime={"kind": kind, "target": "agent-zh"})]

    assert refused_twice(still_world, agents) == place(0, "runtime", "target")


def test_a_kind_that_there_is_not_is_refused(still_world: World) -> None:
    given = {"coordinationName": "Offers", "agents": [member(runtime={"kind": "MAGIC"})]}

    result = ask(
        mutation("createCoordination", "CreateCoordinationInput", "__typename"), {"input": given}
    )

    assert [error["extensions"]["code"] for error in result["errors"]] == ["BAD_USER_INPUT"]
    assert "data" not in result
