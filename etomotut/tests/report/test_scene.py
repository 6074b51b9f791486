"""The page that shows surfaces in 3D, and the script for ChimeraX."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from etomotut.formats import mrc
from etomotut.report import scene
from etomotut.report.chimerax import quoted, write_script
from etomotut.tests.engine.test_mesh import ball

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def page(folder, volume=None, title="TS_1"):
    mesh = ball()
    shown = scene.Shown(
        "1: </script> & one", mesh.vertices * 10, mesh.faces, mesh.vertices[:, 0] / 1e4
    )
    path = Path(folder) / "scene.html"
    size = (320, 320, 320)
    scene.write_scene(path, [shown], title=title, size=size, volume=volume)
    return path, mesh


def data_of(path):
    text = path.read_text(encoding="utf-8")
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.DOTALL)
    return json.loads(found.group(1))


def test_triangles_survive_being_put_into_a_page(tmp_path):
    path, mesh = page(tmp_path)
    (each,) = data_of(path)["surfaces"]
    raw = np.frombuffer(base64.b64decode(each["places"]), "<u2").reshape(-1, 3)
    assert np.allclose(raw * each["step"] + each["low"], mesh.vertices * 10, atol=0.01)
    faces = np.frombuffer(base64.b64decode(each["faces"]), "<u4").reshape(-1, 3)
    assert np.array_equal(faces, mesh.faces)


def test_names_that_look_like_html_do_no_harm(tmp_path):
    path, _ = page(tmp_path, title="<b>&TS")
    assert data_of(path)["surfaces"][0]["name"] == "1: </script> & one"
    assert "<title>&lt;b&gt;&amp;TS</title>" in path.read_text(encoding="utf-8")


def test_a_page_needs_no_other_file_and_no_network(tmp_path):
    text = page(tmp_path, np.zeros((8, 9, 10), np.float32))[0].read_text(encoding="utf-8")
    assert not re.search(r"https?://|src=|href=|import |fetch\(", text)


@pytest.mark.parametrize("shape", [(20, 30, 40), (1, 30, 40), (200, 190, 180)])
def test_sections_of_the_tomogram_lie_side_by_side(tmp_path, shape):
    z, y, x = np.ogrid[: shape[0], : shape[1], : shape[2]]
    volume = (z / shape[0] + x / shape[2] + 0 * y).astype(np.float32)
    made = data_of(page(tmp_path, volume)[0])["volume"]
    width, height, depth = made["shape"]
    assert width * height * depth <= scene._VOXELS
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(made["image"].split(",")[1]))))
    number = depth // 2
    row, column = divmod(number, made["columns"])
    section = sheet[row * height : (row + 1) * height, column * width : (column + 1) * width]
    factor = shape[2] // width
    known = volume[number * factor, : height * factor : factor, : width * factor : factor]
    assert np.corrcoef(section.ravel(), known.ravel())[0, 1] > 0.99


@pytest.mark.slow
@pytest.mark.skipif(not any(map(shutil.which, BROWSERS)), reason="no browser")
def test_a_browser_draws_it(tmp_path):
    path, _ = page(tmp_path, np.random.default_rng(0).normal(size=(32, 32, 32)))
    browser = next(filter(None, map(shutil.which, BROWSERS)))
    picture = tmp_path / "page.png"
    words = [browser, "--headless=new", "--no-sandbox", "--enable-unsafe-swiftshader"]
    words += ["--use-gl=swiftshader", "--window-size=600,400", f"--user-data-dir={tmp_path}/u"]
    words += ["--virtual-time-budget=10000", f"--screenshot={picture}", path.as_uri()]
    subprocess.run(words, check=True, timeout=120, stderr=subprocess.DEVNULL)
    pixels = np.asarray(Image.open(picture).convert("RGB")).astype(int)
    blue = (pixels[..., 2] > pixels[..., 0] + 40) & (pixels[..., 2] > 60)
    assert blue[:, 280:].sum() > 3000  # the ball, right of the panel
    grey = (np.ptp(pixels, axis=2) == 0) & (pixels[..., 0] < 200)
    assert grey[:, 280:].sum() > 3000  # the section


def test_a_script_opens_everything_in_one_frame(tmp_path):
    tomogram = tmp_path / "a b.mrc"
    data = np.arange(8.0 * 9 * 10, dtype=np.float32).reshape(8, 9, 10)
    mrc.write(tomogram, data, pixel_size=1.0)
    path = tmp_path / "x.cxc"
    write_script(
        path,
        tomogram=tomogram,
        masks=[tmp_path / "mask.mrc"],
        surfaces=[(tmp_path / "s.ply", "TS, 1")],
        pixel_size=5.52,
        origin=(-100, 20.5, 3),
    )
    lines = path.read_text().splitlines()
    opened = [line for line in lines if line.startswith("open")]
    names = ("a b.mrc", "mask.mrc", "s.ply")
    assert opened == [f'open "{tmp_path}/{name}"' for name in names]
    place = "voxelSize 5.52 origin -100,20.5,3"
    assert [line for line in lines if "origin" in line] == [
        f"volume #1 {place}",
        f"volume #2 {place}",
    ]
    assert 'rename #3 "TS, 1"' in lines


@pytest.mark.parametrize(
    ("name", "word"),
    [("a b", '"a b"'), ('a "b"', "'a \"b\"'"), ("a\\b", '"a\\\\b"'), ("it's", '"it\'s"')],
)
def test_names_are_quoted_as_chimerax_reads_them(name, word):
    assert quoted(name) == word
