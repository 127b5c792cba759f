"""The ways to reach agents, by the kind of their runtime."""

from datetime import datetime

from ai_coordination.engine.context import (
    Accepted,
    Answer,
    Call,
    Queue,
    RunFailed,
    Runtime,
)
from ai_coordination.engine.runtimes.lambda_function import LambdaFunction, checked
from ai_coordination.messages import RuntimeMessage
from ai_coordination.services import members
from ai_coordination.services.runtimes import echo
from ai_coordination.states import AgentRuntimeKind


class Echo:
    """Answers with its subtask query, after `parameters.seconds`, or fails.

    `parameters.fail` is a text, and every attempt fails with it; or an object with `attempts`, the
    number of attempts that fail, and `notes`.
    """

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def invoke(self, call: Call) -> Answer | Accepted:
        runtime = call.agent.agent.runtime
        given = checked(call, members.parameters(call.agent.partition_key, runtime))
        parameters = given if isinstance(given, dict) else {}
        fail = parameters.get("fail")
        if isinstance(fail, dict):
            fail = fail.get("notes", "Failed") if call.attempt <= fail.get("attempts", 0) else None
        if fail:
            raise RunFailed(fail)
        seconds = echo.waits(parameters)
        if seconds <= 0:
            return Answer(call.agent.subtask_query or "")
        self._queue.send([_echo_later(call)], seconds)
        return Accepted()


def _echo_later(call: Call) -> RuntimeMessage:
    return RuntimeMessage(
        kind=AgentRuntimeKind.ECHO,
        tenant=call.agent.partition_key,
        session_uuid=call.agent.session_uuid,
        session_agent_uuid=call.agent.session_agent_uuid,
        iteration=int(call.agent.iteration),
        run_uuid=call.run_uuid,
    )


class External:
    """Calls nothing. The external worker reads `openSessionAgents` and reports."""

    def invoke(self, _: Call) -> Answer | Accepted:
        return Accepted()


def runtimes(queue: Queue, works_until: datetime | None = None) -> dict[str, Runtime]:
    """All of them, by kind. `works_until` is the worker's own end."""
    return {
        AgentRuntimeKind.ECHO.value: Echo(queue),
        AgentRuntimeKind.LAMBDA.value: LambdaFunction(works_until),
        AgentRuntimeKind.EXTERNAL.value: External(),
    }
