"""The small window from which items are opened in 3dmod."""

from __future__ import annotations

from tkinter import ttk
from typing import Any

from etomotut.viewers.windows import base


class ChooserWindow(base.Window):
    """A list from which a double click opens an item; a single item is opened at once."""

    size = (520, 380)

    def build(self) -> None:
        """Make what is written beside the list."""
        hint = "A double click, Return or the button opens a row." if len(self.items) > 1 else ""
        ttk.Label(self.body, text=hint, padding=12, wraplength=200).pack(anchor="nw")
        self.add_3dmod_button()
        if len(self.items) > 1:
            self.listing.bind("<Double-1>", self._open)
            self.listing.bind("<Return>", self._open)

    def show(self) -> None:
        """Open a single item."""
        if len(self.items) == 1:
            self.open_3dmod()

    def redraw(self) -> None:
        """Draw nothing: there is no picture here."""

    def _open(self, event: Any) -> None:
        self.open_3dmod()
