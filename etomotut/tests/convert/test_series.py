"""Tilt series go to programs by ascending tilt, and results come back by acquisition order."""

from __future__ import annotations

import numpy as np
import pytest

from etomotut.convert.series import (
    EVEN,
    FULL,
    ODD,
    Changes,
    derive,
    images_of,
    near,
    read_series,
)
from etomotut.errors import EtomotutError
from etomotut.tests.scipion_objects import tilt_series, turn

ANGLES = (0.0, 20.0, -20.0, 40.0, -40.0)  # the order of a dose-symmetric file


def matrices(images):
    return {i.getAcquisitionOrder(): i.getTransform().getMatrix() for i in images}


def test_views_stand_in_the_order_of_the_file(tmp_path):
    series, images = tilt_series(tmp_path, ANGLES)
    views = read_series(series, images[::-1]).views
    assert [view.section for view in views] == [1, 2, 3, 4, 5]
    assert [view.tilt_angle for view in views] == list(ANGLES)


def test_programs_see_enabled_views_by_ascending_tilt(tmp_path):
    read = read_series(*tilt_series(tmp_path, ANGLES, disabled=[2]))
    assert list(read.tilt_angles()) == [-40, -20, 0, 40]
    assert [view.section for view in read.used] == [5, 3, 1, 4]


def test_a_stack_is_usable_as_it_is_only_in_ascending_order(tmp_path):
    ascending = read_series(*tilt_series(tmp_path, sorted(ANGLES)))
    assert ascending.is_stack_usable(5)
    assert not ascending.is_stack_usable(6)
    assert not read_series(*tilt_series(tmp_path, ANGLES)).is_stack_usable(5)
    assert not read_series(*tilt_series(tmp_path, sorted(ANGLES), disabled=[5])).is_stack_usable(5)


def test_halves_are_files_without_their_section(tmp_path):
    read = read_series(*tilt_series(tmp_path, ANGLES, halves=True))
    assert read.files[ODD] == str(tmp_path / "TS_1_odd.mrcs")
    assert read.files[EVEN] == str(tmp_path / "TS_1_even.mrcs")


def test_a_series_without_enabled_views_is_refused(tmp_path):
    series, images = tilt_series(tmp_path, ANGLES, disabled=[1, 2, 3, 4, 5])
    with pytest.raises(EtomotutError, match="no enabled views"):
        read_series(series, images)
    with pytest.raises(EtomotutError, match="has no views"):
        read_series(series, [])


def test_two_views_of_one_acquisition_order_are_refused(tmp_path):
    series, images = tilt_series(tmp_path, ANGLES)
    images[0].setAcquisitionOrder(3)
    with pytest.raises(EtomotutError, match="same acquisition order"):
        read_series(series, images)


@pytest.mark.parametrize("axis_angle", [85.3, -95.0, 174.0, 4.2])
def test_a_transform_by_the_axis_angle_makes_the_axis_vertical(tmp_path, axis_angle):
    read = read_series(
        *tilt_series(tmp_path, ANGLES, axis_angle=axis_angle, transforms=[turn(axis_angle)] * 5)
    )
    assert near(read.rotation() - axis_angle, 0) == pytest.approx(0, abs=1e-9)
    assert read.axis_after_transforms() == pytest.approx(0, abs=1e-9)


def test_shifts_alone_leave_the_axis_where_it_is(tmp_path):
    read = read_series(*tilt_series(tmp_path, ANGLES, transforms=[turn(0, 3, 4)] * 5))
    assert read.axis_after_transforms() == pytest.approx(85.3)


def test_an_unknown_axis_is_named(tmp_path):
    read = read_series(*tilt_series(tmp_path, ANGLES, axis_angle=None))
    with pytest.raises(EtomotutError, match="TS_1: the angle of the tilt axis is not known"):
        read.axis_after_transforms()


def test_new_transforms_follow_the_old_ones(tmp_path):
    series, images = tilt_series(tmp_path, ANGLES, transforms=[turn(0, 10, 0)] * 5)
    read = read_series(series, images)
    changes = Changes(transforms=read.then([turn(90)[:2]] * 5))
    found = matrices(derive(series, images, changes)[1])[1]
    assert np.allclose(found, turn(90) @ turn(0, 10, 0))


def test_results_return_to_their_views_by_acquisition_order(tmp_path):
    series, images = tilt_series(tmp_path, ANGLES, disabled=[2])
    shifts = [turn(0, angle)[:2] for angle in read_series(series, images).tilt_angles()]
    angles = read_series(series, images).tilt_angles() + 0.5
    _, made = derive(series, images, Changes(transforms=np.array(shifts), tilt_angles=angles))
    for image in made:
        expected = image.getTiltAngle() - 0.5 if image.isEnabled() else 0.0
        assert image.getTransform().getMatrix()[0, 2] == pytest.approx(expected)


def test_excluded_views_keep_their_angle_and_the_identity(tmp_path):
    series, images = tilt_series(tmp_path, ANGLES, disabled=[2])
    changes = Changes(transforms=np.array([turn(85)[:2]] * 4), tilt_angles=np.arange(4.0))
    excluded = [i for i in derive(series, images, changes)[1] if not i.isEnabled()]
    assert [image.getTiltAngle() for image in excluded] == [20.0]
    assert np.array_equal(excluded[0].getTransform().getMatrix(), np.eye(3))


def test_images_come_by_ascending_tilt_and_keep_their_sections(tmp_path):
    series, images = tilt_series(tmp_path, ANGLES)
    _, made = derive(series, images, Changes())
    assert [image.getTiltAngle() for image in made] == sorted(ANGLES)
    assert [image.getIndex() for image in made] == [5, 3, 1, 2, 4]
    assert all(image.getObjId() is None for image in made)


def test_restacked_views_are_numbered_anew_and_the_others_are_gone(tmp_path):
    series, images = tilt_series(tmp_path, ANGLES, disabled=[5])
    new, made = derive(series, images, Changes(files={FULL: "a.mrcs"}, restacked=True))
    assert [image.getIndex() for image in made] == [1, 2, 3, 4]
    assert [image.getTiltAngle() for image in made] == [-20, 0, 20, 40]
    assert new.getAcquisition().getAngleMin() == -20
    assert made[0].getAcquisition().getAngleMin() == -20


def test_interpolated_series_have_no_transforms_and_a_vertical_axis(tmp_path):
    series, images = tilt_series(tmp_path, ANGLES, transforms=[turn(85)] * 5)
    series.setAlignment2D()
    new, made = derive(series, images, Changes(is_interpolated=True))
    assert new.interpolated()
    assert new.getAlignment() == "None" or new.getAlignment() == "none"
    assert all(image.getTransform() is None for image in made)
    assert {each.getAcquisition().getTiltAxisAngle() for each in [new, *made]} == {0.0}


def test_aligned_series_say_so(tmp_path):
    series, images = tilt_series(tmp_path, ANGLES)
    new, _ = derive(series, images, Changes(transforms=np.array([turn(0)[:2]] * 5)))
    assert new.getAlignment() == "2D"


def test_binning_scales_the_shifts_of_all_views(tmp_path):
    series, images = tilt_series(tmp_path, ANGLES, disabled=[2], transforms=[turn(30, 8, -4)] * 5)
    new, made = derive(series, images, Changes(pixel_size=20.0))
    assert new.getSamplingRate() == 20.0
    for image in made:
        assert np.allclose(image.getTransform().getMatrix(), turn(30, 2, -1))
        assert image.getSamplingRate() == 20.0


def test_halves_stay_where_files_stay_and_go_where_they_were_not_processed(tmp_path):
    series, images = tilt_series(tmp_path, ANGLES, halves=True)
    kept = derive(series, images, Changes(transforms=np.array([turn(0)[:2]] * 5)))[1][0]
    assert kept.getOdd().endswith("TS_1_odd.mrcs")
    gone = derive(series, images, Changes(files={FULL: "a.mrcs"}))[1][0]
    assert not gone.hasOddEven()
    files = {FULL: "a.mrcs", ODD: "a_odd.mrcs", EVEN: "a_even.mrcs"}
    new = derive(series, images, Changes(files=files))[1][0]
    assert (new.getOdd(), new.getEven()) == ("a_odd.mrcs", "a_even.mrcs")


def test_a_refined_axis_is_written_to_series_and_images(tmp_path):
    series, images = tilt_series(tmp_path, ANGLES)
    new, made = derive(series, images, Changes(axis_angle=84.9))
    assert {each.getAcquisition().getTiltAxisAngle() for each in [new, *made]} == {84.9}
    assert series.getAcquisition().getTiltAxisAngle() == 85.3
    assert images[0].getAcquisition().getTiltAxisAngle() == 85.3


def test_doses_are_never_touched(tmp_path):
    series, images = tilt_series(tmp_path, ANGLES, disabled=[1])
    images[1].getAcquisition().setAccumDose(42.0)
    changes = Changes(files={FULL: "a.mrcs"}, restacked=True, is_interpolated=True)
    new, made = derive(series, images, changes)
    assert new.getAcquisition().getAccumDose() == 120.0
    assert {i.getAcquisition().getAccumDose() for i in made if i.getTiltAngle() == 20} == {42.0}


def test_doses_are_read_as_the_one_before_a_view_and_its_own(tmp_path):
    series, images = tilt_series(tmp_path, ANGLES)
    for image in images:
        image.getAcquisition().setAccumDose(3.0 * image.getAcquisitionOrder() + 1.0)
    images[4].getAcquisition()._accumDose.set(None)
    views = read_series(series, images).views
    assert [view.doses for view in views] == [(1, 3), (4, 3), (7, 3), (10, 3), None]


def test_a_dose_that_another_plugin_zeroed_is_not_known(tmp_path):
    series, images = tilt_series(tmp_path, ANGLES)
    for image in images:
        image.getAcquisition().setAccumDose(0.0)
    assert [view.doses for view in read_series(series, images).views] == [None] * 5


class Images(list):
    """Images as a tilt series gives them, in any order."""

    iterItems, getSize = list.__iter__, list.__len__  # noqa: N815 - Scipion's names


@pytest.mark.parametrize(
    ("numbers", "sections"),
    [
        ((2, 3, 5, 6, 9), [1, 2, 3, 4, 5]),
        ((5, 4, 3, 2, 1), [5, 4, 3, 2, 1]),
        ((1, 4, 7), [1, 4, 7]),
    ],
    ids=["written without the excluded", "all there", "a part of the file"],
)
def test_views_numbered_beyond_a_file_that_fits_lie_in_it_in_their_order(
    tmp_path, numbers, sections
):
    _, images = tilt_series(tmp_path, ANGLES)
    kept = Images(images[: len(numbers)])
    for image, number in zip(kept, numbers):
        image.setIndex(number)
    assert [image.getIndex() for image in images_of(kept)] == sections


def test_views_of_a_file_that_is_not_there_keep_their_numbers(tmp_path):
    _, images = tilt_series(tmp_path, ANGLES)
    images[4].setIndex(9)
    (tmp_path / "TS_1.mrcs").unlink()
    assert [image.getIndex() for image in images_of(Images(images))] == [1, 2, 3, 4, 9]


def test_dose_weighted_series_have_no_doses_left(tmp_path):
    series, images = tilt_series(tmp_path, ANGLES)
    new, made = derive(series, images, Changes(files={FULL: "a.mrcs"}, is_dose_weighted=True))
    for each in (new, *made):
        acquisition = each.getAcquisition()
        doses = acquisition.getAccumDose(), acquisition.getDoseInitial()
        assert (*doses, acquisition.getDosePerFrame()) == (0, 0, 0)
    assert images[0].getAcquisition().getAccumDose() == 120.0
    assert [view.doses for view in read_series(new, made).views] == [(0, 0)] * 5


def test_an_angle_is_given_near_the_one_before():
    assert near(174.2, -185.0) == pytest.approx(-185.8)
    assert near(-95.0, 264.0) == pytest.approx(265.0)
