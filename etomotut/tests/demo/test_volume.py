"""The specimen as a volume."""

from dataclasses import replace

import numpy as np
import pytest

from etomotut.demo import PRESETS, volume
from etomotut.demo.optics import interaction
from etomotut.demo.series import prepare

STILL = {
    "axis_angle": 0.0,
    "shift_range": 0.0,
    "angle_offset": 0.0,
    "angle_scale": 1.0,
    "angle_jitter": 0.0,
    "magnification_spread": 0.0,
    "rotation_spread": 0.0,
}


@pytest.fixture(scope="module")
def world():
    """Give parameters, specimen and projector of a series whose untilted view is the volume's."""
    parameters = replace(PRESETS["tiny"][0], size=(128, 180), **STILL)
    _, specimen, projector, _, _ = prepare(parameters)
    return parameters, specimen, projector


def test_the_sum_along_the_beam_is_what_a_view_shows(world):
    parameters, specimen, projector = world
    pixel = parameters.pixel_size
    made = volume.potential(specimen, (260, 180, 128), pixel)
    phase = made.sum(axis=0) * pixel * interaction(parameters.voltage_kv)
    shown = projector.phase(10)
    assert np.corrcoef(phase.ravel(), shown.ravel())[0, 1] > 0.999
    assert phase.std() == pytest.approx(shown.std(), rel=0.01)


def test_a_membrane_is_a_shell_about_its_vesicle(world):
    parameters, specimen, _ = world
    pixel = parameters.pixel_size
    mask = volume.membranes(specimen, (260, 180, 128), pixel)
    body = min(specimen.vesicles, key=lambda each: np.linalg.norm(each.centre))
    z, y, x = np.indices(mask.shape) - (np.array(mask.shape)[:, None, None, None] - 1) / 2
    away = np.stack([x, y, z], axis=-1) * pixel - body.centre
    distance = np.sqrt(np.einsum("...i,ij,...j->...", away, np.linalg.inv(body.shape), away))
    shell = np.abs(distance - body.radius) < 20
    assert mask[shell].all()
    beside = (np.abs(distance - body.radius) > 40) & (distance < body.radius + 60)
    assert mask[beside].mean() < 0.1  # a vesicle may hold another
