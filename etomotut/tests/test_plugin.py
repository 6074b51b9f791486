"""Scipion finds the plugin by its package, and other plugins keep their variables."""

from __future__ import annotations

import subprocess
import sys

import pytest

import etomotut
from etomotut.tests import scipion_home

pytestmark = pytest.mark.skipif(not scipion_home.HAS_SCIPION, reason="no Scipion here")


def test_the_embedded_programs_need_no_scipion():
    code = "import sys, etomotut.__main__, etomotut.programs; print('pwem' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    assert run.stdout.strip() == b"False"


def test_the_package_gives_its_plugin_and_nothing_that_is_not_there():
    assert etomotut.Plugin.__module__ == "etomotut"
    with pytest.raises(AttributeError, match="no attribute 'plugins'"):
        etomotut.plugins


def test_imods_own_plugin_keeps_its_folder(monkeypatch):
    variables = {"IMOD_HOME": "/theirs"}
    monkeypatch.setattr(etomotut.Plugin, "_vars", variables)
    etomotut.Plugin._defineVariables()
    assert variables["IMOD_HOME"] == "/theirs"
    assert variables.pop("IMOD_HOME") and set(variables.values()) == {""}


def test_the_folder_of_imod_is_asked_for_where_nobody_did(monkeypatch):
    monkeypatch.setenv("IMOD_HOME", "/ours")
    monkeypatch.setattr(etomotut.Plugin, "_vars", {})
    etomotut.Plugin._defineVariables()
    assert etomotut.Plugin.getVar("IMOD_HOME") == "/ours"


def test_the_imported_tilt_axis_fills_the_form():
    from types import SimpleNamespace

    from etomotut.tests.scipion_objects import acquisition
    from etomotut.wizards import TiltAxisWizard

    filled = {}
    items = SimpleNamespace(getAcquisition=lambda: acquisition(-95.0))
    protocol = SimpleNamespace(inputSetOfTiltSeries=SimpleNamespace(get=lambda: items))
    form = SimpleNamespace(protocol=protocol, setVar=filled.__setitem__)
    TiltAxisWizard().show(form)
    assert filled == {"tiltAxisAngle": -95.0}
