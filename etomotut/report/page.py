"""The report of a project as HTML that opens anywhere, prints, and needs no network.

A project of few series is one page; of many, an index and a page a series. Every page is whole in
itself: pictures, charts, script and style are in it, but for the index's small pictures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Dict, List, Mapping, Optional, Tuple, Union
from urllib.parse import quote

from etomotut.errors import EtomotutError
from etomotut.report import page_pictures, page_volumes, page_work
from etomotut.report.page_facts import FAILED, Dossier, Project, Stage, Verdict
from etomotut.report.page_html import Html, join, script_text, tag
from etomotut.report.page_series import series_section

TOGETHER = 12  # series on one page, at most
FOLDER = "_series"  # ending of the folder of pages beside an index
Tell = Callable[[str], None]

# of a series' values: name, title of the column, digits, what a reader should know of it
COLUMNS = (
    ("views", "Views", 0),
    ("beads", "Beads", 0),
    ("residual_mean_px", "Residual (px)", 2),
    ("leave_one_out_px", "Leave-one-out (px)", 2),
    ("tilt_axis_deg", "Tilt axis (°)", 1),
    ("thickness_nm", "Thickness (nm)", 0),
    ("defocus_um", "Defocus (µm)", 2),
)


@dataclass(frozen=True)
class Row:
    """What the table of series tells of one; `picture` is the address of a small picture."""

    ts_id: str
    address: str
    verdict: Verdict
    values: Mapping[str, float]
    picture: str = ""


def write_report(path: Union[str, Path], project: Project, tell: Tell = lambda text: None) -> Path:
    """Write the report of a project and give the page to open.

    `path` is a file if it ends in .html, else a folder that gets index.html. `tell` is told of
    each series before it is drawn. Series that cannot be read say so on their page.
    """
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        path = path / "index.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    if len(project.ids) > TOGETHER:
        return _write_many(path, project, tell)
    sections, rows = [], []
    for number, ts_id in enumerate(project.ids):
        tell(ts_id)
        dossier = _dossier(project, ts_id)
        verdict = page_work.verdict_of(project, dossier)
        moves = {
            f"{words} {project.ids[number + step]}": f"#{_anchor(project, number + step)}"
            for words, step in (("←", -1), ("→", 1))
            if 0 <= number + step < len(project.ids)
        }
        sections.append(series_section(project, dossier, verdict, {**moves, "all series": "#top"}))
        anchor = f"#series-{dossier.name}"
        rows.append(Row(ts_id, anchor, verdict, page_work.values_of(dossier)))
    body = [_head(project), _overview(project, rows), *sections]
    _write(path, f"{project.name}: report", body)
    return path


def _write_many(path: Path, project: Project, tell: Tell) -> Path:
    folder = path.with_name(path.stem + FOLDER)
    folder.mkdir(exist_ok=True)
    rows = []
    for number, ts_id in enumerate(project.ids):
        tell(ts_id)
        dossier = _dossier(project, ts_id)
        verdict = page_work.verdict_of(project, dossier)
        back = quote(f"../{path.name}")
        moves = {
            f"{words} {project.ids[number + step]}": quote(
                f"{project.file_names[number + step]}.html"
            )
            for words, step in (("←", -1), ("→", 1))
            if 0 <= number + step < len(project.ids)
        }
        moves["all series"] = f"{back}#series"
        section = series_section(project, dossier, verdict, moves)
        _write(folder / f"{dossier.name}.html", f"{ts_id}: report", [_head(project, back), section])
        small = _thumbnail(folder / f"{dossier.name}.webp", dossier)
        address = quote(f"{folder.name}/{dossier.name}.html")
        picture = quote(f"{folder.name}/{small.name}") if small else ""
        rows.append(Row(ts_id, address, verdict, page_work.values_of(dossier), picture))
    _write(path, f"{project.name}: report", [_head(project), _overview(project, rows)])
    return path


def _dossier(project: Project, ts_id: str) -> Dossier:
    """Read what is known of a series; what cannot be read becomes a sentence."""
    try:
        return project.read(ts_id)
    except (EtomotutError, OSError) as error:
        name = project.file_names[list(project.ids).index(ts_id)]
        return Dossier(ts_id, name, problems=[f"It cannot be shown: {error}."])


def _anchor(project: Project, number: int) -> str:
    return f"series-{project.file_names[number]}"


def _thumbnail(path: Path, dossier: Dossier) -> Optional[Path]:
    image = None
    if dossier.volumes:
        image = page_volumes.thumbnail_of(dossier.volumes[-1])
    elif dossier.findings is not None:
        found = dossier.findings
        image, _ = page_pictures.image_of_view(
            found, found.least_tilted, found.aligned, page_pictures.THUMBNAIL
        )
    if image is None:
        return None
    page_pictures.write_thumbnail(path, image)
    return path


def _head(project: Project, back: str = "") -> Html:
    name: Union[str, Html] = project.name
    if back:
        name = tag("a", project.name, href=back)
    about = f"{project.folder} · {project.made} · {project.made_by}"
    return tag("header", tag("h1", name), tag("p", about), id="top")


def _overview(project: Project, rows: List[Row]) -> Html:
    counts = [
        (level, sum(row.verdict.level == level for row in rows)) for level in page_work.LEVELS
    ]
    summary = [tag("li", f"{count} ", page_work.badge(level)) for level, count in counts if count]
    many = f"{len(rows)} series" if rows else "There are no series yet."
    return join(
        [
            tag(
                "section",
                tag("h2", "Series"),
                tag("ul", tag("li", many), *summary, class_="counts"),
                _guide(),
                tag(
                    "div", _table(rows), class_="scroll", tabindex=0, role="region",
                    aria_label="Table of series",
                ),
                id="series",
            ),
            _stages(project),
        ]
    )  # fmt: skip


def _stages(project: Project) -> Html:
    """Give the table of stages, folded away unless one of them failed."""
    wrong = [stage for stage in project.stages if stage.error or _failed(stage)]
    words = f"{len(project.stages)} stages"
    if wrong:
        words += f", {len(wrong)} of them with failures"
    table = tag(
        "div", page_work.stage_rows(project), class_="scroll", tabindex=0, role="region",
        aria_label="Table of stages",
    )  # fmt: skip
    folded = tag("details", tag("summary", words), table, open=bool(wrong))
    return tag("section", tag("h2", "Stages"), folded, id="stages")


def _failed(stage: Stage) -> bool:
    return any(work.state == FAILED for work in stage.works.values())


def _guide() -> Html:
    lines = (
        "The verdict is about the alignment: all else rests on it. Failed and bad series come "
        "with the reason, and with what to do.",
        "Residual: how far beads are, on average, from where the alignment expects them. "
        "Below 1 pixel is good.",
        "Leave-one-out: the same for each mark if the alignment had not seen it. Much more than "
        "the residual tells of too few beads, or of beads that were made to fit.",
        "A click on a column's title sorts by it, a series' name leads to its pictures.",
    )
    return tag(
        "details",
        tag("summary", "How to read this page"),
        tag("ul", *(tag("li", line) for line in lines)),
        class_="guide",
    )


def _table(rows: List[Row]) -> Html:
    shown = [column for column in COLUMNS if any(column[0] in row.values for row in rows)]
    has_pictures = any(row.picture for row in rows)
    titles = ["Series", "Verdict", *(title for _, title, _ in shown), "Why"]
    head = [
        tag("th", tag("button", title, type="button"), scope="col", aria_sort="none")
        for title in titles
    ]
    if has_pictures:
        head.insert(0, tag("th", tag("span", "Picture", class_="aloud"), scope="col"))
    body = [tag("tr", *_cells(row, shown, has_pictures)) for row in rows]
    return tag("table", tag("thead", tag("tr", *head)), tag("tbody", *body), class_="wide sortable")


def _cells(row: Row, shown: List[Tuple[str, str, int]], has_pictures: bool) -> List[Html]:
    cells: List[Html] = []
    if has_pictures:
        image = tag("img", src=row.picture, alt="", loading="lazy", width=64, height=64)
        cells.append(tag("td", image if row.picture else None, class_="small"))
    cells.append(tag("th", tag("a", row.ts_id, href=row.address), scope="row"))
    rank = page_work.LEVELS.index(row.verdict.level)
    cells.append(tag("td", page_work.badge(row.verdict.level), data_value=rank))
    for name, _, digits in shown:
        value = row.values.get(name)
        text = "" if value is None else f"{value:.{digits}f}"
        cells.append(tag("td", text, class_="number", data_value=value))
    why = tag("div", row.verdict.reasons[0]) if row.verdict.reasons else None
    cells.append(tag("td", why, class_="why"))
    return cells


def _write(path: Path, title: str, body: List[Html]) -> None:
    """Write a page: its template with style, script and body put in."""
    parts: Dict[str, str] = {
        "@TITLE@": join(title),
        "@STYLE@": script_text(_file("page.css")),
        "@SCRIPT@": script_text(_file("page.js")),
        "@BODY@": join(body),
    }
    page = re.sub("@[A-Z]+@", lambda found: parts[found.group()], _file("page.html"))
    path.write_text(page, encoding="utf-8")


def _file(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
