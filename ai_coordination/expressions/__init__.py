"""Expressions of tenants: JMESPath over what an agent sees, with bounds that any text keeps.

JMESPath alone has no bounds: 150 characters can make gigabytes, or run for minutes. Here each
expression has a meter. It may take at most 200,000 visits and make at most 8 MB; whatever goes
beyond that, or fails in any other way, is `ExpressionFailed`. The package is pure: it reads no
data, has no clock, and keeps nothing but the last trees.
"""

from ai_coordination.expressions.evaluation import condition, evaluate
from ai_coordination.expressions.failures import ExpressionFailed, kind_of
from ai_coordination.expressions.lint import problems
from ai_coordination.expressions.meter import Meter
from ai_coordination.expressions.output_values import output_value, value_bytes
from ai_coordination.expressions.roots import Roots, names
from ai_coordination.expressions.scopes import Scope, scope_of
from ai_coordination.expressions.syntax import MOST_CHARACTERS

__all__ = [
    "MOST_CHARACTERS",
    "ExpressionFailed",
    "Meter",
    "Roots",
    "Scope",
    "condition",
    "evaluate",
    "kind_of",
    "names",
    "output_value",
    "problems",
    "scope_of",
    "value_bytes",
]
