"""`torch.autograd.function`: operations that the user writes."""

from autodiff.function import (
    BackwardCFunction,
    Function,
    FunctionCtx,
    InplaceFunction,
    once_differentiable,
)

__all__ = [
    "BackwardCFunction",
    "Function",
    "FunctionCtx",
    "InplaceFunction",
    "once_differentiable",
]
