"""Settings of an agent that decide whether, when and how often it runs, and on what."""

from typing import Any

import graphene

from ai_coordination import models
from ai_coordination.api.ask_rule import shown_json
from ai_coordination.api.fields import (
    Info,
    int_field,
    list_field,
    optional_list_field,
    text_field,
    uuid_field,
)
from ai_coordination.api.objects import ObjectType
from ai_coordination.api.scalars import JSON

_EXPRESSION = "A JMESPath expression of at most 1,000 characters."
WHEN = (
    f"{_EXPRESSION} It is evaluated once, when all predecessors have ended, and must give true or"
    " false. If it is false or null, the agent is SKIPPED. Null: no condition."
)
INPUT = (
    f"{_EXPRESSION} Its value is what the agent is told, instead of its own work and the outputs of"
    " its predecessors: a text as it is, any other value as JSON. Null: work and outputs."
)
OUTPUT_SCHEMA = (
    "JSON Schema that the agent's output must fit, at most 16,384 bytes. An output that does not"
    " fit fails the attempt, and the next attempt is told why. Null: any text is an output."
)
DELAY = (
    "Seconds that the agent waits after its predecessors have ended, 0 to 31,536,000 (one year)."
)
FOR_EACH = "Run the agent once for each element of a list. Not together with `repeat`."
REPEAT = "Run the agent again until a condition holds. Not together with `forEach`."
TASK_UUID = (
    "UUID of another task of the coordination. A copy of its graph runs first, for each element"
    " with `forEach`, in each round with `repeat`. Then the agent itself runs, with the outputs of"
    " the copy's last agents. Null: the agent alone runs."
)
DELEGATES_TO = (
    "`agentUuid`s of the members to which the agent may delegate work, at most 100, and not its"
    " own. Their actions apply to the delegated work. A member with an action, but without"
    " predecessors, successors and subtask queries does only delegated work."
)
ITEMS = (
    f"{_EXPRESSION} It gives the list, for example `outputs.lister.documents`. An agent whose list"
    " is empty has the output `[]`."
)
MAX_CONCURRENCY = "How many elements run at the same time, 1 to 1,000. Null: all."
TOLERATED_FAILURES = (
    "How many elements may fail, 0 to 1,000. If more have failed in the end, the agent fails."
    " Null: a failed element has the consequence that `onFailure` says."
)
UNTIL = (
    f"{_EXPRESSION} It is evaluated after each round over what the round's last agents said, and"
    " must give true or false. The rounds end when it is true."
)
MAX_ROUNDS = (
    "The highest number of rounds, 1 to 100. After that many the agent has ended its rounds, also"
    " if `until` is not true."
)


class ForEach(ObjectType):
    """Runs an agent, or a copy of a task, once for each element of a list."""

    items = text_field(ITEMS, required=True)
    max_concurrency = int_field(MAX_CONCURRENCY, required=False)
    tolerated_failures = int_field(TOLERATED_FAILURES, required=False)


class Repeat(ObjectType):
    """Runs an agent, or a copy of a task, in rounds until a condition holds."""

    until = text_field(UNTIL, required=True)
    max_rounds = int_field(MAX_ROUNDS)


class ForEachInput(graphene.InputObjectType):
    """Runs an agent, or a copy of a task, once for each element of a list."""

    items = text_field(ITEMS, required=True)
    max_concurrency = int_field(MAX_CONCURRENCY, required=False)
    tolerated_failures = int_field(TOLERATED_FAILURES, required=False)


class RepeatInput(graphene.InputObjectType):
    """Runs an agent, or a copy of a task, in rounds until a condition holds."""

    until = text_field(UNTIL, required=True)
    max_rounds = graphene.Int(default_value=3, description=MAX_ROUNDS)


class ControlFlow:
    """The control flow of an action, as it is shown."""

    when = text_field(WHEN)
    input = text_field(INPUT)
    output_schema = JSON(description=OUTPUT_SCHEMA)
    delay_seconds = int_field(DELAY)
    for_each = graphene.Field(ForEach, description=FOR_EACH)
    repeat = graphene.Field(Repeat, description=REPEAT)
    task_uuid = uuid_field(TASK_UUID, required=False)
    delegates_to = list_field(graphene.ID, DELEGATES_TO)

    @staticmethod
    def resolve_output_schema(action: models.AgentAction, info: Info) -> Any:
        return shown_json(action.output_schema)


class ControlFlowInput:
    """The control flow of an action, as it is given. Sessions built by hand have none."""

    when = text_field(WHEN)
    input = text_field(INPUT)
    output_schema = JSON(description=OUTPUT_SCHEMA)
    delay_seconds = graphene.Int(default_value=0, description=DELAY)
    for_each = ForEachInput(description=FOR_EACH)
    repeat = RepeatInput(description=REPEAT)
    task_uuid = uuid_field(TASK_UUID, required=False)
    delegates_to = optional_list_field(graphene.ID, DELEGATES_TO, default_value=[])
