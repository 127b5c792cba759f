"""Validation rules for documents, and the format of validation errors."""

from typing import Any

from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OverlappingFieldsCanBeMergedRule,
    ValidationContext,
    ValidationRule,
    specified_rules,
    validate,
)
from graphql.validation.validate import ValidationAbortedError

from ai_coordination.api.documents import input_paths
from ai_coordination.errors import QueryTooComplex

# Limit on comparing fields of the same name pair by pair, which takes 0.1 to 0.2 s. Twenty
# fragments with the same thirty fields, in one selection, need a third of it.
MAX_COMPARISONS = 50_000

MAX_ERRORS = 20
MAX_MESSAGE = 500
MAX_LOCATIONS = 10

GAVE_UP = "Validation aborted."


class ServedOperationsRule(ValidationRule):
    """Rejects operation types that the schema lacks. graphql-core does so only on execution."""

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        if self.context.schema.get_root_type(node.operation) is None:
            message = f"This API has no {node.operation.value} operations."
            self.report_error(GraphQLError(message, node))


class BoundedOverlappingFieldsRule(OverlappingFieldsCanBeMergedRule):
    """graphql-core's rule with a lower limit, because the original may take a second."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.rule_context.remaining_complexity_budget = MAX_COMPARISONS


RULES: tuple[type[ASTValidationRule], ...] = (
    ServedOperationsRule,
    *(rule for rule in specified_rules if rule is not OverlappingFieldsCanBeMergedRule),
    BoundedOverlappingFieldsRule,
)


def violations(
    schema: GraphQLSchema, document: DocumentNode, *, introspection: bool
) -> list[dict[str, Any]]:
    """Return the first errors of a document in the format of a GraphQL result. None: it is valid.

    Without introspection, `__schema` and `__type` are rejected, and messages contain no
    suggestions, so nothing reveals the schema.
    """
    rules = RULES if introspection else (*RULES, NoSchemaIntrospectionCustomRule)
    errors = validate(
        schema, document, rules, max_errors=MAX_ERRORS, hide_suggestions=not introspection
    )
    if errors and isinstance(errors[-1], ValidationAbortedError):
        if errors[-1].message == GAVE_UP:
            return [
                formatted(errors[-1], QueryTooComplex.code, "The document is too complex to check.")
            ]
        errors.pop()
    return [_with_input_path(error, document) for error in errors]


def _with_input_path(error: GraphQLError, document: DocumentNode) -> dict[str, Any]:
    """Format an error. If it concerns an argument, or a value in it, add its `inputPath`."""
    result = formatted(error, "GRAPHQL_VALIDATION_FAILED")
    path = input_paths.of_violation(document, error)
    if path:
        result["extensions"]["inputPath"] = path
    return result


def formatted(error: GraphQLError, code: str, message: str | None = None) -> dict[str, Any]:
    """Return an error in the format of a GraphQL result, with its message cut to a limit."""
    text = message or error.message
    result: dict[str, Any] = {
        "message": text if len(text) <= MAX_MESSAGE else f"{text[:MAX_MESSAGE]}…"
    }
    if error.locations:
        result["locations"] = [each.formatted for each in error.locations[:MAX_LOCATIONS]]
    return {**result, "extensions": {"code": code}}
