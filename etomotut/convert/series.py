"""Tilt series: Scipion's tilt series and images as plain values, and derived ones as objects.

`Series.views` stand in the order of the file. `Series.used` are the views that programs see: the
enabled ones by ascending tilt angle. Whatever a program gives for a view goes back by that view's
acquisition order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.errors import EtomotutError
from etomotut.formats.mrc import Stack

Array = npt.NDArray[np.float64]
FULL, ODD, EVEN = "", "_odd", "_even"
IDENTITY: Array = np.eye(3)
DOSE_ROUNDING = 0.01  # e/Å²


@dataclass(frozen=True)
class View:
    """One view: its section of the file (from 1), and the transform (2, 3) that it has, if any.

    `doses` are the one before the view and its own, e/Å², if they are known.
    """

    order: int
    section: int
    tilt_angle: float
    is_enabled: bool = True
    transform: Optional[Array] = None
    doses: Optional[Tuple[float, float]] = None


@dataclass(frozen=True)
class Series:
    """A tilt series; `files` by FULL, ODD and EVEN, `pixel_size` in Å, `axis_angle` in degrees."""

    ts_id: str
    files: Mapping[str, str]
    views: Sequence[View]
    pixel_size: float
    axis_angle: Optional[float] = None
    is_interpolated: bool = False

    @property
    def used(self) -> List[View]:
        """The enabled views by ascending tilt angle."""
        enabled = [view for view in self.views if view.is_enabled]
        return sorted(enabled, key=lambda view: (view.tilt_angle, view.section))

    @property
    def is_aligned(self) -> bool:
        """Whether all used views have a transform."""
        return all(view.transform is not None for view in self.used)

    def tilt_angles(self) -> Array:
        """Give the nominal tilt angles of the used views, degrees."""
        return np.array([view.tilt_angle for view in self.used])

    def transforms(self) -> Array:
        """Give the transforms (used view, 2, 3); the identity where there is none."""
        matrices = [IDENTITY[:2] if v.transform is None else v.transform for v in self.used]
        return np.array(matrices).reshape(-1, 2, 3)

    def then(self, transforms: npt.ArrayLike) -> Array:
        """Give the transforms (used view, 2, 3) that the views have, followed by new ones."""
        new = np.asarray(transforms, float)
        product: Array = new[:, :, :2] @ self.transforms()
        product[:, :, 2] += new[:, :, 2]
        return product

    def rotation(self) -> float:
        """Give the angle by which the transforms turn, counted as axis angles are, degrees.

        A transform that turns by the axis angle brings the tilt axis onto the vertical.
        """
        return rotation_of(self.transforms())

    def with_axis(self, degrees: float) -> Series:
        """Give the same series with another angle of the tilt axis."""
        return replace(self, axis_angle=degrees)

    def axis_after_transforms(self) -> float:
        """Give the angle of the tilt axis in images to which the transforms were applied."""
        if self.is_interpolated:
            return 0.0
        if self.axis_angle is None:
            raise EtomotutError(f"{self.ts_id}: the angle of the tilt axis is not known")
        return near(self.axis_angle - self.rotation(), 0.0)

    def is_stack_usable(self, sections: int) -> bool:
        """Whether a file of so many sections holds exactly the used views in their order."""
        return [view.section for view in self.used] == list(range(1, sections + 1))


@dataclass(frozen=True)
class Changes:
    """How a tilt series differs from the one it came from; what is None stays.

    New `files` that are `restacked` hold the used views only, in their order. `transforms`
    (used view, 2, 3) and `tilt_angles` are of the used views, in new pixels and degrees. An
    interpolated series loses its transforms, and its axis is vertical. One that is dose-weighted
    has no doses, so that it is not weighted twice. `is_left_out` (used view,) marks views that
    are disabled from now on.
    """

    files: Optional[Mapping[str, str]] = None
    restacked: bool = False
    pixel_size: Optional[float] = None
    transforms: Optional[Array] = None
    tilt_angles: Optional[Array] = None
    axis_angle: Optional[float] = None
    is_interpolated: bool = False
    is_dose_weighted: bool = False
    is_ctf_corrected: bool = False
    is_left_out: Optional[npt.NDArray[np.bool_]] = None


def rotation_of(transforms: npt.ArrayLike) -> float:
    """Give the mean angle by which transforms (view, 2, 3) turn, as Scipion counts it, degrees."""
    matrices = np.asarray(transforms, float).reshape(-1, 2, 3)
    angles = np.arctan2(matrices[:, 0, 1], matrices[:, 0, 0])
    return float(np.degrees(np.angle(np.exp(1j * angles).mean())))


def near(angle: float, reference: float) -> float:
    """Give the same angle as the one within 180 degrees of a reference."""
    return reference + (angle - reference + 180.0) % 360.0 - 180.0


def images_of(tilt_series: Any) -> List[Any]:
    """Give copies of all images of a Scipion tilt series, with the sections that they really are.

    scipion-em-imod lets views keep their numbers when it writes stacks without the excluded ones.
    Where a file has as many sections as there are views, but some are numbered beyond its end,
    they lie in it one after another, in the order of their numbers.
    """
    images = [image.clone() for image in tilt_series.iterItems()] if tilt_series.getSize() else []
    ordered = sorted(images, key=lambda image: image.getIndex() or 0)
    if ordered and (ordered[-1].getIndex() or 0) > len(ordered) == _sections(ordered):
        for section, image in enumerate(ordered, 1):
            image.setIndex(section)
    return images


def read_series(tilt_series: Any, images: Sequence[Any]) -> Series:
    """Give a Scipion tilt series and all its images as plain values.

    Raises EtomotutError if it has no enabled view or no pixel size, if a view lacks what makes it
    one, if two have one acquisition order or section, or if they lie in several files.
    """
    ts_id = tilt_series.getTsId()
    ordered = sorted(images, key=lambda image: image.getIndex())
    try:
        views = [_read_view(image) for image in ordered]
    except EtomotutError as error:
        raise EtomotutError(f"{ts_id}: {error}") from None
    if not any(view.is_enabled for view in views):
        raise EtomotutError(f"{ts_id}: the series has no {'enabled ' if views else ''}views")
    if len({view.order for view in views}) < len(views):
        raise EtomotutError(f"{ts_id}: two views have the same acquisition order")
    if len({view.section for view in views}) < len(views):
        raise EtomotutError(f"{ts_id}: two views are the same section of their file")
    files = _read_files(ordered)
    pixel_size = tilt_series.getSamplingRate() or 0.0
    if not 0 < pixel_size < np.inf:
        raise EtomotutError(f"{ts_id}: its pixel size is {pixel_size:g} Å; it must be above 0")
    acquisition = tilt_series.getAcquisition()
    return Series(
        ts_id,
        files,
        views,
        float(pixel_size),
        None if acquisition is None else acquisition.getTiltAxisAngle(),
        bool(tilt_series.interpolated()),
    )


def derive(tilt_series: Any, images: Sequence[Any], changes: Changes) -> Tuple[Any, List[Any]]:
    """Give a new Scipion tilt series and its images, ascending in tilt angle, with the changes."""
    from pwem.constants import ALIGN_NONE
    from tomo.objects import TiltSeries

    series = read_series(tilt_series, images)
    new = TiltSeries(tsId=series.ts_id)
    new.copyInfo(tilt_series)
    new_images = list(_derive_images(series, images, changes))
    if changes.pixel_size is not None:
        new.setSamplingRate(changes.pixel_size)
    if changes.is_ctf_corrected:
        new.setCtfCorrected(True)
    if changes.is_interpolated:
        new.setInterpolated(True)
        new.setAlignment(ALIGN_NONE)
    elif new_images[0].hasTransform():
        new.setInterpolated(False)
        new.setAlignment2D()
    new.setAnglesCount(len(new_images))
    for owner in (new, *new_images):
        owner.setAcquisition(_derive_acquisition(owner.getAcquisition(), new_images, changes))
    return new, sorted(new_images, key=lambda image: image.getTiltAngle())


def change_acquisition(acquisition: Any, changes: Changes) -> None:
    """Write a changed tilt axis, and that there are no doses, into a Scipion acquisition."""
    if changes.is_interpolated:
        acquisition.setTiltAxisAngle(0.0)
    elif changes.axis_angle is not None:
        acquisition.setTiltAxisAngle(float(changes.axis_angle))
    if changes.is_dose_weighted:
        acquisition.setAccumDose(0.0)
        acquisition.setDoseInitial(0.0)
        acquisition.setDosePerFrame(0.0)


def _sections(images: Sequence[Any]) -> int:
    """Give how many sections the file of images has, 0 if it cannot be read or is not one file."""
    names = {image.getFileName() for image in images}
    try:
        return len(Stack(names.pop())) if len(names) == 1 else 0
    except (EtomotutError, OSError, TypeError):
        return 0


def _read_view(image: Any) -> View:
    section, order, angle = image.getIndex(), image.getAcquisitionOrder(), image.getTiltAngle()
    if not image.getFileName():
        raise EtomotutError("a view has no file")
    if section is None or section < 1:
        raise EtomotutError(f"a view is section {section} of {image.getFileName()}; 1 is the first")
    if order is None:
        raise EtomotutError(f"view {section} has no acquisition order")
    if angle is None or not abs(angle) <= 180:
        raise EtomotutError(f"view {section} has tilt angle {angle}; allowed is +-180")
    matrix = None
    if image.hasTransform():
        matrix = np.array(image.getTransform().getMatrix(), float)[:2, [0, 1, -1]]
        if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix[:, :2])) < 1e-9:
            raise EtomotutError(f"view {section} has a transform without inverse")
    return View(
        int(order),
        int(section),
        float(angle),
        bool(image.isEnabled()),
        matrix,
        _read_doses(image.getAcquisition()),
    )


def _read_doses(acquisition: Any) -> Optional[Tuple[float, float]]:
    after = None if acquisition is None else acquisition.getAccumDose()
    own = 0.0 if acquisition is None else float(acquisition.getDosePerFrame() or 0.0)
    if after is None or float(after) < own - DOSE_ROUNDING:  # others zero what they cannot tell
        return None
    return max(float(after) - own, 0.0), own


def _read_files(images: Sequence[Any]) -> Dict[str, str]:
    names: Dict[str, str] = {}
    for image in images:
        found = {FULL: image.getFileName()}
        if image.hasOddEven():
            found.update({ODD: _plain(image.getOdd()), EVEN: _plain(image.getEven())})
        for part, name in found.items():
            if names.setdefault(part, name) != name:
                raise EtomotutError(f"{image.getTsId()}: its views are in {names[part]} and {name}")
    return names


def _plain(location: str) -> str:
    """Take the section off a location written as "section@file"."""
    return str(location).split("@")[-1]


def _derive_images(series: Series, images: Sequence[Any], changes: Changes) -> Iterator[Any]:
    from tomo.objects import TiltImage

    rank = {view.order: place for place, view in enumerate(series.used)}
    for image in images:
        place = rank.get(image.getAcquisitionOrder())
        if place is None and changes.restacked:
            continue
        new = TiltImage()
        new.copyInfo(image)
        new.setObjId(None)
        new.setTransform(_derive_transform(image, place, series, changes))
        if changes.is_left_out is not None and place is not None and changes.is_left_out[place]:
            new.setEnabled(False)
        if changes.tilt_angles is not None and place is not None:
            new.setTiltAngle(float(changes.tilt_angles[place]))
        if changes.pixel_size is not None:
            new.setSamplingRate(changes.pixel_size)
        if changes.files is not None:
            halves = [changes.files[part] for part in (ODD, EVEN) if part in changes.files]
            new.setOddEven(halves)
            section = place + 1 if changes.restacked else image.getIndex()
            new.setLocation(int(section), changes.files[FULL])
        yield new


def _derive_transform(
    image: Any, place: Optional[int], series: Series, changes: Changes
) -> Optional[Any]:
    from pwem.objects import Transform

    matrix = _read_view(image).transform
    if changes.is_interpolated:
        matrix = None
    elif changes.transforms is not None:
        matrix = IDENTITY[:2] if place is None else changes.transforms[place]
    elif matrix is not None and changes.pixel_size is not None:
        matrix[:, 2] *= series.pixel_size / changes.pixel_size
    return None if matrix is None else Transform(matrix=np.vstack([matrix, IDENTITY[2]]))


def _derive_acquisition(acquisition: Any, images: Sequence[Any], changes: Changes) -> Any:
    new = acquisition.clone()
    change_acquisition(new, changes)
    if changes.restacked or changes.tilt_angles is not None:
        angles = [image.getTiltAngle() for image in images]
        new.setAngleMin(min(angles))
        new.setAngleMax(max(angles))
    return new
