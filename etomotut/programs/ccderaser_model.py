"""Models of ccderaser: what one marks to be erased, and what was found as one.

Model coordinates are array index + 0.5 in x and y, and the section from 0.
"""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Set, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.engine import erasing
from etomotut.engine.erasing import Patch
from etomotut.errors import OptionError
from etomotut.formats import model
from etomotut.formats.mrc import Stack
from etomotut.programs.options import Values

Points = npt.NDArray[np.float64]
ALL_SECTIONS = -1
_COLOURS = ((0.0, 1.0, 0.0), (0.0, 1.0, 1.0), (1.0, 1.0, 0.0), (1.0, 0.0, 0.0))
_KINDS = ("LineObjects", "BoundaryObjects", "CircleObjects")
_ALLSEC = "AllSectionObjects"


class Marks:
    """The areas that ModelFile marks in a stack of a shape (section, y, x); none without it.

    Raises OptionError for objects that the model lacks and circles without a radius.
    """

    def __init__(self, values: Values, shape: Tuple[int, int, int]) -> None:
        self._shape = shape[1], shape[2]
        self._merge: bool = values["MergePatches"]
        self._iterations: int = values["ExpandCircleIterations"]
        self._patches: Dict[int, List[Patch]] = {}
        self._circles: Dict[int, List[Patch]] = {}
        if values["ModelFile"] is None:
            return
        given = model.read(values["ModelFile"])
        chosen = {name: _chosen(values, name, len(given.objects)) for name in (*_KINDS, _ALLSEC)}
        radii = _radii(values, given, sorted(chosen["CircleObjects"]))
        for number, each in enumerate(given.objects, 1):
            kind = next((name for name in _KINDS if number in chosen[name]), "")
            for contour in each.contours:
                points = contour.points - (0.5, 0.5, 0.0)
                if number in chosen[_ALLSEC]:
                    points[:, 2] = ALL_SECTIONS
                self._add(points, kind, radii.get(number, 0.0))

    def of_section(self, number: int, image: npt.NDArray[Any]) -> List[Patch]:
        """Give the patches to erase in a section (y, x)."""
        patches, circles = (
            [*kept.get(number, ()), *kept.get(ALL_SECTIONS, ())]
            for kept in (self._patches, self._circles)
        )
        if self._iterations:
            circles = [erasing.expand(image, circle, self._iterations) for circle in circles]
        patches += circles
        patches = [patch for patch in patches if len(patch.pixels)]
        return erasing.merge_patches(patches, self._shape) if self._merge else patches

    def _add(self, points: Points, kind: str, radius: float) -> None:
        sections = np.rint(points[:, 2]).astype(int)
        for section in np.unique(sections):
            here = points[sections == section, :2]
            kept = self._circles if kind == "CircleObjects" else self._patches
            kept.setdefault(int(section), []).extend(self._draw(here, kind, radius))

    def _draw(self, points: Points, kind: str, radius: float) -> List[Patch]:
        if kind == "CircleObjects":
            return [erasing.circle(point, radius, self._shape) for point in points]
        if kind == "LineObjects":
            return [erasing.line(points, self._shape)]
        if kind == "BoundaryObjects":
            return [erasing.polygon(points, self._shape)]
        return [erasing.pixels_at(points, self._shape)]


def point_model(found: Sequence[Sequence[Patch]], stack: Stack) -> model.Model:
    """Give a model with a contour a patch, in objects by how much its peak exceeds its criterion.

    `found` has the patches of each section. The objects hold those that exceed it by less than
    1, 2 and 3 SD, and the rest.
    """
    objects = [model.ModelObject(colour=colour, symbol_size=5) for colour in _COLOURS]
    for section, patches in enumerate(found):
        for patch in patches:
            points = np.full((len(patch.pixels), 3), float(section))
            points[:, :2] = patch.pixels + 0.5
            rank = int(min(max(patch.excess, 0.0), 3.0))
            objects[rank].contours.append(model.Contour(points))
    size = stack.shape[2], stack.shape[1], stack.shape[0]
    return model.Model(objects, size, stack.pixel_size)


def _chosen(values: Values, name: str, count: int) -> Set[int]:
    wanted = values[name]
    if wanted is None:
        return set()
    for number in wanted:
        if not 1 <= number <= count:
            raise OptionError(
                f"option {name} names object {number}; {values['ModelFile']} has 1 to {count}"
            )
    return set(wanted or range(1, count + 1))


def _radii(values: Values, given: model.Model, circles: Sequence[int]) -> Dict[int, float]:
    """Give the radius of the circles of each object of circles."""
    better = values["BetterRadius"] or ()
    if len(better) not in (0, 1, len(circles)):
        raise OptionError(
            f"option BetterRadius has {len(better)} values for {len(circles)} objects"
        )
    radii = {}
    for index, number in enumerate(circles):
        own = float(given.objects[number - 1].point_radius)
        radii[number] = better[min(index, len(better) - 1)] if better else own
        if radii[number] <= 0:
            raise OptionError(
                f"option BetterRadius is needed, since object {number} of {values['ModelFile']} "
                "has no radius"
            )
    return radii
