"""How good tomograms are against a known specimen: `python -m benchmarks.quality [--out FILE]`.

A simulated series is corrected, reconstructed and denoised by the embedded programs under its true
alignment, so that nothing but these is judged. Each result is compared with the specimen's
potential: by Fourier shell correlation, inside and outside the missing wedge, and by how far
membranes stand out from their surroundings.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt
import scipy.fft
import scipy.ndimage

from etomotut.__main__ import main as etomotut
from etomotut.demo import PRESETS, volume
from etomotut.demo.parameters import Parameters
from etomotut.demo.series import Series, simulate, write
from etomotut.formats import mrc, tlt, xf

Volume = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

# a quarter of a demo series: fine enough for several zeros of the transfer function
SERIES = replace(
    PRESETS["demo"][0], size=(512, 360), vesicles=5, beads=12, beads_beyond=6, halves=True
)
BANDS = ((400.0, 100.0), (100.0, 50.0), (50.0, 33.0), (33.0, 25.0), (25.0, 18.0))  # Å
WBP, SIRT = "WBP", "SIRT, 30 iterations"
BEAD_REACH = 2.0  # diameters around beads that do not count
EDGE = 0.12  # of each side of the tomogram that does not count


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Measure and print a table; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small series")
    parser.add_argument("--out", type=Path, help="file for the table, Markdown")
    parser.add_argument("--keep", type=Path, help="folder for the tomograms")
    words = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="quality-") as folder:
        where = words.keep or Path(folder)
        where.mkdir(parents=True, exist_ok=True)
        parameters = replace(PRESETS["small"][0], halves=True) if words.quick else SERIES
        lines = _table(parameters, where)
    text = "\n".join(lines) + "\n"
    print(text)
    if words.out is not None:
        words.out.write_text(text)
    return 0


@dataclass(frozen=True)
class Judgement:
    """How a tomogram compares with the specimen, in each of BANDS.

    `measured` and `missing` are correlations where views show the specimen and in the missing
    wedge; `transfer` is the share of the specimen's amplitude that is found, against that in the
    first band. `contrast` is how far membranes stand out, in standard deviations.
    """

    measured: List[float]
    missing: List[float]
    transfer: List[float]
    contrast: float


def fourier_shells(
    found: Volume, true: Volume, pixel_size: float, wedge: float
) -> Tuple[List[float], List[float], List[float]]:
    """Give correlations and transfer of Judgement for two volumes (z, y, x).

    Frequencies whose direction in the x-z plane is within `wedge` degrees of x were measured.
    """
    spectra = [scipy.fft.rfftn(each - each.mean()) for each in (found, true)]
    kz, ky, kx = np.meshgrid(
        *(scipy.fft.fftfreq(n, pixel_size) for n in found.shape[:2]),
        scipy.fft.rfftfreq(found.shape[2], pixel_size),
        indexing="ij",
    )
    length = np.sqrt(kx**2 + ky**2 + kz**2)
    is_measured = np.abs(kz) <= np.tan(np.radians(wedge)) * np.abs(kx)
    cross = (spectra[0] * np.conj(spectra[1])).real
    powers = [np.abs(each) ** 2 for each in spectra]
    rows: List[List[float]] = [[], [], []]
    for low, high in BANDS:
        shell = (length >= 1 / low) & (length < 1 / high)
        for row, part in zip(rows, (shell & is_measured, shell & ~is_measured)):
            energy = float(np.sqrt(powers[0][part].sum() * powers[1][part].sum()))
            row.append(float(cross[part].sum()) / max(energy, 1e-30))
        seen = shell & is_measured
        rows[2].append(float(cross[seen].sum() / powers[1][seen].sum()))
    measured, missing, gains = rows
    return measured, missing, [gain / gains[0] for gain in gains]


def contrast(tomogram: Volume, membrane: Mask, surroundings: Mask) -> float:
    """Give by how many standard deviations of their surroundings membranes differ from them."""
    beside = tomogram[surroundings]
    return float(abs(tomogram[membrane].mean() - beside.mean()) / beside.std())


_GUIDE = """
Correlations are Fourier shell correlations with the potential of the simulated specimen, away from
gold and from the edges, of the frequencies that the views measured; then those of the missing
wedge. The amplitude is what is left of the specimen's, against that of the coarsest band: a
reconstruction that damps fine detail correlates as well as one that does not. Membranes' contrast
is in standard deviations of their surroundings. Made by `make quality`.
"""


def _table(parameters: Parameters, folder: Path) -> List[str]:
    series = simulate(parameters)
    thickness = 2 * round(0.6 * parameters.thickness / parameters.pixel_size)
    truth = _Truth(series, thickness)
    results = _reconstruct(series, folder, thickness)
    bands = " | ".join(f"{low:.0f}-{high:.0f} Å" for low, high in BANDS)
    lines = [
        "# Tomograms against a known specimen",
        _GUIDE,
        f"{len(series.views)} views of {parameters.size[0]} x {parameters.size[1]}, "
        f"{parameters.pixel_size:g} Å, {parameters.dose:g} e/Å² each, defocus "
        f"{parameters.defocus / 1e4:g} µm, ice of {parameters.thickness / 10:g} nm; tomograms "
        f"{thickness} voxels thick.",
        "",
        f"| tomogram | {bands} | in the missing wedge | amplitude | membrane contrast | CPU s |",
        "|---" * (len(BANDS) + 5) + "|",
    ]
    seen: Dict[str, Judgement] = {}
    for name, (path, seconds) in results.items():
        judged = truth.judge(mrc.read(path))
        cells = [f"{value:.3f}" for value in judged.measured]
        cells += [", ".join(f"{v:.2f}" for v in row) for row in (judged.missing, judged.transfer)]
        cells += [f"{judged.contrast:.2f}", f"{seconds:.1f}"]
        lines.append(f"| {name} | {' | '.join(cells)} |")
        seen[name] = judged
    lines += ["", *_verdicts(seen)]
    return lines


def _verdicts(seen: Dict[str, Judgement]) -> List[str]:
    """Give what the table says of the choices that a user has."""
    raw, wbp, sirt = (seen[name] for name in ("WBP, no CTF correction", WBP, SIRT))
    low, high = BANDS[-1]
    finest = f"between {low:.0f} and {high:.0f} Å"
    return [
        f"- The CTF correction turns the correlation {finest} from {raw.measured[-1]:.2f} to "
        f"{wbp.measured[-1]:.2f}.",
        f"- SIRT gives membranes {sirt.contrast / wbp.contrast:.1f} times the contrast that they "
        "have after weighted back-projection.",
        f"- Weighted back-projection keeps {wbp.transfer[-1] / sirt.transfer[-1]:.1f} times the "
        f"amplitude of SIRT {finest}; the correlations there are {wbp.measured[-1]:.2f} and "
        f"{sirt.measured[-1]:.2f}.",
        f"- In the missing wedge the correlation is {wbp.missing[1]:.2f} where the views give "
        f"{wbp.measured[1]:.2f} ({BANDS[1][0]:.0f} to {BANDS[1][1]:.0f} Å).",
    ]


class _Truth:
    """The specimen that tomograms are held against, away from gold and from the edges."""

    def __init__(self, series: Series, thickness: int) -> None:
        parameters, specimen = series.parameters, series.specimen
        self._pixel = parameters.pixel_size
        self._wedge = float(np.abs(series.views.true_angles).max())
        columns, rows = parameters.size[::-1] if _is_turned(parameters) else parameters.size
        shape = (thickness, rows, columns)
        weights = self._weights(shape, series)
        self._potential = -volume.potential(specimen, shape, self._pixel) * weights
        self._weights_of_voxels = weights
        self._membrane = volume.membranes(specimen, shape, self._pixel) & (weights > 0.5)
        near = scipy.ndimage.binary_dilation(self._membrane, iterations=3)
        around = scipy.ndimage.binary_dilation(near, iterations=5)
        self._surroundings: Mask = around & ~near & (weights > 0.5)

    def judge(self, tomogram: Volume) -> Judgement:
        """Compare a tomogram with the specimen."""
        weighted = ((tomogram - np.median(tomogram)) * self._weights_of_voxels).astype(np.float32)
        shells = fourier_shells(weighted, self._potential, self._pixel, self._wedge)
        return Judgement(*shells, contrast(tomogram, self._membrane, self._surroundings))

    def _weights(self, shape: Tuple[int, int, int], series: Series) -> Volume:
        """Give 1 where voxels count, falling smoothly to 0 at the edges and around gold."""
        weights = np.ones(shape, np.float32)
        for axis, size in enumerate(shape):
            place = np.minimum(np.arange(size), np.arange(size)[::-1]) / (EDGE * size)
            line = np.sin(0.5 * np.pi * np.clip(place, 0, 1)) ** 2
            weights *= line.reshape([-1 if each == axis else 1 for each in range(3)])
        beads = series.specimen.beads / self._pixel + (np.array(shape[::-1]) - 1) / 2
        reach = BEAD_REACH * series.parameters.bead_diameter / self._pixel
        grid = np.indices(shape, sparse=True)
        for x, y, z in beads:
            away = np.sqrt((grid[0] - z) ** 2 + (grid[1] - y) ** 2 + (grid[2] - x) ** 2)
            weights *= np.clip(away / reach - 0.5, 0, 1).astype(np.float32)
        return weights


def _reconstruct(series: Series, folder: Path, thickness: int) -> Dict[str, Tuple[Path, float]]:
    """Run the programs; gives each tomogram's file and the CPU seconds of its last step."""
    files = {name: str(path) for name, path in write(series, folder).items()}
    xf.write(folder / "true.xf", series.views.transforms)
    tlt.write(folder / "true.tlt", series.views.true_angles)
    parameters = series.parameters
    size = parameters.size[::-1] if _is_turned(parameters) else parameters.size
    inner = ["-xform", folder / "true.xf", "-size", f"{size[0]},{size[1]}", "-mode", "2"]
    done: Dict[str, Tuple[Path, float]] = {}

    def run(name: str, *words: object) -> float:
        began = time.process_time()
        with contextlib.redirect_stdout(io.StringIO()) as said:
            status = etomotut([name, *map(str, words)])
        if status:
            raise SystemExit(f"{name}: {said.getvalue().strip().splitlines()[-1]}")
        return time.process_time() - began

    def upright(name: str, make: Callable[[Path], float]) -> Path:
        raw, path = folder / f"{name}.raw", folder / f"{name}.mrc"
        seconds = make(raw)
        run("trimvol", "-rx", raw, path)
        raw.unlink()
        done[name] = path, seconds
        return path

    for part in ("stack", "even", "odd"):
        if part in files:
            cleaned, aligned = folder / f"{part}.clean", folder / f"{part}.ali"
            run("ccderaser", "-find", files[part], cleaned)
            run("newstack", *inner, cleaned, aligned)
            words = ["-input", aligned, "-output", folder / f"{part}.flipped"]
            words += ["-angleFn", folder / "true.tlt", "-defFn", files["defocus"]]
            words += ["-defTol", 100, "-iWidth", 15, "-pixelSize", parameters.pixel_size / 10]
            words += ["-volt", round(parameters.voltage_kv), "-cs", parameters.aberration_mm]
            run("ctfphaseflip", *words, "-ampContrast", parameters.amplitude_contrast)

    def wbp(part: str, *more: object) -> Callable[[Path], float]:
        words = ["-TILTFILE", folder / "true.tlt", "-THICKNESS", thickness, "-MODE", 2]
        words += ["-PERPENDICULAR", *(more or ("-RADIAL", "0.5,0.0"))]
        return lambda raw: run("tilt", folder / part, raw, *words)

    def sirt(part: str) -> Callable[[Path], float]:
        words = ["-a", folder / "true.tlt", "-i", folder / part, "-z", thickness, "-S", "-l", 30]
        return lambda raw: run("tomo3d", *words, "-o", raw)

    upright("WBP, no CTF correction", wbp("stack.ali"))
    upright(WBP, wbp("stack.flipped"))
    upright("SIRT-like filter, 30", wbp("stack.flipped", "-FakeSIRTiterations", 30))
    base = upright(SIRT, sirt("stack.flipped"))
    for name, words in (
        ("SIRT, edge enhancing diffusion", ["tomoeed", base, "OUT", "-g", 0.5, "-i", 15]),
        ("SIRT, Beltrami flow", ["tomobflow", base, "OUT", "-g", 0.5, "-i", 70]),
        ("SIRT, nad_eed_3d", ["nad_eed_3d", "-n", 15, "-RelativeK", 1, base, "OUT"]),
    ):
        path = folder / f"{name}.mrc"
        done[name] = path, run(*[str(path) if word == "OUT" else word for word in words])
    if "even" in files:
        halves = [
            upright(f"SIRT, {part} half", sirt(f"{part}.flipped")) for part in ("even", "odd")
        ]
        path = folder / "SIRT, Wiener filter.mrc"
        done["SIRT, Wiener filter of the halves"] = path, run("fscfilter", *halves, path)
    return done


def _is_turned(parameters: Parameters) -> bool:
    return 45 < abs(parameters.axis_angle) % 180 < 135


if __name__ == "__main__":
    sys.exit(main())
