"""What an expression gives."""

from typing import Any

from jmespath import exceptions

from ai_coordination.expressions import syntax
from ai_coordination.expressions.failures import ExpressionFailed, kind_of
from ai_coordination.expressions.interpreter import Interpreter
from ai_coordination.expressions.meter import Meter


def evaluate(text: str, context: Any, shared: Meter | None = None) -> Any:
    """Return what an expression gives over a context of plain JSON values.

    Several evaluations may have a `shared` meter; otherwise each has its own. Raises
    ExpressionFailed, and nothing else. Parts of the result may belong to the context, or to the
    expression itself, which is kept: do not change them.
    """
    try:
        meter = shared or Meter()
        result = Interpreter(meter).visit(syntax.tree(text), context)
        meter.finish(result)
    except ExpressionFailed:
        raise
    except exceptions.UnknownFunctionError as error:
        raise ExpressionFailed(str(error)[:200]) from None
    except RecursionError:
        raise ExpressionFailed("a value nests too deeply") from None
    except Exception as error:
        # Whatever Python raises about a value, for example OverflowError.
        raise ExpressionFailed(f"it cannot be evaluated: {str(error)[:100]}") from error
    return result


def condition(text: str, context: Any) -> bool:
    """Return whether a condition holds. Null counts as false.

    Raises ExpressionFailed, also for a result that is neither true, false nor null.
    """
    result = evaluate(text, context)
    if result is None:
        return False
    if not isinstance(result, bool):
        raise ExpressionFailed(f"it gives {kind_of(result)}, and a condition gives true or false")
    return result
