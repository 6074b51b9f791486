"""HTML as values: whatever is put into an element is escaped, unless it is an element itself."""

from __future__ import annotations

import html
from typing import Iterable, Union

VOID = frozenset({"img", "input", "br", "hr", "link", "meta"})
Attribute = Union[str, int, float, bool, None]


class Html(str):
    """Text that is HTML already."""


Child = Union[str, int, float, None, Iterable["Child"]]


def tag(name: str, /, *children: Child, **attributes: Attribute) -> Html:
    """Give an element; `class_` stands for class, other underscores for hyphens.

    An attribute that is None or False is left out, one that is True has no value.
    """
    words = [name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        key = key.rstrip("_").replace("_", "-")
        words.append(key if value is True else f'{key}="{html.escape(str(value), quote=True)}"')
    start = f"<{' '.join(words)}>"
    return Html(start) if name in VOID else Html(f"{start}{join(children)}</{name}>")


def join(children: Child) -> Html:
    """Give children one after another, escaped where they are text; None is nothing."""
    if children is None:
        return Html("")
    if isinstance(children, Html):
        return children
    if isinstance(children, (str, int, float)):
        return Html(html.escape(str(children), quote=True))
    return Html("".join(join(child) for child in children))


def script_text(text: str) -> Html:
    """Give text for the inside of a script or style element, which cannot end that element."""
    return Html(text.replace("</", "<\\/"))
