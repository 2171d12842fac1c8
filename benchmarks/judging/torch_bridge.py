"""Pairs of NumPy functions as PyTorch functions, with both modes and a second order."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.autograd.gradcheck import GradcheckError

from judging.case import BFLOAT16, Rules

__all__ = ["GradcheckError", "function", "tensor"]


def tensor(array: Any) -> Any:
    """A tensor with a copy of the array's content."""
    if array.dtype == BFLOAT16:
        return torch.from_numpy(array.astype(np.float32)).to(torch.bfloat16)
    return torch.from_numpy(np.array(array))


def _array(value: Any) -> Any:
    if value.dtype == torch.bfloat16:
        return value.detach().to(torch.float32).numpy().astype(BFLOAT16)
    return np.array(value.detach().numpy())


def _tensors(found: Any) -> tuple[Any, ...]:
    listed = list(found) if isinstance(found, (tuple, list)) else [found]
    return tuple(None if one is None else tensor(np.asarray(one)) for one in listed)


def function(rules: Rules) -> Any:
    """A function of tensors that runs the pair's forward pass and rules."""

    class Backward(torch.autograd.Function):  # type: ignore[misc]
        """The pair's vjp, and its own derivative where there is a second order."""

        @staticmethod
        def forward(ctx: Any, g: Any, *tensors: Any) -> Any:
            ctx.save_for_backward(g, *tensors)
            found = _tensors(rules.vjp(_array(g), *map(_array, tensors)))
            return found if len(found) > 1 else found[0]

        @staticmethod
        def backward(ctx: Any, *directions: Any) -> Any:
            g, *tensors = ctx.saved_tensors
            if rules.second is None or rules.jvp is None:
                raise GradcheckError("the pair has no second derivatives")
            given = tuple(_array(u) for u in directions)
            arrays = tuple(_array(t) for t in tensors)
            by_g = tensor(np.asarray(rules.jvp(given, *arrays)))
            return (by_g, *_tensors(rules.second(_array(g), given, *arrays)))

    class Forward(torch.autograd.Function):  # type: ignore[misc]
        """The pair's forward pass."""

        @staticmethod
        def forward(ctx: Any, *tensors: Any) -> Any:
            ctx.save_for_backward(*tensors)
            ctx.tensors = tensors
            return tensor(np.asarray(rules.forward(*map(_array, tensors))))

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return Backward.apply(g, *ctx.saved_tensors)

        @staticmethod
        def jvp(ctx: Any, *directions: Any) -> Any:
            if rules.jvp is None:
                raise NotImplementedError("the pair has no jvp")
            given = tuple(
                np.zeros_like(_array(t)) if u is None else _array(u)
                for u, t in zip(directions, ctx.tensors, strict=True)
            )
            return tensor(np.asarray(rules.jvp(given, *map(_array, ctx.tensors))))

    return Forward.apply
