"""An entity as an item, or why it has none: by the engine's own encoder, and by pynamodb."""

from typing import Any
from unittest.mock import patch

from pynamodb.attributes import AttributeContainer, MapAttribute
from pynamodb.exceptions import AttributeNullError

from ai_coordination.models import blueprint
from ai_coordination.models.fast.item_encoder import encode

ERRORS = (AttributeNullError, AttributeError, TypeError, ValueError)


def encoded(entity: AttributeContainer, *, null_check: bool) -> Any:
    try:
        return encode(entity, null_check=null_check)
    except ERRORS as error:
        return type(error), str(error)


def encoded_by_pynamodb(entity: AttributeContainer, *, null_check: bool) -> Any:
    with patch.object(blueprint, "encode_map", MapAttribute.serialize):
        try:
            return entity._container_serialize(null_check=null_check)
        except ERRORS as error:
            return type(error), str(error)
