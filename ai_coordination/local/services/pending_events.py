"""The events that functions have not handled yet. They outlive the server, as those of Lambda."""

from typing import NamedTuple

from ai_coordination.local.sqlite import File

CREATE = """CREATE TABLE IF NOT EXISTS events
(id INTEGER PRIMARY KEY, function TEXT NOT NULL, payload TEXT NOT NULL, request TEXT NOT NULL)"""


class Event(NamedTuple):
    """An invocation whose caller does not wait. `payload` is JSON."""

    function: str
    payload: str
    request_id: str


class PendingEvents:
    """Those in a file. They are thread-safe."""

    def __init__(self, file: File) -> None:
        self._file = file
        file.create(CREATE)

    def add(self, event: Event) -> int:
        """Keep an event. Returns its number."""
        insert = "INSERT INTO events (function, payload, request) VALUES (?, ?, ?) RETURNING id"
        with self._file.transaction():
            [[number]] = self._file.rows(insert, event)
        return int(number)

    def remove(self, number: int) -> None:
        """Forget an event that was handled."""
        with self._file.transaction():
            self._file.rows("DELETE FROM events WHERE id = ?", (number,))

    def all(self) -> dict[int, Event]:
        """The events by their numbers, oldest first."""
        with self._file.turn():
            rows = self._file.rows("SELECT id, function, payload, request FROM events ORDER BY id")
        return {number: Event(*event) for number, *event in rows}
