"""Whole scripts print the same here and in the installed PyTorch, line by line.

The scripts in `scripts/` are kept apart because they are written as a user types them. Each of
them prints what saved-tensor hooks, checkpointing, anomaly mode, inference mode, gradient edges,
parameters and `gradcheck` do, errors and warnings included.
"""

from __future__ import annotations

import copy
import functools
import importlib
import pickle
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import autodiff

torch = pytest.importorskip("torch")

SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.txt"))


def E(function: Callable[..., Any], *args: Any) -> Any:
    """The result, or type and words of the error."""
    try:
        return function(*args)
    except Exception as error:  # noqa: BLE001 - whatever it is, both must raise it
        return f"{type(error).__name__}: {error}"


def printed(T: Any, script: Path) -> list[str]:
    """What the script prints."""
    lines: list[str] = []

    def told(*values: Any) -> None:
        text = re.sub("0x[0-9a-f]+", "0x", " ".join(map(str, values)))
        lines.extend(text.replace("autodiff.", "torch.").split("\n"))

    space = {"T": T, "E": E, "G": T.autograd.graph, "print": told, "copy": copy}
    space |= {"pickle": pickle, "warnings": warnings, "importlib": importlib}
    space |= {"functools": functools, "__name__": "script"}
    T.set_grad_enabled(True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(compile(script.read_text(), str(script), "exec"), space)
    return lines


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_prints_the_same(script: Path) -> None:
    expected, found = printed(torch, script), printed(autodiff, script)
    for number, (theirs, ours) in enumerate(zip(expected, found, strict=False)):
        assert ours == theirs, f"line {number}"
    assert len(found) == len(expected)
