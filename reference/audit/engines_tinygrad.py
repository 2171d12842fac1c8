"""tinygrad's spellings: methods of its tensors, with PyTorch's names mostly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reference.audit.table import Maker, Table

__all__ = ["TABLE"]

_RENAMED = {"dim": "axis"}
_METHODS = """
add sub mul div pow neg reciprocal square abs sign exp exp2 log log2 log10 sqrt rsqrt sin cos tan
asin acos atan sinh cosh tanh asinh acosh atanh erf sigmoid logsigmoid silu softplus gelu elu
leaky_relu hardtanh relu relu6 selu celu mish hardswish hardsigmoid softsign maximum minimum lerp
sum mean prod max min var std logsumexp softmax log_softmax cumsum cumprod matmul transpose
permute unsqueeze flatten flip triu tril masked_fill gather sort
"""


def _method(name: str) -> Maker:
    def make(root: Any) -> Callable[..., Any]:
        getattr(root.Tensor, name)  # AttributeError where this version has none

        def call(x: Any, *args: Any, **kwargs: Any) -> Any:
            renamed = {_RENAMED.get(key, key): value for key, value in kwargs.items()}
            return getattr(x, name)(*args, **renamed)

        return call

    return make


TABLE: Table = {name: _method(name) for name in _METHODS.split()}
