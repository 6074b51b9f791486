"""The small window from which the surfaces of tomograms are opened in the browser or ChimeraX."""

from __future__ import annotations

from tkinter import ttk
from typing import Any, Callable, Optional

from etomotut.errors import EtomotutError
from etomotut.viewers.windows import base


class ScenesWindow(base.Window):
    """A list of tomograms; the one chosen is opened by `start`, a single one at once.

    What an item loads is handed to `start`, which raises EtomotutError if it cannot show it.
    """

    size = (520, 380)
    start: Optional[Callable[[Any], None]] = None

    def build(self) -> None:
        """Make what is written beside the list."""
        hint = "A double click, Return or the button opens a row." if len(self.items) > 1 else ""
        ttk.Label(self.body, text=hint, padding=12, wraplength=200).pack(anchor="nw")
        ttk.Button(self.bar, text="Open", command=self.launch).pack(side="right", padx=4)
        if len(self.items) > 1:
            self.listing.bind("<Double-1>", lambda event: self.launch())
            self.listing.bind("<Return>", lambda event: self.launch())

    def show(self) -> None:
        """Open a single item."""
        if len(self.items) == 1:
            self.launch()

    def redraw(self) -> None:
        """Draw nothing: there is no picture here."""

    def launch(self) -> None:
        """Open the chosen item."""
        if self.start is None or self.model is None:
            return
        try:
            self.start(self.model)
        except (EtomotutError, OSError) as error:
            self.complain(str(error))
            return
        self.say(f"{self.item.name} is being opened")
