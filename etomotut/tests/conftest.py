"""Fixtures that many tests share."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Callable

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as programs have it; read when numpy is imported


@pytest.fixture(scope="session")
def reference() -> Path:
    """Folder of stored IMOD outputs on a series with known truth; skips where it is absent."""
    return _shared("reference")


@pytest.fixture(scope="session")
def real_series() -> Path:
    """Folder of a real tilt series; skips where it is absent."""
    return _shared("data/position14")


@pytest.fixture(scope="session")
def imod() -> Callable[[str], str]:
    """Give the path of an IMOD program; skips where IMOD is not on PATH."""

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None or "IMOD_DIR" not in os.environ:
            pytest.skip(f"no IMOD here ({name} is not on PATH or IMOD_DIR is not set)")
        return path

    return find


def _shared(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"no folder {name} beside the checkout")
    return folder
