"""HTML as a tree, so that every text and every attribute is escaped by construction."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from reference.reports.text import clean

__all__ = ["Child", "Node", "document", "tag"]

Node = ET.Element
Child = str | Node | None | Iterable["Child"]


def tag(name: str, /, *children: Child, **attributes: str | int | float | None) -> Node:
    """An element; its children are texts, elements, and iterables of them, None is left out.

    Attributes: `class_` is `class`, an underscore inside a name is a hyphen, None is left out.

    >>> ET.tostring(tag("td", "a<b", class_="x", data_value=2), "unicode")
    '<td class="x" data-value="2">a&lt;b</td>'
    """
    element = ET.Element(name)
    for key, value in attributes.items():
        if value is not None:
            element.set(key.strip("_").replace("_", "-"), clean(str(value)))
    _append(element, children)
    return element


def _append(element: Node, children: Iterable[Child]) -> None:
    for child in children:
        if isinstance(child, str):
            text = clean(child)
            if len(element):
                element[-1].tail = (element[-1].tail or "") + text
            else:
                element.text = (element.text or "") + text
        elif isinstance(child, ET.Element):
            element.append(child)
        elif child is not None:
            _append(element, child)


def document(root: Node) -> str:
    """The text of an HTML page.

    >>> document(tag("html", tag("br")))
    '<!DOCTYPE html>\\n<html><br></html>\\n'
    """
    return "<!DOCTYPE html>\n" + ET.tostring(root, "unicode", method="html") + "\n"
