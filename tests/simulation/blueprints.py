"""Random blueprints, made in the database as a caller would."""

import random
from typing import Any

from ai_coordination import models, services
from ai_coordination.states import AgentRuntimeKind, FailurePolicy, UserInTheLoop
from tests.simulation.world import CALLER

MOST_AGENTS = 7
ASKS = (None, None, None, UserInTheLoop.APPROVAL)


def blueprint(
    names: list[str], actions: list[dict[str, Any]], queries: list[dict[str, Any]]
) -> models.Task:
    """A coordination of these agents, and its task."""
    kind = {"kind": AgentRuntimeKind.ECHO}
    coordination = services.coordination.create(
        CALLER,
        coordination_name="Simulated",
        agents=[{"agent_uuid": one, "agent_name": one, "runtime": kind} for one in names],
    )
    return services.task.create(
        CALLER,
        coordination_uuid=coordination.coordination_uuid,
        task_name="Simulated",
        agent_actions=actions,
        subtask_queries=queries,
    )


def random_blueprint(draw: random.Random) -> models.Task:
    """Up to 14 agents: one or two of each member, behind any of the members before it."""
    names = [f"agent-{number}" for number in range(draw.randint(1, MOST_AGENTS))]
    actions = [_action(draw, name, names[:place]) for place, name in enumerate(names)]
    queries = [
        {"agent_uuid": name, "subtask_query": "Which?"}
        for name in names
        for _ in range(draw.choice([0, 0, 1, 2]))
    ]
    return blueprint(names, actions, queries)


def _action(draw: random.Random, name: str, before: list[str]) -> dict[str, Any]:
    return {
        "agent_uuid": name,
        "predecessors": [one for one in before if draw.random() < 0.4],
        "retry": {"max_attempts": draw.randint(1, 3)},
        "timeout_seconds": draw.choice([30, 300]),
        "on_failure": draw.choice(list(FailurePolicy)),
        "user_in_the_loop": draw.choice(ASKS),
        "answer_timeout_seconds": draw.choice([None, 600]),
    }
