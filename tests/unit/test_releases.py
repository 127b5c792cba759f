"""How the end of an agent is told to the agents that wait for it. Nothing is written here."""

from typing import Any

import pytest

from ai_coordination import models
from ai_coordination.engine.agent import conditions
from ai_coordination.engine.agent.release import Mode, mode
from ai_coordination.states import FailurePolicy
from ai_coordination.states import SessionAgentState as State


def ended(
    state: State, policy: FailurePolicy = FailurePolicy.FAIL_SESSION, **more: Any
) -> models.SessionAgent:
    """The agent 3, which 4 follows, and which lets 5 start when it has ended."""
    return models.SessionAgent(
        ordinal=3,
        successors={4},
        order_successors={5},
        state=state.value,
        agent_action=models.AgentAction(on_failure=policy.value),  # type: ignore[no-untyped-call]
        member=models.Agent(agent_name="Pricer"),  # type: ignore[no-untyped-call]
        **more,
    )


SESSION = models.Session()
ENDS = {
    "completed": (ended(State.COMPLETED), Mode.LIVE),
    "failed, and what follows goes on": (
        ended(State.FAILED, FailurePolicy.CONTINUE),
        Mode.LIVE,
    ),
    "failed, and what follows is skipped": (
        ended(State.FAILED, FailurePolicy.SKIP_SUCCESSORS),
        Mode.SKIP,
    ),
    "completed, though its failure would skip": (
        ended(State.COMPLETED, FailurePolicy.SKIP_SUCCESSORS),
        Mode.LIVE,
    ),
    "skipped for a failure": (ended(State.SKIPPED, skip_requested=True), Mode.SKIP),
    "skipped by a condition": (ended(State.SKIPPED), Mode.DEAD),
}


@pytest.mark.parametrize(("agent", "expected"), ENDS.values(), ids=ENDS)
def test_the_mode_of_a_release_follows_from_the_ended_agent(
    agent: models.SessionAgent, expected: Mode
) -> None:
    assert mode(agent, 4) is expected


@pytest.mark.parametrize("agent", [agent for agent, _ in ENDS.values()], ids=ENDS)
def test_order_edges_and_the_parent_are_always_released_live(agent: models.SessionAgent) -> None:
    child = agent.changed({"successors": {4, 7}, "parent_ordinal": 7})

    assert mode(child, 5) is Mode.LIVE
    assert mode(child, 7) is Mode.LIVE
    assert mode(child, 4) is mode(agent, 4)


def waiting(**more: Any) -> models.SessionAgent:
    return models.SessionAgent(
        ordinal=4,
        predecessors={3, 6},
        dead={3, 6},
        state=State.INITIAL.value,
        agent_action=models.AgentAction(),  # type: ignore[no-untyped-call]
        **more,
    )


def test_an_agent_is_skipped_once_all_its_own_predecessors_are_dead() -> None:
    alone = waiting().changed({"predecessors": None})

    assert conditions.why_skipped(SESSION, waiting(), ()) == conditions.ALL_DEAD
    assert conditions.why_skipped(SESSION, waiting().changed({"dead": {3}}), ()) is None
    assert conditions.why_skipped(SESSION, alone, ()) is None


BEGUN = [
    {"grown": 1},
    {"grew": [models.Growth(base=7, size=1)]},  # type: ignore[no-untyped-call]
    {"turn": 2},
    {"attempt": 1},
    {"throttles": 1},
    {"delayed": True},
    {"agent_output": "of an earlier iteration"},
]


@pytest.mark.parametrize("begun", BEGUN, ids=lambda begun: next(iter(begun)))
def test_what_has_begun_is_not_skipped_by_conditions(begun: dict[str, Any]) -> None:
    agent = waiting().changed(begun)

    assert conditions.may_be_invoked(agent)
    assert conditions.why_skipped(SESSION, agent, ()) is None


def test_the_note_names_the_failure_before_conditions() -> None:
    skips = FailurePolicy.SKIP_SUCCESSORS
    agent = waiting(skip_requested=True)
    dead = ended(State.SKIPPED)
    failed = ended(State.FAILED, skips)
    behind = ended(State.SKIPPED, skip_requested=True)

    notes = [
        conditions.why_skipped(SESSION, agent, before)
        for before in ([dead, failed], [behind, failed], [dead])
    ]

    assert notes == [
        "Skipped: Pricer has failed",
        "Skipped: Pricer was skipped",
        "Skipped: a predecessor has failed",
    ]
    assert not conditions.may_be_invoked(agent)
