"""Metadata as microscopes leave them."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from etomotut.demo import PRESETS, mdoc
from etomotut.demo.geometry import make_views

TINY = PRESETS["tiny"][0]

IMPORT = """
from tomo.convert.mdoc import MDoc
found = MDoc("TS_01.mrc.mdoc")
assert not found.read(isImportingTsMovies=False)
views = found.getTiltsMetadata()
print(found.getTsId(), found.getTiltAxisAngle(), found.getSamplingRate(), found.getVoltage())
print(views[0].getTiltAngle(), views[0].getAcqOrder(), views[0].getAccumDose())
"""


def written(folder, **changes):
    parameters = replace(TINY, **changes)
    views = make_views(parameters, np.random.default_rng(1))
    mdoc.write(folder / "TS_01.mrc.mdoc", "TS_01.mrc", parameters, views)
    return views, (folder / "TS_01.mrc.mdoc").read_text()


def test_every_view_has_its_section_in_the_order_of_the_stack(tmp_path):
    views, text = written(tmp_path)
    sections = text.split("[ZValue = ")[1:]
    assert [int(section.split("]")[0]) for section in sections] == list(range(21))
    tilts = [float(section.split("TiltAngle = ")[1].split()[0]) for section in sections]
    assert tilts == views.angles.tolist()


def test_the_header_tells_pixel_size_voltage_and_tilt_axis(tmp_path):
    head = written(tmp_path, axis_angle=-94.6)[1].split("[ZValue")[0]
    assert "PixelSpacing = 11.04\nVoltage = 300\nImageFile = TS_01.mrc\n" in head
    assert "[T =     Tilt axis angle = -94.60, binning = 1  spot = 8  camera = 0]" in head


def test_an_upright_axis_is_not_written_as_zero(tmp_path):
    assert "Tilt axis angle = 0.01," in written(tmp_path, axis_angle=0.0)[1]
    assert "\nRotationAngle = 0.01\n" in written(tmp_path, axis_angle=-90.0)[1]


@pytest.mark.scipion
def test_scipions_importer_accepts_it(tmp_path):
    pytest.importorskip("tomo")
    written(tmp_path)
    (tmp_path / "TS_01.mrc").write_bytes(b"")
    (tmp_path / "hosts.conf").write_text("[localhost]\nPARALLEL_COMMAND = mpirun\n")
    places = {"SCIPION_HOME": tmp_path, "SCIPION_HOSTS": tmp_path / "hosts.conf"}
    environment = {**os.environ, "SCIPION_DOMAIN": "pwem", "SCIPION_USER_DATA": str(tmp_path)}
    environment.update({name: str(place) for name, place in places.items()})
    found = subprocess.run(
        [sys.executable, "-c", IMPORT],
        cwd=tmp_path, env=environment, check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    assert found[-2:] == ["TS_01 -95.0 11.04 300", "-60.00 20 60.0"]
