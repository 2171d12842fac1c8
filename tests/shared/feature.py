"""One row of the map of PyTorch's autograd: what there is of it here, and which test says so."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["Feature"]


class Feature(NamedTuple):
    """row: the checklist's number. test: `path::name`, None where nothing runs."""

    row: str
    title: str
    status: Literal["same", "differs", "torch only", "missing"]
    test: str | None = None
    why: str = ""
