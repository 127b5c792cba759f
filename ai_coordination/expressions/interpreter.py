"""JMESPath's interpreter, under a meter."""

import sys
from typing import Any, Final

from jmespath import visitor

from ai_coordination.expressions.failures import ExpressionFailed, kind_of
from ai_coordination.expressions.functions import MeteredFunctions
from ai_coordination.expressions.meter import REFERENCE, Meter
from ai_coordination.expressions.syntax import Node

# What makes a list or an object, of which each element takes a visit.
_MAKING: Final = frozenset(
    {
        "filter_projection",
        "multi_select_dict",
        "multi_select_list",
        "projection",
        "value_projection",
    }
)


class Interpreter(visitor.TreeInterpreter):
    """The interpreter of one evaluation."""

    def __init__(self, meter: Meter) -> None:
        super().__init__(visitor.Options(custom_functions=MeteredFunctions(meter)))
        self._meter = meter

    def visit(self, node: Node, *args: Any, **kwargs: Any) -> Any:
        self._meter.visit()
        value = super().visit(node, *args, **kwargs)
        if value is not None and node["type"] in _MAKING:
            self._meter.make(sys.getsizeof(value))
        return value

    def visit_comparator(self, node: Node, value: Any) -> Any:
        left, right = (self.visit(child, value) for child in node["children"])
        name = node["value"]
        if name in self._EQUALITY_OPS:
            self._meter.compare(left, right)
        elif not _is_ordered(left) or not _is_ordered(right):
            return None
        elif isinstance(left, str) is not isinstance(right, str):
            raise ExpressionFailed(
                f"{kind_of(left)} is compared with {kind_of(right)}: to_number() makes numbers"
            )
        elif isinstance(left, str):
            self._meter.read(min(len(left), len(right)))
        return self.COMPARATOR_FUNC[name](left, right)

    def visit_flatten(self, node: Node, value: Any) -> Any:
        base = self.visit(node["children"][0], value)
        if not isinstance(base, list):
            return None
        self._meter.make(REFERENCE * len(base))
        merged = []
        for element in base:
            if isinstance(element, list):
                self._meter.make(REFERENCE * len(element))
                merged.extend(element)
            else:
                merged.append(element)
        return merged

    def visit_slice(self, node: Node, value: Any) -> Any:
        if isinstance(value, list):
            self._meter.make(REFERENCE * len(value))
        return super().visit_slice(node, value)


def _is_ordered(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)
