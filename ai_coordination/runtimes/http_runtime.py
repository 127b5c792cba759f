"""The runtime HTTP: an agent that is a server, which is sent a signed request."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final

from ai_coordination import agent_hosts
from ai_coordination.clients.keys import AUTHORIZATION
from ai_coordination.config import settings
from ai_coordination.messages import Lane
from ai_coordination.runtimes import model_parameters
from ai_coordination.runtimes.base import Call, Result, Runtime
from ai_coordination.runtimes.json_schema import Schema
from ai_coordination.runtimes.openai_parameters import API_KEY
from ai_coordination.runtimes.problems import Problem
from ai_coordination.states import AgentRuntimeKind

OFF: Final = "The kind HTTP is off. The setting AI_COORDINATION_AGENT_HOSTS turns it on"


class Http(Runtime):
    """Sends the payload of LAMBDA in a signed POST. The agent answers at once, or calls back."""

    kind = AgentRuntimeKind.HTTP
    description = (
        "The engine sends a signed POST to the URL `target`. The agent answers at once, or accepts"
        " the work and calls back. `parameters` has `signingSecret`, the name of the secret that"
        " signs, and may have `apiKeySecret` and `keyHeader`. All members are passed to the agent."
    )
    parameters_schema: ClassVar[Schema] = {
        "type": "object",
        "properties": {
            "signingSecret": {
                "description": "The name of the secret that signs requests (Standard Webhooks).",
                "type": "string",
            },
            "apiKeySecret": {
                "description": "The name of the secret that is the server's key.",
                "type": "string",
            },
            "keyHeader": {
                "description": "The header that has the key: as a bearer token, or as it is.",
                "enum": [AUTHORIZATION, API_KEY],
            },
        },
        "required": ["signingSecret"],
    }

    def check(self, target: str | None, parameters: Any) -> Iterable[Problem]:
        found = list(super().check(target, parameters))
        # What follows relies on the types.
        return found or list(_problems(str(target), parameters))

    def off_reason(self) -> str | None:
        return None if settings().agent_hosts else OFF

    def target_problem(self, target: str | None) -> str | None:
        if target is None:
            return "An HTTP agent needs the URL of its server"
        return agent_hosts.refusal(target, settings().agent_hosts)

    def lane(self, parameters: Any) -> Lane:
        return Lane.CALLS

    def invoke(self, call: Call) -> Result:
        # Only workers that call a server need it, and it would make every cold start longer.
        from ai_coordination.runtimes import http_call  # noqa: PLC0415 - see above

        return http_call.answer(call)


RUNTIME = Http()


def _problems(target: str, parameters: Mapping[str, Any]) -> Iterator[Problem]:
    if model_parameters.has_key(agent_hosts.parse(target).query):
        reason = "A key is not part of the URL. Name a secret with apiKeySecret instead"
        yield Problem(reason, ("target",))
    # The agent's own parameters may have any name, and so this one has no meaning here.
    own = {name: value for name, value in parameters.items() if name != "outputSchema"}
    yield from model_parameters.problems(own, ("signingSecret", "apiKeySecret"))
