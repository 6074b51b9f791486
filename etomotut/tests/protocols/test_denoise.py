"""Commands and checks of the denoising stage, from the values of its form."""

from __future__ import annotations

import pytest

from etomotut.protocols import ProtEtomotutDenoise as Stage
from etomotut.protocols.facts import Facts
from etomotut.protocols.protocol_denoise import BELTRAMI, EED, NONLINEAR, WIENER
from etomotut.tests.protocols.test_commands import check, form

FILES = {"source": "a.mrc", "result": "b.mrc", "even": "e.mrc", "odd": "o.mrc", "table": "t.txt"}


def command(**changes):
    commands = Stage.commands(
        form("ProtEtomotutDenoise", **changes), FILES, contrast=3.5, threads=2
    )
    (values,) = check(commands)
    return commands[0][0], values


def test_the_tutorials_denoising_is_edge_enhancing_diffusion():
    name, values = command()
    assert name == "tomoeed"
    assert values == {
        "InputFile": "a.mrc",
        "OutputFile": "b.mrc",
        "g": 0.5,
        "i": 15,
        "s": 0.1,
        "k": None,
        "t": 2,
    }


def test_beltrami_flow_has_a_time_step_of_its_own():
    name, values = command(method=BELTRAMI, timeStep=0.05)
    assert (name, values["i"], values["s"], values["g"]) == ("tomobflow", 70, 0.15, 0.5)


def test_nonlinear_diffusion_needs_a_contrast_and_gets_that_of_the_tomogram():
    name, values = command(method=NONLINEAR)
    assert (name, values["k"], values["n"], values["s"]) == ("nad_eed_3d", 3.5, 10, 1.0)
    assert command(method=NONLINEAR, contrast=7.0)[1]["k"] == 7.0
    assert command(method=EED, contrast=7.0)[1]["k"] == 7.0


def test_the_wiener_filter_compares_the_halves_and_filters_the_whole():
    name, values = command(method=WIENER)
    assert name == "fscfilter"
    assert (values["FirstHalf"], values["SecondHalf"]) == ("e.mrc", "o.mrc")
    assert values["InputFile"] == "a.mrc"


@pytest.mark.parametrize(
    ("method", "program"),
    [(EED, "tomoeed"), (BELTRAMI, "tomobflow"), (NONLINEAR, "nad_eed_3d"), (WIENER, "fscfilter")],
)
def test_only_the_program_of_the_method_is_looked_for(method, program):
    assert Stage.programs_for(form("ProtEtomotutDenoise", method=method)) == (program,)


def test_the_wiener_filter_is_refused_without_halves():
    wanted = form("ProtEtomotutDenoise", method=WIENER)
    assert "has none" in Stage.problems(wanted, Facts())[0]
    assert Stage.problems(wanted, Facts(has_halves=True)) == []
    assert Stage.problems(form("ProtEtomotutDenoise"), Facts()) == []
