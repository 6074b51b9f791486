"""What all stages share: a stage file holds its form, its commands, its results, its summary.

Each series is one step. Steps begin as series arrive, run side by side, and never fail a run: a
series that cannot be processed goes to the failed set with its reason. What is done is known from
the records and the output sets, so that a continued run takes up what is missing.
"""

from __future__ import annotations

import os
import shutil
import time
import traceback
from datetime import datetime
from pathlib import Path
from typing import AbstractSet, Any, Dict, List, Mapping, Sequence, Tuple

from pwem.objects import Set
from pwem.protocols import EMProtocol
from pyworkflow.constants import QUEUE_FOR_JOBS
from pyworkflow.protocol.constants import MODE_RESUME, STATUS_NEW, STEPS_PARALLEL
from pyworkflow.protocol.executor import QueueStepExecutor
from tomo.objects import SetOfLandmarkModels, TiltSeries

from etomotut.backends import Backend, fitting
from etomotut.convert.series import images_of, read_series
from etomotut.convert.tomograms import halves_of
from etomotut.errors import EtomotutError
from etomotut.plugin import Plugin
from etomotut.protocols import queued
from etomotut.protocols.facts import Facts, disk_problem, facts_of
from etomotut.protocols.forms import settings_of, values_of
from etomotut.protocols.job import (
    Command,
    Job,
    Say,
    compute_in_own_thread,
    parts_of,
    require_fitting,
    safe_name,
)
from etomotut.protocols.outputs import (
    FAILED_SERIES,
    FAILED_TOMOGRAMS,
    Item,
    Outputs,
    Result,
    discard_table,
)
from etomotut.protocols.records import Records
from etomotut.protocols.rehearsal import RESAMPLED
from etomotut.protocols.steps import PromptExecutor

RECORDS = "series.json"
LISTED = 40  # series in a summary


class EtomotutProtocol(EMProtocol):
    """A stage. Its class says `programs`; its methods `process` and the checks below."""

    _label = None
    stepsExecutionMode = STEPS_PARALLEL
    programs: Sequence[str] = ()
    papers: Sequence[str] = ("Kremer1996",)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # Scipion 3.11 drops the names and comments of a template on their way to a new protocol
        self.setObjLabel(kwargs.get("objLabel") or self.getObjLabel())
        self.setObjComment(kwargs.get("objComment") or self.getObjComment())

    def process(self, job: Job) -> Result:
        """Run the stage's programs on one item and give what they made of it."""
        raise NotImplementedError

    def describe(self, numbers: Mapping[str, Any]) -> str:
        """Give the line of the summary for an item with these numbers."""
        return "done"

    @classmethod
    def programs_for(cls, form: Any) -> Sequence[str]:
        """Give those of the programs that a form needs."""
        return cls.programs

    @classmethod
    def rehearsal(cls, form: Any) -> List[Command]:
        """Give the commands for a form, to see before a run whether the programs know them."""
        return []

    @property
    def source(self) -> Any:
        """The pointer to the set whose items are processed."""
        return self.inputSetOfTiltSeries

    def partners(self) -> Dict[str, Any]:
        """Give the other input sets, by what an item of each is, that every item needs one of."""
        return {}

    def read_partner(self, found: Any) -> Any:
        """Give what `process` needs of an item of another input, which is closed afterwards."""
        return found.clone()

    @staticmethod
    def problems(form: Any, facts: Facts) -> List[str]:
        """Give what makes a run impossible, one sentence each."""
        return []

    @staticmethod
    def doubts(form: Any, facts: Facts) -> List[str]:
        """Give what a user should think over before a run, one sentence each."""
        return []

    @staticmethod
    def bytes_needed(form: Any, facts: Facts) -> float:
        """Give the bytes that the results of one item take."""
        return 0.0

    def setStepsExecutor(self, executor: Any = None) -> None:
        """Replace Scipion's executor, which polls, by one that is woken; not the queue's."""
        if not isinstance(executor, QueueStepExecutor):
            workers = getattr(executor, "numberOfProcs", 1)
            executor = PromptExecutor(self.getHostConfig(), workers)
        super().setStepsExecutor(executor)

    def getSubmitDict(self) -> Dict[str, Any]:
        """Tell a queue the cores that are used, unless its own form says how many."""
        told = super().getSubmitDict()
        cores = queued.cores_needed(
            self.numberOfThreads.get(),
            self.binThreads.get(),
            is_step=told[QUEUE_FOR_JOBS] == "Y",
        )
        return {**told, "JOB_THREADS": cores, "JOB_CORES": cores, **self.getQueueParams()[1]}

    def _insertAllSteps(self) -> None:
        compute_in_own_thread()
        self._backend = self._choose_backend()
        self._records = Records(self._getExtraPath(RECORDS))
        self._records.begin(str(self._backend), settings_of(self))
        self.info(f"Programs: {self._backend}")
        self._outputs_of_stage = Outputs(self, self.source)
        done = self._records.numbers()
        self._outputs_of_stage.drop_unfinished(list(self.getPossibleOutputs()), done)
        self._begun = datetime.now().isoformat()  # makes the steps of every run new ones
        discard_table(self.getStepsFile())  # Scipion would read it, and it may be half-written
        self._inserted: Dict[str, int] = {}
        self._seen: Tuple[float, ...] = ()
        is_open = self._insert_new_items()
        self._closing = self._insertFunctionStep(
            self.closeStep,
            self._begun,
            prerequisites=list(self._inserted.values()),
            wait=is_open,
            needsGPU=False,
        )

    def _stepsCheck(self) -> None:
        closing = self._steps[self._closing - 1]
        if not closing.isWaiting():
            return
        if not self._insert_new_items():
            closing.setPrerequisites(*self._inserted.values())
            closing.setStatus(STATUS_NEW)
            self._newSteps = True
        if self._newSteps:
            self.updateSteps()

    def processStep(self, tsId: str, begun: str) -> None:
        """Process one item and register its results, or note why it has none."""
        start = time.monotonic()
        try:
            with self._lock:
                item = self._read(tsId)
            job = self._job(item)
            job.start()
            result = self.process(job)
            with self._lock:
                self._outputs_of_stage.add(item, result)
            self._records.note_done(tsId, result.numbers, time.monotonic() - start)
            shutil.rmtree(job.scratch, ignore_errors=True)
        except Exception as error:  # noqa: BLE001 - one series must not end the run of the others
            reason = reason_of(error, tsId)
            self._records.note_failed(tsId, reason)
            self.error(f"{tsId} | FAILED: {reason}")

    def closeStep(self, begun: str) -> None:
        """Make the set of failed items, close all outputs; fails if there is no result at all."""
        reasons = self._records.reasons()
        with self._lock:
            failed = [self._read_object(each) for each in self._inserted if each in reasons]
            is_series = hasattr(self.source.get(), "interpolated")
            name = FAILED_SERIES if is_series else FAILED_TOMOGRAMS
            self._outputs_of_stage.replace_failed(name, failed, reasons)
            self._closeOutputSet()
        if not self._records.numbers():
            first = next((f"{k}: {reason}" for k, reason in reasons.items()), "there was no input")
            raise EtomotutError(f"No series could be processed. {first}")

    def _validate(self) -> List[str]:
        items = self.source.get() if self.source is not None else None
        if items is None:
            return []
        form, facts = values_of(self), facts_of(items)
        found = list(self.problems(form, facts))
        try:
            if not found:  # values that make no sense make no commands
                self._choose_backend()
        except EtomotutError as error:
            found.append(sentence(error))
        if getattr(form, "processOddEven", False) and not facts.has_halves:
            found.append("Even and odd are asked for, but the input has no halves.")
        needed = self.bytes_needed(form, facts) * max(facts.items, 1)
        return found + disk_problem(self.getPath(), needed) + self._changes_since_last_run()

    def _warnings(self) -> List[str]:
        items = self.source.get() if self.source is not None else None
        return [] if items is None else list(self.doubts(values_of(self), facts_of(items)))

    def _summary(self) -> List[str]:
        records = Records(self._getExtraPath(RECORDS))
        if not records.backend:
            return ["Nothing was processed yet."]
        numbers, reasons = records.numbers(), records.reasons()
        lines = [f"Programs: {records.backend}"]
        lines += [f"{ts_id}: {self.describe(each)}" for ts_id, each in numbers.items()][:LISTED]
        if len(numbers) > LISTED:
            lines.append(f"and {len(numbers) - LISTED} more")
        if reasons:
            lines.append(f"*Failed: {len(reasons)}*")
        return lines + [f"{ts_id}: {reason}" for ts_id, reason in reasons.items()][:LISTED]

    def _citations(self) -> List[str]:
        return list(self.papers)

    def allowsDelete(self, obj: Any) -> bool:
        """Let users delete outputs."""
        return True

    def _choose_backend(self) -> Backend:
        """Give the programs to use; raises EtomotutError if those asked for cannot do this form."""
        form, choice = values_of(self), self.backend.get()
        needed = self.programs_for(form)
        commands = [*(RESAMPLED if "newstack" in needed else ()), *self.rehearsal(form)]
        return fitting(Plugin.chooseBackend(choice, needed), choice, commands)

    def _changes_since_last_run(self) -> List[str]:
        records = Records(self._getExtraPath(RECORDS))
        done = records.numbers()
        if self.runMode.get() != MODE_RESUME or not done:
            return []
        now = settings_of(self)
        changed = [n for n, value in records.form.items() if n in now and now[n] != value]
        return [
            f"{len(done)} series were done with {n} = {records.form[n]}, now it is {now[n]}: "
            "choose Restart, Continue would mix them."
            for n in changed
        ]

    def _insert_new_items(self) -> bool:
        """Insert steps for items that have come; gives whether more may come."""
        with self._lock:
            sets = [self.source.get(), *self.partners().values()]
            seen = tuple(os.path.getmtime(each.getFileName()) for each in sets)
            if seen == self._seen:
                return True
            is_open = any(_is_open(each) for each in sets)
            ids = [list(each.getUniqueValues("_tsId")) for each in sets]
            new = [each for each in ids[0] if each not in self._inserted]
            if is_open:
                new = [n for n in new if all(n in each for each in ids) and self._is_filled(n)]
            done = self._done() if new else ()
            new = [each for each in new if each not in done]
            for each in sets:
                each.close()
        self._seen = seen
        for ts_id in new:
            self._inserted[ts_id] = self._insertFunctionStep(
                self.processStep, ts_id, self._begun, prerequisites=[], needsGPU=False
            )
        return is_open

    def _done(self) -> AbstractSet[str]:
        names = [name for name in self.getPossibleOutputs() if hasattr(self, name)]
        return self._records.numbers().keys() & set().union(*map(self._outputs_of_stage.ids, names))

    def _is_filled(self, ts_id: str) -> bool:
        item = self.source.get()[{"_tsId": ts_id}]
        return not isinstance(item, TiltSeries) or item.getSize() > 0

    def _read(self, ts_id: str) -> Item:
        item = self._read_object(ts_id)
        for what, items in self.partners().items():
            if ts_id not in items.getUniqueValues("_tsId"):
                raise EtomotutError(f"there is no {what} for it")
            # a set of models would look for the series of each too, and leave theirs open
            is_model = isinstance(items, SetOfLandmarkModels)
            find = Set.__getitem__ if is_model else type(items).__getitem__
            item.partners[what] = self.read_partner(find(items, {"_tsId": ts_id}))
            items.close()
        return item

    def _read_object(self, ts_id: str) -> Item:
        items = self.source.get()
        items.load()
        found = items[{"_tsId": ts_id}]
        if isinstance(found, TiltSeries):
            images = images_of(found)
            copy = TiltSeries(tsId=ts_id)
            copy.copyInfo(found)
            item = Item(ts_id, copy, images)
        else:
            item = Item(ts_id, found.clone())
        items.close()
        return item

    def _job(self, item: Item) -> Job:
        form, name = values_of(self), safe_name(item.ts_id)
        series = read_series(item.object, item.images) if item.images else None
        if series is None and isinstance(item.object, TiltSeries):
            raise EtomotutError("the series has no views")
        files = series.files if series else halves_of(item.object)
        source = parts_of(files, getattr(form, "processOddEven", False))
        require_fitting(source, series)
        return Job(
            item.ts_id,
            form,
            Path(self._getExtraPath(name)),
            Path(self._getTmpPath(name)),
            source,
            self._backend,
            self._threads(),
            series,
            item,
            lambda line: self.info(f"{item.ts_id} | {line}"),
            self._submit if isinstance(self.getExecutor(), QueueStepExecutor) else None,
        )

    def _threads(self) -> int:
        if isinstance(self.getExecutor(), QueueStepExecutor):
            return self.binThreads.get()  # of a node, not of this machine
        cores = len(os.sched_getaffinity(0))
        at_once = max(1, min(self.numberOfThreads.get() - 1, len(self._inserted)))
        return max(1, min(self.binThreads.get(), cores // at_once))

    def _submit(self, words: Sequence[str], environment: Mapping[str, str], say: Say) -> int:
        """Run a command as a job of the queue; its output comes at its end."""
        stem = Path(self._getLogsPath(f"job_{time.monotonic_ns()}")).absolute()
        return queued.submit(self.runJob, stem, words, environment, say)


def reason_of(error: Exception, ts_id: str) -> str:
    """Give one sentence on what went wrong with an item, without its name."""
    if isinstance(error, EtomotutError):
        text = str(error)
    elif isinstance(error, OSError) and error.strerror:
        text = f"{error.filename or 'reading or writing'}: {error.strerror}"
    elif type(error) is Exception:  # Scipion's own: a text for users
        text = str(error)
    else:
        traceback.print_exc()
        text = f"internal fault, please report it: {type(error).__name__}: {error}"
    start = f"{ts_id}: "
    return text[len(start) :] if text.startswith(start) else text


def sentence(error: Exception) -> str:
    """Give an error's text as a sentence of a form."""
    text = str(error)
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _is_open(items: Any) -> bool:
    state = items.getProperty("_streamState")  # of the file; the object in memory is older
    return int(state or items.getStreamState()) == Set.STREAM_OPEN
