"""Marks every test here: modules stay free of pytest, so that Scipion's runner can load them."""

from __future__ import annotations

from pathlib import Path
from typing import List

import pytest

from etomotut.tests import scipion_home

collect_ignore_glob = [] if scipion_home.HAS_SCIPION else ["test_*.py"]


def pytest_collection_modifyitems(items: List[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in Path(str(item.fspath)).parents:
            for mark in (pytest.mark.scipion, pytest.mark.slow):
                item.add_marker(mark)
            item.add_marker(pytest.mark.filterwarnings("ignore"))
            if "WithImod" in item.nodeid:
                item.add_marker(pytest.mark.imod)
