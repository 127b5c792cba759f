"""Invocations of the API's Lambda function, each with its way to answer."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

from ai_coordination.api import sizes
from ai_coordination.api.request import GraphQLRequest
from ai_coordination.api.transport import callbacks, http, parameters, response_size
from ai_coordination.api.transport.identity import Identity, of_direct_invocation
from ai_coordination.caller import Caller
from ai_coordination.config import Settings
from ai_coordination.context import InvocationContext
from ai_coordination.errors import BadUserInput, EngineError
from ai_coordination.telemetry import RequestRecord

Execute = Callable[[GraphQLRequest, Caller], dict[str, Any]]

USAGE = (
    "This function accepts events of API Gateway and of function URLs, and direct invocations "
    'with {"query", "variables", "operationName", "context": {"endpointId", "partId", "userId"}}.'
)
_INTERNAL_MESSAGE = (
    "Internal error, not caused by the request. The engine's logs have the details under this"
    " requestId."
)


class Invocation(Protocol):
    """An event that is answered in the format of its type."""

    @property
    def transport(self) -> str: ...

    @property
    def trace(self) -> "Trace": ...

    def answer(
        self, execute: Execute, settings: Settings, record: RequestRecord
    ) -> dict[str, Any]: ...

    def failure(self, settings: Settings, record: RequestRecord) -> dict[str, Any]: ...


class Trace(NamedTuple):
    """The ids of one request, and the context in which it is executed."""

    request_id: str
    correlation_id: str
    context: InvocationContext


class HttpInvocation(NamedTuple):
    """A request from API Gateway or a function URL."""

    transport: str
    trace: Trace
    request: http.HttpRequest
    identity: Identity

    def answer(self, execute: Execute, settings: Settings, record: RequestRecord) -> dict[str, Any]:
        def run(request: GraphQLRequest) -> dict[str, Any]:
            caller = self.identity.caller(settings, self.trace.request_id, self.trace.context)
            return _run(execute, request, caller, record)

        response = http.respond(self.request, run, settings, self.trace.request_id)
        return _payload(response, self.trace, record)

    def failure(self, settings: Settings, record: RequestRecord) -> dict[str, Any]:
        response = http.fail(
            self.request, EngineError(_INTERNAL_MESSAGE), settings, self.trace.request_id
        )
        return _payload(response, self.trace, record)


def _payload(response: http.HttpResponse, trace: Trace, record: RequestRecord) -> dict[str, Any]:
    """The result of the function that API Gateway turns into an HTTP response."""
    record.status = response.status
    record.count_errors(response.result)
    ids = {"x-request-id": trace.request_id, "x-correlation-id": trace.correlation_id}
    return {
        "statusCode": response.status,
        "headers": {**response.headers, **ids},
        "body": response.body,
        "isBase64Encoded": False,
    }


class CallbackInvocation(NamedTuple):
    """A report of an agent elsewhere, from API Gateway. It is authorized by its own token."""

    trace: Trace
    request: http.HttpRequest
    path: str
    transport: str = "callback"

    def answer(self, execute: Execute, settings: Settings, record: RequestRecord) -> dict[str, Any]:
        trace = self.trace
        response = callbacks.respond(
            self.request, self.path, settings, trace.request_id, trace.context, record
        )
        return _payload(response, trace, record)

    def failure(self, settings: Settings, record: RequestRecord) -> dict[str, Any]:
        response = callbacks.fail(EngineError(_INTERNAL_MESSAGE), self.trace.request_id)
        return _payload(response, self.trace, record)


class DirectInvocation(NamedTuple):
    """A direct invocation, authorized by IAM. Its response is the GraphQL result itself."""

    trace: Trace
    event: Any
    transport: str = "direct"

    def answer(self, execute: Execute, settings: Settings, record: RequestRecord) -> dict[str, Any]:
        request_id = self.trace.request_id
        try:
            request = _direct_request(self.event)
            caller = of_direct_invocation(self.event.get("context"), request_id, self.trace.context)
            result = _run(execute, request, caller, record)
        except EngineError as error:
            result = response_size.error_result(error, request_id)
        result, _ = response_size.limit_size(
            result, sizes.result_bytes, settings.max_answer_bytes, request_id
        )
        record.count_errors(result)
        return result

    def failure(self, settings: Settings, record: RequestRecord) -> dict[str, Any]:
        result = response_size.error_result(EngineError(_INTERNAL_MESSAGE), self.trace.request_id)
        record.count_errors(result)
        return result


def _direct_request(event: Any) -> GraphQLRequest:
    if not isinstance(event, dict) or not parameters.PARAMETERS & event.keys():
        raise BadUserInput(USAGE)
    return replace(parameters.from_object(event), sent_bytes=sizes.result_bytes)


def _run(
    execute: Execute, request: GraphQLRequest, caller: Caller, record: RequestRecord
) -> dict[str, Any]:
    record.name_operation(None, request.operation_name)
    record.name_caller(caller.partition_key, caller.user_id)
    return execute(request, caller)
