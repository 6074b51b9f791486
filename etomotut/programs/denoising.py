"""What the programs that denoise by diffusion share: files, memory, and what was taken away."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Optional, Sequence, Tuple, Union

import numpy as np
import numpy.typing as npt

from etomotut.errors import EtomotutError
from etomotut.programs.console import keep_freed_memory, progress, require_file, threads
from etomotut.programs.options import Option
from etomotut.programs.streaming import require_numbers

if TYPE_CHECKING:
    from etomotut.engine.diffusion import Flow
    from etomotut.engine.tiled_diffusion import Contrast
    from etomotut.formats.mrc import Stack

MEMORY = Option(
    "Memory",
    int,
    "MB that volumes may take in memory (default half of the machine's); larger ones are done in "
    "tiles, with the same result, and need room beside the output for two copies of 32-bit",
    low=1,
    extra=True,
)
_SLAB = 16  # sections written at a time


def open_volume(path: Path) -> Stack:
    """Open the volume to denoise; raises EtomotutError."""
    from etomotut.formats import mrc

    keep_freed_memory()
    volume = mrc.Stack(require_file(path, "volume"))
    size = " x ".join(map(str, volume.shape[::-1]))
    print(f"Volume of {size} voxels, {volume.pixel_size:.4g} Å a voxel", flush=True)
    require_content(volume)
    return volume


def require_content(volume: Stack) -> None:
    """Raise EtomotutError if a volume has what is not a finite number, or one density only."""
    first = volume[0].flat[0]
    is_blank = True
    for number, section in enumerate(volume[z] for z in range(len(volume))):
        require_numbers(section, f"section {number} of {volume.path}")
        is_blank = is_blank and bool((section == first).all())
    if is_blank:
        raise EtomotutError(f"{volume.path} is blank: all its densities are {first:g}")


def diffuse(
    volume: Any,
    folder: Path,
    flow: Flow,
    *,
    steps: int,
    contrast: Union[float, Contrast],
    relative: float = 1.0,
    sigma: float = 0.0,
    memory: Optional[int] = None,
) -> npt.NDArray[np.float32]:
    """Give a volume after a flow; `memory` in MB, `folder` is where scratch files go if needed.

    `relative` is the contrast as a multiple of the mean gradient, where that is what it is.
    """
    from etomotut.engine.tiled_diffusion import Diffusion

    with tempfile.TemporaryDirectory(prefix=".etomotut-", dir=folder) as scratch:
        made = Diffusion(
            flow,
            steps=steps,
            contrast=contrast,
            relative=relative,
            sigma=sigma,
            memory=memory * 2**20 if memory else half_of_memory(),
            scratch=lambda shape: _on_disk(Path(scratch), shape),
            workers=threads(),
        )
        result = made.run(volume, _meter(steps))
    first, last = (f"{made.contrasts[k]:.4g}" for k in (0, -1))
    print(f"{steps} steps, contrast {first}" + (f" to {last}" if last != first else ""), flush=True)
    return result


def half_of_memory() -> int:
    """Give half of the machine's memory in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def write_volume(
    path: Path, result: Any, volume: Stack, dtype: npt.DTypeLike, program: str
) -> None:
    """Write a result with the header of the volume that it is made from."""
    from etomotut.engine.densities import round_to
    from etomotut.formats import mrc

    stamp = f"{program}: denoised"
    with mrc.create(
        path,
        result.shape,
        dtype,
        pixel_size=volume.pixel_size or 1.0,
        volume=True,
        origin=volume.origin,
        labels=[*volume.labels, f"{stamp:<56}{time.strftime('%d-%b-%y  %H:%M:%S')}"],
    ) as out:
        cut = 0
        for start in range(0, len(result), _SLAB):
            slab = result[start : start + _SLAB]
            for number, section in enumerate(slab, start + 1):
                require_numbers(section, f"the result at section {number}")
            out[start], below, above = round_to(slab, dtype)
            cut += below + above
    if cut:
        print(f"WARNING: {cut} densities were beyond what the data type holds, and were cut")
    print(f"Written to {path}")


def same_type(volume: Stack) -> npt.DTypeLike:
    """Give the type that keeps a volume's densities; bytes of old files need two of today's."""
    return np.dtype(np.uint16) if volume.dtype == np.uint8 else volume.dtype


def tell_removed(volume: Any, result: Any) -> None:
    """Print in one line how much was removed, and how much of it goes with structure."""
    from etomotut.engine.removal import measure

    found = measure(volume, result)
    share = round(100 * found.structure, 1) + 0.0  # not -0.0
    print(
        f"Removed: standard deviation {found.deviation:.4g} of {found.before:.4g}; "
        f"{share:.1f}% of the removed energy goes with structure (0: only noise)"
    )


def _on_disk(folder: Path, shape: Tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Give an array in a file, which goes when the array does."""
    handle, name = tempfile.mkstemp(dir=folder)
    os.close(handle)
    return np.memmap(name, np.float32, "r+", shape=tuple(shape))


def _meter(steps: int) -> Callable[[int], None]:
    """Give what shows progress when it is told the number of steps done."""
    ticks = progress(range(steps + 1), "Steps", steps)
    shown = 0
    next(ticks)

    def tell(done: int) -> None:
        nonlocal shown
        for _ in range(done - shown):
            next(ticks)
        shown = done

    return tell


def each_step(wanted: Sequence[int]) -> Sequence[Tuple[int, int]]:
    """Give for each iteration to keep how many more it is than the one before it."""
    ordered = sorted(set(wanted))
    return [(number, number - before) for before, number in zip([0, *ordered], ordered)]
