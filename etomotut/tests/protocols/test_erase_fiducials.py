"""Erasing gold: commands, checks, and how the user's own fidder is run."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from etomotut.backends import Backend, choose
from etomotut.convert.series import FULL, ODD, Series, View
from etomotut.formats import mrc, tlt, xf
from etomotut.formats.fiducials import read_positions
from etomotut.protocols import ProtEtomotutEraseFiducials as Stage
from etomotut.protocols.facts import Facts
from etomotut.protocols.job import Job, ProgramError
from etomotut.protocols.outputs import MASKS, TILT_SERIES, Item
from etomotut.protocols.protocol_erase_fiducials import POSITIONS
from etomotut.tests.protocols.test_commands import check, form

FIDDER = """#!{python}
import json, os, sys
import numpy as np
from etomotut.formats import mrc
words = sys.argv[1:]
given = dict(zip(words[1::2], words[2::2]))
with open({log!r}, "a") as log:
    names = ("CUDA_VISIBLE_DEVICES", "PYTHONPATH")
    log.write(json.dumps([words, {{n: os.environ.get(n) for n in names}}]) + "\\n")
views = mrc.read(given["--input-image"]).astype(np.float32)
if words[0] == "predict" and "--model-checkpoint-file" not in given:
    print("ConnectionError: Failed to resolve 'zenodo.org'")
    sys.exit(1)
if words[0] == "predict":
    views[:] = 0
    views[:, 4:8, 4:8] = 1
    mrc.write(given["--output-mask"], views.astype(np.int8), pixel_size=1.0)
else:
    views[mrc.read(given["--input-mask"]) != 0] = {fill}
    mrc.write(given["--output-image"], views, pixel_size=1.0)
"""


def values(**changes):
    return form("ProtEtomotutEraseFiducials", **changes)


@pytest.fixture
def fidder(tmp_path, monkeypatch):
    """Give a function that makes a fidder which notes its words and fills masks with a number."""

    def make(fill="50.0"):
        path = tmp_path / "env" / "bin" / "fidder"
        path.parent.mkdir(parents=True)
        log = str(tmp_path / "fidder.log")
        path.write_text(FIDDER.format(python=sys.executable, log=log, fill=fill))
        path.chmod(0o755)
        monkeypatch.setenv("FIDDER_HOME", str(tmp_path / "env"))
        monkeypatch.setenv("PYTHONPATH", "/ours")
        return choose(1, Stage.programs)

    return make


@pytest.fixture
def job(tmp_path):
    """Give a job on three views, the last disabled, whose second is turned, and a half."""
    random = np.random.default_rng(0)
    files = {part: str(tmp_path / f"a{part}.mrc") for part in (FULL, ODD)}
    for path in files.values():
        stack = random.normal(100, 10, (3, 40, 60)).astype(np.int16)
        mrc.write(path, stack, pixel_size=10.0)
    turn = np.array([[0.0, -1.0, 3.0], [1.0, 0.0, 4.0]])
    views = [View(1, 1, 20.0, True), View(2, 2, 0.0, True, turn), View(3, 3, -20.0, False)]
    item = Item("TS_1", SimpleNamespace(getSamplingRate=lambda: 10.0))
    made = Job(
        "TS_1",
        values(),
        tmp_path / "extra" / "TS_1",
        tmp_path / "tmp" / "TS_1",
        files,
        series=Series("TS_1", files, views, 10.0, 85.0),
        item=item,
    )
    made.start()
    return made


def ran(tmp_path):
    return [json.loads(line) for line in (tmp_path / "fidder.log").read_text().splitlines()]


def test_gold_is_looked_for_with_the_tutorials_threshold():
    (found,) = check(Stage.find_mask(values(), 5.52, {"source": "a.mrc", "mask": "m.mrc"}))
    assert found["probability-threshold"] == 0.9
    assert (found["pixel-spacing"], found["bead-diameter"]) == (5.52, 10.0)
    assert found["model-checkpoint-file"] is None


def test_known_beads_are_projected_where_the_alignment_holds():
    names = ("source", "mask", "positions", "transforms", "angles")
    commands = Stage.find_mask(values(onlyKnown=True), 5.0, {n: n for n in names}, [1, 2, 4])
    (found,) = check(commands)
    assert commands[0][0] == "beadmask"
    assert (found["BeadDiameter"], found["SolvedViews"]) == (20.0, [1, 2, 4])
    assert found["OnlyKnown"]


def test_the_users_fidder_gets_words_as_it_wants_them():
    backend = Backend(others={"fidder": Path("/env")})
    words, absent = backend.command("fidder", Stage.erase("a.mrc", "m.mrc", "b.mrc")[0][1])
    assert words[0].endswith("/bin/fidder")
    assert words[1:4] == ["erase", "--input-image", "a.mrc"]
    assert absent == []


def test_one_process_masks_a_stack_and_the_mask_serves_the_halves(job, fidder, tmp_path):
    (tmp_path / "net.ckpt").touch()
    job.form = values(checkpoint=str(tmp_path / "net.ckpt"), gpuList="2")
    job.backend = fidder()
    result = Stage().process(job)
    (predict, shown), *erase = ran(tmp_path)
    assert [predict[0], *[words[0] for words, _ in erase]] == ["predict", "erase", "erase"]
    assert "--bead-diameter" not in predict
    assert predict[predict.index("--model-checkpoint-file") + 1].endswith("net.ckpt")
    assert shown == {"CUDA_VISIBLE_DEVICES": "2", "PYTHONPATH": None}
    masks = {words[words.index("--input-mask") + 1] for words, _ in erase}
    assert masks == {result.outputs[MASKS].files[FULL]}
    assert sorted(result.outputs[TILT_SERIES].files) == [FULL, ODD]
    assert result.numbers["share"] == pytest.approx(16 / 2400)
    assert (job.folder / "TS_1_erased.png").is_file()


def test_without_a_gpu_none_is_seen(job, fidder, tmp_path):
    job.form = values(checkpoint="net.ckpt", useGpu=False)
    job.backend = fidder()
    Stage().process(job)
    assert ran(tmp_path)[0][1]["CUDA_VISIBLE_DEVICES"] == ""


def test_a_network_that_cannot_be_downloaded_is_told_with_a_way_out(job, fidder):
    job.backend = fidder()
    with pytest.raises(ProgramError, match="could not download its network: give a checkpoint"):
        Stage().process(job)


def test_a_fidder_that_fills_with_no_numbers_is_caught(job, fidder):
    job.form, job.backend = values(checkpoint="net.ckpt"), fidder(fill="np.nan")
    with pytest.raises(ProgramError, match="left views without numbers"):
        Stage().process(job)


def test_what_fidder_leaves_untold_is_told(job, fidder):
    job.form = values(checkpoint="net.ckpt")
    job.backend = fidder(fill="sys.exit('TypeError: expected a sequence of integers')")
    with pytest.raises(ProgramError, match="leaves so few pixels: raise the threshold"):
        Stage().process(job)


def test_positions_go_to_every_section_of_the_file(job, fidder, tmp_path):
    job.item.partners[POSITIONS] = np.array([[100.0, -50.0, 30.0]])
    job.backend = fidder()
    result = Stage().process(job)
    assert [words[0] for words, _ in ran(tmp_path)] == ["erase", "erase"]
    assert read_positions(job.temporary(".xyz")).xyz[0].tolist() == [40.0, 15.0, 3.0]
    assert tlt.read(job.temporary(".tlt")).tolist() == [20.0, 0.0, -20.0]
    assert xf.read(job.temporary(".xf"))[1, 0].tolist() == [0.0, -1.0, 3.0]
    assert result.numbers["known"] == 1


def test_nothing_found_is_said_and_much_is_doubted():
    assert "no gold was found" in Stage().describe({"areas": 0, "share": 0.0, "known": 0})
    text = Stage().describe({"areas": 15, "share": 0.02, "known": 8})
    assert text == "15 areas a view, 2.0% of the pixels; 8 beads are known in 3D"
    assert "look at the mask" in Stage().describe({"areas": 3, "share": 0.4, "known": 0})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"checkpoint": "/no/where.ckpt"}, "The checkpoint /no/where.ckpt does not exist."),
        ({"fiducialDiameter": 2.0}, "2.0 pixels wide; 3 are needed"),
        ({"fiducialDiameter": 100.0}, "too much for images of 256"),
    ],
)
def test_what_cannot_be_done_is_refused(changes, reason):
    facts = Facts(size=(360, 256, 41), items=1, pixel_size=10.0)
    (problem,) = Stage.problems(values(**changes), facts)
    assert reason in problem


def test_a_download_is_announced_only_where_there_will_be_one(fidder, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Stage.doubts(values(), Facts()) == []
    fidder()
    assert "it will download one" in Stage.doubts(values(), Facts())[0]
    assert Stage.doubts(values(backend=2), Facts()) == []
    assert Stage.doubts(values(checkpoint="a"), Facts()) == []


def test_no_fidder_is_told_how_to_be_found(monkeypatch):
    monkeypatch.setenv("PATH", os.devnull)
    monkeypatch.delenv("FIDDER_HOME", raising=False)
    with pytest.raises(Exception, match="fidder is not found: set FIDDER_HOME"):
        choose(1, Stage.programs)
    assert str(choose(0, Stage.programs)).startswith("embedded programs")
