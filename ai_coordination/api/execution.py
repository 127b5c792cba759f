"""graphql-core's execution with a meter: what it builds is counted, and large texts wait.

A text or a JSON value of more than a kilobyte that may be null is not built in but `Held`: whether
there is room for it shows only when all the rest is known (`api.held`). Everything else counts at
once, and when it is too much, nothing more is built.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

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
from ai_coordination.api import leaves
from ai_coordination.api.context import Context
from ai_coordination.api.metering import Meter
from ai_coordination.api.scalars import JSON

Fields = dict[str, list[FieldNode]]
Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Held:
    """A value that is not in the answer yet; where it stands, and which fields ask for it."""

    value: Any
    path: Path
    nodes: list[FieldNode]


class Execution(ExecutionContext):
    """One operation's execution. Its context value is a Context."""

    @property
    def _meter(self) -> Meter:
        meter: Meter = self.context_value.meter
        return meter

    def execute_fields(
        self, parent_type: GraphQLObjectType, source_value: Any, path: Path | None, fields: Fields
    ) -> AwaitableOrValue[Data]:
        """The fields of one object, in their order."""
        if not self._meter.takes_object(fields, path):
            return {}
        if not isinstance(source_value, AttributeContainer):
            return super().execute_fields(parent_type, source_value, path, fields)
        plain, size = leaves.plain(parent_type, source_value, fields)
        self._meter.takes(size, path=path)
        if len(plain) == len(fields):
            return plain
        rest = {name: nodes for name, nodes in fields.items() if name not in plain}
        others = super().execute_fields(parent_type, source_value, path, rest)
        if self.is_awaitable(others):
            return _later(fields, plain, others)
        return _in_order(fields, plain, others)

    def complete_value(
        self,
        return_type: GraphQLOutputType,
        field_nodes: list[FieldNode],
        info: GraphQLResolveInfo,
        path: Path,
        result: Any,
    ) -> AwaitableOrValue[Any]:
        """What a resolved value is shown as."""
        if result is None:
            self._meter.takes(4, path=path)
        elif isinstance(return_type, GraphQLNonNull):
            if return_type.of_type is GraphQLString:
                if isinstance(result, models.LargeText):
                    return self._read(result, path)
                if type(result) is str:
                    return result if self._meter.takes(leaves.size_of(result), path=path) else ""
        elif self._waits(return_type, result):
            self._meter.holds = True
            return Held(result, path, field_nodes)
        return super().complete_value(return_type, field_nodes, info, path, result)

    def complete_list_value(
        self,
        return_type: GraphQLList[GraphQLOutputType],
        field_nodes: list[FieldNode],
        info: GraphQLResolveInfo,
        path: Path,
        result: Any,
    ) -> AwaitableOrValue[list[Any]]:
        """A list; texts and ids are copied, anything else is completed one by one."""
        if self._meter.stopped:
            return []
        texts = leaves.texts(return_type.of_type, result)
        if texts is not None:
            return texts if self._meter.takes_texts(texts, path) else []
        if isinstance(result, list) and not self._meter.takes(2 + len(result), path=path):
            return []
        return super().complete_list_value(return_type, field_nodes, info, path, result)

    def complete_leaf_value(  # type: ignore[override] # a static method there, always called on self
        self, return_type: GraphQLLeafType, result: Any
    ) -> Any:
        """A scalar or an enum's value."""
        shown = ExecutionContext.complete_leaf_value(return_type, result)
        self._meter.takes(self._size(shown))
        return shown

    def _size(self, shown: Any) -> int:
        if isinstance(shown, dict | list):
            return self._meter.size_of_json(shown)
        return leaves.size_of(shown)

    def _waits(self, of_type: GraphQLOutputType, value: Any) -> bool:
        if of_type is GraphQLString:
            return isinstance(value, models.LargeText) or (
                type(value) is str and len(value) > leaves.LONGEST_PLAIN
            )
        if isinstance(value, models.LargeJson):
            return True
        if str(of_type) == JSON._meta.name and isinstance(value, dict | list):
            return self._meter.size_of_json(value) > leaves.LONGEST_PLAIN
        return False

    async def _read(self, text: models.LargeText, path: Path) -> str:
        """A large text where none may be null: it counts before it is read."""
        if not self._meter.takes(text.size + 2, path=path):
            return ""
        context: Context = self.context_value
        return await context.text(text)


async def _later(fields: Iterable[str], plain: Data, others: Any) -> Data:
    return _in_order(fields, plain, await others)


def _in_order(fields: Iterable[str], plain: Data, others: Any) -> Data:
    both = plain | others
    return {name: both[name] for name in fields if name in both}
