"""Simulating a tilt series, and writing it as a user would have it, with the truth beside it."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, Optional, Tuple, Union

import numpy as np
import numpy.typing as npt

from etomotut.demo import mdoc
from etomotut.demo import truth as truths
from etomotut.demo.bodies import Specimen
from etomotut.demo.detector import BadPixels, detect, draw_bad_pixels
from etomotut.demo.geometry import Views, make_views, track
from etomotut.demo.image import Projector
from etomotut.demo.parameters import Parameters
from etomotut.demo.specimen import make_specimen
from etomotut.demo.truth import Truth
from etomotut.formats import defocus, mrc, tlt

Counts = npt.NDArray[np.int16]
Progress = Callable[[Iterable[int]], Iterable[int]]


@dataclass
class Series:
    """A simulated series: counts (view, y, x), of even and odd frames too where wanted."""

    parameters: Parameters
    views: Views
    specimen: Specimen
    bad_pixels: BadPixels
    stack: Counts
    even: Optional[Counts] = None
    odd: Optional[Counts] = None

    @property
    def truth(self) -> Truth:
        """What the series was made of, in pixels of its views."""
        p, views, specimen = self.parameters, self.views, self.specimen
        beads = specimen.beads / p.pixel_size
        return Truth(
            angles=views.angles,
            true_angles=views.true_angles,
            transforms=views.transforms,
            beads=beads,
            track=track(beads, views),
            pixel_size=p.pixel_size,
            axis_angle=p.axis_angle,
            bead_diameter=p.bead_diameter,
            size=p.size,
            details=_details(self),
        )


def simulate(
    parameters: Parameters,
    *,
    workers: Optional[int] = None,
    progress: Progress = lambda views: views,
) -> Series:
    """Make a tilt series with a known truth.

    Views are made in `workers` threads (all cores if None); the result does not depend on their
    number. `progress` is handed the views that are done, as they get done.
    """
    world = prepare(parameters)
    views, specimen, projector, bad, seeds = world
    columns, rows = parameters.size
    stack = np.empty((len(views), rows, columns), np.int16)
    even, odd = (np.empty_like(stack) if parameters.halves else None for _ in range(2))

    def make(view: int) -> int:
        rng = np.random.default_rng(seeds[view])
        parts = detect(projector.view(view), view, bad, rng)
        stack[view] = parts[0] + parts[1]
        for half, part in zip((even, odd), parts):
            if half is not None:
                half[view] = part
        return view

    with ThreadPoolExecutor(workers or _cores()) as pool:
        for _ in progress(_sized(pool.map(make, range(len(views))), len(views))):
            pass
    return Series(parameters, views, specimen, bad, stack, even, odd)


def prepare(
    parameters: Parameters,
) -> Tuple[Views, Specimen, Projector, BadPixels, Any]:
    """Draw all that is random but the electrons: views, specimen, bad pixels; and their seeds."""
    root = np.random.SeedSequence(parameters.seed)
    *parts, electrons = root.spawn(4)
    rngs = [np.random.default_rng(part) for part in parts]
    views = make_views(parameters, rngs[0])
    specimen = make_specimen(parameters, views, rngs[1])
    bad = draw_bad_pixels(parameters, len(views), rngs[2])
    return views, specimen, Projector(parameters, specimen, views), bad, electrons.spawn(len(views))


def write(series: Series, folder: Union[str, Path]) -> Dict[str, Path]:
    """Write a series into a folder and tell what is where.

    NAME.mrc the stack, NAME.mrc.mdoc, NAME.rawtlt the nominal angles, NAME.defocus (IMOD),
    NAME_truth.json, and under halves/ NAME_even.mrc and NAME_odd.mrc: in a folder of their own,
    because a pattern for the stacks should not find them.
    """
    p, views = series.parameters, series.views
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    places = {
        "stack": folder / f"{p.name}.mrc",
        "mdoc": folder / f"{p.name}.mrc.mdoc",
        "angles": folder / f"{p.name}.rawtlt",
        "defocus": folder / f"{p.name}.defocus",
        "truth": folder / f"{p.name}_truth.json",
    }
    _write_stack(places["stack"], series.stack, p)
    mdoc.write(places["mdoc"], places["stack"].name, p, views)
    tlt.write(places["angles"], views.angles)
    defocus.write(
        places["defocus"], defocus.single(views.defocus, views.angles, p.astigmatism_axis)
    )
    truths.write(places["truth"], series.truth)
    for name, half in (("even", series.even), ("odd", series.odd)):
        if half is not None:
            places[name] = folder / "halves" / f"{p.name}_{name}.mrc"
            places[name].parent.mkdir(exist_ok=True)
            _write_stack(places[name], half, p)
    return places


def _write_stack(path: Path, stack: Counts, parameters: Parameters) -> None:
    axis = f"Tilt axis angle = {parameters.axis_angle:.2f}, binning = 1  spot = 8  camera = 0"
    mrc.write(path, stack, pixel_size=parameters.pixel_size, labels=["etomotut: simulated", axis])


def _details(series: Series) -> Dict[str, Any]:
    p, views, specimen = series.parameters, series.views, series.specimen
    vesicles = [
        [body.centre / p.pixel_size, body.radius / p.pixel_size] for body in specimen.vesicles
    ]
    return {
        "thick_px": p.thickness / p.pixel_size,
        "vesicles": vesicles,
        "vesicle_shapes": [body.shape for body in specimen.vesicles],
        "bead_diameters": 2 * specimen.bead_radii / p.pixel_size,
        "defocus_um": p.defocus / 1e4,
        "defocus": views.defocus,
        "order": views.order,
        "dose_before": views.dose,
        "slab": {"pose": specimen.pose, "origin": specimen.origin / p.pixel_size},
        "hot_pixels": series.bad_pixels.hot,
        "dead_pixels": series.bad_pixels.dead,
        "handedness": p.handedness,
        "seed": p.seed,
        "parameters": asdict(p),
    }


def _cores() -> int:
    limit = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    if limit.isdigit() and int(limit) > 0:
        return int(limit)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class _Sized:
    """An iterator that knows how many things it will give, as a progress bar wants to know."""

    def __init__(self, things: Iterable[int], count: int) -> None:
        self._things, self._count = things, count

    def __iter__(self) -> Iterator[int]:
        return iter(self._things)

    def __len__(self) -> int:
        return self._count


def _sized(things: Iterable[int], count: int) -> _Sized:
    return _Sized(things, count)
