"""Check outputs by the schema of their action, wherever an output is taken.

What does not fit is a failed attempt, and the next one is told why. Outputs that the engine itself
puts together are not checked.
"""

import json

from ai_coordination import models, texts
from ai_coordination.runtimes import output_schema
from ai_coordination.runtimes.base import Answer, Result, RunFailed
from ai_coordination.runtimes.json_schema import Schema


def schema_of(agent: models.SessionAgent) -> Schema | None:
    """The schema of the agent's action. Raises TextUnavailable, Throttled."""
    stored = texts.read(agent.partition_key, agent.agent_action.output_schema)
    if stored is None:
        return None
    schema: Schema = json.loads(stored)
    return schema


def problem(agent: models.SessionAgent, schema: Schema | None, output: models.Text) -> str | None:
    """Why an output does not fit. None if it does, or if there is no schema.

    Raises TextUnavailable, Throttled.
    """
    if schema is None:
        return None
    return output_schema.problem_of_output(schema, texts.read(agent.partition_key, output))


def checked(agent: models.SessionAgent, schema: Schema | None, result: Result) -> Result:
    """Return a result that is no answer, or one that fits.

    Raises RunFailed for one that does not, TextUnavailable, Throttled.
    """
    if isinstance(result, Answer):
        notes = problem(agent, schema, result.output)
        if notes is not None:
            raise RunFailed(notes, usage=result.usage, output=result.output)
    return result
