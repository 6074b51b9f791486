"""The window of alignment qualities: a verdict with its reasons, numbers, and a table of views."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from typing import Any, Callable, Dict, Sequence, Tuple

from etomotut.viewers.quality import VIEWS, Row, numbers_of, views_of
from etomotut.viewers.windows import base

COLOURS = {"good": "#007a5e", "usable": "#a86400", "bad": base.WARNING, "unknown": "#555555"}
NUMBERS = ("What", "How much")
NUMBERS_SHOWN = 12


class QualityWindow(base.Window):
    """Series on the left; of the one chosen why it is good or not, and the numbers behind that.

    A click on the head of a column sorts the table of views by it.
    """

    size = (1120, 760)

    def build(self) -> None:
        """Make the places for text and tables."""
        pad = {"padx": 12, "pady": (8, 0)}
        self.verdict = ttk.Label(self.body, font=("", 16, "bold"))
        self.verdict.pack(anchor="w", **pad)
        self.reasons = ttk.Label(self.body, justify="left")
        self.reasons.pack(anchor="w", fill="x", **pad)
        self.reasons.bind("<Configure>", self._wrap)
        self.numbers = _table(self.body, NUMBERS, (420, 220), NUMBERS_SHOWN)
        self.views = _table(self.body, tuple(VIEWS.values()), _widths(), 8)
        for column, heading in enumerate(VIEWS.values()):
            self.views.heading(heading, command=self._sorter(column))

    def show(self) -> None:
        """Write what is known of the series that was chosen."""
        word, told = self.model["verdict"], self.model["reasons"]
        self.verdict.configure(text=word, foreground=COLOURS.get(word, base.OUTLINE))
        self.reasons.configure(text="\n".join(f"• {each}" for each in told))
        _fill(self.numbers, numbers_of(self.model))
        _fill(self.views, views_of(self.model))

    def redraw(self) -> None:
        """Draw nothing: there is no picture here."""

    def _wrap(self, event: Any) -> None:
        self.reasons.configure(wraplength=max(event.width - 8, 100))

    def _sorter(self, column: int) -> Callable[[], None]:
        """Give what sorts the views by a column, and the other way round when done again."""
        state: Dict[str, bool] = {"falls": False}

        def sort() -> None:
            rows = [self.views.item(each, "values") for each in self.views.get_children()]
            rows.sort(key=lambda row: float(row[column] or "-inf"), reverse=state["falls"])
            state["falls"] = not state["falls"]
            _fill(self.views, rows)

        return sort


def _table(
    master: Any, headings: Sequence[str], widths: Tuple[int, ...], height: int
) -> ttk.Treeview:
    """Give a table that scrolls."""
    frame = ttk.Frame(master, padding=(12, 10, 8, 0))
    frame.pack(fill="both", expand=True)
    bar = ttk.Scrollbar(frame)
    bar.pack(side="right", fill="y")
    table = ttk.Treeview(
        frame,
        columns=tuple(headings),
        show="headings",
        height=height,
        yscrollcommand=bar.set,
    )
    bar.configure(command=table.yview)
    for number, (heading, width) in enumerate(zip(headings, widths)):
        side = tk.W if len(headings) == len(NUMBERS) and not number else tk.E
        table.heading(heading, text=heading, anchor=side)
        table.column(heading, width=width, anchor=side)
    table.pack(side="left", fill="both", expand=True)
    return table


def _widths() -> Tuple[int, ...]:
    return tuple(14 + 7 * len(heading) for heading in VIEWS.values())


def _fill(table: ttk.Treeview, rows: Sequence[Row]) -> None:
    table.delete(*table.get_children())
    for row in rows:
        table.insert("", "end", values=row)
