"""Execute an operation with graphql-core, measuring the response while it is built.

Nullable texts and JSON values over one kilobyte are `Deferred`: whether they fit is only known when
the rest of the response is built (`api.deferred`). Everything else is counted at once, and nothing
more is built over the limit.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from graphql import (
    ExecutionContext,
    FieldNode,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLString,
)
from graphql.pyutils import AwaitableOrValue, Path
from pynamodb.attributes import AttributeContainer

from ai_coordination import models
from ai_coordination.api import fast_fields
from ai_coordination.api.context import Context
from ai_coordination.api.metering import Meter
from ai_coordination.api.scalars import JSON

Fields = dict[str, list[FieldNode]]
Data = dict[str, Any]


class Deferred(NamedTuple):
    """A placeholder for a value that is added to the response last."""

    value: Any
    path: Path
    nodes: list[FieldNode]


class Execution(ExecutionContext):
    """The execution of one operation. Its context value is an `api.context.Context`."""

    @property
    def _meter(self) -> Meter:
        meter: Meter = self.context_value.meter
        return meter

    def execute_fields(
        self, parent_type: GraphQLObjectType, source_value: Any, path: Path | None, fields: Fields
    ) -> AwaitableOrValue[Data]:
        """Return the values of an object's fields, in the order of the selection."""
        if not self._meter.reserve_object(fields, path):
            return {}
        if not isinstance(source_value, AttributeContainer):
            return super().execute_fields(parent_type, source_value, path, fields)
        copied, size = fast_fields.copy_fields(parent_type, source_value, fields)
        self._meter.reserve(size, path=path)
        if len(copied) == len(fields):
            return copied
        rest = {name: nodes for name, nodes in fields.items() if name not in copied}
        resolved = super().execute_fields(parent_type, source_value, path, rest)
        if self.is_awaitable(resolved):
            return _merge_later(fields, copied, resolved)
        return _merge(fields, copied, resolved)

    def complete_value(
        self,
        return_type: GraphQLOutputType,
        field_nodes: list[FieldNode],
        info: GraphQLResolveInfo,
        path: Path,
        result: Any,
    ) -> AwaitableOrValue[Any]:
        """Return the value to show for a resolved value, or a placeholder for it."""
        if result is None:
            self._meter.reserve(4, path=path)
        elif isinstance(return_type, GraphQLNonNull):
            if return_type.of_type is GraphQLString:
                if isinstance(result, models.LargeText):
                    return self._read(result, path)
                if type(result) is str:
                    return (
                        result
                        if self._meter.reserve(fast_fields.json_bytes(result), path=path)
                        else ""
                    )
        elif self._is_deferred(return_type, result):
            self._meter.has_deferred = True
            return Deferred(result, path, field_nodes)
        return super().complete_value(return_type, field_nodes, info, path, result)

    def complete_list_value(
        self,
        return_type: GraphQLList[GraphQLOutputType],
        field_nodes: list[FieldNode],
        info: GraphQLResolveInfo,
        path: Path,
        result: Any,
    ) -> AwaitableOrValue[list[Any]]:
        """Return a list. Strings and IDs are copied, other elements are completed one by one."""
        if self._meter.stopped:
            return []
        strings = fast_fields.copy_texts(return_type.of_type, result)
        if strings is not None:
            return strings if self._meter.reserve_strings(strings, path) else []
        if isinstance(result, list) and not self._meter.reserve(2 + len(result), path=path):
            return []
        return super().complete_list_value(return_type, field_nodes, info, path, result)

    def complete_leaf_value(  # type: ignore[override] # a static method there, always called on self
        self, return_type: GraphQLLeafType, result: Any
    ) -> Any:
        """Return the value to show for a scalar or enum."""
        shown = ExecutionContext.complete_leaf_value(return_type, result)
        self._meter.reserve(self._size(shown))
        return shown

    def _size(self, shown: Any) -> int:
        if isinstance(shown, dict | list):
            return self._meter.json_bytes(shown)
        return fast_fields.json_bytes(shown)

    def _is_deferred(self, of_type: GraphQLOutputType, value: Any) -> bool:
        if isinstance(value, models.LargeText):
            return True
        if of_type is GraphQLString:
            return type(value) is str and len(value) > fast_fields.MAX_COPIED_CHARACTERS
        if str(of_type) == JSON._meta.name and isinstance(value, dict | list):
            return self._meter.json_bytes(value) > fast_fields.MAX_COPIED_CHARACTERS
        return False

    async def _read(self, text: models.LargeText, path: Path) -> str:
        """Read a large text for a field that must not be null. Counts it before reading it."""
        if not self._meter.reserve(text.size + 2, path=path):
            return ""
        context: Context = self.context_value
        return await context.text(text)


async def _merge_later(fields: Iterable[str], copied: Data, resolved: Any) -> Data:
    return _merge(fields, copied, await resolved)


def _merge(fields: Iterable[str], copied: Data, resolved: Any) -> Data:
    values = copied | resolved
    return {name: values[name] for name in fields if name in values}
