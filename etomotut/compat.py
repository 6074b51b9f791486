"""Close every query of a Scipion database together with its connection, as Python did until 3.10.

Since Python 3.11 a query that was not read to its end keeps its lock after its connection was
closed, for as long as its cursor lives. Scipion takes the first item of a set in this way, so that
the importer of tilt series waits for its own lock ("database is locked") for most of an hour.
"""

from __future__ import annotations

import sqlite3
import sys
import types
import weakref
from typing import Any


class Connection(sqlite3.Connection):
    """A connection that closes its cursors before itself."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._cursors: weakref.WeakSet[sqlite3.Cursor] = weakref.WeakSet()

    def cursor(self, *arguments: Any, **options: Any) -> sqlite3.Cursor:
        """Give a new cursor that closes with this connection."""
        cursor = super().cursor(*arguments, **options)
        self._cursors.add(cursor)
        return cursor

    def close(self) -> None:
        """Close the cursors, which frees the locks of their queries, and the connection."""
        for cursor in list(self._cursors):
            cursor.close()
        super().close()


def install() -> None:
    """Make Scipion open its databases with `Connection`, where Python needs it."""
    if sys.version_info < (3, 11):
        return
    from pyworkflow.mapper import sqlite_db

    sqlite_db.sqlite = types.SimpleNamespace(**{**vars(sqlite_db.sqlite), "Connection": Connection})
