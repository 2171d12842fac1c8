"""The second order in all mode pairs, where PyTorch's own is wrong: the oracle decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autodiff
from reference import check

F = autodiff.nn.functional
MATRIX = np.array([[0.5, -1.25, 2.0], [1.5, 0.75, -0.5], [-0.25, 1.0, 1.75]])
FUNCTIONS = {
    "det": autodiff.linalg.det,
    "slogdet": lambda a: autodiff.linalg.slogdet(a)[1],
    "logdet": lambda a: autodiff.logdet(a @ a.T),
    "layer_norm": lambda a: F.layer_norm(a, (3,)),
    "batch_norm": lambda a: F.batch_norm(a, None, None, training=True),
    "group_norm": lambda a: F.group_norm(a, 1),
    "solve": lambda a: autodiff.linalg.solve(a, a + 1),
    "cholesky": lambda a: autodiff.linalg.cholesky(a @ a.T),
    "attention": lambda a: F.scaled_dot_product_attention(a, a + 1, a * 2),
    "silu in place": lambda a: F.silu(a + 0, inplace=True),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_all_mode_pairs(name: str) -> None:
    function: Callable[..., Any] = FUNCTIONS[name]
    x = autodiff.from_numpy(MATRIX.copy())
    report = check(function, x, what=("vjp", "jvp", "second"), cotangents=1)
    assert report.ok, report.text
    pairs = {c.detail.partition(",")[0] for c in report.comparisons if c.what == "second"}
    assert len(pairs) == 4
