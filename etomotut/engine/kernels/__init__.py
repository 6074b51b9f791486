"""Compiled loops, called from the engine only: typed arrays, written in place.

Importing this package makes sure that there is a folder where their machine code can be kept:
numba gives up where neither the package nor the user's own cache can be written.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import List

import numba


def _find_cache() -> str:
    """Give a folder of this user's for compiled code, made if needed; the first that works."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    places: List[Path] = [home / "etomotut", Path(tempfile.gettempdir()) / f"etomotut-{user}"]
    for place in places:
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            continue
        if _is_own(place) and os.access(place, os.W_OK):
            return str(place)
    return tempfile.mkdtemp(prefix="etomotut-")


def _is_own(place: Path) -> bool:
    """Say whether nobody else can put code there: it belongs to this user and is closed."""
    if not hasattr(os, "getuid"):
        return True
    status = place.stat()
    return status.st_uid == os.getuid() and not status.st_mode & 0o022


if not os.environ.get("NUMBA_CACHE_DIR") and not os.access(Path(__file__).parent, os.W_OK):
    setattr(numba.config, "CACHE_DIR", _find_cache())  # noqa: B010 - numba makes it at run time
