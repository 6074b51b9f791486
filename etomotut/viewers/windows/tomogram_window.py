"""The window of tomograms: three planes through a point that a click moves, or two such beside."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from typing import Any, Callable, Dict, List, Mapping

from etomotut.errors import EtomotutError
from etomotut.viewers.tomogram_model import TomogramModel
from etomotut.viewers.viewport import Viewport
from etomotut.viewers.windows import base
from etomotut.viewers.windows.planes import Planes

SLABS = (1, 3, 5, 10, 20)
ALONE = "none"
KEYS = (
    "click: move there · wheel: through the planes · ← → ↑ ↓ PgUp PgDn: x, y, z · "
    "Ctrl+wheel, + -: zoom · 0: fit · B beads · M mask"
)


class TomogramWindow(base.Window):
    """Three planes of a tomogram: x-y, x-z below it and y-z beside it.

    Another tomogram of the same specimen can stand beside it; what is done to one is done to both.
    """

    model: TomogramModel

    def build(self) -> None:
        """Make the controls and a canvas a plane."""
        self._others: Mapping[str, Callable[[], TomogramModel]] = {}
        self._make_controls()
        self.body.pack_propagate(False)
        self.first, self.second = (
            Planes(self.body, self._on_click, self._on_wheel) for _ in range(2)
        )
        self.body.bind("<Configure>", lambda event: self._lay_out())
        self._bind_keys()

    @property
    def canvases(self) -> Dict[str, base.ImageCanvas]:
        """The canvases of the item's own planes."""
        return self.first.canvases

    def viewport(self, plane: str) -> Viewport:
        """Give what the canvas of a plane of the item shows."""
        return self.first.viewport(plane)

    def show(self) -> None:
        """Take up the tomogram in the middle of which the planes meet."""
        self.first.model = self.model
        self.first.magnified = 1.0
        self.contrast.set(base.slider_at(self.model.clipped))
        self.beads_box.configure(state="normal" if len(self.model.beads) else "disabled")
        self.mask_box.configure(state="normal" if self.model.has_mask else "disabled")
        self._others = {}
        self.beside_box.configure(state="disabled" if self.item.beside is None else "readonly")
        chosen = self.beside.get()
        self._list_others() if chosen != ALONE else None
        self.show_beside(chosen if chosen in self._others else ALONE)

    def show_beside(self, name: str) -> None:
        """Show another tomogram beside the item's, or the item's alone."""
        self.second.hide()
        self.beside.set(name)
        if name in self._others:
            try:
                self.second.model = self._others[name]()
            except (EtomotutError, OSError) as error:
                self.beside.set(ALONE)
                self.complain(str(error))
        is_alone = self.second.model is None
        self.first.title = "" if is_alone else self.item.name
        self.second.title = name
        for model in self._models():
            model.slab, model.clipped = int(self.slab.get()), self.model.clipped
        self._on_mask()
        self._follow()
        self._lay_out()

    def redraw(self) -> None:
        """Draw all planes."""
        for planes in (self.first, self.second):
            planes.draw(self.with_beads.get())
        self.caption.configure(text=self.model.caption())
        self.say(KEYS)

    # ------------------------------------------------------------------ controls
    def _make_controls(self) -> None:
        self.slab = tk.StringVar(self.top, "5")
        ttk.Label(self.bar, text="mean of").pack(side="left")
        box = ttk.Combobox(
            self.bar,
            textvariable=self.slab,
            values=[str(number) for number in SLABS],
            width=3,
            state="readonly",
        )
        box.pack(side="left", padx=3)
        box.bind("<<ComboboxSelected>>", lambda event: self._on_slab())
        ttk.Label(self.bar, text="planes").pack(side="left")
        self.contrast = base.add_slider(self.bar, "contrast", 0, 1, self._on_contrast)
        self.with_beads = tk.BooleanVar(self.top, True)
        self.beads_box = base.add_check(self.bar, "beads", self.with_beads, self.redraw_soon)
        self.with_mask = tk.BooleanVar(self.top, True)
        self.mask_box = base.add_check(self.bar, "mask", self.with_mask, self._on_mask)
        self.beside = tk.StringVar(self.top, ALONE)
        ttk.Label(self.bar, text="beside").pack(side="left", padx=(12, 3))
        self.beside_box = ttk.Combobox(
            self.bar, textvariable=self.beside, width=26, postcommand=self._list_others
        )
        self.beside_box.pack(side="left")
        self.beside_box.bind(
            "<<ComboboxSelected>>", lambda event: self.show_beside(self.beside.get())
        )
        self.add_3dmod_button()

    def _list_others(self) -> None:
        """Look for tomograms of the same specimen, which takes a moment, when they are wanted."""
        if not self._others and self.item.beside is not None:
            self._others = self.item.beside()
        self.beside_box.configure(values=[ALONE, *self._others])

    def _bind_keys(self) -> None:
        moves = {"Left": (0, -1), "Right": (0, 1), "Down": (1, -1), "Up": (1, 1)}
        moves.update({"Next": (2, -1), "Prior": (2, 1)})
        for key, (axis, step) in moves.items():
            self.top.bind(f"<{key}>", lambda e, axis=axis, step=step: self._move(axis, step))
        self.top.bind("<plus>", lambda event: self._zoom(1.25))
        self.top.bind("<minus>", lambda event: self._zoom(0.8))
        self.top.bind("0", lambda event: self._zoom(0.0))
        self.top.bind("b", lambda event: self._toggle_beads())
        self.top.bind("m", lambda event: self._toggle_mask())

    def _models(self) -> List[TomogramModel]:
        return [planes.model for planes in (self.first, self.second) if planes.model is not None]

    def _follow(self, leader: int = 0) -> None:
        """Move the point of the other tomogram to the same place in the specimen."""
        models = self._models()
        for model in models:
            if model is not models[leader]:
                model.go_to_place(models[leader].place)
        self.redraw_soon()

    def _on_click(self, planes: Planes, plane: str, event: Any) -> None:
        if self.model is not None and planes.model is not None:
            planes.model.click(plane, *planes.image_place(plane, event))
            self._follow(int(planes is self.second))

    def _on_wheel(self, planes: Planes, plane: str, event: Any) -> None:
        steps = base.wheel_steps(event)
        if self.model is None or planes.model is None:
            return
        if base.is_control(event):
            self._zoom(1.25**steps)
        else:
            planes.model.step(plane, steps)
            self._follow(int(planes is self.second))

    def _move(self, axis: int, step: int) -> None:
        if self.model is not None:
            self.model.go_to(axis, self.model.point[axis] + step)
            self._follow()

    def _zoom(self, factor: float) -> None:
        self.first.magnified = min(max(self.first.magnified * factor, 1.0), 16.0)
        self.second.magnified = self.first.magnified
        self.redraw_soon()

    def _toggle_beads(self) -> None:
        self.with_beads.set(not self.with_beads.get())
        self.redraw_soon()

    def _on_mask(self) -> None:
        for model in self._models():
            model.shows_mask = model.has_mask and self.with_mask.get()
        self.redraw_soon()

    def _toggle_mask(self) -> None:
        self.with_mask.set(not self.with_mask.get())
        self._on_mask()

    def _on_slab(self) -> None:
        for model in self._models():
            model.slab = int(self.slab.get())
        self.redraw_soon()

    def _on_contrast(self, value: float) -> None:
        for model in self._models():
            model.clipped = base.clipped_at(value)
        self.redraw_soon()

    def _lay_out(self) -> None:
        """Give the planes their room, side by side where there are two tomograms."""
        if self.model is None:
            return
        width, height = self.body.winfo_width(), self.body.winfo_height()
        count = len(self._models())
        for number, planes in enumerate((self.first, self.second)):
            planes.lay_out((number * width // count, 0, width // count, height))
        self.top.update_idletasks()
        self.redraw_soon()
