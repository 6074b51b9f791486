"""A real browser for tests: Chromium without a window, driven by its own DevTools protocol.

Messages go through two pipes, so that no port and no driver is needed.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 60.0  # seconds
_FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
          "--disable-extensions", "--disable-background-networking",
          "--remote-debugging-pipe")  # fmt: skip


def find_browser() -> Optional[str]:
    """Give a browser of this machine, None if there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One tab; what goes wrong in a page is collected in `complaints`."""

    def __init__(self) -> None:
        self._profile = tempfile.mkdtemp(prefix="etomotut-browser-")
        to_read, self._write = _high_pipe()
        self._read, to_write = _high_pipe()
        words = [str(find_browser()), *_FLAGS, f"--user-data-dir={self._profile}", "about:blank"]
        # the browser reads from its file 3 and writes into its file 4
        files = [(os.POSIX_SPAWN_DUP2, to_read, 3), (os.POSIX_SPAWN_DUP2, to_write, 4)]
        files += [(os.POSIX_SPAWN_OPEN, n, os.devnull, os.O_RDWR, 0) for n in range(3)]
        self._process = os.posix_spawn(words[0], words, os.environ, file_actions=files)
        os.close(to_read)
        os.close(to_write)
        self._rest, self._number, self._session = b"", 0, None
        self.complaints: List[str] = []
        self._seen: List[str] = []
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def close(self) -> None:
        """End the browser and remove its profile."""
        self._session = None
        try:
            self.send("Browser.close")
        except (OSError, TimeoutError):
            os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        os.close(self._write)
        os.close(self._read)
        shutil.rmtree(self._profile, ignore_errors=True)

    def send(self, method: str, **values: Any) -> Dict[str, Any]:
        """Send a command and give its result."""
        self._number += 1
        message: Dict[str, Any] = {"id": self._number, "method": method, "params": values}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def open(self, path: Path, *, width: int = 1280, height: int = 900, scheme: str = "light",
             anchor: str = "") -> None:  # fmt: skip
        """Open a file in a window of a size and wait until it has loaded."""
        self.resize(width, height)
        self.media("screen", scheme)
        self._seen.clear()
        self.send("Page.navigate", url=path.as_uri() + anchor)
        end = time.monotonic() + PATIENCE
        while "Page.loadEventFired" not in self._seen and time.monotonic() < end:
            self.send("Runtime.evaluate", expression="0")
            time.sleep(0.02)

    def resize(self, width: int, height: int = 900) -> None:
        """Let the window have a size."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)  # fmt: skip

    def media(self, kind: str, scheme: str = "light") -> None:
        """Show the page on a screen or as on paper, in a colour scheme."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.send("Emulation.setEmulatedMedia", media=kind, features=features)

    def value(self, expression: str) -> Any:
        """Give the value of a JavaScript expression in the page, awaited if it is a promise."""
        told = self.send("Runtime.evaluate", expression=expression, returnByValue=True,
                         awaitPromise=True)  # fmt: skip
        if "exceptionDetails" in told:
            raise RuntimeError(str(told["exceptionDetails"]))
        return told["result"].get("value")

    def press(self, key: str, code: int = 0, text: str = "") -> None:
        """Press and release a key, named as in JavaScript; `code` is its Windows number."""
        about = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        down = {**about, "text": text} if text else about
        self.send("Input.dispatchKeyEvent", type="keyDown", **down)
        self.send("Input.dispatchKeyEvent", type="keyUp", **about)

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        """Write what the window shows, or the whole page, as PNG."""
        told = self.send("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(told["data"]))

    def print(self, path: Path) -> None:
        """Print the page into a PDF file, from a screen that is dark."""
        self.media("", "dark")
        told = self.send(
            "Page.printToPDF", printBackground=False, paperWidth=8.27, paperHeight=11.69
        )
        path.write_bytes(base64.b64decode(told["data"]))

    def _receive(self) -> Dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._rest:
            if not select.select([self._read], [], [], max(end - time.monotonic(), 0))[0]:
                raise TimeoutError("the browser does not answer")
            part = os.read(self._read, 1 << 20)
            if not part:
                raise OSError("the browser has ended")
            self._rest += part
        message, self._rest = self._rest.split(b"\0", 1)
        answer: Dict[str, Any] = json.loads(message)
        self._note(answer)
        return answer

    def _note(self, event: Dict[str, Any]) -> None:
        method, values = event.get("method", ""), event.get("params", {})
        self._seen.append(method)
        if method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(values["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and values["type"] in ("error", "warning"):
            self.complaints.append(json.dumps(values["args"]))
        elif method == "Log.entryAdded" and values["entry"]["level"] in ("error", "warning"):
            self.complaints.append(values["entry"]["text"])
        elif method == "Network.loadingFailed":
            self.complaints.append(f"not loaded: {values['errorText']}")
        elif method == "Network.requestWillBeSent":
            address = values["request"]["url"]
            if not address.startswith(("file:", "data:", "about:", "blob:")):
                self.complaints.append(f"from the network: {address}")


def _high_pipe() -> Tuple[int, int]:
    """Give a pipe whose ends are none of the files that the browser expects."""
    ends = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends]
    for end in ends:
        os.close(end)
    return high[0], high[1]
