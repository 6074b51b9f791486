"""Parts of forms that several stages have, and the values of a form."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Dict, Sequence

from pyworkflow.protocol.constants import LEVEL_ADVANCED
from pyworkflow.protocol.params import (
    GE,
    BooleanParam,
    EnumParam,
    FloatParam,
    IntParam,
    PointerParam,
)

from etomotut import backends
from etomotut.packages import IMOD_PACKAGE, PACKAGES

NOT_RESULTS = ("runName", "runMode", "hostName", "numberOfThreads", "numberOfMpi", "binThreads")
SERIES_AT_ONCE = 3  # Scipion's threads; one of them only waits
CORES_OF_A_PROGRAM = 4


def man(program: str) -> str:
    """Give the address of a program's manual."""
    return f"https://bio3d.colorado.edu/imod/doc/man/{program}.html"


def add_series_input(form: Any) -> None:
    """Add the section with the input tilt series."""
    form.addSection(label="Input")
    form.addParam(
        "inputSetOfTiltSeries",
        PointerParam,
        pointerClass="SetOfTiltSeries",
        important=True,
        label="Tilt series",
        help="What is processed, series by series. Disabled views stay as they are, disabled.",
    )


def add_tomograms_input(form: Any) -> None:
    """Add the section with the input tomograms."""
    form.addSection(label="Input")
    form.addParam(
        "inputSetOfTomograms",
        PointerParam,
        pointerClass="SetOfTomograms",
        important=True,
        label="Tomograms",
        help="What is processed, one after another. They stay as they are; the results are new.",
    )


def add_masks_input(form: Any) -> None:
    """Add the section with the input masks."""
    form.addSection(label="Input")
    form.addParam(
        "inputSetOfTomoMasks",
        PointerParam,
        pointerClass="SetOfTomoMasks",
        important=True,
        label="Masks",
        help="0 is background; 1, or a number a membrane, is membrane.",
    )


def add_halves(form: Any, what: str = "tilt series") -> None:
    """Add the question whether the even and odd halves are processed too."""
    form.addParam(
        "processOddEven",
        BooleanParam,
        default=False,
        label="Process even and odd too?",
        help=f"The even and odd {what} are processed as the full ones are. Without it the "
        "results have no halves.",
    )


def add_weighting(form: Any) -> None:
    """Add how back-projection weights the frequencies."""
    form.addParam(
        "fakeInteractionsSIRT",
        IntParam,
        default=0,
        validators=[GE(0)],
        label="SIRT-like filter (iterations)",
        help="Weight the frequencies as so many iterations of SIRT would; 0 for plain "
        "weighted back-projection.",
    )
    radial = form.addLine(
        "Radial filter (1/pixel)",
        expertLevel=LEVEL_ADVANCED,
        help="Where the linear weighting ends, and how it falls off from there.",
    )
    radial.addParam("radialFirstParameter", FloatParam, default=0.35, label="cut-off")
    radial.addParam("radialSecondParameter", FloatParam, default=0.035, label="fall-off")


def add_running(form: Any, programs: Sequence[str]) -> None:
    """Add where the programs come from, and how many run at once."""
    installed = backends.choices(programs)[backends.IMOD]
    imod = [name for name in programs if backends.package_of(name) is IMOD_PACKAGE]
    manuals = "\n".join(f"{name}: {man(name)}" for name in imod)
    places = "\n".join(
        f"{name} is looked for in {', '.join(package.variables)} and on PATH."
        for name, package in PACKAGES.items()
    )
    form.addParam(
        "backend",
        EnumParam,
        default=backends.AUTO,
        choices=backends.choices(programs),
        display=EnumParam.DISPLAY_HLIST,
        label="Programs from",
        help=f"*{installed}*: what you have installed. *Embedded*: the programs of the same names, "
        "options and files that come with this plugin. *Auto*: what is installed, else embedded."
        f"\n\n{places}" + (f" Manuals:\n{manuals}" if manuals else ""),
    )
    form.addParallelSection(
        threads=SERIES_AT_ONCE,
        mpi=0,
        binThreads=CORES_OF_A_PROGRAM,
        binThreadsHelp="*Threads*: cores for one program. Programs that run at the same time "
        "never get more cores together than the machine has.",
    )


def values_of(protocol: Any) -> SimpleNamespace:
    """Give the values of a protocol's form, without its inputs, as attributes."""
    pairs = protocol.iterDefinitionAttributes()
    return SimpleNamespace(**{name: each.get() for name, each in pairs if not each.isPointer()})


def settings_of(protocol: Any) -> Dict[str, Any]:
    """Give the values of a form that its results depend on."""
    return {n: v for n, v in sorted(vars(values_of(protocol)).items()) if n not in NOT_RESULTS}
