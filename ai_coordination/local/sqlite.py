"""The file that holds what the embedded services store, or the memory that stands for it.

All services share one file, so that what one of them has answered is never older than what another
has. A request is one transaction: once it is answered it is in the write-ahead log, where it
survives the end of the process at any moment. After a failure of the machine itself the last
moments may be missing; what is there is consistent, since the log is read up to its first gap.

Source: SQLite documentation, "Write-Ahead Logging" and "PRAGMA synchronous".
"""

import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

IN_MEMORY = ":memory:"
# Raised when what is stored changes shape.
VERSION = 2
# How long to wait for another process that is just ending.
LOCK_SECONDS = 2.0
_STATEMENTS = 256


class NotUsable(Exception):
    """The file cannot be opened. The message says why."""


class File:
    """A database of SQLite. Threads take turns: each has the file to itself for a request."""

    def __init__(self, path: str = IN_MEMORY) -> None:
        """Open a file. Creates it and its directory if they are missing. Raises NotUsable."""
        self.path = path
        self._lock = RLock()
        self._depth = 0
        if not path:
            # SQLite would keep a file without a name until the process ends.
            raise NotUsable("it needs a name")
        if path != IN_MEMORY:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = sqlite3.connect(
                path,
                timeout=LOCK_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=_STATEMENTS,
            )
        except sqlite3.Error as error:
            raise NotUsable(_why(error)) from error
        # Python warns of a connection that nobody closes.
        weakref.finalize(self, self._connection.close)
        try:
            self._prepare()
        except sqlite3.DatabaseError as error:
            self.close()
            raise NotUsable(_why(error)) from error

    def _prepare(self) -> None:
        if self.path != IN_MEMORY:
            # Also keeps other processes out, from the first write on.
            self.rows("PRAGMA locking_mode = EXCLUSIVE")
            self.rows("PRAGMA journal_mode = WAL")
            self.rows("PRAGMA synchronous = NORMAL")
        [[version]] = self.rows("PRAGMA user_version")
        [[tables]] = self.rows("SELECT count(*) FROM sqlite_master")
        if version != VERSION and (tables or version):
            self.close()
            raise NotUsable("it is a file of another program, or of another version of the engine")
        with self.transaction():
            self.rows(f"PRAGMA user_version = {VERSION}")

    def create(self, *statements: str) -> None:
        """Run statements that create tables and indexes where they are missing."""
        with self.transaction():
            for statement in statements:
                self.rows(statement)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Reads of the block see one state: no other thread changes anything meanwhile."""
        with self._lock:
            yield

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Writes of the block are stored together when it ends, and none of them if it raises."""
        with self._lock:
            if self._depth:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                # After some errors, such as that of a full disk, SQLite has rolled back already.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            finally:
                self._depth -= 1

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Run a statement; all rows that it returns."""
        return self._connection.execute(statement, values).fetchall()

    def first(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """Run a statement; its first row, or None."""
        return self._connection.execute(statement, values).fetchone()

    def each(self, statement: str, values: Sequence[Any] = ()) -> Iterator[Any]:
        """Run a statement; its rows one by one, to be read inside one turn."""
        return iter(self._connection.execute(statement, values))

    def count(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Run a statement that writes; how many rows it has changed."""
        return self._connection.execute(statement, values).rowcount

    def many(self, statement: str, values: Iterable[Sequence[Any]]) -> None:
        """Run a statement once for each of several rows."""
        self._connection.executemany(statement, values)

    def close(self) -> None:
        """Close the file. Nothing can be asked of it afterwards."""
        with self._lock:
            self._connection.close()


# What SQLite says about a file that cannot be used, and what that means.
_REASONS = {
    "locked": "another process uses it, such as a server that runs or is about to stop",
    "unable to open": "it is a folder, or its folder may not be written to",
    "readonly": "it may not be written to",
}


def _why(error: sqlite3.Error) -> str:
    said = str(error)
    return next((reason for part, reason in _REASONS.items() if part in said), said)
