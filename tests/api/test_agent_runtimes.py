"""The kinds of runtimes that a deployment offers, and what turns the others on."""

from typing import Any

import pytest

from ai_coordination.config import settings
from ai_coordination.runtimes import registry
from ai_coordination.states import AgentRuntimeKind
from tests.docs.pages import page
from tests.support.graph_api import ask, data, mutation
from tests.support.templates import FUNCTION

(QUERY,) = page("guides/write-an-agent").texts("graphql")
# By kind that is off at first: the setting that turns it on, and a value.
TURNED_ON_BY = {
    "OPENAI": ("AI_COORDINATION_AGENT_HOSTS", "api.example"),
    "HTTP": ("AI_COORDINATION_AGENT_HOSTS", "api.example"),
    "BEDROCK": ("AI_COORDINATION_BEDROCK_MODELS", "amazon.nova-*"),
    "A2A": ("AI_COORDINATION_AGENT_HOSTS", "api.example"),
}


def offered() -> dict[str, dict[str, Any]]:
    return {runtime["kind"]: runtime for runtime in data(QUERY)["agentRuntimes"]}


def test_all_kinds_are_listed_in_the_order_of_the_enum() -> None:
    assert list(offered()) == [kind.name for kind in AgentRuntimeKind]


def test_without_settings_a_kind_is_on_unless_it_calls_what_the_operator_must_list() -> None:
    is_on = {kind: runtime["enabled"] for kind, runtime in offered().items()}

    assert is_on == {kind.name: kind.name not in TURNED_ON_BY for kind in AgentRuntimeKind}
    assert {kind for kind, runtime in offered().items() if runtime["reason"]} == set(TURNED_ON_BY)


@pytest.mark.parametrize("kind", TURNED_ON_BY)
def test_a_kind_that_is_off_names_its_setting_and_refuses_agents_with_the_same_text(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, value = TURNED_ON_BY[kind]
    reason = offered()[kind]["reason"]
    assert reason.startswith(f"The kind {kind} is off. The setting {name} turns it on")
    assert ("MODELS=fake" in reason) == (kind == "BEDROCK")
    agent = {"agentName": "A", "runtime": {"kind": kind, "target": "anything"}}
    create = mutation("createCoordination", "CreateCoordinationInput", "__typename")
    (refused,) = ask(create, {"input": {"coordinationName": "C", "agents": [agent]}})["errors"]
    assert refused["message"].startswith(reason)
    assert refused["extensions"]["inputPath"] == ["input", "agents", 0, "runtime", "target"]

    monkeypatch.setenv(name, value)
    settings.cache_clear()

    others = {other for other, (setting, _) in TURNED_ON_BY.items() if setting != name}
    assert {kind for kind, runtime in offered().items() if not runtime["enabled"]} == others
    assert offered()[kind]["reason"] is None


@pytest.mark.parametrize("kind", TURNED_ON_BY)
def test_the_deployed_api_knows_that_a_kind_is_on_though_it_has_not_the_list(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, _ = TURNED_ON_BY[kind]
    # Where the stack has a list, and where it has none.
    _, listed, none = FUNCTION["Environment"]["Variables"][name]["If"]
    for value, is_on in ((listed, True), (none, False)):
        monkeypatch.setenv(name, value)
        settings.cache_clear()

        assert offered()[kind]["enabled"] is is_on


@pytest.mark.parametrize("kind", AgentRuntimeKind)
def test_only_a_kind_that_says_so_refuses_agents_for_being_off(kind: AgentRuntimeKind) -> None:
    problems = [problem.message for problem in registry.of(kind).check("x", {})]

    told = [message for message in problems if "turns it on" in message]
    assert told == [message for message in [registry.of(kind).off_reason()] if message]


@pytest.mark.parametrize("kind", AgentRuntimeKind)
def test_the_schema_of_parameters_is_the_one_that_the_engine_checks_by(
    kind: AgentRuntimeKind,
) -> None:
    shown = offered()[kind.name]["parametersSchema"]

    assert shown == registry.of(kind).parameters_schema
