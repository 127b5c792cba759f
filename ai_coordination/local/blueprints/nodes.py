"""YAML with positions: a document as a tree of nodes, each of which knows its line and column.

Plain words are typed as in YAML 1.2: only `true` and `false` are booleans, so `no` and `on` are
text, and so is a date.
"""

import re
from pathlib import Path as FilePath
from typing import Any

import yaml

from ai_coordination.local.blueprints.document import InvalidBlueprint, Place, Problem

START = Place(1, 1)
TAG = "tag:yaml.org,2002:"
# What to do about a mistake, by a part of PyYAML's message, which speaks of its grammar.
_HINTS = {
    "\\t": "Indent with spaces, not with tabs",
    "mapping values are not allowed": "Put a text that contains ': ' in quotes, or check the "
    "indentation",
    "<block end>": "Check the indentation: the members of a mapping begin in the same column, and "
    "so do the elements of a list",
    "could not find expected ':'": "A member is written as `name: value`",
    "while parsing a flow": "A bracket is not closed, or a comma is missing",
    "while scanning a quoted scalar": "A quote is not closed",
    "that cannot start any token": "Put a text that begins with this character in quotes",
    "expected a single document": "A file has one blueprint, without `---` in between",
}
_HALF = re.compile("[\ud800-\udfff]")


class _Loader(yaml.SafeLoader):
    """A loader that interprets plain words as in YAML 1.2, so `yes` and `on` are strings."""

    # Empty, so that it has none of the resolvers of YAML 1.1. Only the loop below adds to it.
    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - see above

    def compose_scalar_node(self, anchor: Any) -> yaml.ScalarNode:
        """Refuse what no request can hold."""
        node = super().compose_scalar_node(anchor)
        if _HALF.search(node.value):
            message = "a text contains half a surrogate pair"
            raise yaml.MarkedYAMLError(problem=message, problem_mark=node.start_mark)
        return node


for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", ["n", "~", ""]),
    ("int", r"-?(0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", "-0123456789"),
):
    _Loader.add_implicit_resolver(f"{TAG}{_tag}", re.compile(rf"(?:{_pattern})$"), list(_first))


def parse(file: str, text: bytes | None = None) -> yaml.Node:
    """Return the root of the only document of a file, or of `text`, to which `file` is a name.

    Raises InvalidBlueprint.
    """
    try:
        content = FilePath(file).read_bytes() if text is None else text
        root = yaml.compose(content, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        raise InvalidBlueprint(file, [_of(error)]) from error
    except yaml.reader.ReaderError as error:
        raise InvalidBlueprint(file, [Problem(START, (), _unreadable(error))]) from error
    except OSError as error:
        message = f"The file cannot be read: {error.strerror}"
        raise InvalidBlueprint(file, [Problem(START, (), message)]) from error
    if root is None:
        raise InvalidBlueprint(file, [Problem(START, (), "The file is empty")])
    return root


def _of(error: yaml.MarkedYAMLError) -> Problem:
    said = ", ".join(part for part in (error.context, error.problem) if part)
    hint = next((f". {hint}" for part, hint in _HINTS.items() if part in said), "")
    mark = error.problem_mark or error.context_mark
    return Problem(START if mark is None else _place(mark), (), f"YAML: {said}{hint}")


def _unreadable(error: yaml.reader.ReaderError) -> str:
    if error.encoding == "unicode":
        return f"The character U+{error.character:04X} is not allowed in YAML"
    return "This is not UTF-8 text"


def place(node: yaml.Node) -> Place:
    """Return the position at which a node begins."""
    return _place(node.start_mark)


def _place(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1)


def kind(node: yaml.Node) -> str:
    """Return a node's type: `str`, `int`, `float`, `bool`, `null`, `seq`, `map`, or a tag."""
    return str(node.tag).removeprefix(TAG)
