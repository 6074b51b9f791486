"""The window of tomograms: three planes through a point that a click moves."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from typing import Any, Dict, Optional, Tuple

from etomotut.report.style import nanometres, round_length
from etomotut.viewers.tomogram_model import AXES, SECTION, SIDE, SLICE, TomogramModel
from etomotut.viewers.viewport import Viewport
from etomotut.viewers.windows import base

GAP = 6  # pixels between planes
SLABS = (1, 3, 5, 10, 20)
KEYS = (
    "click: move there · wheel: through the planes · ← → ↑ ↓ PgUp PgDn: x, y, z · "
    "Ctrl+wheel, + -: zoom · 0: fit · B beads · M mask"
)


class TomogramWindow(base.Window):
    """Three planes of a tomogram: x-y, x-z below it and y-z beside it."""

    model: TomogramModel

    def build(self) -> None:
        """Make the controls and a canvas a plane."""
        self.magnified = 1.0
        self._filling: Optional[str] = None
        self._make_controls()
        self.body.pack_propagate(False)
        self.canvases: Dict[str, base.ImageCanvas] = {}
        for plane in AXES:
            canvas = base.ImageCanvas(self.body)
            self.canvases[plane] = canvas
            self._bind_canvas(plane, canvas)
        self.body.bind("<Configure>", lambda event: self._lay_out())
        self._bind_keys()

    def show(self) -> None:
        """Take up the tomogram in the middle of which the planes meet."""
        self.magnified = 1.0
        self.model.slab = int(self.slab.get())
        self.contrast.set(base.slider_at(self.model.clipped))
        self.beads_box.configure(state="normal" if len(self.model.beads) else "disabled")
        self.mask_box.configure(state="normal" if self.model.has_mask else "disabled")
        self._on_mask()
        self._lay_out()

    def redraw(self) -> None:
        """Draw all planes; the one on the side fills up afterwards."""
        for plane in (SECTION, SLICE):
            self._draw(plane)
        self._draw(SIDE)
        if not self.model.is_side_full and self._filling is None:
            self._filling = self.top.after(1, self._fill)
        self.caption.configure(text=self.model.caption())
        self.say(KEYS)

    def viewport(self, plane: str) -> Viewport:
        """Give what the canvas of a plane shows."""
        size = self.model.size_of(plane)
        viewport = Viewport(size, self.canvases[plane].size())
        viewport.fit()
        if self.magnified > 1:
            viewport.zoom *= self.magnified
            across, up, _ = AXES[plane]
            viewport.look_at(self.model.point[across], self.model.point[up])
        return viewport

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
        self.add_3dmod_button()

    def _bind_canvas(self, plane: str, canvas: base.ImageCanvas) -> None:
        def click(event: Any) -> None:
            if self.model is not None:
                self.model.click(plane, *self.viewport(plane).to_image([[event.x, event.y]])[0])
                self.redraw_soon()

        def wheel(event: Any) -> None:
            if self.model is not None:
                steps = base.wheel_steps(event)
                if base.is_control(event):
                    self._zoom(1.25**steps)
                else:
                    self.model.step(plane, steps)
                    self.redraw_soon()

        canvas.bind("<Button-1>", click)
        canvas.bind("<B1-Motion>", click)
        for each in base.WHEEL:
            canvas.bind(each, wheel)

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

    def _move(self, axis: int, step: int) -> None:
        if self.model is not None:
            self.model.go_to(axis, self.model.point[axis] + step)
            self.redraw_soon()

    def _zoom(self, factor: float) -> None:
        self.magnified = min(max(self.magnified * factor, 1.0), 16.0)
        self.redraw_soon()

    def _toggle_beads(self) -> None:
        self.with_beads.set(not self.with_beads.get())
        self.redraw_soon()

    def _on_mask(self) -> None:
        if self.model is not None:
            self.model.shows_mask = self.model.has_mask and self.with_mask.get()
            self.redraw_soon()

    def _toggle_mask(self) -> None:
        self.with_mask.set(not self.with_mask.get())
        self._on_mask()

    def _on_slab(self) -> None:
        if self.model is not None:
            self.model.slab = int(self.slab.get())
            self.redraw_soon()

    def _on_contrast(self, value: float) -> None:
        if self.model is not None:
            self.model.clipped = base.clipped_at(value)
            self.redraw_soon()

    # ------------------------------------------------------------------ drawing
    def _lay_out(self) -> None:
        """Give the canvases their places: one scale for all, as large as the window allows."""
        if self.model is None:
            return
        for plane, (x, y, width, height) in self._boxes().items():
            self.canvases[plane].place(x=x, y=y, width=width, height=height)
        self.top.update_idletasks()
        self.redraw_soon()

    def _boxes(self) -> Dict[str, Tuple[int, int, int, int]]:
        width, height, depth = self.model.size
        room = self.body.winfo_width() - GAP - 8, self.body.winfo_height() - GAP
        scale = min(room[0] / (width + depth), room[1] / (height + depth))
        across, down, deep = (max(int(scale * n), 8) for n in (width, height, depth))
        left = 4 + max((room[0] - across - deep) // 2, 0)
        return {
            SECTION: (left, 0, across, down),
            SLICE: (left, down + GAP, across, deep),
            SIDE: (left + across + GAP, 0, deep, down),
        }

    def _draw(self, plane: str) -> None:
        canvas, viewport = self.canvases[plane], self.viewport(plane)
        canvas.put(self.model.render(plane, viewport))
        across, up, _ = AXES[plane]
        (x, y), *_ = viewport.to_canvas([[self.model.point[across], self.model.point[up]]])
        width, height = canvas.size()
        for line in ((x, 0, x, height), (0, y, width, y)):
            canvas.line(line, fill=base.ACCENT, dash=(2, 6))
        if self.with_beads.get():
            radius = self.model.bead_diameter * viewport.zoom
            for place in viewport.to_canvas(self.model.beads_near(plane)):
                canvas.ring(place, max(radius, 4), base.ACCENT)
        if plane == SECTION:
            self._draw_bar(canvas, viewport)

    def _draw_bar(self, canvas: base.ImageCanvas, viewport: Viewport) -> None:
        pixel = self.model.pixel_size / 10
        length = round_length(pixel / viewport.zoom * viewport.canvas[0] / 5)
        canvas.scale_bar(length / pixel * viewport.zoom, nanometres(length))

    def _fill(self) -> None:
        """Read one strip of the side plane, so that keys and mouse are answered in between."""
        self._filling = None
        if self.model is None or self.model.is_side_full:
            return
        self.model.fill_side()
        if self.model.is_side_full:
            self._draw(SIDE)
        else:
            self._filling = self.top.after(1, self._fill)
