"""The workflow templates name classes and parameters that exist, and take a user's values."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tomo.protocols import ProtImportTs

import etomotut.protocols as stages
from etomotut import headless
from etomotut.errors import EtomotutError
from etomotut.workflow.branches import MAIN

TEMPLATE = headless.TEMPLATES / "fiducial_exosome.json.template"
VALUES = {
    "path": str(Path(__file__).parent),
    "pattern": "TS_*.mdoc",
    "pixel_size": 1.38,
    "axis_angle": -95.0,
    "dose": 3.1,
    "voltage": 200,
    "bead_diameter": 5.8,
    "binning": 8,
    "thickness": 240,
    "kept_thickness": 160,
}


def stages_of_template(**values):
    """Give the protocols of the filled template by their number."""
    filled = json.loads(headless.fill_template(TEMPLATE, values))
    return {each["object.id"]: each for each in filled}


def workflow(**values):
    """Give the protocols of the main branch by their class."""
    made = stages_of_template(**values)
    return {each["object.className"]: each for number, each in made.items() if number in MAIN}


def class_of(name):
    return ProtImportTs if name == "ProtImportTs" else getattr(stages, name)


def test_every_template_is_shipped_with_the_package():
    assert [path.name for path in headless.TEMPLATES.iterdir()] == [TEMPLATE.name]


@pytest.mark.parametrize("number", stages_of_template())
def test_every_class_and_parameter_exists(number):
    stage = stages_of_template()[number]
    protocol = class_of(stage["object.className"])()
    parameters = [key for key in stage if not key.startswith(("object.", "_"))]
    assert [key for key in parameters if protocol.getParam(key) is None] == []


@pytest.mark.parametrize("number", stages_of_template())
def test_every_input_is_the_output_of_an_earlier_stage(number):
    made = stages_of_template()
    order = list(made)
    for key, value in made[number].items():
        if key.startswith("input"):
            source, output = value.split(".")
            assert order.index(source) < order.index(number)
            assert output in class_of(made[source]["object.className"])._possibleOutputs


def test_the_tutorials_values_are_there():
    made = workflow()
    assert made["ProtEtomotutPreprocess"]["binning"] == "4"
    assert made["ProtEtomotutFiducialModel"]["numberFiducial"] == 40
    assert made["ProtEtomotutReconstruct"]["tomoThickness"] == "300"
    assert made["ProtEtomotutCrop"]["keepThickness"] == "200"
    assert list(made) == [each["object.className"] for each in sorted_by_label(made)]


def sorted_by_label(made):
    return sorted(made.values(), key=lambda each: each["object.label"].split()[0])


def test_beads_are_curated_between_tracking_and_alignment():
    made = stages_of_template()
    assert made["31"]["inputSetOfLandmarkModels"] == "5.FiducialModelGaps"
    assert made["6"]["inputSetOfLandmarkModels"] == "31.FiducialModelGaps"


def test_a_users_values_reach_the_forms():
    made = workflow(**VALUES)
    imported = made["ProtImportTs"]
    assert (imported["filesPath"], imported["filesPattern"]) == (VALUES["path"], "TS_*.mdoc")
    assert float(imported["samplingRate"]) == 1.38
    assert float(imported["tiltAxisAngle"]) == -95.0
    assert float(imported["dosePerFrame"]) == 3.1
    assert float(imported["voltage"]) == 200
    assert float(made["ProtEtomotutFiducialModel"]["fiducialDiameter"]) == 5.8
    assert int(made["ProtEtomotutPreprocess"]["binning"]) == 8
    assert int(made["ProtEtomotutReconstruct"]["tomoThickness"]) == 240
    assert int(made["ProtEtomotutCrop"]["keepThickness"]) == 160


def test_a_path_with_quotes_survives(tmp_path):
    folder = tmp_path / 'a "b" \\ c'
    folder.mkdir()
    assert workflow(path=str(folder))["ProtImportTs"]["filesPath"] == str(folder)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"binning": 2.5}, "integer"),
        ({"path": "/not/there"}, "does not exist"),
        ({"axis_angle": "left"}, "converted to a float"),
        ({"thicknes": 100}, "has no 'thicknes'"),
    ],
)
def test_wrong_values_are_refused(values, message):
    with pytest.raises(EtomotutError, match=message):
        headless.fill_template(TEMPLATE, values)


@pytest.mark.parametrize("name", stages.__all__)
def test_names_and_comments_of_a_template_reach_the_boxes_of_its_stages(name):
    made = getattr(stages, name)(objLabel="4. align", objComment="Look at the residuals")
    assert (made.getObjLabel(), made.getObjComment()) == ("4. align", "Look at the residuals")
