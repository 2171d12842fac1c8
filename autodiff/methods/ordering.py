"""Methods of `Tensor` that order, and softmax."""

from __future__ import annotations

from autodiff.functions import losses, sorting
from autodiff.state import TensorState

__all__ = ["Ordering"]


class Ordering(TensorState):
    """Methods of `Tensor` that order, and softmax, which is a soft order."""

    __slots__ = ()

    sort = sorting.sort
    argsort = sorting.argsort
    topk = sorting.topk
    softmax = losses.softmax
    log_softmax = losses.log_softmax
