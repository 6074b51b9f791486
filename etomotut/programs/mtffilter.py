"""Filter views or volumes by frequency, or weigh views by the dose that the specimen had taken.

Each section is filtered by itself unless FilterIn3D. Low and high frequencies fall off with
Gaussian edges; radii and sigmas are in cycles a pixel. Doses weigh the frequencies of a view with
exp(-N / (2 N_c)), where N is the dose at its end and N_c the critical dose of Grant and
Grigorieff (eLife 4:e06980, 2015). Without an output file the input file is rewritten.

A volume of up to 537 million voxels is filtered in 3D as a whole, for which it is held in memory
as 32-bit numbers; a larger one in tiles, whose result differs by less than 0.1% of its standard
deviation (root mean square).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.errors import OptionError
from etomotut.programs.console import progress, require_file, threads
from etomotut.programs.options import THREADS, Kind, Option, Several, Values

if TYPE_CHECKING:
    from etomotut.engine.frequency_filters import Edges, Response
    from etomotut.formats.mrc import Stack, Writer

Array = npt.NDArray[Any]

_VOXELS_AT_ONCE = 1 << 29  # of a volume; more are done in tiles
_NO_MTF = "inverting a detector's transfer function needs IMOD's mtffilter"
_NO_PLATE = "the filter for phase plates needs IMOD's mtffilter"
_NO_LINES = "filters in one dimension are those of tilt"
_NO_DECONVOLUTION = "deconvolution needs IMOD's mtffilter"
_REFUSED: Dict[str, Tuple[Kind, str, str]] = {
    "OneDimensionalFilter": (bool, "1dfilter", _NO_LINES),
    "RWeightedFilter": (bool, "rweight", _NO_LINES),
    "FakeSIRTiterations": (Several(int), "fake", _NO_LINES),
    "MtfFile": (Path, "mtf", _NO_MTF),
    "StockCurve": (int, "stock", _NO_MTF),
    "MaximumInverse": (float, "maxinv", _NO_MTF),
    "InverseRolloffRadiusSigma": (Several(float, 2), "invrolloff", _NO_MTF),
    "XScaleFactor": (float, "xscale", _NO_MTF),
    "AmplifierFactorAndPower": (Several(float, 2), "amplifier", _NO_PLATE),
    "CutoffForAmplifier": (float, "cutoff", _NO_PLATE),
    "PhasePlateParameters": (Several(float, 3), "phase", _NO_PLATE),
    "NoisePadding": (bool, "noise", "images are continued by their mirror image"),
    "UnitsForFrequency": (int, "units", "frequencies are in cycles a pixel"),
    "ExpandedByFactor": (float, "expanded", "enter the PixelSize of the images"),
    "ReversedBidirectional": (bool, "reversed", "enter the doses in a file of type 2"),
    "DeconvolutionStrength": (float, "deconv", _NO_DECONVOLUTION),
    "SNRFalloff": (float, "snr", _NO_DECONVOLUTION),
    "HighPassNyquist": (float, "dchigh", _NO_DECONVOLUTION),
    "DefocusInMicrons": (float, "defocus", _NO_DECONVOLUTION),
    "PhaseShift": (float, "dcphase", _NO_DECONVOLUTION),
    "SphericalAberration": (float, "cs", _NO_DECONVOLUTION),
}
OPTIONS = (
    Option("InputFile", Path, "stack or volume to filter", short="input", required=True),
    Option("OutputFile", Path, "file to write (default: the input file)", short="output"),
    Option("StartingAndEndingZ", Several(int, 2), "first and last section to filter, from 1",
           short="zrange"),
    Option("ModeToOutput", int, "data type: 0 bytes, 1 and 6 signed and unsigned 16-bit, 2 and 12 "
           "32- and 16-bit float (default: as the input)", short="mode", choices=(0, 1, 2, 6, 12)),
    Option("FilterIn3D", bool, "filter the volume in all directions, not each section",
           short="3dfilter"),
    Option("LowPassRadiusSigma", Several(float, 2), "where high frequencies begin to fall off, "
           "and the sigma of the fall-off", short="lowpass"),
    Option("HighPassSigma", float, "sigma of an inverted Gaussian that takes low frequencies away",
           short="highpass"),
    Option("FilterRadius1", float, "below it low frequencies fall off with the sigma of "
           "LowPassRadiusSigma; if negative, the Gaussian of HighPassSigma starts there",
           short="radius1"),
    Option("DensityScaleFactor", float, "factor for the filtered densities", short="denscale"),
    Option("TypeOfDoseFile", int, "numbers in each line of the dose file: 1 the dose of the view, "
           "2 the dose before it and its own, 3 the dose before and after it", None, "dtype",
           choices=(1, 2, 3)),
    Option("DoseWeightingFile", Path, "file of doses, electrons per square Angstrom, a line a view",
           short="dfile"),
    Option("FixedImageDose", float, "instead of a file, the dose of every view", None, "dfixed",
           low=0),
    Option("InitialDose", float, "dose before the first view", 0.0, "initial", low=0),
    Option("BidirectionalNumViews", int, "number of views of the half that was taken first, down "
           "from the last of them; for doses without the one before a view", None, "bidir", low=1),
    Option("Voltage", int, "of the microscope, kV", 300, "volt", choices=(200, 300)),
    Option("OptimalDoseScaling", float, "factor for the critical dose", 1.0, "optimal", low=1e-3),
    Option("CriticalDoseFactors", Several(float, 3), "a, b and c of the critical dose a k^b + c; 0 "
           "for the published one", short="critical"),
    Option("PixelSize", float, "in nm (default: that of the header)", None, "pixel", low=1e-4),
    THREADS,
    *(Option(name, kind, f"refused: {why}", short=short)
      for name, (kind, short, why) in _REFUSED.items()),
)  # fmt: skip
POSITIONAL = ("InputFile", "OutputFile")


def run(values: Values) -> None:
    """Write the filtered stack or volume."""
    from etomotut.formats import mrc

    _refuse(values)
    stack = mrc.Stack(require_file(values["InputFile"], "stack or volume"))
    chosen = _chosen_sections(values, len(stack))
    output, written = values["OutputFile"], chosen
    if output is None:
        output, written = values["InputFile"], range(len(stack))
    with mrc.create(
        output,
        (len(written), *stack.shape[1:]),
        _data_type(values, stack),
        pixel_size=stack.pixel_size or 1.0,
        volume=values["FilterIn3D"],
        origin=stack.origin,
        labels=[*stack.labels, "etomotut mtffilter"],
    ) as out:
        if values["FilterIn3D"]:
            cut = _filter_volume(values, stack, out)
        else:
            cut = _filter_sections(values, stack, out, chosen, written)
    if cut:
        print(f"WARNING: {cut} densities were beyond what the data type holds, and were cut")
    print(f"{len(chosen)} sections of {stack.shape[2]} x {stack.shape[1]} filtered into {output}")


def _refuse(values: Values) -> None:
    for name, (_, _, why) in _REFUSED.items():
        if values[name] not in (None, False):
            raise OptionError(f"option {name} is not embedded: {why}")
    in_frequency = [
        name
        for name in ("LowPassRadiusSigma", "HighPassSigma", "FilterRadius1", "DensityScaleFactor")
        if values[name] is not None
    ]
    if _has_doses(values) and in_frequency:
        raise OptionError(f"options {in_frequency[0]} and those of doses exclude each other")
    if _has_doses(values) and values["FilterIn3D"]:
        raise OptionError("doses are those of views: option FilterIn3D makes no sense with them")
    if not _has_doses(values) and not in_frequency:
        raise OptionError("there is nothing to do: give LowPassRadiusSigma, HighPassSigma or doses")


def _has_doses(values: Values) -> bool:
    return any(values[n] is not None for n in ("DoseWeightingFile", "FixedImageDose"))


def _chosen_sections(values: Values, sections: int) -> range:
    if values["StartingAndEndingZ"] is None:
        return range(sections)
    if values["FilterIn3D"]:
        raise OptionError("options StartingAndEndingZ and FilterIn3D exclude each other")
    first, last = values["StartingAndEndingZ"]
    if not 1 <= first <= last <= sections:
        raise OptionError(
            f"option StartingAndEndingZ is {first} to {last}; the file has 1 to {sections}"
        )
    return range(first - 1, last)


def _data_type(values: Values, stack: Stack) -> npt.DTypeLike:
    from etomotut.formats import mrc

    if values["ModeToOutput"] is not None:
        return mrc.MODES[values["ModeToOutput"]]
    # unsigned bytes of an old file do not fit in a byte of today's files
    return "uint16" if stack.dtype == "uint8" else stack.dtype


def _filter_sections(
    values: Values, stack: Stack, out: Writer, chosen: range, written: range
) -> int:
    """Write sections, those `chosen` of them filtered; gives how many densities were cut."""
    from etomotut.engine.densities import round_to
    from etomotut.engine.frequency_filters import filter_array
    from etomotut.programs.streaming import in_order, require_numbers

    response = _responses(values, stack)

    def make(section: int) -> Tuple[Array, int, int]:
        image = stack[section]
        if section in chosen:
            require_numbers(image, f"section {section} of {stack.path}")
            image = filter_array(image, response(section))
        return round_to(image, out.dtype)

    cut = 0
    made = in_order(make, written, threads())
    for index, (image, below, above) in enumerate(progress(made, "Sections", len(written))):
        out[index] = image
        cut += below + above
    return cut


def _responses(values: Values, stack: Stack) -> Callable[[int], Response]:
    """Give what gives the response for a section."""
    if _has_doses(values):
        return _dose_responses(values, stack).__getitem__
    edges = _edges(values)
    return lambda section: edges


def _filter_volume(values: Values, stack: Stack, out: Writer) -> int:
    from etomotut.engine.frequency_filters import filter_array
    from etomotut.programs.tiling import filter_volume

    edges = _edges(values)
    return filter_volume(
        stack,
        out,
        lambda box, workers: filter_array(box, edges, workers=workers),
        reach=edges.reach,
        largest=_VOXELS_AT_ONCE,
        name=str(stack.path),
    )


def _edges(values: Values) -> Edges:
    """Give the filter that the options describe; raises OptionError for one that is not there."""
    from etomotut.engine.frequency_filters import Edges

    low_pass, sigma = values["LowPassRadiusSigma"], values["HighPassSigma"]
    radius = values["FilterRadius1"] or 0.0
    for name, number in (
        ("LowPassRadiusSigma", low_pass and low_pass[1]),
        ("HighPassSigma", sigma),
    ):
        if number is not None and number <= 0:
            raise OptionError(f"the sigma of option {name} is {number:g}; it must be above 0")
    if radius > 0 and low_pass is None:
        raise OptionError("a FilterRadius1 above 0 needs the sigma of LowPassRadiusSigma")
    if radius < 0 and sigma is None:
        raise OptionError("a FilterRadius1 below 0 needs HighPassSigma")
    return Edges(
        low_pass=low_pass,
        high_pass=None if sigma is None else (max(-radius, 0.0), sigma),
        shoulder=(radius, low_pass[1]) if radius > 0 else None,
        factor=1.0 if values["DensityScaleFactor"] is None else values["DensityScaleFactor"],
    )


def _dose_responses(values: Values, stack: Stack) -> List[Response]:
    """Give the response for each section of the stack."""
    from etomotut.engine.dose_weighting import AT_200_KV, FACTORS, dose_response

    pixel_size = 10 * (values["PixelSize"] or 0.0) or stack.pixel_size
    if pixel_size <= 0:
        raise OptionError(f"{stack.path} has no pixel size: give PixelSize")
    scale = values["OptimalDoseScaling"] * (AT_200_KV if values["Voltage"] == 200 else 1.0)
    given = values["CriticalDoseFactors"] or (0.0, 0.0, 0.0)
    factors = [number or known for number, known in zip(given, FACTORS)]
    doses = _final_doses(values, len(stack))
    print(f"Doses at the ends of views: {doses.min():.4g} to {doses.max():.4g} electrons per A^2")
    return [
        dose_response(dose, pixel_size, scale=scale, factors=(factors[0], factors[1], factors[2]))
        for dose in doses
    ]


def _final_doses(values: Values, views: int) -> npt.NDArray[np.float64]:
    """Give the dose at the end of each view; raises OptionError."""
    from etomotut.engine.dose_weighting import prior_doses
    from etomotut.formats import doses

    kind, path, fixed = (
        values[name] for name in ("TypeOfDoseFile", "DoseWeightingFile", "FixedImageDose")
    )
    if fixed is not None and path is not None:
        raise OptionError("options FixedImageDose and DoseWeightingFile exclude each other")
    if path is not None and kind is None:
        raise OptionError("option DoseWeightingFile needs TypeOfDoseFile: 1, 2 or 3")
    half = values["BidirectionalNumViews"] or 0
    if half > views:
        raise OptionError(f"option BidirectionalNumViews is {half}; there are {views} views")
    if path is None:
        numbers = np.full((views, 1), fixed)
    else:
        numbers = doses.read(path, kind=kind, views=views)
    own = numbers[:, -1]
    before = numbers[:, 0] if numbers.shape[1] == 2 else prior_doses(list(own), half)
    final: npt.NDArray[np.float64] = values["InitialDose"] + before + own
    return final
