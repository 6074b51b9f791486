"""What a window lists: one row a series or tomogram, loaded when it is chosen."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable, Mapping, Optional

from etomotut.report.findings import Findings
from etomotut.viewers.imod import Call


@dataclass(frozen=True)
class Item:
    """A row: its name, a few words about it, and how its model is made.

    `prepare_3dmod` makes the files that 3dmod needs, which may take a while, and gives its call;
    `reread` takes up what was saved since it was last asked, and tells it, or nothing; `find` gives
    what pictures show. `beside` looks for what can stand beside it, by name. All are None where
    there is no such thing. `pictures` are files that the stage left, by what they show.
    """

    name: str
    about: str
    load: Callable[[], Any]
    prepare_3dmod: Optional[Callable[[], Call]] = None
    find: Optional[Callable[[], Findings]] = None
    pictures: Mapping[str, Path] = field(default_factory=dict)
    beside: Optional[Callable[[], Mapping[str, Callable[[], Any]]]] = None
    reread: Optional[Callable[[], str]] = None
