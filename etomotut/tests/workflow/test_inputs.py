"""Finding a user's tilt series and laying them out for Scipion."""

import numpy as np
import pytest

from etomotut.errors import EtomotutError
from etomotut.formats import mrc, tlt
from etomotut.workflow import inputs

MDOC = """PixelSpacing = 2.5
Voltage = 300
ImageFile = other.mrc

[T =  Tilt axis angle = -95.5, binning = 1]

[ZValue = 0]
TiltAngle = -3.0
PixelSpacing = 9.9
[ZValue = 1]
TiltAngle = 0.0
[ZValue = 2]
TiltAngle = 3.0
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make_stack(path, views=3):
    path.parent.mkdir(exist_ok=True)
    mrc.write(path, np.zeros((views, 20, 30), np.int16), pixel_size=4.0)
    return path


def test_angles_beside_a_stack_are_taken(folder):
    make_stack(folder / "TS_01.mrc")
    tlt.write(folder / "TS_01.rawtlt", [-3, 0, 3])
    (found,), _ = inputs.gather(["TS_01.mrc"])
    assert found.name == "TS_01"
    assert found.tilt_angles.tolist() == [-3, 0, 3]
    assert found.pixel_size == 4.0


def test_an_mdoc_beside_a_stack_tells_pixel_size_and_axis(folder):
    make_stack(folder / "TS_01.mrc")
    (folder / "TS_01.mrc.mdoc").write_text(MDOC)
    (found,), _ = inputs.gather(["TS_01.mrc"])
    assert (found.pixel_size, found.axis_angle) == (2.5, -95.5)


def test_patterns_and_folders_give_every_stack_once(folder):
    for name in ("a.mrc", "b.st", "notes.txt"):
        make_stack(folder / "data" / name)
    tlt.write(folder / "angles", [-3, 0, 3])
    found, _ = inputs.gather(["data", "data/*.mrc"], tilt_angles="angles")
    assert [each.name for each in found] == ["a", "b"]


def test_a_pattern_of_angle_files_is_matched_by_name(folder):
    for number in (1, 2):
        make_stack(folder / f"s{number}.mrc")
        tlt.write(folder / f"s{number}.txt", [-number, 0, number])
    found, _ = inputs.gather(["s*.mrc"], tilt_angles="s*.txt")
    assert [each.tilt_angles[2] for each in found] == [1, 2]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("raw.mrc", "raw"),
        ("Position_14.bin4.mrc", "Position_14"),
        ("14.mrc", "TS_14"),
        ("a b; rm -rf $(x) '.mrc", "a_b_rm_rf_x"),
        ("über-1.mrc", "ber_1"),
        ("-rf.mrc", "rf"),
        ("...mrc", "TS"),
        ("x" * 200 + ".mrc", "x" * 60),
    ],
)
def test_a_series_gets_a_name_that_scipion_and_the_shell_can_bear(folder, file, name):
    path = make_stack(folder / file)
    tlt.write(folder / "angles", [-3, 0, 3])
    (found,), _ = inputs.gather([str(path)], tilt_angles="angles")
    assert found.name == name


def test_series_of_the_same_name_are_told_apart(folder):
    for each in ("x", "y"):
        make_stack(folder / each / "raw.mrc")
    tlt.write(folder / "angles", [-3, 0, 3])
    found, _ = inputs.gather(["x/raw.mrc", "y/raw.mrc"], tilt_angles="angles")
    assert [each.name for each in found] == ["raw", "raw_2"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"stacks": ["no*.mrc"]}, r"there is no tilt series no\*\.mrc"),
        ({"stacks": ["TS_01.mrc"]}, "has neither an mdoc file nor tilt angles beside it"),
        ({"stacks": ["TS_01.mrc"], "tilt_angles": "none"}, "no file of tilt angles none"),
        ({"stacks": ["TS_01.mrc"], "mdoc": "*.mdoc"}, r"no mdoc file \*\.mdoc"),
        ({"stacks": ["TS_01.mrc"], "tilt_angles": "two"}, "two has 2 angles for 3 views"),
    ],
)
def test_what_is_missing_is_named(folder, arguments, message):
    make_stack(folder / "TS_01.mrc")
    tlt.write(folder / "two", [-3, 0])
    with pytest.raises(EtomotutError, match=message):
        inputs.gather(**arguments)


def test_staged_series_are_links_with_their_angles(folder):
    make_stack(folder / "my series.mrc")
    tlt.write(folder / "angles", [-3, 0, 3])
    where, pattern = inputs.stage(
        inputs.gather(["my series.mrc"], tilt_angles="angles")[0], folder / "staged"
    )
    assert pattern == "{TS}.mrc"
    assert (where / "my_series.mrc").resolve() == folder / "my series.mrc"
    assert tlt.read(where / "my_series.rawtlt").tolist() == [-3, 0, 3]


def test_a_staged_mdoc_names_the_staged_stack(folder):
    make_stack(folder / "a-b.mrc")
    (folder / "a-b.mdoc").write_text(MDOC)
    where, pattern = inputs.stage(inputs.gather(["a-b.mrc"])[0], folder / "staged")
    assert pattern == "*.mdoc"
    text = (where / "a_b.mrc.mdoc").read_text()
    assert "ImageFile = a_b.mrc\n" in text
    assert "other.mrc" not in text


def mdoc_of(angles, times):
    """Give an mdoc whose views have angles and were taken at times, 2 e/A2 each."""
    text = MDOC.split("[ZValue")[0]
    for place, (angle, time) in enumerate(zip(angles, times)):
        text += f"[ZValue = {place}]\nTiltAngle = {angle}\n"
        text += f"ExposureDose = 2.0\nPriorRecordDose = {2.0 * time}\n\n"
    return text


def test_a_stack_as_acquired_is_imported_by_its_angles_not_its_mdoc(folder):
    make_stack(folder / "a.mrc")
    (folder / "a.mrc.mdoc").write_text(mdoc_of([0, 3, -3], [0, 1, 2]))
    where, pattern = inputs.stage(inputs.gather(["a.mrc"])[0], folder / "staged")
    assert pattern == "{TS}.mrc"
    assert (where / "a.rawtlt").read_text() == "0.000 2.000 1\n3.000 4.000 2\n-3.000 6.000 3\n"


def test_a_stack_by_ascending_angle_keeps_its_mdoc(folder):
    make_stack(folder / "a.mrc")
    (folder / "a.mrc.mdoc").write_text(mdoc_of([-3, 0, 3], [2, 0, 1]))
    assert inputs.gather(["a.mrc"])[0][0].mdoc is not None


def test_an_mdoc_of_another_number_of_views_is_refused(folder):
    make_stack(folder / "a.mrc", views=4)
    (folder / "a.mrc.mdoc").write_text(mdoc_of([0, 3, -3], [0, 1, 2]))
    with pytest.raises(EtomotutError, match=r"a\.mrc\.mdoc has 3 views, .*a\.mrc 4"):
        inputs.gather(["a.mrc"])


@pytest.mark.parametrize(
    ("change", "message"),
    [(("-3", "minus three"), "'minus three' is no number"), (("TiltAngle = 0", "X = 0"), "view 2")],
)
def test_an_mdoc_without_sound_angles_is_refused(folder, change, message):
    make_stack(folder / "a.mrc")
    (folder / "a.mrc.mdoc").write_text(mdoc_of([-3, 0, 3], [2, 0, 1]).replace(*change))
    with pytest.raises(EtomotutError, match=rf"a\.mrc\.mdoc: .*{message}"):
        inputs.gather(["a.mrc"])


def test_a_series_that_cannot_be_taken_does_not_stop_the_others(folder):
    for name in ("a", "c"):
        make_stack(folder / f"{name}.mrc")
        tlt.write(folder / f"{name}.tlt", [-3, 0, 3])
    (folder / "b.mrc").write_bytes((folder / "a.mrc").read_bytes()[:1500])
    found, problems = inputs.gather(["?.mrc"])
    assert [each.name for each in found] == ["a", "c"]
    assert len(problems) == 1 and "b.mrc is no whole MRC file" in problems[0]


def test_series_with_and_without_mdoc_are_all_imported_by_their_angles(folder):
    for name in ("a", "b"):
        make_stack(folder / f"{name}.mrc")
    (folder / "a.mrc.mdoc").write_text(mdoc_of([-3, 0, 3], [2, 0, 1]))
    tlt.write(folder / "b.tlt", [-2, 0, 2])
    where, pattern = inputs.stage(inputs.gather(["?.mrc"])[0], folder / "staged")
    assert pattern == "{TS}.mrc"
    assert (where / "a.rawtlt").read_text().splitlines()[0] == "-3.000 6.000 3"
    assert tlt.read(where / "b.rawtlt").tolist() == [-2, 0, 2]


def test_other_series_are_staged_in_a_folder_of_their_own(folder):
    for name in ("a", "b"):
        make_stack(folder / f"{name}.mrc")
        tlt.write(folder / f"{name}.tlt", [-3, 0, 3])
    places = [
        inputs.stage(inputs.gather([pattern])[0], folder / "staged")[0]
        for pattern in ("a.mrc", "b.mrc", "?.mrc", "b.mrc")
    ]
    assert [place.name for place in places] == ["staged", "staged-2", "staged", "staged-2"]


def test_defocus_files_beside_stacks_or_of_a_pattern_are_staged(folder):
    for name in ("a", "b"):
        make_stack(folder / f"{name}.mrc")
        tlt.write(folder / f"{name}.tlt", [-3, 0, 3])
    (folder / "a.defocus").write_text("1 1 -3 3 3000 2\n")
    found, _ = inputs.gather(["?.mrc"])
    assert [each.defocus is not None for each in found] == [True, False]
    where, _ = inputs.stage(found, folder / "staged")
    assert (where / "a.defocus").read_text() == "1 1 -3 3 3000 2\n"
    (folder / "ctf").mkdir()
    (folder / "ctf" / "b.txt").write_text("1 1 -3 3 2000 2\n")
    found, _ = inputs.gather(["?.mrc"], defocus="ctf/*.txt")
    assert [each.defocus and each.defocus.name for each in found] == [None, "b.txt"]
    with pytest.raises(EtomotutError, match="no defocus file nowhere"):
        inputs.gather(["?.mrc"], defocus="nowhere/*")


def test_halves_are_staged_under_the_names_of_their_series(folder):
    make_stack(folder / "a-1.mrc")
    tlt.write(folder / "a-1.tlt", [-3, 0, 3])
    make_stack(folder / "h" / "a-1_even.mrc")
    with pytest.raises(EtomotutError, match="has no odd half h/a-1_odd"):
        inputs.gather(["a-1.mrc"], halves="h")
    make_stack(folder / "h" / "a-1_odd.mrc")
    where, _ = inputs.stage(inputs.gather(["a-1.mrc"], halves="h")[0], folder / "staged")
    names = sorted(path.name for path in (where / "halves").iterdir())
    assert names == ["a_1_even.mrc", "a_1_odd.mrc"]


def test_staging_again_replaces_the_links(folder):
    make_stack(folder / "a.mrc")
    tlt.write(folder / "a.tlt", [-3, 0, 3])
    for _ in range(2):
        where, _ = inputs.stage(inputs.gather(["a.mrc"])[0], folder / "staged")
    assert (where / "a.mrc").is_symlink()


@pytest.mark.parametrize(
    ("values", "expected"),
    [([4.0, 4.001], 4.0005), ([4.0, 4.1], None), ([4.0, None], None), ([], None)],
)
def test_series_share_a_value_only_if_all_tell_it(values, expected):
    found = inputs.one_value(values, 0.005)
    assert found == (None if expected is None else pytest.approx(expected))
