"""One invocation to be answered: which way a request came, whose it is, and the answer's shape."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ai_coordination.api import sizes
from ai_coordination.api.request import GraphQLRequest
from ai_coordination.api.transport import answers, http, parameters
from ai_coordination.api.transport.identity import Identity, of_direct_invocation
from ai_coordination.caller import Caller
from ai_coordination.config import Settings
from ai_coordination.errors import BadUserInput, EngineError
from ai_coordination.telemetry import RequestRecord

Execute = Callable[[GraphQLRequest, Caller], dict[str, Any]]

WHAT_IT_TAKES = (
    "This function takes requests of API Gateway and of function URLs, and direct invocations "
    'with {"query", "variables", "operationName", "context": {"endpointId", "partId", "userId"}}.'
)
_MASKED = "Something went wrong here, not with the request. The log has it under the request id."


class Invocation(Protocol):
    """One event, to be answered in the shape of its kind."""

    @property
    def transport(self) -> str: ...

    @property
    def trace(self) -> "Trace": ...

    def answer(
        self, execute: Execute, settings: Settings, record: RequestRecord
    ) -> dict[str, Any]: ...

    def failure(self, settings: Settings, record: RequestRecord) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Trace:
    """The ids of one request, and until when (of `time.monotonic()`) its answer is of use."""

    request_id: str
    correlation_id: str
    deadline: float


@dataclass(frozen=True, slots=True)
class HttpInvocation:
    """A request of an API Gateway or a function URL."""

    transport: str
    trace: Trace
    request: http.HttpRequest
    identity: Identity

    def answer(self, execute: Execute, settings: Settings, record: RequestRecord) -> dict[str, Any]:
        def run(request: GraphQLRequest) -> dict[str, Any]:
            caller = self.identity.caller(settings, self.trace.request_id, self.trace.deadline)
            return _run(execute, request, caller, record)

        response = http.respond(self.request, run, settings, self.trace.request_id)
        return self._shaped(response, record)

    def failure(self, settings: Settings, record: RequestRecord) -> dict[str, Any]:
        response = http.fail(self.request, EngineError(_MASKED), settings, self.trace.request_id)
        return self._shaped(response, record)

    def _shaped(self, response: http.HttpResponse, record: RequestRecord) -> dict[str, Any]:
        record.status = response.status
        record.count_errors(response.result)
        ids = {
            "x-request-id": self.trace.request_id,
            "x-correlation-id": self.trace.correlation_id,
        }
        return {
            "statusCode": response.status,
            "headers": {**response.headers, **ids},
            "body": response.body,
            "isBase64Encoded": False,
        }


@dataclass(frozen=True, slots=True)
class DirectInvocation:
    """A direct invocation, authorized by IAM. It is answered with the GraphQL result itself."""

    trace: Trace
    event: Any
    transport: str = "direct"

    def answer(self, execute: Execute, settings: Settings, record: RequestRecord) -> dict[str, Any]:
        request_id, deadline = self.trace.request_id, self.trace.deadline
        try:
            request = _direct_request(self.event)
            caller = of_direct_invocation(self.event.get("context"), request_id, deadline)
            result = _run(execute, request, caller, record)
        except EngineError as error:
            result = answers.failure(error, request_id)
        result, _ = answers.fitting(result, sizes.as_result, settings.max_answer_bytes, request_id)
        record.count_errors(result)
        return result

    def failure(self, settings: Settings, record: RequestRecord) -> dict[str, Any]:
        result = answers.failure(EngineError(_MASKED), self.trace.request_id)
        record.count_errors(result)
        return result


def _direct_request(event: Any) -> GraphQLRequest:
    if not isinstance(event, dict) or not parameters.PARAMETERS & event.keys():
        raise BadUserInput(WHAT_IT_TAKES)
    return replace(parameters.from_object(event), sent_bytes=sizes.as_result)


def _run(
    execute: Execute, request: GraphQLRequest, caller: Caller, record: RequestRecord
) -> dict[str, Any]:
    record.name_operation(None, request.operation_name)
    record.name_caller(caller.partition_key, caller.user_id)
    return execute(request, caller)
