"""Loaded by Python at its start: a Tk program then tells, over a socket, what it shows and where.

A request is a line, the answer one line of JSON: a list of {kind, text, box, window, state, path},
a box being x, y, width, height on the screen. Nothing is pressed or changed from here.
"""

from __future__ import annotations

import json
import os
import queue
import socket
import threading
from typing import Any, Dict, Iterator, List, Tuple

FOLDER = os.environ.get("ETOMOTUT_EYES")
POLL_MS = 40
Box = Tuple[int, int, int, int]
Row = Dict[str, Any]

_roots: List[Any] = []
_asked: queue.Queue[Tuple[str, queue.Queue[str]]] = queue.Queue()


def watch_tk() -> None:
    """Answer for every Tk root that is made from now on."""
    import tkinter

    make = tkinter.Tk.__init__

    def made(self: Any, *words: Any, **options: Any) -> None:
        make(self, *words, **options)
        if not _roots:
            threading.Thread(target=_serve, daemon=True).start()
        _roots.append(self)
        self.after(POLL_MS, lambda: _poll(self))

    tkinter.Tk.__init__ = made  # type: ignore[method-assign]


def _serve() -> None:
    """Take requests; they are answered in Tk's own thread."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{FOLDER}/{os.getpid()}.sock")
        server.listen()
        while True:
            client, _ = server.accept()
            with client, client.makefile("rw") as stream:
                answer: queue.Queue[str] = queue.Queue()
                _asked.put((stream.readline().strip(), answer))
                try:
                    stream.write(answer.get(timeout=60) + "\n")
                except (OSError, queue.Empty):
                    continue


def _poll(root: Any) -> None:
    import tkinter

    try:
        while True:
            _, answer = _asked.get_nowait()
            answer.put(json.dumps([row for each in list(_roots) for row in _all(each)]))
    except queue.Empty:
        pass
    try:
        root.after(POLL_MS, lambda: _poll(root))
    except tkinter.TclError:
        _roots.remove(root)
        if _roots:
            _roots[0].after(POLL_MS, lambda: _poll(_roots[0]))


def _all(root: Any) -> List[Row]:
    import tkinter

    try:
        return [*_shown(root), *_menus(root.tk)]
    except tkinter.TclError:  # it has just been closed
        return []


def _shown(widget: Any) -> Iterator[Row]:
    """Give what a widget and those in it show, as far as they can be seen."""
    import tkinter

    try:
        if widget.winfo_viewable():
            yield from _rows(widget)
        children = widget.winfo_children()
    except (tkinter.TclError, KeyError):
        return
    for child in children:
        yield from _shown(child)


def _rows(widget: Any) -> Iterator[Row]:
    kind = "window" if hasattr(widget, "title") else widget.winfo_class()
    box = (widget.winfo_rootx(), widget.winfo_rooty(), widget.winfo_width(), widget.winfo_height())
    yield _row(widget, kind, _text(widget), box)
    parts = {"Canvas": _canvas, "Treeview": _tree, "TNotebook": _tabs, "TPanedwindow": _sash}
    for text, (x, y, width, height) in parts.get(kind, _nothing)(widget):
        placed = box[0] + round(x), box[1] + round(y), round(width), round(height)
        middle = placed[0] + placed[2] / 2, placed[1] + placed[3] / 2
        inside = (0 <= middle[0] - box[0] < box[2], 0 <= middle[1] - box[1] < box[3])
        yield _row(widget, f"{kind} item", text, placed, all(inside))


def _row(widget: Any, kind: str, text: str, box: Box, is_seen: bool = True) -> Row:
    window = widget.winfo_toplevel()
    return {
        "kind": kind,
        "text": str(text),
        "box": box,
        "window": window.title() if hasattr(window, "title") else "",
        "path": str(widget),
        "is_seen": is_seen,
    }


def _text(widget: Any) -> str:
    if hasattr(widget, "get") and widget.winfo_class() in ("Entry", "TEntry", "TCombobox"):
        return str(widget.get())
    if widget.winfo_class() == "Text":
        return str(widget.get("1.0", "end"))
    if hasattr(widget, "title"):
        return str(widget.title())
    return str(widget.cget("text")) if "text" in (widget.keys() or ()) else ""


def _nothing(widget: Any) -> Iterator[Tuple[str, Tuple[float, ...]]]:
    return iter(())


def _canvas(widget: Any) -> Iterator[Tuple[str, Tuple[float, ...]]]:
    left, top = widget.canvasx(0), widget.canvasy(0)
    for item in widget.find_all():
        if widget.type(item) == "text":
            x0, y0, x1, y1 = widget.bbox(item)
            yield widget.itemcget(item, "text"), (x0 - left, y0 - top, x1 - x0, y1 - y0)


def _tree(widget: Any, parent: str = "") -> Iterator[Tuple[str, Tuple[float, ...]]]:
    for row in widget.get_children(parent):
        box = widget.bbox(row, "#0")
        if box:
            yield widget.item(row, "text"), box
        yield from _tree(widget, row)


def _menus(tk: Any, path: str = ".") -> Iterator[Row]:
    """Give the entries of all menus and lists that are open, which have names of Tk's own."""
    for child in tk.splitlist(tk.call("winfo", "children", path)):
        name = str(child)
        kind = str(tk.call("winfo", "class", name))
        if kind in ("Menu", "Listbox") and int(tk.call("winfo", "viewable", name)):
            yield from (_entries if kind == "Menu" else _choices)(tk, name)
        yield from _menus(tk, name)


def _entries(tk: Any, menu: str) -> Iterator[Row]:
    left, top, width, height = (
        int(tk.call("winfo", what, menu)) for what in ("rootx", "rooty", "width", "height")
    )
    last = tk.call(menu, "index", "end")
    if last in ("none", ""):
        return
    places = [int(tk.call(menu, "yposition", index)) for index in range(int(last) + 1)]
    columns = [int(tk.call(menu, "xposition", index)) for index in range(int(last) + 1)]
    is_bar = str(tk.call(menu, "cget", "-type")) == "menubar"
    for index, (x, y) in enumerate(zip(columns, places)):
        if tk.call(menu, "type", index) in ("separator", "tearoff"):
            continue
        right = columns[index + 1] if is_bar and index < last else min(x + 60, width)
        below = places[index + 1] if not is_bar and index < last else height
        box = left + x, top + y, (right - x) if is_bar else width - x, below - y
        label = str(tk.call(menu, "entrycget", index, "-label"))
        yield _part("Menu item", label, box, menu)


def _choices(tk: Any, path: str) -> Iterator[Row]:
    left, top = (int(tk.call("winfo", what, path)) for what in ("rootx", "rooty"))
    for index, text in enumerate(tk.splitlist(tk.call(path, "get", 0, "end"))):
        box = tk.splitlist(tk.call(path, "bbox", index))
        if box:
            x, y, width, height = map(int, box)
            yield _part("Listbox item", str(text), (left + x, top + y, width, height), path)


def _part(kind: str, text: str, box: Box, path: str) -> Row:
    return {"kind": kind, "text": text, "box": box, "window": "", "path": path, "is_seen": True}


def _sash(widget: Any) -> Iterator[Tuple[str, Tuple[float, ...]]]:
    yield "sash", (0, widget.sashpos(0), widget.winfo_width(), 4)


def _tabs(widget: Any) -> Iterator[Tuple[str, Tuple[float, ...]]]:
    found: Dict[int, List[int]] = {}
    for x in range(0, widget.winfo_width(), 4):
        try:
            place = widget.index(f"@{x},12")
        except Exception:  # noqa: BLE001 - Tk has no name for what is no tab
            continue
        if isinstance(place, int):
            found.setdefault(place, []).append(x)
    for place, columns in found.items():
        yield widget.tab(place, "text"), (columns[0], 4, columns[-1] - columns[0], 16)


if FOLDER:
    socket.gethostname = lambda: "desktop"  # the title of Scipion's window tells it
    watch_tk()
