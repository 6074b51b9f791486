"""Stage 8: tomograms are denoised, and it is told whether structure went with the noise."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence

from pyworkflow.protocol.constants import LEVEL_ADVANCED
from pyworkflow.protocol.params import GE, GT, LE, EnumParam, FloatParam, IntParam
from tomo.objects import SetOfTomograms

from etomotut.convert.series import EVEN, FULL, ODD
from etomotut.convert.tomograms import cropped_tomogram, halves_of, stamp
from etomotut.errors import EtomotutError
from etomotut.protocols.facts import Facts
from etomotut.protocols.forms import add_halves, add_running, add_tomograms_input, man
from etomotut.protocols.job import Command, Job
from etomotut.protocols.outputs import TOMOGRAMS, Result
from etomotut.protocols.protocol_base import EtomotutProtocol
from etomotut.protocols.rehearsal import FILES
from etomotut.report.denoising import mean_gradient, write_comparison

METHODS = {
    "edge enhancing diffusion": "tomoeed",
    "Beltrami flow": "tomobflow",
    "nonlinear anisotropic diffusion": "nad_eed_3d",
    "Wiener filter of halves": "fscfilter",
}
EED, BELTRAMI, NONLINEAR, WIENER = range(len(METHODS))


class ProtEtomotutDenoise(EtomotutProtocol):
    """Denoise tomograms by diffusion along structure, or by the correlation of their halves.

    The result is for looking at and for segmentation. Keep the tomogram before it for averaging.
    """

    _label = "denoise tomograms"
    _possibleOutputs = {TOMOGRAMS: SetOfTomograms}
    programs = tuple(METHODS.values())
    papers = (
        "FernandezLi2003",
        "Moreno2018",
        "Fernandez2009",
        "FrangakisHegerl2001",
        "Rosenthal2003",
    )

    def _defineParams(self, form: Any) -> None:
        add_tomograms_input(form)
        form.addParam(
            "method",
            EnumParam,
            default=EED,
            choices=list(METHODS),
            label="Method",
            help="*edge enhancing diffusion* (tomoeed) evens densities out along edges and keeps "
            "what is steep. *Beltrami flow* (tomobflow) is gentler and needs no tuning. "
            "*nonlinear anisotropic diffusion* (nad_eed_3d) keeps lines, too. *Wiener filter of "
            "halves* (fscfilter) weighs each frequency by how far the even and odd tomograms "
            "agree; it needs these.",
        )
        self._define_diffusion(form)
        add_halves(form, "tomograms")
        add_running(form, self.programs)

    @staticmethod
    def _define_diffusion(form: Any) -> None:
        form.addParam(
            "sigmaGaussian",
            FloatParam,
            default=0.5,
            validators=[GE(0)],
            condition=f"method in {(EED, BELTRAMI)}",
            label="Gaussian filter before (sigma, voxels)",
            help="Takes away the finest noise, so that gradients can be told; 0 for none. More "
            "than 1 blurs structure.",
        )
        for name, default, method, hint in (
            ("iterations", 15, EED, "10 to 20 are usual."),
            ("iterationsBeltrami", 70, BELTRAMI, "50 to 250 are usual."),
            ("iterationsNonlinear", 10, NONLINEAR, f"See {man('nad_eed_3d')}"),
        ):
            form.addParam(
                name,
                IntParam,
                default=default,
                validators=[GE(1)],
                condition=f"method == {method}",
                label="Iterations",
                help=f"The more, the smoother. {hint}",
            )
        form.addParam(
            "contrast",
            FloatParam,
            default=0.0,
            validators=[GE(0)],
            condition=f"method in {(EED, NONLINEAR)}",
            label="Contrast (lambda)",
            help="Gradients, densities a voxel, beyond which there is an edge to be kept. 0: the "
            "mean gradient of the tomogram.",
        )
        form.addParam(
            "timeStep",
            FloatParam,
            default=0.1,
            validators=[GT(0), LE(0.15)],
            condition=f"method in {(EED, NONLINEAR)}",
            expertLevel=LEVEL_ADVANCED,
            label="Time step",
            help="How far one iteration goes. Above 0.1 the result may become unstable.",
        )
        form.addParam(
            "timeStepBeltrami",
            FloatParam,
            default=0.15,
            validators=[GT(0), LE(0.15)],
            condition=f"method == {BELTRAMI}",
            expertLevel=LEVEL_ADVANCED,
            label="Time step",
            help="How far one iteration goes. Above 0.15 the result may become unstable.",
        )
        form.addParam(
            "tensorSigma",
            FloatParam,
            default=1.0,
            validators=[GE(0)],
            condition=f"method == {NONLINEAR}",
            expertLevel=LEVEL_ADVANCED,
            label="Smoothing of the structure tensor (sigma, voxels)",
            help="Makes the direction of edges more certain; 0 for none.",
        )

    @classmethod
    def programs_for(cls, form: Any) -> Sequence[str]:
        """Give the program of the method."""
        return (cls.programs[form.method],)

    @property
    def source(self) -> Any:
        """The tomograms."""
        return self.inputSetOfTomograms

    @staticmethod
    def commands(
        form: Any, files: Mapping[str, str], *, contrast: float = 0.0, threads: int = 1
    ) -> List[Command]:
        """Give the command that denoises one volume.

        `files` has the names "source" and "result", and "even" and "odd" for the Wiener filter;
        `contrast` is what to take where the form has none.
        """
        if form.method == WIENER:
            values: Dict[str, Any] = {
                "FirstHalf": files["even"],
                "SecondHalf": files["odd"],
                "InputFile": files["source"],
                "OutputFile": files["result"],
                "FSCFile": files.get("table"),
            }
            return [("fscfilter", values)]
        values = {"InputFile": files["source"], "OutputFile": files["result"]}
        if form.method == NONLINEAR:
            about = {"n": form.iterationsNonlinear, "k": form.contrast or contrast, "m": 2}
            return [("nad_eed_3d", {**values, **about, "s": form.tensorSigma, "t": form.timeStep})]
        values.update(g=form.sigmaGaussian, t=threads)
        if form.method == BELTRAMI:
            values.update(i=form.iterationsBeltrami, s=form.timeStepBeltrami)
            return [("tomobflow", values)]
        values.update(i=form.iterations, s=form.timeStep, k=form.contrast or None)
        return [("tomoeed", values)]

    @classmethod
    def rehearsal(cls, form: Any) -> List[Command]:
        """Give the command for any volume."""
        return cls.commands(form, FILES, contrast=1.0)

    def process(self, job: Job) -> Result:
        """Denoise the full tomogram and its halves alike, and draw what it did."""
        files: Dict[str, str] = {}
        pixel_size = job.item.object.getSamplingRate()
        given = self._given(job)
        for part, source in job.source.items():
            result = job.temporary(f"{part}.mrc")
            names = {**given, "source": source, "result": result}
            contrast = 0.0
            if job.form.method == NONLINEAR and not job.form.contrast:
                contrast = mean_gradient(source)
            job.run(self.commands(job.form, names, contrast=contrast, threads=job.threads))
            files[part] = job.keep(f"{part}.mrc", image=True)
            stamp(files[part], pixel_size, volume=True)
        if "table" in given:
            job.keep("_fsc.txt")
        removal = write_comparison(
            Path(job.folder) / f"{job.name}_denoised.png",
            job.source[FULL],
            files[FULL],
            pixel_size=pixel_size,
            name=f"{job.ts_id}, {list(METHODS)[job.form.method]}",
        )
        numbers = {
            "method": list(METHODS)[job.form.method],
            "removed": removal.deviation / removal.before if removal.before else 0.0,
            "structure": removal.structure,
        }
        return Result({TOMOGRAMS: cropped_tomogram(job.item.object, files, (0, 0, 0))}, numbers)

    @staticmethod
    def _given(job: Job) -> Dict[str, str]:
        """Give the files beside the tomogram that the method needs; raises EtomotutError."""
        if job.form.method != WIENER:
            return {}
        halves = halves_of(job.item.object)
        if EVEN not in halves:
            raise EtomotutError("it has no even and odd halves, which the Wiener filter compares")
        return {"even": halves[EVEN], "odd": halves[ODD], "table": job.temporary("_fsc.txt")}

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Tell how much was removed, and how much of that goes with structure."""
        return (
            f"{numbers['method']}: removed {100 * numbers['removed']:.0f}% of the standard "
            f"deviation; {round(100 * numbers['structure'], 1) + 0.0:.1f}% of the removed energy "
            "goes with structure (0: only noise)"
        )

    @staticmethod
    def problems(form: Any, facts: Facts) -> List[str]:
        """Refuse the Wiener filter for tomograms without halves."""
        if form.method == WIENER and not facts.has_halves:
            return ["The Wiener filter compares even and odd tomograms, but the input has none."]
        return []

    @staticmethod
    def bytes_needed(form: Any, facts: Facts) -> float:
        """Give the size of the denoised tomograms."""
        return 4.0 * facts.pixels * (3 if form.processOddEven else 1)
