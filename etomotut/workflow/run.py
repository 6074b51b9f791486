"""The workflow template on a user's tilt series, headless, in a Scipion project.

Scipion's window opens the project afterwards: every stage can be looked at, changed, run again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

from etomotut.backends import AUTO, EMBEDDED, IMOD, package_of
from etomotut.errors import EtomotutError
from etomotut.packages import IMOD_PACKAGE
from etomotut.workflow import branches, inputs
from etomotut.workflow.inputs import Series

HALVES_STAGE = {
    "object.className": "ProtEtomotutImportHalves",
    "object.id": "100",
    "object.label": "0. import even and odd",
    "object.comment": "",
}
CTF_STAGES = ("ProtEtomotutCtfCorrection", "ProtEtomotutImportCtf")
TEMPLATE = "fiducial_exosome.json.template"
USUAL_PIXEL = 5.52  # Å; binned pixels of the tutorial
USUAL_DOSE = 3.0  # e/Å² a view; only recorded, no stage of this template weighs by it
LIMITS = {
    "pixel_size": (0.01, 1000),
    "axis_angle": (-360, 360),
    "bead_diameter": (0.5, 1000),
    "beads": (3, 10_000),
    "binning": (1, 64),
    "thickness": (2, 65_536),
    "kept_thickness": (2, 65_536),
    "voltage": (10, 3000),
    "dose": (0, 1000),
}
ADJUSTED = ("programs", "beads", "bead_diameter")  # what the template has no field for
PROGRAMS = {"auto": AUTO, "imod": IMOD, "embedded": EMBEDDED}


def main(words: Optional[Sequence[str]] = None) -> int:
    """Run the command; gives the exit status: 1 if any series or stage failed."""
    arguments = _parser().parse_args(words)
    try:
        return run(arguments)
    except (EtomotutError, OSError) as error:
        print(f"ERROR: RUN - {error}", file=sys.stdout, flush=True)
        return 1


def run(arguments: argparse.Namespace) -> int:
    """Find the series, run the template on them, export and draw what was asked for."""
    start = time.monotonic()
    _require_possible(arguments)
    folder = Path(arguments.project).absolute()
    series, left_out = inputs.gather(
        arguments.tilt_series,
        tilt_angles=arguments.tilt_angles,
        mdoc=arguments.mdoc,
        defocus=arguments.defocus,
        halves=arguments.halves,
    )
    for problem in left_out:
        print(f"LEFT OUT: {problem}")
    values = _values(arguments, series)
    _announce(series, values, folder)
    path, pattern = inputs.stage(series, folder.with_name(folder.name + "-input"))
    targets = [
        Path(each).absolute() if each else None for each in (arguments.export, arguments.pictures)
    ]
    page = Path(arguments.report).absolute() if arguments.report else None

    from etomotut import headless
    from etomotut.workflow import report, resuming

    headless.prepare(folder.parent)
    project = headless.open_project(folder.name, folder.parent)
    text = headless.fill_template(
        headless.TEMPLATES / TEMPLATE,
        {**values, "path": path, "pattern": pattern, "ctf_path": path},
    )
    text = branches.choose(
        text,
        segment=arguments.segment,
        erase_gold=arguments.erase_gold,
        no_fiducials=arguments.no_fiducials,
        everything=arguments.all_branches,
    )
    lacking = [each.name for each in series if each.defocus is None]
    if lacking:
        print(f"No CTF correction: there is no defocus file of {', '.join(lacking)}\n", flush=True)
        text = headless.leave_out(text, CTF_STAGES)
    if arguments.halves:
        text = _with_halves(text, path / "halves")
    protocols = resuming.stages(
        project,
        text,
        {name: getattr(arguments, name) for name in ADJUSTED},
        lambda protocol: _adjust(protocol, arguments),
    )
    failures = headless.run(project, list(protocols.values()))
    failed = _report(protocols, series, targets, folder)
    made = report.write(project, page) if page is not None else f"etomotut report {folder}"
    print(f"  report, for any browser: {made}", flush=True)
    minutes, seconds = divmod(round(time.monotonic() - start), 60)
    print(f"\nFinished in {minutes} min {seconds} s.", flush=True)
    for problem in left_out:
        print(f"LEFT OUT: {problem}", flush=True)
    for failure in failures:
        print(f"FAILED: {failure}", flush=True)
    return 1 if failures or failed or left_out else 0


def _require_possible(arguments: argparse.Namespace) -> None:
    """Raise EtomotutError for a number that nobody can mean, before anything is made of it."""
    for name, (low, high) in LIMITS.items():
        value = getattr(arguments, name)
        if value is not None and not low <= value <= high:
            option = f"--{name.replace('_', '-')}"
            raise EtomotutError(f"{option} is {value:g}; it must be {low:g} to {high:g}")


def _with_halves(text: str, folder: Path) -> str:
    """Give a workflow in which even and odd stacks join the series, and are processed along."""
    stages = json.loads(text)
    taken, given = "1.outputTiltSeries", f"{HALVES_STAGE['object.id']}.TiltSeries"
    for stage in stages:
        if "processOddEven" in stage:
            stage["processOddEven"] = True
        if stage.get("inputSetOfTiltSeries") == taken:
            stage["inputSetOfTiltSeries"] = given
    joined = {**HALVES_STAGE, "inputSetOfTiltSeries": taken, "filesPath": str(folder)}
    return json.dumps([stages[0], joined, *stages[1:]])


def _adjust(protocol: Any, arguments: argparse.Namespace) -> None:
    """Set what ADJUSTED names."""
    if hasattr(protocol, "backend"):
        protocol.backend.set(choice_for(protocol, PROGRAMS[arguments.programs]))
    if hasattr(protocol, "numberFiducial"):
        protocol.numberFiducial.set(arguments.beads)
    if hasattr(protocol, "fiducialDiameter"):
        protocol.fiducialDiameter.set(arguments.bead_diameter)


def choice_for(protocol: Any, asked: int) -> int:
    """Give whose programs a stage takes: who asks for IMOD need not have what IMOD lacks."""
    from etomotut.protocols.forms import values_of

    packages = {package_of(name) for name in protocol.programs_for(values_of(protocol))}
    return AUTO if asked == IMOD and packages - {IMOD_PACKAGE, None} else asked


def _values(arguments: argparse.Namespace, series: Sequence[Series]) -> Dict[str, Any]:
    """Give the template's values: those typed, else what the files say, else the tutorial's."""
    has_mdoc = series[0].mdoc is not None
    pixel_size = arguments.pixel_size or inputs.one_value([s.pixel_size for s in series], 0.005)
    if pixel_size is None:
        raise EtomotutError(
            f"{series[0].stack} does not tell its pixel size, or series differ: give --pixel-size"
        )
    axis = arguments.axis_angle
    if axis is None and not has_mdoc:
        axis = inputs.one_value([each.axis_angle for each in series], 1.0)
        if axis is None:
            raise EtomotutError("no file tells the angle of the tilt axis: give --axis-angle")
    binning = arguments.binning or max(1, round(USUAL_PIXEL / pixel_size))
    kept = arguments.kept_thickness or 2 * round(arguments.thickness / 3)
    return {
        "voltage": arguments.voltage,
        "pixel_size": arguments.pixel_size or (0 if has_mdoc else pixel_size),
        # an angle of 0 would mean that none was typed; 360 is the same angle
        "axis_angle": 0 if axis is None else axis or 360.0,
        "dose": arguments.dose or (0 if has_mdoc else USUAL_DOSE),
        "binning": binning,
        "bead_diameter": arguments.bead_diameter,
        "thickness": arguments.thickness,
        "kept_thickness": kept,
        "final_thickness": kept + kept % 2,
    }


def _announce(series: Sequence[Series], values: Dict[str, Any], folder: Path) -> None:
    for each in series:
        source = each.mdoc or "tilt angles"
        print(f"{each.name}: {each.stack} with {source}")
    told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in values.items() if value)
    print(f"Values: {told}\nProject: {folder}\n", flush=True)


def _report(
    protocols: Mapping[str, Any],
    series: Sequence[Series],
    targets: List[Optional[Path]],
    folder: Path,
) -> int:
    """Export and draw, say where everything is; gives the number of series without a tomogram."""
    from etomotut.workflow import qualities, results

    export, pictures = targets
    raw = {each.name: each.stack for each in series}
    stages = results.stages_of(protocols)
    print("\nResults")
    lacking = 0
    for each in series:
        tomogram = stages.tomogram(each.name)
        lacking += tomogram is None
        print(f"  {each.name}: {tomogram or 'no tomogram'}")
    for ts_id in stages.ids():
        if export is not None:
            results.export(stages, ts_id, raw[ts_id], export)
        if pictures is not None:
            results.draw(stages, ts_id, pictures)
    if export is not None:
        qualities.export(protocols, export)
    for what, where in (
        ("alignments, models, tomograms and what was made of them", export),
        ("pictures", pictures),
    ):
        if where is not None and stages.ids():
            print(f"  {what}: {where}")
    print(f"  project, for Scipion's window: etomotut gui {folder}")
    return lacking


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="etomotut run",
        description="Align tilt series by their gold beads, or without them, correct them for the "
        "CTF where defocus files are there, reconstruct, denoise and segment tomograms: the "
        "workflow template in a Scipion project, without its window.",
        epilog="Exported files are for the raw, unbinned stack: .xf brings it into the aligned "
        "frame, .fid are the tracked beads, .xyz their positions, alignment_quality.csv and "
        "NAME_quality.json how good the alignments are. NAME.mrc is the last tomogram, "
        "NAME_sirt.mrc and NAME_wbp.mrc those before; NAME_membranes.mrc and NAME_instances.mrc "
        "are masks, and the folder NAME_surfaces has surfaces, their table and a page that shows "
        "them.",
    )
    add = parser.add_argument
    add(
        "--tilt-series",
        nargs="+",
        required=True,
        metavar="FILE",
        help="stacks, folders or patterns",
    )
    add("--tilt-angles", metavar="FILE", help="tilt angles: a file for all, or a pattern")
    add("--mdoc", metavar="PATTERN", help="mdoc files; default: those beside the stacks")
    add("--defocus", metavar="PATTERN", help="IMOD's defocus files; default: those beside them")
    add("--halves", metavar="DIR", help="folder of NAME_even.mrc and NAME_odd.mrc, to go along")
    add("--pixel-size", type=float, metavar="A", help="of the raw stacks; default: their files'")
    add(
        "--axis-angle", type=float, metavar="DEG", help="tilt axis from vertical, counter-clockwise"
    )
    add("--bead-diameter", type=float, default=10.0, metavar="NM", help="default 10")
    add("--beads", type=int, default=40, metavar="N", help="beads to track at most, default 40")
    add("--segment", action="store_true", help="segment membranes and make surfaces of them")
    add(
        "--erase-gold",
        action="store_true",
        help="make tomograms (and segment them) with the gold erased too",
    )
    add(
        "--no-fiducials",
        action="store_true",
        help="align the series by what they show; with --erase-gold, after erasing their gold",
    )
    add("--all-branches", action="store_true", help="all that the template holds")
    add("--binning", type=int, metavar="N", help="default: to pixels of about 5.5 A")
    add(
        "--thickness",
        type=int,
        default=300,
        metavar="N",
        help="of the tomogram, default 300 voxels",
    )
    add("--kept-thickness", type=int, metavar="N", help="that cropping keeps; default two thirds")
    add("--voltage", type=float, default=300.0, metavar="KV", help="default 300")
    add("--dose", type=float, metavar="E", help="electrons per square A a view")
    add(
        "--programs",
        choices=sorted(PROGRAMS),
        default="auto",
        help="whose programs run, default auto; imod: what IMOD lacks is taken as with auto",
    )
    add(
        "--project",
        default="etomotut-project",
        metavar="DIR",
        help="the Scipion project to make; the same command again goes on with what it lacks",
    )
    add("--export", metavar="DIR", help="folder for alignments, models and tomograms")
    add("--pictures", metavar="DIR", help="folder for pictures of the results")
    add("--report", metavar="FILE", help="web page on the results, a .html file")
    return parser
