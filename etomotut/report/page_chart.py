"""Charts as SVG that takes the colours of the page, so that they suit light, dark and paper.

Colours are the names of the page's classes (`blue`, `orange`, ...), never values.
"""

from __future__ import annotations

from typing import Callable, List, Optional, Sequence, Tuple

import numpy as np
import numpy.typing as npt

from etomotut.report.page_html import Attribute, Html, join, tag

Span = Tuple[float, float]
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 10, 40
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


class Chart:
    """Axes to be drawn into; `x` and `y` are the ranges shown, sizes are those of the drawing."""

    def __init__(
        self, x: Span, y: Span, *, x_label: str, y_label: str, width: int = 340, height: int = 220
    ) -> None:
        self._x, self._y = x, y
        self._width, self._height = width, height
        self._labels = x_label, y_label
        self._parts: List[Html] = []
        self._legend: List[Tuple[str, str]] = []
        self._x_ticks: Optional[List[Tuple[float, str]]] = None

    def name_x(self, ticks: Sequence[Tuple[float, str]]) -> None:
        """Name places of the x axis, which has round numbers otherwise."""
        self._x_ticks = list(ticks)

    def line(self, x: npt.ArrayLike, y: npt.ArrayLike, colour: str, name: str = "") -> None:
        """Draw a line through points; it is broken where a value is not finite."""
        words, is_down = [], False
        for px, py in zip(self._at_x(x), self._at_y(y)):
            if not np.isfinite(px + py):
                is_down = False
                continue
            words.append(f"{'L' if is_down else 'M'}{px:.1f} {py:.1f}")
            is_down = True
        self._parts.append(tag("path", d="".join(words), class_=f"line {colour}"))
        self._note(name, colour)

    def points(
        self,
        x: npt.ArrayLike,
        y: npt.ArrayLike,
        colour: str,
        *,
        name: str = "",
        radius: float = 3.0,
        about: Optional[Callable[[int], Tuple[str, Attribute]]] = None,
        link: str = "",
    ) -> None:
        """Draw dots; `about` gives the text of one, and what its attribute data-`link` is."""
        for number, (px, py) in enumerate(zip(self._at_x(x), self._at_y(y))):
            if not np.isfinite(px + py):
                continue
            place = {"cx": f"{px:.1f}", "cy": f"{py:.1f}", "r": f"{radius:g}"}
            text, value = about(number) if about else ("", None)
            data = {f"data_{link}": value} if link else {}
            title = tag("title", text) if text else None
            self._parts.append(tag("circle", title, class_=f"dot {colour}", **place, **data))
        self._note(name, colour)

    def bars(
        self,
        x: npt.ArrayLike,
        low: npt.ArrayLike,
        high: npt.ArrayLike,
        colours: Sequence[str],
        *,
        width: float,
        about: Optional[Callable[[int], Tuple[str, Attribute]]] = None,
        link: str = "",
    ) -> None:
        """Draw upright bars of a width in units of x, each of its colour."""
        across = width * (self._width - LEFT - RIGHT) / (self._x[1] - self._x[0])
        ends = zip(self._at_x(x), self._at_y(low), self._at_y(high), colours)
        for number, (px, bottom, top, colour) in enumerate(ends):
            text, value = about(number) if about else ("", None)
            data = {f"data_{link}": value} if link else {}
            self._parts.append(
                tag(
                    "rect",
                    tag("title", text) if text else None,
                    x=f"{px - across / 2:.1f}",
                    y=f"{top:.1f}",
                    width=f"{across:.1f}",
                    height=f"{max(bottom - top, 0.5):.1f}",
                    class_=f"bar {colour}",
                    **data,
                )
            )

    def segments(self, starts: npt.ArrayLike, ends: npt.ArrayLike, colour: str) -> None:
        """Draw lines from points (n, 2) to points (n, 2)."""
        a, b = np.asarray(starts, float), np.asarray(ends, float)
        ax, ay, bx, by = (*self._both(a), *self._both(b))
        words = [f"M{p:.1f} {q:.1f}L{r:.1f} {s:.1f}" for p, q, r, s in zip(ax, ay, bx, by)]
        self._parts.append(tag("path", d="".join(words), class_=f"line thin {colour}"))

    def rectangle(self, x: Span, y: Span, colour: str, name: str = "") -> None:
        """Draw the outline of a rectangle."""
        left, right = self._at_x(x)
        bottom, top = self._at_y(y)
        words = f"M{left:.1f} {bottom:.1f}H{right:.1f}V{top:.1f}H{left:.1f}Z"
        self._parts.append(tag("path", d=words, class_=f"line dashed {colour}"))
        self._note(name, colour)

    def rule(self, y: float, colour: str, text: str = "") -> None:
        """Draw a level line across, and what it means."""
        (place,) = self._at_y([y])
        right = self._width - RIGHT
        words = f"M{LEFT} {place:.1f}H{right}"
        self._parts.append(tag("path", d=words, class_=f"line dashed {colour}"))
        if text:
            label = tag("text", text, x=right, y=f"{place - 4:.1f}", class_=f"end {colour}")
            self._parts.append(label)

    def svg(self, about: str) -> Html:
        """Give the drawing, below the names of what is drawn.

        `about` is what is read aloud instead.
        """
        drawing = tag(
            "svg",
            tag("title", about),
            self._axes(),
            *self._parts,
            viewBox=f"0 0 {self._width} {self._height}",
            role="img",
            class_="chart",
        )
        return join([self._key(), drawing])

    def _axes(self) -> Html:
        bottom, right = self._height - BOTTOM, self._width - RIGHT
        parts: List[Html] = []
        for value, text in ticks(self._y, (self._height - TOP - BOTTOM) / 34):
            (y,) = self._at_y([value])
            parts.append(tag("path", d=f"M{LEFT} {y:.1f}H{right}", class_="grid"))
            parts.append(tag("text", text, x=LEFT - 6, y=f"{y + 4:.1f}", class_="end"))
        named = self._x_ticks
        if named is None:
            named = ticks(self._x, (self._width - LEFT - RIGHT) / 50)
        for value, text in named:
            (x,) = self._at_x([value])
            parts.append(tag("text", text, x=f"{x:.1f}", y=bottom + 15, class_="middle"))
        middle = (LEFT + right) / 2
        across, up = self._labels
        parts.append(tag("path", d=f"M{LEFT} {bottom}H{right}", class_="axis"))
        parts.append(
            tag("text", across, x=f"{middle:g}", y=self._height - 6, class_="middle faint")
        )
        turned = f"translate(12 {(TOP + bottom) / 2:g}) rotate(-90)"
        parts.append(tag("text", up, transform=turned, class_="middle faint"))
        return tag("g", *parts, class_="axes")

    def _key(self) -> Html:
        """Give the names of what is drawn, beside their colours."""
        parts = [
            tag("span", tag("span", class_=f"swatch {colour}"), name)
            for name, colour in self._legend
        ]
        return tag("p", *parts, class_="key") if parts else Html("")

    def _note(self, name: str, colour: str) -> None:
        if name:
            self._legend.append((name, colour))

    def _at_x(self, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
        low, high = self._x
        share = (np.asarray(values, float) - low) / (high - low)
        return np.asarray(LEFT + share * (self._width - LEFT - RIGHT))

    def _at_y(self, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
        low, high = self._y
        share = (np.asarray(values, float) - low) / (high - low)
        return np.asarray(self._height - BOTTOM - share * (self._height - TOP - BOTTOM))

    def _both(
        self, points: npt.NDArray[np.float64]
    ) -> Tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        return self._at_x(points[:, 0]), self._at_y(points[:, 1])


def span(values: npt.ArrayLike, smallest: float = 0.0, *, room: float = 0.06) -> Span:
    """Give a range around finite values, no smaller than one that noise would fill."""
    known = np.asarray(values, float).ravel()
    known = known[np.isfinite(known)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    half = max((high - low) * (0.5 + room), smallest / 2, 1e-9)
    return (low + high) / 2 - half, (low + high) / 2 + half


def ticks(limits: Span, wanted: float) -> List[Tuple[float, str]]:
    """Give round values in a range, about so many, and how they are written."""
    rough = (limits[1] - limits[0]) / max(wanted, 1.0)
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(s * power for s in STEPS if s * power >= rough * 0.999)
    first, last = np.ceil(limits[0] / step - 1e-9), np.floor(limits[1] / step + 1e-9)
    values = np.arange(first, last + 1) * step + 0.0
    digits = max(0, int(np.ceil(-np.log10(step) - 1e-9)))
    if step * 10**digits % 1 > 1e-9:  # steps of 2.5
        digits += 1
    return [(float(v), f"{v:.{digits}f}".replace("-", "\u2212")) for v in values]
