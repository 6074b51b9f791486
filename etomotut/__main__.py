"""The command `etomotut`: an embedded program, or one of our own commands, by its first word."""

from __future__ import annotations

import sys
from typing import Optional, Sequence

from etomotut.programs import PROGRAMS

HELP = f"""Usage: etomotut PROGRAM [options]

Programs: {", ".join(PROGRAMS)}
`etomotut PROGRAM -help` lists the options of one.
"""


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run what the first word names with the words after it; gives the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "-help", "--help", "help"):
        print(HELP)
        return 0 if words else 2
    from etomotut.programs.console import run_program

    return run_program(words[0], words[1:])


if __name__ == "__main__":
    sys.exit(main())
