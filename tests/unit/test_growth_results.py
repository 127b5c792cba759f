"""The list that an agent answers with."""

import json
from typing import Any

from ai_coordination import models
from ai_coordination.engine.agent.growth import results
from ai_coordination.services.validation import LONGEST_TEXT_BYTES

KIND: Any = models.SessionAgent
ACTION: Any = models.AgentAction
HALF = LONGEST_TEXT_BYTES // 2 - 1_000


def agent(uuid: str, output: str | None, state: str = "completed") -> models.SessionAgent:
    made: models.SessionAgent = KIND(
        session_agent_uuid=uuid,
        agent_action=ACTION(agent_uuid="a"),
        agent_output=output,
        state=state,
    )
    return made


def test_outputs_are_values_of_json_and_null_stands_for_those_that_are_missing() -> None:
    agents = [
        agent("1", ' {"n": 1} '),
        agent("2", "```json\n[2]\n```"),
        agent("3", " 3 "),
        agent("4", None, "failed"),
        agent("5", "kept", "cancelled"),
    ]

    assert json.loads(results.as_list("acme#sales", agents)) == [{"n": 1}, [2], "3", None, None]


def test_outputs_that_do_not_fit_are_named_and_those_after_them_are_not_left_out() -> None:
    agents = [
        agent("1", "x" * HALF),
        agent("2", "\u00e4" * HALF),
        agent("3", "\n" * HALF + "y"),
        agent("4", "z" * 900_000),
        agent("5", "z" * 900_000),
    ]

    text = results.as_list("acme#sales", agents)

    assert len(text.encode()) <= LONGEST_TEXT_BYTES
    values = json.loads(text)
    assert values[1] == {"sessionAgentUuid": "2", "bytes": 2 * HALF}
    assert [len(value) for value in values] == [HALF, 2, 1, 900_000, 2]
    assert values[4] == {"sessionAgentUuid": "5", "bytes": 900_000}
