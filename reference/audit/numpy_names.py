"""Functions that NumPy-like engines have under NumPy's names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reference.audit.table import Maker, numpy_style

__all__ = ["clipped_logit", "spelled"]

# the definition's name, and NumPy's where it is another
_NAMES = """
add subtract=sub multiply=mul divide=div power=pow negative=neg positive reciprocal square
absolute=abs sign exp exp2 expm1 log log2 log10 log1p sqrt sin cos tan arcsin=asin arccos=acos
arctan=atan sinh cosh tanh arcsinh=asinh arccosh=acosh arctanh=atanh arctan2=atan2 hypot logaddexp
logaddexp2 maximum minimum where sinc deg2rad rad2deg copysign floor ceil trunc fmod remainder
sum mean prod amax amin cumsum cumprod trace matmul dot outer kron cross_=cross einsum
expand_dims=unsqueeze squeeze moveaxis=movedim flip fliplr flipud tril triu diagonal diag
concatenate=cat stack hstack vstack dstack column_stack
reshape ravel=flatten_ nan_to_num heaviside transpose_=transpose vecdot
"""


def spelled(prefix: str, without: tuple[str, ...] = ()) -> dict[str, str | Maker]:
    """The functions below a prefix, by the names of definitions.

    >>> sorted(spelled("numpy"))[:2]
    ['abs', 'acos']
    """
    table: dict[str, str | Maker] = {}
    for word in _NAMES.split():
        theirs, _, ours = word.partition("=")
        name = ours or theirs
        if not theirs.endswith("_") and not name.endswith("_") and name not in without:
            table[name] = numpy_style(f"{prefix}.{theirs}" if prefix else theirs)
    return table


def clipped_logit(root: Any) -> Callable[..., Any]:
    """`logit` as PyTorch has it, from SciPy's, which has no eps."""

    def logit(x: Any, eps: float | None = None) -> Any:
        inside = x if eps is None else root.numpy.clip(x, eps, 1 - eps)
        return root.scipy.special.logit(inside)

    return logit
