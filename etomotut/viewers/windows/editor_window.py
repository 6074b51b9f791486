"""The fiducial editor: marks of beads are looked at, corrected and solved again at once."""

from __future__ import annotations

import tkinter as tk
from functools import partial
from tkinter import messagebox
from typing import Any, Callable, Dict, Optional, Sequence, Tuple, Union

import numpy as np

from etomotut.errors import EtomotutError
from etomotut.report.findings import Array
from etomotut.viewers.editor_files import Saver
from etomotut.viewers.editor_model import EditorModel, Jump
from etomotut.viewers.editor_points import Points
from etomotut.viewers.editor_solution import Geometry, Solved, solve
from etomotut.viewers.items import Item
from etomotut.viewers.series_model import Shown
from etomotut.viewers.viewport import Viewport
from etomotut.viewers.windows import base
from etomotut.viewers.windows import editor_panel as panel
from etomotut.viewers.windows.series_window import VECTOR, SeriesWindow

CLOSE_UP = 44.0  # canvas pixels of a bead's diameter when one is looked at
STILL = 4  # canvas pixels; a press that moves less is a click
POLL_MS = 300
RESIDUAL, GAP, MARK = "big residual", "gap", "mark"
HINTS = {
    MARK: "click where the bead is, or drag the ring there; a click far away lets go of it",
    RESIDUAL: "drag the ring onto the bead, or move it to the green cross where that is the bead",
    GAP: "click on the bead, or leave the gap where it cannot be seen",
}

KEYS = (
    "N: next big residual · space: next gap · C: centre · M: to the prediction · Del: delete · "
    "G: fill gaps · Ctrl+Z, Ctrl+Y: undo, redo · ← → wheel: views · Ctrl+wheel: zoom · drag: move"
)


class EditorWindow(SeriesWindow):
    """Tilt series with their marks; what is saved goes where `saver` says."""

    model: EditorModel
    size = (1280, 860)

    def __init__(self, title: str, items: Sequence[Item], master: Any, saver: Saver) -> None:
        self._saver = saver
        self._is_solving = self._is_saving = False
        self._told, self._is_problem = "", False
        self._opened: Dict[str, EditorModel] = {}
        self._carried: Optional[Array] = None  # where a dragged mark is, in the frame
        self._pressed: Optional[Tuple[int, int]] = None
        super().__init__(title, items, master)
        self.top.bind("<Escape>", lambda event: self._on_escape())
        self.top.protocol("WM_DELETE_WINDOW", self.close)

    def build(self) -> None:
        """Make the panel beside what a window of series has."""
        self._make_panel()
        super().build()
        base.add_check(self.bar, "centre marks on beads", self._centres, self.redraw_soon)

    def show(self) -> None:
        """Take up a model, and solve it if that was not done."""
        self._opened[self.item.name] = self.model
        super().show()
        self.mark_boxes[0].configure(state="normal")
        self._is_new = False
        self._refresh()
        if self.model.is_to_be_solved:
            self._solve()

    def redraw(self) -> None:
        """Draw the view, its marks, and what is wanted of the selected bead."""
        super().redraw()
        (self.complain if self._is_problem else self.say)(self._told or KEYS)
        self._refresh()

    def go_to(self, index: int) -> None:
        """Show a view, without what was told of another one."""
        self._told, self._is_problem = "", False
        super().go_to(index)

    def close(self) -> None:
        """Close the window, once it is known what becomes of unsaved changes."""
        unsaved = [name for name, each in self._opened.items() if each.history.is_unsaved]
        if unsaved:
            text = f"Save the changes of {', '.join(unsaved)}?"
            answer = messagebox.askyesnocancel(self.title, text, parent=self.top)
            if answer is None:
                return
            if answer:
                self.save(then=self.top.destroy)
                return
        self.top.destroy()

    def save(self, then: Optional[Callable[[], None]] = None) -> None:
        """Save all that was edited, and go on with `then` when it is done."""
        changed = {n: each for n, each in self._opened.items() if each.history.is_unsaved}
        if not changed or self._is_saving:
            return
        self._is_saving = True
        self._tell("Saving ...")
        self._wait_for_saver(changed, then)

    # ------------------------------------------------------------------ the panel
    def _make_panel(self) -> None:
        self._is_new = False
        self._centres = tk.BooleanVar(self.top, True)
        self.panel = panel.EditorPanel(
            self.body,
            {
                panel.NEXT_RESIDUAL: partial(self._find, RESIDUAL, 1),
                panel.LAST_RESIDUAL: partial(self._find, RESIDUAL, -1),
                panel.NEXT_GAP: partial(self._find, GAP, 1),
                panel.LAST_GAP: partial(self._find, GAP, -1),
                panel.CENTRE: self._centre,
                panel.TO_PREDICTION: self._to_prediction,
                panel.DELETE_MARK: lambda: self._do(self.model.delete_mark),
                panel.FILL: lambda: self._do(self.model.fill),
                panel.DELETE_BEAD: lambda: self._do(self.model.delete_bead),
                panel.NEW: self._start_new,
                panel.UNDO: lambda: self._do(self.model.undo),
                panel.REDO: lambda: self._do(self.model.redo),
                panel.SAVE: self.save,
            },
        )
        self.panel.pack(side="right", fill="y")

    def _refresh(self) -> None:
        if self.model is None:
            return
        self.panel.refresh(self.model, is_solving=self._is_solving, is_new=self._is_new)
        unsaved = any(each.history.is_unsaved for each in self._opened.values())
        self.panel.offer(panel.SAVE, unsaved and not self._is_saving)
        self.panel.buttons[panel.SAVE].configure(text=self._saver.label)

    # ------------------------------------------------------------------ what is done
    def _do(self, change: Callable[[], str]) -> None:
        """Make a change, tell it, and solve again."""
        before = self.model.points
        told = change()
        if self.model.points is not before:
            self._solve()
        self._tell(told)

    def _centre(self) -> None:
        mark = self.model.mark
        if mark is not None:
            self._do(partial(self.model.put, self.model.points.rows[mark, :2]))

    def _to_prediction(self) -> None:
        if self.model.expected is not None:
            self._do(partial(self.model.put, self.model.expected, centre=False))

    def _start_new(self) -> None:
        self._is_new = not self._is_new
        self.model.select(None)
        self._tell("Click on a bead that has no ring." if self._is_new else "")

    def _find(self, what: str, step: int) -> None:
        jump = (self.model.go_to_residual if what == RESIDUAL else self.model.go_to_gap)(step)
        self._is_new = False
        if jump is None:
            self._tell(f"There is no {what} left.")
            return
        self._look_closely(jump)
        self._tell(
            f"{what} {jump.number} of {jump.count}: bead {jump.bead + 1} in view "
            f"{self.model.index + 1}  ·  {HINTS[what]}"
        )

    def _tell(self, text: str, *, is_problem: bool = False) -> None:
        """Draw, and leave a line at the bottom until something else is done."""
        self._told, self._is_problem = text, is_problem
        self.redraw_soon()

    def _look_closely(self, jump: Jump) -> None:
        """Bring the bead that was found to the middle, large enough to judge its mark."""
        model, viewport = self.model, self._viewport()
        self.slider.set(model.index)
        mark = model.mark
        place = model.expected if mark is None else model.points.rows[mark, :2]
        viewport.zoom = max(viewport.zoom, CLOSE_UP / model.diameter)
        if place is not None:
            viewport.look_at(*place)
        self.redraw_soon()

    def _solve(self) -> None:
        """Solve the alignment of the marks as they are now, aside, once at a time."""
        if self._is_solving:
            return
        self._is_solving = True
        model, points = self.model, self.model.points

        def take(solved: Union[Solved, EtomotutError]) -> None:
            self._is_solving = False
            model.take(solved, points)
            if self.model is not None and self.model.is_to_be_solved:
                self._solve()
            if self.top.winfo_exists():
                self._show_stretch()
                self.redraw_soon()

        self.aside(partial(_solved_or_not, points, model.geometry), take)
        self._refresh()

    def _show_stretch(self) -> None:
        self.mark_boxes[2].configure(state="normal", text=f"residuals x {self.model.stretch:g}")

    def _wait_for_saver(
        self, changed: Dict[str, EditorModel], then: Optional[Callable[[], None]]
    ) -> None:
        try:
            if not self._saver.is_ready():
                self.top.after(POLL_MS, lambda: self._wait_for_saver(changed, then))
                return
            for name, each in changed.items():
                self._saver.write(name, each.edited(), each.history.counts())
                each.history.note_saved()
        except (EtomotutError, OSError) as error:
            self._is_saving = False
            self._tell(str(error), is_problem=True)
            return
        self._is_saving = False
        self._tell(self._saver.told)
        if then is not None:
            then()

    # ------------------------------------------------------------------ mouse and keys
    def _bind(self) -> None:
        super()._bind()
        top, canvas = self.top, self.canvas
        keys: Dict[str, Callable[[], Any]] = {
            "n": partial(self._find, RESIDUAL, 1),
            "<apostrophe>": partial(self._find, RESIDUAL, 1),
            "<quotedbl>": partial(self._find, RESIDUAL, -1),
            "<space>": partial(self._find, GAP, 1),
            "c": self._centre,
            "m": self._to_prediction,
            "<semicolon>": self._to_prediction,
            "g": lambda: self._do(self.model.fill),
            "<Delete>": lambda: self._do(self.model.delete_mark),
            "<Control-z>": lambda: self._do(self.model.undo),
            "<Control-y>": lambda: self._do(self.model.redo),
            "<Control-s>": self.save,
        }
        for key, action in keys.items():
            top.bind(key, self._if_loaded(lambda event, action=action: action()))
        canvas.bind("<ButtonRelease-1>", self._if_loaded(self._on_release))

    def _on_press(self, event: Any) -> None:
        super()._on_press(event)
        self._pressed = event.x, event.y
        mark = self.model.mark
        place = self._viewport().to_image([self._pressed])[0]
        is_on = mark is not None and _is_within(
            self.model.points.rows[mark, :2], place, self.model.diameter
        )
        self._carried = place if is_on and not self._is_new else None

    def _on_drag(self, event: Any) -> None:
        if self._carried is None:
            super()._on_drag(event)
        else:
            self._carried = self._viewport().to_image([(event.x, event.y)])[0]
            self.redraw_soon()

    def _on_release(self, event: Any) -> None:
        pressed, carried = self._pressed, self._carried
        self._pressed = self._carried = None
        if pressed is None:
            return
        place = self._viewport().to_image([(event.x, event.y)])[0]
        if max(abs(event.x - pressed[0]), abs(event.y - pressed[1])) < STILL:
            self._on_click(place)
        elif carried is not None:
            self._do(partial(self.model.put, place, centre=self._centres.get()))

    def _on_click(self, place: Array) -> None:
        """Begin a bead, select one, put the selected one's mark, or select none."""
        model = self.model
        if self._is_new:
            self._is_new = False
            self._do(partial(model.start_bead, place, centre=self._centres.get()))
            return
        bead = model.bead_at(place)
        if bead is not None and bead != model.selected:
            model.select(bead)
            self._tell(HINTS[MARK])
        elif model.selected is not None and model.is_near(place):
            self._do(partial(model.put, place, centre=self._centres.get()))
        else:
            model.select(None)
            self.redraw_soon()

    def _on_escape(self) -> None:
        if self.model is not None and (self._is_new or self.model.selected is not None):
            self._is_new = False
            self.model.select(None)
            self.redraw_soon()
        else:
            self.close()

    # ------------------------------------------------------------------ drawing
    def _draw_marks(self, viewport: Viewport, shown: Shown) -> None:
        super()._draw_marks(viewport, shown)
        model = self.model
        radius = max(0.75 * model.diameter * viewport.zoom, 4)
        if self.with_marks.get():
            for bead, place in model.absent().items():
                at = viewport.to_canvas([place])[0]
                self.canvas.ring(at, radius, panel.GAP, dash=(2, 3))
                self.canvas.write(
                    at[0] + 0.75 * radius + 2,
                    at[1] - 0.75 * radius,
                    f"{bead + 1}?",
                    panel.GAP,
                    anchor="sw",
                    font=("", 9),
                )
        if model.selected is not None:
            self._draw_selected(viewport, radius)
        if self._carried is not None:
            self.canvas.ring(viewport.to_canvas([self._carried])[0], radius, panel.CHOSEN)

    def _draw_selected(self, viewport: Viewport, radius: float) -> None:
        """Ring the selected bead's mark, and draw to where it is wanted, at true length."""
        model = self.model
        mark, expected = model.mark, model.expected
        own = model.points.rows[model.points.beads == model.selected]
        if len(own) > 1:
            track = viewport.to_canvas(own[np.argsort(own[:, 2]), :2])
            self.canvas.line(track.ravel().tolist(), fill=panel.CHOSEN, dash=(6, 4))
        if expected is not None:
            x, y = viewport.to_canvas([expected])[0]
            for colour, width in (("black", 4), (panel.WANTED, 2)):
                self.canvas.line([x - 7, y, x + 7, y], fill=colour, width=width)
                self.canvas.line([x, y - 7, x, y + 7], fill=colour, width=width)
        if mark is None:
            return
        at = viewport.to_canvas([model.points.rows[mark, :2]])[0]
        self.canvas.ring(at, radius + 2, panel.CHOSEN, width=3)
        if expected is not None and np.hypot(x - at[0], y - at[1]) > 8:
            for colour, width in (("black", 4), (VECTOR, 2)):
                self.canvas.line([*at, x, y], fill=colour, width=width, arrow="last")


def _solved_or_not(points: Points, geometry: Geometry) -> Union[Solved, EtomotutError]:
    try:
        return solve(points, geometry)
    except EtomotutError as error:  # of too few marks there are more to come
        return error


def _is_within(one: Array, other: Array, reach: float) -> bool:
    return float(np.hypot(*(one - other))) <= reach
