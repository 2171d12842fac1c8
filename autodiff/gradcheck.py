"""`gradcheck` and `gradgradcheck`: gradients against differences, with PyTorch's options.

They are here for those who bring their tests along. A difference quotient knows about half of the
digits and nothing of corners; :func:`reference.check` compares with exact derivatives.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autodiff import messages
from autodiff.gradients import grad
from autodiff.jacobians import (
    GradcheckError,
    as_tuple,
    backward_columns,
    backward_jacobians,
    differentiable,
    forward_jacobians,
    numerical_directions,
    numerical_jacobians,
    requiring_grad,
)
from autodiff.linearity import (
    check_batched,
    check_batched_forward,
    check_linear,
    check_undefined,
    check_undefined_tangents,
    close,
    vector,
)
from autodiff.modes import no_grad
from autodiff.operation import wrap
from autodiff.ops.pointwise import REAL
from autodiff.state import TensorState

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class _Options:
    """What the comparisons need to know."""

    def __init__(self, **options: Any) -> None:
        self.eps: float = options["eps"]
        self.atol: float = options["atol"]
        self.rtol: float = options["rtol"]
        self.nondet_tol: float = options["nondet_tol"]
        self.check_grad_dtypes: bool = options["check_grad_dtypes"]
        self.fast: bool = options["fast_mode"]


def _mismatch(
    analytical: Any,
    numerical: Any,
    output: int,
    source: int,
    parts: Sequence[int],
    imaginary: bool,
    forward: bool,
) -> str:
    """The message that two matrices differ."""
    prefix = ""
    if (source if forward else output) in parts:
        part = "imaginary" if imaginary else "real"
        prefix = f"While considering the {part} part of complex "
        prefix += f"{'inputs' if forward else 'outputs'} only, "
    mode = "computed with forward mode " if forward else ""
    return (
        f"{prefix}Jacobian {mode}mismatch for output {output} with respect to input {source},\n"
        f"numerical:{wrap(numerical)}\nanalytical:{wrap(analytical)}\n"
    )


def _compare(
    function: Callable[..., Any],
    results: Sequence[Any],
    inputs: Sequence[Any],
    options: _Options,
    *,
    forward: bool = False,
    parts: Sequence[int] = (),
    imaginary: bool = False,
) -> None:
    """Raise GradcheckError where backward (or forward mode) and differences disagree."""
    outputs = differentiable(results)
    if options.fast:
        _compare_directions(function, results, inputs, options, forward, parts, imaginary)
        return
    numerical = numerical_jacobians(function, inputs, results, options.eps)
    if not outputs:
        if any(matrix.any() for matrices in numerical for matrix in matrices):
            raise GradcheckError("Numerical gradient for function expected to be zero")
        return
    kept = [number for number, out in enumerate(results) if out.requires_grad]
    if forward:
        analytical = forward_jacobians(function, inputs, results, options.check_grad_dtypes)
        table = [[matrices[i] for matrices in analytical] for i in range(len(outputs))]
    else:
        table = []
    for number, out in enumerate(outputs):
        if not forward:
            table.append(
                backward_jacobians(inputs, out, options.nondet_tol, options.check_grad_dtypes)
            )
        for source, found in enumerate(table[number]):
            expected = numerical[source][kept[number]]
            if not close(found, expected, options.rtol, options.atol):
                raise GradcheckError(
                    _mismatch(found, expected, number, source, parts, imaginary, forward)
                )


def _compare_directions(
    function: Callable[..., Any],
    results: Sequence[Any],
    inputs: Sequence[Any],
    options: _Options,
    forward: bool,
    parts: Sequence[int],
    imaginary: bool,
) -> None:
    """Fast mode: one random direction of each input, and of each output."""
    generator = np.random.default_rng(0)
    asked = [tensor for _, tensor in requiring_grad(inputs)]
    outputs = differentiable(results)
    steps: list[Any] = []
    for tensor in asked:
        step = vector(generator, tensor._data, True)
        if tensor._data.dtype.kind == "c":
            step = (step, vector(generator, tensor._data, True))
        steps.append(step)
    slopes = numerical_directions(function, inputs, steps, options.eps)
    if not outputs:
        for row in slopes:
            if any(one.size and np.abs(one).max() > options.nondet_tol for one in row):
                raise GradcheckError("Numerical gradient for function expected to be zero")
        return
    kept = [number for number, out in enumerate(results) if out.requires_grad]
    seeds = [vector(generator, out._data, False) for out in outputs]
    if forward:
        pushed = forward_jacobians(
            function, inputs, results, options.check_grad_dtypes, steps=steps
        )
    for number, out in enumerate(outputs):
        if not forward:
            pulled = backward_columns(
                inputs, out, [seeds[number]], options.nondet_tol, options.check_grad_dtypes
            )
        for source in range(len(asked)):
            slope, step = slopes[source][kept[number]], steps[source]
            if forward:
                found, expected = pushed[source][number][0], slope
                weight = 1.0
            else:
                expected = (seeds[number] * slope).sum()
                found = _dot(pulled[source][:, 0], step)
                weight = float(seeds[number].sum().real)
            total = sum(
                float(part.sum()) for part in (step if isinstance(step, tuple) else (step,))
            )
            if not close(found, expected, options.rtol, options.atol * total * weight):
                text = _mismatch(
                    np.asarray(found),
                    np.asarray(expected),
                    number,
                    source,
                    parts,
                    imaginary,
                    forward,
                )
                text += _slow_text(
                    function, inputs, results, options, source, kept[number], forward
                )
                raise GradcheckError(text)


def _dot(column: Any, step: Any) -> Any:
    if isinstance(step, tuple):
        return column.real @ step[0] + 1j * (column.imag @ step[1])
    return column @ step


def _slow_text(
    function: Callable[..., Any],
    inputs: Sequence[Any],
    results: Sequence[Any],
    options: _Options,
    source: int,
    number: int,
    forward: bool,
) -> str:
    """What slow mode would have found, for the message of fast mode."""
    numerical = numerical_jacobians(function, inputs, results, options.eps)[source][number]
    if forward:
        analytical = forward_jacobians(function, inputs, results)[source][number]
    else:
        analytical = backward_jacobians(inputs, results[number], float("inf"), False)[source]
    most = np.abs(numerical - analytical).max()
    text = messages.GRADCHECK_SLOW.format(
        wrap(numerical), wrap(analytical), wrap(np.asarray(most))
    )
    agree = close(analytical, numerical, options.rtol, options.atol)
    return text + (messages.GRADCHECK_FAST_ONLY if agree else "")


def _by_parts(
    function: Callable[..., Any],
    results: tuple[Any, ...],
    inputs: tuple[Any, ...],
    options: _Options,
    check_forward_ad: bool,
    check_backward_ad: bool,
    check_undefined_grad: bool,
) -> None:
    """The comparisons; of complex outputs (inputs, in forward mode) part by part."""
    if check_backward_ad:
        parts = [i for i, out in enumerate(differentiable(results)) if out.is_complex()]
        if any(out.is_complex() for out in results):
            for imaginary in (True, False):
                part = _output_part(function, imaginary)
                _compare(part, part(*inputs), inputs, options, parts=parts, imaginary=imaginary)
        else:
            _compare(function, results, inputs, options)
    if not check_forward_ad:
        return
    complex_inputs = [
        i
        for i, one in enumerate(inputs)
        if isinstance(one, TensorState) and one.is_complex()  # type: ignore[attr-defined]
    ]
    if not complex_inputs:
        _compare(function, results, inputs, options, forward=True)
        if check_undefined_grad:
            check_undefined_tangents(function, inputs)
        return
    for imaginary in (True, False):
        part = _input_part(function, complex_inputs, inputs, imaginary)
        given = tuple(
            _part(one, imaginary).detach().clone().requires_grad_(one.requires_grad)
            if place in complex_inputs
            else one
            for place, one in enumerate(inputs)
        )
        _compare(
            part,
            part(*given),
            given,
            options,
            forward=True,
            parts=complex_inputs,
            imaginary=imaginary,
        )
        if check_undefined_grad:
            check_undefined_tangents(part, given)


def _part(tensor: Any, imaginary: bool) -> Any:
    """The real or imaginary part of a complex tensor."""
    return REAL(tensor * -1j) if imaginary else REAL(tensor)


def _output_part(function: Callable[..., Any], imaginary: bool) -> Callable[..., Any]:
    def part(*inputs: Any) -> tuple[Any, ...]:
        outs = as_tuple(function(*inputs))
        return tuple(_part(out, imaginary) if out.is_complex() else out for out in outs)

    return part


def _input_part(
    function: Callable[..., Any], places: Sequence[int], inputs: Sequence[Any], imaginary: bool
) -> Callable[..., Any]:
    """The function of one part of its complex inputs, the other part held."""

    def part(*given: Any) -> tuple[Any, ...]:
        values = list(given)
        for place in places:
            held = inputs[place].detach()
            if imaginary:
                values[place] = _part(held, False) + given[place] * 1j
            else:
                values[place] = given[place] + _part(held, True) * 1j
        return as_tuple(function(*values))

    return part


def _check_inputs(inputs: Sequence[Any]) -> None:
    """At least one input must need a gradient, and none may be expanded."""
    asked = requiring_grad(inputs)
    for place, tensor in asked:
        data = tensor._data
        if data.dtype not in (np.dtype(np.float64), np.dtype(np.complex128)):
            warnings.warn(messages.GRADCHECK_PRECISION.format(place), UserWarning, stacklevel=4)
        if any(
            step <= 0 and size > 1 for step, size in zip(tensor.stride(), data.shape, strict=True)
        ):
            raise RuntimeError(messages.GRADCHECK_STRIDE.format(place))
    if not asked:
        raise ValueError(messages.GRADCHECK_NO_INPUT)


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Compare the gradients of `func` at `inputs` with central differences; True if they agree.

    inputs: tensors of float64 or complex128, of which those that need a gradient are looked at.
    eps: half of the difference's width. atol, rtol: how far the two may lie apart. nondet_tol: by
    how much two runs of the same backward may differ. check_undefined_grad: missing cotangents
    must act as zeros. check_forward_ad, check_backward_ad: which modes; check_batched_grad,
    check_batched_forward_grad: batches of cotangents and tangents, too. fast_mode: random
    projections in place of whole matrices. masked: zeros up to rounding do for zeros.

    Raises GradcheckError where they disagree (returns False with raise_exception=False),
    ValueError if no input needs a gradient. Differences know half of the digits at best:
    :func:`reference.check` compares with exact derivatives, to the last digit, and at corners.

    >>> import autodiff
    >>> x = autodiff.tensor([0.5, 2.], dtype=autodiff.float64, requires_grad=True)
    >>> autodiff.autograd.gradcheck(autodiff.exp, x)
    True
    """
    if not (check_forward_ad or check_backward_ad):
        raise AssertionError(
            "Expected at least one of check_forward_ad or check_backward_ad to be True"
        )
    if check_batched_grad and not check_backward_ad:
        raise AssertionError(
            "Setting check_batched_grad=True requires check_backward_ad to be True"
        )
    if check_batched_forward_grad and not check_forward_ad:
        raise AssertionError(
            "Setting check_batched_forward_grad=True requires check_forward_ad to be True"
        )
    given = as_tuple(inputs)
    options = _Options(
        eps=eps,
        atol=atol,
        rtol=rtol,
        nondet_tol=nondet_tol,
        check_grad_dtypes=check_grad_dtypes,
        fast_mode=fast_mode,
    )
    try:
        _check_inputs(given)
        results = as_tuple(func(*given))
        outputs = differentiable(results)
        _by_parts(
            func,
            results,
            given,
            options,
            check_forward_ad,
            check_backward_ad,
            check_undefined_grad,
        )
        if check_batched_forward_grad:
            check_batched_forward(func, given)
        if not check_backward_ad:
            return True
        if check_batched_grad:
            for number, out in enumerate(outputs):
                check_batched(given, out, number)
        check_linear(outputs, given, masked)
        if check_undefined_grad:
            check_undefined(func, outputs, given)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """The same for gradients of gradients: `gradcheck` of the backward pass.

    grad_outputs: the cotangents at which, by default random ones. The rest as in
    :func:`gradcheck`; check_fwd_over_rev and check_rev_over_rev say in which mode the backward
    pass is differentiated. Second derivatives: :func:`reference.check` has them exactly.

    >>> import autodiff
    >>> x = autodiff.tensor([0.5, 2.], dtype=autodiff.float64, requires_grad=True)
    >>> autodiff.autograd.gradgradcheck(autodiff.exp, x)
    True
    """
    if not (check_fwd_over_rev or check_rev_over_rev):
        raise AssertionError(
            "Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True"
        )
    if check_undefined_grad and not check_rev_over_rev:
        raise AssertionError(
            "Setting check_undefined_grad=True requires check_rev_over_rev to be True"
        )
    if check_batched_grad and not check_rev_over_rev:
        raise AssertionError(
            "Setting check_batched_grad=True requires check_rev_over_rev to be True"
        )
    given = as_tuple(inputs)
    if grad_outputs is None:
        seeds = _random_cotangents(differentiable(func(*given)), gen_non_contig_grad_outputs)
    else:
        seeds = as_tuple(grad_outputs)
    count = len(seeds)
    wanted = {place for place, _ in requiring_grad(given)}
    seeded = {place for place, _ in requiring_grad(seeds)}

    def pulled(*args: Any) -> tuple[Any, ...]:
        values = [
            _needing(one) if place in wanted else one for place, one in enumerate(args[:-count])
        ]
        outs = differentiable(func(*values))
        cotangents = [
            _needing(one) if place in seeded else one for place, one in enumerate(args[-count:])
        ]
        asked = [one for place, one in enumerate(values) if place in wanted]
        slopes = grad(outs, asked, cotangents, create_graph=True, allow_unused=True)
        return tuple(slope for slope in slopes if slope is not None)

    return gradcheck(
        pulled,
        given + seeds,
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad,
        fast_mode=fast_mode,
        check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev,
        masked=masked,
    )


def _needing(tensor: Any) -> Any:
    """The tensor, which needs a gradient; forward mode was given detached ones."""
    return tensor if tensor.requires_grad else tensor.requires_grad_()


def _random_cotangents(outputs: Sequence[Any], spread: bool) -> tuple[Any, ...]:
    generator = np.random.default_rng(0)
    seeds = []
    for out in outputs:
        data = out._data
        shape = (*data.shape, 2) if spread else data.shape
        values = generator.uniform(-1, 1, shape)
        if data.dtype.kind == "c":
            values = values + 1j * generator.uniform(-1, 1, shape)
        with no_grad():
            values = values.astype(data.dtype)
            seed = wrap(values[..., 0] if spread else values)
        seeds.append(seed.requires_grad_())
    return tuple(seeds)
