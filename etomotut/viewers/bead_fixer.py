"""3dmod on a fiducial model with its Bead Fixer ready: residuals read, diameter and mode set.

Bead Fixer takes residuals from what tiltalign printed, and runs tiltalign again from the command
file of the same name beside it. Both are made in a folder of their own, in which 3dmod then runs.
What Bead Fixer shall open is told to 3dmod on its standard input, for which it listens with -L
(IMOD's manual pages 3dmod and imodsendevent).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from etomotut.backends import Backend
from etomotut.convert.fiducials import count_gaps
from etomotut.convert.series import FULL, Series
from etomotut.errors import EtomotutError
from etomotut.formats import model
from etomotut.protocols.forms import values_of
from etomotut.protocols.job import Job, safe_name
from etomotut.protocols.protocol_fiducial_alignment import ENDINGS, ProtEtomotutFiducialAlignment
from etomotut.viewers import imod

LISTENING = ("-E", "F1", "-L")  # with Bead Fixer open, in the mode in which points are set
TELL = "14 Bead Fixer"  # what begins a message for it
LOG, DIAMETER, MODE = 1, 5, 6  # its messages: open a log, set the diameter, the mode
GAPS, RESIDUALS = 1, 2  # its modes


def call(backend: Backend, series: Series, landmarks: Any, folder: Path) -> imod.Call:
    """Give the call that shows Scipion's landmark model of a series in 3dmod and Bead Fixer.

    The stack that it was made on and the files of its alignment are written into `folder`. Where
    the marks do not tell an alignment, there are no residuals to look at, only gaps.
    """
    path = Path(landmarks.getModelName()).absolute()
    words = imod.model_words(backend, series, str(path), folder)
    place = folder.absolute() / f"{safe_name(series.ts_id)}_{imod.short_key([path])}"
    job = Job(series.ts_id, None, place, place, {FULL: ""}, backend, 1, series, say=_nobody_hears)
    job.start()
    found = model.read(path)
    rows, tracks = model.tracks(found)
    is_solved = _solve(job, path, found.size[:2], are_beads=landmarks.getSize() > 0)
    has_gaps = bool(landmarks.getSize()) and count_gaps(rows, tracks, found.size[2]) > 0
    messages = [f"{TELL} {LOG} {job.name}.log"] if is_solved else []
    if landmarks.getSize():
        messages.append(f"{TELL} {DIAMETER} {round(landmarks.getSize() / series.pixel_size)}")
    messages.append(f"{TELL} {MODE} {RESIDUALS if is_solved and not has_gaps else GAPS}")
    return imod.Call([words[0], *LISTENING, *words[1:]], place, " ".join(messages))


def _solve(job: Job, path: Path, size: Any, *, are_beads: bool) -> bool:
    """Solve a model as the stage would, for its log and its command file; tell whether it could."""
    files = {name: job.temporary(ending) for name, ending in ENDINGS.items()}
    assert job.series is not None
    try:
        about = {
            "size": size,
            "pixel_size": job.series.pixel_size,
            "axis_angle": job.series.axis_after_transforms(),
            "are_beads": are_beads,
        }
        files.update(model=str(path), nominal=job.write_angles())
        form = values_of(ProtEtomotutFiducialAlignment())
        ((name, values),) = ProtEtomotutFiducialAlignment.commands(form, about, files)
        job.write_command_file(name, values, job.temporary(".com"))
        job.run([(name, values)], log=".log")
    except EtomotutError:
        return False
    return True


def _nobody_hears(line: str) -> None:
    pass
