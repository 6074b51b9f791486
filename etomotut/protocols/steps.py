"""Running steps in threads without delay.

Scipion's own executor looks every three seconds whether a step has ended: short steps would wait
longer than they work. This one is woken by the step, and looks for new input only while there is
something to wait for.
"""

from __future__ import annotations

import queue
import threading
import time
from typing import Any, Callable, Dict, List

from pyworkflow.protocol.executor import StepThread, ThreadStepExecutor

LOOK_EVERY = 1.0  # seconds between looks at an input that is still being written


class PromptExecutor(ThreadStepExecutor):  # type: ignore[misc]
    """Runs up to `numberOfProcs` steps at once and goes on as soon as one ends."""

    def runSteps(
        self,
        steps: List[Any],
        stepStartedCallback: Callable[[Any], None],
        stepFinishedCallback: Callable[[Any], bool],
        stepsCheckCallback: Callable[[], None],
        stepsCheckSecs: float = LOOK_EVERY,
    ) -> None:
        """Run steps to the end, or until one fails; steps may be added by the check callback."""
        ended: queue.Queue[Any] = queue.Queue()
        running: Dict[int, threading.Thread] = {}
        looked = time.monotonic()
        goes_on = True
        while goes_on:
            free = self.numberOfProcs - len(running)
            for step in self._getRunnable(steps, free) if free else []:
                step.setRunning()
                stepStartedCallback(step)
                running[step.getIndex()] = _Thread(step, ended)
                running[step.getIndex()].start()
            waiting = any(step.isWaiting() for step in steps)
            if not running and not waiting:
                break
            try:
                step = ended.get(timeout=LOOK_EVERY if waiting else None)
                running.pop(step.getIndex()).join()
                self.freeGpusSlot(step.getObjId())
                goes_on = stepFinishedCallback(step)
            except queue.Empty:
                pass
            if waiting and time.monotonic() - looked > LOOK_EVERY / 2:
                stepsCheckCallback()
                looked = time.monotonic()
        for thread in running.values():
            thread.join()
        stepsCheckCallback()


class _Thread(StepThread):  # type: ignore[misc]
    """A step in a thread that says when it has ended."""

    def __init__(self, step: Any, ended: queue.Queue[Any]) -> None:
        super().__init__(step, threading.Lock())
        self.daemon = True
        self._ended = ended

    def run(self) -> None:
        """Run the step."""
        super().run()
        self._ended.put(self.step)
