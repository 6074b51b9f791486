"""Stage 11: masks of membranes become surfaces that are measured, and can be looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence

import numpy as np
from pyworkflow.protocol.constants import LEVEL_ADVANCED
from pyworkflow.protocol.params import GE, BooleanParam, EnumParam, FloatParam, PointerParam
from tomo.objects import SetOfMeshes

from etomotut.convert.series import FULL
from etomotut.convert.surfaces import origin_of, points_of, read_table, surface_of, tomogram_file
from etomotut.errors import EtomotutError
from etomotut.formats import surface
from etomotut.formats.mrc import Stack
from etomotut.objects import MembraneSurface, SetOfMembraneSurfaces
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_masks_input, add_running
from etomotut.protocols.job import Command, Job
from etomotut.protocols.outputs import POINTS, SURFACES, Item, Result, Things
from etomotut.protocols.protocol_base import EtomotutProtocol
from etomotut.report.chimerax import write_script
from etomotut.report.scene import Shown, write_scene
from etomotut.report.surfaces import write_surfaces

TOMOGRAM = "tomogram"
MANY_POINTS = 1500  # of a membrane, for plugins that read point clouds
POINT_SIZE = 20  # pixels in which such plugins show a point


class ProtEtomotutSurfaces(EtomotutProtocol):
    """Make smooth surfaces of triangles from masks of membranes, and measure each membrane.

    Surfaces run through the middle of the bilayer, their normals point outwards, and they are open
    where the mask is. Each tomogram gets a table, a page that any browser shows in 3D, and a
    script for ChimeraX.
    """

    _label = "membrane surfaces"
    _possibleOutputs = {SURFACES: SetOfMembraneSurfaces, POINTS: SetOfMeshes}
    programs = ("membranemesh",)
    papers = ("Hoppe1992", "Kazhdan2006", "Gibson1998")

    def _defineParams(self, form: Any) -> None:
        add_masks_input(form)
        form.addParam(
            "inputSetOfTomograms",
            PointerParam,
            pointerClass="SetOfTomograms",
            allowsNull=True,
            label="Tomograms of the masks (optional)",
            help="The thickness of bilayers is measured in them, and they are shown with the "
            "surfaces. Without them, those that the masks name are taken. One that is not denoised "
            "tells the thickness best.",
        )
        form.addParam(
            "onlyComponents",
            BooleanParam,
            default=False,
            label="Take connected parts as membranes?",
            help="Else the numbers in a mask tell membranes apart; a mask of 0 and 1 is always "
            "taken by its connected parts.",
        )
        form.addParam(
            "smallestArea",
            FloatParam,
            default=500.0,
            validators=[GE(0)],
            label="Smallest area (nm²)",
            help="Membranes that are smaller are left out. A vesicle of 10 nm radius has 1257 nm².",
        )
        form.addParam(
            "format",
            EnumParam,
            default=0,
            choices=[each.upper() for each in surface.ENDINGS],
            display=EnumParam.DISPLAY_HLIST,
            label="Format",
            help="PLY keeps the curvature at each vertex.",
        )
        form.addParam(
            "writeClosed",
            BooleanParam,
            default=False,
            label="Write closed surfaces, too?",
            help="Those with the gaps of the missing wedge closed, by which volumes are measured.",
        )
        for name, default, label, hint in (
            ("spacing", 25.0, "Spacing of vertices (Å)", "Large membranes get wider triangles."),
            ("smoothing", 40.0, "Smoothing (Å)", "Sigma within which the middle of the mask is "
             "found. Finer detail of the mask is taken for noise."),
            ("curvatureScale", 100.0, "Scale of curvature (Å)", "Sigma within which curvature is "
             "measured: noise is averaged, and so are smaller bumps."),
        ):  # fmt: skip
            form.addParam(
                name,
                FloatParam,
                default=default,
                validators=[GE(5)],
                expertLevel=LEVEL_ADVANCED,
                label=label,
                help=hint,
            )
        add_running(form, self.programs)

    @property
    def source(self) -> Any:
        """The masks."""
        return self.inputSetOfTomoMasks

    @staticmethod
    def commands(form: Any, files: Mapping[str, Any], pixel_size: float) -> List[Command]:
        """Give the command that makes the surfaces of a mask.

        `files` has the names "mask" and "root", and "tomogram" or None; "origin" is (x, y, z) Å.
        """
        values: Dict[str, Any] = {
            "InputFile": files["mask"],
            "OutputRoot": files["root"],
            "TomogramFile": files["tomogram"],
            "Format": surface.ENDINGS[form.format],
            "Spacing": form.spacing,
            "Smoothing": form.smoothing,
            "CurvatureScale": max(form.curvatureScale, 10.0),
            "SmallestArea": form.smallestArea,
            "Components": form.onlyComponents,
            "Closed": form.writeClosed,
            "PixelSize": pixel_size,
            "Origin": tuple(files["origin"]),
        }
        return [("membranemesh", values)]

    def process(self, job: Job) -> Result:
        """Make and measure the surfaces of a mask, and write what shows them."""
        mask = job.item.object
        files = {
            "mask": job.source[FULL],
            "root": job.temporary(""),
            "tomogram": tomogram_file(mask, job.item.partners.get(TOMOGRAM)),
            "origin": origin_of(mask),
        }
        job.run(self.commands(job.form, files, mask.getSamplingRate()))
        rows = read_table(job.keep(".csv"))
        for row in rows:
            job.keep(row["file"][len(job.name) :])
            if job.form.writeClosed:
                start, ending = row["file"][len(job.name) :].rsplit(".", 1)
                job.keep(f"{start}_closed.{ending}")
        surfaces = [surface_of(row, job.ts_id, Path(job.folder)) for row in rows]
        numbers = {
            "membranes": len(rows),
            "area": sum(float(row["area_nm2"]) for row in rows),
            "thickness": _median([row["thickness_nm"] for row in rows]),
        }
        if not rows:
            return Result({}, numbers)
        points = self._show(job, surfaces, files)
        return Result(
            {
                SURFACES: Things(SetOfMembraneSurfaces, surfaces, self._prepare_surfaces),
                POINTS: Things(SetOfMeshes, points, self._prepare_points),
            },
            numbers,
        )

    @staticmethod
    def _show(job: Job, surfaces: Sequence[MembraneSurface], files: Mapping[str, Any]) -> List[Any]:
        """Write page and script of a tomogram's surfaces, and give points on them."""
        mask, origin = job.item.object, np.array(files["origin"])
        shown, points = [], []
        for each in surfaces:
            found = surface.read(each.getFileName())
            text = f"{each.getInstance()}: {each.measures()['area']:.0f} nm²"
            bent = found.values.get("mean_curvature")
            shown.append(Shown(text, found.vertices - origin, found.faces, bent))
            step = len(found.vertices) // MANY_POINTS + 1
            places = found.vertices[::step]
            points += points_of(_precedent(job), places, each.getInstance())
        tomogram, pixel = files["tomogram"], mask.getSamplingRate()
        scene, script = (str(Path(job.folder) / f"{job.name}.{end}") for end in ("html", "cxc"))
        size = [n * pixel for n in Stack(files["mask"]).shape[::-1]]
        volume = Stack(tomogram) if tomogram else None
        write_scene(scene, shown, title=job.ts_id, size=size, volume=volume)
        write_surfaces(
            Path(job.folder) / f"{job.name}_surfaces.png",
            shown,
            name=job.ts_id,
            text=f"{len(shown)} surfaces, from above and from the side",
            size=size,
        )
        write_script(
            script,
            tomogram=tomogram,
            masks=[files["mask"]],
            surfaces=[(each.getFileName(), str(each)) for each in surfaces],
            pixel_size=pixel,
            origin=origin,
        )
        for each in surfaces:
            each.setScripts(scene, script)
        return points

    def _prepare_surfaces(self, output: Any) -> None:
        output.setSamplingRate(self.source.get().getSamplingRate())

    def _prepare_points(self, output: Any) -> None:
        given = self.inputSetOfTomograms
        output.setPrecedents(self.source if given.get() is None else given)
        output.setSamplingRate(self.source.get().getSamplingRate())
        output.setBoxSize(POINT_SIZE)

    def _read(self, ts_id: str) -> Item:
        item, tomograms = super()._read(ts_id), self.inputSetOfTomograms.get()
        if tomograms is not None:
            if ts_id not in tomograms.getUniqueValues("_tsId"):
                raise EtomotutError("there is no tomogram for it")
            item.partners[TOMOGRAM] = tomograms[{"_tsId": ts_id}].clone()
            tomograms.close()
        return item

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Tell how many membranes there are, how large and how thick."""
        if not numbers["membranes"]:
            return "no membrane large enough for a surface"
        thick = f", bilayers of {numbers['thickness']:.1f} nm" if numbers["thickness"] else ""
        count = numbers["membranes"]
        plural = "" if count == 1 else "s"
        return f"{count} membrane{plural} with {numbers['area']:.0f} nm²{thick}"

    @staticmethod
    def bytes_needed(form: Any, facts: Facts) -> float:
        """Give what surfaces and page take: little beside the mask."""
        return 0.05 * facts.bytes + 1e7


def _precedent(job: Job) -> Any:
    """Give the tomogram that points refer to."""
    return job.item.partners.get(TOMOGRAM, job.item.object)


def _median(words: Sequence[str]) -> float:
    known = [float(word) for word in words if word]
    return float(np.median(known)) if known else 0.0
