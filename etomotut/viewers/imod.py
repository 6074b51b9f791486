"""3dmod over what Scipion's objects say, where IMOD is installed.

A model is shown over the stack it was made on: the used views, with their transforms. Such a stack
is written once into a folder of the project and again when its source is newer or its transforms
are others.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, List, Optional, Sequence

import numpy as np
import numpy.typing as npt

from etomotut.backends import Backend
from etomotut.convert.series import FULL, Series
from etomotut.errors import EtomotutError
from etomotut.formats import tlt
from etomotut.formats.mrc import Stack
from etomotut.packages import IMOD_PACKAGE, find_package
from etomotut.protocols.job import Job, safe_name

GRACE = 1.5  # seconds in which a 3dmod that cannot run ends
_running: List[Any] = []  # one that listens goes on doing so while it is kept here


@dataclass(frozen=True)
class Call:
    """A command line, the folder to run it in, and what is written to its standard input."""

    words: Sequence[str]
    folder: Optional[Path] = None
    message: str = ""


def imod_with_3dmod(home: str = "") -> Optional[Backend]:
    """Give the IMOD that has 3dmod, None if there is none; `home` is where the user says it is."""
    folder = find_package(IMOD_PACKAGE, home)
    if folder is None or not (folder / "bin" / "3dmod").is_file():
        return None
    return Backend(folder)


def series_words(backend: Backend, series: Series, folder: Path) -> List[str]:
    """Give the command line that shows a series, aligned if it has an alignment.

    The stack of an aligned series and the tilt angles are written into `folder` if need be.
    """
    if series.is_aligned:
        stack, angles = prepared_stack(backend, series, folder), series.tilt_angles()
    else:
        stack = Path(series.files[FULL]).absolute()
        angles = np.array([view.tilt_angle for view in series.views])
    if len(angles) != Stack(stack).shape[0]:
        return [_program(backend), str(stack)]
    return [_program(backend), "-a", _angles_file(series, angles, folder), str(stack)]


def model_words(backend: Backend, series: Series, model: str, folder: Path) -> List[str]:
    """Give the command line that shows a fiducial model over the stack that it was made on.

    That stack, of the used views with their transforms, is written into `folder` if need be.
    """
    stack = prepared_stack(backend, series, folder)
    angles = _angles_file(series, series.tilt_angles(), folder)
    return [_program(backend), "-m", "-a", angles, str(stack), str(Path(model).absolute())]


def tomogram_words(backend: Backend, path: str) -> List[str]:
    """Give the command line that shows a tomogram."""
    return [_program(backend), str(Path(path).absolute())]


def without_transforms(series: Series) -> Series:
    """Give a series whose views are to be taken as they were recorded."""
    return replace(series, views=[replace(view, transform=None) for view in series.views])


def prepared_stack(backend: Backend, series: Series, folder: Path) -> Path:
    """Give the stack of the used views with their transforms, written into `folder` if need be.

    One that is older than its source is written again; other views or transforms have another
    name. Where the source itself is that stack, it is given.
    """
    source = Path(series.files[FULL])
    kept = place_of_stack(series, folder)
    if kept.is_file() and kept.stat().st_mtime >= source.stat().st_mtime:
        return kept.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="newstack-", dir=folder))
    try:
        job = Job(
            series.ts_id,
            None,
            scratch / safe_name(series.ts_id),
            scratch,
            {FULL: str(source)},
            backend,
            os.cpu_count() or 1,
            series,
            say=lambda line: None,
        )
        made = Path(job.prepared())
        if made == source:
            return source.absolute()
        os.replace(made, kept)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return kept.absolute()


def place_of_stack(series: Series, folder: Path) -> Path:
    """Give the name of a prepared stack, which tells source, used views and transforms apart."""
    source = str(Path(series.files[FULL]).absolute())
    digest = short_key([source, *map(repr, series.views)])
    return folder / f"{safe_name(series.ts_id)}_{digest}.mrc"


def launch(call: Call) -> None:
    """Start 3dmod on its own.

    Raises EtomotutError if it ends at once with an error, with the last that it said.
    """
    folder = Path(call.words[0]).parents[1]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            list(call.words),
            cwd=call.folder,
            env=Backend(folder).environment(os.cpu_count() or 1),
            stdin=subprocess.PIPE if call.message else subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            text=True,
        )
        if process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # why it ended is told below
                process.stdin.write(f"{call.message}\n")
                process.stdin.flush()
        _running.append(process)
        end = time.monotonic() + GRACE
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        _close_ended()
        if process.returncode:
            said.seek(0)
            lines = [line for line in said.read().decode(errors="replace").splitlines() if line]
            raise EtomotutError(f"3dmod: {lines[-1] if lines else 'it said nothing'}")


def _close_ended() -> None:
    """Close what was written to by those that have ended, and forget them."""
    for each in [each for each in _running if each.poll() is not None]:
        _running.remove(each)
        if each.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                each.stdin.close()


def _program(backend: Backend) -> str:
    assert backend.imod is not None
    return str(backend.imod / "bin" / "3dmod")


def _angles_file(series: Series, angles: npt.ArrayLike, folder: Path) -> str:
    """Write the tilt angles of a stack into a folder and give the file's name."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{safe_name(series.ts_id)}_{short_key(np.asarray(angles).tolist())}.tlt"
    tlt.write(path, angles)
    return str(path.absolute())


def short_key(values: Sequence[object]) -> str:
    """Give a short name that tells values apart."""
    text = "\n".join(map(str, values))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
