"""Execute a GraphQL request: from its document to a result as plain data."""

import asyncio
from collections.abc import Awaitable, Sequence
from inspect import isawaitable
from itertools import zip_longest
from typing import Any

from graphene.utils.str_converters import to_camel_case
from graphql import ExecutionResult, GraphQLError, OperationType
from graphql import execute as execute_document

from ai_coordination import telemetry
from ai_coordination.api import deferred, documents
from ai_coordination.api.context import Context
from ai_coordination.api.documents import Document, DocumentRejected, input_paths
from ai_coordination.api.execution import Execution
from ai_coordination.api.request import GraphQLRequest, MutationByGet
from ai_coordination.api.schema import schema
from ai_coordination.caller import Caller
from ai_coordination.config import settings
from ai_coordination.errors import BadUserInput, EngineError, InputError
from ai_coordination.models.allowance import spending
from ai_coordination.services.fingerprints import JSON_MEMBERS

MAX_COERCION_ERRORS = 20
MAX_MESSAGE_CHARACTERS = 500


def execute(request: GraphQLRequest, caller: Caller) -> dict[str, Any]:
    """Execute a request and return the GraphQL result.

    The result has no `data` if the document is invalid. Unexpected exceptions of resolvers are
    logged, and shown as INTERNAL errors.

    Raises MutationByGet, BadUserInput for an unknown operation name, and QueryTooComplex for a cost
    over the limit.
    """
    try:
        document = documents.prepare(schema.graphql_schema, request.query, settings())
    except DocumentRejected as rejected:
        return {"errors": [_with_request_id(error, caller) for error in rejected.errors]}
    operation = document.operation(request.operation_name)
    name = operation.name.value if operation.name else None
    telemetry.name_operation(operation.operation.value, name)
    is_mutation = operation.operation is OperationType.MUTATION
    if is_mutation and request.read_only:
        raise MutationByGet
    document.check_cost(operation, request.variables, settings().max_cost)
    context = Context(caller, document.selected)
    result = _run(document, request, context, is_mutation)
    error = context.meter.error or context.allowance.refusal
    if error is not None:
        return _aborted(error, context.meter.path, caller, is_mutation)
    return _format_result(result, document, request, caller, is_mutation)


def _run(
    document: Document, request: GraphQLRequest, context: Context, is_mutation: bool
) -> ExecutionResult:
    """Execute the document. Starts an event loop only if a nested field has to be awaited.

    Reads of a mutation do not count against the allowance, because it must not stop halfway.
    """
    with spending(None if is_mutation else context.allowance):
        result = execute_document(
            schema.graphql_schema,
            document.node,
            context_value=context,
            variable_values=request.variables,
            operation_name=request.operation_name,
            max_coercion_errors=MAX_COERCION_ERRORS,
            execution_context_class=Execution,
            hide_suggestions=not settings().introspection,
        )
        if isawaitable(result):
            awaited: list[ExecutionResult] = []
            asyncio.run(_await(result, awaited))
            [result] = awaited
    if not context.meter.has_deferred or context.meter.stopped:
        return result
    errors = result.errors or []
    more = deferred.fill_in(result.data, errors, context, request.sent_bytes)
    return ExecutionResult(result.data, errors + more)


async def _await(result: Awaitable[ExecutionResult], awaited: list[ExecutionResult]) -> None:
    """Append the result instead of returning it.

    asyncio.run builds the repr of its task for its SIGINT handler, including a returned result.
    """
    awaited.append(await result)


def _aborted(
    error: EngineError, path: list[str | int], caller: Caller, is_mutation: bool
) -> dict[str, Any]:
    """Return the result of an operation that was stopped because its response is too large."""
    prefix = "The mutation took effect, but its response is incomplete. " if is_mutation else ""
    formatted: dict[str, Any] = {
        "message": prefix + error.message,
        "extensions": error.extensions,
    }
    if path:
        formatted["path"] = path
    return {"errors": [_with_request_id(formatted, caller)], "data": None}


def _format_result(
    result: ExecutionResult,
    document: Document,
    request: GraphQLRequest,
    caller: Caller,
    is_mutation: bool,
) -> dict[str, Any]:
    if not result.errors:
        return {"data": result.data}
    if result.data is None and all(error.path is None for error in result.errors):
        variable_paths = input_paths.of_coercion_errors(
            schema.graphql_schema,
            document.node,
            document.operation(request.operation_name),
            request.variables or {},
        )
        pairs = zip_longest(result.errors, variable_paths[: len(result.errors)])
        return {"errors": [_format_error(error, caller, is_mutation, at) for error, at in pairs]}
    errors = [
        _format_error(error, caller, is_mutation, _input_path(error, document))
        for error in result.errors
    ]
    return {"errors": errors, "data": result.data}


def _input_path(error: GraphQLError, document: Document) -> input_paths.InputPath | None:
    """Return the path of the value that graphql-core rejects, None for another kind of error."""
    return input_paths.of_node(document.node, error.nodes[0]) if error.nodes else None


def _format_error(
    error: GraphQLError, caller: Caller, is_mutation: bool, at: input_paths.InputPath | None
) -> dict[str, Any]:
    formatted: dict[str, Any] = {"message": error.message}
    if error.locations:
        formatted["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path is not None:
        formatted["path"] = list(error.path)
    cause = error.original_error
    if _is_request_error(error):
        # graphql-core quotes the whole value, which may be long.
        formatted["message"] = error.message[:MAX_MESSAGE_CHARACTERS]
        formatted["extensions"] = {"code": BadUserInput.code}
        if at:
            formatted["extensions"]["inputPath"] = at
    elif isinstance(cause, EngineError):
        at_root = is_mutation and len(error.path or ()) == 1
        formatted["extensions"] = _extensions(cause, ["input"] if at_root else [])
    else:
        telemetry.logger.error("unexpected", exc_info=cause)
        formatted["message"] = "Internal error"
        formatted["extensions"] = {"code": EngineError.code}
    return _with_request_id(formatted, caller)


def _is_request_error(error: GraphQLError) -> bool:
    """Return whether a variable or an argument does not match its type.

    An error about a stored value has a path too, but names no node of the document.
    """
    cause = error.original_error
    if cause is None:
        return True
    return isinstance(cause, GraphQLError) and (error.path is None or bool(cause.nodes))


def _extensions(error: EngineError, prefix: list[str | int]) -> dict[str, Any]:
    """Return an error's extensions, with its `inputPath` in the names of GraphQL below `prefix`."""
    extensions = error.extensions
    if isinstance(error, InputError) and error.input_path:
        extensions["inputPath"] = prefix + _graphql_path(error.input_path)
    return extensions


def _graphql_path(input_path: Sequence[str | int]) -> list[str | int]:
    """Return a path in camel case. Names inside a JSON value are the caller's, and stay."""
    path: list[str | int] = []
    is_json = False
    for step in input_path:
        path.append(step if is_json or isinstance(step, int) else to_camel_case(step))
        is_json = is_json or step in JSON_MEMBERS
    return path


def _with_request_id(error: dict[str, Any], caller: Caller) -> dict[str, Any]:
    extensions = {**error.get("extensions", {}), "requestId": caller.request_id}
    return {**error, "extensions": extensions}
