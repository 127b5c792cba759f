"""The functions of expressions: those of JMESPath, each counted before it runs, and three more."""

import json
import math
import sys
from collections.abc import Callable
from typing import Any, Final

from jmespath import exceptions, functions
from jmespath.functions import signature

from ai_coordination.expressions import output_values
from ai_coordination.expressions.failures import ExpressionFailed, kind_of, values
from ai_coordination.expressions.meter import MEMBER, REFERENCE, Meter, width, written

# The arguments of a call are checked one by one.
_VISITS_OF_A_CALL: Final = 4
_READS_OF_A_DIGIT: Final = 20

_TYPE_NAMES: Final = {"string": "a text", "number": "a number", "array": "a list"} | {
    "array-string": "a list of texts",
    "array-number": "a list of numbers",
    "object": "an object",
    "expref": "an expression, as in &name",
}


class MeteredFunctions(functions.Functions):
    """The functions, counted by the meter of one evaluation."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def call_function(self, function_name: str, resolved_args: list[Any]) -> Any:
        self._meter.visit(_VISITS_OF_A_CALL)
        if function_name in _LOOP:
            self._meter.visit(sum(len(arg) for arg in resolved_args if isinstance(arg, list)))
        try:
            return super().call_function(function_name, resolved_args)
        except exceptions.JMESPathTypeError as error:
            expected = " or ".join(_TYPE_NAMES.get(name, name) for name in error.expected_types)
            given = kind_of(error.current_value)
            raise ExpressionFailed(
                f"{function_name}() takes {expected}, and was given {given}"
            ) from None
        except exceptions.ArityError as error:
            raise ExpressionFailed(
                f"{function_name}() takes {values(error.expected_arity)}, "
                f"and was given {error.actual_arity}"
            ) from None

    @signature({"types": ["array", "string"]}, {"types": []})
    def _func_contains(self, subject: Any, search: Any) -> bool:
        if isinstance(subject, list):
            for element in subject:
                self._meter.compare(element, search)
        elif not isinstance(search, str):
            raise ExpressionFailed(f"contains() looks for {kind_of(search)} in a text")
        else:
            self._meter.read(len(subject))
        return search in subject

    @signature({"types": ["string"]}, {"types": ["string"]})
    def _func_ends_with(self, search: str, suffix: str) -> bool:
        self._meter.read(len(suffix))
        return search.endswith(suffix)

    @signature({"types": ["string"]}, {"types": ["string"]})
    def _func_starts_with(self, search: str, suffix: str) -> bool:
        self._meter.read(len(suffix))
        return search.startswith(suffix)

    @signature({"types": ["string"]}, {"types": ["array-string"]})
    def _func_join(self, separator: str, array: list[str]) -> str:
        if not array:
            return ""
        characters = sum(map(len, array)) + len(separator) * (len(array) - 1)
        self._meter.make(characters * max(width(separator), *map(width, array)))
        return separator.join(array)

    @signature({"types": []})
    def _func_to_string(self, arg: Any) -> str:
        if isinstance(arg, str):
            return arg
        # It is made in pieces, and then whole.
        self._meter.walk(arg, lambda text: 2 * written(text))
        return json.dumps(arg, separators=(",", ":"), ensure_ascii=False)

    @signature({"types": []})
    def _func_to_number(self, arg: Any) -> Any:
        if isinstance(arg, str):
            self._meter.read(_READS_OF_A_DIGIT * len(arg))
        number = super()._func_to_number(arg)
        return None if isinstance(number, float) and not math.isfinite(number) else number

    @signature({"types": ["array", "string"]})
    def _func_reverse(self, arg: Any) -> Any:
        self._meter.make(sys.getsizeof(arg))
        return super()._func_reverse(arg)

    @signature({"types": ["object"]})
    def _func_keys(self, arg: dict[str, Any]) -> list[str]:
        self._meter.make(REFERENCE * len(arg))
        return list(arg)

    @signature({"types": ["object"]})
    def _func_values(self, arg: dict[str, Any]) -> list[Any]:
        self._meter.make(REFERENCE * len(arg))
        return list(arg.values())

    @signature({"types": ["object"], "variadic": True})
    def _func_merge(self, *arguments: dict[str, Any]) -> dict[str, Any]:
        # jmespath checks the first one only.
        for argument in arguments:
            if not isinstance(argument, dict):
                raise ExpressionFailed(
                    f"merge() takes an object, and was given {kind_of(argument)}"
                )
        self._meter.make(MEMBER * sum(map(len, arguments)))
        merged: dict[str, Any] = super()._func_merge(*arguments)
        return merged

    @signature({"types": ["array-string", "array-number"]})
    def _func_sort(self, arg: list[Any]) -> list[Any]:
        self._sorted(arg)
        return sorted(arg)

    @signature({"types": ["array-number", "array-string"]})
    def _func_max(self, arg: list[Any]) -> Any:
        self._compared(arg)
        return max(arg, default=None)

    @signature({"types": ["array-number", "array-string"]})
    def _func_min(self, arg: list[Any]) -> Any:
        self._compared(arg)
        return min(arg, default=None)

    @signature({"types": ["array"]}, {"types": ["expref"]})
    def _func_sort_by(self, array: list[Any], expref: Any) -> list[Any]:
        self._sorted(array)
        keys = _Keys(expref, self._meter, len(array).bit_length())
        ordered: list[Any] = super()._func_sort_by(array, keys)
        return ordered

    @signature({"types": ["array"]}, {"types": ["expref"]})
    def _func_max_by(self, array: list[Any], expref: Any) -> Any:
        return super()._func_max_by(array, _Keys(expref, self._meter))

    @signature({"types": ["array"]}, {"types": ["expref"]})
    def _func_min_by(self, array: list[Any], expref: Any) -> Any:
        return super()._func_min_by(array, _Keys(expref, self._meter))

    @signature({"types": ["string"]})
    def _func_lower(self, arg: str) -> str:
        """The text in small letters."""
        # Python needs 12 bytes a character on the way, if there are others than those of ASCII.
        self._meter.make(len(arg) * (1 if arg.isascii() else 12 + width(arg)))
        return arg.lower()

    @signature({"types": ["string"]})
    def _func_trim(self, arg: str) -> str:
        """The text without blanks and line breaks around it."""
        self._meter.make(sys.getsizeof(arg))
        return arg.strip()

    @signature({"types": ["string"]})
    def _func_json(self, arg: str) -> Any:
        """The value of a text that is JSON, null if it is none."""
        self._meter.make(output_values.parsed_bytes(arg))
        return output_values.parsed(arg)

    def _sorted(self, array: list[Any]) -> None:
        self._meter.make(REFERENCE * len(array))
        for _ in range(len(array).bit_length()):
            self._compared(array)

    def _compared(self, array: list[Any]) -> None:
        if array and isinstance(array[0], str):
            self._meter.read(sum(len(text) for text in array if isinstance(text, str)))


class _Keys:
    """An expression that gives the keys by which elements are compared, each so many times."""

    def __init__(self, expref: Any, meter: Meter, times: int = 1) -> None:
        self.expression = expref.expression
        self._expref = expref
        self._meter = meter
        self._times = times
        self._kinds: set[str] = set()

    def visit(self, node: Any, element: Any) -> Any:
        key = self._expref.visit(node, element)
        self._kinds.add(kind_of(key))
        if self._kinds == {"a number", "a text"}:
            raise ExpressionFailed("a text is compared with a number")
        if isinstance(key, str):
            self._meter.read(len(key) * self._times)
        return key


# What looks at each element of its lists, without a visit.
_LOOP: Final = frozenset({"avg", "join", "max", "min", "sort", "sum"})

Signature = list[dict[str, Any]]
KNOWN: Final[dict[str, tuple[Callable[..., Any], Signature]]] = {
    name: (entry["function"], entry["signature"])
    for name, entry in MeteredFunctions.FUNCTION_TABLE.items()
}
