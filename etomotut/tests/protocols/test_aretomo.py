"""AreTomo's commands, where it is found, and its results in the order of the series."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from etomotut import backends
from etomotut.backends import choose
from etomotut.engine import transforms as linear
from etomotut.formats import aln
from etomotut.packages import ARETOMO2_PACKAGE, ARETOMO3_PACKAGE, find_package
from etomotut.protocols import ProtEtomotutAreTomo
from etomotut.protocols.facts import Facts
from etomotut.protocols.job import ProgramError
from etomotut.protocols.protocol_aretomo import CORRECTED, in_order
from etomotut.tests.protocols.test_commands import check, form

STAGE = ProtEtomotutAreTomo
FILES = {"stack": "in/a.mrc", "angles": "in/a.rawtlt", "aligned": "out/b.mrc", "folder": "out"}


def commands(**changes):
    return STAGE.commands(form(STAGE.__name__, **changes), 5.5, 300.0, -95.0, FILES)


def command(**changes):
    return check(commands(**changes))[0]


def stand_in(folder: Path, name: str) -> Path:
    """Write a program that records its words and leaves an alignment, as AreTomo2 would."""
    path = folder / name
    text = aln.Alignment([0], linear.rotation(5.0)[None], np.zeros(1), [], (8, 8, 1))
    aln.write(folder / "model.aln", text)
    path.write_text(
        f"#!{sys.executable}\nimport json, pathlib, shutil, sys\n"
        f"json.dump(sys.argv[1:], open({str(folder / 'words.json')!r}, 'w'))\n"
        "out = pathlib.Path(sys.argv[sys.argv.index('-OutMrc') + 1])\n"
        f"shutil.copy({str(folder / 'model.aln')!r}, out.with_name('a.aln'))\n"
    )
    path.chmod(0o755)
    return path


def test_aretomo2_makes_no_tomogram_and_refines_the_axis():
    values = command()
    assert (values["InMrc"], values["OutMrc"], values["VolZ"]) == ("in/a.mrc", "out/b.mrc", 0)
    assert (values["TiltAxis"], values["TiltCor"]) == ((-95.0, 0.0), (0.0,))
    assert values["AlignZ"] == 218  # 1200 Å
    assert command(alignZ=300, refineTiltAngles=CORRECTED)["TiltCor"] == (1.0,)


def test_aretomo3_is_given_folder_and_name():
    values = command(program=1)
    assert (values["InPrefix"], values["InSuffix"], values["OutDir"]) == ("in/a", "mrc", "out")
    assert values["TiltAxis"] == (-95.0,)
    assert command(program=1, refineTiltAxis=0)["TiltAxis"] == (-95.0, -1.0)


def test_an_installed_aretomo_gets_numbers_as_words_of_their_own(tmp_path, monkeypatch):
    stand_in(tmp_path, "AreTomo2_1.1.3_Cuda121")
    monkeypatch.setenv("ARETOMO_HOME", str(tmp_path))
    (name, values), *_ = commands()
    words, absent = choose(backends.AUTO, ["aretomo2"]).command(name, values)
    assert not absent
    (tmp_path / "out").mkdir()
    subprocess.run(words, check=True, cwd=tmp_path)
    recorded = json.loads((tmp_path / "words.json").read_text())
    at = recorded.index("-TiltAxis")
    assert recorded[at : at + 3] == ["-TiltAxis", "-95", "0"]
    assert aln.read(tmp_path / "out" / "a.aln").sections == [0]


def test_the_binary_is_found_as_its_own_plugin_finds_it(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    for name in ("AreTomo2_1.0_Cuda11", "AreTomo2_1.1_Cuda12"):
        stand_in(tmp_path / "bin", name)
    monkeypatch.setenv("ARETOMO_HOME", str(tmp_path))
    monkeypatch.setenv("ARETOMO_BIN", "AreTomo2_1.1_Cuda12")
    assert find_package(ARETOMO2_PACKAGE) == tmp_path
    file = ARETOMO2_PACKAGE.file(tmp_path, "aretomo2")
    assert file == tmp_path / "bin" / "AreTomo2_1.1_Cuda12"
    assert find_package(ARETOMO3_PACKAGE) is None


def test_results_come_in_the_order_of_the_series_and_dark_views_keep_their_angle():
    found = aln.Alignment(
        [2, 0], linear.rotation(5.0)[None].repeat(2, 0), np.array([1.0, 2.0]), [1], (8, 8, 3)
    )
    transforms, angles, dark = in_order(found, np.array([-3.0, 0.0, 3.0]))
    assert (angles.tolist(), dark.tolist()) == ([2.0, 0.0, 1.0], [False, True, False])
    assert np.allclose(transforms[1], linear.IDENTITY)
    with pytest.raises(ProgramError, match="3 views, the series has 4"):
        in_order(found, np.zeros(4))


def test_what_the_programs_cannot_do_is_refused():
    def problems(facts, **changes):
        return STAGE.problems(form(STAGE.__name__, **changes), facts)

    good = Facts(size=(360, 256, 41), items=1, axis_angle=4.0)
    assert problems(good) == []
    assert "each view" in problems(good, program=1, refineTiltAxis=2)[0]
    assert "GPU" in problems(good, gpuList="a")[0]
    assert "not known" in problems(Facts())[0]
    assert "interpolated" in problems(Facts(axis_angle=0.0, is_interpolated=True))[0]


def test_dark_views_and_offsets_are_told():
    numbers = {"views": 39, "dark": 2, "rotation": -95.2, "largest_shift": 12.3, "offset": -2.5}
    told = STAGE.describe(STAGE, {**numbers, "is_local": False})
    assert "39 views aligned" in told and "2 dark views disabled" in told
    assert "moved by -2.50 degrees" in told
