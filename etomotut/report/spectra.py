"""What a filter did: data before and after, their power spectra, and what was let through."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, List, Optional, Sequence, Tuple, Union

import numpy as np

from etomotut.engine.dose_weighting import AT_200_KV, dose_response
from etomotut.engine.power_spectrum import Spectrum, image_spectrum, volume_spectrum
from etomotut.formats.mrc import Stack
from etomotut.report import style
from etomotut.report.findings import Array
from etomotut.report.images import Image, robust_limits

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PathLike = Union[str, Path]

TALLEST = 520  # pixels of the images
EDGE, TOP, BETWEEN, CHART = 24, 92, 20, 380
DEEPEST = 1e-8  # of the highest power: where the axis ends at the latest
SLAB = 5  # sections that are averaged for the picture of a volume
PERIODS = (1000, 500, 200, 100, 50, 40, 30, 20, 15, 10, 7, 5, 4, 3, 2)  # Å, where ticks may be


@dataclass(frozen=True)
class Pair:
    """The spectra of the same data before and after; `expected` gives what should pass (0 to 1).

    `expected` takes frequencies in cycles a pixel.
    """

    label: str
    before: Spectrum
    after: Spectrum
    colour: str = style.BLUE
    expected: Optional[Callable[[Array], Array]] = None


def write_volume_spectra(
    path: PathLike,
    before: PathLike,
    after: PathLike,
    *,
    pixel_size: float,
    name: str,
    cutoffs: Sequence[float] = (),
) -> float:
    """Draw what a filter did to a volume into a file; gives the share of variance that is left.

    `cutoffs` in Å are marked.
    """
    old, new = Stack(before), Stack(after)
    pair = Pair("tomogram", volume_spectrum(old), volume_spectrum(new))
    middle = len(old) // 2
    first = max(middle - SLAB // 2, 0)
    images = [np.mean(each[first : first + SLAB], axis=0, dtype=np.float32) for each in (old, new)]
    left = share_left([pair])
    size = " x ".join(str(n) for n in old.shape[::-1])
    about = f"{size} voxels of {pixel_size:.4g} Å · {left:.1%} of the variance is left"
    figure = draw_spectra(
        [pair],
        images=(images[0], images[1]),
        captions=(f"Section {middle + 1} before", f"Section {middle + 1} after"),
        pixel_size=pixel_size,
        name=name,
        about=about,
        cutoffs=cutoffs,
    )
    figure.savefig(path)
    return left


def write_dose_spectra(
    path: PathLike,
    before: PathLike,
    after: PathLike,
    *,
    doses: Sequence[float],
    voltage: float,
    pixel_size: float,
    name: str,
) -> float:
    """Draw what dose weighting did to a tilt series into a file; gives the variance left.

    `doses` (section,) are those at the ends of the views, in the order of the file.
    """
    old, new = Stack(before), Stack(after)
    order = np.argsort(doses, kind="stable")
    chosen = [int(order[0]), int(order[len(order) // 2]), int(order[-1])]
    pairs: List[Pair] = []
    for section, colour in zip(chosen, (style.BLUE, style.GREEN, style.RED)):
        scale = AT_200_KV if voltage == 200 else 1.0
        expected = dose_response(doses[section], pixel_size, scale=scale)
        spectra = image_spectrum(old[section]), image_spectrum(new[section])
        label = f"view {section + 1}, {doses[section]:.4g} e/Å²"
        pairs.append(Pair(label, *spectra, colour, expected))
    left, last = share_left(pairs), chosen[-1]
    figure = draw_spectra(
        pairs,
        images=(old[last].astype(np.float32), new[last].astype(np.float32)),
        captions=(f"View {last + 1} before", f"View {last + 1} after {doses[last]:.4g} e/Å²"),
        pixel_size=pixel_size,
        name=name,
        about=f"{len(old)} views, doses up to {max(doses):.4g} e/Å² · {voltage:g} kV",
    )
    figure.savefig(path)
    return left


def share_left(pairs: Sequence[Pair]) -> float:
    """Give the variance after over that before, of all pairs together."""
    before = sum(pair.before.variance for pair in pairs)
    return float(sum(pair.after.variance for pair in pairs) / before) if before > 0 else 1.0


def draw_spectra(
    pairs: Sequence[Pair],
    *,
    images: Tuple[Image, Image],
    captions: Tuple[str, str],
    pixel_size: float,
    name: str,
    about: str,
    cutoffs: Sequence[float] = (),
) -> Figure:
    """Draw images (y, x) before and after over the spectra and over what was let through.

    `pixel_size` and `cutoffs` in Å.
    """
    rows, columns = images[0].shape
    width = (style.PAGE - 2 * EDGE - BETWEEN) // 2
    height = min(max(round(width * rows / columns), 80), TALLEST)
    across = min(round(height * columns / rows), width)
    charts = TOP + height + 70
    with style.drawing():
        figure = style.new_figure(style.PAGE, charts + CHART + 70)
        style.heading(figure, name, about)
        for place, (image, caption) in enumerate(zip(images, captions)):
            left = EDGE + place * (width + BETWEEN) + (width - across) // 2
            axes = style.place(figure, (left, TOP, across, height))
            style.show_image(axes, image, robust_limits(image))
            axes.set_title(caption)
            style.scale_bar(axes, pixel_size)
        _draw_power(style.place(figure, (80, charts, 530, CHART)), pairs, pixel_size)
        transfer = style.place(figure, (style.PAGE - EDGE - 560, charts, 560, CHART))
        _draw_transfer(transfer, pairs, pixel_size)
        for axes in figure.axes[2:]:
            _mark(axes, cutoffs)
            _add_periods(axes, pixel_size)
    return figure


def _draw_power(axes: Axes, pairs: Sequence[Pair], pixel_size: float) -> None:
    """Draw the spectra, before as a thin line and after as a thick one."""
    for pair in pairs:
        x = pair.before.frequency * 10 / pixel_size
        axes.plot(x, pair.before.power, color=pair.colour, linewidth=1, alpha=0.7)
        axes.plot(x, pair.after.power, color=pair.colour, linewidth=2.2, label=pair.label)
    highest = max(float(pair.before.power.max()) for pair in pairs)
    lowest = min(float(pair.after.power.min()) for pair in pairs)
    axes.set_yscale("log")
    axes.set_ylim(max(lowest / 2, highest * DEEPEST, 1e-30), max(highest * 3, 1e-29))
    axes.set_ylabel("power")
    axes.set_title("Power spectrum before (thin) and after (thick)", pad=30)
    if len(pairs) > 1:
        axes.legend(loc="upper right")
    _set_range(axes, pixel_size)


def _draw_transfer(axes: Axes, pairs: Sequence[Pair], pixel_size: float) -> None:
    """Draw the root of the ratio of the spectra, and what should pass as a dashed line."""
    for pair in pairs:
        x = pair.before.frequency * 10 / pixel_size
        passed = np.sqrt(pair.after.power / np.maximum(pair.before.power, 1e-30))
        axes.plot(x, passed, color=pair.colour, linewidth=2, label=pair.label)
        if pair.expected is not None:
            known = pair.expected(pair.before.frequency)
            axes.plot(x, known, color=style.INK, linewidth=1, linestyle=(0, (4, 3)))
    if any(pair.expected is not None for pair in pairs):
        axes.plot([], [], color=style.INK, linewidth=1, linestyle=(0, (4, 3)), label="expected")
        axes.legend(loc="lower left")
    axes.set_ylim(0, 1.1)
    axes.set_ylabel("amplitude after / before")
    axes.set_title("What is let through", pad=30)
    _set_range(axes, pixel_size)


def _set_range(axes: Axes, pixel_size: float) -> None:
    axes.set_xlim(0, 5 / pixel_size)
    axes.set_xlabel("spatial frequency (1/nm)")


def _mark(axes: Axes, cutoffs: Sequence[float]) -> None:
    for cutoff in cutoffs:
        axes.axvline(10 / cutoff, color=style.RED, linewidth=1.2, linestyle=(0, (5, 3)))
        axes.text(10 / cutoff, 0.02, f" {cutoff:g} Å", transform=axes.get_xaxis_transform(),
                  color=style.RED, fontsize=9, va="bottom")  # fmt: skip


def _add_periods(axes: Axes, pixel_size: float) -> None:
    """Write the periods that belong to frequencies along the top."""
    top: Any = axes.secondary_xaxis("top")
    limit, free = 5 / pixel_size, 0.0
    places: List[float] = []
    for period in PERIODS:
        frequency = 10 / period
        if frequency <= limit and frequency - free >= 0.07 * limit:
            places.append(frequency)
            free = frequency
    top.set_xticks(places, [f"{10 / place:g} Å" for place in places])
    top.spines["top"].set_visible(False)
