"""Executing one request: from its document to a result as plain data."""

import asyncio
from collections.abc import Awaitable
from inspect import isawaitable
from itertools import zip_longest
from typing import Any

from graphene.utils.str_converters import to_camel_case
from graphql import ExecutionResult, GraphQLError, OperationType
from graphql import execute as execute_document

from ai_coordination import telemetry
from ai_coordination.api import documents, held
from ai_coordination.api.context import Context
from ai_coordination.api.documents import Document, DocumentRejected, places
from ai_coordination.api.execution import Execution
from ai_coordination.api.request import GraphQLRequest, MutationByGet
from ai_coordination.api.schema import schema
from ai_coordination.caller import Caller
from ai_coordination.config import settings
from ai_coordination.errors import BadUserInput, EngineError, InputError
from ai_coordination.models.allowance import spending

MOST_COERCION_ERRORS = 20
LONGEST_MESSAGE = 500


def execute(request: GraphQLRequest, caller: Caller) -> dict[str, Any]:
    """The GraphQL result. It has no `data` where the request failed before its execution.

    Raises EngineError for a request that is refused as a whole: MutationByGet, an operation name
    that names none, a cost over the limit. Unknown exceptions are logged and masked.
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
    context = Context(caller, document.draws)
    result = _run(document, request, context, is_mutation)
    refusal = context.meter.refusal or context.allowance.refusal
    if refusal is not None:
        return _refused(refusal, context.meter.path, caller, is_mutation)
    return _formatted(result, document, request, caller, is_mutation)


def _run(
    document: Document, request: GraphQLRequest, context: Context, is_mutation: bool
) -> ExecutionResult:
    """Resolvers are plain functions; only where a query nests is there something to await.

    What a mutation itself reads is not counted: it is done as a whole.
    """
    with spending(None if is_mutation else context.allowance):
        result = execute_document(
            schema.graphql_schema,
            document.node,
            context_value=context,
            variable_values=request.variables,
            operation_name=request.operation_name,
            max_coercion_errors=MOST_COERCION_ERRORS,
            execution_context_class=Execution,
            hide_suggestions=not settings().introspection,
        )
        if isawaitable(result):
            awaited: list[ExecutionResult] = []
            asyncio.run(_await(result, awaited))
            [result] = awaited
    if not context.meter.holds or context.meter.stopped:
        return result
    errors = result.errors or []
    return ExecutionResult(
        result.data, errors + held.fill(result.data, errors, context, request.sent_bytes)
    )


async def _await(result: Awaitable[ExecutionResult], awaited: list[ExecutionResult]) -> None:
    """Gives nothing: asyncio.run writes out its task, with all that it gave, in front of SIGINT."""
    awaited.append(await result)


def _refused(
    error: EngineError, path: list[str | int], caller: Caller, is_mutation: bool
) -> dict[str, Any]:
    """The result of an operation that was begun and not finished, because it was too large."""
    done = "The operation was carried out, but: " if is_mutation else ""
    told: dict[str, Any] = {"message": done + error.message, "extensions": error.extensions}
    if path:
        told["path"] = path
    return {"errors": [_with_request_id(told, caller)], "data": None}


def _formatted(
    result: ExecutionResult,
    document: Document,
    request: GraphQLRequest,
    caller: Caller,
    is_mutation: bool,
) -> dict[str, Any]:
    if not result.errors:
        return {"data": result.data}
    if result.data is None and all(error.path is None for error in result.errors):
        of_variables = places.of_coercion_errors(
            schema.graphql_schema,
            document.node,
            document.operation(request.operation_name),
            request.variables or {},
        )
        wrong = zip_longest(result.errors, of_variables[: len(result.errors)])
        return {"errors": [_told(error, caller, is_mutation, place) for error, place in wrong]}
    errors = [
        _told(error, caller, is_mutation, _place_of(error, document)) for error in result.errors
    ]
    return {"errors": errors, "data": result.data}


def _place_of(error: GraphQLError, document: Document) -> places.Place | None:
    """Where the value is that graphql-core has no use for; None where it is about another thing."""
    return places.of_node(document.node, error.nodes[0]) if error.nodes else None


def _told(
    error: GraphQLError, caller: Caller, is_mutation: bool, place: places.Place | None
) -> dict[str, Any]:
    told: dict[str, Any] = {"message": error.message}
    if error.locations:
        told["locations"] = [{"line": at.line, "column": at.column} for at in error.locations]
    if error.path is not None:
        told["path"] = list(error.path)
    cause = error.original_error
    if _is_of_the_request(error):
        # It quotes the value whole.
        told["message"] = error.message[:LONGEST_MESSAGE]
        told["extensions"] = {"code": BadUserInput.code}
        if place:
            told["extensions"]["inputPath"] = place
    elif isinstance(cause, EngineError):
        at_root = is_mutation and len(error.path or ()) == 1
        told["extensions"] = _facts(cause, ["input"] if at_root else [])
    else:
        telemetry.logger.error("unexpected", exc_info=cause)
        told["message"] = "Internal error"
        told["extensions"] = {"code": EngineError.code}
    return _with_request_id(told, caller)


def _is_of_the_request(error: GraphQLError) -> bool:
    """GraphQL's own: a variable or an argument is not of its type.

    A stored value that is not of its type is no such error: it has a path, but no node of the
    document is to blame.
    """
    cause = error.original_error
    if cause is None:
        return True
    return isinstance(cause, GraphQLError) and (error.path is None or bool(cause.nodes))


def _facts(error: EngineError, above: list[str | int]) -> dict[str, Any]:
    """The facts of an error; the place of its cause in GraphQL's names."""
    facts = error.extensions
    if isinstance(error, InputError) and error.input_path:
        facts["inputPath"] = above + [
            to_camel_case(step) if isinstance(step, str) else step for step in error.input_path
        ]
    return facts


def _with_request_id(error: dict[str, Any], caller: Caller) -> dict[str, Any]:
    extensions = {**error.get("extensions", {}), "requestId": caller.request_id}
    return {**error, "extensions": extensions}
