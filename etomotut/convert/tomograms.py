"""Tomograms as Scipion objects: where their first voxel lies, their halves, their headers.

Scipion's origin is the position of the first voxel in Å, in the frame whose zero is the tilt axis
at the centre of the aligned image. z is the thickness, x and y are those of the aligned image.
"""

from __future__ import annotations

from typing import Any, Mapping, Sequence

from etomotut.convert.series import EVEN, FULL, ODD


def new_tomogram(
    tilt_series: Any,
    files: Mapping[str, str],
    shift: Sequence[float] = (0.0, 0.0),
    *,
    rows: float = 0.0,
) -> Any:
    """Give the tomogram reconstructed from a tilt series; `files` by FULL, ODD and EVEN.

    `shift` (x, z) in voxels is what the features were moved by in the reconstruction, as the
    option SHIFT of tilt counts it, before its volume was turned (which makes -z of z). `rows` is
    how many rows its middle lies beyond that of the images, where not all of them were used.
    """
    from tomo.objects import Tomogram

    tomogram = Tomogram(tsId=tilt_series.getTsId())
    tomogram.setSamplingRate(tilt_series.getSamplingRate())
    tomogram.setAcquisition(tilt_series.getAcquisition().clone())
    tomogram.setCtfCorrected(tilt_series.ctfCorrected())
    _set_files(tomogram, files)
    tomogram.setOrigin()
    pixel = tilt_series.getSamplingRate()
    _move_origin(tomogram, (-shift[0] * pixel, rows * pixel, shift[1] * pixel))
    return tomogram


def cropped_tomogram(tomogram: Any, files: Mapping[str, str], start: Sequence[int]) -> Any:
    """Give a tomogram cut out of another; `start` (x, y, z) is its first voxel there, from 0."""
    from tomo.objects import Tomogram

    cropped = Tomogram(tsId=tomogram.getTsId())
    cropped.copyInfo(tomogram)
    cropped.setCtfCorrected(tomogram.ctfCorrected())
    _set_files(cropped, files)
    if not tomogram.hasOrigin():
        cropped.setOrigin(tomogram.getOrigin(force=True))
    pixel = tomogram.getSamplingRate()
    _move_origin(cropped, [place * pixel for place in start])
    return cropped


def cropped_mask(tomogram: Any, file: str) -> Any:
    """Give the mask in a file that was cut out as a cropped tomogram was."""
    from tomo.objects import TomoMask

    mask = TomoMask(tsId=tomogram.getTsId())
    mask.copyInfo(tomogram)
    mask.setHalfMaps([])
    mask.setFileName(file)
    mask.setVolName(tomogram.getFileName())
    return mask


def mask_beside(mask: Any, file: str) -> Any:
    """Give the mask in a file that was made from another one, of the same tomogram."""
    from tomo.objects import TomoMask

    made = TomoMask(tsId=mask.getTsId())
    made.copyInfo(mask)
    made.setHalfMaps([])
    made.setFileName(file)
    made.setVolName(mask.getVolName())
    return made


def stamp(path: str, pixel_size: float, *, volume: bool = False) -> None:
    """Write the pixel size (Å) into the header of an MRC file, and that it is a volume."""
    from pwem.convert.headers import fixVolume, setMRCSamplingRate

    setMRCSamplingRate(path, pixel_size)
    if volume:
        fixVolume(path)


def halves_of(tomogram: Any) -> Mapping[str, str]:
    """Give the files of a tomogram: FULL, and ODD and EVEN where it has halves.

    Halves are told apart by their names, which sort even before odd: plugins differ in the order
    in which they give them.
    """
    files = {FULL: tomogram.getFileName()}
    if tomogram.hasHalfMaps():
        even, odd = sorted(str(name) for name in tomogram.getHalfMaps(asList=True))
        files.update({ODD: odd, EVEN: even})
    return files


def _set_files(tomogram: Any, files: Mapping[str, str]) -> None:
    tomogram.setFileName(files[FULL])
    tomogram.setHalfMaps([files[part] for part in (ODD, EVEN) if part in files])


def _move_origin(tomogram: Any, by: Sequence[float]) -> None:
    shifts = tomogram.getShiftsFromOrigin()
    tomogram.getOrigin().setShifts(*[shift + move for shift, move in zip(shifts, by)])
