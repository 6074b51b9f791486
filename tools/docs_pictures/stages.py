"""Pictures that the stages of a finished project left, for the tutorial, and its report.

PYTHONPATH=tools python -m docs_pictures.stages PROJECT PICTURES FOLDER: a project that `etomotut
run --all-branches` made of the small demo, its `--pictures`, and where they are to go. The report
is photographed by Chromium.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from docs_pictures.saving import save

KINDS = "views", "beads", "residuals", "solution", "tomogram"  # of the whole run
LEFT = {  # by stages, the first of a class: name, class, and which series shows it best
    "position": ("Position", "TS_02"),
    "denoised": ("Denoise", "TS_01"),
    "membranes": ("Tardis", "TS_01"),
    "overlap": ("CompareMasks", "TS_01"),
    "surfaces": ("Surfaces", "TS_01"),
    "erased": ("EraseFiducials", "TS_01"),
}
PAGE = 1280, 1500  # pixels of the report that are shown
HEAD = 96  # pixels above, which tell where the project lies


def main(project: Path, pictures: Path, folder: Path) -> None:
    """Make all pictures in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        _copy(pictures / f"TS_01_{kind}.png", folder, kind)
    for kind, (stage, name) in LEFT.items():
        found = sorted(project.glob(f"Runs/*_ProtEtomotut{stage}/extra/{name}/{name}_{kind}.png"))
        _copy(found[0], folder, kind)
    _shoot_report(project, folder)


def _copy(source: Path, folder: Path, kind: str) -> None:
    save(folder / f"stage-{kind}.png", Image.open(source))


def _shoot_report(project: Path, folder: Path) -> None:
    """Write the report of a project and take a picture of what comes first in it."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("the picture of the report needs chromium")
    with tempfile.TemporaryDirectory() as scratch:
        page, shot = Path(scratch) / "report.html", Path(scratch) / "report.png"
        command = Path(sys.executable).with_name("etomotut")
        subprocess.run([command, "report", project, "--out", page], check=True)
        words = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        size = ",".join(map(str, PAGE))
        words += [f"--window-size={size}", f"--screenshot={shot}", page.as_uri()]
        subprocess.run([browser, *words], check=True, stderr=subprocess.DEVNULL)
        save(folder / "report.png", Image.open(shot).crop((0, HEAD, *PAGE)))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
