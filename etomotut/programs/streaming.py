"""Working on many sections of files at once while few of them are in memory."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, Callable, Deque, Iterable, Iterator, Sequence, TypeVar

import numpy as np
import numpy.typing as npt

from etomotut.errors import EtomotutError

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int
) -> Iterator[Result]:
    """Give function(item) for each item in order; `workers` threads are a few items ahead.

    Numpy and compiled kernels leave the interpreter to other threads while they work. An error
    of the function is raised where its result would have come.
    """
    if workers == 1:
        yield from map(function, items)
        return
    waiting: Deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > 2 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def share_out(
    items: Sequence[Item], workers: Sequence[Callable[[Item], Result]]
) -> Iterator[Result]:
    """Give the result for each item in order; each worker is a thread that holds scratch arrays.

    An error of a worker is raised where its result would have come, and ends the others' work.
    """
    idle: SimpleQueue[Callable[[Item], Result]] = SimpleQueue()
    for worker in workers:
        idle.put(worker)

    def work(item: Item) -> Result:
        worker = idle.get()
        try:
            return worker(item)
        finally:
            idle.put(worker)

    with ThreadPoolExecutor(len(workers)) as pool:
        waiting = [pool.submit(work, item) for item in items]
        try:
            for done in waiting:
                yield done.result()
        finally:
            for each in waiting:
                each.cancel()


def require_content(image: npt.NDArray[Any], name: str) -> None:
    """Raise EtomotutError if an image has what is not a finite number, or one density only."""
    require_numbers(image, name)
    if image.min() == image.max():
        raise EtomotutError(
            f"{name} is blank, all its densities are {image.flat[0]:g}: leave it out"
        )


def require_numbers(image: npt.NDArray[Any], name: str) -> None:
    """Raise EtomotutError, saying where, if an image (y, x) has what is not a finite number.

    `name` says which image it is, as in "view 3 of a.st".
    """
    if image.dtype.kind != "f":
        return
    finite = np.isfinite(image)
    if finite.all():
        return
    wrong = np.argwhere(~finite)
    y, x = wrong[0]
    raise EtomotutError(
        f"{name} has {len(wrong)} of {image.size} densities that are not finite numbers, the first "
        f"at x {x}, y {y} (from 0)"
    )
