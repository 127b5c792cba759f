"""What is wrong with an expression when it is written: also what would be false without a word."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from ai_coordination.expressions import roots, syntax
from ai_coordination.expressions.failures import ExpressionFailed, values
from ai_coordination.expressions.functions import KNOWN
from ai_coordination.expressions.scopes import Scope
from ai_coordination.expressions.syntax import Node

_ORDERING: Final = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_MOST_AGENTS: Final = 20
_WORDS: Final = frozenset({"true", "false", "null"})
_NEGATED: Final = "`!a.b` is read as `(!a).b`, which is always null: write `!(a.b)`"
_ELSEWHERE: Final = {
    "item": "`forEach`",
    "index": "`forEach`",
    "round": "`repeat`",
    "previous": "`repeat`",
    "turn": "`input`",
}


def problems(text: str, scope: Scope) -> list[str]:
    """Say what is wrong with an expression, each in a sentence, in the order of the text.

    Nothing that it refuses could have worked, or it would mean something else than it looks like.
    """
    try:
        root = syntax.tree(text)
    except ExpressionFailed as failed:
        return [f"This expression is refused: {failed.message}"]
    found = [*_in_quotes(text), *_in_nodes(root), *_in_names(root, scope)]
    if scope.condition and _is_never_boolean(root):
        found.append("A condition must give true or false, and this one never does")
    return list(dict.fromkeys(found))


def _in_quotes(text: str) -> Iterator[str]:
    for match in re.finditer(r"""[=<>]\s*("(?:\\.|[^"\\])*")\s*(?![\s.\[("])""", text):
        if text[match.start()] == syntax.without_quoted(text)[match.start()]:
            yield f"{match[1]} is a name here: a text is written in 'single quotes'"


def _in_nodes(root: Node) -> Iterator[str]:
    """Problems of single nodes, wherever they are."""
    left = [root]
    while left:
        node = left.pop()
        yield from _CHECKS.get(node["type"], _nothing)(node)
        left += reversed(list(syntax.children(node)))


def _in_names(root: Node, scope: Scope) -> Iterator[str]:
    for name, member in roots.named(root):
        if name in _WORDS:
            yield _word(name)
        elif name is not None and name not in scope.roots:
            yield _unknown(name, scope)
        elif name in roots.OF_AGENTS and not _is_seen(member, scope):
            yield f"{member!r} is none of the agents that this sees{_agents(scope)}"


def _is_seen(agent: str | None, scope: Scope) -> bool:
    return agent is None or scope.agents is None or agent in scope.agents


def _agents(scope: Scope) -> str:
    agents = list(map(repr, scope.agents or ()))
    if not agents:
        return ": it sees predecessors, and there are none"
    more = len(agents) - _MOST_AGENTS
    return ", which are " + ", ".join(
        agents[:_MOST_AGENTS] + ([f"and {more} more"] if more > 0 else [])
    )


def _word(name: str) -> str:
    return f"{name} is written in backticks: `{name}`"


def _unknown(name: str, scope: Scope) -> str:
    if name in _ELSEWHERE:
        return f"{name!r} exists only with {_ELSEWHERE[name]}"
    if scope.agents is not None and name in scope.agents:
        return f"{name!r} is an agent: write outputs.{_quoted(name)} or states.{_quoted(name)}"
    known = ", ".join(sorted(scope.roots))
    return (
        f"{name!r} is an unknown name. The names are {known}. A text is written in 'single quotes'"
    )


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) else f'"{name}"'


def _nothing(_: Node) -> Iterator[str]:
    return iter(())


def _first_negated(node: Node) -> Iterator[str]:
    if node["children"][0]["type"] == "not_expression":
        yield _NEGATED


def _subexpression(node: Node) -> Iterator[str]:
    yield from _first_negated(node)
    for member in node["children"][1:]:
        literals = [child["type"] == "literal" for child in syntax.children(member)]
        if member["type"] == "multi_select_list" and all(literals):
            yield "`a.['b']` makes a list of the text 'b': write `a.\"b\"` for the member"


def _comparator(node: Node) -> Iterator[str]:
    yield from _operand(node)
    for child in node["children"]:
        if node["value"] in _ORDERING and _is_no_number(child):
            yield f"{_ORDERING[node['value']]} compares numbers, which are written as in `7`"


def _is_no_number(node: Node) -> bool:
    value: Any = node.get("value")
    return node["type"] == "literal" and (
        isinstance(value, bool) or not isinstance(value, int | float)
    )


def _operand(node: Node) -> Iterator[str]:
    for child in node["children"]:
        if child["type"] == "field" and child["value"] in _WORDS:
            yield _word(child["value"])


def _function(node: Node) -> Iterator[str]:
    name, given = node["value"], len(node["children"])
    if name not in KNOWN:
        yield f"There is no function {name}(). The functions are {', '.join(sorted(KNOWN))}"
        return
    signature = KNOWN[name][1]
    least = len(signature)
    variadic = bool(signature) and bool(signature[-1].get("variadic"))
    if given < least or (given > least and not variadic):
        yield f"{name}() takes {'at least ' if variadic else ''}{values(least)}, and has {given}"


_CHECKS: Final[dict[str, Callable[[Node], Iterator[str]]]] = {
    "and_expression": _operand,
    "comparator": _comparator,
    "filter_projection": _first_negated,
    "flatten": _first_negated,
    "function_expression": _function,
    "or_expression": _operand,
    "subexpression": _subexpression,
    "value_projection": _first_negated,
}

_LISTS: Final = frozenset(
    {
        "filter_projection",
        "flatten",
        "multi_select_dict",
        "multi_select_list",
        "projection",
        "value_projection",
    }
)
_BOOLEAN: Final = frozenset({"contains", "ends_with", "starts_with"})
# What may be any value of its arguments.
_ANY: Final = frozenset({"json", "max_by", "min_by", "not_null"})


def _is_never_boolean(node: Node) -> bool:
    kind = node["type"]
    if kind == "literal":
        return node["value"] is not None and not isinstance(node["value"], bool)
    if kind == "function_expression":
        return node["value"] in KNOWN and node["value"] not in _BOOLEAN | _ANY
    if kind in {"pipe", "subexpression"}:
        return _is_never_boolean(node["children"][-1])
    return kind in _LISTS
