"""Commands and summary of the surfaces stage, from the values of its form."""

from __future__ import annotations

from etomotut.protocols import ProtEtomotutSurfaces as Stage
from etomotut.tests.protocols.test_commands import check, form

FILES = {"mask": "m.mrc", "root": "out/TS_1", "tomogram": None, "origin": (-100.0, -50.0, 20.5)}


def command(files=FILES, **changes):
    commands = Stage.commands(form("ProtEtomotutSurfaces", **changes), files, 11.04)
    (values,) = check(commands)
    assert commands[0][0] == "membranemesh"
    return values


def test_surfaces_are_made_in_the_frame_of_the_tomogram():
    values = command()
    assert (values["InputFile"], values["OutputRoot"]) == ("m.mrc", "out/TS_1")
    assert (values["PixelSize"], values["Origin"]) == (11.04, (-100.0, -50.0, 20.5))
    assert (values["Format"], values["Components"], values["Closed"]) == ("ply", False, False)


def test_what_the_form_asks_for_is_asked_of_the_program():
    values = command({**FILES, "tomogram": "t.mrc"}, format=2, onlyComponents=True, smoothing=60.0)
    assert (values["TomogramFile"], values["Format"], values["Smoothing"]) == ("t.mrc", "stl", 60)
    assert values["Components"]


def test_the_summary_tells_how_many_how_large_and_how_thick():
    tell = Stage.describe
    assert tell(None, {"membranes": 0, "area": 0, "thickness": 0}).startswith("no membrane")
    one = {"membranes": 1, "area": 1234.5, "thickness": 0.0}
    assert tell(None, one) == "1 membrane with 1234 nm²"
    two = {"membranes": 2, "area": 2000.0, "thickness": 4.21}
    assert tell(None, two) == "2 membranes with 2000 nm², bilayers of 4.2 nm"
