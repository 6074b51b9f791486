"""What stages do with bad input needs Scipion's classes, but no project."""

from __future__ import annotations

from etomotut.tests import scipion_home

collect_ignore_glob = [] if scipion_home.HAS_SCIPION else ["test_stages.py"]
