"""The runtime PASS: it calls nothing, and answers with what its predecessors said."""

from typing import ClassVar

from ai_coordination import models
from ai_coordination.runtimes import joined_outputs
from ai_coordination.runtimes.base import Answer, Call, Runtime
from ai_coordination.runtimes.json_schema import Schema
from ai_coordination.states import AgentRuntimeKind


class Pass(Runtime):
    """Joins branches. What the output looks like follows from the graph, not from what happened.

    Without a predecessor it is the agent's query, with one it is that agent's output, unchanged,
    and with several a JSON object: see `joined_outputs`. After copies of a task for the elements of
    a list it is the JSON list of what each copy said. An action's `input` gives any other text.
    """

    kind = AgentRuntimeKind.PASS
    description = (
        "The engine calls nothing. The output is that of the predecessor; of several predecessors,"
        " a JSON object with the output of each under its `agentUuid`; without any, the agent's"
        " query. With the action's `forEach` and `taskUuid` it is a JSON list of what each copy of"
        " the task said. With the action's `input` it is what that gives. `parameters` has no"
        " members."
    )
    parameters_schema: ClassVar[Schema] = {
        "type": ["object", "null"],
        "additionalProperties": False,
    }

    def invoke(self, call: Call) -> Answer:
        if call.agent.input_expression is not None:
            return Answer(call.agent.agent_input or "")
        if call.agent.agent_action.for_each is not None:
            return Answer(joined_outputs.join_copies(call.agent.partition_key, _copies(call)))
        before = call.predecessors
        if not before:
            return Answer(call.agent.subtask_query or "")
        if len(before) == 1 and not joined_outputs.is_asking(before[0]):
            return Answer(joined_outputs.output_of(before[0]) or "")
        return Answer(joined_outputs.join(call.agent.partition_key, before))


def _copies(call: Call) -> list[list[models.SessionAgent]]:
    """The last agents of each copy, in the order of the list. Its agents follow each other."""
    growth = call.agent.last_growth
    if growth is None:
        return []
    copies: list[list[models.SessionAgent]] = [[] for _ in range(int(growth.size / growth.step))]
    for sink in sorted(call.predecessors, key=lambda agent: int(agent.ordinal)):
        copies[int((sink.ordinal - growth.base) // growth.step)].append(sink)
    return copies


RUNTIME = Pass()
