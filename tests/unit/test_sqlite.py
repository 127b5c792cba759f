"""The file of the embedded services, when SQLite refuses a write."""

import sqlite3

import pytest

from ai_coordination.local.sqlite import File


@pytest.fixture
def file() -> File:
    file = File()
    file.create("CREATE TABLE things (number INTEGER PRIMARY KEY, content BLOB)")
    return file


def numbers(file: File) -> list[int]:
    return [number for (number,) in file.rows("SELECT number FROM things ORDER BY number")]


def put(file: File, number: int, size: int = 1) -> None:
    with file.transaction():
        file.rows("INSERT INTO things VALUES (?, zeroblob(?))", (number, size))


def test_a_full_disk_is_reported_as_such_and_the_next_write_is_stored(file: File) -> None:
    file.rows("PRAGMA max_page_count = 20")

    with pytest.raises(sqlite3.OperationalError, match="disk is full"):
        put(file, 1, size=10_000_000)
    put(file, 2)

    assert numbers(file) == [2]


def test_a_commit_that_fails_stores_nothing_and_the_next_write_is_stored(file: File) -> None:
    file.create(
        """CREATE TABLE parts (
            thing INTEGER REFERENCES things DEFERRABLE INITIALLY DEFERRED
        )"""
    )
    file.rows("PRAGMA foreign_keys = ON")

    with pytest.raises(sqlite3.IntegrityError), file.transaction():
        file.rows("INSERT INTO parts VALUES (7)")
    put(file, 2)

    assert numbers(file) == [2]
    assert file.rows("SELECT * FROM parts") == []
