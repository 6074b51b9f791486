"""Finding a user's tilt series and laying them out as Scipion's importer wants them.

Files may have any name; in the staging folder each series gets a name that Scipion takes as an
identifier, a link to its stack, and beside it its tilt angles or its mdoc file.
"""

from __future__ import annotations

import glob
import os
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.errors import EtomotutError, FormatError, quoted
from etomotut.formats import defocus as defocus_files
from etomotut.formats import tlt
from etomotut.formats.mrc import Stack

Array = npt.NDArray[np.float64]

STACKS = (".mrc", ".mrcs", ".st", ".ali", ".rec")
ANGLE_SUFFIXES = (".rawtlt", ".tlt")
DEFOCUS = ".defocus"
HALVES = ("even", "odd")
FEWEST_VIEWS = 3
STEEPEST = 89.0  # degrees
LONGEST_NAME = 60  # characters of a series' name in Scipion


@dataclass(frozen=True)
class Series:
    """A tilt series of the user: its `name` in Scipion, its files, and what its files say of it.

    `tilt_angles` (view,) in degrees, in the stack's order; `mdoc`, if it is to be imported by that;
    `doses` (view,), accumulated in e/Å², in whose order views were taken; `defocus`, IMOD's file.
    These, `pixel_size` in Å and `axis_angle` in degrees are None where no file tells them. `halves`
    are the even and the odd stack, if they were asked for.
    """

    name: str
    stack: Path
    tilt_angles: Array
    mdoc: Optional[Path] = None
    doses: Optional[Array] = None
    pixel_size: Optional[float] = None
    axis_angle: Optional[float] = None
    defocus: Optional[Path] = None
    halves: Sequence[Path] = ()


def gather(
    stacks: Sequence[str],
    *,
    tilt_angles: Optional[str] = None,
    mdoc: Optional[str] = None,
    defocus: Optional[str] = None,
    halves: Optional[str] = None,
) -> Tuple[List[Series], List[str]]:
    """Give the tilt series of files, folders or patterns, and why others cannot be taken.

    `tilt_angles` is a file for all, or a pattern of files with the series' names; `mdoc` and
    `defocus` are patterns of mdoc and of IMOD's defocus files. What is not given is taken from
    files beside each stack. `halves` is the folder of NAME_even.mrc and NAME_odd.mrc, if wanted.
    Raises EtomotutError where nothing is found, and for the first series where none can be taken.
    """
    paths = _stacks(stacks)
    names = _names(paths)
    angle_files = _by_stem(_expand(tilt_angles)) if tilt_angles else {}
    if tilt_angles and not angle_files:
        raise EtomotutError(f"there is no file of tilt angles {tilt_angles}")
    mdocs = _by_stem(_expand(mdoc)) if mdoc else {}
    if mdoc and not mdocs:
        raise EtomotutError(f"there is no mdoc file {mdoc}")
    estimates = _by_stem(_expand(defocus)) if defocus else {}
    if defocus and not estimates:
        raise EtomotutError(f"there is no defocus file {defocus}")
    found: List[Series] = []
    problems: List[str] = []
    for path, name in zip(paths, names):
        try:
            own_mdoc = None if tilt_angles else _mdoc_of(path, mdocs)
            if own_mdoc is None:
                series = _with_angles(name, path, angle_files)
            else:
                series = _with_mdoc(name, path, own_mdoc)
            _require_tilted(series)
            own = _halves_of(path, Path(halves)) if halves else ()
            found.append(replace(series, defocus=_defocus_of(path, estimates), halves=own))
        except (EtomotutError, OSError) as error:
            problems.append(str(error))
    if not found:
        raise EtomotutError(problems[0])
    return _of_one_kind(found), problems


def stage(series: Sequence[Series], folder: Path) -> Tuple[Path, str]:
    """Lay series out in a folder and give it with the pattern by which Scipion imports them.

    Where the folder holds other series already, those of an earlier run, it is one beside it.
    """
    folder = _folder_for(series, folder)
    folder.mkdir(parents=True, exist_ok=True)
    for each in series:
        link = folder / f"{each.name}.mrc"
        if link.is_symlink():
            link.unlink()
        link.symlink_to(each.stack.absolute())
        if each.mdoc is not None:
            text = each.mdoc.read_text(errors="replace")
            named = re.sub(r"(?m)^\s*ImageFile\s*=.*$", f"ImageFile = {link.name}", text, count=1)
            (folder / f"{each.name}.mrc.mdoc").write_text(named)
        else:
            _write_angles(folder / f"{each.name}.rawtlt", each)
        if each.defocus is not None:
            shutil.copyfile(each.defocus, folder / f"{each.name}{DEFOCUS}")
        for half, path in zip(HALVES, each.halves):
            (folder / "halves").mkdir(exist_ok=True)
            own = folder / "halves" / f"{each.name}_{half}.mrc"
            if own.is_symlink():
                own.unlink()
            own.symlink_to(path.absolute())
    return folder, "*.mdoc" if series[0].mdoc is not None else "{TS}.mrc"


def one_value(values: Sequence[Optional[float]], tolerance: float) -> Optional[float]:
    """Give the value that all series share, or None where they differ or one does not tell it."""
    known = [value for value in values if value is not None]
    if len(known) < len(values) or not known or max(known) - min(known) > tolerance:
        return None
    return float(np.mean(known))


def read_mdoc(path: Path) -> Dict[str, str]:
    """Give the global values of an mdoc file, and the tilt axis angle of its title lines."""
    values: Dict[str, str] = {}
    for line in path.read_text(errors="replace").splitlines():
        if line.startswith("[Z"):
            break
        axis = re.search(r"[Tt]ilt\s?[Aa]xis\s?[Aa]ngle\s*=\s*([-+0-9.eE]+)", line)
        if axis:
            values["TiltAxisAngle"] = axis.group(1)
        key, equals, value = line.partition("=")
        if equals and not line.startswith("["):
            values[key.strip()] = value.strip()
    return values


def _folder_for(series: Sequence[Series], folder: Path) -> Path:
    wanted = {f"{each.name}.mrc": str(each.stack.absolute()) for each in series}
    number, chosen = 1, folder
    while chosen.exists():
        links = {each.name: os.readlink(each) for each in chosen.iterdir() if each.is_symlink()}
        if links.items() <= wanted.items():
            break
        number += 1
        chosen = folder.with_name(f"{folder.name}-{number}")
    return chosen


def _write_angles(path: Path, series: Series) -> None:
    """Write what Scipion's importer reads: angle, and where it is known dose and rank in time."""
    if series.doses is None:
        tlt.write(path, series.tilt_angles)
        return
    rank = 1 + np.argsort(np.argsort(series.doses, kind="stable"), kind="stable")
    rows = zip(series.tilt_angles, series.doses, rank)
    path.write_text("".join(f"{angle:.3f} {dose:.3f} {place}\n" for angle, dose, place in rows))


def _views_of(mdoc: Path) -> List[Dict[str, str]]:
    """Give the values of each view of an mdoc, in the order of the stack."""
    views: Dict[int, Dict[str, str]] = {}
    current: Dict[str, str] = {}
    for line in mdoc.read_text(errors="replace").splitlines():
        start = re.match(r"\[ZValue\s*=\s*(\d+)\]", line.strip())
        if start:
            current = views.setdefault(int(start.group(1)), {})
        key, equals, value = line.partition("=")
        if equals and not line.startswith("["):
            current[key.strip()] = value.strip()
    return [views[place] for place in sorted(views)]


def _of_one_kind(series: Sequence[Series]) -> List[Series]:
    """Leave out the mdoc files where not all series can be imported by one.

    Scipion's importer takes either mdoc files or files of angles, and it believes that the views
    behind an mdoc stand by ascending angle.
    """
    if all(each.mdoc is not None and (np.diff(each.tilt_angles) > 0).all() for each in series):
        return list(series)
    return [replace(each, mdoc=None) for each in series]


def _stacks(given: Sequence[str]) -> List[Path]:
    paths: List[Path] = []
    for each in given:
        found = _expand(each)
        if Path(each).is_dir():
            found = sorted(p for p in Path(each).iterdir() if p.suffix in STACKS)
        if not found:
            raise EtomotutError(f"there is no tilt series {each}")
        paths += found
    unique = {path.resolve(): path.absolute() for path in paths}
    return list(unique.values())


def _expand(pattern: str) -> List[Path]:
    """Give the files of a pattern; a file whose name looks like a pattern is itself."""
    if Path(pattern).is_file():
        return [Path(pattern)]
    return [Path(each) for each in sorted(glob.glob(pattern)) if Path(each).is_file()]


def _names(paths: Sequence[Path]) -> List[str]:
    """Give names made of letters, digits and _ that begin with a letter, all different.

    They differ in more than upper and lower case: Scipion's tables are called by them.
    """
    names: List[str] = []
    taken = set()
    for path in paths:
        name = re.sub(r"[^0-9A-Za-z]+", "_", path.name.split(".")[0]).strip("_")
        name = name if name[:1].isalpha() else f"TS_{name}".rstrip("_")
        name = name[:LONGEST_NAME]
        number, unique = 2, name
        while unique.lower() in taken:
            unique, number = f"{name}_{number}", number + 1
        names.append(unique)
        taken.add(unique.lower())
    return names


def _by_stem(paths: Sequence[Path]) -> Dict[str, Path]:
    return {path.name.split(".")[0]: path for path in paths}


def _defocus_of(stack: Path, given: Dict[str, Path]) -> Optional[Path]:
    """Give the defocus file of a series: of those given, else the one beside it, if any."""
    beside = stack.with_suffix(DEFOCUS)
    own = given.get(stack.name.split(".")[0]) if given else beside if beside.is_file() else None
    if own is not None:
        defocus_files.read(own)
    return own


def _halves_of(stack: Path, folder: Path) -> Sequence[Path]:
    """Give the even and the odd stack of a series; raises EtomotutError if one is not there."""
    start = stack.name.split(".")[0]
    found = []
    for half in HALVES:
        paths = [folder / f"{start}_{half}{suffix}" for suffix in STACKS]
        own = next((path for path in paths if path.is_file()), None)
        if own is None:
            raise EtomotutError(f"{stack} has no {half} half {paths[0]}")
        sizes = [" x ".join(map(str, Stack(each).shape[::-1])) for each in (own, stack)]
        if sizes[0] != sizes[1]:
            raise EtomotutError(f"{own} is {sizes[0]}, its series {stack} {sizes[1]}")
        found.append(own)
    return found


def _mdoc_of(stack: Path, given: Dict[str, Path]) -> Optional[Path]:
    if given:
        found = given.get(stack.name.split(".")[0]) or (
            next(iter(given.values())) if len(given) == 1 else None
        )
        if found is None:
            raise EtomotutError(f"none of the mdoc files belongs to {stack}")
        return found
    beside = (stack.with_name(stack.name + ".mdoc"), stack.with_suffix(".mdoc"))
    return next((path for path in beside if path.is_file()), None)


def _angles_of(stack: Path, given: Dict[str, Path], views: int) -> Array:
    if given:
        path = given.get(stack.name.split(".")[0])
        if path is None and len(given) > 1:
            raise EtomotutError(f"none of the files of tilt angles belongs to {stack}")
        return tlt.read(path or next(iter(given.values())), views=views)
    for suffix in ANGLE_SUFFIXES:
        if stack.with_suffix(suffix).is_file():
            return tlt.read(stack.with_suffix(suffix), views=views)
    raise EtomotutError(
        f"{stack} has neither an mdoc file nor tilt angles beside it: give --tilt-angles or --mdoc"
    )


def _with_angles(name: str, path: Path, given: Dict[str, Path]) -> Series:
    stack = Stack(path)
    angles = _angles_of(path, given, len(stack))
    return Series(name, path, angles, pixel_size=stack.pixel_size or None)


def _with_mdoc(name: str, path: Path, mdoc: Path) -> Series:
    stack, about, views = Stack(path), read_mdoc(mdoc), _views_of(mdoc)
    if not views:
        raise FormatError(f"{mdoc} is not an mdoc file: it has no line [ZValue = ...]")
    if len(views) != len(stack):
        raise FormatError(f"{mdoc} has {len(views)} views, {path} {len(stack)}")
    angles = [_number(view.get("TiltAngle"), mdoc) for view in views]
    if None in angles:
        raise FormatError(f"{mdoc}: view {angles.index(None) + 1} has no TiltAngle")
    before = [_number(view.get("PriorRecordDose"), mdoc) for view in views]
    doses = [_number(view.get("ExposureDose"), mdoc) for view in views]
    for key, doses_of in (("PriorRecordDose", before), ("ExposureDose", doses)):
        wrong = [n for n, dose in enumerate(doses_of, 1) if dose is not None and dose < 0]
        if wrong:
            raise FormatError(f"{mdoc}: {key} of view {wrong[0]} is negative")
    pixel_size = _number(about.get("PixelSpacing"), mdoc)
    if pixel_size is not None and pixel_size < 0:
        raise FormatError(f"{mdoc}: PixelSpacing is {pixel_size:g}; it must be above 0")
    knows_doses = None not in before and None not in doses
    return Series(
        name,
        path,
        np.array(angles, float),
        mdoc,
        np.array(before, float) + np.array(doses, float) if knows_doses else None,
        pixel_size or stack.pixel_size or None,
        _number(about.get("TiltAxisAngle"), mdoc),
    )


def _require_tilted(series: Series) -> None:
    """Raise EtomotutError unless views and their tilt angles make a tilt series."""
    angles = series.tilt_angles
    if len(angles) < FEWEST_VIEWS:
        raise EtomotutError(
            f"{series.stack} has {len(angles)} view{'s' * (len(angles) > 1)}; a tilt series has "
            f"{FEWEST_VIEWS} or more"
        )
    source = series.mdoc or f"the tilt angles of {series.stack}"
    if np.ptp(angles) == 0:
        raise EtomotutError(f"{source}: all views have the tilt angle {angles[0]:g}")
    steepest = int(np.abs(angles).argmax())
    if abs(angles[steepest]) > STEEPEST:
        raise EtomotutError(
            f"{source}: view {steepest + 1} has {angles[steepest]:g} degrees; allowed is "
            f"+-{STEEPEST:g}"
        )


def _number(text: Optional[str], path: Path) -> Optional[float]:
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise FormatError(f"{path}: {quoted(text)} is no number")
    return number
