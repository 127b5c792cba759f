"""A model with a Lambda function as its tool."""

from typing import Any

from tests.api.execution import after, started
from tests.support.graph_api import Place
from tests.support.model_kinds import Model, Use

FUNCTION = "agent-stock"
SCHEMA = {
    "type": "object",
    "properties": {"item": {"type": "string"}},
    "required": ["item"],
    "additionalProperties": False,
}
STOCK = {"lambda": FUNCTION, "name": "stock", "description": "Pieces in stock", "schema": SCHEMA}
ASKS = Use("c1", "stock", {"item": "oolong"})
TWICE = {"retry": {"maxAttempts": 2, "intervalSeconds": 0}}


def run(model: Model, *tools: Any, action: Any = None, **parameters: Any) -> Place:
    """A session of one agent with these tools."""
    members = [model.member(tools=list(tools), **parameters)]
    return started(members, [after("a", **(action or {}))], userId="u-9")
