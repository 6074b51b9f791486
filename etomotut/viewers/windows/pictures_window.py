"""The window of pictures: one tab each, drawn when it is looked at, in the window's size."""

from __future__ import annotations

import tkinter as tk
from tkinter import filedialog, ttk
from typing import Any, Callable, Dict, Mapping, Sequence

import numpy as np

from etomotut.errors import EtomotutError
from etomotut.protocols.job import safe_name
from etomotut.report import export
from etomotut.report.style import DPI, PAGE
from etomotut.viewers.items import Item
from etomotut.viewers.windows import base

NAMES = {
    "residuals": "Residuals",
    "beads": "Beads",
    "solution": "Solution",
    "views": "Views",
    "tomogram": "Tomogram",
}


class PicturesWindow(base.Window):
    """Pictures of what was found about series; `browse` opens the window of an item's views.

    `names` are those of the tabs, `pictures` draw a figure each of what an item finds.
    """

    size = (1180, 900)
    names: Mapping[str, str] = NAMES
    pictures: Mapping[str, Callable[[Any], Any]] = export.PICTURES

    def __init__(
        self, title: str, items: Sequence[Item], master: Any = None, browse: Any = None
    ) -> None:
        self._browse = browse
        super().__init__(title, items, master)

    def build(self) -> None:
        """Make a tab a picture."""
        self.figures: Dict[str, Any] = {}
        self.tabs = ttk.Notebook(self.body)
        self.tabs.pack(fill="both", expand=True)
        self.canvases: Dict[str, tk.Canvas] = {}
        self._photos: Dict[str, Any] = {}
        for kind, name in self.names.items():
            self._add_tab(kind, name)
        self.tabs.bind("<<NotebookTabChanged>>", lambda event: self.redraw_soon())
        ttk.Button(self.bar, text="Save as PNG ...", command=self._save).pack(side="right", padx=4)
        self.add_3dmod_button()
        if self._browse is not None:
            ttk.Button(
                self.bar, text="Go through the views", command=lambda: self._browse(self.item)
            ).pack(side="right", padx=4)

    def open(self, item: Item) -> None:
        """Gather what is known of an item and show it."""
        assert item.find is not None
        super().open(Item(item.name, item.about, item.find, item.prepare_3dmod, item.find))
        self.item = item

    def show(self) -> None:
        """Forget the pictures of another item; offer those that this one has."""
        self.figures.clear()
        for place, kind in enumerate(self.names):
            self.tabs.tab(place, state="normal" if self.has(kind) else "hidden")

    def has(self, kind: str) -> bool:
        """Whether there is a picture of a kind."""
        marks = self.model.marks
        known = {
            "residuals": marks is not None and marks.is_solved,
            "beads": marks is not None,
            "tomogram": self.model.tomogram is not None,
        }
        return known.get(kind, True)

    def redraw(self) -> None:
        """Draw the picture of the tab that is open."""
        kind = list(self.names)[self.tabs.index("current")]
        canvas = self.canvases[kind]
        canvas.delete("all")
        try:
            if kind not in self.figures:
                self.figures[kind] = self.pictures[kind](self.model)
        except (EtomotutError, OSError) as error:
            self.complain(str(error))
            return
        figure = self.figures[kind]
        if figure is None:
            canvas.create_text(20, 20, anchor="nw", text="There is nothing to show here.")
            return
        self._photos[kind] = _photo(figure, canvas)
        canvas.create_image(0, 0, anchor="nw", image=self._photos[kind])
        canvas.configure(scrollregion=(0, 0, PAGE, self._photos[kind].height()))

    def _add_tab(self, kind: str, name: str) -> None:
        frame, canvas = base.scrolled_canvas(self.tabs, self.redraw_soon)
        self.canvases[kind] = canvas
        self.tabs.add(frame, text=name)

    def _save(self) -> None:
        kind = list(self.names)[self.tabs.index("current")]
        if self.model is None or self.figures.get(kind) is None:
            return
        path = filedialog.asksaveasfilename(
            parent=self.top,
            initialfile=f"{safe_name(self.item.name)}_{kind}.png",
            defaultextension=".png",
            filetypes=[("PNG picture", "*.png")],
        )
        if path:
            try:
                self.figures[kind].savefig(path, dpi=DPI)
                self.say(f"written to {path}")
            except OSError as error:
                self.complain(f"{path}: {error.strerror}")


def _photo(figure: Any, canvas: tk.Canvas) -> Any:
    """Draw a figure as wide as a canvas, its text in proportion."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image, ImageTk

    figure.set_dpi(DPI * max(min(canvas.winfo_width() / PAGE, 1.5), 0.4))
    drawn = FigureCanvasAgg(figure)
    drawn.draw()
    return ImageTk.PhotoImage(Image.fromarray(np.asarray(drawn.buffer_rgba())), master=canvas)
