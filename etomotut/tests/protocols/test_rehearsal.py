"""Before a run it is known whether the installed programs have every option that a form gives."""

from __future__ import annotations

import pytest

import etomotut.protocols as stages
from etomotut import backends
from etomotut.backends import package_of
from etomotut.errors import EtomotutError
from etomotut.packages import IMOD_PACKAGE
from etomotut.programs import PROGRAMS, load
from etomotut.protocols.rehearsal import RESAMPLED
from etomotut.tests.protocols.test_commands import check, form

SIRT = {"fakeInteractionsSIRT": 9}
IMODS = [name for name in PROGRAMS if package_of(name) is IMOD_PACKAGE]


@pytest.fixture
def write_imod(tmp_path, monkeypatch):
    """Give a function that makes an IMOD whose programs have all options but those it is given."""

    def write(*lacking):
        for name in IMODS:
            options = [o.name for o in load(name).OPTIONS if not o.extra and o.name not in lacking]
            fields = "".join(f"[Field = {each}]\n" for each in options)
            (tmp_path / "autodoc" / f"{name}.adoc").write_text(fields)
        backends.known_options.cache_clear()
        return tmp_path

    for folder in ("bin", "autodoc"):
        (tmp_path / folder).mkdir()
    for name in IMODS:
        (tmp_path / "bin" / name).touch()
    found = {IMOD_PACKAGE: tmp_path}
    monkeypatch.setattr(backends, "find_package", lambda package, home="": found.get(package))
    yield write
    backends.known_options.cache_clear()


@pytest.mark.parametrize("name", [name for name in dir(stages) if name.startswith("Prot")])
def test_stages_rehearse_every_program_that_may_be_imods(name):
    stage, values = getattr(stages, name), form(name)
    needed = {each for each in stage.programs_for(values) if package_of(each) is IMOD_PACKAGE}
    commands = [*RESAMPLED, *stage.rehearsal(values)]
    check(commands)
    patches = {"tiltxcorr", "imodchopconts"} if "autofidseed" in needed else set()
    assert needed - patches <= {each for each, _ in commands}


@pytest.mark.parametrize(
    ("name", "option", "changes"),
    [
        ("ProtEtomotutXrayEraser", "GiantCriterion", {}),
        ("ProtEtomotutPreprocess", "AntialiasFilter", {}),
        ("ProtEtomotutDoseFilter", "DoseWeightingFile", {}),
        ("ProtEtomotutPrealign", "CumulativeCorrelation", {}),
        ("ProtEtomotutFiducialModel", "AdjustSizes", {}),
        ("ProtEtomotutFiducialModel", "LengthOfPieces", {"typeOfModel": 1}),
        ("ProtEtomotutFiducialAlignment", "RobustFitting", {}),
        ("ProtEtomotutApplyAlignment", "TaperAtFill", {}),
        ("ProtEtomotutReconstruct", "FakeSIRTiterations", SIRT),
        ("ProtEtomotutPosition", "FakeSIRTiterations", SIRT),
        ("ProtEtomotutCrop", "XStartAndEnd", {}),
        ("ProtEtomotutCtfCorrection", "DefocusTol", {}),
        ("ProtEtomotutTomo3d", "RotateX", {}),
        ("ProtEtomotutFilterTomograms", "FilterIn3D", {}),
    ],
)
def test_an_imod_that_lacks_what_a_form_gives_is_not_taken(write_imod, name, option, changes):
    protocol = getattr(stages, name)(**changes)
    folder = write_imod(option)
    assert protocol._choose_backend().imod is None
    protocol.backend.set(backends.IMOD)
    if name != "ProtEtomotutTomo3d":  # there is no tomo3d beside this IMOD
        with pytest.raises(EtomotutError, match=f"has no {option}: take a newer one"):
            protocol._choose_backend()
        write_imod()
        assert protocol._choose_backend().imod == folder


def test_what_a_form_does_not_give_is_not_missed(write_imod):
    folder = write_imod("FakeSIRTiterations", "MeanAndStandardDeviation")
    assert stages.ProtEtomotutReconstruct()._choose_backend().imod == folder
    assert stages.ProtEtomotutPreprocess()._choose_backend().imod == folder
