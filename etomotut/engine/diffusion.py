"""Denoising by diffusion: densities are evened out along what looks like structure, not across it.

Three flows, each an explicit scheme in small steps: edge enhancing diffusion, where a tensor holds
back what would flow across edges (Weickert, Anisotropic Diffusion in Image Processing, 1998;
Fernández & Li, J. Struct. Biol. 144, 2003; Moreno et al., Bioinformatics 34, 2018); nonlinear
anisotropic diffusion, which at edges lets densities flow in one direction only (Frangakis &
Hegerl, J. Struct. Biol. 135, 2001); and Beltrami flow, which moves the volume as a surface towards
less area (Kimmel et al., Int. J. Comput. Vis. 39, 2000; Fernández, BMC Bioinformatics 10, 2009).

Volumes are (z, y, x), lengths in voxels, a gradient in densities a voxel. A voxel after a step
depends on `reach` planes on each side before it, so pieces with such margins give what the whole
would. Nothing flows in or out at the sides of a volume.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Callable, List, Protocol, Sequence, Tuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from etomotut.engine.kernels import diffusion as kernels
from etomotut.engine.kernels import structure

Volume = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]


class Flow(Protocol):
    """What makes one step in rows `first` to `last` - 1 of an edged volume u, written to `out`.

    A voxel depends on `reach` planes on each side of it; `contrast` is the gradient of an edge.
    """

    @property
    def reach(self) -> int:
        """Planes on each side that a step sees."""

    def __call__(self, u: Volume, out: Volume, first: int, last: int, contrast: float) -> None:
        """Do the step."""


LARGEST_STEP = 1.0 / 6.0  # beyond it explicit schemes in three dimensions are unstable
STRIP = 32  # rows that a thread does at a time: their tensors stay in its cache
_TRUNCATED = 3.0  # sigmas at which a Gaussian ends
_POWERS = 3  # the weight of an edge falls with the 16th power of its gradient, as in IMOD
_KEPT = np.float32(0.5)  # of the mixed flow stays on the axes, as in IMOD


@dataclass(frozen=True)
class EdgeEnhancing:
    """Edge enhancing diffusion in steps of `step`; tensors are 1 - (1 - g) n n'.

    n is the direction of the gradient and g falls from 1 to 0 where it exceeds the contrast.
    """

    step: float = 0.1
    reach: int = 2

    def __call__(self, u: Volume, out: Volume, first: int, last: int, contrast: float) -> None:
        """Do one step in rows of an edged volume."""
        numbers = np.float32(contrast), np.float32(self.step)
        kernels.follow_edges(u, out, first, last, *numbers, 2, np.float32(0), np.float32(1))


@dataclass(frozen=True)
class Beltrami:
    """Beltrami flow in steps of `step`; a gradient of one contrast makes it half as fast."""

    step: float = 0.15
    reach: int = 1

    def __call__(self, u: Volume, out: Volume, first: int, last: int, contrast: float) -> None:
        """Do one step in rows of an edged volume."""
        kernels.flow_beltrami(u, out, first, last, np.float32(contrast), np.float32(self.step))


@dataclass(frozen=True)
class Nonlinear:
    """Nonlinear anisotropic diffusion; tensors are g + (1 - g) v v'.

    v is the direction of least variation, from structure tensors averaged with a Gaussian of
    `sigma` voxels. With sigma 0 it is not known within the plane of an edge, and the two
    directions there share what one would get.
    """

    step: float = 0.1
    sigma: float = 0.0

    @property
    def reach(self) -> int:
        """Planes on each side that a step sees."""
        return 2 + len(self._weights) // 2

    @property
    def _weights(self) -> Volume:
        return gaussian_weights(self.sigma)

    def __call__(self, u: Volume, out: Volume, first: int, last: int, contrast: float) -> None:
        """Do one step in rows of an edged volume."""
        numbers = np.float32(contrast), np.float32(self.step)
        if gaussian_reach(self.sigma):
            structure.follow_structure(u, out, first, last, *numbers, _POWERS, _KEPT, self._weights)
        else:
            kernels.follow_edges(u, out, first, last, *numbers, _POWERS, np.float32(0.5), _KEPT)


def gaussian_weights(sigma: float) -> Volume:
    """Give the weights (2 r + 1,) of a Gaussian that ends at three sigmas; one for sigma 0."""
    radius = gaussian_reach(sigma)
    x = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 * (x / max(sigma, 1e-6)) ** 2)
    return np.asarray(weights / weights.sum(), np.float32)


def gaussian_reach(sigma: float) -> int:
    """Give the planes on each side that a Gaussian filter sees."""
    return int(_TRUNCATED * sigma + 0.5)


def smooth(volume: npt.NDArray[Any], sigma: float) -> Volume:
    """Give a volume filtered with a Gaussian, its edges continued; for sigma 0 as it is."""
    densities = np.asarray(volume, np.float32)
    if not gaussian_reach(sigma):
        return densities
    made: Volume = ndimage.gaussian_filter(
        densities, sigma, mode="nearest", truncate=_TRUNCATED, output=np.float32
    )
    return made


def edged(volume: Volume) -> Volume:
    """Give a volume with a row and column more on each side, copies of its edge."""
    return np.pad(volume, ((0, 0), (1, 1), (1, 1)), mode="edge")


def inside(u: Volume) -> Volume:
    """Give the volume in an edged one."""
    return u[:, 1:-1, 1:-1]


def advance(
    u: Volume, flow: Flow, contrast: float, spare: Volume, *, workers: int = 1
) -> Tuple[Volume, Volume]:
    """Do a step of a flow on an edged volume; gives the result and the array that is free now."""
    last = u.shape[1] - 1
    strips = [(first, min(first + STRIP, last)) for first in range(1, last, STRIP)]
    _share(lambda strip: flow(u, spare, strip[0], strip[1], contrast), strips, workers)
    _share(kernels.fill_edges, list(spare), workers)
    return spare, u


def gradient_sums(u: Volume, planes: range, *, workers: int = 1) -> Doubles:
    """Give the sums (plane,) of the lengths of gradients in some planes of an edged volume."""
    return np.array(_share(lambda z: kernels.sum_gradients(u, z), planes, workers))


def _share(function: Callable[[Any], Any], items: Sequence[Any], workers: int) -> List[Any]:
    if workers == 1:
        return list(map(function, items))
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(function, items))
