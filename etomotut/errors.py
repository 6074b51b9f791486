"""The errors that a user is meant to read: one sentence with what, where, and what is allowed.

EtomotutError
├── FormatError      a file does not hold what its format promises
├── OptionError      an option is unknown, lacks its value, or has one that is not allowed
└── SolutionError    the numbers given do not determine an answer
"""

LONGEST = 60  # characters of a file in a sentence


class EtomotutError(Exception):
    """Root of every error that this package raises on purpose."""


class FormatError(EtomotutError):
    """A file does not hold what its format promises."""


class OptionError(EtomotutError):
    """An option is unknown, lacks its value, or has a value that is not allowed."""


class SolutionError(EtomotutError):
    """The measurements do not determine what was asked for."""


def quoted(text: str) -> str:
    """Give a piece of a file for a sentence: in quotes, short, without what cannot be printed."""
    text = text.strip()
    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
    return "'" + "".join(c if c.isprintable() else repr(c)[1:-1] for c in shown) + "'"
