"""Headings in what an agent is told, and the sections that a runtime itself adds.

No text can pass for a heading: each has the run's own mark, which was drawn after everything in the
sections was written.
"""

import json
from typing import Final

from ai_coordination import models, texts
from ai_coordination.runtimes.base import Call
from ai_coordination.states import SessionAgentState

OPENING: Final = "Headings begin with [{}]."
FAILURE: Final = "Why your last attempt failed"
SCHEMA: Final = "The JSON Schema that your answer must fit"
# Of the failure's notes. What is cut ends with an ellipsis.
LONGEST_FAILURE: Final = 2_000
# Of the opening, the headings and the lines between, at most.
_FRAME_BYTES: Final = 200
_BYTES_OF_A_CHARACTER: Final = 4


def mark_of(run_uuid: str) -> str:
    """Return 48 random bits of the run's UUID, which only the engine knows before the run.

    They are short because each step of a chain stores them, and an item of 1 KB is one write unit.
    """
    return run_uuid[-12:]


def with_sections(call: Call, text: str, *, knows_schema: bool = False) -> str:
    """Return an agent's input, followed by why its last attempt failed, and by its action's schema.

    With `knows_schema` the agent gets a schema in another way.
    """
    sections = {}
    if call.output_schema is not None and not knows_schema:
        sections[SCHEMA] = json.dumps(call.output_schema, ensure_ascii=False)
    if call.last_failure is not None:
        sections[FAILURE] = call.last_failure
    if not sections:
        return text
    mark = mark_of(call.run_uuid)
    opening = OPENING.format(mark)
    parts = [text] if text else []
    if opening not in text:
        parts.append(opening)
    parts += [f"[{mark}] {heading}\n{said}" for heading, said in sections.items()]
    return "\n\n".join(parts)


def failure_of(agent: models.SessionAgent) -> models.Text | None:
    """Return why the attempt before the agent's next or current one failed.

    None in the first attempt of a turn. A throttled run is not an attempt.
    """
    is_between = agent.state == SessionAgentState.INITIAL
    if int(agent.attempt) + is_between <= 1:
        return None
    notes: models.Text | None = agent.last_failure if agent.throttles else agent.notes
    return notes


def most_bytes(agent: models.SessionAgent) -> int:
    """How many bytes these sections have at most in the agent's next or current run."""
    schema = texts.size(agent.agent_action.output_schema)
    failure = min(texts.size(failure_of(agent)), _BYTES_OF_A_CHARACTER * LONGEST_FAILURE)
    return schema + failure + _FRAME_BYTES if schema or failure else 0
