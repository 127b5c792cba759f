"""Functions of a test in the places of agents that are elsewhere: models and servers."""

import json
from typing import Final

from ai_coordination.clients.functions import LARGEST_CALL_BYTES
from ai_coordination.runtimes import lambda_fitting, registry
from ai_coordination.runtimes.base import Accepted, Call, Result, RunFailed
from ai_coordination.runtimes.lambda_fitting import DoesNotFit
from ai_coordination.runtimes.lambda_runtime import answer_of, notes_of
from ai_coordination.states import AgentRuntimeKind
from ai_coordination.testing.lambdas import Lambdas

KINDS: Final = frozenset(
    {
        AgentRuntimeKind.A2A.value,
        AgentRuntimeKind.BEDROCK.value,
        AgentRuntimeKind.HTTP.value,
        AgentRuntimeKind.OPENAI.value,
    }
)


class StandIns:
    """Invokes agents: those of these kinds by functions of the test, all others as ever."""

    def __init__(self, lambdas: Lambdas) -> None:
        self._lambdas = lambdas

    def invoke(self, call: Call) -> Result:
        """The result of an agent's function, after the virtual time that it needs.

        The function gets what one of a LAMBDA agent would. Raises RunFailed.
        """
        if call.agent.member.runtime.kind not in KINDS:
            return registry.invoke(call)
        try:
            event = json.loads(lambda_fitting.body(call, LARGEST_CALL_BYTES))
        except DoesNotFit as error:
            raise RunFailed(str(error), retryable=False) from error
        function = self._lambdas.function_of(event)
        result = self._lambdas.call(function, event)
        if self._lambdas.is_waiting:
            if not self._lambdas.wait(event, result.seconds):
                notes = f"The agent has not answered within {call.seconds:.0f} s"
                raise RunFailed(notes, timed_out=True)
        elif result.seconds > 0:
            # Nobody waits for it here: it answers later, as an agent that has accepted the work.
            self._lambdas.report(event, result)
            return Accepted()
        payload = json.dumps(result.value, ensure_ascii=False).encode()
        if result.failed:
            raise RunFailed(notes_of(payload))
        return answer_of(payload)
