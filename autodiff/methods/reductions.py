"""Methods of `Tensor` that reduce."""

from __future__ import annotations

from autodiff.functions import reductions
from autodiff.state import TensorState

__all__ = ["Reductions"]


class Reductions(TensorState):
    """Methods of `Tensor` that reduce."""

    __slots__ = ()

    sum = reductions.sum
    mean = reductions.mean
    prod = reductions.prod
    amax = reductions.amax
    amin = reductions.amin
    max = reductions.max
    min = reductions.min
    argmax = reductions.argmax
    argmin = reductions.argmin
    all = reductions.all
    any = reductions.any
    count_nonzero = reductions.count_nonzero
    var = reductions.var
    std = reductions.std
    logsumexp = reductions.logsumexp
    norm = reductions.norm
    cumsum = reductions.cumsum
