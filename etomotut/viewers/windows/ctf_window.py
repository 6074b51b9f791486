"""The window of CTF curves."""

from __future__ import annotations

from functools import partial

from etomotut.report.ctf import draw_ctf
from etomotut.viewers.windows.pictures_window import PicturesWindow


class CtfWindow(PicturesWindow):
    """Curves of the CTF of tilt series; what an item finds are its curves."""

    size = (1180, 800)
    names = {"ctf": "Views"}

    def has(self, kind: str) -> bool:
        """Whether there is a picture of a kind."""
        return True

    def show(self) -> None:
        """Forget the curves of another series."""
        self.pictures = {"ctf": partial(draw_ctf, name=self.item.name)}
        super().show()
