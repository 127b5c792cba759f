"""Generate the GraphQL reference as Markdown pages from the schema.

`python -m docs_tools.graphql_reference FOLDER` writes the pages. They are not in the repository:
`make docs` makes them, so they cannot be outdated.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeGuard

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    ast_from_value,
    build_schema,
    get_named_type,
    is_specified_scalar_type,
    print_ast,
)

SCHEMA: Final = Path(__file__).parents[1] / "ai_coordination" / "api" / "schema.graphql"
_GENERATED: Final = re.compile(r"(Connection|Edge|Payload)$")

INTRODUCTION: Final = """# GraphQL reference

The pages of this chapter are made from the schema that the API serves.

- [Queries](queries.md) read. [Mutations](mutations.md) change.
- [Objects](objects.md) are what you read, [inputs](inputs.md) what you send.
- [Enums and scalars](enums-and-scalars.md) are the values in both.

A type ends with `!` if it is never null. An argument with a default can be left out.

Every list is a connection with the same fields:

| field | type | meaning |
|---|---|---|
| `edges` | list of `cursor` and `node` | the rows with their cursors |
| `nodes` | list of objects | the rows alone |
| `pageInfo` | [`PageInfo`](objects.md#pageinfo) | whether there are more pages |
| `totalCount` | `Int` | the number of all rows; null where it is not known |

[Errors](../errors.md) lists the error codes, [Limits](../limits.md) the limits of a request.
"""

Described = GraphQLObjectType | GraphQLInterfaceType
Arguments = Mapping[str, GraphQLArgument | GraphQLInputField]


def pages(schema: GraphQLSchema) -> dict[str, str]:
    """Return the texts of the pages by file name."""
    kinds = sorted(
        (one for name, one in schema.type_map.items() if not name.startswith("__")),
        key=lambda one: one.name,
    )
    return {
        "index.md": INTRODUCTION,
        "queries.md": _page("Queries", _operations(schema.query_type)),
        "mutations.md": _page("Mutations", _operations(schema.mutation_type)),
        "objects.md": _page("Objects", (_object(one) for one in kinds if _is_described(one))),
        "inputs.md": _page(
            "Inputs", (_input(one) for one in kinds if isinstance(one, GraphQLInputObjectType))
        ),
        "enums-and-scalars.md": _page("Enums and scalars", _values(kinds)),
    }


def _is_described(kind: GraphQLNamedType) -> TypeGuard[Described]:
    """Return whether a type has a section: connections, edges and payloads have none."""
    if kind.name in ("Query", "Mutation") or _GENERATED.search(kind.name):
        return False
    return isinstance(kind, GraphQLObjectType | GraphQLInterfaceType)


def _page(title: str, sections: Iterable[str]) -> str:
    return "\n\n".join([f"# {title}", *sections]) + "\n"


def _operations(root: GraphQLObjectType | None) -> Iterator[str]:
    for name, field in sorted(root.fields.items() if root else ()):
        parts = [f"## {name}", _prose(field), f"Returns {_returned(field)}."]
        parts.extend(_given(field))
        yield "\n\n".join(part for part in parts if part)


def _given(field: GraphQLField) -> Iterator[str]:
    """Describe an operation's arguments or, for a mutation, the fields of its input."""
    if not field.args:
        return
    kind = get_named_type(field.args["input"].type) if [*field.args] == ["input"] else None
    if isinstance(kind, GraphQLInputObjectType):
        yield f"Takes `input`, [`{kind.name}`]({_target(kind)}):"
        yield _arguments("field", kind.fields)
    else:
        yield _arguments("argument", field.args)


def _returned(field: GraphQLField) -> str:
    """Describe the result of an operation or, for a mutation, the fields of its payload."""
    kind = get_named_type(field.type)
    if not isinstance(kind, GraphQLObjectType) or not kind.name.endswith("Payload"):
        return _type(field)
    return " and ".join(f"`{name}`: {_type(one)}" for name, one in kind.fields.items())


def _object(kind: Described) -> str:
    rows = [
        f"| `{name}` | {_type(field)} | {_cell(field)}{_in_field(field)} |"
        for name, field in kind.fields.items()
    ]
    return _section(kind, "| field | type | meaning |", rows)


def _in_field(field: GraphQLField) -> str:
    names = ", ".join(f"`{name}`" for name in field.args)
    return f" Arguments: {names}." if names else ""


def _input(kind: GraphQLInputObjectType) -> str:
    return f"## {kind.name}\n\n{_prose(kind)}\n\n{_arguments('field', kind.fields)}"


def _values(kinds: Iterable[GraphQLNamedType]) -> Iterator[str]:
    for kind in kinds:
        if isinstance(kind, GraphQLEnumType):
            rows = [f"| `{name}` | {_cell(value)} |" for name, value in kind.values.items()]
            yield _section(kind, "| value | meaning |", rows)
        elif isinstance(kind, GraphQLScalarType) and not is_specified_scalar_type(kind):
            yield f"## {kind.name}\n\n{_prose(kind)}"


def _arguments(what: str, given: Arguments) -> str:
    rows = [
        f"| `{name}` | {_type(one)} | {_default(one)} | {_cell(one)} |"
        for name, one in given.items()
    ]
    return "\n".join([f"| {what} | type | default | meaning |", "|---|---|---|---|", *rows])


def _default(given: GraphQLArgument | GraphQLInputField) -> str:
    value = ast_from_value(given.default_value, given.type) if _has_default(given) else None
    return f"`{print_ast(value)}`" if value else ""


def _has_default(given: GraphQLArgument | GraphQLInputField) -> bool:
    node = given.ast_node
    return node is not None and node.default_value is not None


def _section(kind: GraphQLNamedType, header: str, rows: Iterable[str]) -> str:
    line = "|".join("---" for _ in header.strip("|").split("|"))
    return "\n".join([f"## {kind.name}", "", _prose(kind), "", header, f"|{line}|", *rows])


def _type(given: GraphQLField | GraphQLArgument | GraphQLInputField) -> str:
    """Return a type in GraphQL's notation, with a link to its description."""
    kind = get_named_type(given.type)
    target = _target(kind)
    return f"[`{given.type}`]({target})" if target else f"`{given.type}`"


_PAGES: Final[Mapping[type[GraphQLNamedType], str]] = {
    GraphQLInputObjectType: "inputs.md",
    GraphQLEnumType: "enums-and-scalars.md",
    GraphQLObjectType: "objects.md",
    GraphQLInterfaceType: "objects.md",
}


def _target(kind: GraphQLNamedType) -> str | None:
    if isinstance(kind, GraphQLScalarType):
        return None if is_specified_scalar_type(kind) else _anchor("enums-and-scalars.md", kind)
    if kind.name.endswith("Connection") and isinstance(kind, GraphQLObjectType):
        return _anchor("objects.md", get_named_type(kind.fields["nodes"].type))
    return _anchor(_PAGES[type(kind)], kind)


def _anchor(page: str, kind: GraphQLNamedType) -> str:
    return f"{page}#{kind.name.lower()}"


def _prose(described: GraphQLField | GraphQLNamedType) -> str:
    return _escaped(described.description or "")


def _cell(described: object) -> str:
    text = getattr(described, "description", None) or ""
    return _escaped(" ".join(text.split())).replace("|", "\\|")


def _escaped(text: str) -> str:
    """Escape angle brackets, underscores and stars outside of code."""
    return re.sub(r"(`[^`]*`)|([<>_*])", lambda found: found[1] or f"\\{found[2]}", text)


def write(folder: Path) -> None:
    """Write all pages into a folder, which is created if it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages(build_schema(SCHEMA.read_text("utf-8"))).items():
        (folder / name).write_text(text, "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
