"""The viewer of alignment qualities: verdicts with their reasons, numbers, and a table of views."""

from __future__ import annotations

from functools import partial
from typing import Any, List, Mapping, Optional, Sequence, Tuple

from etomotut.convert import quality
from etomotut.objects import AlignmentQuality, SetOfAlignmentQuality
from etomotut.viewers.entries import EtomotutViewer
from etomotut.viewers.items import Item

Row = Tuple[str, ...]

LENGTHS = {
    "leave_one_out": "Error of marks that took no part (leave-one-out)",
    "leave_one_out_all": "... of all marks",
    "expected_error": "Expected distance from the truth",
    "residual_mean": "Mean residual",
    "residual_sd": "SD of residuals",
    "residual_median": "Median residual",
    "residual_max": "Largest residual",
    "weighted_residual": "Weighted mean residual",
    "largest_shift": "Largest shift of a view",
}
NUMBERS = {
    "beads": "Beads or patches",
    "marks": "Marks",
    "views": "Views",
    "views_without_marks": "Views without marks",
    "gaps_filled": "Gaps filled",
    "marks_moved": "Marks moved by curation",
    "marks_added": "Marks added",
    "marks_dropped": "Marks dropped",
    "beads_dropped": "Beads dropped",
    "ratio": "Measured numbers for each unknown",
    "bad_share": "Share of marks that do not fit",
    "tilt_axis_deg": "Tilt axis, degrees",
    "tilt_axis_change_deg": "... change",
    "tilt_offset_deg": "Mean change of tilt angles, degrees",
    "rotation_range_deg": "Range of rotations, degrees",
    "magnification_range_percent": "Range of magnifications, %",
    "thickness_nm": "Thickness between beads, nm",
    "specimen_tilt_deg": "Tilt that levels the specimen, degrees",
    "specimen_pitch_deg": "... around the x axis",
}
VIEWS = {
    "section": "View",
    "tilt_deg": "Tilt, degrees",
    "rotation_deg": "Rotation",
    "magnification": "Magnification",
    "marks": "Marks",
    "residual_mean_px": "Residual, px",
    "leave_one_out_px": "Leave-one-out, px",
    "shift_x_px": "Shift x, px",
    "shift_y_px": "Shift y, px",
}


class EtomotutQualityViewer(EtomotutViewer):
    """Verdicts on alignments, why, and the numbers behind them."""

    _name = "Alignment quality"
    _targets = [AlignmentQuality, SetOfAlignmentQuality]

    def _items(self, obj: Any) -> Sequence[Item]:
        if isinstance(obj, AlignmentQuality):
            return [_item(obj)]
        found = [_item(each) for each in obj.iterItems()]
        obj.close()
        return sorted(found, key=lambda item: item.name)

    def _open(self, items: Sequence[Item], root: Any) -> Any:
        from etomotut.viewers.windows.quality_window import QualityWindow

        return QualityWindow(self.getName(), items, root)


def numbers_of(found: Mapping[str, Any]) -> List[Row]:
    """Give what is known of a series as rows: what it is, and how much."""
    values = found["values"]
    rows = []
    for name, text in LENGTHS.items():
        pixels, nanometres = values.get(f"{name}_px"), values.get(f"{name}_nm")
        if pixels is not None:
            in_nm = "" if nanometres is None else f" ({nanometres:.2f} nm)"
            rows.append((text, f"{pixels:.2f} px{in_nm}"))
    known = ((text, values.get(name)) for name, text in NUMBERS.items())
    return rows + [(text, _shown(value, 2)) for text, value in known if value is not None]


def views_of(found: Mapping[str, Any]) -> List[Row]:
    """Give the table of views, a row each in the order of VIEWS."""
    views = found["views"]
    columns = [views.get(name) or [None] * len(views["section"]) for name in VIEWS]
    decimals = [4 if name == "magnification" else 2 for name in VIEWS]
    return [tuple(map(_shown, row, decimals)) for row in zip(*columns)]


def _item(found: AlignmentQuality) -> Item:
    path = found.getFileName()
    return Item(found.getTsId(), found.getVerdict(), partial(quality.read, path))


def _shown(value: Optional[float], decimals: int) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.{decimals}f}"
