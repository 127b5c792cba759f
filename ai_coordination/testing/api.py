"""The engine's API inside the process: its Lambda function, invoked directly."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from ai_coordination import handler
from ai_coordination.local.client import Client, Refused
from ai_coordination.testing.clock import VirtualContext, VirtualLambdaContext

TENANT = {"endpointId": "testing", "partId": "testing", "userId": "tester"}
SECONDS = 29.0

Execute = Callable[[Mapping[str, Any]], Any]


def invoke(context: VirtualContext, body: Mapping[str, Any]) -> Any:
    """Return the result of a GraphQL request of the only tenant. It may say whose request it is."""
    clock = context.clock
    ends = VirtualLambdaContext("testing", clock=clock, until=clock.after(SECONDS))
    caller = {**TENANT, **body.get("context", {})}
    return handler.answer({**body, "context": caller}, ends, context)


class InProcess(Client):
    """A client whose requests `execute` answers. They come from a `caller`, or from the tester."""

    def __init__(self, execute: Execute, caller: Mapping[str, Any] | None = None) -> None:
        super().__init__("the engine of this test")
        self._execute = execute
        self._caller = caller or {}

    def of(self, user: str | None, groups: Sequence[str] = ()) -> Self:
        """Return a client of a user, or of the tester, who is a member of these groups."""
        named = {} if user is None else {"userId": user}
        return type(self)(self._execute, {**named, "groups": list(groups)})

    def _answer(self, body: Mapping[str, Any]) -> Any:
        return self._execute({**body, "context": self._caller})


def send_late(client: Client, document: str, arguments: Mapping[str, Any]) -> None:
    """Send a mutation that may come too late: the run may have timed out, or been answered."""
    try:
        client.execute(document, input=arguments)
    except Refused as refused:
        if refused.code not in ("INVALID_STATE", "NOT_FOUND"):
            raise
