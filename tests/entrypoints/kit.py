"""Blueprints and agents for the tests of the testing kit."""

from collections.abc import Mapping
from typing import Any

from ai_coordination.testing import (
    Engine,
    Faults,
    Session,
)


def blueprint(
    *agents: str, invocation: str | None = "RequestResponse", **actions: Mapping[str, Any]
) -> dict[str, Any]:
    """A task in which LAMBDA agents of these names work one after another."""
    parameters = {"invocation": invocation} if invocation else {}
    members = [
        {
            "agentName": name,
            "runtime": {"kind": "LAMBDA", "target": f"agent-{name}", "parameters": parameters},
        }
        for name in agents
    ]
    before = [[], *([name] for name in agents)]
    steps = [
        {"agentUuid": name, "predecessors": predecessors, **actions.get(name, {})}
        for name, predecessors in zip(agents, before, strict=False)
    ]
    return {
        "coordination": {"coordinationName": "Offers", "agents": members},
        "task": {"taskName": "Offer", "initialTaskQuery": "Tea?", "agentActions": steps},
    }


def external(name: str) -> dict[str, Any]:
    """A task of one EXTERNAL agent."""
    return {
        "coordination": {
            "coordinationName": "Prices",
            "agents": [{"agentName": name, "runtime": {"kind": "EXTERNAL"}}],
        },
        "task": {
            "taskName": "Price",
            "initialTaskQuery": "Tea?",
            "agentActions": [{"agentUuid": name}],
        },
    }


def asked(asks: str, **more: Any) -> dict[str, Any]:
    """A task of one agent that asks a person."""
    return blueprint("writer", writer={"userInTheLoop": asks, **more})


def started(engine: Engine, content: Mapping[str, Any], **more: Any) -> Session:
    engine.load(content)
    return engine.start(**more)


def steps(seed: int, faults: Faults | None = None, most_events: int = 1_000) -> str:
    with Engine(seed=seed, faults=faults) as engine:
        content = blueprint("a", "b", "c", b={"predecessors": []}, c={"predecessors": ["a", "b"]})
        engine.agent("a", lambda text: "1", seconds=10)
        engine.agent("b", lambda text: "2", seconds=20)
        engine.agent("c", lambda text: "3")
        session = started(engine, content)
        engine.run(most_events=most_events)
        assert session.status == "COMPLETED"
        return session.report()
