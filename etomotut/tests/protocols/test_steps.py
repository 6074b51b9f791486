"""Steps run side by side, in their order of need, without waiting for a clock."""

from __future__ import annotations

import threading
import time

from pyworkflow.protocol.protocol import FunctionStep

from etomotut.protocols.steps import PromptExecutor


def run(steps, workers, *, check=lambda: None):
    """Run steps and give the seconds that it took and the steps in the order of their end."""
    ended = []
    executor = PromptExecutor(None, workers)
    for index, step in enumerate(steps, 1):
        step.setIndex(index)
    start = time.monotonic()
    executor.runSteps(
        steps, lambda step: None, lambda step: ended.append(step) or not step.isFailed(), check
    )
    return time.monotonic() - start, ended


def step(function, *needs, wait=False):
    made = FunctionStep(function, "step", wait=wait)
    made.addPrerequisites(*needs)
    return made


def test_short_steps_end_shortly():
    seconds, ended = run([step(lambda: None) for _ in range(20)], 2)
    assert len(ended) == 20
    assert seconds < 1


def meet(barrier):
    barrier.wait()


def test_two_workers_work_at_the_same_time():
    together = threading.Barrier(2, timeout=5)
    _, ended = run([step(lambda: meet(together)), step(lambda: meet(together))], 2)
    assert all(each.isFinished() for each in ended)


def test_one_worker_does_one_after_another():
    running = []

    def work():
        running.append(1)
        time.sleep(0.02)
        assert len(running) == 1
        running.pop()

    _, ended = run([step(work) for _ in range(3)], 1)
    assert all(each.isFinished() for each in ended)


def test_a_step_waits_for_those_it_needs():
    order = []
    steps = [
        step(lambda: order.append("last"), 2),
        step(lambda: time.sleep(0.05) or order.append("first")),
    ]
    run(steps, 2)
    assert order == ["first", "last"]


def test_a_failing_step_ends_the_run_after_those_that_are_running():
    done = []

    def fail():
        raise ValueError("no")

    steps = [step(fail), step(lambda: time.sleep(0.1) or done.append(1)), step(fail, 2)]
    _, ended = run(steps, 2)
    assert ended[0].isFailed()
    assert done == [1]
    assert not steps[2].isFailed()


def test_steps_may_come_while_others_wait():
    order, steps = [], []
    closing = step(lambda: order.append("close"), wait=True)
    steps.append(closing)

    def check():
        if len(steps) == 1:
            steps.append(step(lambda: order.append("new")))
            steps[1].setIndex(2)
            closing.setPrerequisites(2)
            closing.setStatus("new")

    seconds, _ = run(steps, 1, check=check)
    assert order == ["new", "close"]
    assert seconds < 3
