"""Every stage presents itself: in the tree, with a name, a logo, help, and what to cite."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any, Iterator

import pytest
from pwem import Domain
from pyworkflow.protocol.params import ElementGroup, Line

import etomotut
import etomotut.protocols as stages
from etomotut import bibtex

FOLDER = Path(etomotut.__file__).parent
GROUPS = {
    "Imports",
    "Tilt-series preprocess",
    "CTF",
    "Alignment",
    "Tomogram Reconstruction",
    "Preprocess",
    "Denoise",
    "Segmentation",
}


@pytest.fixture(scope="module", autouse=True)
def registered() -> None:
    """Let Scipion find all protocols, as its window does at its start."""
    Domain.getProtocols()


def tree() -> Iterator[tuple[str, str]]:
    """Give the stages in Scipion's tree with the names of their groups."""
    text = (FOLDER / "protocols.conf").read_text().partition("=")[2]

    def below(rows: Any, group: str) -> Iterator[tuple[str, str]]:
        for row in rows:
            if row["tag"] == "protocol":
                yield row["value"], group
            yield from below(row.get("children", ()), row["text"])

    return below(json.loads(text), "")


def without_help(element: Any) -> Iterator[str]:
    """Give the fields that have no help, not even that of their line."""
    for name, param in element.iterParams():
        if param.getHelp() and (isinstance(param, Line) or not isinstance(param, ElementGroup)):
            continue
        if isinstance(param, ElementGroup):
            yield from without_help(param)
        else:
            yield name


def test_every_stage_stands_once_in_the_tree_in_a_group_that_users_know():
    placed = list(tree())
    assert sorted(name for name, _ in placed) == sorted(stages.__all__)
    assert {group for _, group in placed} == GROUPS


@pytest.mark.parametrize("name", stages.__all__)
def test_every_field_has_help(name):
    sections = getattr(stages, name)()._definition._sectionList[1:]  # the first is Scipion's
    assert [field for section in sections for field in without_help(section)] == []


@pytest.mark.parametrize("name", stages.__all__)
def test_every_stage_says_what_it_does(name):
    told = inspect.getdoc(getattr(stages, name))
    first, _, more = told.partition("\n\n")
    assert first.endswith(".")
    assert len(first.split()) >= 5
    assert len(more.split()) >= 8, "a newcomer needs more than a line"


@pytest.mark.parametrize("name", stages.__all__)
def test_every_stage_has_a_label_and_papers_that_can_be_exported(name):
    stage = getattr(stages, name)()
    known = re.findall(r"@\w+\{(\w+),", bibtex.__doc__)
    assert stage.getClassLabel().startswith("etomotut - ")
    assert stage._citations()
    assert set(stage._citations()) <= set(known)


@pytest.mark.parametrize("name", stages.__all__)
def test_every_form_shows_our_logo(name):
    assert Path(getattr(stages, name).getPluginLogoPath()) == FOLDER / "icon.png"
