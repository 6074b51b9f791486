"""What a reader looks at when the boxes are green: summaries, forms, and every viewer."""

from __future__ import annotations

import time
from typing import Tuple

from docs_pictures.scipion_window import ScipionWindow
from docs_pictures.screen import middle

# picture, box, its output, the viewer's name, keys pressed in it
VIEWS: Tuple[Tuple[str, str, str, str, Tuple[str, ...]], ...] = (
    ("viewer_raw", "0. erase X-rays", "TiltSeries", "Tilt series viewer", ()),
    ("viewer_tracks", "3. find and track beads", "FiducialModelGaps", "Fiducial viewer", ("t",)),
    ("viewer_editor", "3. find and track beads", "FiducialModelGaps", "Fiducial editor", ()),
    ("viewer_residuals", "4. align", "FiducialModelNoGaps", "Fiducial viewer", ("v",)),
    ("viewer_aligned", "4. align", "TiltSeries", "Tilt series viewer", ()),
    ("viewer_ctf", "6. import CTF", "CTFTomoSeries", "CTF curves", ()),
    ("viewer_tomogram", "8. denoise", "Tomograms", "Tomogram viewer", ()),
    ("viewer_masks", "10. segment", "TomoMasks", "Tomogram viewer", ()),
)
FORM, SEARCH = "4. align", "Add a protocol"
ROOM, SIZE = 130, (900, 660)  # pixels: below the graph, and of viewers
SIZES = {"viewer_ctf": (900, 400)}


def show_all(window: ScipionWindow) -> None:
    """Take the pictures of a finished project."""
    window.shoot("gui_finished")
    _summary(window)
    _form(window)
    for view in VIEWS:
        _view(window, *view)
    _beside(window)
    _tree(window)


def _summary(window: ScipionWindow) -> None:
    """Show the outputs of a box, what its stage tells, and the menu of an output."""
    window.make_room_below(ROOM)
    window.select(FORM)
    window.rest()
    window.shoot("gui_summary")
    window.output_menu(FORM, "TiltSeries")
    window.shoot("gui_viewers_menu")
    window.screen.press("Escape")


def _form(window: ScipionWindow) -> None:
    row = window.select(FORM)
    window.screen.click_at(row["box"][0] + 6, middle(row)[1], times=2)
    window.screen.wait("Execute", kind="Button")
    window.rest()
    window.shoot("gui_form", "Protocol Run: ProtEtomotutFiducialAlignment")
    window.screen.click("Close", kind="Button")


def _view(
    window: ScipionWindow, picture: str, box: str, output: str, viewer: str, keys: Tuple[str, ...]
) -> None:
    window.open_output(box, output, viewer)
    window.screen.resize(f"TS_01 - {viewer}", *SIZES.get(picture, SIZE))
    for key in keys:
        window.screen.press(key)
    time.sleep(1)
    window.shoot(picture, f"TS_01 - {viewer}")
    window.screen.press("Escape")


def _beside(window: ScipionWindow) -> None:
    """Show a tomogram beside what it was before."""
    window.open_output("8. denoise", "Tomograms", "Tomogram viewer")
    window.screen.resize("TS_01 - Tomogram viewer", *SIZE)
    box = window.screen.wait("none", kind="TCombobox")
    window.screen.click_at(*middle(box))
    window.screen.click("7. SIRT", kind="Listbox item")
    time.sleep(2)
    window.shoot("viewer_beside", "TS_01 - Tomogram viewer")
    window.screen.press("Escape")


def _tree(window: ScipionWindow) -> None:
    """Show where the stages stand among Scipion's protocols."""
    for group in ("Alignment", "CTF", "Tilt-series preprocess"):
        window.unfold(group)
    window.rest()
    window.shoot_tree("gui_tree")
    window.screen.click("Add", kind="Label")
    window.screen.wait("", kind="Entry", window=SEARCH)
    window.screen.resize(SEARCH, 850, 640)
    window.screen.fill(window.screen.wait("", kind="Entry", window=SEARCH), "etomotut")
    window.screen.press("Return")
    time.sleep(2)
    window.shoot("gui_search", SEARCH)
