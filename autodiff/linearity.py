"""What `gradcheck` asks of a backward besides being right: linear, batched, zeros left out."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autodiff import messages
from autodiff.forward_ad import dual_level, make_dual, unpack_dual
from autodiff.func import vmap
from autodiff.function import Function
from autodiff.functions.shapes import stack
from autodiff.gradients import grad
from autodiff.jacobians import GradcheckError, as_tuple, differentiable, is_float, requiring_grad
from autodiff.operation import wrap
from autodiff.state import TensorState

__all__ = [
    "check_batched",
    "check_batched_forward",
    "check_linear",
    "check_undefined",
    "check_undefined_tangents",
    "close",
    "vector",
]


def close(a: Any, b: Any, rtol: float, atol: float) -> bool:
    """Whether two arrays agree."""
    with np.errstate(all="ignore"):
        return bool(np.allclose(a, b, rtol, atol))


def vector(generator: Any, data: Any, real: bool) -> Any:
    """A random direction of unit length."""
    values = generator.random(data.size)
    length = np.sqrt((values**2).sum())
    values = values / length if length else values
    return values if real or data.dtype.kind != "c" else values.astype(data.dtype)


def check_undefined_tangents(function: Callable[..., Any], inputs: Sequence[Any]) -> None:
    """A missing tangent must mean the same as zeros."""
    asked = requiring_grad(inputs)
    generator = np.random.default_rng(0)
    tangents = {
        place: wrap(vector(generator, one._data, False).reshape(one._data.shape))
        for place, one in asked
    }
    for place, _ in asked:
        found = []
        for missing in (False, True):
            with dual_level():
                duals = list(inputs)
                for other, one in asked:
                    plain = one.detach()
                    if other != place:
                        duals[other] = make_dual(plain, tangents[other])
                    else:
                        zeros = wrap(np.zeros_like(one._data))
                        duals[other] = plain if missing else make_dual(plain, zeros)
                outs = [out for out in as_tuple(function(*duals)) if is_float(out)]
                pushed = [unpack_dual(out)[1] for out in outs]
                found.append([None if t is None else np.array(t.detach()._data) for t in pushed])
        for number, (a, b) in enumerate(zip(*found, strict=True)):
            if a is not None and b is not None and not close(a, b, 1e-5, 1e-8):
                raise GradcheckError(
                    "Mismatch in tangent values for output with index: ",
                    number,
                    " when input: ",
                    inputs[place],
                    " has an undefined tangent value. ",
                    " Got: ",
                    wrap(a),
                    " but expected: ",
                    wrap(b),
                )


class _Undefined(Function):
    """Gives its input back, and no gradient."""

    @staticmethod
    def forward(ctx: Any, value: Any) -> Any:
        return value.clone()

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> Any:
        return None


def check_undefined(
    function: Callable[..., Any], outputs: Sequence[Any], inputs: Sequence[Any]
) -> None:
    """Backward must take missing cotangents for zeros."""
    asked = [tensor for _, tensor in requiring_grad(inputs)]

    def check(outs: Sequence[Any]) -> None:
        seeds = [wrap(np.zeros_like(out._data)) for out in outs]
        try:
            slopes = grad(outs, asked, seeds, allow_unused=True)
        except RuntimeError as error:
            warnings.warn(messages.GRADCHECK_UNDEFINED_WARNING, UserWarning, stacklevel=4)
            raise GradcheckError(messages.GRADCHECK_UNDEFINED) from error
        if any(slope is not None and (slope._data != 0).any() for slope in slopes):
            warnings.warn(messages.GRADCHECK_UNDEFINED_WARNING, UserWarning, stacklevel=4)
            raise GradcheckError(messages.GRADCHECK_UNDEFINED_VALUE)

    check([_Undefined.apply(out) for out in differentiable(function(*inputs))])
    if len(outputs) > 1:
        for missing in range(len(outputs)):
            outs = differentiable(function(*inputs))
            check([_Undefined.apply(o) if i == missing else o for i, o in enumerate(outs)])


def check_linear(outputs: Sequence[Any], inputs: Sequence[Any], masked: bool | None) -> None:
    """Zero cotangents must give zero gradients."""
    asked = [tensor for _, tensor in requiring_grad(inputs)]
    seeds = [wrap(np.zeros_like(out._data)) for out in outputs]
    for slope, tensor in zip(grad(outputs, asked, seeds, allow_unused=True), asked, strict=True):
        if slope is None:
            continue
        if not (close(slope._data, 0, 1e-5, 1e-8) if masked else not slope._data.any()):
            raise GradcheckError("backward not multiplied by grad_output")
        if slope.dtype is not tensor.dtype:
            raise GradcheckError("grad is incorrect type")
        if slope.shape != tensor.shape:
            raise GradcheckError("grad is incorrect size")


def check_batched(inputs: Sequence[Any], output: Any, number: int) -> None:
    """A batch of cotangents must give what they give one by one."""
    asked = [tensor for _, tensor in requiring_grad(inputs)]
    generator = np.random.default_rng(0)
    data = output._data
    seeds = [wrap(generator.standard_normal(data.shape).astype(data.dtype)) for _ in range(2)]
    pull = functools.partial(grad, output, asked, retain_graph=True, allow_unused=True)
    singly = [pull(seed) for seed in seeds]
    try:
        together = pull(stack(seeds), is_grads_batched=True)
    except RuntimeError as error:
        raise GradcheckError(
            f"While computing batched gradients, got: {error}\n\n{messages.GRADCHECK_BATCHED}"
        ) from error
    for source, (found, *ones) in enumerate(zip(together, *singly, strict=True)):
        if found is None:
            continue
        expected = stack(ones)
        if not close(found._data, expected._data, 1e-5, 1e-8):
            raise GradcheckError(
                f"For output {number} and input {source}:\n\n{messages.GRADCHECK_BATCHED}\n\n"
                f"Got:\n{found}\n\nExpected:\n{expected}"
            )


def check_batched_forward(function: Callable[..., Any], inputs: Sequence[Any]) -> None:
    """A batch of tangents must give what they give one by one."""
    generator = np.random.default_rng(0)
    for place, tensor in requiring_grad(inputs):

        def push(tangent: Any, place: int = place, tensor: Any = tensor) -> tuple[Any, ...]:
            given = [one.detach() if isinstance(one, TensorState) else one for one in inputs]  # type: ignore[attr-defined]
            with dual_level():
                given[place] = make_dual(tensor.detach(), tangent)
                pairs = [unpack_dual(out) for out in as_tuple(function(*given))]
            return tuple(
                wrap(np.zeros_like(value._data)) if pushed is None else pushed
                for value, pushed in pairs
            )

        data = tensor._data
        steps = [wrap(generator.standard_normal(data.shape).astype(data.dtype)) for _ in range(2)]
        expected = [stack(ones) for ones in zip(*map(push, steps), strict=True)]
        try:
            found = vmap(push)(stack(steps))
        except RuntimeError as error:
            text = f"While computing batched gradients, got: {error}\n\n"
            raise GradcheckError(text + messages.GRADCHECK_BATCHED_FORWARD) from error
        for number, (a, b) in enumerate(zip(found, expected, strict=True)):
            if not close(a.detach()._data, b.detach()._data, 1e-5, 1e-8):
                raise GradcheckError(
                    f"For output {number} and input {number}:\n\n"
                    f"{messages.GRADCHECK_BATCHED_FORWARD}\n\nGot:\n{a}\n\nExpected:\n{b}"
                )
