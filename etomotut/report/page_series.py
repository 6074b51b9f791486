"""The part of a page that is about one series: its parts in the order of the work."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional, Tuple

from etomotut.report import page_alignment, page_views, page_volumes, page_work
from etomotut.report.page_facts import Dossier, Project, Verdict
from etomotut.report.page_html import Html, tag

NO_MARKS = "It was aligned without marks: there are no residuals."
CAPTIONS = {
    "position": "Where the specimen was found: the density of detail at each height, and the "
    "faces that bound it. The tomogram must hold all that lies between them.",
    "membranes": "Membranes found, over the middle planes of the tomogram.",
    "surfaces": "Surfaces of the membranes.",
}
Part = Tuple[str, str, List[Html], str]  # name in addresses, title, what it shows, a hint


def series_section(
    project: Project, dossier: Dossier, verdict: Verdict, neighbours: Mapping[str, str]
) -> Html:
    """Give the section of a series; `neighbours` are addresses by the words that lead there."""
    anchor = f"series-{dossier.name}"
    parts = [part for part in _parts(project, dossier, anchor) if part[2]]
    links = [tag("a", title, href=f"#{anchor}-{name}") for name, title, _, _ in parts]
    moves = [tag("a", words, href=address) for words, address in neighbours.items()]
    values = page_work.values_of(dossier)
    return tag(
        "section",
        tag("h2", tag("span", dossier.ts_id, class_="name"), " ", page_work.badge(verdict.level)),
        tag("ul", *(tag("li", reason) for reason in verdict.reasons), class_="reasons"),
        *(tag("p", problem, class_="problem") for problem in dossier.problems),
        tag(
            "nav",
            tag("span", *links, class_="parts"),
            tag("span", *moves, class_="moves"),
            aria_label=f"Parts of {dossier.ts_id}",
        ),
        page_work.facts_of(values),
        page_work.quality_details(dossier.quality),
        page_work.curation_details(dossier.curation),
        *(_part(anchor, part) for part in parts),
        id=anchor,
        class_="series",
    )


def _part(anchor: str, part: Part) -> Html:
    name, title, shown, hint = part
    return tag(
        "section",
        tag("h3", title),
        tag("p", hint, class_="hint") if hint else None,
        *shown,
        id=f"{anchor}-{name}",
        class_="part",
    )


def _parts(project: Project, dossier: Dossier, anchor: str) -> List[Part]:
    found, volumes = dossier.findings, list(dossier.volumes)
    views: List[Html] = []
    residuals: List[Html] = []
    curves: List[Html] = []
    sides: List[Html] = []
    if found is not None:
        views = [page_views.views_of(found, anchor)]
        residuals = _grid(page_alignment.residual_figures(found, dossier.quality))
        curves = _grid(page_alignment.solution_figures(found))
        sides = _sides(dossier)
    figures, left_out = page_volumes.volume_figures(volumes, found)
    kept = _pictures(page_volumes.kept_figures(dossier.pictures, _captions(dossier)))
    pages = [tag("a", words, href=path.as_uri()) for words, path in dossier.pages.items()]
    if pages:
        kept.append(tag("p", "In 3D, from the project's folder: ", *_between(pages), "."))
    ctf = page_volumes.ctf_figures(dossier.ctf) if dossier.ctf is not None else []
    by = f" by {dossier.alignment}" if dossier.alignment else ""
    return [
        ("views", "Views", views, ""),
        (
            "residuals",
            "Residuals",
            residuals,
            f"How far each bead is from where the alignment{by} expects it. Below 1 pixel on "
            "average, and alike at all tilt angles, is good. Point at a bead to see it everywhere.",
        ),
        ("solution", "Solved curves", curves, "What the alignment did to each view."),
        ("beads", "Beads from the side", sides, ""),
        ("tomograms", "Tomograms", _volumes(figures), left_out),
        ("found", "Specimen and membranes", kept, ""),
        ("ctf", "CTF", _grid(ctf), ""),
        (
            "stages",
            "What was done",
            [page_work.stages_of(project, dossier.ts_id)],
            "Each stage with its result; unfold one for the programs and the commands that ran.",
        ),
    ]


def _sides(dossier: Dossier) -> List[Html]:
    assert dossier.findings is not None
    volumes = []
    for volume in _outlined(dossier):
        shape = page_volumes.shape_of(volume)
        if shape is not None:
            volumes.append((volume.label, volume.tomogram, shape))
    found: Optional[Mapping[str, Any]] = None
    if dossier.position is not None:
        found = dossier.position.found
    figures = page_alignment.side_figures(dossier.findings, volumes, found)
    return [tag("div", *figures, class_="charts wide")] if figures else []


def _outlined(dossier: Dossier) -> List[Any]:
    """Give the first tomogram and the last: what was reconstructed, and what was kept of it."""
    volumes = list(dossier.volumes)
    return volumes if len(volumes) < 2 else [volumes[0], volumes[-1]]


def _captions(dossier: Dossier) -> Mapping[str, str]:
    found = {}
    for name in dossier.pictures:
        kind = name.rsplit(": ", 1)[-1]
        found[name] = CAPTIONS.get(kind, "")
    return found


def _grid(figures: List[Html]) -> List[Html]:
    return [tag("div", *figures, class_="charts")] if figures else []


def _volumes(figures: List[Html]) -> List[Html]:
    return [tag("div", *figures, class_="volumes")] if figures else []


def _pictures(figures: List[Html]) -> List[Html]:
    return [tag("div", *figures, class_="pictures")] if figures else []


def _between(links: List[Html]) -> List[Any]:
    made: List[Any] = []
    for link in links:
        made += [", ", link] if made else [link]
    return made
