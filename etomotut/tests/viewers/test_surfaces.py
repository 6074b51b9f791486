"""Surfaces open in the browser and in ChimeraX; masks lie over their tomograms."""

from __future__ import annotations

import os
from types import SimpleNamespace

import numpy as np
import pytest
from tomo.objects import SetOfTomoMasks, TomoMask

from etomotut.errors import EtomotutError
from etomotut.formats import mrc
from etomotut.objects import MembraneSurface, SetOfMembraneSurfaces
from etomotut.tests.viewers import sets
from etomotut.viewers import surfaces
from etomotut.viewers.listing import Listing
from etomotut.viewers.tomogram_model import AXES, MASK_COLOUR, SECTION, TomogramModel
from etomotut.viewers.viewport import Viewport

PROJECT = SimpleNamespace()


@pytest.fixture
def made(tmp_path):
    """Give a set with two membranes in TS_1 and one in TS_2."""
    output = SetOfMembraneSurfaces.create(str(tmp_path), prefix="surfaces")
    for ts_id, instance in (("TS_2", 1), ("TS_1", 1), ("TS_1", 4)):
        each = MembraneSurface(tsId=ts_id, fileName=f"{ts_id}.ply", instance=instance)
        each.setScripts(str(tmp_path / f"{ts_id}.html"), str(tmp_path / f"{ts_id}.cxc"))
        output.append(each)
    output.write()
    return output


def test_each_tomogram_is_a_row(made, tmp_path):
    (tmp_path / "TS_1").mkdir()
    (tmp_path / "TS_1" / "TS_1_surfaces.png").touch()
    stage = SimpleNamespace(MembraneSurfaces=made, _getExtraPath=tmp_path.joinpath)
    for obj in (made, stage):
        items = surfaces.EtomotutSurfaceViewer(project=PROJECT)._items(obj)
        rows = [("TS_1", "2 membranes"), ("TS_2", "1 membrane")]
        assert [(each.name, each.about) for each in items] == rows
        assert items[0].load() == tmp_path / "TS_1.html"
        assert list(items[0].pictures) == (["Surfaces"] if obj is stage else [])
    (script,) = surfaces.EtomotutChimeraViewer(project=PROJECT)._items(made.getFirstItem())
    assert script.load() == tmp_path / "TS_2.cxc"
    assert surfaces.EtomotutSurfaceViewer(project=PROJECT)._items(SimpleNamespace()) == []


def test_a_page_goes_to_the_browser_by_its_address(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(surfaces.webbrowser, "open", lambda url: not opened.append(url))
    viewer, page = surfaces.EtomotutSurfaceViewer(project=PROJECT), tmp_path / "a b.html"
    with pytest.raises(EtomotutError, match="is not there"):
        viewer._start(page)
    page.write_text("")
    viewer._start(page)
    assert opened == [f"file://{tmp_path}/a%20b.html"]
    monkeypatch.setattr(surfaces.webbrowser, "open", lambda url: False)
    with pytest.raises(EtomotutError, match="no browser was found"):
        viewer._start(page)


def test_chimerax_is_found_and_offered_only_where_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(surfaces.shutil, "which", lambda name: None)
    monkeypatch.delenv("CHIMERA_HOME", raising=False)
    handle = surfaces.EtomotutChimeraViewer.can_handle_this
    assert surfaces.chimerax() is None
    assert handle(SetOfMembraneSurfaces.mro(), SetOfMembraneSurfaces()) is None
    program = tmp_path / "bin" / "ChimeraX"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    os.chmod(program, 0o755)
    monkeypatch.setenv("CHIMERA_HOME", str(tmp_path))
    assert surfaces.chimerax() == str(program)
    found = handle(SetOfMembraneSurfaces.mro(), SetOfMembraneSurfaces())
    assert found is SetOfMembraneSurfaces


def masks_of(folder, shape=None):
    tomograms = sets.tomogram_set(folder)
    tomogram = tomograms.getFirstItem().clone()
    data = np.zeros(shape or mrc.Stack(tomogram.getFileName()).shape, np.int8)
    data[len(data) // 2, : data.shape[1] * 2 // 3] = 3
    mrc.write(folder / "mask.mrc", data, pixel_size=5.0)
    output = SetOfTomoMasks.create(str(folder), prefix="masks")
    output.copyInfo(tomograms)
    mask = TomoMask()
    mask.copyInfo(tomogram)
    mask.setFileName(str(folder / "mask.mrc"))
    mask.setVolName(tomogram.getFileName())
    output.append(mask)
    output.write()
    return output, tomogram


def test_a_mask_is_shown_over_its_tomogram(tmp_path):
    output, tomogram = masks_of(tmp_path)
    (item,) = Listing(tmp_path / "cache", None).of(output)
    model = item.load()
    assert model.path == tomogram.getFileName()
    assert model.has_mask and model.shows_mask
    while not model.is_side_full:
        model.fill_side()
    for plane in AXES:
        viewport = Viewport(model.size_of(plane), (60, 50))
        viewport.fit()
        pixels = model.render(plane, viewport)
        assert pixels.shape == (50, 60, 3)
        coloured = np.ptp(pixels.astype(int), axis=2) > 30
        assert 0 < coloured.mean() < 0.7, plane
    model.shows_mask = False
    assert model.render(SECTION, viewport).ndim == 2
    assert MASK_COLOUR.max() > 200


def test_a_mask_without_its_tomogram_is_shown_alone(tmp_path):
    output, tomogram = masks_of(tmp_path)
    os.remove(tomogram.getFileName())
    (item,) = Listing(tmp_path / "cache", None).of(output)
    assert item.load().path == str(tmp_path / "mask.mrc")


def test_a_mask_of_another_size_says_so(tmp_path):
    tomogram, mask = tmp_path / "t.mrc", tmp_path / "m.mrc"
    mrc.write(tomogram, np.zeros((3, 4, 5), np.float32), pixel_size=1.0)
    mrc.write(mask, np.zeros((3, 4, 6), np.int8), pixel_size=1.0)
    with pytest.raises(EtomotutError, match="has another size than its tomogram"):
        TomogramModel(str(tomogram), 1.0, mask=str(mask))
