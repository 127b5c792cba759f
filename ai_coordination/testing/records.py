"""Reads the database of an engine directly, for what the engine does next."""

from datetime import datetime
from types import SimpleNamespace
from typing import Any, TypeVar

from ai_coordination import models, timestamps
from ai_coordination.local.database import Database, values
from ai_coordination.models.base import Item

E = TypeVar("E", bound=models.Table)


class Records:
    """All items of a database. One that has not changed since the last look is not read again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read: dict[tuple[type[models.Table], str], Any] = {}
        # How often each table had changed when it was read, and what was in it.
        self._tables: dict[type[models.Table], tuple[int, list[Any]]] = {}

    def all_of(self, kind: type[E]) -> list[E]:
        """Everything in a table, by its key."""
        name = str(kind.Meta.table_name)
        changes = self._database.changes(name)
        if kind not in self._tables or self._tables[kind][0] != changes:
            entities = [self._entity(kind, text) for text in self._database.texts(name)]
            self._tables[kind] = changes, entities
        return list(self._tables[kind][1])

    def next_due(self) -> datetime | None:
        """When the first item with outstanding work is due. None if there is none."""
        sessions = [str(item.due_at) for item in self.all_of(models.Session) if item.due_at]
        agents = [str(item.due_at) for item in self.all_of(models.SessionAgent) if item.due_at]
        times = sessions + agents
        return timestamps.parse(min(times)) if times else None

    def _entity(self, kind: type[E], text: str) -> E:
        entity: E | None = self._read.get((kind, text))
        if entity is None:
            entity = self._read[kind, text] = _view(kind, values.loaded(text))
        return entity


def _view(kind: type[E], item: Item) -> Any:
    """An entity with plain attributes: those of pynamodb take most of the time of looking."""
    view = SimpleNamespace(**dict.fromkeys(kind.get_attributes()))
    vars(view).update(kind.of(item).attribute_values)
    return view
