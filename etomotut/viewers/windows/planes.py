"""The planes of one tomogram in a window: x-y, x-z below it and y-z beside it, at one scale."""

from __future__ import annotations

from typing import Any, Callable, Dict, Optional, Tuple

from etomotut.report.style import nanometres, round_length
from etomotut.viewers.tomogram_model import AXES, SECTION, SIDE, SLICE, TomogramModel
from etomotut.viewers.viewport import Viewport
from etomotut.viewers.windows import base

GAP = 6  # pixels between planes
Box = Tuple[int, int, int, int]  # x, y, width, height
OnEvent = Callable[["Planes", str, Any], None]


class Planes:
    """A canvas a plane of `model`, None where there is nothing to show.

    `on_click` and `on_wheel` are told these planes, the plane's name, and Tk's event.
    """

    def __init__(self, body: Any, on_click: OnEvent, on_wheel: OnEvent) -> None:
        self.model: Optional[TomogramModel] = None
        self.title = ""
        self.magnified = 1.0
        self._seen: Optional[TomogramModel] = None
        self._body, self._filling = body, ""
        self.canvases: Dict[str, base.ImageCanvas] = {}
        for plane in AXES:
            canvas = base.ImageCanvas(body)
            self.canvases[plane] = canvas
            for name in ("<Button-1>", "<B1-Motion>"):
                canvas.bind(name, lambda event, plane=plane: on_click(self, plane, event))
            for name in base.WHEEL:
                canvas.bind(name, lambda event, plane=plane: on_wheel(self, plane, event))

    def hide(self) -> None:
        """Show nothing."""
        self.model = None
        for canvas in self.canvases.values():
            canvas.place_forget()

    def lay_out(self, room: Box) -> None:
        """Take the room of a box, as much as the tomogram's proportions allow."""
        if self.model is None:
            return
        for plane, (x, y, width, height) in boxes(self.model.size, room).items():
            self.canvases[plane].place(x=x, y=y, width=width, height=height)

    def viewport(self, plane: str) -> Viewport:
        """Give what the canvas of a plane shows."""
        assert self.model is not None
        viewport = Viewport(self.model.size_of(plane), self.canvases[plane].size())
        viewport.fit()
        if self.magnified > 1:
            viewport.zoom *= self.magnified
            across, up, _ = AXES[plane]
            viewport.look_at(self.model.point[across], self.model.point[up])
        return viewport

    def image_place(self, plane: str, event: Any) -> Tuple[float, float]:
        """Give the place (across, up) of a plane that an event is at."""
        across, up = self.viewport(plane).to_image([[event.x, event.y]])[0]
        return float(across), float(up)

    def draw(self, with_beads: bool) -> None:
        """Draw all planes; the one on the side fills up afterwards.

        Of a tomogram that is new the section comes first: files may be slow.
        """
        if self.model is None:
            return
        if self._seen is not self.model:
            self._seen = self.model
            self._draw(SECTION, with_beads)
            self._body.after(1, lambda: self.draw(with_beads))
            return
        for plane in AXES:
            self._draw(plane, with_beads)
        if not self.model.is_side_full and not self._filling:
            self._filling = self._body.after(1, lambda: self._fill(with_beads))

    def _draw(self, plane: str, with_beads: bool) -> None:
        assert self.model is not None
        canvas, viewport = self.canvases[plane], self.viewport(plane)
        canvas.put(self.model.render(plane, viewport))
        across, up, _ = AXES[plane]
        (x, y), *_ = viewport.to_canvas([[self.model.point[across], self.model.point[up]]])
        width, height = canvas.size()
        for line in ((x, 0, x, height), (0, y, width, y)):
            canvas.line(line, fill=base.ACCENT, dash=(2, 6))
        if with_beads:
            radius = self.model.bead_diameter * viewport.zoom
            for place in viewport.to_canvas(self.model.beads_near(plane)):
                canvas.ring(place, max(radius, 4), base.ACCENT)
        if plane == SECTION:
            self._draw_bar(canvas, viewport)

    def _draw_bar(self, canvas: base.ImageCanvas, viewport: Viewport) -> None:
        assert self.model is not None
        pixel = self.model.pixel_size / 10
        length = round_length(pixel / viewport.zoom * viewport.canvas[0] / 5)
        canvas.scale_bar(length / pixel * viewport.zoom, nanometres(length))
        if self.title:
            canvas.write(8, 6, self.title, anchor="nw", font=("", 11, "bold"))

    def _fill(self, with_beads: bool) -> None:
        """Read one strip of the side plane, so that keys and mouse are answered in between."""
        self._filling = ""
        if self.model is None or self.model.is_side_full:
            return
        self.model.fill_side()
        if self.model.is_side_full:
            self._draw(SIDE, with_beads)
        else:
            self._filling = self._body.after(1, lambda: self._fill(with_beads))


def boxes(size: Tuple[int, int, int], room: Box) -> Dict[str, Box]:
    """Give the boxes of the planes of a volume of a size (x, y, z) in the room of a box."""
    width, height, depth = size
    x, y, *limits = room
    wide, high = limits[0] - GAP - 8, limits[1] - GAP
    scale = min(wide / (width + depth), high / (height + depth))
    across, down, deep = (max(int(scale * n), 8) for n in (width, height, depth))
    left = x + 4 + max((wide - across - deep) // 2, 0)
    return {
        SECTION: (left, y, across, down),
        SLICE: (left, y + down + GAP, across, deep),
        SIDE: (left + across + GAP, y, deep, down),
    }
