"""The runtime EXTERNAL: an external worker or a person does the work, and reports."""

from collections.abc import Iterable
from typing import Any

from ai_coordination.runtimes.base import Accepted, Answer, Call, Runtime
from ai_coordination.runtimes.problems import Problem, no_target
from ai_coordination.states import AgentRuntimeKind


class External(Runtime):
    """Invokes nothing. External workers read `openSessionAgents`. Parameters are for them."""

    kind = AgentRuntimeKind.EXTERNAL
    description = (
        "The engine calls nothing. A program or person finds the work with `openSessionAgents`, and"
        " reports with `completeSessionAgent` or `failSessionAgent`."
    )
    # External workers, and people, do the work when they can.
    timeout_seconds = 7 * 24 * 3600
    is_pulled = True

    def check(self, target: str | None, parameters: Any) -> Iterable[Problem]:
        return no_target(target)

    def invoke(self, call: Call) -> Answer | Accepted:
        return Accepted()


RUNTIME = External()
