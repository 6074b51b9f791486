"""The window of the pictures that a stage left as files: a tab each, in the window's width."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from typing import Any, Dict

from etomotut.viewers.windows import base

_LARGEST = 1.5  # times its size in the file, which more would only blur


class StagePicturesWindow(base.Window):
    """Pictures of a stage; what an item loads are their files, by what they show."""

    size = (1180, 900)

    def build(self) -> None:
        """Make the frame of the tabs."""
        self.tabs = ttk.Notebook(self.body)
        self.tabs.pack(fill="both", expand=True)
        self.tabs.bind("<<NotebookTabChanged>>", lambda event: self.redraw_soon())
        self.canvases: Dict[str, tk.Canvas] = {}
        self._photo: Any = None

    def show(self) -> None:
        """Replace the tabs of another item."""
        for tab in self.tabs.tabs():
            self.tabs.nametowidget(tab).destroy()
        self.canvases = {}
        for name in self.model:
            frame, self.canvases[name] = base.scrolled_canvas(self.tabs, self.redraw_soon)
            self.tabs.add(frame, text=name)

    def redraw(self) -> None:
        """Draw the picture of the tab that is open."""
        from PIL import Image, ImageTk

        name = list(self.canvases)[self.tabs.index("current")]
        path, canvas = self.model[name], self.canvases[name]
        canvas.delete("all")
        try:
            with Image.open(path) as file:
                image = file.convert("RGB")
        except OSError:
            self.complain(f"{path} cannot be read: run the stage again")
            return
        scale = min(max(canvas.winfo_width(), 1) / image.width, _LARGEST)
        size = round(image.width * scale) or 1, round(image.height * scale) or 1
        self._photo = ImageTk.PhotoImage(image.resize(size, Image.LANCZOS), master=canvas)
        canvas.create_image(0, 0, anchor="nw", image=self._photo)
        canvas.configure(scrollregion=(0, 0, *size))
        self.say(str(path))
