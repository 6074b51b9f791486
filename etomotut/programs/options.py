"""Options of the programs: a table of rows that parser, help, protocols and tests all read.

Names, short names and spelling are IMOD's (its PIP parser): names in any case, unambiguous
abbreviations, several numbers in one comma-separated word, parameters on standard input as
"Name value" lines. Abbreviations are for people; code spells names in full (`arguments`).
"""

from __future__ import annotations

import math
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    Union,
)

from etomotut.errors import OptionError, quoted

Values = Dict[str, Any]


@dataclass(frozen=True)
class Several:
    """Several numbers as one value, separated by commas; `count` of them, or any number."""

    of: type
    count: Optional[int] = None


class Ranges:
    """A list of whole numbers written with ranges: "1-4,9"; "/" means all and gives []."""


Kind = Union[type, Several]


@dataclass(frozen=True)
class Option:
    """One option of a program.

    `kind` is str, Path, int, float, bool (a flag without value), Several or Ranges. `low`,
    `high` (inclusive) and `choices` hold for each number. A `repeated` option may be given many
    times and its value is a list. `extra` marks an option that the original program lacks, `newer`
    one that old versions of it lack (of IMOD: 4.8.2) and can do without. `dash` is what stands
    before its name; with an empty one its value is written alone, as a subcommand.
    """

    name: str
    kind: Kind
    help: str
    default: Any = None
    short: str = ""
    low: Optional[float] = None
    high: Optional[float] = None
    choices: Tuple[Any, ...] = ()
    required: bool = False
    repeated: bool = False
    extra: bool = False
    newer: bool = False
    dash: str = "-"


Reader = Callable[[Option, str], Any]

THREADS = Option(
    "Threads", int, "cores to use (default OMP_NUM_THREADS, else all)", low=1, extra=True
)
STANDARD_INPUT = "StandardInput"
PARAMETER_FILE = ("ParameterFile", "param")
HELP = ("help", "usage")
ALL = "/"
LONGEST_RANGE = 100_000  # numbers in a range of a list
_NUMBERS = re.compile(r"-[\d.][\d.,eE+-]*$")  # unlike -3dfilter


def parse(
    options: Sequence[Option],
    words: Iterable[str],
    *,
    positional: Sequence[str] = (),
    standard_input: Iterable[str] = (),
) -> Values:
    """Turn the words of a command line into a value for every option of the table.

    Words that are no option fill `positional` in order (a repeated option takes all but those
    needed after it, as in "newstack IN IN OUT"). Options not given have their default, an
    absent repeated option [], an absent flag False. Raises OptionError.
    """
    given: Values = {}
    loose: List[str] = []
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if not _is_option(word):
            loose.append(word)
        elif _is_abbreviation(word[1:], STANDARD_INPUT, shortest=5):
            _take_lines(options, standard_input, given)
        elif word[1:].lower() in [name.lower() for name in PARAMETER_FILE]:
            _take_lines(options, _lines_of(_value_word(word, queue)), given)
        else:
            option = find(options, word.lstrip("-"))
            _store(given, option, _flag_or_word(option, word, queue))
    _fill_positional(options, positional, loose, given)
    return _complete(options, given)


def arguments(
    options: Sequence[Option], values: Mapping[str, Any], *, extra: bool = True
) -> List[str]:
    """Compose the words of a command line from values by full option name.

    None and False leave the option out. With `extra` false, options that the original program
    lacks are refused. Raises OptionError for a name that is not in the table, a value that is
    not allowed, and a required option left out.
    """
    by_name = {option.name: option for option in options if extra or not option.extra}
    words: List[str] = []
    for name, value in values.items():
        if name not in by_name:
            raise OptionError(f"no option '{name}'; it has {', '.join(sorted(by_name))}")
        words.extend(_spell_option(by_name[name], value))
    _require(options, values)
    return words


def read_parameters(lines: Iterable[str]) -> Iterator[Tuple[str, str]]:
    """Give (name, value text) for the "Name value" lines of a command file or standard input.

    Empty lines, comments (#) and shell lines ($) are skipped; "DONE" ends the list.
    """
    for line in lines:
        text = line.strip()
        if not text or text[0] in "#$":
            continue
        name, _, value = text.replace("=", " ", 1).replace("\t", " ").partition(" ")
        if name.upper() == "DONE":
            return
        yield name, value.strip()


def find(options: Sequence[Option], word: str) -> Option:
    """Give the option that a name, short name or unambiguous abbreviation means.

    Upper and lower case differ only where a program has both. Raises OptionError for an unknown
    or ambiguous word.
    """
    wanted = word.lower()
    exact = [o for o in options if word in (o.name, o.short)]
    exact += [o for o in options if wanted in (o.name.lower(), o.short.lower())]
    if exact:
        return exact[0]
    begun = [o for o in options if any(n.lower().startswith(wanted) for n in (o.name, o.short))]
    if len(begun) == 1:
        return begun[0]
    if begun:
        raise OptionError(f"option '-{word}' may mean {', '.join(o.name for o in begun)}")
    raise OptionError(f"no option {quoted(word)}; it has {', '.join(o.name for o in options)}")


def usage(
    name: str, purpose: str, options: Sequence[Option], positional: Sequence[str] = ()
) -> str:
    """Give the help text of a program: its purpose and a paragraph an option."""
    words = " ".join(f"[{word}]" for word in positional)
    lines = [f"Usage: etomotut {name} [options] {words}".rstrip(), "", purpose, ""]
    for option in options:
        short = f", -{option.short}" if option.short else ""
        lines.append(f"  {option.dash}{option.name}{short}{_describe_kind(option)}")
        lines.append(textwrap.indent(textwrap.fill(_describe(option), 80), " " * 8))
    lines += ["", "Names may be shortened. -StandardInput reads 'Name value' lines."]
    return "\n".join(lines)


def parse_value(option: Option, text: str) -> Any:
    """Turn the text of one value into what the option's kind says; raises OptionError."""
    try:
        read: Reader = _READERS.get(option.kind, _read_several)
        value = read(option, text)
    except ValueError:
        raise OptionError(
            f"option {option.name} needs {_expected(option)}, not {quoted(text)}"
        ) from None
    check_value(option, value)
    return value


def check_value(option: Option, value: Any) -> None:
    """Raise OptionError unless the value lies in the option's limits and choices."""
    for number in value if isinstance(value, (list, tuple)) else (value,):
        wrong = ""
        if option.choices and number not in option.choices:
            wrong = f"allowed are {', '.join(str(choice) for choice in option.choices)}"
        elif isinstance(number, float) and not math.isfinite(number):
            wrong = "it must be finite"
        elif option.low is not None and number < option.low:
            wrong = f"it must be at least {option.low:g}"
        elif option.high is not None and number > option.high:
            wrong = f"it must be at most {option.high:g}"
        if wrong:
            raise OptionError(f"option {option.name} is {number}; {wrong}")


def _is_option(word: str) -> bool:
    return len(word) > 1 and word[0] == "-" and not _NUMBERS.match(word)


def _is_abbreviation(word: str, name: str, shortest: int) -> bool:
    return len(word) >= shortest and name.lower().startswith(word.lower())


def _value_word(word: str, queue: List[str]) -> str:
    if not queue:
        raise OptionError(f"option {word.lstrip('-')} lacks its value")
    return queue.pop(0)


def _flag_or_word(option: Option, word: str, queue: List[str]) -> str:
    if option.kind is not bool:
        return _value_word(option.name, queue)
    return queue.pop(0) if queue and queue[0] in ("0", "1") else "1"


def _lines_of(path: str) -> List[str]:
    try:
        return Path(path).read_text(errors="replace").splitlines()
    except OSError as error:
        raise OptionError(f"parameter file {path} cannot be read: {error.strerror}") from None


def _take_lines(options: Sequence[Option], lines: Iterable[str], given: Values) -> None:
    for name, text in read_parameters(lines):
        option = find(options, name)
        if option.kind is not bool and not text:
            raise OptionError(f"option {option.name} lacks its value")
        _store(given, option, text or "1")


def _store(given: Values, option: Option, text: str) -> None:
    value = parse_value(option, text)
    if option.repeated:
        given.setdefault(option.name, []).append(value)
    else:
        given[option.name] = value


def _fill_positional(
    options: Sequence[Option], positional: Sequence[str], words: List[str], given: Values
) -> None:
    by_name = {option.name: option for option in options}
    open_names = [name for name in positional if name not in given]
    if words and not open_names:
        raise OptionError(f"{quoted(words[0])} is neither an option nor the value of one")
    while open_names and words:
        option = by_name[open_names.pop(0)]
        count = max(1, len(words) - len(open_names)) if option.repeated else 1
        for word in words[:count]:
            _store(given, option, word)
        del words[:count]
    if words:
        raise OptionError(f"{quoted(words[0])} is neither an option nor the value of one")


def _complete(options: Sequence[Option], given: Values) -> Values:
    _require(options, given)
    values: Values = {}
    for option in options:
        nothing: Any = [] if option.repeated else False if option.kind is bool else option.default
        values[option.name] = given.get(option.name, nothing)
    return values


def _require(options: Sequence[Option], values: Mapping[str, Any]) -> None:
    missing = [o.name for o in options if o.required and values.get(o.name) in (None, "", [])]
    if missing:
        raise OptionError(f"option {missing[0]} is needed")


def _spell_option(option: Option, value: Any) -> List[str]:
    if value is None or value is False:
        return []
    name = [f"{option.dash}{option.name}"] if option.dash else []
    if option.kind is bool:
        return name
    words = []
    for each in value if option.repeated else (value,):
        text = _spell_value(option, each)
        parse_value(option, text)
        words += [*name, text]
    return words


def _spell_value(option: Option, value: Any) -> str:
    if isinstance(option.kind, Several) or option.kind is Ranges:
        numbers = value if isinstance(value, (list, tuple)) else (value,)
        return ",".join(_spell_number(number) for number in numbers) or ALL
    return _spell_number(value) if option.kind in (int, float) else str(value)


def _spell_number(value: Any) -> str:
    return str(value) if isinstance(value, (int, str)) else f"{value:.9g}"


def _read_ranges(option: Option, text: str) -> List[int]:
    numbers: List[int] = []
    if text.strip() == ALL:
        return numbers
    for piece in text.replace(" ", "").split(","):
        first, dash, last = piece.partition("-")
        start, end = int(first), int(last if dash else first)
        if end - start > LONGEST_RANGE:
            raise OptionError(
                f"option {option.name} has the range {piece} of more than {LONGEST_RANGE} numbers"
            )
        numbers += range(start, end + 1)
    return numbers


def _read_several(option: Option, text: str) -> Tuple[Any, ...]:
    assert isinstance(option.kind, Several)
    numbers = tuple(option.kind.of(word) for word in text.replace(",", " ").split())
    if not numbers or option.kind.count not in (None, len(numbers)):
        raise ValueError
    return numbers


def _read_flag(option: Option, text: str) -> bool:
    return bool(int(text))


def _read_text(option: Option, text: str) -> str:
    if not text or "\0" in text:
        raise ValueError
    return text


_READERS: Dict[Any, Reader] = {
    str: _read_text,
    Path: lambda option, text: Path(_read_text(option, text)),
    int: lambda option, text: int(text),
    float: lambda option, text: float(text),
    bool: _read_flag,
    Ranges: _read_ranges,
}

_NAMES: Dict[Any, str] = {
    str: "a word",
    Path: "a file name",
    int: "a whole number",
    float: "a number",
    bool: "0 or 1",
    Ranges: "a list like 1-4,9",
}


def _expected(option: Option) -> str:
    if isinstance(option.kind, Several):
        unit = "whole numbers" if option.kind.of is int else "numbers"
        return f"{option.kind.count or 'comma-separated'} {unit}"
    return _NAMES[option.kind]


def _describe_kind(option: Option) -> str:
    return "" if option.kind is bool else f"  ({_expected(option)})"


def _describe(option: Option) -> str:
    notes = [option.help]
    if option.default is not None:
        notes.append(f"Default {_spell_value(option, option.default)}.")
    if option.required:
        notes.append("Needed.")
    if option.repeated:
        notes.append("May be given more than once.")
    if option.extra:
        notes.append("IMOD has no such option.")
    return ". ".join(note.rstrip(".") for note in notes) + "."
