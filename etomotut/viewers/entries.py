"""What Scipion offers for our kinds of objects: "Analyze results" and the right-click menu.

Windows, and with them Tk and matplotlib, are imported when something is opened: Scipion imports
this module at start.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence

from pyworkflow.viewer import DESKTOP_TKINTER, View, Viewer
from tomo.objects import (
    LandmarkModel,
    SetOfLandmarkModels,
    SetOfTiltSeries,
    SetOfTomograms,
    TiltSeries,
    Tomogram,
)

from etomotut import protocols
from etomotut.errors import EtomotutError
from etomotut.plugin import IMOD_HOME, Plugin
from etomotut.protocols import outputs
from etomotut.protocols.protocol_base import RECORDS
from etomotut.protocols.records import Records
from etomotut.viewers.imod import imod_with_3dmod
from etomotut.viewers.items import Item
from etomotut.viewers.listing import Listing, with_pictures

CACHE = "etomotut"  # folder in the project's Tmp
RESULTS = (
    *(outputs.TOMOGRAMS, outputs.TOMO_MASKS, outputs.MODEL_GAPS),
    *(outputs.INTERPOLATED, outputs.TILT_SERIES),
)


class WindowView(View):
    """A window that opens when Scipion shows it."""

    def __init__(self, root: Any, make: Callable[[Any], Any]) -> None:
        self._root, self._make = root, make

    def show(self) -> None:
        """Open the window, and wait until it is closed where no other window is open."""
        import tkinter

        if self._root is not None or getattr(tkinter, "_default_root", None) is not None:
            self._make(self._root)
            return
        root = tkinter.Tk()
        root.withdraw()
        root.wait_window(self._make(root).top)
        root.destroy()


class EtomotutViewer(Viewer):
    """What our viewers share; a viewer says its `_items` and how a window of them is opened."""

    _environments = [DESKTOP_TKINTER]

    def _visualize(self, obj: Any, **kwargs: Any) -> List[View]:
        try:
            items = self._items(obj)
        except (EtomotutError, OSError) as error:
            return [self.errorMessage(f"{error}.", self.getName())]
        if not items:
            return [self.infoMessage("There is nothing to show yet.", self.getName())]
        return [WindowView(self.getTkRoot(), lambda root: self._open_of(obj, items, root))]

    def _open_of(self, obj: Any, items: Sequence[Item], root: Any) -> Any:
        """Open a window; that of a protocol's results leads to its report, too."""
        window = self._open(items, root)
        if hasattr(obj, "iterOutputAttributes"):
            from etomotut.viewers.report import add_button

            add_button(window, self.getProject(), obj.getObjId())
        return window

    def _items(self, obj: Any) -> Sequence[Item]:
        return self._listing().of(obj)

    def _open(self, items: Sequence[Item], root: Any) -> Any:
        raise NotImplementedError

    def _listing(self) -> Listing:
        cache = Path(self.getProject().getTmpPath(CACHE)).absolute()
        listing = Listing(cache, _imod())
        listing.neighbours = partial(tomograms_of, self.getProject())
        listing.maker = partial(_maker, self.getProject())
        return listing


class EtomotutSeriesViewer(EtomotutViewer):
    """Views of tilt series, with and without their alignment."""

    _name = "Tilt series viewer"
    _targets = [TiltSeries, SetOfTiltSeries]

    def _open(self, items: Sequence[Item], root: Any) -> Any:
        from etomotut.viewers.windows.series_window import SeriesWindow

        return SeriesWindow(self.getName(), items, root)


class EtomotutFiducialViewer(EtomotutSeriesViewer):
    """Fiducial models over the views that they were made on."""

    _name = "Fiducial viewer"
    _targets = [LandmarkModel, SetOfLandmarkModels]

    def _items(self, obj: Any) -> Sequence[Item]:
        self._models = obj if isinstance(obj, SetOfLandmarkModels) else None
        return super()._items(obj)

    def _open(self, items: Sequence[Item], root: Any) -> Any:
        window = super()._open(items, root)
        _offer_editor(self, window, self._models)
        return window


class EtomotutFiducialEditor(EtomotutViewer):
    """Fiducial models to be corrected by hand."""

    _name = "Fiducial editor"
    _targets = [SetOfLandmarkModels, protocols.ProtEtomotutEditFiducials]

    def _items(self, obj: Any) -> Sequence[Item]:
        from etomotut.viewers.editor_files import editor_items

        self._models = getattr(obj, outputs.MODEL_GAPS, None) if _is_stage(obj) else obj
        return [] if self._models is None else editor_items(self._models)

    def _open(self, items: Sequence[Item], root: Any) -> Any:
        return _open_editor(self.getProject(), self._models, items, root)


class EtomotutTomogramViewer(EtomotutViewer):
    """Three planes of tomograms."""

    _name = "Tomogram viewer"
    _targets = [Tomogram, SetOfTomograms]

    def _open(self, items: Sequence[Item], root: Any) -> Any:
        from etomotut.viewers.windows.tomogram_window import TomogramWindow

        return TomogramWindow(self.getName(), items, root)


class EtomotutImodViewer(EtomotutViewer):
    """What we show, in 3dmod, where IMOD is installed."""

    _name = "3dmod"
    _targets = [
        TiltSeries,
        SetOfTiltSeries,
        LandmarkModel,
        SetOfLandmarkModels,
        Tomogram,
        SetOfTomograms,
    ]

    @classmethod
    def can_handle_this_instance(cls, instance: Any) -> bool:
        """Whether there is a 3dmod."""
        return _imod() is not None

    def _open(self, items: Sequence[Item], root: Any) -> Any:
        from etomotut.viewers.windows.chooser_window import ChooserWindow

        return ChooserWindow(self.getName(), items, root)


class EtomotutAlignmentViewer(EtomotutViewer):
    """Residuals, beads and solution of a fiducial alignment, and its views."""

    _name = "Alignment results"
    _targets = [protocols.ProtEtomotutFiducialAlignment]

    def _items(self, obj: Any) -> Sequence[Item]:
        self._models = getattr(obj, outputs.MODEL_NO_GAPS, None)
        return self._listing().of_alignment(obj, _residuals(obj))

    def _open(self, items: Sequence[Item], root: Any) -> Any:
        from etomotut.viewers.windows.pictures_window import PicturesWindow
        from etomotut.viewers.windows.series_window import SeriesWindow

        def browse(item: Item) -> None:
            SeriesWindow(self.getName(), [replace(item, find=None)], root)

        window = PicturesWindow(self.getName(), items, root, browse)
        _offer_editor(self, window, self._models)
        return window


class EtomotutResultsViewer(EtomotutViewer):
    """The results of our other stages, and the pictures that they left."""

    _name = "Results viewer"
    _targets = [
        protocols.ProtEtomotutPrealign,
        protocols.ProtEtomotutFiducialModel,
        protocols.ProtEtomotutCurateFiducials,
        protocols.ProtEtomotutEraseFiducials,
        protocols.ProtEtomotutApplyAlignment,
        protocols.ProtEtomotutCtfCorrection,
        protocols.ProtEtomotutReconstruct,
        protocols.ProtEtomotutPosition,
        protocols.ProtEtomotutTomo3d,
        protocols.ProtEtomotutCrop,
        protocols.ProtEtomotutDenoise,
        protocols.ProtEtomotutFilterTomograms,
        protocols.ProtEtomotutDoseFilter,
        protocols.ProtEtomotutTardis,
        protocols.ProtEtomotutMemBrain,
        protocols.ProtEtomotutSkeleton,
        protocols.ProtEtomotutCompareMasks,
    ]

    def _items(self, obj: Any) -> Sequence[Item]:
        found = [getattr(obj, name, None) for name in RESULTS]
        result = next((each for each in found if each is not None), None)
        if result is None:
            return []
        self._is_tomogram = isinstance(result, SetOfTomograms)
        self._models = result if isinstance(result, SetOfLandmarkModels) else None
        listing = self._listing()
        listing.coordinates = _coordinates_behind(obj) if self._is_tomogram else None
        return with_pictures(listing.of(result), obj)

    def _open(self, items: Sequence[Item], root: Any) -> Any:
        kind = EtomotutTomogramViewer if self._is_tomogram else EtomotutSeriesViewer
        window = kind._open(self, items, root)
        _offer_editor(self, window, self._models)
        return window


def tomograms_of(project: Any) -> Dict[str, Any]:
    """Give the sets of tomograms of a project by the names of the runs that made them."""
    found = {}
    for run in project.getRuns():
        for name, items in run.iterOutputAttributes(SetOfTomograms):
            is_shown = type(items) is SetOfTomograms  # masks are shown over their tomogram
            if is_shown and items.getSize():
                label = run.getRunName()
                found[f"{label}: {name}" if label in found else label] = items
    return found


def _offer_editor(viewer: Viewer, window: Any, models: Optional[Any]) -> None:
    """Let a window of fiducial models open the editor, at the series that it shows."""
    if models is None:
        return

    def edit() -> None:
        from etomotut.viewers.editor_files import editor_items

        items = editor_items(models)
        names = [item.name for item in items]
        editor = _open_editor(viewer.getProject(), models, items, window.top.master)
        if len(names) > 1 and window.item.name in names:
            editor.listing.selection_set(str(names.index(window.item.name)))

    window.offer("Edit marks", edit)


def _open_editor(project: Any, models: Any, items: Sequence[Item], root: Any) -> Any:
    from etomotut.viewers.editor_files import Saver
    from etomotut.viewers.windows.editor_window import EditorWindow

    saver = Saver(project, models, _maker(project, models))
    return EditorWindow(EtomotutFiducialEditor.getName(), items, root, saver)


def _maker(project: Any, obj: Any) -> Optional[Any]:
    """Give the protocol that made an output of a project."""
    parent = obj.getObjParentId()
    return project.getProtocol(parent) if parent else None


def _is_stage(obj: Any) -> bool:
    return isinstance(obj, protocols.ProtEtomotutEditFiducials)


def _imod() -> Any:
    return imod_with_3dmod(Plugin.getVar(IMOD_HOME) or "")


def _residuals(protocol: Any) -> Dict[str, str]:
    """Give what an alignment's records say of each series."""
    numbers = Records(protocol._getExtraPath(RECORDS)).numbers()
    return {
        ts_id: f"{each['residual']:.2f} px" for ts_id, each in numbers.items() if "residual" in each
    }


def _coordinates_behind(protocol: Optional[Any]) -> Optional[Any]:
    """Give the beads in 3D of the alignment that a tomogram comes from, if it is ours."""
    for _ in range(8):  # stages back, at most
        if protocol is None or hasattr(protocol, outputs.COORDINATES):
            return getattr(protocol, outputs.COORDINATES, None)
        pointers = [pointer for _, pointer in protocol.iterInputAttributes()]
        parents = [pointer.getObjValue() for pointer in pointers]
        protocol = next((each for each in parents if hasattr(each, "iterInputAttributes")), None)
    return None
