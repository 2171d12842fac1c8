"""The single operations of benchmarks/operations.py run, and give what they are timed for."""

from __future__ import annotations

import functools
import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))  # its modules import one another by their bare names

measured = importlib.import_module("operations")
EVERY = measured.operations()
# nothing is differentiated in these, or nothing can be
PLAIN = {
    *("m.argmax(1)", "x.detach()", "x.float()", "F.one_hot(labels, 4)", "x.numpy(force=True)"),
    *("s.item()", "x.tolist()", "x == y", "x > 0", "(x > 0).any()", "t.isnan(x)"),
    *("t.allclose(x, y)", "repr(x)", "x.requires_grad", "x.shape", "x.grad_fn", "x.is_leaf"),
    *("len(m)", "x.dtype", "x.size(0)", "t.zeros_like(x)", "t.eye(3)", "t.arange(4)"),
}
MADE = ("t.tensor(", "t.zeros(", "t.ones(", "t.full(", "t.linspace(", "t.randn(", "w.", "w[")


def test_an_operation_is_listed_once() -> None:
    assert len(EVERY) == len(set(EVERY)) > 150
    assert measured.operations("softmax") == ["t.softmax(m, 1)", "t.log_softmax(m, 1)"]


@pytest.mark.parametrize("text", EVERY)
def test_an_operation_runs(text: str) -> None:
    forward, both = measured.calls("autodiff")(text)
    forward()
    assert (both is None) == (text in PLAIN or text.startswith(MADE))
    if both is not None:
        gradients = both()
        assert gradients
        assert all(one is not None for one in gradients)


@pytest.mark.parametrize("text", measured.operations(table=measured.MANY))
def test_an_operation_on_many_runs(text: str) -> None:
    forward, both = prepared()(text)
    forward()
    assert (both is None) == text.startswith(("t.histc", "t.bucketize", "t.unique", "t.nonzero"))
    if both is not None:
        assert all(one is not None for one in both())


@functools.cache
def prepared() -> Any:
    return measured.calls("autodiff", many=True)


def test_what_is_printed() -> None:
    figures = {"autodiff": 1e-6, "torch": 2e-6, "ratio": 0.5}
    assert measured.shown(figures, "torch").split() == ["1.00", "2.00", "0.50"]
    assert not measured.shown(None, "torch").strip()
