"""What stands beside the views in the fiducial editor: what is known, what can be done, colours."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk
from typing import Any, Callable, Dict, Mapping

import numpy as np

from etomotut.viewers.editor_model import EditorModel

WIDTH = 280
MARK, GAP, CHOSEN, WANTED = "#56b4e9", "#f0e442", "#ff5c8a", "#7cfc00"
LEGEND = (
    (MARK, "○", "a mark"),
    (GAP, "○", "a gap: the bead must be here"),
    (CHOSEN, "○", "the selected bead's mark"),
    (WANTED, "+", "where the alignment wants it"),
)
NEXT_RESIDUAL, LAST_RESIDUAL = "Next big residual (N)", "Back"
NEXT_GAP, LAST_GAP = "Next gap (space)", "Previous gap"
CENTRE, TO_PREDICTION = "Centre the mark on the bead (C)", "Move the mark to + (M)"
DELETE_MARK, FILL = "Delete the mark (Del)", "Fill the gaps of this bead (G)"
DELETE_BEAD, NEW = "Delete the whole bead", "New bead"
UNDO, REDO, SAVE = "Undo", "Redo", "Save"
CLICK = "Click on it ..."


class EditorPanel(ttk.Frame):
    """Buttons by their texts, each doing one of `actions`, and what is so."""

    def __init__(self, master: Any, actions: Mapping[str, Callable[[], Any]]) -> None:
        super().__init__(master, padding=(8, 0, 8, 8), width=WIDTH)
        self.pack_propagate(False)
        self._actions = actions
        self.buttons: Dict[str, ttk.Button] = {}
        self._button(self, SAVE).pack(side="bottom", fill="x")  # first: small screens cut the last
        self.alignment = self._section("Alignment")
        self.found = self._section("Find")
        self._row(self.found.master, NEXT_RESIDUAL, LAST_RESIDUAL)
        self._row(self.found.master, NEXT_GAP, LAST_GAP)
        self.bead = self._section("Selected bead")
        for text in (CENTRE, TO_PREDICTION, DELETE_MARK, FILL, DELETE_BEAD):
            self._button(self.bead.master, text).pack(fill="x", pady=(4, 0))
        self._row(self, NEW, UNDO, REDO)
        self._add_legend()

    def refresh(self, model: EditorModel, *, is_solving: bool, is_new: bool) -> None:
        """Say what is so, and offer what can be done."""
        self.alignment.configure(text=_about_alignment(model, is_solving))
        self.found.configure(text=_about_places(model))
        self.bead.configure(text=_about_bead(model))
        self.buttons[NEW].configure(text=CLICK if is_new else NEW)
        self.buttons[NEW].state(["pressed" if is_new else "!pressed"])
        has_mark, has_bead = model.mark is not None, model.selected is not None
        for text, is_possible in {
            CENTRE: has_mark and model.is_beads,
            TO_PREDICTION: model.expected is not None,
            DELETE_MARK: has_mark,
            FILL: has_bead and model.is_beads,
            DELETE_BEAD: has_bead,
            NEW: model.rank is not None,
            UNDO: model.history.can_undo,
            REDO: model.history.can_redo,
        }.items():
            self.offer(text, is_possible)

    def offer(self, text: str, is_possible: bool) -> None:
        """Let a button be pressed or not."""
        self.buttons[text].state(["!disabled" if is_possible else "disabled"])

    def _section(self, title: str) -> ttk.Label:
        frame = ttk.LabelFrame(self, text=title, padding=(8, 4, 8, 8))
        frame.pack(fill="x", pady=(0, 8))
        label = ttk.Label(frame, justify="left")
        label.pack(anchor="w")
        return label

    def _row(self, master: Any, *texts: str) -> None:
        row = ttk.Frame(master)
        row.pack(fill="x", pady=(4, 0))
        for text in texts:
            self._button(row, text).pack(side="left", fill="x", expand=True)

    def _button(self, master: Any, text: str) -> ttk.Button:
        button = ttk.Button(master, text=text, command=self._actions[text], takefocus=False)
        self.buttons[text] = button
        return button

    def _add_legend(self) -> None:
        legend = tk.Canvas(self, height=20 * len(LEGEND) + 4, highlightthickness=0, width=WIDTH)
        legend.pack(fill="x", pady=(12, 0))
        for row, (colour, sign, text) in enumerate(LEGEND):
            y = 12 + 20 * row
            legend.create_rectangle(2, y - 9, 24, y + 9, fill="#707070", outline="")
            if sign == "+":
                legend.create_line(8, y, 19, y, fill=colour, width=2)
                legend.create_line(13, y - 6, 13, y + 6, fill=colour, width=2)
            else:
                dash = (2, 2) if colour == GAP else ()
                legend.create_oval(7, y - 6, 19, y + 6, outline=colour, width=2, dash=dash)
            legend.create_text(32, y, text=text, anchor="w", font="TkDefaultFont")


def _about_alignment(model: EditorModel, is_solving: bool) -> str:
    points = model.points
    held = f"{len(np.unique(points.beads))} beads, {len(points.rows)} marks"
    if model.solved is None or model.problem:
        return f"{'solving ...' if is_solving else model.problem}\n \n{held}"
    solved = model.solved
    now = f"{solved.residual:.3f}"
    first = now if model.first is None else f"{model.first.residual:.3f}"
    was = f" (was {first})" if first != now else ""
    return (
        f"mean residual {now} px{' ...' if is_solving else was}\n"
        f"leave-one-out {solved.left_out:.3f} px\n{held}"
    )


def _about_places(model: EditorModel) -> str:
    if model.solved is None:
        return " \n "
    big, gaps = len(model.big_residuals()), len(model.gaps())
    return f"residuals above {model.limit():.2f} px: {big}\ngaps: {gaps}"


def _about_bead(model: EditorModel) -> str:
    if model.selected is None:
        return "none: click on a ring\n \n "
    own = model.points.beads == model.selected
    lengths = np.hypot(*model.residuals()[own].T)
    known = lengths[np.isfinite(lengths)]
    mean = f"mean residual {known.mean():.2f} px" if len(known) else ""
    text = f"bead {model.selected + 1}: {own.sum()} marks\n{mean}\n"
    if model.rank is None:
        return text + "this view is excluded"
    if model.mark is None:
        return text + "no mark in this view"
    length = float(np.hypot(*model.residuals()[model.mark]))
    return text + (
        f"residual in this view {length:.2f} px" if np.isfinite(length) else "marked here"
    )
