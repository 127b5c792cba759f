"""Connections: pages of a list, and the opaque cursors that lead through it.

A cursor is a position, a check of it, and nothing else: it names no partition, so it cannot lead
into another's. The check covers the list as well (field, tenant, arguments, order), so a cursor of
another list, tenant or format, or a damaged one, is refused. A position needs no row to stand on.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import graphene

from ai_coordination.errors import BadUserInput
from ai_coordination.models.reads import Page, PageRequest

DEFAULT_PAGE = 25
LARGEST_PAGE = 100

# What DynamoDB takes for a range key, in bytes.
LONGEST_POSITION = 1_024

_FORMAT = b"\x01"
_CHECK_BYTES = 12

FIRST = f"Maximum number of rows, 1 to {LARGEST_PAGE}."
AFTER = "Cursor of a row in this list. The page starts after that row."
NEWEST_FIRST = "Whether the newest rows come first."


def paged(**more: Any) -> dict[str, Any]:
    """The arguments of a connection field."""
    return {
        "first": graphene.Int(default_value=DEFAULT_PAGE, description=FIRST),
        "after": graphene.String(description=AFTER),
        **more,
    }


def newest_first() -> graphene.Boolean:
    return graphene.Boolean(default_value=True, description=NEWEST_FIRST)


class List:
    """One list as one caller sees it: what its cursors belong to."""

    def __init__(self, *identity: Any) -> None:
        written = json.dumps(identity, sort_keys=True, default=str)
        self._key = blake2b(written.encode(errors="surrogatepass"), digest_size=32).digest()

    def cursor(self, position: str) -> str:
        body = position.encode()
        return base64.urlsafe_b64encode(_FORMAT + self._check(body) + body).decode().rstrip("=")

    def position(self, cursor: str) -> str:
        """Raises BadUserInput for a cursor that this list has not given."""
        try:
            raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
            check, body = raw[1 : 1 + _CHECK_BYTES], raw[1 + _CHECK_BYTES :]
            is_ours = raw[:1] == _FORMAT and check == self._check(body)
            if is_ours and 0 < len(body) <= LONGEST_POSITION and self._canonical(cursor, raw):
                return body.decode()
        except (ValueError, binascii.Error):
            pass
        raise BadUserInput("This is no cursor of this list", "after")

    def _check(self, body: bytes) -> bytes:
        return blake2b(body, digest_size=_CHECK_BYTES, key=self._key).digest()

    @staticmethod
    def _canonical(cursor: str, raw: bytes) -> bool:
        return base64.urlsafe_b64encode(raw).decode().rstrip("=") == cursor

    def wanted(
        self, first: int | None, after: str | None, newest_first: bool | None = False
    ) -> PageRequest:
        """The page that the arguments ask for. Null means the default."""
        return PageRequest(
            page_size(first), None if after is None else self.position(after), bool(newest_first)
        )


def page_size(first: int | None) -> int:
    size = DEFAULT_PAGE if first is None else first
    if not 1 <= size <= LARGEST_PAGE:
        raise BadUserInput(f"A page has 1 to {LARGEST_PAGE} rows, not {size}", "first")
    return size


@dataclass(frozen=True, slots=True)
class Connection:
    """A page as GraphQL shows it. `count` gives the total, or None where it is not known."""

    page: Page[Any]
    wanted: PageRequest
    place: List
    position_of: Callable[[Any], str]
    count: Callable[[], Any]

    @property
    def nodes(self) -> Sequence[Any]:
        return self.page.rows

    @property
    def edges(self) -> list["Edge"]:
        return [Edge(self.place.cursor(self.position_of(row)), row) for row in self.page.rows]

    @property
    def page_info(self) -> "PageInfoOf":
        rows = self.page.rows
        start = self.place.cursor(self.position_of(rows[0])) if rows else None
        end = None if self.page.position is None else self.place.cursor(self.page.position)
        return PageInfoOf(self.page.has_next, self.wanted.position is not None, start, end)


@dataclass(frozen=True, slots=True)
class Edge:
    cursor: str
    node: Any


@dataclass(frozen=True, slots=True)
class PageInfoOf:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


class PageInfo(graphene.ObjectType):
    """Position of a page in its list."""

    has_next_page = graphene.Boolean(
        required=True,
        description=(
            "True if more rows follow. A filtered page may be short, or empty, and still have more."
        ),
    )
    has_previous_page = graphene.Boolean(
        required=True, description="True if the page was requested with a cursor."
    )
    start_cursor = graphene.String(description="Cursor of the first row.")
    end_cursor = graphene.String(
        description="Cursor of the last row. Pass it as `after` to get the next page."
    )


def unknown() -> None:
    """The count of a list that is not known without reading everything."""


def connection(node: type[graphene.ObjectType]) -> type[graphene.ObjectType]:
    """The connection type of a node type, `<Node>Connection`."""
    name = node._meta.name
    edge = type(
        f"{name}Edge",
        (graphene.ObjectType,),
        {
            "__doc__": f"A {name} and its place in the list.",
            "cursor": graphene.String(
                required=True,
                description="Cursor of the row. Pass it as `after` to continue from here.",
            ),
            "node": graphene.Field(node, required=True, description=f"The {name}."),
        },
    )
    return type(
        f"{name}Connection",
        (graphene.ObjectType,),
        {
            "__doc__": f"A page of a list of {name}s.",
            "edges": graphene.List(
                graphene.NonNull(edge), required=True, description="The rows, each with its cursor."
            ),
            "nodes": graphene.List(
                graphene.NonNull(node), required=True, description="The rows, without cursors."
            ),
            "page_info": graphene.Field(
                PageInfo, required=True, description="Position of the page in the list."
            ),
            "total_count": graphene.Int(
                description=(
                    "Number of rows in the list. Null if it is not known without reading"
                    " everything (a filter, a tenant-wide list)."
                )
            ),
            "resolve_total_count": lambda root, info: root.count(),
        },
    )
