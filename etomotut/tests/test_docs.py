"""The documentation: links lead somewhere, and what it tells of forms and commands exists.

Bold words of the tutorial stand in Scipion's window; they are looked for in the sources, so that
neither Scipion nor the tool that builds the site is needed.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Iterator, List, Set

import pytest

from etomotut.__main__ import COMMANDS
from etomotut.programs import PROGRAMS
from etomotut.tests.conftest import ROOT

DOCS = ROOT / "docs"
PAGES = (*sorted(DOCS.glob("*.md")), ROOT / "README.md")
SCIPIONS_WORDS = {
    *(
        "Accept",
        "Analyze results",
        "Continue",
        "Create Project",
        "Execute",
        "Others",
        "Restart all",
    ),
    *("Import workflow template", "Select", "Threads"),
}
FENCE = re.compile(r"^ *```.*?^ *```", re.M | re.S)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")

if not DOCS.is_dir():
    pytest.skip("no documentation beside the package", allow_module_level=True)


def text(page: Path, *, fences: bool = False) -> str:
    found = page.read_text(encoding="utf-8")
    return found if fences else FENCE.sub("", found)


def code(page: Path) -> List[str]:
    """Give the lines of a page that are code: in fences, and what stands between backticks."""
    fences = FENCE.findall(text(page, fences=True))
    return "\n".join(fences).splitlines() + re.findall(r"`([^`\n]+)`", text(page))


@lru_cache(maxsize=None)
def anchors(page: Path) -> Set[str]:
    """Give the anchors of a page's headings, as MkDocs and GitHub make them."""
    headings = re.findall(r"^#+ (.+)$", text(page), re.M)
    plain = [re.sub(r"[^\w\s-]", "", each).strip().lower() for each in headings]
    return {re.sub(r"\s", "-", each) for each in plain}


@lru_cache(maxsize=None)
def source(pattern: str) -> str:
    """Give the text of some modules of the package."""
    paths = sorted((ROOT / "etomotut").glob(pattern))
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def wrong_links(page: Path) -> Iterator[str]:
    for target in LINK.findall(text(page)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            yield target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_lead_somewhere(page):
    assert list(wrong_links(page)) == []


def test_no_picture_is_left_over():
    shown = {Path(link).name for page in PAGES for link in LINK.findall(text(page))}
    assert {path.name for path in (DOCS / "pictures").glob("*.png")} - shown == set()


def test_every_page_is_in_the_menu():
    menu = re.findall(r"```{toctree}(.*?)```", text(DOCS / "index.md", fences=True), re.S)[0]
    assert set(menu.split()[1:]) == {path.stem for path in DOCS.glob("*.md")} - {"index"}


def test_every_program_has_a_section():
    assert set(PROGRAMS) <= anchors(DOCS / "programs.md")


def stages() -> List[str]:
    found = []
    for path in (ROOT / "etomotut" / "protocols").glob("protocol_*.py"):
        found += re.findall(r'^    _label = "(.+)"$', path.read_text(encoding="utf-8"), re.M)
    return found


def bold(page: Path) -> Set[str]:
    return {" ".join(each.split()) for each in re.findall(r"\*\*(.+?)\*\*", text(page), re.S)}


def test_every_stage_stands_in_the_tutorial_by_its_name():
    assert len(stages()) > 20
    assert set(stages()) <= bold(DOCS / "tutorial.md")


def test_bold_words_of_the_tutorial_stand_in_the_window():
    ours = "".join(map(source, ("backends.py", "protocols/*.py", "viewers/**/*.py")))
    told = bold(DOCS / "tutorial.md") - SCIPIONS_WORDS - {"Bold words"}
    assert {each for each in told if f'"{each}"' not in ours} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_are_told_exist(page):
    lines = code(page)
    told = {
        word for line in lines for word in re.findall(r"^(?:\S*/)?etomotut ([a-z][\w-]*)", line)
    }
    assert told <= {*COMMANDS, *PROGRAMS}
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert {line.split()[1] for line in lines if line.startswith("make ")} <= set(targets)


def test_options_of_a_run_that_the_tutorial_tells_exist():
    ours = source("workflow/*.py") + source("demo/*.py")
    told = set(re.findall(r"(?<=`)--[a-z-]+", text(DOCS / "tutorial.md")))
    assert len(told) > 10
    assert {each for each in told if f'"{each}"' not in ours} == set()
