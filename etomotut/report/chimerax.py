"""ChimeraX scripts that open a tomogram with its masks and surfaces, all in one frame.

Every volume is given its voxel size and the place of its first voxel, whatever its header says.
Commands are those of ChimeraX 1.0 and later.
"""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional, Sequence, Tuple, Union

import numpy as np

from etomotut.formats.mrc import Stack
from etomotut.report.images import robust_limits, window
from etomotut.report.scene import colour_of

PathLike = Union[str, Path]
_SECTIONS = 8  # whose densities say what is black and white


def write_script(
    path: PathLike,
    *,
    tomogram: Optional[PathLike],
    masks: Sequence[PathLike] = (),
    surfaces: Sequence[Tuple[PathLike, str]] = (),
    pixel_size: float,
    origin: Sequence[float],
) -> None:
    """Write a script; `surfaces` are files with names, `origin` (x, y, z) Å of the first voxel."""
    lines = ["set bgColor white", "lighting soft", "graphics silhouettes true width 1"]
    number = 0
    place = f"voxelSize {pixel_size:.6g} origin {','.join(f'{each:.6g}' for each in origin)}"
    for volume in ([] if tomogram is None else [tomogram]) + list(masks):
        number += 1
        lines += [f"open {quoted(Path(volume))}", f"volume #{number} {place}"]
        is_mask = tomogram is None or number > 1
        lines += _mask(number) if is_mask else _tomogram(volume)
    for order, (file, name) in enumerate(surfaces):
        number += 1
        lines += [
            f"open {quoted(Path(file))}",
            f"rename #{number} {quoted(name)}",
            f"color #{number} {colour_of(order)}",
        ]
    lines += ["camera ortho", "view"]
    Path(path).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def quoted(name: object) -> str:
    """Give a file's full path, or other text, as one word of ChimeraX."""
    text = str(name.absolute()) if isinstance(name, Path) else str(name)
    mark = "'" if '"' in text else '"'
    escaped = text.replace("\\", "\\\\").replace(mark, "\\" + mark)
    return f"{mark}{escaped}{mark}"


def _tomogram(path: PathLike) -> List[str]:
    """Show three planes through the middle, grey, as dark and bright as densities usually are."""
    volume = Stack(path)
    depth, height, width = volume.shape
    sections = volume[window(depth // 2, _SECTIONS, depth)]
    low, high = robust_limits(np.concatenate(list(sections)), 1.0)
    middle = ",".join(str(n // 2) for n in (width, height, depth))
    return [
        f"volume #1 style image step 1 orthoplanes xyz positionPlanes {middle}",
        f"volume #1 level {low:.6g},0 level {high:.6g},1 color white color white",
    ]


def _mask(number: int) -> List[str]:
    """Show a mask as a surface, hidden at first."""
    return [
        f"volume #{number} style surface step 1 level 0.5 color #b3b3b3",
        f"transparency #{number} 60",
        f"hide #{number} models",
    ]
