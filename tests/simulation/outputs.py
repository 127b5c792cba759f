"""What a session's output should be, by other means than JMESPath."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from ai_coordination import models, texts
from ai_coordination.expressions import output_value
from ai_coordination.states import LogLevel, SessionAgentState, SessionStatus
from tests.simulation.simulator import TENANT
from tests.simulation.snapshot import Snapshot

FAILING = "sum(states)"


def _state(agent: models.SessionAgent) -> str:
    return str(agent.state).upper()


def _value(agent: models.SessionAgent) -> Any:
    is_done = agent.state == SessionAgentState.COMPLETED
    return output_value(texts.read(TENANT, agent.agent_output)) if is_done else None


OUTPUTS: Mapping[str, Callable[[models.SessionAgent], Any]] = {"states": _state, "outputs": _value}


def output_is_right(now: Snapshot) -> None:
    """Only a completed session has the value of its task's expression, over its last agents."""
    session, expression = now.session, now.session.output_expression
    if session.status != SessionStatus.COMPLETED or expression in (None, FAILING):
        assert session.output is None
        if session.status == SessionStatus.COMPLETED and expression == FAILING:
            errors = [one for one in session.logs if one.level == LogLevel.ERROR]
            assert errors[-1].message.startswith("No output: `output` has failed: ")
    elif expression in OUTPUTS:
        _is_of_the_last_agents(now, expression)


def _is_of_the_last_agents(now: Snapshot, expression: str) -> None:
    by_agent: dict[str, list[Any]] = {}
    for agent in now.agents:
        if not agent.successors and agent.parent_ordinal is None and not agent.superseded:
            by_agent.setdefault(agent.agent_uuid, []).append(OUTPUTS[expression](agent))
    expected = {name: of[0] if len(of) == 1 else of for name, of in by_agent.items()}
    assert json.loads(str(texts.read(TENANT, now.session.output))) == expected
