"""Random blueprints, drawn by hypothesis from a seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as some

from ai_coordination import models, services
from ai_coordination.caller import Caller
from ai_coordination.states import (
    AgentRuntimeKind,
    FailurePolicy,
    RejectionPolicy,
    TimeoutPolicy,
    UserInTheLoop,
)
from tests.simulation.flows import Subtask, flows
from tests.simulation.outputs import FAILING, OUTPUTS
from tests.simulation.people import WHOM

MOST_AGENTS = 7
MOST_QUERIES = 2
# Of ten blueprints, how many have control flow.
FLOWING = 8
# Of ten agents of a chain, how many follow the one before them, and how many ask nobody.
STRAIGHT = 8
# More than any run uses.
MOST_TOKENS = 2_000
FORM = {"type": "object", "properties": {"said": {"type": "string"}}, "required": ["said"]}
ASKS: list[dict[str, Any]] = [
    {"kind": UserInTheLoop.INPUT, "default": "nothing"},
    {"kind": UserInTheLoop.INPUT, "default": {"said": "nothing"}, "form": FORM},
    {"kind": UserInTheLoop.APPROVAL, "default": True},
    {"kind": UserInTheLoop.APPROVAL, "default": False},
    {
        "kind": UserInTheLoop.APPROVAL,
        "default": False,
        "on_rejection": RejectionPolicy.CONTINUE,
    },
    {"kind": UserInTheLoop.CHOICE, "default": "b", "options": ["a", "b", "c"]},
]
SHORT = "Which of {thing}?"
# Larger than what an item holds itself.
LARGE = "Which? " * 800
TASK_QUERY = '{"thing": "them"}'


@dataclass(frozen=True)
class Blueprint:
    """What a coordination and its task are made of; a session of it may be built by hand."""

    members: list[dict[str, Any]]
    actions: list[dict[str, Any]]
    queries: list[dict[str, Any]]
    by_hand: bool = False
    budget: dict[str, float | None] | None = None
    subtasks: Sequence[Subtask] = ()
    output: str | None = None

    def make(self, caller: Caller) -> models.Task:
        """The task, and with it its coordination and its sub-tasks."""
        coordination = services.coordination.create(
            caller, coordination_name="Simulated", agents=self.members
        )
        uuid = str(coordination.coordination_uuid)
        made: list[str] = []
        for place, subtask in enumerate(self.subtasks):
            task = services.task.create(
                caller,
                coordination_uuid=uuid,
                task_name=f"Below {place}",
                agent_actions=_named(subtask.actions, made),
            )
            made.append(str(task.task_uuid))
        return services.task.create(
            caller,
            coordination_uuid=uuid,
            task_name="Simulated",
            agent_actions=_named(self.actions, made),
            subtask_queries=self.queries,
            budget=self.budget,
            output=self.output,
        )


def _named(actions: list[dict[str, Any]], tasks: list[str]) -> list[dict[str, Any]]:
    """The actions with the UUIDs of the tasks that they run, in place of their numbers."""
    return [
        one if one.get("task_uuid") is None else {**one, "task_uuid": tasks[one["task_uuid"]]}
        for one in actions
    ]


def member(name: str, kind: AgentRuntimeKind = AgentRuntimeKind.ECHO) -> dict[str, Any]:
    runtime: dict[str, Any] = {"kind": kind}
    parameters: dict[str, Any]
    if kind is AgentRuntimeKind.LAMBDA:
        runtime["target"] = name
        if name.endswith(("1", "3", "5")):
            runtime["parameters"] = {"invocation": "RequestResponse"}
    if kind is AgentRuntimeKind.OPENAI:
        parameters = {"model": "m", "maxTokens": MOST_TOKENS, **_history(name)}
        runtime |= {"target": "https://llm.example/v1", "parameters": parameters}
    if kind is AgentRuntimeKind.A2A:
        runtime["target"] = "https://llm.example/a2a"
    if kind is AgentRuntimeKind.BEDROCK:
        parameters = {"maxTokens": MOST_TOKENS, **_history(name)}
        runtime |= {"target": "amazon.nova-lite-v1:0", "parameters": parameters}
    if kind is AgentRuntimeKind.HTTP:
        runtime |= {"target": "https://llm.example/a", "parameters": {"signingSecret": "s"}}
    return {"agent_uuid": name, "agent_name": name.upper(), "runtime": runtime}


def _history(name: str) -> dict[str, Any]:
    """Some models are reminded of what others have said in their thread, too."""
    return {"history": {"of": "ALL"}} if name.endswith(("1", "4", "5")) else {}


@some.composite
def blueprints(draw: some.DrawFn) -> Blueprint:
    """Up to 14 agents: one or two of each member, behind any of the members before it."""
    names = [f"agent-{number}" for number in range(draw(some.integers(1, MOST_AGENTS)))]
    kinds = [draw(some.sampled_from(AgentRuntimeKind)) for _ in names]
    actions = [draw(actions_of(name, names[:place])) for place, name in enumerate(names)]
    work = [
        {"agent_uuid": name, "subtask_query": draw(some.sampled_from([SHORT, SHORT, LARGE]))}
        for name in names
        for _ in range(draw(some.integers(0, MOST_QUERIES)))
    ]
    made = [member(name, kind) for name, kind in zip(names, kinds, strict=True)]
    by_hand = draw(some.integers(0, 4)) == 0
    tokens = draw(some.sampled_from([None, None, 1_500, 8_000, 20_000, 100_000]))
    seconds = draw(some.sampled_from([None, None, 60, 3_600, 90_000]))
    dollars = draw(some.sampled_from([None, None, 0.0005, 0.004, 0.08, 0.3]))
    budget: dict[str, float | None] | None = {
        "tokens": tokens,
        "dollars": dollars,
        "seconds": seconds,
    }
    subtasks: list[Subtask] = []
    if not by_hand and draw(some.integers(0, 9)) < FLOWING:
        actions, subtasks = draw(flows(actions, names))
        budget = draw(some.sampled_from([None, None, None, budget]))
    output = draw(some.sampled_from([None, *OUTPUTS, FAILING]))
    return Blueprint(made, actions, work, by_hand, budget, subtasks, output)


@some.composite
def chains(draw: some.DrawFn) -> Blueprint:
    """Agents most of which follow one other agent, and ask nobody. So workers hand over."""
    names = [f"agent-{number}" for number in range(draw(some.integers(3, MOST_AGENTS)))]
    made = [member(name, draw(some.sampled_from(AgentRuntimeKind))) for name in names]
    actions = []
    for place, name in enumerate(names):
        action = draw(actions_of(name, names[:place]))
        if draw(some.integers(0, 9)) < STRAIGHT:
            action["predecessors"] = names[max(place - 1, 0) : place]
        if draw(some.integers(0, 9)) < STRAIGHT:
            action["ask"] = None
        actions.append(action)
    work = [
        {"agent_uuid": name, "subtask_query": draw(some.sampled_from([SHORT, SHORT, LARGE]))}
        for name in names
    ]
    budget = {"tokens": 100_000.0, "dollars": None, "seconds": 90_000.0}
    output = draw(some.sampled_from([None, *OUTPUTS, FAILING]))
    return Blueprint(
        made, actions, work, budget=draw(some.sampled_from([None, None, budget])), output=output
    )


@some.composite
def actions_of(draw: some.DrawFn, name: str, before: list[str]) -> dict[str, Any]:
    """What an agent does, behind any of those before it."""
    return {
        "agent_uuid": name,
        "predecessors": [one for one in before if draw(some.integers(0, 9)) < 4],
        "primary_path": draw(some.booleans()),
        "retry": {
            "max_attempts": draw(some.integers(1, 3)),
            "interval_seconds": draw(some.sampled_from([0, 1, 100])),
        },
        "timeout_seconds": draw(some.sampled_from([30, 300, 3_000])),
        "on_failure": draw(some.sampled_from(FailurePolicy)),
        **draw(questions()),
        "heartbeat_seconds": draw(some.sampled_from([None, None, 40])),
        "max_turns": draw(some.sampled_from([1, 2, 3, 10])),
    }


@some.composite
def questions(draw: some.DrawFn) -> dict[str, Any]:
    """What an agent asks about its output, if anything, and how long."""
    ask = draw(some.sampled_from([None] * len(ASKS) + ASKS))
    seconds = draw(some.sampled_from([None, 600]))
    if ask is not None and seconds is not None and draw(some.booleans()):
        ask = {**ask, "on_timeout": TimeoutPolicy.DEFAULT}
    if ask is not None:
        ask = {**ask, **draw(some.sampled_from(WHOM))}
    return {"ask": ask, "answer_timeout_seconds": seconds}


@cache
def drawn(number: int) -> Blueprint:
    """The blueprint of a seed."""
    return _first(blueprints(), number)


@cache
def chained(number: int) -> Blueprint:
    """The chain of a seed."""
    return _first(chains(), number)


def _first(kind: some.SearchStrategy[Blueprint], number: int) -> Blueprint:
    examples: list[Blueprint] = []

    # The first example is always the simplest one.
    @seed(number)
    @settings(
        max_examples=2,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(kind)
    def take(example: Blueprint) -> None:
        examples.append(example)

    take()
    return examples[-1]
