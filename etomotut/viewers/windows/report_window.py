"""The small window that tells how far a report is; it goes on if the window is closed."""

from __future__ import annotations

import queue
import subprocess
import threading
import tkinter as tk
from tkinter import ttk
from typing import Any, Optional, Sequence

from etomotut.viewers.windows.base import WARNING

LOOK_EVERY = 150  # ms between looks at what the command said


class ReportWindow:
    """Runs a command that writes a report and opens it, and shows the last line that it prints."""

    def __init__(self, title: str, words: Sequence[str], master: Any = None) -> None:
        self.top = tk.Toplevel(master)
        self.top.title(title)
        self.text = tk.StringVar(self.top, "The report is being written ...")
        body = ttk.Frame(self.top, padding=16)
        body.pack(fill="both", expand=True)
        self.label = ttk.Label(body, textvariable=self.text, wraplength=460, width=64)
        self.label.pack(anchor="w")
        self.bar = ttk.Progressbar(body, mode="indeterminate", length=460)
        self.bar.pack(fill="x", pady=12)
        self.bar.start(20)
        ttk.Button(body, text="Close", command=self.top.destroy).pack(side="right")
        self.top.bind("<Escape>", lambda event: self.top.destroy())
        self.status: Optional[int] = None
        self._said: queue.Queue[str] = queue.Queue()
        self._thread = threading.Thread(target=self._run, args=(list(words),), daemon=True)
        self._thread.start()
        self.top.after(LOOK_EVERY, self._look)

    def _run(self, words: Sequence[str]) -> None:
        with subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                self._said.put(line.strip())
        self.status = process.returncode

    def _look(self) -> None:
        """Show what was said since the last look, and look again until the command has ended."""
        is_over = not self._thread.is_alive()
        line = ""
        while not self._said.empty():
            line = self._said.get() or line
        if line:
            is_told = is_over or line.startswith(("Report:", "ERROR:"))
            self.text.set(line if is_told else f"The report is being written: {line} ...")
        if not is_over:
            self.top.after(LOOK_EVERY, self._look)
            return
        self.bar.stop()
        self.bar.pack_forget()
        if self.status:
            self.label.configure(foreground=WARNING)
