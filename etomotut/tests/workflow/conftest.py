"""These tests need Scipion's templates and variables, but no project."""

from __future__ import annotations

from etomotut.tests import scipion_home

collect_ignore_glob = [] if scipion_home.HAS_SCIPION else ["test_*.py"]
