"""The requests of conditional writes as pynamodb composes them, but several times as fast.

pynamodb looks keys, table and types up again for each request.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from ai_coordination.models.fast.expressions import write_condition, write_update

Request = dict[str, Any]


def put(entity: Model, condition: Condition) -> Request:
    """Write an entity. Raises pynamodb's error if an attribute is missing."""
    return {**_request(entity, condition), "Item": entity.serialize()}


def update(entity: Model, actions: Sequence[Action], condition: Condition) -> Request:
    """Change attributes of an item."""
    return {**_request(entity, condition, actions), "Key": _key_of(type(entity))(entity)}


def delete(entity: Model, condition: Condition) -> Request:
    """Delete an item, or only check it."""
    return {**_request(entity, condition), "Key": _key_of(type(entity))(entity)}


def _request(
    entity: Model, condition: Condition, actions: Sequence[Action] | None = None
) -> Request:
    """What all have. If the condition is not met, DynamoDB returns the item as it is."""
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    request: Request = {
        "TableName": entity.Meta.table_name,
        "ConditionExpression": write_condition(condition, names, values),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    if actions is not None:
        request["UpdateExpression"] = write_update(actions, names, values)
    if names:
        request["ExpressionAttributeNames"] = {short: name for name, short in names.items()}
    if values:
        request["ExpressionAttributeValues"] = values
    return request


@cache
def _key_of(kind: type[Model]) -> Callable[[Model], dict[str, dict[str, Any]]]:
    """Return the function that returns an entity's key."""
    keys = [
        (name, each.attr_name, each.attr_type, each.serialize)
        for name, each in kind.get_attributes().items()
        if each.is_hash_key or each.is_range_key
    ]

    def key(entity: Model) -> dict[str, dict[str, Any]]:
        values = entity.attribute_values
        return {
            stored_name: {type_name: serialize(values[name])}
            for name, stored_name, type_name, serialize in keys
        }

    return key
