"""The window of tilt series: going through views, with and without alignment, with marks."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from typing import Any, Optional, Sequence

import numpy as np

from etomotut.report.style import nanometres, round_length
from etomotut.viewers.series_model import AS_RECORDED, SeriesModel, Shown, nearest_bead
from etomotut.viewers.viewport import Viewport
from etomotut.viewers.windows import base

KEYS = (
    "← → wheel: views · Home End · space: play · F: frame · E: even, odd · B beads · T tracks · "
    "V residuals · Ctrl+wheel, + -: zoom · drag: move · 0: fit · 1: 1:1"
)
PLAY_MS = 120
RING, PREDICTED, VECTOR = "#56b4e9", "#f0e442", "#e69f00"


class SeriesWindow(base.Window):
    """Views of tilt series by ascending tilt angle."""

    model: SeriesModel

    def build(self) -> None:
        """Make the controls, the canvas and the slider through the views."""
        self._make_controls()
        self.canvas = base.ImageCanvas(self.body)
        self.canvas.pack(side="top", fill="both", expand=True)
        self.slider = ttk.Scale(self.body, from_=0, to=1, command=self._on_slider)
        self.slider.pack(side="bottom", fill="x", padx=8, pady=4)
        self.viewport: Optional[Viewport] = None
        self._playing: Optional[str] = None
        self._drag = (0, 0)
        self._bind()

    def show(self) -> None:
        """Offer what the loaded series has, at its least tilted view."""
        self.stop()
        self.viewport = None
        self.slider.configure(to=max(len(self.model) - 1, 1))
        self._offer(self.frames_bar, list(self.model.frames), self.frame_name, self._on_frame)
        self._offer(self.parts_bar, self.model.parts, self.part, self._on_part)
        self.frame_name.set(self.model.frame_name)
        self.part.set(self.model.part)
        self.contrast.set(base.slider_at(self.model.clipped))
        marks = self.model.marks
        for box in self.mark_boxes:
            box.configure(state="disabled" if marks is None else "normal")
        is_solved = marks is not None and marks.is_solved
        self.mark_boxes[2].configure(
            state="normal" if is_solved else "disabled",
            text=f"residuals x {self.model.stretch:g}" if is_solved else "residuals",
        )
        self.slider.set(self.model.index)

    def redraw(self) -> None:
        """Draw the view, then marks and scale bar over it."""
        model, viewport = self.model, self._viewport()
        self.canvas.put(model.render(viewport))
        self._draw_frame(viewport)
        if self.with_tracks.get():
            self._draw_tracks(viewport)
        shown = model.shown_marks()
        if shown is not None:
            self._draw_marks(viewport, shown)
        if model.is_excluded:
            self._draw_excluded()
        length = round_length(model.series.pixel_size / 10 / viewport.zoom * viewport.canvas[0] / 6)
        bar = length * 10 / model.series.pixel_size * viewport.zoom
        self.canvas.scale_bar(bar, nanometres(length))
        self.caption.configure(text=model.caption())
        self.say(model.about_marks() or KEYS)

    def take_reread(self, told: str) -> None:
        """Show the marks as they were saved, where the view and the zoom are now."""
        index, viewport = (None if self.model is None else self.model.index), self.viewport
        self.open(self.item)
        if self.model is not None and index is not None:
            self.go_to(index)
            self.viewport = viewport
        super().take_reread(told)

    def step(self, count: int) -> None:
        """Go so many views further."""
        if self.model is not None:
            self.go_to(self.model.index + count)

    def go_to(self, index: int) -> None:
        """Show a view."""
        self.model.go_to(index)
        self.slider.set(self.model.index)
        self.redraw_soon()

    def play(self) -> None:
        """Run through the views, over and over, until `stop`."""
        self.go_to(0 if self.model.index + 1 >= len(self.model) else self.model.index + 1)
        self._playing = self.top.after(PLAY_MS, self.play)

    def stop(self) -> None:
        """Stop running through the views."""
        if self._playing is not None:
            self.top.after_cancel(self._playing)
            self._playing = None

    # ------------------------------------------------------------------ controls
    def _make_controls(self) -> None:
        self.frame_name = tk.StringVar(self.top)
        self.frames_bar = ttk.Frame(self.bar)
        self.frames_bar.pack(side="left")
        self.part = tk.StringVar(self.top)
        self.parts_bar = ttk.Frame(self.bar)
        self.parts_bar.pack(side="left")
        self.with_marks = tk.BooleanVar(self.top, True)
        self.with_tracks = tk.BooleanVar(self.top, False)
        self.with_vectors = tk.BooleanVar(self.top, False)
        self.mark_boxes = [
            base.add_check(self.bar, text, variable, self.redraw_soon)
            for text, variable in (
                ("beads", self.with_marks),
                ("tracks", self.with_tracks),
                ("residuals", self.with_vectors),
            )
        ]
        self.contrast = base.add_slider(self.bar, "contrast", 0, 1, self._on_contrast)
        self.add_3dmod_button()
        if any(item.find is not None for item in self.items):
            button = ttk.Button(self.bar, text="Plots", command=self.open_pictures)
            button.pack(side="right", padx=4)

    @staticmethod
    def _offer(bar: Any, names: Sequence[str], chosen: tk.StringVar, command: Any) -> None:
        """Fill a bar with a button a name, where there is a choice."""
        for child in bar.winfo_children():
            child.destroy()
        bar.configure(width=1)
        for name in names if len(names) > 1 else ():
            button = ttk.Radiobutton(bar, text=name, value=name, variable=chosen, command=command)
            button.pack(side="left", padx=(0, 6))
        if len(names) > 1:
            ttk.Separator(bar, orient="vertical").pack(side="left", fill="y", padx=(0, 6))

    def open_pictures(self) -> None:
        """Open the window of the pictures of these series."""
        from etomotut.viewers.windows.pictures_window import PicturesWindow

        PicturesWindow(self.title, [item for item in self.items if item.find], self.top.master)

    def _bind(self) -> None:
        top, canvas = self.top, self.canvas
        keys = {
            "<Left>": lambda e: self.step(-1),
            "<Right>": lambda e: self.step(1),
            "<Prior>": lambda e: self.step(-5),
            "<Next>": lambda e: self.step(5),
            "<Home>": lambda e: self.go_to(0),
            "<End>": lambda e: self.go_to(len(self.model) - 1),
            "<space>": lambda e: self.stop() if self._playing else self.play(),
            "f": lambda e: self._next_frame(),
            "e": lambda e: self._next_part(),
            "b": lambda e: self._toggle(self.with_marks),
            "t": lambda e: self._toggle(self.with_tracks),
            "v": lambda e: self._toggle(self.with_vectors),
            "<plus>": lambda e: self._zoom(1.25),
            "<minus>": lambda e: self._zoom(0.8),
            "0": lambda e: self._fit(),
            "1": lambda e: self._zoom(1 / self._viewport().zoom),
        }
        for key, action in keys.items():
            top.bind(key, self._if_loaded(action))
        for wheel in base.WHEEL:
            canvas.bind(wheel, self._if_loaded(self._on_wheel))
        canvas.bind("<Configure>", lambda e: self._on_resize())
        canvas.bind("<ButtonPress-1>", self._if_loaded(self._on_press))
        canvas.bind("<B1-Motion>", self._if_loaded(self._on_drag))
        canvas.bind("<Motion>", self._if_loaded(self._on_motion))
        self.slider.bind("<Key>", lambda e: None)

    def _if_loaded(self, action: Any) -> Any:
        return lambda event: action(event) if self.model is not None else None

    def _on_slider(self, value: str) -> None:
        if self.model is not None and round(float(value)) != self.model.index:
            self.model.go_to(round(float(value)))
            self.redraw_soon()

    def _on_contrast(self, value: float) -> None:
        if self.model is not None:
            self.model.clipped = base.clipped_at(value)
            self.redraw_soon()

    def _on_frame(self) -> None:
        self.model.frame_name = self.frame_name.get()
        self.viewport = None
        self.redraw_soon()

    def _on_part(self) -> None:
        self.model.show_part(self.part.get())
        self.redraw_soon()

    def _next_part(self) -> None:
        self.model.next_part()
        self.part.set(self.model.part)
        self.redraw_soon()

    def _next_frame(self) -> None:
        self.model.next_frame()
        self.frame_name.set(self.model.frame_name)
        self._on_frame()

    def _toggle(self, variable: tk.BooleanVar) -> None:
        variable.set(not variable.get())
        self.redraw_soon()

    def _on_wheel(self, event: Any) -> None:
        steps = base.wheel_steps(event)
        if base.is_control(event):
            self._viewport().zoom_at(1.25**steps, (event.x, event.y))
            self.redraw_soon()
        else:
            self.step(-steps)

    def _on_resize(self) -> None:
        if self.viewport is not None and self.model is not None:
            was_fit = self._is_fit()
            self.viewport.canvas = self.canvas.size()
            if was_fit:
                self.viewport.fit()
            self.redraw_soon()

    def _on_press(self, event: Any) -> None:
        self._drag = (event.x, event.y)
        self.canvas.focus_set()

    def _on_drag(self, event: Any) -> None:
        self._viewport().pan(event.x - self._drag[0], event.y - self._drag[1])
        self._drag = (event.x, event.y)
        self.redraw_soon()

    def _on_motion(self, event: Any) -> None:
        x, y = self._viewport().to_image([[event.x, event.y]])[0]
        value = self.model.value_at(x, y)
        text = "" if value is None else f"  ·  x {x:.0f}, y {y:.0f}: density {value:.4g}"
        shown = self.model.shown_marks()
        bead = nearest_bead(shown, (x, y)) if shown is not None else None
        text += "" if bead is None else f"  ·  bead {bead + 1}"
        self.caption.configure(text=self.model.caption() + text)

    def _zoom(self, factor: float) -> None:
        viewport = self._viewport()
        middle = (viewport.canvas[0] - 1) / 2, (viewport.canvas[1] - 1) / 2
        viewport.zoom_at(factor, middle)
        self.redraw_soon()

    def _fit(self) -> None:
        self._viewport().fit()
        self.redraw_soon()

    # ------------------------------------------------------------------ drawing
    def _viewport(self) -> Viewport:
        """Give the viewport, made to fit where the frame or the canvas is new."""
        if self.viewport is None:
            self.viewport = Viewport(self.model.frame.size, self.canvas.size())
            self.viewport.fit()
        return self.viewport

    def _is_fit(self) -> bool:
        assert self.viewport is not None
        fitted = Viewport(self.viewport.image, self.viewport.canvas)
        fitted.fit()
        return abs(fitted.zoom - self.viewport.zoom) < 1e-6

    def _draw_frame(self, viewport: Viewport) -> None:
        """Outline what of the moved views goes into a stack of them."""
        if self.model.frame_name != AS_RECORDED:
            right, top = viewport.image[0] - 0.5, viewport.image[1] - 0.5
            corners = [(-0.5, -0.5), (right, -0.5), (right, top), (-0.5, top), (-0.5, -0.5)]
            flat = viewport.to_canvas(corners).ravel().tolist()
            self.canvas.line(flat, fill="#8a8a8a", dash=(4, 4))

    def _draw_tracks(self, viewport: Viewport) -> None:
        for track in self.model.tracks():
            if len(track) > 1:
                flat = viewport.to_canvas(track).ravel().tolist()
                self.canvas.line(flat, fill=RING, width=2)

    def _draw_marks(self, viewport: Viewport, shown: Shown) -> None:
        places = viewport.to_canvas(shown.points)
        ends = viewport.to_canvas(shown.points + self.model.stretch * shown.residuals)
        radius = max(1.5 * shown.radius * viewport.zoom, 4)
        for place, end, bead, is_measured in zip(places, ends, shown.beads, shown.is_measured):
            if self.with_marks.get():
                look = {} if is_measured else {"dash": (2, 2)}
                self.canvas.ring(place, radius, RING if is_measured else PREDICTED, **look)
                self.canvas.write(
                    place[0] + 0.75 * radius + 2,
                    place[1] - 0.75 * radius,
                    str(bead + 1),
                    anchor="sw",
                    font=("", 9, "bold"),
                )
            if self.with_vectors.get() and np.isfinite(end).all():
                line = [*place, *end]
                self.canvas.line(line, fill="black", width=4)
                self.canvas.line(line, fill=VECTOR, width=2)

    def _draw_excluded(self) -> None:
        width, height = self.canvas.size()
        border = (3, 3, width - 4, 3, width - 4, height - 4, 3, height - 4, 3, 3)
        self.canvas.line(border, fill=base.WARNING, width=6)
        self.canvas.write(
            width / 2, 26, "excluded", base.WARNING, anchor="n", font=("", 16, "bold")
        )
