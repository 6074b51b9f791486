"""Each stage's commands, from the values of its form: programs know every option given."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import etomotut.protocols as stages
from etomotut.backends import Backend
from etomotut.errors import EtomotutError
from etomotut.packages import IMOD_PACKAGE, find_package
from etomotut.protocols.protocol_fiducial_model import pair
from etomotut.protocols.protocol_tomo3d import residual_of
from etomotut.tests.protocols.test_names import form_of

TOO_NEW = {"DoseWeightingFile", "FakeSIRTiterations"}  # for IMOD 4.8: stages ask before they run


def form(name, **changes):
    """Give a stage's form with its defaults and changes to them."""
    values = form_of(name)
    assert changes.keys() <= values.keys()
    return SimpleNamespace(**{**values, **changes})


def check(commands):
    """Compose all commands, which refuses unknown options and values, and give their values.

    Where IMOD is installed, they are composed for it, too; it may be too old for a few.
    """
    imod = find_package(IMOD_PACKAGE)
    for name, values in commands:
        Backend().command(name, values)
        if imod is not None and not TOO_NEW & {n for n, value in values.items() if value}:
            Backend(imod).command(name, values)
    return [values for _, values in commands]


def test_xrays_are_erased_with_the_tutorials_criteria():
    eraser = stages.ProtEtomotutXrayEraser
    (values,) = check(eraser.commands(form(eraser.__name__), "a.st", "b.st", "c.mod"))
    wanted = {"PeakCriterion": 8, "DiffCriterion": 6, "BigDiffCriterion": 19, "MaximumRadius": 4.2}
    assert values.items() >= wanted.items()
    assert values["PointModel"] == "c.mod"


def preprocess(**changes):
    stage = stages.ProtEtomotutPreprocess
    return check(stage.commands(form(stage.__name__, **changes), "a.st", "b.st"))[0]


def test_preprocessing_bins_and_leaves_densities_as_they_are():
    values = preprocess()
    assert (values["BinByFactor"], values["AntialiasFilter"], values["ModeToOutput"]) == (4, 6, 2)
    assert not {"FloatDensities", "MeanAndStandardDeviation", "ScaleMinAndMax"} & values.keys()


def test_limits_go_to_newstack_minimum_first():
    values = preprocess(floatDensities=4, scaleMin=10.0, scaleMax=200.0)
    assert values["FloatDensities"] == 4
    assert values["ScaleMinAndMax"] == (10.0, 200.0)


def test_a_common_mean_and_sd_is_one_option_alone():
    values = preprocess(floatDensities=2, scaleMean=5.0)
    assert values["MeanAndStandardDeviation"] == (5.0, 1.0)
    assert "FloatDensities" not in values


def test_a_series_that_is_not_binned_is_not_filtered():
    assert preprocess(binning=1)["AntialiasFilter"] is None
    assert preprocess(antialias=0)["AntialiasFilter"] is None


def test_prealignment_correlates_and_brings_all_to_one_frame():
    stage = stages.ProtEtomotutPrealign
    files = {"angles": "a.rawtlt", "steps": "a.prexf", "frame": "a.prexg"}
    shifts, frame = check(stage.commands(form(stage.__name__, xmin=5, xmax=90), -95.0, "a", files))
    assert shifts["RotationAngle"] == -95.0
    assert shifts["CumulativeCorrelation"]
    assert shifts["XMinAndMax"] == (5, 90)
    assert "YMinAndMax" not in shifts
    assert (frame["InputFile"], frame["GOutputFile"], frame["NumberToFit"]) == (
        "a.prexf",
        "a.prexg",
        0,
    )


BEAD_FILES = {name: f"a.{name}" for name in ("track", "seed", "model", "info", "folder", "again")}


def bead_commands(diameter=9.06, **changes):
    stage = stages.ProtEtomotutFiducialModel
    values = form(stage.__name__, **changes)
    files = {"InputSeedModel": "a.seed", "OutputModel": "a.model", "ImageFile": "a.st"}
    tracking = {**files, **stage.tracking(values, diameter, 4.2)}
    return check(stage.bead_commands(values, tracking, BEAD_FILES))


def test_curation_looks_for_beads_of_the_models_size():
    stage = stages.ProtEtomotutCurateFiducials
    names = ("model", "curated", "changes", "stack", "angles")
    (values,) = check(stage.commands(-95.0, 9.06, {name: f"a.{name}" for name in names}))
    assert (values["BeadDiameter"], values["RotationAngle"]) == (9.06, -95.0)
    assert (values["InputModel"], values["OutputModel"]) == ("a.model", "a.curated")
    assert values["CurationFile"] == "a.changes"


def test_beads_are_tracked_again_from_all_marks_of_the_first_round():
    seed, first, second = bead_commands()
    assert (seed["TargetNumberOfBeads"], seed["TwoSurfaces"]) == (40, True)
    assert (first["InputSeedModel"], first["OutputModel"]) == ("a.seed", "a.model")
    assert (second["InputSeedModel"], second["OutputModel"]) == ("a.model", "a.again")
    assert len(bead_commands(doTrackWithModel=False)) == 2


def test_the_search_box_grows_with_the_bead():
    assert bead_commands(9.06)[1]["BoxSizeXandY"] == (38, 38)
    assert bead_commands(40.0)[1]["BoxSizeXandY"] == (134, 134)
    assert bead_commands(400.0)[1]["BoxSizeXandY"] == (512, 512)


def test_distances_grow_with_beads_larger_than_they_are_meant_for():
    assert bead_commands(9.06)[1]["DistanceRescueCriterion"] == 10
    assert bead_commands(25.0)[1]["DistanceRescueCriterion"] == 20


def patch_commands(**changes):
    stage = stages.ProtEtomotutFiducialModel
    files = {"stack": "a.st", "angles": "a.tlt", "patches": "p.fid", "model": "a.fid"}
    values = form(stage.__name__, typeOfModel=1, **changes)
    return check(stage.patch_commands(values, 4.2, (41, 400, 300), files))


def test_patches_are_sized_by_the_image_unless_they_are_typed():
    assert patch_commands()[0]["SizeOfPatchesXandY"] == (75, 75)
    assert patch_commands(sizeOfPatches="120, 80")[0]["SizeOfPatchesXandY"] == [120, 80]
    assert patch_commands(sizeOfPatches="120")[0]["SizeOfPatchesXandY"] == [120, 120]


def test_patches_need_no_transforms_of_a_series_without():
    assert patch_commands()[0]["PrealignmentTransformFile"] is None


def alignment(are_beads=True, **changes):
    stage = stages.ProtEtomotutFiducialAlignment
    names = ("model", "nominal", "residuals", "positions", "angles", "x_tilts", "transforms")
    files = {name: f"a.{name}" for name in (*names, "points", "filled")}
    about = {"size": (256, 360), "pixel_size": 11.04, "axis_angle": 4.2, "are_beads": are_beads}
    return check(stage.commands(form(stage.__name__, **changes), about, files))[0]


def test_the_tutorials_solution_is_one_rotation_and_grouped_tilts():
    values = alignment()
    assert (values["RotOption"], values["TiltOption"], values["MagOption"]) == (-1, 5, 0)
    assert (values["XStretchOption"], values["SkewOption"]) == (0, 0)
    assert values["TiltDefaultGrouping"] == 5
    assert values["SurfacesToAnalyze"] == 2
    assert values["EveryView"] is True


def test_tracks_of_patches_are_weighed_whole_and_not_filled():
    values = alignment(are_beads=False)
    assert values["WeightWholeTracks"] is True
    assert values["OutputFilledInModel"] is None


@pytest.mark.parametrize(
    ("changes", "option", "value"),
    [
        ({"rotationSolutionType": 0}, "RotOption", 0),
        ({"rotationSolutionType": 2}, "RotOption", 3),
        ({"rotationSolutionType": 3}, "RotOption", 1),
        ({"tiltAngleSolutionType": 2}, "TiltOption", 2),
        ({"magnificationSolutionType": 1}, "MagOption", 3),
        ({"distortionSolutionType": 1}, "XStretchOption", 3),
        ({"distortionSolutionType": 2}, "SkewOption", 3),
        ({"twoSurfaces": False}, "SurfacesToAnalyze", 1),
    ],
)
def test_choices_of_the_solution_reach_tiltalign(changes, option, value):
    assert alignment(**changes)[option] == value


def reconstruction(**changes):
    stage = stages.ProtEtomotutReconstruct
    files = {"stack": "a.st", "angles": "a.tlt", "slices": "s.mrc", "tomogram": "t.mrc"}
    return check(stage.commands(form(stage.__name__, **changes), files))


def test_reconstruction_is_float_and_turned_to_sections():
    slices, turned = reconstruction(tomoShiftX=2.0, tomoShiftZ=-3.0)
    assert (slices["THICKNESS"], slices["MODE"], slices["SHIFT"]) == (300, 2, (2.0, -3.0))
    assert slices["RADIAL"] == (0.35, 0.035)
    assert (turned["InputFile"], turned["OutputFile"], turned["RotateX"]) == (
        "s.mrc",
        "t.mrc",
        True,
    )


def test_what_is_zero_on_the_form_is_left_to_tilt():
    slices = reconstruction()[0]
    assert slices["WIDTH"] is None
    assert slices["FakeSIRTiterations"] is None
    assert reconstruction(fakeInteractionsSIRT=10)[0]["FakeSIRTiterations"] == 10


def tomo3d(**changes):
    stage = stages.ProtEtomotutTomo3d
    files = {"stack": "a.st", "angles": "a.tlt", "slices": "a.rec", "tomogram": "a.mrc"}
    return check(stage.commands(form(stage.__name__, **changes), files, 4))


def test_the_final_tomogram_is_30_iterations_of_sirt_200_thick():
    slices, turned = tomo3d()
    wanted = {"a": "a.tlt", "i": "a.st", "o": "a.rec", "S": True, "l": 30, "z": 200, "t": 4}
    assert {name: value for name, value in slices.items() if value is not None} == wanted
    assert turned.items() >= {"InputFile": "a.rec", "RotateX": True}.items()


def test_weighted_back_projection_knows_no_iterations():
    values = tomo3d(method=0, hamming=0.25, stopAtChange=0.1)[0]
    assert (values["S"], values["l"], values["StopAtChange"]) == (False, None, None)
    assert values["m"] == 0.25
    assert tomo3d(hamming=0.25)[0]["m"] is None


def test_a_part_of_the_slices_stays_where_it_is():
    assert tomo3d(iniSlice=10, finSlice=19, tomoWidth=80)[0]["y"] == (10, 19)
    middle = stages.ProtEtomotutTomo3d.rows_beyond_middle
    assert middle(form("ProtEtomotutTomo3d"), 100) == 0
    assert middle(form("ProtEtomotutTomo3d", iniSlice=10, finSlice=19), 100) == -35


def test_the_residual_is_read_from_the_log():
    log = "Root mean square\n  iteration   1    91.582 %\n  iteration   2    87.601 %\n4 slices"
    assert residual_of(log) == {"iterations": 2, "residual": 87.601}
    assert residual_of("Iteration 3 done") == {}


def ranges(size=(100, 80, 300), **changes):
    stage = stages.ProtEtomotutCrop
    return stage.ranges(form(stage.__name__, **changes), size)


def test_a_crop_keeps_the_centre_of_the_thickness():
    assert ranges()["z"] == (51, 250)
    assert ranges()["x"] == (1, 100)
    assert ranges((100, 80, 150))["z"] == (1, 150)
    assert ranges((100, 80, 301))["z"] == (51, 250)


def test_a_typed_range_wins_over_the_thickness():
    assert ranges(z0=10, z1=60)["z"] == (10, 60)
    assert ranges(z0=10)["z"] == (10, 300)


def specimen(**changes):
    found = {"bottom": -300.0, "top": 500.0, "slope_x": 0.0, "slope_y": 0.0, **changes}
    stage = stages.ProtEtomotutCrop
    return stage.specimen_range(form(stage.__name__), found, (100, 80, 300), 10.0)


def test_a_crop_keeps_the_specimen_that_was_found_and_a_margin():
    assert specimen() == (150 - 30 - 20 + 1, 150 + 50 + 20)
    assert ranges(toSpecimen=True)["z"] == (1, 300)
    stage = stages.ProtEtomotutCrop
    values = form(stage.__name__, toSpecimen=True)
    assert stage.ranges(values, (100, 80, 300), (101, 220))["z"] == (101, 220)


def test_the_corners_of_a_leaning_specimen_are_kept():
    assert specimen(slope_x=0.1, slope_y=-0.1) == (101 - 9, 220 + 9)


def test_a_specimen_is_kept_as_far_as_the_tomogram_goes():
    assert specimen(bottom=-2000.0, top=1400.0) == (1, 300)


def test_only_a_crop_to_the_specimen_looks_for_it():
    stage = stages.ProtEtomotutCrop
    assert stage.programs_for(form(stage.__name__)) == ("trimvol",)
    assert "findsection" in stage.programs_for(form(stage.__name__, toSpecimen=True))
    check(stage.search("a.mrc", "a.json", 10.0))


@pytest.mark.parametrize("changes", [{"x0": 0}, {"y1": 81}, {"z0": 60, "z1": 60}])
def test_a_range_that_is_not_inside_is_refused(changes):
    with pytest.raises(EtomotutError, match="is not inside 1 to"):
        ranges(**changes)


def test_a_crop_is_told_to_trimvol_in_its_own_counting():
    stage = stages.ProtEtomotutCrop
    (values,) = check(stage.commands(ranges(), "a.mrc", "b.mrc"))
    assert values["ZStartAndEnd"] == (51, 250)


@pytest.mark.parametrize(
    ("text", "numbers"), [("", (7, 8)), ("3", [3, 3]), ("3 4", [3, 4]), ("3,4", [3, 4])]
)
def test_one_number_stands_for_two(text, numbers):
    assert pair(text, (7, 8)) == numbers
