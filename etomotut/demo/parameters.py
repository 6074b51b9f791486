"""What a simulated tilt series is made of, and named sets of such parameters.

Lengths are in Å and angles in degrees where nothing else is said; pixels are those of the raw
stack. `PRESETS` maps a name to the series that it stands for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Dict, List, Tuple

from etomotut.errors import OptionError


@dataclass(frozen=True)
class Parameters:
    """Everything that determines a series; equal parameters give equal data.

    Scheme: `size` of a view as columns and rows, `dose` e/Å² a view, `axis_angle` of the tilt
    axis from vertical, counter-clockwise; views are stored by ascending angle or as acquired.

    Stage: the largest shift of a view in pixels and the number of `jumps` on the way; nominal
    angle a was really a * angle_scale + angle_offset + jitter; spreads are standard deviations.

    Microscope: `defocus` at the tilt axis, underfocus positive; `astigmatism` is the major minus
    the minor axis, `astigmatism_axis` counter-clockwise from x; `handedness` +1 where defocus
    grows to the right of the aligned image at positive tilt (what IMOD expects), -1 where not.

    Specimen: a slab of ice, turned about x then y, moved along z; `vesicles` and `beads` are
    those in the field of the untilted view, `beads_beyond` come into view at high tilt only;
    `pairs` of beads touch; a share of the beads lies between the two surfaces.
    """

    name: str = "TS_01"
    seed: int = 1

    size: Tuple[int, int] = (360, 256)
    pixel_size: float = 11.04
    angles: Tuple[float, float, float] = (-60.0, 60.0, 3.0)  # first, last, step
    dose: float = 3.0
    axis_angle: float = -95.0
    stored_as_acquired: bool = False
    halves: bool = True

    shift_range: float = 10.0
    jumps: int = 2
    angle_offset: float = 0.8
    angle_scale: float = 1.01
    angle_jitter: float = 0.1
    magnification_spread: float = 0.0015
    rotation_spread: float = 0.15

    voltage_kv: float = 300.0
    aberration_mm: float = 2.7
    amplitude_contrast: float = 0.1
    defocus: float = 35000.0
    defocus_spread: float = 500.0
    astigmatism: float = 0.0
    astigmatism_axis: float = 30.0
    handedness: int = 1
    decay: float = 250.0  # of the transfer, Å² (a temperature factor: exp(-decay k² / 4))
    detector_transfer: float = 0.6  # at the Nyquist frequency
    damage: bool = True

    thickness: float = 1800.0
    thickness_variation: float = 0.12
    specimen_tilt: Tuple[float, float] = (0.0, 0.0)
    specimen_z: float = 0.0
    grain: float = 1.0  # strength of the background's grain
    carbon: bool = False
    contaminants: int = 2

    vesicles: int = 6
    vesicle_radii: Tuple[float, float] = (250.0, 700.0)
    flattening: float = 0.1

    beads: int = 18
    beads_beyond: int = 6
    bead_diameter: float = 100.0
    bead_spread: float = 0.05
    surfaces: Tuple[int, ...] = (-1, 1)
    between: float = 0.1
    pairs: int = 1

    hot_pixels: int = 12
    dead_pixels: int = 3

    def __post_init__(self) -> None:
        first, last, step = self.angles
        allowed = {
            "size": min(self.size) >= 64,
            "pixel_size": self.pixel_size > 0,
            "angles": step > 0 and last - first >= 2 * step and max(-first, last) <= 75,
            "dose": self.dose > 0,
            "handedness": self.handedness in (-1, 1),
            "thickness": self.thickness >= 300,
            "vesicle_radii": 100 <= self.vesicle_radii[0] <= self.vesicle_radii[1],
            "pairs": 2 * self.pairs <= self.beads,
        }
        for name, is_allowed in allowed.items():
            if not is_allowed:
                raise OptionError(
                    f"{name} {getattr(self, name)} of {self.name} cannot be simulated"
                )


_SMALL = Parameters(halves=False)
_UPRIGHT = replace(_SMALL, size=(256, 360))  # the axis along the longer side, as in the others
_DEMO = Parameters(
    size=(1024, 720),
    pixel_size=5.52,
    shift_range=24.0,
    vesicles=10,
    beads=26,
    beads_beyond=14,
    hot_pixels=40,
    dead_pixels=8,
)

PRESETS: Dict[str, Tuple[Parameters, ...]] = {
    "demo": (
        replace(_DEMO, name="TS_01", seed=11, axis_angle=-95.2),
        replace(
            _DEMO,
            name="TS_02",
            seed=12,
            axis_angle=-94.6,
            carbon=True,
            vesicles=16,
            vesicle_radii=(300.0, 750.0),
            flattening=0.15,
            thickness=2100.0,
            beads=38,
            pairs=2,
            defocus=42000.0,
            contaminants=6,
            angle_offset=-0.9,
            specimen_tilt=(1.5, -2.0),
            specimen_z=120.0,
        ),
    ),
    "tutorial": (
        replace(
            _DEMO,
            size=(1440, 1024),
            shift_range=30.0,
            carbon=True,
            vesicles=18,
            beads=45,
            beads_beyond=20,
            pairs=2,
        ),
    ),
    "small": (_SMALL, replace(_SMALL, name="TS_02", seed=2, carbon=True, beads=24)),
    "tiny": (
        replace(
            _SMALL,
            size=(180, 128),
            angles=(-60.0, 60.0, 6.0),
            vesicles=2,
            beads=9,
            beads_beyond=0,
            contaminants=0,
            shift_range=5.0,
        ),
    ),
    "few-beads": (replace(_SMALL, seed=21, beads=9, beads_beyond=0, pairs=0),),
    "many-beads": (replace(_SMALL, seed=22, beads=80, beads_beyond=20, pairs=6),),
    "low-dose": (replace(_SMALL, seed=23, dose=1.0),),
    "axis-84": (replace(_SMALL, seed=24, axis_angle=-84.0),),
    "axis-95": (replace(_SMALL, seed=25, axis_angle=-95.0, carbon=True),),
    "axis174": (replace(_UPRIGHT, seed=26, axis_angle=174.0),),
    "axis4": (replace(_UPRIGHT, seed=31, axis_angle=4.0),),
    "big-shifts": (replace(_SMALL, seed=27, shift_range=30.0, jumps=4),),
    "tilt-offset": (replace(_SMALL, seed=28, angle_offset=4.0),),
    "asymmetric": (replace(_SMALL, seed=29, angles=(-42.0, 60.0, 3.0)),),
    "thick": (replace(_SMALL, seed=30, thickness=4000.0),),
}
HARD = (
    "few-beads",
    "many-beads",
    "low-dose",
    "axis-84",
    "axis-95",
    "axis174",
    "big-shifts",
    "tilt-offset",
    "asymmetric",
    "thick",
)


def series_of(preset: str, *, count: int = 0, seed: int = 0) -> List[Parameters]:
    """Give the parameters of the series of a preset, each with a name of its own.

    With `count` as many as that, going through the preset again with other seeds; `seed` changes
    all of them. Raises OptionError for a preset that does not exist.
    """
    if preset not in PRESETS:
        raise OptionError(f"no preset '{preset}'; there are {', '.join(PRESETS)}")
    stored = PRESETS[preset]
    chosen = []
    for index in range(count or len(stored)):
        one = stored[index % len(stored)]
        shifted = one.seed + 1000 * seed + 100 * (index // len(stored))
        chosen.append(replace(one, name=f"TS_{index + 1:02d}", seed=shifted))
    return chosen
