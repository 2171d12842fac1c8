"""Values of the definitions against PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from definition_checks import cases, traced
from reference.definitions import Sample

torch = pytest.importorskip("torch")


@pytest.mark.parametrize(("name", "sample"), cases(("plain", "kink")))
def test_values_agree_with_torch(name: str, sample: Sample) -> None:
    _, outputs = traced(name, sample)

    def argument(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return torch.tensor(value)
        if isinstance(value, tuple) and any(isinstance(part, np.ndarray) for part in value):
            return tuple(argument(part) for part in value)
        return value

    function = torch_function(name)
    result = function(*(argument(value) for value in sample.args), **sample.kwargs)
    results = list(result) if isinstance(result, (tuple, list)) else [result]
    if sample.kind == "kink":  # which of several equal values an index names is free
        outputs, results = outputs[:1], results[:1]
    assert len(results) == len(outputs)
    for mine, theirs in zip(outputs, results, strict=True):
        assert tuple(mine.shape) == tuple(theirs.shape)
        np.testing.assert_allclose(
            mine.detach().numpy(), theirs.numpy(), rtol=1e-12, atol=1e-13, equal_nan=True
        )


def torch_function(name: str) -> Any:
    special = {
        "getitem": lambda x, key: x[key],
        "index_put": torch.index_put,
        "vector_norm": torch.linalg.vector_norm,
        "solve": torch.linalg.solve,
        "inv": torch.linalg.inv,
        "T": lambda x: x.permute(*reversed(range(x.ndim))),
        "mT": lambda x: x.mT,
        "to": lambda x: x.to(torch.float64),
        "pow": torch.pow,
        "sum": lambda x, *rest, **kw: x.sum(*rest, **kw),
        "mean": lambda x, *rest, **kw: x.mean(*rest, **kw),
        "prod": lambda x, *rest, **kw: x.prod(*rest, **kw),
    }
    if name in special:
        return special[name]
    for home in (torch.nn.functional, torch):
        if hasattr(home, name):
            return getattr(home, name)
    return lambda x, *rest, **kw: getattr(x, name)(*rest, **kw)
