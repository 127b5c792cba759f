"""Sums of what runs used: at any moment, and at rest."""

from collections.abc import Iterable
from typing import Any

from ai_coordination import config, models, prices
from ai_coordination.engine.agent import spending
from ai_coordination.models.token_usage import AMOUNTS, UNITS, reserved, used
from ai_coordination.states import SessionAgentState
from tests.simulation.snapshot import Snapshot

Sum = dict[str, int | None]


def sums_are_right(now: Snapshot) -> None:
    """An agent's sum is that of its runs, and the session's what agents have handed over."""
    for agent in now.agents:
        assert kept(agent) == of(_usages(now, agent)), f"{agent.ordinal}: its sum is wrong"
    handed_over = kept(now.session)
    left = [agent.unsettled_usage for agent in now.agents]
    assert of([*left, handed_over]) == of(map(kept, now.agents)), "the session's sum is wrong"


def budget_is_kept(now: Snapshot) -> None:
    """What is committed is what was used, and what runs in progress have reserved."""
    session = now.session
    of_agents = reserved(now.agents)
    for unit in UNITS:
        committed = getattr(session, f"committed_{unit}") or 0
        assert committed == used(session, unit) + of_agents[unit], f"{unit} are committed wrongly"
    for agent in now.agents:
        may_reserve = agent.state == SessionAgentState.IN_PROGRESS or agent.due_at
        assert may_reserve or not any(reserved([agent]).values()), (
            f"{agent.ordinal}: it reserves for ever"
        )


def everything_is_settled(now: Snapshot) -> None:
    """At rest nothing is missing in the session's sum."""
    assert not any(spending.owes(agent) for agent in now.agents)
    assert kept(now.session) == of(run.usage for run in now.runs)
    for run in now.runs:
        if run.usage is not None and run.usage.model == "nova":
            cost = prices.cost(config.settings().model_prices, run.usage)
            assert run.usage.nanodollars == cost, "a run has not its price"


def _usages(now: Snapshot, agent: models.SessionAgent) -> list[Any]:
    """Of the agent's runs. A completed one is sealed after its agent has completed."""
    runs = now.runs_of(agent)
    usages: list[Any] = [run.usage for run in runs]
    if agent.state == SessionAgentState.COMPLETED:
        current = next(run for run in runs if run.run_uuid == agent.current_run_uuid)
        usages += [agent.usage] if current.outcome is None else []
    return usages


def kept(item: models.Session | models.SessionAgent) -> Sum:
    """The sum that an item keeps."""
    counts: Sum = {name: getattr(item, f"used_{name}") for name in AMOUNTS}
    return counts


def of(usages: Iterable[Any]) -> Sum:
    """Counts of tokens and their costs, added; None if no usage has any."""
    total: Sum = dict.fromkeys(AMOUNTS)
    for usage in usages:
        for name in AMOUNTS:
            count = None if usage is None else _count(usage, name)
            if count is not None:
                total[name] = (total[name] or 0) + count
    return total


def _count(usage: Any, name: str) -> int | None:
    count: int | None = usage[name] if isinstance(usage, dict) else getattr(usage, name)
    return count
