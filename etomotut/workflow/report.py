"""The quality report of a project as a web page: `etomotut report PROJECT`."""

from __future__ import annotations

import argparse
import time
import webbrowser
from pathlib import Path
from typing import Any, Optional, Sequence

from etomotut.errors import EtomotutError

ENDING = "-report.html"  # of the page beside a project


def main(words: Optional[Sequence[str]] = None) -> int:
    """Run the command; gives the exit status."""
    arguments = _parser().parse_args(words)
    try:
        return run(arguments)
    except (EtomotutError, OSError) as error:
        print(f"ERROR: REPORT - {error}", flush=True)
        return 1


def run(arguments: argparse.Namespace) -> int:
    """Write the report of a project and say where it is; opens it if that is asked for."""
    folder = Path(arguments.project).absolute()
    if not (folder / "project.sqlite").is_file():
        raise EtomotutError(f"{folder} is no Scipion project")
    out = Path(arguments.out).absolute() if arguments.out else default_path(folder)

    from etomotut import headless

    headless.prepare(folder.parent)
    project = headless.open_project(folder.name, folder.parent)
    start = time.monotonic()
    page = write(project, out, run_id=arguments.run, tells=True)
    print(f"Report: {page} ({time.monotonic() - start:.0f} s)", flush=True)
    if arguments.open and not webbrowser.open(page.as_uri()):
        raise EtomotutError(f"no browser was found; open {page} in one")
    return 0


def write(project: Any, out: Path, *, run_id: Optional[int] = None, tells: bool = False) -> Path:
    """Write the report of an open project into a file or folder and give the page to open.

    With the number of a run it is about what led to that and came of it.
    """
    from etomotut.report.page import write_report
    from etomotut.workflow.dossiers import read_project

    found = read_project(project, run_id)

    def tell(ts_id: str) -> None:
        if tells:
            print(f"  {ts_id}", flush=True)

    return write_report(out, found, tell)


def default_path(folder: Path) -> Path:
    """Give where the report of a project goes if nobody says: beside its folder."""
    return folder.with_name(folder.name + ENDING)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="etomotut report",
        description="Write a web page on a Scipion project's tilt series: verdicts, views before "
        "and after alignment, residuals, solved curves, tomograms, CTF, and the commands that made "
        "them. It needs no network and no other file; of many series each has its own page.",
    )
    add = parser.add_argument
    add("project", metavar="PROJECT", help="folder of the project")
    add("--out", metavar="PATH", help=f"a .html file or a folder; default: PROJECT{ENDING}")
    add("--run", type=int, metavar="ID", help="only what led to this run and came of it")
    add("--open", action="store_true", help="show it in the browser")
    return parser
