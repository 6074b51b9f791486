"""Loops that resample one image: averaging, filtered reduction, interpolation, tapering.

Images are (y, x) of any real type, results float32 written in place. A map (2, 3) takes the index
(x, y) of a pixel of the result to the place in the image that it shows.
"""

from __future__ import annotations

from typing import Any, Tuple

import numba
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[Any]
Number = Any  # a scalar that numba types
Indices = npt.NDArray[np.int64]
Places = npt.NDArray[np.float64]
Reach = Tuple[float, float]  # across columns and along rows

# sums may be reordered for speed, but values that are not finite stay so and can be found later
_REORDER = {"reassoc", "contract", "nsz", "arcp"}


@numba.njit(cache=True, nogil=True, fastmath=_REORDER)
def average_blocks(image: Image, factor: int, start_y: int, start_x: int, out: Image) -> None:
    """Average blocks of factor x factor pixels, the first one from (start_y, start_x) on.

    Starts may be negative; a block gets the average of those of its pixels that exist.
    """
    height, width = image.shape
    line = np.empty(width, np.float32)
    for j in range(out.shape[0]):
        first = max(start_y + j * factor, 0)
        last = min(start_y + (j + 1) * factor, height)
        line[:] = 0
        for y in range(first, last):
            for x in range(width):
                line[x] += np.float32(image[y, x])
        for i in range(out.shape[1]):
            left = max(start_x + i * factor, 0)
            right = min(start_x + (i + 1) * factor, width)
            total = np.float32(0)
            for x in range(left, right):
                total += line[x]
            out[j, i] = total / np.float32((last - first) * (right - left))


@numba.njit(cache=True, nogil=True, fastmath=_REORDER)
def weigh_rows_and_columns(
    image: Image, first_y: Indices, weights_y: Image, first_x: Indices, weights_x: Image, out: Image
) -> None:
    """Make each pixel of `out` a weighted sum of a window of the image.

    The window of row j starts at first_y[j] and has the weights (row, tap) weights_y[j]; columns
    likewise. The number of taps in y is a multiple of 4, and windows lie inside the image.
    """
    width = image.shape[1]
    line = np.empty(width, np.float32)
    for j in range(out.shape[0]):
        line[:] = 0
        for k in range(0, weights_y.shape[1], 4):
            y = first_y[j] + k
            w0, w1, w2, w3 = weights_y[j, k : k + 4]
            row0, row1, row2, row3 = image[y], image[y + 1], image[y + 2], image[y + 3]
            for x in range(width):
                line[x] += (w0 * np.float32(row0[x]) + w1 * np.float32(row1[x])) + (
                    w2 * np.float32(row2[x]) + w3 * np.float32(row3[x])
                )
        for i in range(out.shape[1]):
            window = line[first_x[i] :]
            total = np.float32(0)
            for k in range(weights_x.shape[1]):
                total += weights_x[i, k] * window[k]
            out[j, i] = total


@numba.njit(cache=True, nogil=True, inline="always")
def _within(value: int, size: int) -> int:
    return min(max(value, 0), size - 1)


@numba.njit(cache=True, nogil=True, inline="always")
def _is_outside(x: Number, y: Number, width: int, height: int, reach: Reach) -> Any:
    across, along = reach
    return x < -across or x >= width - 1 + across or y < -along or y >= height - 1 + along


@numba.njit(cache=True, nogil=True)
def interpolate_nearest(
    image: Image, place: Places, fill: Number, extend: bool, reach: Reach, out: Image
) -> None:
    """Give each pixel of `out` the value of the nearest pixel of the image.

    Places outside the image get `fill`, or with `extend` the value at its edge.
    """
    height, width = image.shape
    for j in range(out.shape[0]):
        for i in range(out.shape[1]):
            x = place[0, 0] * i + place[0, 1] * j + place[0, 2]
            y = place[1, 0] * i + place[1, 1] * j + place[1, 2]
            if not extend and _is_outside(x, y, width, height, reach):
                out[j, i] = fill
            else:
                near = _within(int(np.floor(y + 0.5)), height)
                out[j, i] = image[near, _within(int(np.floor(x + 0.5)), width)]


@numba.njit(cache=True, nogil=True)
def _inner_columns(
    place: Places, j: int, before: Reach, after: Reach, shape: Tuple[int, ...], columns: int
) -> Tuple[int, int]:
    """Give the range of columns of row j whose windows lie within the image.

    A window begins `before` pixels (x, y) before its place and ends `after` pixels after it.
    """
    first, last = 0.0, float(columns)
    for axis in range(2):
        start = place[axis, 1] * j + place[axis, 2]
        step, size = place[axis, 0], shape[1 - axis]
        # shown while low <= step * i < high
        low, high = before[axis] + 1e-6 - start, size - after[axis] - 1e-6 - start
        if high <= low or (abs(step) < 1e-12 and not low <= 0 < high):
            return columns, columns
        if abs(step) >= 1e-12:
            low, high = low / step, high / step
            first, last = max(first, min(low, high)), min(last, max(low, high))
    if first >= last:
        return columns, columns
    return int(np.ceil(first)), int(np.ceil(last))


@numba.njit(cache=True, nogil=True)
def _linear_at_edge(image: Image, x: Number, y: Number) -> Number:
    height, width = image.shape
    left, low = int(np.floor(x)), int(np.floor(y))
    u, v = np.float32(x - left), np.float32(y - low)
    right, high = _within(left + 1, width), _within(low + 1, height)
    left, low = _within(left, width), _within(low, height)
    below = image[low, left] + u * (image[low, right] - image[low, left])
    above = image[high, left] + u * (image[high, right] - image[high, left])
    return below + v * (above - below)


@numba.njit(cache=True, nogil=True, fastmath=_REORDER)
def interpolate_linear(
    image: Image, place: Places, fill: Number, extend: bool, reach: Reach, out: Image
) -> None:
    """Interpolate a float32 image linearly; what lies around it repeats its edge.

    Places beyond its outermost pixels by more than `reach` get `fill`, or with `extend` the value
    at the edge.
    """
    height, width = image.shape
    before, after = (0.0, max(0.0, -reach[1])), (1.0, max(1.0, 1.0 - reach[1]))
    pixels = image.ravel()
    for j in range(out.shape[0]):
        line = out[j]
        start_x, start_y = place[:, 1] * j + place[:, 2]
        first, last = _inner_columns(place, j, before, after, image.shape, len(line))
        for begin, end in ((0, first), (last, len(line))):
            for i in range(begin, end):
                x, y = start_x + place[0, 0] * i, start_y + place[1, 0] * i
                if not extend and _is_outside(x, y, width, height, reach):
                    line[i] = fill
                else:
                    line[i] = _linear_at_edge(image, x, y)
        for i in range(first, last):
            x, y = start_x + place[0, 0] * i, start_y + place[1, 0] * i
            left, low = np.int32(x), np.int32(y)
            u, v = np.float32(x - left), np.float32(y - low)
            p = np.uint32(low * width + left)  # unsigned: an index that cannot count from the end
            q = p + np.uint32(width)
            below = pixels[p] + u * (pixels[p + np.uint32(1)] - pixels[p])
            above = pixels[q] + u * (pixels[q + np.uint32(1)] - pixels[q])
            line[i] = below + v * (above - below)


@numba.njit(cache=True, nogil=True, inline="always")
def _cubic_weights(t: Number) -> Tuple[Number, Number, Number, Number]:
    # Keys, IEEE Trans. ASSP 29 (1981) 1153, equation 5, with a = -1 as in IMOD
    one = np.float32(1)
    rest = one - t
    return -t * rest * rest, one - t * t * (t + rest + rest), t * (one + t * rest), -t * t * rest


@numba.njit(cache=True, nogil=True)
def _cubic_at_edge(image: Image, x: Number, y: Number) -> Number:
    height, width = image.shape
    x, y = min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0)
    left, low = int(x), int(y)
    across, along = _cubic_weights(np.float32(x - left)), _cubic_weights(np.float32(y - low))
    total = np.float32(0)
    for b in range(4):
        row = image[_within(low - 1 + b, height)]
        for a in range(4):
            total += along[b] * across[a] * row[_within(left - 1 + a, width)]
    return total


@numba.njit(cache=True, nogil=True, inline="always")
def _weigh_four(pixels: Image, p: Number, a0: Number, a1: Number, a2: Number, a3: Number) -> Number:
    return (a0 * pixels[p] + a1 * pixels[p + np.uint32(1)]) + (
        a2 * pixels[p + np.uint32(2)] + a3 * pixels[p + np.uint32(3)]
    )


@numba.njit(cache=True, nogil=True, fastmath=_REORDER)
def interpolate_cubic(
    image: Image, place: Places, fill: Number, extend: bool, reach: Reach, out: Image
) -> None:
    """Interpolate a float32 image by cubic convolution; what lies around it repeats its edge.

    Places beyond its outermost pixels by more than `reach` get `fill`, or with `extend` the value
    at the edge.
    """
    height, width = image.shape
    before, after = (1.0, max(1.0, -reach[1])), (2.0, max(2.0, 1.0 - reach[1]))
    pixels = image.ravel()
    row = np.uint32(width)
    for j in range(out.shape[0]):
        line = out[j]
        start_x, start_y = place[:, 1] * j + place[:, 2]
        first, last = _inner_columns(place, j, before, after, image.shape, len(line))
        for begin, end in ((0, first), (last, len(line))):
            for i in range(begin, end):
                x, y = start_x + place[0, 0] * i, start_y + place[1, 0] * i
                if not extend and _is_outside(x, y, width, height, reach):
                    line[i] = fill
                else:
                    line[i] = _cubic_at_edge(image, x, y)
        for i in range(first, last):
            x, y = start_x + place[0, 0] * i, start_y + place[1, 0] * i
            left, low = np.int32(x), np.int32(y)
            a0, a1, a2, a3 = _cubic_weights(np.float32(x - left))
            b0, b1, b2, b3 = _cubic_weights(np.float32(y - low))
            p = np.uint32((low - 1) * width + left - 1)
            total = b0 * _weigh_four(pixels, p, a0, a1, a2, a3)
            total += b1 * _weigh_four(pixels, p + row, a0, a1, a2, a3)
            total += b2 * _weigh_four(pixels, p + row + row, a0, a1, a2, a3)
            total += b3 * _weigh_four(pixels, p + row + row + row, a0, a1, a2, a3)
            line[i] = total


@numba.njit(cache=True, nogil=True)
def _squared_distance(x: Number, y: Number, segment: Places) -> Number:
    ax, ay, bx, by = segment
    dx, dy = bx - ax, by - ay
    length = dx * dx + dy * dy
    along = ((x - ax) * dx + (y - ay) * dy) / length if length > 0 else 0.0
    along = min(max(along, 0.0), 1.0)
    across, upward = x - ax - along * dx, y - ay - along * dy
    return across * across + upward * upward


@numba.njit(cache=True, nogil=True)
def _weight(x: Number, y: Number, segments: Places, distance: int) -> Number:
    nearest = np.inf
    for k in range(len(segments)):
        nearest = min(nearest, _squared_distance(x, y, segments[k]))
    return min((np.sqrt(nearest) + 0.5) / (distance + 1), 1.0)


@numba.njit(cache=True, nogil=True)
def blend_to_fill(
    out: Image,
    place: Places,
    width: int,
    height: int,
    segments: Places,
    fill: Number,
    distance: Number,
    inside: bool,
) -> None:
    """Let the image fall to `fill` over a number of pixels along its borders, in place.

    `segments` (border, 4) are the borders between image and filled area as ax, ay, bx, by in the
    result; the fall is linear, on the image's side of the border if `inside`, else beyond it.
    """
    # how far the fall reaches in pixels of the image, at most
    reach = (distance + 1) * np.abs(place[:, :2]).sum()
    both = (reach, reach)
    for j in range(out.shape[0]):
        line = out[j]
        start_x, start_y = place[:, 1] * j + place[:, 2]
        first, last = _inner_columns(place, j, both, both, (height, width), len(line))
        for begin, end in ((0, first), (last, len(line))):
            for i in range(begin, end):
                x, y = start_x + place[0, 0] * i, start_y + place[1, 0] * i
                depth = min(min(x + 0.5, width - 0.5 - x), min(y + 0.5, height - 0.5 - y))
                if depth < -reach or (inside and depth < 0):
                    line[i] = fill
                elif inside or depth < 0:
                    weight = _weight(i, j, segments, distance)
                    line[i] = fill + (weight if inside else 1 - weight) * (line[i] - fill)
