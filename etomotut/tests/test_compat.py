"""A closed Scipion database is free for the next writer, whatever was left unread in it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from etomotut import compat


def _fill(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE items (number INTEGER)")
    connection.executemany("INSERT INTO items VALUES (?)", [(n,) for n in range(1000)])
    connection.commit()
    connection.close()


def test_a_query_that_was_not_read_to_its_end_holds_no_lock_after_closing(tmp_path: Path) -> None:
    path = tmp_path / "set.sqlite"
    _fill(path)
    reading = sqlite3.connect(path, factory=compat.Connection)
    cursor = reading.cursor()
    cursor.execute("SELECT * FROM items")
    assert cursor.fetchone() == (0,)
    reading.close()
    writing = sqlite3.connect(path, timeout=0.1)
    writing.execute("INSERT INTO items VALUES (1000)")
    writing.commit()
    writing.close()


def test_cursors_of_a_closed_connection_refuse_to_read_on(tmp_path: Path) -> None:
    _fill(tmp_path / "set.sqlite")
    connection = sqlite3.connect(tmp_path / "set.sqlite", factory=compat.Connection)
    cursor = connection.cursor()
    cursor.execute("SELECT * FROM items")
    connection.close()
    with pytest.raises(sqlite3.ProgrammingError):
        cursor.fetchone()
