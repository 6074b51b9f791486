"""The truth of a simulated series: reading and writing it, and measuring an alignment against it.

A truth file is JSON. Keys: `angles` nominal and `true_angles`, degrees; `xf` (view, 2, 3) raw to
aligned; `beads` (bead, 3) and `track` (view, bead, 2), the beads in the volume and in the raw
views; all in pixels about the centre of volume or image. What else there is stands in `details`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from etomotut.engine import transforms as linear
from etomotut.errors import FormatError

Array = npt.NDArray[np.float64]

FEWEST = 3  # views that a bead must be seen in: two numbers are fitted to it across the axis


@dataclass
class Truth:
    """What a series was made of; `size` is (columns, rows) of a view, if it is known."""

    angles: Array
    true_angles: Array
    transforms: Array
    beads: Array
    track: Array
    pixel_size: float
    axis_angle: float
    bead_diameter: float
    size: Optional[Tuple[int, int]] = None
    details: Dict[str, Any] = field(default_factory=dict)

    def seen(self, size: Optional[Sequence[int]] = None) -> npt.NDArray[np.bool_]:
        """Tell which beads stand inside which views, (view, bead); raises ValueError."""
        whole = size if size is not None else self.size
        if whole is None:
            raise ValueError("the truth does not tell the size of the views; give it")
        inside: npt.NDArray[np.bool_] = (np.abs(self.track) < np.array(whole) / 2).all(axis=2)
        return inside


def read(path: Union[str, Path]) -> Truth:
    """Give the truth in a file; raises FormatError."""
    path = Path(path)
    try:
        stored = json.loads(path.read_text())
        arrays = {key: np.array(stored.pop(key), float) for key in ("angles", "true_angles")}
        size = stored.pop("size", None)
        # truths made elsewhere give the angle by which the image was turned, so its opposite
        axis = stored.pop("axis_angle", None)
        return Truth(
            transforms=np.array(stored.pop("xf"), float),
            beads=np.array(stored.pop("beads"), float),
            track=np.array(stored.pop("track"), float),
            pixel_size=float(stored.pop("apix")),
            axis_angle=float(-stored["axis_deg"] if axis is None else axis),
            bead_diameter=10 * float(stored.pop("bead_nm")),
            size=(int(size[0]), int(size[1])) if size else None,
            details=stored,
            **arrays,
        )
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(f"{path} is no file of a series' truth: {error}") from None


def write(path: Union[str, Path], truth: Truth) -> None:
    """Write a truth so that `read` gives it back."""
    stored = {
        "angles": truth.angles,
        "true_angles": truth.true_angles,
        "xf": truth.transforms,
        "beads": truth.beads,
        "track": truth.track,
        "apix": truth.pixel_size,
        "axis_angle": truth.axis_angle,
        "bead_nm": truth.bead_diameter / 10,
        "size": truth.size,
        **truth.details,
    }
    Path(path).write_text(json.dumps(stored, default=_plain) + "\n")


def alignment_error(
    transforms: npt.ArrayLike,
    tilt_angles: npt.ArrayLike,
    truth: Truth,
    *,
    size: Optional[Sequence[int]] = None,
) -> float:
    """Give how far an alignment leaves the true beads from any one 3D place: rms, pixels.

    The true place of each bead in each raw view that shows it is moved by `transforms` (view, 2,
    3); its best 3D place under x' = X cos t + Z sin t, y' = Y is found by least squares; what
    remains, as a distance in the plane, is averaged over all beads and views. `size` (columns,
    rows) of the views is needed where the truth does not tell it.
    """
    residuals = bead_residuals(transforms, tilt_angles, truth, size=size)
    return float(np.sqrt(np.nanmean((residuals**2).sum(axis=2))))


def bead_residuals(
    transforms: npt.ArrayLike,
    tilt_angles: npt.ArrayLike,
    truth: Truth,
    *,
    size: Optional[Sequence[int]] = None,
) -> Array:
    """Give what `alignment_error` averages, (view, bead, xy); nan where a bead is not seen."""
    places, aligned = _fit(transforms, tilt_angles, truth, size)
    tilts = np.radians(np.asarray(tilt_angles, float))
    x = np.outer(np.cos(tilts), places[:, 0]) + np.outer(np.sin(tilts), places[:, 2])
    predicted = np.stack([x, np.broadcast_to(places[:, 1], x.shape)], axis=2)
    return np.asarray(aligned - predicted)


def bead_places(
    transforms: npt.ArrayLike,
    tilt_angles: npt.ArrayLike,
    truth: Truth,
    *,
    size: Optional[Sequence[int]] = None,
) -> Array:
    """Give where an alignment puts the true beads: (bead, 3) x, y, z in pixels about the centre.

    In a tomogram (z, y, x) whose sections run along +z, such as trimvol -rx makes, that is the
    voxel (z + (depth - 1) / 2, y + (height - 1) / 2, x + (width - 1) / 2). A bead seen in fewer
    than three views has nan.
    """
    return _fit(transforms, tilt_angles, truth, size)[0]


def _fit(
    transforms: npt.ArrayLike,
    tilt_angles: npt.ArrayLike,
    truth: Truth,
    size: Optional[Sequence[int]],
) -> Tuple[Array, Array]:
    """Give the best places (bead, 3), and the aligned tracks with nan where a bead is not seen."""
    aligned = linear.apply(transforms, truth.track)
    aligned[~truth.seen(size)] = np.nan
    tilts = np.radians(np.asarray(tilt_angles, float))
    rays = np.stack([np.cos(tilts), np.sin(tilts)], axis=1)
    places = np.full((len(truth.beads), 3), np.nan)
    for bead in range(len(places)):
        known = np.isfinite(aligned[:, bead, 0])
        if known.sum() >= FEWEST:
            x, y = aligned[known, bead].T
            places[bead, [0, 2]] = np.linalg.lstsq(rays[known], x, rcond=None)[0]
            places[bead, 1] = y.mean()
    return places, aligned


def _plain(value: Any) -> Any:
    """Turn arrays into lists for JSON, numbers rounded where digits mean nothing."""
    if isinstance(value, np.ndarray):
        return np.round(value, 6).tolist() if value.dtype.kind == "f" else value.tolist()
    return value.item()
