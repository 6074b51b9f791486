"""The command `etomotut`: an embedded program, or one of our own commands, by its first word."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Optional, Sequence

from etomotut.programs import PROGRAMS

COMMANDS = {
    "run": ("etomotut.workflow.run", "the workflow template on your tilt series, headless"),
    "demo-data": ("etomotut.demo.__main__", "simulated tilt series with a known truth"),
    "report": ("etomotut.workflow.report", "a web page on a project: verdicts, pictures, commands"),
    "doctor": ("etomotut.workflow.doctor", "which programs are installed, and what stages run"),
    "gui": ("etomotut.workflow.gui", "Scipion's window on a project"),
}

HELP = "\n".join(
    [
        "Usage: etomotut COMMAND [options]    or    etomotut PROGRAM [options]",
        "",
        *(f"  {name:12}{purpose}" for name, (_, purpose) in COMMANDS.items()),
        "",
        f"Programs, with IMOD's names, options and files: {', '.join(PROGRAMS)}.",
        "etomotut COMMAND --help and etomotut PROGRAM -help list the options of one.",
    ]
)


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run what the first word names with the words after it; gives the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "-help", "--help", "help"):
        print(HELP)
        return 0 if words else 2
    if words[0] in COMMANDS:
        status: int = importlib.import_module(COMMANDS[words[0]][0]).main(words[1:])
        return status
    # its threads wait by spinning, which costs programs of many small matrices most of their time;
    # numpy reads this when it is first imported
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    from etomotut.programs.console import run_program

    return run_program(words[0], words[1:])


if __name__ == "__main__":
    sys.exit(main())
