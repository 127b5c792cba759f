"""From the text of an expression to its tree, as jmespath's parser makes it.

A node is a dict with `type`, `children` and often `value`.
"""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from jmespath import exceptions, parser

from ai_coordination.expressions.failures import ExpressionFailed

MOST_CHARACTERS: Final = 1_000
# There are frames on the stack already, at one place more than at another. What nests no deeper
# than this can be parsed and evaluated at all of them.
DEEPEST: Final = 64
# A tree of 1,000 characters has up to 180 KB, and is made in 2 ms; a usual one has 2 KB.
_TREES_KEPT: Final = 64

Node = dict[str, Any]

_TOO_DEEP: Final = f"it nests more than {DEEPEST} levels deep"
_QUOTED: Final = re.compile(
    r"""'(?:\\.|[^'\\])*' | "(?:\\.|[^"\\])*" | `(?P<json>(?:\\.|[^`\\])*)`""",
    re.VERBOSE | re.DOTALL,
)


class _Parser(parser.Parser):
    """A parser that keeps nothing. The one of jmespath keeps 512 trees, and botocore uses it."""

    def parse(self, expression: str) -> Any:
        return self._do_parse(expression)


@lru_cache(maxsize=_TREES_KEPT)
def tree(text: str) -> Node:
    """Return the root of the tree, which must not be changed.

    Raises ExpressionFailed for what does not parse, is too long or nests too deeply.
    """
    if len(text) > MOST_CHARACTERS:
        raise ExpressionFailed(f"it has {len(text):,} of at most {MOST_CHARACTERS:,} characters")
    _check_literals(text)
    if _brackets(text) > DEEPEST:
        raise ExpressionFailed(_TOO_DEEP)
    try:
        root: Node = _Parser().parse(text).parsed
    except RecursionError:
        raise ExpressionFailed(_TOO_DEEP) from None
    except exceptions.JMESPathError as error:
        raise ExpressionFailed(_reason(error, text)) from None
    except ValueError:
        raise ExpressionFailed("a number in it is too long") from None
    if _depth(root) > DEEPEST:
        raise ExpressionFailed(_TOO_DEEP)
    return root


def without_quoted(text: str) -> str:
    """Return the text with blanks in place of everything in quotes and backticks."""
    return _QUOTED.sub(lambda quoted: " " * len(quoted[0]), text)


def children(node: Node) -> Iterator[Node]:
    """The nodes below a node. The bounds of a slice are no nodes."""
    return (child for child in node["children"] if isinstance(child, dict))


def _check_literals(text: str) -> None:
    """Refuse literals that are no JSON, which jmespath takes for texts with a warning."""
    for quoted in _QUOTED.finditer(text):
        literal = quoted["json"]
        if literal is None:
            continue
        try:
            json.loads(literal.replace("\\`", "`"), parse_constant=_no_json)
        except (ValueError, RecursionError):
            raise ExpressionFailed(
                f"`{literal[:40]}` is no JSON. Backticks hold JSON; a text is written 'like this'"
            ) from None


def _no_json(name: str) -> None:
    raise ValueError(name)


def _brackets(text: str) -> int:
    """How deep brackets nest."""
    deepest = depth = 0
    for character in without_quoted(text):
        if character in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]}":
            depth -= 1
    return deepest


def _depth(root: Node) -> int:
    deepest = 0
    left = [(root, 1)]
    while left:
        node, depth = left.pop()
        deepest = max(deepest, depth)
        left += [(child, depth + 1) for child in children(node)]
    return deepest


def _reason(error: exceptions.JMESPathError, text: str) -> str:
    if isinstance(error, exceptions.EmptyExpressionError):
        return "it is empty"
    hint = _hint(text)
    if error.token_type in {None, "EOF"}:
        return f"it ends too early{hint}"
    token = str(error.token_value)
    return f"it cannot be read at character {error.lex_position + 1}, {token[:40]!r}{hint}"


_HINTS: Final = (
    (r"\w-\w", 'a name with a hyphen is written in double quotes, as in outputs."fact-checker"'),
    (r"(?<![=!<>])=(?!=)", "two values are compared by =="),
    (r"(?i)\b(?:and|or|not)\b", "and, or and not are written &&, || and !"),
    (r"(?:[=<>]\s*|,\s*|\(\s*)-?\d", "a number is written in backticks, as in `7`"),
    (r"[\w\s]\[\s*\Z|[\w\s]\[\s+\]", 'a name is chosen by a dot, as in outputs."fact-checker"'),
    (r"\$", "there is no $: names stand alone, as in outputs.critic"),
)


def _hint(text: str) -> str:
    """What the writer has probably meant."""
    plain = without_quoted(text)
    return next((f": {hint}" for pattern, hint in _HINTS if re.search(pattern, plain)), "")
