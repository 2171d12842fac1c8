"""Runs as files: the suffix of the name says which kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from reference.reports.html_page import html_page
from reference.reports.json_file import from_json, json_text
from reference.reports.junit_xml import junit_xml
from reference.reports.run import Run

__all__ = ["WRITERS", "read", "suffix_of", "write"]

WRITERS: dict[str, Callable[[Run], str]] = {
    ".html": html_page,
    ".json": json_text,
    ".xml": junit_xml,
}


def suffix_of(path: str | Path) -> str:
    """The kind of file that a name asks for: ".html", ".json" or ".xml".

    Raises ValueError for any other.

    >>> suffix_of("reports/nightly.HTML")
    '.html'
    """
    suffix = Path(path).suffix.lower()
    if suffix not in WRITERS:
        raise ValueError(
            f"{str(path)!r}: a report's name ends in .html (a page), .json (data) or .xml (JUnit)"
        )
    return suffix


def write(run: Run, path: str | Path) -> Path:
    """Write a run as a page, as data or as JUnit XML, by the suffix; gives the path.

    Folders are made as needed. The file appears whole or not at all. Raises ValueError for a
    suffix other than .html, .json and .xml, and OSError where nothing can be written.
    """
    text = WRITERS[suffix_of(path)](run)
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    part.write_text(text, encoding="utf-8", newline="\n")
    return part.replace(target)


def read(path: str | Path) -> Run:
    """The run in a JSON file that `write` made.

    Raises ValueError where the file holds anything else.
    """
    try:
        return from_json(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{str(path)!r}: {error}") from None
