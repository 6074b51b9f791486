"""A screen that nobody sees, with mouse and keyboard, and what Tk programs show on it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

from PIL import ImageGrab

from docs_pictures.saving import save

SIZE = 1500, 1060
INSIDE = Path(__file__).with_name("inside")
Row = Dict[str, Any]
Box = Tuple[int, int, int, int]
Place = Tuple[float, float]


class Screen:
    """Xvfb with a window manager; programs started by `start` are seen and used by their texts."""

    def __init__(self, scratch: Path) -> None:
        self._processes: List[subprocess.Popen[bytes]] = []
        self._eyes = Path(tempfile.mkdtemp(prefix="eyes"))
        self._log = open(scratch / "screen.log", "wb")  # noqa: SIM115 - closed with the screen
        self.environment = dict(os.environ)
        reading, writing = os.pipe()
        words = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{SIZE[0]}x{SIZE[1]}x24"]
        self._spawn(words, pass_fds=[writing])
        os.close(writing)
        with os.fdopen(reading) as told:
            self.display = f":{told.readline().strip()}"
        path = os.pathsep.join(filter(None, [str(INSIDE), os.environ.get("PYTHONPATH", "")]))
        self.environment.update(
            DISPLAY=self.display,
            ETOMOTUT_EYES=str(self._eyes),
            PYTHONPATH=path,
            LOGNAME="user",  # Scipion's titles tell who runs it
        )
        self._spawn(["openbox"])
        time.sleep(1)

    def start(self, words: Sequence[str]) -> None:
        """Start a program on the screen."""
        self._spawn(list(words))

    def close(self) -> None:
        """End everything that was started on the screen."""
        for process in reversed(self._processes):
            _end(process)
        self._log.close()
        shutil.rmtree(self._eyes, ignore_errors=True)

    # ------------------------------------------------------------------ seeing
    def rows(self) -> List[Row]:
        """Give all that Tk programs show."""
        return [row for path in sorted(self._eyes.glob("*.sock")) for row in _ask(path)]

    def find(
        self, text: str, kind: str = "", window: str = "", exact: bool = True
    ) -> Optional[Row]:
        """Give the first thing seen that has a text, or has it in its text, None without one."""
        for row in self.rows():
            has_text = row["text"] == text if exact else text in row["text"]
            is_such = row["kind"].startswith(kind) and window in row["window"]
            if has_text and is_such and row["is_seen"]:
                return row
        return None

    def wait(self, text: str, seconds: float = 60, **about: Any) -> Row:
        """Give a thing as soon as it is seen; raises TimeoutError if that takes too long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = self.find(text, **about)
            if found:
                return found
            time.sleep(0.2)
        raise TimeoutError(f"'{text}' {about} is not on the screen")

    def wait_gone(self, text: str, seconds: float = 60, **about: Any) -> None:
        """Wait until a thing is not seen any more."""
        end = time.monotonic() + seconds
        while self.find(text, **about):
            if time.monotonic() > end:
                raise TimeoutError(f"'{text}' {about} stays on the screen")
            time.sleep(0.2)

    def shoot(self, path: Path, box: Optional[Box] = None, settle: float = 1.0) -> None:
        """Write what is on the screen, or in a box of it, as a small PNG."""
        time.sleep(settle)
        taken = ImageGrab.grab(xdisplay=self.display)
        if box is not None:
            x, y, width, height = box
            taken = taken.crop((max(x, 0), max(y, 0), x + width, y + height))
        save(path, taken)

    def window_box(self, title: str, border: int = 2, bar: int = 24) -> Box:
        """Give the box of the window whose title begins so, with its frame."""
        row = self.wait(title, kind="window", exact=False)
        x, y, width, height = row["box"]
        return x - border, y - bar, width + 2 * border, height + bar + border

    def resize(self, title: str, width: int, height: int) -> None:
        """Give the window of a title another size, and the keyboard."""
        found = ["search", "--name", f"^{title}$"]
        self._xdotool(*found, "windowsize", str(width), str(height))
        time.sleep(0.5)
        self._xdotool(*found, "windowactivate")
        time.sleep(0.5)

    # ------------------------------------------------------------------ mouse and keyboard
    def point(self, x: float, y: float) -> None:
        """Move the mouse."""
        self._xdotool("mousemove", str(round(x)), str(round(y)))
        time.sleep(0.15)

    def click(self, text: str, button: int = 1, times: int = 1, **about: Any) -> Row:
        """Wait for a thing, as `wait` does, and click its middle."""
        row = self.wait(text, **about)
        self.click_at(*middle(row), button=button, times=times)
        return row

    def click_at(self, x: float, y: float, button: int = 1, times: int = 1) -> None:
        """Click a place."""
        self.point(x, y)
        self._xdotool("click", "--repeat", str(times), "--delay", "90", str(button))
        time.sleep(0.4)

    def drag(self, start: Place, end: Place) -> None:
        """Pull with the left button from one place to another."""
        self.point(*start)
        self._xdotool("mousedown", "1")
        for part in (0.3, 0.7, 1.0):
            self.point(*(a + part * (b - a) for a, b in zip(start, end)))
        self._xdotool("mouseup", "1")
        time.sleep(0.4)

    def zoom_out(self, x: float, y: float) -> None:
        """Turn the wheel over a place by one step with the control key held."""
        self.point(x, y)
        self._xdotool("keydown", "ctrl", "click", "5", "keyup", "ctrl")
        time.sleep(0.3)

    def press(self, *keys: str) -> None:
        """Press keys, by X's names."""
        self._xdotool("key", "--delay", "60", *keys)
        time.sleep(0.3)

    def type(self, text: str) -> None:
        """Type a text."""
        self._xdotool("type", "--delay", "15", text)
        time.sleep(0.2)

    def fill(self, row: Row, text: str) -> None:
        """Replace what a field holds."""
        self.click_at(*middle(row), times=3)
        self.press("ctrl+slash")
        self.type(text)

    def _xdotool(self, *words: str) -> None:
        subprocess.run(["xdotool", *words], env=self.environment, check=True)

    def _spawn(self, words: List[str], **options: Any) -> None:
        self._processes.append(
            subprocess.Popen(
                words,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                start_new_session=True,
                **options,
            )
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and all that it started, which may outlive it."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, how)
            process.wait(5)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
        time.sleep(1)


def middle(row: Row) -> Tuple[float, float]:
    """Give the middle of a thing on the screen."""
    x, y, width, height = row["box"]
    return x + width / 2, y + height / 2


def _ask(path: Path) -> List[Row]:
    """Ask one program; one that has ended shows nothing."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(90)
            client.connect(str(path))
            client.sendall(b"all\n")
            with client.makefile() as stream:
                answer = stream.readline()
    except OSError:
        return []
    return list(json.loads(answer)) if answer.strip() else []
