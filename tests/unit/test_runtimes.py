"""The registry of runtimes: each kind has its own, and a kind of another version has a safe one."""

from types import SimpleNamespace
from typing import Any

import pytest

from ai_coordination.messages import Lane
from ai_coordination.runtimes import registry
from ai_coordination.runtimes.base import Call, RunFailed
from ai_coordination.states import AgentRuntimeKind

ALWAYS_WAITED_FOR = {
    AgentRuntimeKind.OPENAI,
    AgentRuntimeKind.BEDROCK,
    AgentRuntimeKind.HTTP,
    AgentRuntimeKind.A2A,
}


def call_of(kind: str | None, parameters: Any) -> Call:
    runtime = SimpleNamespace(kind=kind, target=None)
    given: Any = dict.fromkeys(Call._fields)
    agent = SimpleNamespace(member=SimpleNamespace(runtime=runtime), agent_input=None)
    return Call(**{**given, "agent": agent, "parameters": parameters})


@pytest.mark.parametrize("kind", AgentRuntimeKind)
def test_each_kind_has_a_runtime_that_describes_itself(kind: AgentRuntimeKind) -> None:
    runtime = registry.of(kind.value)

    assert runtime.kind is kind
    assert runtime.description.endswith(".")
    assert runtime.lane(None) is (Lane.CALLS if kind in ALWAYS_WAITED_FOR else Lane.STEPS)


@pytest.mark.parametrize("kind", AgentRuntimeKind)
def test_a_kind_describes_its_target_and_its_parameters(kind: AgentRuntimeKind) -> None:
    runtime = registry.of(kind.value)
    has_target = runtime.target_problem(None) is not None

    assert ("`target`" in runtime.description) is has_target
    assert "`parameters`" in runtime.description


@pytest.mark.parametrize("kind", ["magic", "", None])
def test_a_kind_of_another_version_is_neither_waited_for_nor_pulled_and_fails_its_attempt(
    kind: str | None,
) -> None:
    runtime = registry.of(kind)

    with pytest.raises(RunFailed) as failed:
        registry.invoke(call_of(kind, None))

    assert (runtime.lane({"invocation": "RequestResponse"}), runtime.is_pulled) == (
        Lane.STEPS,
        False,
    )
    assert failed.value.notes == "This version of the engine does not know this kind of runtime"
    assert failed.value.retryable
