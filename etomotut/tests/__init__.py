"""Tests; they mirror the package.

Those that run stages in a project are for Scipion's runner, too: `scipion3 tests --grep etomotut
--show` lists them.
"""

from __future__ import annotations

import importlib.util
import unittest
from pathlib import Path
from typing import Optional


def load_tests(
    loader: unittest.TestLoader, found: unittest.TestSuite, pattern: Optional[str]
) -> unittest.TestSuite:
    """Give Scipion's runner, which an installed Scipion has without pytest, what it can run."""
    has_pytest = importlib.util.find_spec("pytest") is not None
    for path in sorted((Path(__file__).parent / "projects").glob(pattern or "test*.py")):
        if has_pytest or "import pytest" not in path.read_text(encoding="utf-8"):
            found.addTests(loader.loadTestsFromName(f"{__name__}.projects.{path.stem}"))
    return found
