"""The rows of items and of indexes in the file."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ai_coordination.local.database import values
from ai_coordination.local.database.schema import Index, Table
from ai_coordination.local.database.values import Item
from ai_coordination.local.sqlite import File
from ai_coordination.models import sizes

CREATE = (
    # Keys are stored as bytes that sort as DynamoDB sorts the keys.
    """CREATE TABLE IF NOT EXISTS items (
        tbl INTEGER NOT NULL, hash BLOB NOT NULL, range BLOB NOT NULL,
        item TEXT NOT NULL, PRIMARY KEY (tbl, hash, range)
    )""",
    """CREATE TABLE IF NOT EXISTS index_rows (
        tbl INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL, range BLOB NOT NULL,
        item_hash BLOB NOT NULL, item_range BLOB NOT NULL,
        PRIMARY KEY (tbl, idx, hash, range, item_hash, item_range)
    ) WITHOUT ROWID""",
)

Key = tuple[bytes, bytes]


class Stored:
    """An item. Its size is calculated only where it is asked for: that takes as long as a read."""

    __slots__ = ("_size", "item", "most_bytes")

    def __init__(self, item: Item, most_bytes: int) -> None:
        """`most_bytes` is a limit of its size: its JSON is always longer."""
        self.item = item
        self.most_bytes = most_bytes
        self._size: int | None = None

    @property
    def size(self) -> int:
        """Its bytes, as DynamoDB counts them."""
        if self._size is None:
            self._size = sizes.of_item(self.item)
        return self._size

    def exceeds(self, limit: int) -> bool:
        """Whether it has more bytes than so many."""
        return self.most_bytes > limit and self.size > limit


@dataclass(frozen=True, slots=True)
class Range:
    """Which rows under a hash key, and in which order.

    `bounds` are comparisons of the range key, such as `(">=", key)`. `after` is the place of the
    row that the read resumes after: its range key, and in an index also the key of its item.
    """

    hash: bytes
    bounds: tuple[tuple[str, bytes], ...] = ()
    after: tuple[bytes, ...] | None = None
    backward: bool = False


class Rows:
    """All items and index rows of the file."""

    def __init__(self, file: File) -> None:
        self._file = file
        # How often each table has changed: who has read it sees by it whether to read it again.
        self.changes: Counter[int] = Counter()
        file.create(*CREATE)

    def get(self, table: Table, key: Key) -> Stored | None:
        """The item of a key, or None."""
        found = self._file.first(
            "SELECT item FROM items WHERE tbl = ? AND hash = ? AND range = ?",
            (table.number, *key),
        )
        return None if found is None else _stored(found[0])

    def put(self, table: Table, key: Key, item: Item, old: Item | None) -> Stored:
        """Store an item in the place of the one that was there."""
        text = values.dumped(item)
        self._file.first(
            "INSERT INTO items (tbl, hash, range, item) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET item = excluded.item",
            (table.number, *key, text),
        )
        self._index(table, key, item, old)
        self._changed(table)
        return Stored(item, len(text))

    def delete(self, table: Table, key: Key, old: Item) -> None:
        """Remove an item that is there."""
        self._file.first(
            "DELETE FROM items WHERE tbl = ? AND hash = ? AND range = ?", (table.number, *key)
        )
        self._index(table, key, None, old)
        self._changed(table)

    def _changed(self, table: Table) -> None:
        self.changes[table.number] += 1

    def _index(self, table: Table, key: Key, new: Item | None, old: Item | None) -> None:
        for index in table.indexes.values():
            before, after = _place(index, old), _place(index, new)
            if before == after:
                continue
            if before is not None:
                self._file.first(
                    "DELETE FROM index_rows WHERE tbl = ? AND idx = ? AND hash = ? AND range = ?"
                    " AND item_hash = ? AND item_range = ?",
                    (table.number, index.number, *before, *key),
                )
            if after is not None:
                self._file.first(
                    "INSERT INTO index_rows VALUES (?, ?, ?, ?, ?, ?)",
                    (table.number, index.number, *after, *key),
                )

    def query(self, table: Table, index: Index | None, wanted: Range) -> Iterator[Stored]:
        """The items under a hash key in the order of their range keys, read inside one turn."""
        source = _source(table, index)
        conditions = [f"{source.prefix}hash = ?"]
        given = [*source.given, wanted.hash]
        for sign, bound in wanted.bounds:
            conditions.append(f"{source.prefix}range {sign} ?")
            given.append(bound)
        return self._ordered(source, source.names[1:], conditions, given, wanted)

    def scan(
        self, table: Table, index: Index | None, after: tuple[bytes, ...] | None
    ) -> Iterator[Stored]:
        """All items of a table or an index in the order of their keys, read inside one turn."""
        source = _source(table, index)
        wanted = Range(b"", after=after)
        return self._ordered(source, source.names, [], list(source.given), wanted)

    def _ordered(
        self,
        source: "_Source",
        names: Sequence[str],
        conditions: list[str],
        given: list[Any],
        wanted: Range,
    ) -> Iterator[Stored]:
        columns = [f"{source.prefix}{name}" for name in names]
        if wanted.after is not None:
            sign = "<" if wanted.backward else ">"
            conditions.append(f"({', '.join(columns)}) {sign} ({', '.join('?' * len(columns))})")
            given.extend(wanted.after)
        direction = " DESC" if wanted.backward else ""
        order = ", ".join(f"{column}{direction}" for column in columns)
        rows = " AND ".join([source.rows, *conditions])
        # Names and signs are this module's own; all that a request says is bound.
        statement = f"SELECT item FROM {rows} ORDER BY {order}"  # noqa: S608 - see above
        for (text,) in self._file.each(statement, given):
            yield _stored(text)

    def totals(self, table: Table) -> tuple[int, int]:
        """How many items a table has, and about how many bytes."""
        count, size = self._file.first(
            "SELECT count(*), coalesce(sum(length(item)), 0) FROM items WHERE tbl = ?",
            (table.number,),
        )
        return int(count), int(size)

    def all_texts(self, table: Table) -> list[str]:
        """The JSON of every item by its key: for who looks at all there is, again and again."""
        found = self._file.rows(
            "SELECT item FROM items WHERE tbl = ? ORDER BY hash, range", (table.number,)
        )
        return [text for (text,) in found]

    def clear(self, table: Table) -> None:
        """Remove all items of a table."""
        self._file.rows("DELETE FROM items WHERE tbl = ?", (table.number,))
        self._file.rows("DELETE FROM index_rows WHERE tbl = ?", (table.number,))
        self._changed(table)


def _stored(text: str) -> Stored:
    return Stored(values.loaded(text), len(text))


def _place(index: Index, item: Item | None) -> Key | None:
    return None if item is None or not index.has(item) else index.keys.encoded(item)


@dataclass(frozen=True, slots=True)
class _Source:
    """Rows to select from: `names` order them, `given` are the values of its placeholders."""

    rows: str
    prefix: str
    names: tuple[str, ...]
    given: tuple[int, ...]


def _source(table: Table, index: Index | None) -> _Source:
    if index is None:
        return _Source("items WHERE tbl = ?", "", ("hash", "range"), (table.number,))
    joined = (
        "index_rows AS row JOIN items AS of ON of.tbl = row.tbl AND of.hash = row.item_hash"
        " AND of.range = row.item_range WHERE row.tbl = ? AND row.idx = ?"
    )
    names = ("hash", "range", "item_hash", "item_range")
    return _Source(joined, "row.", names, (table.number, index.number))
