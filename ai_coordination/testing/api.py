"""The engine's API inside the process: its Lambda function, invoked directly."""

from collections.abc import Callable, Mapping
from typing import Any

from ai_coordination import handler
from ai_coordination.local.client import Client, Refused
from ai_coordination.testing.clock import VirtualContext, VirtualLambdaContext

TENANT = {"endpointId": "testing", "partId": "testing", "userId": "tester"}
SECONDS = 29.0

Execute = Callable[[Mapping[str, Any]], Any]


def invoke(context: VirtualContext, body: Mapping[str, Any]) -> Any:
    """Return the result of a GraphQL request of the only tenant."""
    clock = context.clock
    ends = VirtualLambdaContext("testing", clock=clock, until=clock.after(SECONDS))
    return handler.answer({**body, "context": TENANT}, ends, context)


class InProcess(Client):
    """A client whose requests `execute` answers."""

    def __init__(self, execute: Execute) -> None:
        super().__init__("the engine of this test")
        self._execute = execute

    def _answer(self, body: Mapping[str, Any]) -> Any:
        return self._execute(body)


def send_late(client: Client, document: str, arguments: Mapping[str, Any]) -> None:
    """Send a mutation that may come too late: the run may have timed out, or been answered."""
    try:
        client.execute(document, input=arguments)
    except Refused as refused:
        if refused.code not in ("INVALID_STATE", "NOT_FOUND"):
            raise
