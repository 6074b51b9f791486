"""Scipion's window used as a reader of the tutorial uses it, with pictures taken on the way."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Dict, Iterator, Mapping

from docs_pictures.screen import Row, Screen, middle

PROJECT = "tutorial"
TEMPLATE = "etomotut-fiducial_exosome"
ACTIVE = ("scheduled", "launched", "running", "saved")
EMPTY, NOWHERE = (345, 560), (700, 88)  # of the graph, and of the window: nothing is there
REFRESH = 20.0  # seconds
PATIENCE = 3600.0  # seconds that a workflow may take


class ScipionWindow:
    """The window of a project on a screen; pictures go to a folder."""

    def __init__(self, screen: Screen, pictures: Path) -> None:
        self.screen, self._pictures = screen, pictures

    def open(self, project: Path) -> None:
        """Start it as a user does, and give its parts the room that they need."""
        self.screen.start([str(Path(sys.executable).with_name("etomotut")), "gui", str(project)])
        self.screen.wait("Tomography", 180, kind="Treeview item")
        time.sleep(2)
        self.screen.drag((237, 700), (330, 700))
        sash = middle(self.screen.wait("sash", kind="TPanedwindow item"))
        self.screen.drag(sash, (sash[0], sash[1] + 215))
        self.rest()

    def shoot(self, name: str, title: str = "") -> None:
        """Take a picture of everything, or of the window of a title."""
        box = self.screen.window_box(title) if title else None
        self.screen.shoot(self._pictures / f"{name}.png", box)

    def rest(self) -> None:
        """Put the mouse where it shows nothing."""
        self.screen.point(*EMPTY)  # takes away what was shown about a box
        self.screen.point(*NOWHERE)

    # ------------------------------------------------------------------ the template
    def choose_template(self) -> None:
        """Choose the template of this package."""
        screen = self.screen
        screen.click("Others", kind="Menu item")
        self.shoot("gui_menu")
        screen.click("Import workflow template", kind="Menu item")
        screen.click(TEMPLATE, kind="Treeview item", seconds=120)
        self.shoot("gui_templates")
        screen.click("Select", kind="Button")
        screen.wait("Accept", kind="Button")

    def fill_template(self, values: Mapping[str, str]) -> None:
        """Type values into its form, by their aliases, and accept it."""
        for alias, value in values.items():
            self.screen.fill(self._field(f"({alias})"), value)
        self.shoot("gui_template_form", "Workflow template customizer")
        self.screen.click("Accept", kind="Button")
        self.screen.wait("saved", 120, kind="Canvas item", exact=False)
        time.sleep(2)
        self.zoom_out()
        self.shoot("gui_workflow")

    def zoom_out(self) -> None:
        """Make the graph small enough to be seen as a whole."""
        for _ in range(4):
            self.screen.zoom_out(900, 500)
        self.rest()

    def _field(self, label: str) -> Row:
        beside = self.screen.wait(label, kind="Label", exact=False)
        rows = self.screen.rows()
        return next(
            r for r in rows if r["kind"] == "Entry" and abs(r["box"][1] - beside["box"][1]) < 5
        )

    # ------------------------------------------------------------------ running
    def run_all(self) -> None:
        """Run the workflow from its first box, until no box is waiting or running."""
        self.box_menu("import tilt-series")
        self.shoot("gui_run_menu")
        self.screen.click("Restart all", kind="Menu item", exact=False)
        self.screen.click("Yes", kind="Button")
        self.rest()
        self._wait_for(0.4)
        self.shoot("gui_running")
        self._wait_for(1.0)

    def _wait_for(self, share: float) -> None:
        """Wait until a share of the boxes has ended."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            states = self.states().values()
            waiting = sum(state.startswith(ACTIVE) for state in states)
            if states and waiting <= (1 - share) * len(states):
                return
            time.sleep(REFRESH)
            self.screen.click("Refresh", kind="Label")
            self.rest()
        raise TimeoutError("the workflow in Scipion's window takes too long")

    def states(self) -> Dict[str, str]:
        """Give what the boxes say, by their names."""
        return dict(text.rsplit("\n", 1) for text in self._boxes() if "\n" in text)

    def _boxes(self) -> Iterator[str]:
        for row in self.screen.rows():
            if row["kind"] == "Canvas item" and row["path"].endswith("runs_canvas"):
                yield row["text"]

    # ------------------------------------------------------------------ boxes
    def select(self, name: str) -> Row:
        """Click the box of a stage."""
        row = self.screen.wait(f"{name}\n", kind="Canvas item", exact=False)
        self.screen.click_at(row["box"][0] + 6, middle(row)[1])
        return row

    def box_menu(self, name: str) -> None:
        """Open the menu of a box."""
        row = self.select(name)
        place = row["box"][0] + 6, middle(row)[1]
        self.screen.click_at(*place, button=3)
        self.screen.point(place[0] + 60, place[1] + 12)

    def make_room_below(self, pixels: int) -> None:
        """Give the outputs and the summary of a box more room, or less."""
        sash = middle(self.screen.wait("sash", kind="TPanedwindow item"))
        self.screen.drag(sash, (sash[0], sash[1] - pixels))

    def output_menu(self, box: str, output: str) -> None:
        """Open the menu of an output of the selected box."""
        row = self.screen.wait(f"{box} -> {output}", kind="Treeview item")
        place = row["box"][0] + 60, middle(row)[1]
        self.screen.click_at(*place)
        self.screen.click_at(*place, button=3)

    def open_output(self, box: str, output: str, viewer: str) -> None:
        """Open an output of a box in a viewer."""
        self.select(box)
        self.rest()
        self.output_menu(box, output)
        self.screen.click(viewer, kind="Menu item")
        self.screen.wait(f"- {viewer}", kind="window", exact=False)
        time.sleep(1)

    def unfold(self, group: str) -> None:
        """Show what a group of protocols holds."""
        row = self.screen.wait(group, kind="Treeview item")
        self.screen.click_at(row["box"][0] + 60, middle(row)[1], times=2)

    def shoot_tree(self, name: str) -> None:
        """Take a picture of the protocols at the left."""
        self.screen.shoot(self._pictures / f"{name}.png", (0, 129, 330, 780))
