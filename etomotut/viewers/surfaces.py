"""Viewers of membrane surfaces: their page in the browser, their script in ChimeraX."""

from __future__ import annotations

import os
import shutil
import subprocess
import webbrowser
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from etomotut import protocols
from etomotut.errors import EtomotutError
from etomotut.objects import MembraneSurface, SetOfMembraneSurfaces
from etomotut.plugin import Plugin
from etomotut.protocols.outputs import SURFACES
from etomotut.viewers.entries import EtomotutViewer
from etomotut.viewers.items import Item
from etomotut.viewers.listing import with_pictures

CHIMERA_HOME = "CHIMERA_HOME"  # where Scipion's plugin for it keeps it, too
PROGRAMS = ("ChimeraX", "chimerax")


class EtomotutSurfaceViewer(EtomotutViewer):
    """Surfaces and planes of their tomogram in the browser, in 3D."""

    _name = "Surfaces in the browser"
    _targets = [MembraneSurface, SetOfMembraneSurfaces, protocols.ProtEtomotutSurfaces]

    def _items(self, obj: Any) -> Sequence[Item]:
        is_result = isinstance(obj, (MembraneSurface, SetOfMembraneSurfaces))
        found = obj if is_result else getattr(obj, SURFACES, None)
        items = [] if found is None else [self._item(each) for each in one_a_tomogram(found)]
        return items if is_result else with_pictures(items, obj)

    def _item(self, surfaces: Sequence[MembraneSurface]) -> Item:
        path = Path(self._file(surfaces[0]))
        count = len(surfaces)
        about = f"{count} membrane{'' if count == 1 else 's'}"
        return Item(surfaces[0].getTsId(), about, lambda: path)

    def _file(self, surface: MembraneSurface) -> str:
        return surface.getScene()

    def _start(self, path: Path) -> None:
        if not path.is_file():
            raise EtomotutError(f"{path} is not there: run the stage again")
        if not webbrowser.open(path.absolute().as_uri()):
            raise EtomotutError(f"no browser was found; open {path.absolute()} in one")

    def _open(self, items: Sequence[Item], root: Any) -> Any:
        from etomotut.viewers.windows.scenes_window import ScenesWindow

        kind = type("ScenesWindow", (ScenesWindow,), {"start": staticmethod(self._start)})
        return kind(self.getName(), items, root)


class EtomotutChimeraViewer(EtomotutSurfaceViewer):
    """Tomogram, mask and surfaces in ChimeraX, where that is installed."""

    _name = "Surfaces in ChimeraX"
    _targets = [MembraneSurface, SetOfMembraneSurfaces]

    @classmethod
    def can_handle_this_instance(cls, instance: Any) -> bool:
        """Whether there is a ChimeraX."""
        return chimerax() is not None

    def _file(self, surface: MembraneSurface) -> str:
        return surface.getScript()

    def _start(self, path: Path) -> None:
        program = chimerax()
        if program is None or not path.is_file():
            raise EtomotutError(f"{path if program else 'ChimeraX'} is not there")
        subprocess.Popen(
            [program, str(path.absolute())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def chimerax() -> Optional[str]:
    """Give the ChimeraX that CHIMERA_HOME names, or the one on PATH; None without one."""
    home = Plugin._vars.get(CHIMERA_HOME) or os.environ.get(CHIMERA_HOME) or ""
    inside = [Path(home) / "bin" / name for name in PROGRAMS] if home else []
    found = [str(path) for path in inside if os.access(path, os.X_OK) and path.is_file()]
    return next(filter(None, [*found, *map(shutil.which, PROGRAMS)]), None)


def one_a_tomogram(obj: Any) -> List[List[MembraneSurface]]:
    """Give the surfaces of each tomogram in a set, or of the tomogram of a single surface."""
    if isinstance(obj, MembraneSurface):
        return [[obj]]
    found: Dict[str, List[MembraneSurface]] = {}
    for each in obj.iterItems():
        found.setdefault(each.getTsId(), []).append(each.clone())
    obj.close()
    return [found[name] for name in sorted(found)]
