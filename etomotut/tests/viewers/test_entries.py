"""Scipion finds our viewers, and they open without IMOD and without Tk being loaded at start."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest
from pyworkflow.viewer import MessageView, Viewer
from tomo.objects import (
    LandmarkModel,
    SetOfCoordinates3D,
    SetOfCTFTomoSeries,
    SetOfLandmarkModels,
    SetOfTiltSeries,
    SetOfTomograms,
    SetOfTomoMasks,
)

from etomotut import protocols, viewers
from etomotut.tests.viewers import sets
from etomotut.viewers import entries
from etomotut.viewers.entries import WindowView

CLASSES = {each.__name__: each for each in (getattr(viewers, n) for n in viewers.__all__)}


@pytest.fixture
def project(tmp_path):
    return SimpleNamespace(getTmpPath=lambda *names: str(tmp_path.joinpath("Tmp", *names)))


def test_names_in_the_menu_and_of_classes_are_ours_and_plain():
    names = [each.getName() for each in CLASSES.values()]
    assert len(set(names)) == len(names)
    assert all(name.startswith("Etomotut") for name in CLASSES)
    assert not any("tomotut" in name for name in names)


def test_scipion_finds_nothing_but_the_viewers():
    found = [v for v in vars(viewers).values() if isinstance(v, type) and issubclass(v, Viewer)]
    assert sorted(each.__name__ for each in found) == sorted(CLASSES)


@pytest.mark.parametrize(
    "kind, viewer",
    [
        (SetOfTiltSeries, "EtomotutSeriesViewer"),
        (SetOfLandmarkModels, "EtomotutFiducialViewer"),
        (SetOfTomograms, "EtomotutTomogramViewer"),
        (SetOfTomoMasks, "EtomotutTomogramViewer"),
        (SetOfCTFTomoSeries, "EtomotutCtfViewer"),
        (SetOfCoordinates3D, "EtomotutCoordinatesViewer"),
        (protocols.ProtEtomotutImportCtf, "EtomotutCtfViewer"),
        (protocols.ProtEtomotutFiducialAlignment, "EtomotutAlignmentViewer"),
        (protocols.ProtEtomotutReconstruct, "EtomotutResultsViewer"),
        (protocols.ProtEtomotutPosition, "EtomotutResultsViewer"),
        (protocols.ProtEtomotutTomo3d, "EtomotutResultsViewer"),
        (protocols.ProtEtomotutCtfCorrection, "EtomotutResultsViewer"),
        (protocols.ProtEtomotutDenoise, "EtomotutResultsViewer"),
        (protocols.ProtEtomotutFilterTomograms, "EtomotutResultsViewer"),
        (protocols.ProtEtomotutDoseFilter, "EtomotutResultsViewer"),
        (protocols.ProtEtomotutEraseFiducials, "EtomotutResultsViewer"),
        (protocols.ProtEtomotutTardis, "EtomotutResultsViewer"),
        (protocols.ProtEtomotutMemBrain, "EtomotutResultsViewer"),
        (protocols.ProtEtomotutSkeleton, "EtomotutResultsViewer"),
        (protocols.ProtEtomotutCompareMasks, "EtomotutResultsViewer"),
        (protocols.ProtEtomotutSurfaces, "EtomotutSurfaceViewer"),
        (protocols.ProtEtomotutEditFiducials, "EtomotutFiducialEditor"),
        (protocols.ProtEtomotutCurateFiducials, "EtomotutResultsViewer"),
    ],
)
def test_what_we_make_can_be_looked_at(kind, viewer):
    able = [name for name, each in CLASSES.items() if each.can_handle_this(kind.mro())]
    others = {"EtomotutImodViewer", "EtomotutReportViewer", "EtomotutFiducialEditor"} - {viewer}
    assert [name for name in able if name not in others] == [viewer]


def test_fiducial_models_open_with_beads_and_series_with_what_can_exclude_views():
    names = sorted([*viewers.__all__, "AATomoDataViewer", "AMDViewer", "DataViewer"])
    assert names[:2] == ["AATomoDataViewer", "AEtomotutFiducialViewer"]
    assert names.index("AEtomotutTomogramViewer") < names.index("AMDViewer")


def test_3dmod_is_offered_only_where_it_is(monkeypatch):
    monkeypatch.setattr(entries, "imod_with_3dmod", lambda home: None)
    handle = entries.EtomotutImodViewer.can_handle_this
    assert handle(SetOfTomograms.mro(), SetOfTomograms()) is None
    monkeypatch.setattr(entries, "imod_with_3dmod", lambda home: "somewhere")
    assert handle(SetOfTomograms.mro(), SetOfTomograms()) is SetOfTomograms


def test_a_set_becomes_one_window(tmp_path, project):
    found = entries.EtomotutSeriesViewer(project=project)._visualize(sets.series_set(tmp_path))
    assert [type(each) for each in found] == [WindowView]


def test_all_kinds_of_sets_are_listed(tmp_path, project):
    listing = entries.EtomotutSeriesViewer(project=project)._listing()
    start = sets.series_set(tmp_path)
    for each in (start, sets.model_set(tmp_path, start), sets.tomogram_set(tmp_path)):
        items = listing.of(each)
        assert sets.names(items) == ["TS_1"]
        assert items[0].load() is not None


def test_single_objects_are_shown_too(tmp_path, project):
    start = sets.series_set(tmp_path)
    models, tomograms = sets.model_set(tmp_path, start), sets.tomogram_set(tmp_path)
    listing = entries.EtomotutSeriesViewer(project=project)._listing()
    for each in (start.getFirstItem(), models[1], tomograms.getFirstItem()):
        assert listing.of(each)[0].load() is not None


def test_an_alignment_shows_marks_in_all_frames(tmp_path, project):
    (tmp_path / "aligned").mkdir()
    start = sets.series_set(tmp_path)
    protocol = SimpleNamespace(
        TiltSeries=sets.series_set(tmp_path / "aligned", axis=2.0),
        FiducialModelNoGaps=sets.model_set(tmp_path, start),
        TiltSeriesCoordinates=sets.coordinate_set(tmp_path, start),
    )
    listing = entries.EtomotutAlignmentViewer(project=project)._listing()
    (item,) = listing.of_alignment(protocol, {"TS_1": "0.50 px"})
    assert item.about == "0.50 px"
    assert list(item.load().frames) == ["as recorded", "as tracked", "aligned"]
    assert len(item.find().positions) == 3


def test_results_that_are_not_there_yet_are_no_error(tmp_path, project):
    protocol = SimpleNamespace(_getExtraPath=lambda *names: str(tmp_path.joinpath(*names)))
    for name in ("EtomotutAlignmentViewer", "EtomotutResultsViewer"):
        (found,) = CLASSES[name](project=project)._visualize(protocol)
        assert isinstance(found, MessageView)
        assert "nothing to show yet" in found.getMessage()


def test_results_come_with_the_pictures_that_their_stage_left(tmp_path, project):
    for name in ("TS_1/TS_1_denoised.png", "TS_1/TS_1.mrc", "TS_1/other.png", "TS_12/TS_12_a.png"):
        (tmp_path / "extra" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "extra" / name).touch()
    folder = lambda *names: str(tmp_path.joinpath("extra", *names))  # noqa: E731
    protocol = SimpleNamespace(
        _getExtraPath=folder, iterInputAttributes=list, Tomograms=sets.tomogram_set(tmp_path)
    )
    (item,) = entries.EtomotutResultsViewer(project=project)._items(protocol)
    assert item.pictures == {"Denoised": tmp_path / "extra" / "TS_1" / "TS_1_denoised.png"}
    assert item.load() is not None


def test_a_model_that_lost_its_series_says_so(project):
    (found,) = entries.EtomotutFiducialViewer(project=project)._visualize(LandmarkModel("TS_1"))
    assert "does not say on which tilt series" in found.getMessage()


def test_tomograms_of_our_alignment_have_its_beads(tmp_path):
    coordinates = object()
    alignment = SimpleNamespace(TiltSeriesCoordinates=coordinates, iterInputAttributes=list)
    for _ in range(2):  # reconstruction, crop
        pointer = SimpleNamespace(getObjValue=lambda parent=alignment: parent)
        alignment = SimpleNamespace(iterInputAttributes=lambda p=pointer: [("input", p)])
    assert entries._coordinates_behind(alignment) is coordinates


def test_tomograms_can_stand_beside_those_of_other_runs_by_their_names(tmp_path, project):
    (tmp_path / "other").mkdir()
    tomograms, other = sets.tomogram_set(tmp_path), sets.tomogram_set(tmp_path / "other")
    makers = [("7. SIRT", tomograms), ("8. denoise", other), ("9. empty", SetOfTomograms())]
    project.getRuns = lambda: [
        SimpleNamespace(
            getRunName=lambda name=name: name,
            iterOutputAttributes=lambda kind, made=made: [("Tomograms", made)],
        )
        for name, made in makers
    ]
    (item,) = entries.EtomotutTomogramViewer(project=project)._listing().of(tomograms)
    assert list(item.beside()) == ["8. denoise"]
    assert item.beside()["8. denoise"]().size == (60, 40, 10)


def test_no_window_is_loaded_before_one_is_opened():
    code = (
        "from etomotut.tests import scipion_home; import sys, etomotut.viewers; "
        "print([n for n in sys.modules if n.startswith('etomotut.viewers.windows')])"
    )
    words = [sys.executable, "-W", "ignore", "-c", code]
    said = subprocess.run(words, stdout=subprocess.PIPE, check=True, text=True).stdout
    assert said.strip().splitlines()[-1] == "[]"
