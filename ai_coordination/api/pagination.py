"""Connections: pages of a list, and opaque cursors.

A cursor holds a position and a checksum. It names no partition, so it cannot lead into another
tenant's data. The checksum covers the identity of the list (field, tenant, arguments, order), so a
damaged cursor, or one of another list, tenant or format, is rejected. The row at the position may
have been deleted.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import graphene

from ai_coordination.api.objects import ObjectType
from ai_coordination.errors import BadUserInput
from ai_coordination.models.reads import Page, PageRequest

DEFAULT_PAGE_SIZE = 25
MAX_PAGE_SIZE = 100

# DynamoDB's limit on a range key.
MAX_POSITION_BYTES = 1_024

_FORMAT = b"\x01"
_CHECK_BYTES = 12

FIRST = f"Maximum number of rows, 1 to {MAX_PAGE_SIZE}."
AFTER = "Cursor of a row in this list. The page starts after that row."
NEWEST_FIRST = "Whether the newest rows come first."


def paging_arguments(**more: Any) -> dict[str, Any]:
    """Return the arguments of a connection field: `first`, `after`, and `more`."""
    return {
        "first": graphene.Int(default_value=DEFAULT_PAGE_SIZE, description=FIRST),
        "after": graphene.String(description=AFTER),
        **more,
    }


def newest_first_argument() -> graphene.Boolean:
    return graphene.Boolean(default_value=True, description=NEWEST_FIRST)


class CursorScope:
    """The identity of a list, which its cursors are valid for.

    It consists of the field, the tenant, the arguments and the order.
    """

    def __init__(self, *identity: Any) -> None:
        written = json.dumps(identity, sort_keys=True, default=str)
        self._key = blake2b(written.encode(errors="surrogatepass"), digest_size=32).digest()

    def cursor(self, position: str) -> str:
        """Return the cursor of a position."""
        return self.sealed(position.encode())

    def sealed(self, body: bytes) -> str:
        """Return a cursor that holds these bytes."""
        return base64.urlsafe_b64encode(_FORMAT + self._check(body) + body).decode().rstrip("=")

    def position(self, cursor: str) -> str:
        """Return the position of a cursor. Raises BadUserInput if it is not of this list."""
        body = self.opened(cursor, MAX_POSITION_BYTES)
        try:
            return body.decode()
        except ValueError:
            raise self.foreign() from None

    def opened(self, cursor: str, most_bytes: int) -> bytes:
        """Return the bytes that a cursor holds. Raises BadUserInput if it is not of this list."""
        try:
            raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        except (ValueError, binascii.Error):
            raise self.foreign() from None
        check, body = raw[1 : 1 + _CHECK_BYTES], raw[1 + _CHECK_BYTES :]
        is_ours = raw[:1] == _FORMAT and check == self._check(body)
        if is_ours and 0 < len(body) <= most_bytes and self._canonical(cursor, raw):
            return body
        raise self.foreign()

    @staticmethod
    def foreign() -> BadUserInput:
        """Return the error for a cursor that is not of this list."""
        return BadUserInput(
            "This cursor is not valid here: pass one that the same field has given, for the same"
            " arguments",
            "after",
        )

    def _check(self, body: bytes) -> bytes:
        return blake2b(body, digest_size=_CHECK_BYTES, key=self._key).digest()

    @staticmethod
    def _canonical(cursor: str, raw: bytes) -> bool:
        return base64.urlsafe_b64encode(raw).decode().rstrip("=") == cursor

    def page_request(
        self, first: int | None, after: str | None, newest_first: bool | None = False
    ) -> PageRequest:
        """Return the page that the arguments request. Null means the default.

        Raises BadUserInput for an invalid `first` or `after`.
        """
        return PageRequest(
            page_size(first), None if after is None else self.position(after), bool(newest_first)
        )


def page_size(first: int | None) -> int:
    size = DEFAULT_PAGE_SIZE if first is None else first
    if not 1 <= size <= MAX_PAGE_SIZE:
        raise BadUserInput(f"`first` must be 1 to {MAX_PAGE_SIZE}, not {size}", "first")
    return size


class Connection(NamedTuple):
    """A page of a list, in the shape of its GraphQL type."""

    page: Page[Any]
    request: PageRequest
    scope: CursorScope
    position_of: Callable[[Any], str]
    """Returns the position of a row."""
    total: Callable[[], Any]
    """Returns the total count, or None if it is not known."""

    @property
    def nodes(self) -> Sequence[Any]:
        return self.page.rows

    @property
    def edges(self) -> list["Edge"]:
        return [Edge(self.scope.cursor(self.position_of(row)), row) for row in self.page.rows]

    @property
    def page_info(self) -> "PageInfoOf":
        rows = self.page.rows
        start = self.scope.cursor(self.position_of(rows[0])) if rows else None
        end = None if self.page.position is None else self.scope.cursor(self.page.position)
        return PageInfoOf(self.page.has_next, self.request.position is not None, start, end)


class Edge(NamedTuple):
    cursor: str
    node: Any


class PageInfoOf(NamedTuple):
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


class PageInfo(ObjectType):
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
    start_cursor = graphene.String(description="Cursor of the first row. Null for an empty page.")
    end_cursor = graphene.String(
        description=(
            "Cursor of the end of the page. Pass it as `after` to get the next page. An empty page"
            " may have one, if a filter has left out its rows."
        )
    )


def unknown_total() -> None:
    """Return None: the total of this list is not known without reading all of it."""


def connection(node: type[ObjectType]) -> type[ObjectType]:
    """Create the types `<Node>Edge` and `<Node>Connection`. Returns the latter."""
    name = node._meta.name
    edge = type(
        f"{name}Edge",
        (ObjectType,),
        {
            "__doc__": f"A {name} with its cursor.",
            "cursor": graphene.String(
                required=True,
                description="Cursor of the row. Pass it as `after` to continue from here.",
            ),
            "node": graphene.Field(node, required=True, description=f"The {name}."),
        },
    )
    return type(
        f"{name}Connection",
        (ObjectType,),
        {
            "__doc__": f"A page of {name}s.",
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
                    "Number of rows in the whole list. Null if counting would require reading all"
                    " of it, as for a filtered or tenant-wide list."
                )
            ),
            "resolve_total_count": lambda root, info: root.total(),
        },
    )
