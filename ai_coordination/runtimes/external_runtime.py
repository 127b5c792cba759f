"""The runtime EXTERNAL: an external worker or a person does the work, and reports."""

from ai_coordination.runtimes.base import Accepted, Answer, Call, Runtime
from ai_coordination.states import AgentRuntimeKind


class External(Runtime):
    """Invokes nothing. External workers read `openSessionAgents`. Parameters are for them."""

    kind = AgentRuntimeKind.EXTERNAL
    description = (
        "The engine calls nothing. A program or person finds the work with `openSessionAgents`, and"
        " reports with `completeSessionAgent` or `failSessionAgent`. `parameters` are for them."
    )
    # External workers, and people, do the work when they can.
    timeout_seconds = 7 * 24 * 3600
    is_pulled = True

    def invoke(self, call: Call) -> Answer | Accepted:
        return Accepted()


RUNTIME = External()
