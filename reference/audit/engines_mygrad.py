"""MyGrad's spellings, which are NumPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reference.audit.numpy_names import spelled
from reference.audit.table import Maker, Table, numpy_style, path

__all__ = ["MODULES", "TABLE"]

MODULES = ("mygrad.nnet.activations", "mygrad.nnet.losses", "mygrad.nnet.layers")


def _activation(name: str) -> Maker:
    return numpy_style(f"nnet.activations.{name}")


def _moment(name: str) -> Maker:
    def make(root: Any) -> Callable[..., Any]:
        function = path(root, name)

        def call(
            x: Any, dim: Any = None, unbiased: Any = None, keepdim: bool = False,
            correction: Any = None,
        ) -> Any:  # fmt: skip
            given = correction if correction is not None else int(unbiased is not False)
            return function(x, axis=dim, ddof=given, keepdims=keepdim)

        return call

    return make


TABLE: Table = {
    **spelled("", without=("sign", "floor", "ceil", "trunc", "fmod", "remainder")),
    "clamp": lambda root: lambda x, min=None, max=None: root.clip(x, min, max),
    "max": numpy_style("max"),
    "min": numpy_style("min"),
    "var": _moment("var"),
    "std": _moment("std"),
    "norm": lambda root: (
        lambda x, p=2, dim=None: root.linalg.norm(
            x.reshape(-1) if dim is None else x, None if p == "fro" else p, dim
        )
    ),
    "mm": numpy_style("matmul"),
    "mv": numpy_style("matmul"),
    "bmm": numpy_style("matmul"),
    "roll": numpy_style("roll"),
    "getitem": lambda root: lambda x, key: x[key],
    "transpose": "swapaxes",
    "sigmoid": _activation("sigmoid"),
    "relu": _activation("relu"),
    "selu": _activation("selu"),
    "elu": lambda root: lambda x, alpha=1.0: root.nnet.activations.elu(x, alpha),
    "leaky_relu": lambda root: (
        lambda x, negative_slope=0.01: root.nnet.activations.leaky_relu(x, negative_slope)
    ),
    "hardtanh": "nnet.activations.hard_tanh",
    "softsign": _activation("soft_sign"),
    "softmax": _activation("softmax"),
    "log_softmax": _activation("logsoftmax"),
}
