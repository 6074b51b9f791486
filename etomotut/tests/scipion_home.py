"""A Scipion of its own for the tests, in a folder that is removed at their end.

Importing this module is what prepares it: pyworkflow reads its settings when it is imported, so
this must come first. Where Scipion runs the tests itself, its own settings stay.
"""

from __future__ import annotations

import atexit
import importlib
import importlib.util
import shutil
import tempfile
import warnings

from etomotut import headless

HAS_SCIPION = importlib.util.find_spec("tomo") is not None

if HAS_SCIPION:
    FOLDER = tempfile.mkdtemp(prefix="etomotut-tests-")
    atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
    headless.prepare(FOLDER)
    with warnings.catch_warnings():  # those of other packages are not ours to mend
        warnings.simplefilter("ignore")
        importlib.import_module("tomo.protocols")
