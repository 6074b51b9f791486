"""A whole alignment without gold: lost views are searched for, then all matched to reprojections.

Either is done as the specimen asks: one layer of patches, or several where it is thick.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import List, Optional, Sequence

import numpy as np
import numpy.typing as npt

from etomotut.engine import projection_matching as matching
from etomotut.engine.matching_plan import Plan, plan_of
from etomotut.engine.transforms import Transforms
from etomotut.engine.view_search import Lost, find_lost_views

Array = npt.NDArray[np.float64]
Looks = npt.NDArray[np.float32]

LEAST = 0.12  # mean correlation of an alignment; noise can be made to agree with itself by 0.09


@dataclass(frozen=True)
class Matched:
    """The better of the `transforms` (view, 2, 3) before and after matching, and how it went.

    `before` and `after` (view,) are the correlations of views with what the others predict, once
    those of `lost` that were found had been moved.
    """

    transforms: Transforms
    lost: Sequence[Lost]
    plan: Plan
    before: Array
    after: Array

    @property
    def is_better(self) -> bool:
        """Tell whether matching made views agree better, so that the transforms are its own."""
        return bool(self.after.mean() > self.before.mean())

    @property
    def correlations(self) -> Array:
        """Give those (view,) of the transforms."""
        return self.after if self.is_better else self.before


def match_views(
    views: Looks,
    transforms: Transforms,
    tilt_angles: Array,
    *,
    patch: int = matching.PATCH,
    known: Sequence[str] = (),
    watch: Optional[matching.Watch] = None,
) -> Matched:
    """Align raw `views` (view, y, x), from transforms to aligned ones with the tilt axis vertical.

    `tilt_angles` (view,) are in degrees; `patch` is the width of the finest patches, pixels of
    about 11 Å; what is `known` of matching.ALL is not solved for; `watch` is told of every round.
    """
    start, lost = find_lost_views(views, transforms, tilt_angles)
    plan = plan_of(views, start, tilt_angles, patch=patch)
    stages: List[matching.Stage] = [
        replace(stage, free=[name for name in stage.free if name not in known])
        for stage in plan.stages
    ]

    def agreement(tried: Transforms) -> Array:
        return matching.agreement(
            views, tried, tilt_angles, patch=patch, stage=stages[-1], layers=plan.layers
        )

    refined = matching.refine(
        views, start, tilt_angles, patch=patch, stages=stages, layers=plan.layers, watch=watch
    )
    before, after = agreement(start), agreement(refined)
    is_better = after.mean() > before.mean()
    return Matched(refined if is_better else start, lost, plan, before, after)
