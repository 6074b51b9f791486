"""Loops that find pixels far brighter (or, with `sign` -1, darker) than what surrounds them."""

from __future__ import annotations

from typing import Any, Tuple

import numba
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[Any]
Number = Any  # a scalar that numba types

_CLIP = 4.0  # deviations beyond which a value does not count as noise of its block
_ROWS = 32  # about as many rows of a block that tell enough about its noise
_ENOUGH = 8  # pixels that a local mean needs
_CORE = 4  # pixels of half the peak's height that a hot patch may have; a small bead has more
_THIN = 0.4  # ... and of the square of its length, if it is a track
# Shares of a peak's height above its surroundings: down to which its patch is followed at most, and
# by which it has to tower above the pixels beside its patch, if it is high or else only sharp.
# Bright fringes of touching beads, the sharpest features of a cryo image, reach 0.6 but then have
# no great height in local deviations; single hot pixels have 0.8 or more.
_SHARE_OF_GROWTH = 0.6
_SHARE_OF_HIGH = 0.5
_SHARE_OF_SHARP = 0.65


@numba.njit(cache=True, nogil=True)
def _clipped_moments(block: Image, lag: int) -> Tuple[Number, Number]:
    """Give mean and SD of a block (y, x), or of its absolute differences at a lag in x."""
    low, high = -np.inf, np.inf
    mean = deviation = np.float64(0)
    origin = np.float64(block[0, 0]) if lag == 0 else 0.0
    step = max(block.shape[0] // _ROWS, 1)
    for _ in range(3):
        count, total, squares = 0, np.float64(0), np.float64(0)
        for y in range(0, block.shape[0], step):
            for x in range(block.shape[1] - lag):
                value = np.float64(block[y, x])
                if lag > 0:
                    value = abs(np.float64(block[y, x + lag]) - value)
                if low <= value <= high:
                    count += 1
                    total += value - origin
                    squares += (value - origin) * (value - origin)
        if count == 0:
            break
        mean = origin + total / count
        variance: Number = squares / count - (total / count) * (total / count)
        deviation = np.sqrt(max(variance, 0.0))
        low, high = mean - _CLIP * deviation, mean + _CLIP * deviation
    return mean, deviation


@numba.njit(cache=True, nogil=True)
def block_statistics(image: Image, blocks_y: int, blocks_x: int) -> Image:
    """Give (block y, block x, 4): mean and SD of pixels, and of differences between neighbours.

    The differences are absolute ones along x. Outliers do not count.
    """
    height, width = image.shape
    found = np.empty((blocks_y, blocks_x, 4))
    for j in range(blocks_y):
        for i in range(blocks_x):
            first_y, last_y = j * height // blocks_y, (j + 1) * height // blocks_y
            first_x, last_x = i * width // blocks_x, (i + 1) * width // blocks_x
            block = image[first_y:last_y, first_x:last_x]
            found[j, i, 0], found[j, i, 1] = _clipped_moments(block, 0)
            found[j, i, 2], found[j, i, 3] = _clipped_moments(block, 1)
    return found


@numba.njit(cache=True, nogil=True)
def _is_extreme(image: Image, sign: int, y: int, x: int) -> bool:
    value = sign * image[y, x]
    for j in range(max(y - 1, 0), min(y + 2, image.shape[0])):
        for i in range(max(x - 1, 0), min(x + 2, image.shape[1])):
            other = sign * image[j, i]
            is_before = j < y or (j == y and i < x)
            if other > value or (other == value and is_before):
                return False
    return True


@numba.njit(cache=True, nogil=True)
def extremes(image: Image, sign: int, statistics: Image, criterion: Number) -> Image:
    """Give (peak, 3): y, x and height of the extremes that stand out of their block.

    Heights are in SD of the block and exceed `criterion`.
    """
    height, width = image.shape
    blocks_y, blocks_x = statistics.shape[:2]
    found = np.empty((image.size // 4 + height + width + 1, 3))
    count = 0
    for y in range(height):
        j = y * blocks_y // height
        for x in range(width):
            i = x * blocks_x // width
            above = sign * (image[y, x] - statistics[j, i, 0])
            if above > criterion * statistics[j, i, 1] and _is_extreme(image, sign, y, x):
                found[count, 0], found[count, 1] = y, x
                found[count, 2] = above / max(statistics[j, i, 1], 1e-30)
                count += 1
    return found[:count].copy()


@numba.njit(cache=True, nogil=True)
def _surroundings(
    image: Image, taken: Image, y: int, x: int, inner: Number, outer: Number
) -> Tuple[int, Number, Number]:
    """Give number, mean and SD of the pixels in a ring, but those already taken."""
    count, total, squares = 0, 0.0, 0.0
    reach = int(outer)
    origin = np.float64(image[y, x])
    for j in range(max(y - reach, 0), min(y + reach + 1, image.shape[0])):
        for i in range(max(x - reach, 0), min(x + reach + 1, image.shape[1])):
            squared = (j - y) ** 2 + (i - x) ** 2
            if inner * inner <= squared <= outer * outer and taken[j, i] == 0:
                value = image[j, i] - origin
                count += 1
                total += value
                squares += value * value
    if count < _ENOUGH:
        return 0, 0.0, 0.0
    variance = (squares - total * total / count) / (count - 1)
    return count, origin + total / count, np.sqrt(max(variance, 0.0))


@numba.njit(cache=True, nogil=True)
def _grow(
    image: Image, sign: int, y: int, x: int, level: Number, radius: Number, patch: Image
) -> int:
    """Collect connected pixels beyond a level as rows y, x of `patch`; -1 if they reach too far."""
    count, done = 1, 0
    patch[0, 0], patch[0, 1] = y, x
    while done < count:
        centre_y, centre_x = patch[done, 0], patch[done, 1]
        done += 1
        for j in range(max(centre_y - 1, 0), min(centre_y + 2, image.shape[0])):
            for i in range(max(centre_x - 1, 0), min(centre_x + 2, image.shape[1])):
                if sign * image[j, i] <= sign * level or _holds(patch, count, j, i):
                    continue
                if (j - y) ** 2 + (i - x) ** 2 > radius * radius or count == len(patch):
                    return -1
                patch[count, 0], patch[count, 1] = j, i
                count += 1
    return count


@numba.njit(cache=True, nogil=True)
def _holds(patch: Image, count: int, y: int, x: int) -> bool:
    for k in range(count):  # noqa: SIM110 - numba compiles no generators
        if patch[k, 0] == y and patch[k, 1] == x:
            return True
    return False


@numba.njit(cache=True, nogil=True)
def _is_core_small(image: Image, sign: int, patch: Image, count: int, mean: Number) -> bool:
    """Say whether few pixels reach half the peak's height above the mean, or only a thin line."""
    half = sign * (image[patch[0, 0], patch[0, 1]] - mean) / 2
    core = 0
    low, high = patch[0].copy(), patch[0].copy()
    for k in range(count):
        if sign * (image[patch[k, 0], patch[k, 1]] - mean) >= half:
            core += 1
            for axis in range(2):
                low[axis] = min(low[axis], patch[k, axis])
                high[axis] = max(high[axis], patch[k, axis])
    length = max(high[0] - low[0], high[1] - low[1]) + 1
    return core <= max(_CORE, _THIN * length * length)


@numba.njit(cache=True, nogil=True)
def _shape(image: Image, sign: int, patch: Image, count: int) -> Tuple[Number, Number]:
    """Give the highest pixel next to a patch, and the mean slope of its steepest quarter."""
    beside = -np.inf
    steps = np.zeros(count)
    for k in range(count):
        y, x = patch[k, 0], patch[k, 1]
        for j in range(max(y - 1, 0), min(y + 2, image.shape[0])):
            for i in range(max(x - 1, 0), min(x + 2, image.shape[1])):
                steps[k] = max(steps[k], abs(image[y, x] - image[j, i]))
                if not _holds(patch, count, j, i):
                    beside = max(beside, sign * image[j, i])
    quarter = max(count // 4, 1)
    total = 0.0
    for _ in range(quarter):
        steepest = np.argmax(steps)
        total += steps[steepest]
        steps[steepest] = 0.0
    return beside, total / quarter


@numba.njit(cache=True, nogil=True)
def _judge(
    image: Image,
    sign: int,
    y: int,
    x: int,
    block: Image,
    criteria: Image,
    taken: Image,
    patch: Image,
) -> Tuple[int, Number]:
    """Give the number of pixels of the hot patch around a peak and the excess of the peak.

    The number is 0 if it is none and -1 if it reaches too far; `criteria` are a row as `search`
    has them, and `patch` gets the pixels as rows y, x.
    """
    radius, outer, least_height, growth, least_difference, most_pixels, steepest = criteria
    number, mean, deviation = _surroundings(image, taken, y, x, radius, outer)
    # differences of noise are 2 / sqrt(pi) of its deviation on average
    deviation = max(deviation, block[2] * np.sqrt(np.pi) / 2)
    height = sign * (image[y, x] - mean)
    if number == 0 or height <= growth * deviation:
        return 0, 0.0
    level = mean + sign * min(growth * deviation, _SHARE_OF_GROWTH * height)
    count = _grow(image, sign, y, x, level, radius, patch)
    if count < 1:
        return -1, 0.0
    beside, steepness = _shape(image, sign, patch, count)
    above = sign * image[y, x] - beside
    excess = height / deviation - least_height if deviation > 0 else np.inf
    is_steep = steepness >= block[2] + steepest * block[3]
    is_high = excess >= 0 and above >= _SHARE_OF_HIGH * height and is_steep
    is_high = is_high and _is_core_small(image, sign, patch, count, mean)
    is_sharp = count <= most_pixels and above >= block[2] + least_difference * block[3]
    is_sharp = is_sharp and above >= _SHARE_OF_SHARP * height
    return (count if is_high or is_sharp else 0), excess


@numba.njit(cache=True, nogil=True)
def search(
    image: Image,
    sign: int,
    peaks: Image,
    statistics: Image,
    criteria: Image,
    edge: int,
    taken: Image,
    excesses: Image,
    found: int,
) -> int:
    """Mark hot patches around peaks (peak, 3) in `taken` by number, and note excesses in SD.

    `criteria` has a row for normal patches, one for those that are too large for it, and one for
    peaks nearer than `edge` to the border of the image: radius of a patch, outer radius of its
    surroundings, height and growth in local SD, by how many SD of the differences between
    neighbours a peak has to tower above its patch's neighbours to be found by that alone, the
    pixels that such a patch may have, and how many it has to be steep. `found` patches are there
    already; gives their number afterwards. (Peaks high above the local mean, or sharply above
    their neighbours: the two ways of IMOD's ccderaser.)
    """
    height, width = image.shape
    largest = criteria[:, 0].max()
    patch = np.empty((int(4 * largest * largest) + 9, 2), np.int64)
    for k in range(len(peaks)):
        y, x = int(peaks[k, 0]), int(peaks[k, 1])
        if taken[y, x] != 0:
            continue
        j = y * statistics.shape[0] // height
        i = x * statistics.shape[1] // width
        block = statistics[j, i]
        is_at_edge = min(min(y, height - 1 - y), min(x, width - 1 - x)) < edge
        first = criteria[2] if is_at_edge else criteria[0]
        count, excess = _judge(image, sign, y, x, block, first, taken, patch)
        if count == -1 and not is_at_edge:
            count, excess = _judge(image, sign, y, x, block, criteria[1], taken, patch)
        if count > 0 and found < len(excesses):
            excesses[found] = excess
            found += 1
            for n in range(count):
                taken[patch[n, 0], patch[n, 1]] = found
    return found
