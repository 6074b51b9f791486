"""How a specimen is refined without gold: as one layer, or as several where it is thick.

What lies high or low in a thick specimen passes through patches that follow its middle, and pulls
views along with it: the alignment drifts across the tilt axis. There, wide patches follow each of
several layers, and the finest detail is not used, as few views have it in common.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Sequence

import numpy as np
import numpy.typing as npt

from etomotut.engine import reprojection
from etomotut.engine.projection_matching import (
    ONE_LAYER,
    PATCH,
    SHIFTS,
    STAGES,
    Stage,
    band_of,
    columns_of,
)
from etomotut.engine.transforms import Transforms
from etomotut.engine.views import FEATURES, clip_view

Array = npt.NDArray[np.float64]
Looks = npt.NDArray[np.float32]

TELLING = Stage(1 / 12, 2.0, SHIFTS, 6, 1.5)  # a scale at which layers are told apart
THICK = (replace(TELLING, high=1 / 20), TELLING, replace(TELLING, high=1 / 8))
SPACING = 1.1  # of a patch, from one layer to the next
EACH_SIDE = 4  # layers above and below the axis that are looked at
HAS_SOME = 0.5  # of the best layer's correlation: a layer of the specimen
DISTINCT = 0.15  # correlation of the best layer, below which nothing is known of the others
STEEP = 20.0  # degrees; views tilted less do not tell layers apart
FEWEST = 4  # layers that a patch about the middle does not do for


@dataclass(frozen=True)
class Plan:
    """The stages of a refinement, and the depths of layers, pixels from the axis."""

    stages: Sequence[Stage] = STAGES
    layers: Sequence[float] = ONE_LAYER


def plan_of(
    views: Looks, transforms: Transforms, tilt_angles: Array, *, patch: int = PATCH
) -> Plan:
    """Tell from the depths at which views (view, y, x) agree whether the specimen is thick.

    `transforms` (view, 2, 3) and `tilt_angles` (view,) are those that `refine` will be given.
    """
    views = np.stack([clip_view(view, FEATURES) for view in views])
    band = band_of(TELLING, patch)
    is_steep = np.abs(tilt_angles) > STEEP
    if not is_steep.any():
        return Plan()
    depths = SPACING * patch * np.arange(-EACH_SIDE, EACH_SIDE + 1)
    seen = np.zeros(len(depths))
    for index, depth in enumerate(depths):
        columns = columns_of(views, transforms, band.size, None, [depth])
        found = reprojection.compare(views, transforms, tilt_angles, columns, band)
        seen[index] = found.correlation[is_steep].mean()
    has_some = np.flatnonzero(seen >= HAS_SOME * seen.max())
    layers = depths[has_some[0] : has_some[-1] + 1]
    is_thick = seen.max() >= DISTINCT and len(layers) >= FEWEST
    return Plan(THICK, tuple(layers.tolist())) if is_thick else Plan()
