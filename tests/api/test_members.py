"""Valid members of a coordination are returned as they were given."""

import re
from typing import Any

import pytest

from tests.api.entities import UUID_7
from tests.support.graph_api import ask, change, data, new_coordination
from tests.support.stored import refused

pytestmark = pytest.mark.usefixtures("tables")

ACCOUNT = "123456789012"
ARN = f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:agent-zh"
MEMBERS = """query ($c: ID!) { coordination(coordinationUuid: $c) {
    agents { agentUuid runtime { kind target parameters } }
} }"""


def member(uuid: str, kind: str = "ECHO", **runtime: Any) -> dict[str, Any]:
    return {"agentUuid": uuid, "agentName": "A", "runtime": {"kind": kind, **runtime}}


def members_of(coordination: str) -> Any:
    return data(MEMBERS, {"c": coordination})["coordination"]["agents"]


def nested(levels: int) -> Any:
    return [nested(levels - 1)] if levels else 1


def test_an_agent_uuid_may_be_anything_of_its_pattern() -> None:
    uuids = ["a" * 128, "A", "a", "0", ".", "-", "_", "..", "zh-Hant_2.0"]

    coordination = new_coordination(agents=[member(uuid) for uuid in uuids])

    assert [agent["agentUuid"] for agent in members_of(coordination)] == uuids


def test_an_agent_without_a_uuid_is_given_one_of_its_own() -> None:
    given = [member("rag"), member("rag"), member("rag")]
    del given[0]["agentUuid"]
    given[1]["agentUuid"] = None

    first, second, third = members_of(new_coordination(agents=given))

    assert re.fullmatch(UUID_7, first["agentUuid"])
    assert re.fullmatch(UUID_7, second["agentUuid"])
    assert first["agentUuid"] != second["agentUuid"]
    assert third["agentUuid"] == "rag"


def test_a_thousand_members_are_kept_in_their_order() -> None:
    uuids = [str(number * 7 % 1000) for number in range(1000)]

    coordination = new_coordination(agents=[member(uuid) for uuid in uuids])

    assert [agent["agentUuid"] for agent in members_of(coordination)] == uuids


def test_a_lambda_agent_is_named_by_name_arn_or_alias(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_COORDINATION_ACCOUNT_ID", ACCOUNT)
    names = ["agent-z", "agent-zh", "agent-" + "z" * 58, "agent-zh:live", "agent-zh:3"]
    targets = [*names, "agent-zh:$LATEST", ARN, f"{ARN}:live", f"{ARN}:$LATEST"]
    agents = [member(str(at), "LAMBDA", target=target) for at, target in enumerate(targets)]

    coordination = new_coordination(agents=agents)

    assert [agent["runtime"] for agent in members_of(coordination)] == [
        {"kind": "LAMBDA", "target": target, "parameters": None} for target in targets
    ]


def test_the_prefix_of_functions_is_the_deployment_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AI_COORDINATION_AGENT_FUNCTION_PREFIX", "team-")
    agents = [member("zh", "LAMBDA", target="agent-zh")]

    told = refused("createCoordination", {"coordinationName": "Offers", "agents": agents})
    new_coordination(agents=[member("zh", "LAMBDA", target="team-zh")])

    place = ["input", "agents", 0, "runtime", "target"]
    assert told == {"code": "BAD_USER_INPUT", "inputPath": place}


def test_the_parameters_of_each_kind_are_taken_as_its_runtime_reads_them() -> None:
    parameters: list[tuple[str, Any]] = [
        ("ECHO", {"seconds": 0, "fail": "No"}),
        ("ECHO", {"seconds": 365 * 24 * 3600, "fail": {"attempts": 100, "notes": "No"}}),
        ("ECHO", {"seconds": None, "fail": None, "style": "of the agent that it stands for"}),
        ("LAMBDA", {"invocation": "Event", "style": "formal"}),
        ("LAMBDA", {"invocation": "RequestResponse"}),
        ("LAMBDA", {"invocation": None}),
        ("EXTERNAL", {"invocation": "by hand", "seconds": "few"}),
    ]
    agents = [
        member(
            str(at), kind, parameters=given, **({"target": "agent-a"} if kind == "LAMBDA" else {})
        )
        for at, (kind, given) in enumerate(parameters)
    ]

    coordination = new_coordination(agents=agents)

    found = [agent["runtime"]["parameters"] for agent in members_of(coordination)]
    assert found == [given for _, given in parameters]


def test_parameters_come_back_as_they_were_given() -> None:
    texts = ["", "null", '"\\\u0000\u2028', "🦊"]
    numbers = [0, -1, -0.5, 2**53, 10**40, 1e308, 5e-324]
    values = [None, False, True, *numbers, *texts, [], {}, {"": [None]}, nested(100)]
    agents = [member(str(at), parameters=value) for at, value in enumerate(values)]

    coordination = new_coordination(agents=agents, idempotencyKey="once")
    again = new_coordination(agents=agents, idempotencyKey="once")
    change(
        "updateCoordination",
        {"coordinationUuid": coordination, "agents": agents},
        "coordination { version }",
    )

    assert again == coordination
    assert [agent["runtime"]["parameters"] for agent in members_of(coordination)] == values


def test_parameters_may_be_written_into_the_document_with_variables_in_them() -> None:
    document = """mutation ($given: String, $missing: String) {
      createCoordination(input: {coordinationName: "Offers", agents: [{
        agentName: "A"
        runtime: {kind: ECHO, parameters: {a: $given, b: $missing, c: [$missing, 1.5, null, X]}}
      }]}) { coordination { agents { runtime { parameters } } } }
    }"""

    answer = ask(document, {"given": "text"})

    runtime = {"parameters": {"a": "text", "c": [None, 1.5, None, "X"]}}
    expected = {"coordination": {"agents": [{"runtime": runtime}]}}
    assert answer == {"data": {"createCoordination": expected}}


def test_an_agent_s_uuid_is_its_own_in_another_coordination() -> None:
    agents = [member("rag")]

    first, second = new_coordination(agents=agents), new_coordination(agents=agents)

    assert members_of(first) == members_of(second)


def test_an_update_replaces_all_members() -> None:
    coordination = new_coordination(agents=[member("rag"), member("zh", parameters={"seconds": 1})])
    given = {"coordinationUuid": coordination, "agents": [member("zh"), member("new")]}

    change("updateCoordination", given, "coordination { version }")

    runtime = {"kind": "ECHO", "target": None, "parameters": None}
    assert members_of(coordination) == [
        {"agentUuid": "zh", "runtime": runtime},
        {"agentUuid": "new", "runtime": runtime},
    ]
