"""Turn masks of membranes into surfaces of triangles, and measure each membrane.

Each instance of the mask gives a smooth surface through its middle, normals outwards, open where
the mask is (a vesicle above and below, in the missing wedge). Places are in Å in the frame of the
tomogram. A table, ROOT.csv, holds what was measured. No other package has such a program.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.errors import OptionError, SolutionError
from etomotut.programs.console import progress, require_file, threads
from etomotut.programs.options import THREADS, Option, Several, Values

if TYPE_CHECKING:
    from etomotut.engine.surface_fit import Membrane
    from etomotut.formats.mrc import Stack

PACKAGE = ""
OPTIONS = (
    Option("InputFile", Path, "mask, MRC: numbers of instances, or 0 and 1", short="input",
           required=True),
    Option("OutputRoot", Path, "how the names of the results begin", short="output",
           required=True),
    Option("TomogramFile", Path, "tomogram of the mask, for the thickness of bilayers"),
    Option("Format", str, "format of the surfaces", "ply", choices=("ply", "obj", "stl")),
    Option("Spacing", float, "about how far vertices are apart, Å; more on large membranes", 25.0,
           low=5),
    Option("Smoothing", float, "sigma within which the middle of the mask is found, Å", 40.0,
           low=5),
    Option("CurvatureScale", float, "sigma within which curvature is measured, Å", 100.0, low=10),
    Option("SmallestArea", float, "area from which a membrane counts, nm²", 500.0, low=0),
    Option("Components", bool, "take connected parts as instances, whatever the numbers are (a "
           "mask of 0 and 1 is always taken so)"),
    Option("Closed", bool, "write surfaces with their gaps closed, too"),
    Option("PixelSize", float, "Å a voxel (default that of the file)", low=0.01),
    Option("Origin", Several(float, 3), "place of the first voxel, Å (default that of the file)"),
    THREADS,
)  # fmt: skip
POSITIONAL = ("InputFile", "OutputRoot")
COLUMNS = (
    *("instance", "file", "area_nm2", "seen", "cut", "closed_area_nm2", "volume_nm3", "radius_nm"),
    *("mean_curvature_per_nm", "gaussian_curvature_per_nm2", "thickness_nm", "neighbour"),
    *("distance_nm", "x_A", "y_A", "z_A"),
)
VOLUME_FROM = 0.4  # share of a closed surface that must be seen for its volume to be told
_SLAB = 32
_FACE = 1  # voxels
Array = npt.NDArray[np.float64]


def run(values: Values) -> None:
    """Write the surfaces of a mask's instances and the table of them."""
    from etomotut.formats import mrc
    from etomotut.programs.streaming import in_order

    mask = mrc.Stack(require_file(values["InputFile"], "mask"))
    pixel_size = values["PixelSize"] or mask.pixel_size
    if not pixel_size:
        raise OptionError(f"{mask.path} has no pixel size; option PixelSize gives it")
    tomogram = _tomogram(values["TomogramFile"], mask)
    root: Path = values["OutputRoot"]
    root.parent.mkdir(parents=True, exist_ok=True)
    instances = _instances(mask, values["Components"])
    fits = in_order(
        lambda each: _fit(each[0], each[1] * pixel_size, pixel_size, values), instances, threads()
    )
    made = zip(instances, progress(fits, "Membranes", len(instances)))
    found = {number: membrane for (number, _), membrane in made if membrane is not None}
    origin = np.array(values["Origin"] or mask.origin)
    rows = [
        _write(number, membrane, found, origin, values, (tomogram, pixel_size))
        for number, membrane in found.items()
    ]
    for row, voxels in ((row, dict(instances)[row["instance"]]) for row in rows):
        row["cut"] = int(_is_cut(voxels, mask.shape))
    table = root.with_name(f"{root.name}.csv")
    table.write_text("".join(f"{line}\n" for line in [",".join(COLUMNS), *map(_line, rows)]))
    if not rows:
        print("WARNING: the mask has no membrane that is large enough for a surface")
    print(f"{len(rows)} surfaces; their table is {table}")


def _tomogram(path: Optional[Path], mask: Stack) -> Optional[Stack]:
    from etomotut.formats import mrc

    if path is None:
        return None
    tomogram = mrc.Stack(require_file(path, "tomogram"))
    if tomogram.shape != mask.shape:
        sizes = [" x ".join(map(str, each.shape[::-1])) for each in (tomogram, mask)]
        raise OptionError(f"{path} has {sizes[0]} voxels, its mask {sizes[1]}")
    return tomogram


def _instances(mask: Stack, components: bool) -> List[Tuple[int, Array]]:
    """Give each instance's number and voxels (n, 3) x, y, z, as indices."""
    from scipy import ndimage

    places, numbers = _voxels(mask)
    if not len(places):
        return []
    if components or numbers.max() == 1:
        low = places.min(axis=0)
        box = np.zeros(places.max(axis=0) - low + 1, bool)
        box[tuple((places - low).T)] = True
        labels, _ = ndimage.label(box, np.ones((3, 3, 3)))
        numbers = labels[tuple((places - low).T)]
    order = np.argsort(numbers, kind="stable")
    names, starts = np.unique(numbers[order], return_index=True)
    parts = np.split(order, starts[1:])
    return [(int(name), places[part, ::-1].astype(float)) for name, part in zip(names, parts)]


def _voxels(mask: Stack) -> Tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Give the voxels above zero (n, 3) z, y, x and their values (n,), read slab by slab.

    Raises OptionError for values that are no whole numbers: what holds them is no mask.
    """
    places, numbers = [], []
    for start in range(0, len(mask), _SLAB):
        slab = mask[start : start + _SLAB]
        wrong = slab[slab != np.rint(slab)]
        if len(wrong):
            raise OptionError(f"{mask.path} holds {wrong[0]:g}; a mask holds whole numbers")
        found = np.argwhere(slab > 0).astype(np.int32)
        numbers.append(slab[tuple(found.T)].astype(np.int32))
        places.append(found + np.array([start, 0, 0], np.int32))
    return np.concatenate(places), np.concatenate(numbers)


def _is_cut(voxels: Array, shape: Tuple[int, ...]) -> bool:
    """Whether an instance reaches a face of the tomogram, so that more of it may lie beyond."""
    ends = np.array(shape[::-1]) - 1 - _FACE
    return bool((voxels <= _FACE).any() or (voxels >= ends).any())


def _fit(number: int, points: Array, pixel_size: float, values: Values) -> Optional[Membrane]:
    """Give the surface of an instance, None with a word about it if it has none."""
    from etomotut.engine.surface_fit import fit_membrane

    try:
        membrane = fit_membrane(
            points,
            pixel_size=pixel_size,
            spacing=values["Spacing"],
            smoothing=values["Smoothing"],
        )
    except SolutionError as error:
        print(f"Instance {number} is left out: {error}")
        return None
    if membrane.seen.area < 100 * values["SmallestArea"]:
        area = membrane.seen.area / 100
        print(f"Instance {number} is left out: its area is {area:.0f} nm²")
        return None
    return membrane


def _write(
    number: int,
    membrane: Membrane,
    found: Dict[int, Membrane],
    origin: Array,
    values: Values,
    source: Tuple[Optional[Stack], float],
) -> Dict[str, Any]:
    """Write the surface of an instance and give its row of the table."""
    from etomotut.engine.surface_measures import curvatures
    from etomotut.formats import surface

    root: Path = values["OutputRoot"]
    name = f"{root.name}_{number:03d}"
    mean, gaussian = curvatures(membrane.seen, values["CurvatureScale"])
    path = root.with_name(f"{name}.{values['Format']}")
    about = {"mean_curvature": mean, "gaussian_curvature": gaussian}
    seen = membrane.seen
    surface.write(
        path, seen.vertices + origin, seen.faces, normals=seen.vertex_normals, values=about
    )
    if values["Closed"]:
        closed = membrane.closed
        path_closed = root.with_name(f"{name}_closed.{values['Format']}")
        surface.write(
            path_closed, closed.vertices + origin, closed.faces, normals=closed.vertex_normals
        )
    weights = seen.vertex_areas / seen.area
    centre = membrane.closed.vertices.mean(axis=0) + origin
    row: Dict[str, Any] = {
        "instance": number,
        "file": path.name,
        "area_nm2": seen.area / 100,
        "seen": membrane.share_seen,
        "closed_area_nm2": membrane.closed.area / 100,
        "mean_curvature_per_nm": 10 * float(weights @ mean),
        "gaussian_curvature_per_nm2": 100 * float(weights @ gaussian),
        **dict(zip(("x_A", "y_A", "z_A"), centre)),
    }
    if membrane.share_seen >= VOLUME_FROM and membrane.closed.is_closed:
        volume = membrane.closed.volume
        row["volume_nm3"] = volume / 1000
        row["radius_nm"] = np.cbrt(max(volume, 0.0) * 3 / (4 * np.pi)) / 10
    row.update(_thickness(membrane, *source), **_neighbour(number, found))
    print(f"{path}: area {row['area_nm2']:.0f} nm², {100 * row['seen']:.0f}% of what it is closed")
    return row


def _thickness(membrane: Membrane, tomogram: Optional[Stack], pixel_size: float) -> Dict[str, Any]:
    from etomotut.engine.surface_measures import leaflet_distance, profile_across

    if tomogram is None:
        return {}
    apart = leaflet_distance(profile_across(membrane.seen, tomogram, pixel_size))
    return {"thickness_nm": apart / 10} if np.isfinite(apart) else {}


def _neighbour(number: int, found: Dict[int, Membrane]) -> Dict[str, Any]:
    """Give which other membrane comes nearest, and how near."""
    from etomotut.engine.surface_measures import nearest

    own = found[number].seen
    distances = {
        other: nearest(own, each.seen.vertices)[0]
        for other, each in found.items()
        if other != number
    }
    if not distances:
        return {}
    best = min(distances, key=lambda other: distances[other])
    return {"neighbour": best, "distance_nm": distances[best] / 10}


def _line(row: Dict[str, Any]) -> str:
    """Give a row as text; what is not known is empty."""
    words = (row.get(name, "") for name in COLUMNS)
    return ",".join(f"{word:.6g}" if isinstance(word, float) else str(word) for word in words)
