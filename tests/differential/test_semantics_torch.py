"""Small scripts print the same facts here and in the installed PyTorch.

Each function of `semantics.txt` is a script that gives a list of observations; they are compared
as text, one by one. The scripts are kept apart because they are written as a user types them.
"""

from __future__ import annotations

import copy
import pickle
import re
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import autodiff

torch = pytest.importorskip("torch")

FILES = (
    "semantics.txt",
    "semantics_tensor.txt",
    "semantics_functions.txt",
    "semantics_rows.txt",
    "semantics_writes.txt",
    "semantics_transforms.txt",
    "semantics_own.txt",
)
TEXT = "\n".join((Path(__file__).parent / name).read_text() for name in FILES)
NAMES = re.findall(r"^def (\w+)\(", TEXT, re.MULTILINE)


def E(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """The result, or type and words of the error."""
    try:
        return function(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - whatever it is, both must raise it
        return f"{type(error).__name__}: {error}"


def W(function: Callable[..., Any]) -> Any:
    """The result and the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = E(function)
    return result, [str(one.message).split(" (Triggered internally")[0] for one in caught]


def gn(t: Any) -> Any:
    return E(lambda: None if t.grad_fn is None else t.grad_fn.name())


def ns(t: Any) -> Any:
    def names() -> Any:
        return [(None if n is None else n.name(), i) for n, i in t.grad_fn.next_functions]

    return None if t.grad_fn is None else E(names)


def told(T: Any, name: str) -> list[str]:
    """The observations of one script, as text."""
    space = {"T": T, "E": E, "W": W, "gn": gn, "ns": ns, "copy": copy, "pickle": pickle}
    space |= {"threading": threading}
    T.set_grad_enabled(True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(TEXT, space)
            found = space[name]()
            found = found if isinstance(found, list | tuple) else [found]
            texts = [repr(one) for one in found]
        finally:
            T.set_grad_enabled(True)
    return [re.sub("0x[0-9a-f]+", "0x", text).replace("autodiff.", "torch.") for text in texts]


@pytest.mark.parametrize("name", NAMES)
def test_same_facts(name: str) -> None:
    expected, found = told(torch, name), told(autodiff, name)
    for number, (theirs, ours) in enumerate(zip(expected, found, strict=True)):
        assert ours == theirs, f"observation {number}"
