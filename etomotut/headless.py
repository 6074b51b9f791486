"""Scipion without its window: environment, projects, workflow templates, running to the end.

`prepare` comes first, before anything imports pyworkflow, which reads its settings when it is
imported. Nothing outside the folder given is touched.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import time
from collections import OrderedDict
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, Sequence, Tuple, Union

from etomotut.errors import EtomotutError

PathLike = Union[str, Path]
Report = Callable[[str], None]
HOSTS = "[localhost]\nPARALLEL_COMMAND = mpirun -np %_(JOB_NODES)d %_(COMMAND)s\n"
TEMPLATES = Path(__file__).with_name("templates")
FINISHED = "finished"


def prepare(folder: PathLike) -> Path:
    """Set Scipion's variables: those of an installed Scipion are kept, else a home is made here.

    Gives the folder where projects are. Raises EtomotutError if pyworkflow was imported before.
    """
    folder = Path(folder).absolute()
    if "pyworkflow" in sys.modules and "SCIPION_HOME" not in os.environ:
        raise EtomotutError("Scipion's variables must be set before pyworkflow is imported")
    home = Path(os.environ.get("SCIPION_HOME") or folder / "scipion")
    hosts = home / "config" / "hosts.conf"
    if not hosts.is_file() and "SCIPION_HOSTS" not in os.environ:
        hosts = folder / "scipion" / "config" / "hosts.conf"
        hosts.parent.mkdir(parents=True, exist_ok=True)
        partial = hosts.with_name(f"{hosts.name}.{os.getpid()}")
        partial.write_text(HOSTS)
        partial.replace(hosts)  # another run may be reading it
    settings = {
        "SCIPION_HOME": home,
        "SCIPION_HOSTS": hosts,
        "SCIPION_DOMAIN": "pwem",
        "SCIPION_PYTHON": sys.executable,
        "SCIPION_USER_DATA": folder,
        "SCIPION_TESTS": home / "tests",
        "SCIPION_NOTIFY": "False",
        "SCIPION_TEST_NOSYNC": "True",
        "SCIPION_PRIORITY_PACKAGE_LIST": "pwem tomo",
    }
    for name, value in settings.items():
        os.environ.setdefault(name, str(value))
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return Path(os.environ["SCIPION_USER_DATA"]) / "projects"


def open_project(name: str, location: PathLike = "") -> Any:
    """Give the project of this name, made if there is none, and make its folder the current one.

    `location` is the folder that holds it, Scipion's own where empty.
    """
    logging.getLogger().setLevel(logging.ERROR)
    from pyworkflow.project import Manager

    manager = Manager()
    folder = Path(location) if location else Path(manager.PROJECTS)
    if (folder / name / "project.sqlite").is_file():
        project = manager.loadProject(str((folder / name).absolute()))
    else:
        folder.mkdir(parents=True, exist_ok=True)
        Path(manager.PROJECTS).mkdir(parents=True, exist_ok=True)
        project = manager.createProject(name, location=str(folder.absolute()))
        project.getSettings().setProtocolView("Tomography")  # the window would show "SPA" first
        project.saveSettings()
    os.chdir(project.path)
    return project


def fill_template(path: PathLike, values: Mapping[str, object]) -> str:
    """Give the workflow (JSON text) that a template makes of values by their aliases.

    Fields not given keep their defaults. Raises EtomotutError for a value that the field does
    not take and for an alias that the template lacks.
    """
    from pyworkflow.template import LocalTemplate

    template = LocalTemplate("etomotut", str(path))
    template.replaceEnvVariables()
    template.parseContent()
    fields = {field.getAlias(): field for field in template.getParams().values()}
    for alias, value in values.items():
        if alias not in fields:
            raise EtomotutError(f"template {path} has no '{alias}'; it has {', '.join(fields)}")
        fields[alias].setValue(str(value))
    for field in fields.values():
        wrong = field.validate()
        if wrong:
            raise EtomotutError(f"{field.getTitle()}: '{field.getValue()}': {wrong}")
    content = list(template.getContent())
    for field in fields.values():
        content[field.getIndex()] = json.dumps(field.getValue())[1:-1]
    return "".join(content)


def leave_out(text: str, class_names: Sequence[str]) -> str:
    """Give a workflow (JSON text) without some stages.

    What they would have made of their first input (the one named first in the workflow) is
    replaced by that input itself.
    """
    stages = json.loads(text)
    for name in class_names:
        for gone in [stage for stage in stages if stage["object.className"] == name]:
            stages.remove(gone)
            pointers = [value for value in gone.values() if _is_pointer(value)]
            for stage in stages if pointers else []:
                for key, value in stage.items():
                    if _is_pointer(value) and value.split(".")[0] == gone["object.id"]:
                        stage[key] = pointers[0]
    return json.dumps(stages)


def load_workflow(project: Any, text: str) -> OrderedDict[str, Any]:
    """Add the protocols of a workflow (JSON text) to a project and give them by their ids in it.

    Raises EtomotutError if one is unknown here: Scipion itself would only log that and go on.
    """
    wanted = json.loads(text)
    known = project.getDomain().getProtocols()
    for each in wanted:
        if each["object.className"] not in known:
            raise EtomotutError(f"this Scipion has no protocol {each['object.className']}")
        definition = known[each["object.className"]]().getDefinition()
        for name in each:
            if _is_parameter(name) and definition.getParam(name) is None:
                raise EtomotutError(f"{each['object.className']} has no parameter '{name}'")
    loaded: OrderedDict[str, Any] = project.loadProtocols(jsonStr=text)
    if len(loaded) != len(wanted):
        raise EtomotutError(f"{len(loaded)} of {len(wanted)} protocols were loaded")
    for each in wanted:  # Scipion 3.11 drops the labels on its way
        loaded[each["object.id"]].setObjLabel(each.get("object.label") or "")
        project.mapper.store(loaded[each["object.id"]])
    project.mapper.commit()
    return loaded


def run(project: Any, protocols: Sequence[Any], report: Report = print) -> List[str]:
    """Run protocols of a project one after another, each when its inputs are there.

    Those that have finished are left as they are. Tells what runs and how it ended through
    `report`. Gives one sentence for each that did not finish; those that need its output are not
    started.
    """
    failures: Dict[int, str] = {}
    for number, protocol in enumerate(in_order(protocols), 1):
        label = protocol.getRunName()
        missing = [p.getRunName() for p in _parents(protocol) if p.getObjId() in failures]
        start = time.monotonic()
        report(f"[{number}/{len(protocols)}] {label}")
        is_done = protocol.isFinished()
        problem = f"its input {missing[0]} failed" if missing else ""
        if not problem and not is_done:
            problem = _launch(project, protocol)
        if problem:
            failures[protocol.getObjId()] = f"{label}: {problem}"
            report(f"    FAILED: {problem}")
            continue
        for line in protocol._summary() or ():  # summary() repeats the template's comments
            report(f"    {line}")
        report("    done before" if is_done else f"    {time.monotonic() - start:.1f} s")
    return list(failures.values())


def _launch(project: Any, protocol: Any) -> str:
    """Run one protocol to its end; gives what went wrong, or nothing."""
    errors = protocol.validate()
    if errors:
        return " ".join(errors)
    project.launchProtocol(protocol, wait=True)
    wait_for_end(project, protocol)
    if protocol.getStatus() == FINISHED:
        return ""
    message = re.sub(r"\x1b\[\d*m", "", protocol.getErrorMessage()) or protocol.getStatus()
    return f"{message} (see {protocol.getStdoutLog()})"


def wait_for_end(project: Any, protocol: Any) -> None:
    """Wait until a protocol is not active any more: a queue returns at once."""
    while protocol.isActive():
        time.sleep(1)
        project._updateProtocol(protocol)
    if protocol.getStatus() != FINISHED:
        # Scipion reads how far it is, then looks for it: it may have finished in between
        protocol.lastUpdateTimeStamp.set(None)
        project._updateProtocol(protocol)


def _parents(protocol: Any) -> Iterator[Any]:
    for _, pointer in protocol.iterInputAttributes():
        parent = pointer.getObjValue()
        if parent is not None and hasattr(parent, "getRunName"):
            yield parent


def in_order(protocols: Sequence[Any]) -> List[Any]:
    """Sort protocols so that each comes after those whose output it takes."""
    ordered: List[Any] = []
    waiting = list(protocols)
    while waiting:
        ids = {protocol.getObjId() for protocol in waiting}
        ready = [p for p in waiting if not any(q.getObjId() in ids for q in _parents(p))]
        if not ready:
            raise EtomotutError(f"{waiting[0].getRunName()} needs its own output")
        ordered += ready
        waiting = [protocol for protocol in waiting if protocol not in ready]
    return ordered


def _is_pointer(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\d+\.[A-Za-z]\w*", value) is not None


def _is_parameter(name: str) -> bool:
    return not name.startswith(("object.", "_")) and name not in _COMMON


_COMMON: Tuple[str, ...] = ("runName", "runMode", "hostName", "numberOfMpi", "numberOfThreads")
