"""Scipion's window on a project: `etomotut gui [PROJECT]`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Optional, Sequence

from etomotut import headless


def main(words: Optional[Sequence[str]] = None) -> int:
    """Open a project, or the list of projects where none is named, and become that window."""
    arguments = list(sys.argv[1:] if words is None else words)
    if arguments[:1] in (["-h"], ["--help"], ["-help"]) or len(arguments) > 1:
        print("Usage: etomotut gui [PROJECT]\n\nOpens Scipion's window on a project folder.")
        return 0 if len(arguments) == 1 else 2
    folder = Path(arguments[0]).absolute() if arguments else None
    if folder is not None and not (folder / "project.sqlite").is_file():
        print(f"ERROR: GUI - {folder} is no Scipion project")
        return 1
    headless.prepare(folder.parent if folder else Path.cwd())
    what = ["project", folder.name] if folder else ["manager"]
    os.execv(sys.executable, [sys.executable, "-m", "scipion", *what])
    return 0
