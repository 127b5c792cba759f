"""What makes a document valid here, and how what is wrong with it is told."""

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
    ValueNode,
    specified_rules,
    validate,
)
from graphql.validation.validate import ValidationAbortedError

from ai_coordination.api.documents import places
from ai_coordination.errors import QueryTooComplex

# Fields of the same name are compared pair by pair, in so many steps at most: 0.1 to 0.2 s.
# Twenty fragments with the same thirty fields, spread side by side, need a third of it.
MAX_COMPARISONS = 50_000

MAX_ERRORS = 20
MAX_MESSAGE = 500
MAX_LOCATIONS = 10

GAVE_UP = "Validation aborted."


class ServedOperationsRule(ValidationRule):
    """The schema serves operations of this kind. graphql-core finds out only when it executes."""

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        if self.context.schema.get_root_type(node.operation) is None:
            message = f"This API has no {node.operation.value} operations."
            self.report_error(GraphQLError(message, node))


class BoundedOverlappingFieldsRule(OverlappingFieldsCanBeMergedRule):
    """graphql-core's rule, which gives up sooner: by itself it may take a second."""

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
    """The first errors of a document, as a GraphQL result holds them; none: it is valid.

    Without introspection nothing of the schema is told: no `__schema`, no `__type`, and no
    suggestions in messages.
    """
    rules = RULES if introspection else (*RULES, NoSchemaIntrospectionCustomRule)
    errors = validate(
        schema, document, rules, max_errors=MAX_ERRORS, hide_suggestions=not introspection
    )
    if errors and isinstance(errors[-1], ValidationAbortedError):
        if errors[-1].message == GAVE_UP:
            return [told(errors[-1], QueryTooComplex.code, "The document is too complex to check.")]
        errors.pop()
    return [_placed(error, document) for error in errors]


def _placed(error: GraphQLError, document: DocumentNode) -> dict[str, Any]:
    """With the place in the input, where it is a value of an argument that is wrong."""
    result = told(error, "GRAPHQL_VALIDATION_FAILED")
    if error.nodes and isinstance(error.nodes[0], ValueNode):
        place = places.of_node(document, error.nodes[0])
        if place:
            result["extensions"]["inputPath"] = place
    return result


def told(error: GraphQLError, code: str, message: str | None = None) -> dict[str, Any]:
    """An error as a GraphQL result holds it, bounded, however long what it quotes."""
    text = message or error.message
    result: dict[str, Any] = {
        "message": text if len(text) <= MAX_MESSAGE else f"{text[:MAX_MESSAGE]}…"
    }
    if error.locations:
        result["locations"] = [each.formatted for each in error.locations[:MAX_LOCATIONS]]
    return {**result, "extensions": {"code": code}}
