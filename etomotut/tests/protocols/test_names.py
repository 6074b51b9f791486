"""Names that users' projects and templates store: a renamed one loses their work."""

from __future__ import annotations

import pytest

import etomotut.protocols as stages

COMMON = {"backend": 0, "hostName": "localhost", "numberOfThreads": 3, "binThreads": 4}
SERIES = {**COMMON, "inputSetOfTiltSeries": None}

FORMS = {
    "ProtEtomotutXrayEraser": {
        **SERIES,
        "peakCriterion": 8.0,
        "diffCriterion": 6.0,
        "bigDiffCriterion": 19,
        "maximumRadius": 4.2,
        "processOddEven": False,
    },
    "ProtEtomotutPreprocess": {
        **SERIES,
        "binning": 4,
        "floatDensities": 0,
        "scaleMean": 0.0,
        "scaleSd": 1.0,
        "scaleMin": 0.0,
        "scaleMax": 255.0,
        "modeToOutput": 4,
        "antialias": 5,
        "processOddEven": False,
    },
    "ProtEtomotutDoseFilter": {
        **SERIES,
        "inputDoseType": 0,
        "fixedImageDose": 3.0,
        "initialDose": 0.0,
        "processOddEven": False,
    },
    "ProtEtomotutEraseFiducials": {
        **SERIES,
        "inputCoordinates": None,
        "onlyKnown": False,
        "fiducialDiameter": 10.0,
        "probThreshold": 0.9,
        "checkpoint": None,
        "useGpu": True,
        "gpuList": "0",
        "processOddEven": False,
    },
    "ProtEtomotutPrealign": {
        **SERIES,
        "cumulativeCorr": True,
        "tiltAxisAngle": None,
        "filterRadius1": 0.0,
        "filterRadius2": 0.25,
        "filterSigma1": 0.03,
        "filterSigma2": 0.05,
        "xmin": None,
        "xmax": None,
        "ymin": None,
        "ymax": None,
    },
    "ProtEtomotutFiducialModel": {
        **SERIES,
        "typeOfModel": 0,
        "fiducialDiameter": 10.0,
        "twoSurfaces": True,
        "numberFiducial": 40,
        "doTrackWithModel": True,
        "refineSobelFilter": True,
        "scalableSigmaForSobelFilter": 0.12,
        "sizeOfPatches": "",
        "overlapPatches": "0.33 0.33",
        "pxTrim": "",
        "iterationsSubpixel": 1,
        "filterSigma1": 0.03,
        "filterRadius2": 0.125,
        "filterSigma2": 0.03,
    },
    "ProtEtomotutCurateFiducials": {**COMMON, "inputSetOfLandmarkModels": None},
    "ProtEtomotutEditFiducials": {
        "hostName": "localhost",
        "numberOfThreads": 2,
        "binThreads": 1,
        "inputSetOfLandmarkModels": None,
    },
    "ProtEtomotutFiducialAlignment": {
        **COMMON,
        "inputSetOfLandmarkModels": None,
        "twoSurfaces": True,
        "refineViews": True,
        "rotationSolutionType": 1,
        "groupRotationSize": 5,
        "magnificationSolutionType": 0,
        "groupMagnificationSize": 4,
        "tiltAngleSolutionType": 1,
        "groupTiltAngleSize": 5,
        "distortionSolutionType": 0,
        "xStretchGroupSize": 7,
        "skewGroupSize": 11,
    },
    "ProtEtomotutAreTomo": {
        **SERIES,
        "program": 0,
        "alignZ": 0,
        "refineTiltAxis": 1,
        "refineTiltAngles": 1,
        "darkTol": 0.7,
        "gpuList": "0",
    },
    "ProtEtomotutRefineAlignment": {**SERIES, "patchSize": 64, "reduction": 0},
    "ProtEtomotutImportCtf": {
        "hostName": "localhost",
        "numberOfThreads": 2,
        "binThreads": 1,
        "inputSetOfTiltSeries": None,
        "filesPath": None,
        "filesPattern": "*.defocus",
    },
    "ProtEtomotutImportHalves": {
        "hostName": "localhost",
        "numberOfThreads": 2,
        "binThreads": 1,
        "inputSetOfTiltSeries": None,
        "filesPath": None,
        "evenPattern": "*_even.mrc*",
        "oddPattern": "*_odd.mrc*",
    },
    "ProtEtomotutApplyAlignment": {
        **SERIES,
        "binning": 1,
        "taperInside": True,
        "linear": False,
        "processOddEven": False,
    },
    "ProtEtomotutCtfCorrection": {
        **SERIES,
        "inputSetOfCtfTomoSeries": None,
        "viewsWithoutCtf": 0,
        "defocusTol": 200,
        "interpolationWidth": 15,
        "invertTiltAngles": False,
        "checkHandedness": True,
        "processOddEven": False,
    },
    "ProtEtomotutReconstruct": {
        **SERIES,
        "tomoThickness": 300,
        "tomoWidth": 0,
        "tomoShiftX": 0.0,
        "tomoShiftZ": 0.0,
        "angleOffset": 0.0,
        "tiltAxisOffset": 0.0,
        "fakeInteractionsSIRT": 0,
        "radialFirstParameter": 0.35,
        "radialSecondParameter": 0.035,
        "processOddEven": False,
    },
    "ProtEtomotutTomo3d": {
        **SERIES,
        "method": 1,
        "nIterations": 30,
        "stopAtChange": 0.0,
        "hamming": 0.0,
        "tomoThickness": 200,
        "tomoWidth": 0,
        "iniSlice": 0,
        "finSlice": 0,
        "processOddEven": False,
    },
    "ProtEtomotutPosition": {
        **SERIES,
        "inputCoordinates": None,
        "margin": 20.0,
        "fakeInteractionsSIRT": 0,
        "radialFirstParameter": 0.35,
        "radialSecondParameter": 0.035,
        "processOddEven": False,
    },
    "ProtEtomotutCrop": {
        **COMMON,
        "inputSetOfTomograms": None,
        "inputSetOfTomoMasks": None,
        "inputSetOfCoordinates3D": None,
        "toSpecimen": False,
        "margin": 20.0,
        "keepThickness": 200,
        "x0": -1,
        "x1": -1,
        "y0": -1,
        "y1": -1,
        "z0": -1,
        "z1": -1,
        "processOddEven": False,
    },
    "ProtEtomotutFilterTomograms": {
        **COMMON,
        "inputSetOfTomograms": None,
        "filterType": 0,
        "lowPassCutoff": 60.0,
        "highPassCutoff": 2000.0,
        "lowPassSigma": 0.05,
        "filterIn3D": True,
        "gaussianSigma": 1.0,
        "medianSize": 3,
        "processOddEven": False,
    },
    "ProtEtomotutDenoise": {
        **COMMON,
        "inputSetOfTomograms": None,
        "method": 0,
        "sigmaGaussian": 0.5,
        "iterations": 15,
        "iterationsBeltrami": 70,
        "iterationsNonlinear": 10,
        "contrast": 0.0,
        "timeStep": 0.1,
        "timeStepBeltrami": 0.15,
        "tensorSigma": 1.0,
        "processOddEven": False,
    },
    "ProtEtomotutCompareMasks": {
        **COMMON,
        "inputSetOfTomoMasks": None,
        "inputOtherTomoMasks": None,
        "tolerance": 2.0,
    },
    "ProtEtomotutSkeleton": {**COMMON, "inputSetOfTomoMasks": None},
    "ProtEtomotutSurfaces": {
        **COMMON,
        "inputSetOfTomoMasks": None,
        "inputSetOfTomograms": None,
        "onlyComponents": False,
        "smallestArea": 500.0,
        "format": 0,
        "writeClosed": False,
        "spacing": 25.0,
        "smoothing": 40.0,
        "curvatureScale": 100.0,
    },
    "ProtEtomotutTardis": {
        **COMMON,
        "inputSetOfTomograms": None,
        "segmentationType": 2,
        "cnnThreshold": 0.5,
        "distThreshold": 0.9,
        "membranesAreBright": False,
        "cnnCheckpoint": None,
        "distCheckpoint": None,
        "useGpu": True,
        "gpuList": "0",
        "rotate": False,
        "patchSize": 128,
    },
    "ProtEtomotutMemBrain": {
        **COMMON,
        "inputSetOfTomograms": None,
        "segmentationThreshold": 0.0,
        "storeConnectedComponents": True,
        "connectedComponentsThreshold": 0,
        "membranesAreBright": False,
        "checkpoint": None,
        "useGpu": True,
        "gpuList": "0",
        "testTimeAugmentation": True,
        "slidingWindowSize": 160,
    },
}

LABELS_AND_OUTPUTS = {
    "ProtEtomotutXrayEraser": ("X-ray eraser", ["TiltSeries"]),
    "ProtEtomotutPreprocess": ("tilt-series preprocess", ["TiltSeries"]),
    "ProtEtomotutDoseFilter": ("dose filter", ["TiltSeries"]),
    "ProtEtomotutPrealign": ("coarse prealignment", ["TiltSeries"]),
    "ProtEtomotutFiducialModel": ("generate fiducial model", ["FiducialModelGaps"]),
    "ProtEtomotutCurateFiducials": ("fiducial curation", ["FiducialModelGaps"]),
    "ProtEtomotutEditFiducials": ("edit fiducial model", ["FiducialModelGaps"]),
    "ProtEtomotutFiducialAlignment": (
        "fiducial alignment",
        ["AlignmentQuality", "FiducialModelNoGaps", "TiltSeries", "TiltSeriesCoordinates"],
    ),
    "ProtEtomotutEraseFiducials": ("erase fiducials", ["FiducialMasks", "TiltSeries"]),
    "ProtEtomotutAreTomo": ("AreTomo alignment", ["AlignmentQuality", "TiltSeries"]),
    "ProtEtomotutRefineAlignment": (
        "refine alignment without gold",
        ["AlignmentQuality", "TiltSeries"],
    ),
    "ProtEtomotutImportCtf": ("import CTF", ["CTFTomoSeries"]),
    "ProtEtomotutImportHalves": ("import even and odd", ["TiltSeries"]),
    "ProtEtomotutApplyAlignment": ("apply alignment", ["InterpolatedTiltSeries"]),
    "ProtEtomotutCtfCorrection": ("CTF correction", ["TiltSeries"]),
    "ProtEtomotutReconstruct": ("tomogram reconstruction", ["Tomograms"]),
    "ProtEtomotutTomo3d": ("tomo3d reconstruction", ["Tomograms"]),
    "ProtEtomotutPosition": ("tomogram position", ["Tomograms"]),
    "ProtEtomotutCrop": ("crop tomograms", ["Coordinates3D", "TomoMasks", "Tomograms"]),
    "ProtEtomotutFilterTomograms": ("filter tomograms", ["Tomograms"]),
    "ProtEtomotutDenoise": ("denoise tomograms", ["Tomograms"]),
    "ProtEtomotutCompareMasks": ("compare segmentations", ["TomoMasks"]),
    "ProtEtomotutSkeleton": ("skeletonize membranes", ["TomoMasks"]),
    "ProtEtomotutSurfaces": ("membrane surfaces", ["MembranePoints", "MembraneSurfaces"]),
    "ProtEtomotutTardis": ("membrane segmentation, TARDIS", ["InstanceMasks", "TomoMasks"]),
    "ProtEtomotutMemBrain": ("membrane segmentation, MemBrain", ["TomoMasks"]),
}


def form_of(name):
    """Give parameters and defaults of a stage's form, without those that Scipion adds."""
    protocol = getattr(stages, name)()
    values = {key: each.get() for key, each in protocol.iterDefinitionAttributes()}
    return {key: value for key, value in values.items() if key not in ("runName", "runMode")}


def test_every_stage_is_listed():
    assert sorted(stages.__all__) == sorted(FORMS) == sorted(LABELS_AND_OUTPUTS)


@pytest.mark.parametrize("name", FORMS)
def test_parameters_and_defaults_stay_as_users_have_stored_them(name):
    assert form_of(name) == FORMS[name]


@pytest.mark.parametrize("name", LABELS_AND_OUTPUTS)
def test_labels_and_outputs_stay_as_users_have_stored_them(name):
    stage, (label, outputs) = getattr(stages, name), LABELS_AND_OUTPUTS[name]
    assert stage._label == label
    assert sorted(stage._possibleOutputs) == outputs


@pytest.mark.parametrize(
    ("name", "parameter", "choices"),
    [
        ("ProtEtomotutPreprocess", "modeToOutput", 5),
        ("ProtEtomotutPreprocess", "antialias", 6),
        ("ProtEtomotutCtfCorrection", "viewsWithoutCtf", ["keep uncorrected", "leave out"]),
        ("ProtEtomotutFiducialModel", "typeOfModel", ["gold beads", "patches"]),
        ("ProtEtomotutFiducialAlignment", "rotationSolutionType", 4),
        ("ProtEtomotutFiducialAlignment", "tiltAngleSolutionType", 3),
        ("ProtEtomotutTomo3d", "method", ["WBP", "SIRT"]),
        ("ProtEtomotutCrop", "backend", ["Auto", "IMOD", "Embedded"]),
        ("ProtEtomotutEraseFiducials", "backend", ["Auto", "fidder", "Embedded"]),
        (
            "ProtEtomotutFilterTomograms",
            "filterType",
            ["low-pass", "high-pass", "band-pass", "Gaussian", "median"],
        ),
        ("ProtEtomotutSurfaces", "format", ["PLY", "OBJ", "STL"]),
        ("ProtEtomotutTardis", "segmentationType", ["instances", "semantic", "both"]),
        ("ProtEtomotutDoseFilter", "inputDoseType", ["of the import", "fixed"]),
        (
            "ProtEtomotutDenoise",
            "method",
            [
                "edge enhancing diffusion",
                "Beltrami flow",
                "nonlinear anisotropic diffusion",
                "Wiener filter of halves",
            ],
        ),
    ],
)
def test_choices_keep_their_numbers(name, parameter, choices):
    found = getattr(stages, name)().getParam(parameter).choices
    assert found == choices if isinstance(choices, list) else len(found) == choices
