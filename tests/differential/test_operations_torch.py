"""Every operation gives PyTorch's values, dtypes, shapes, gradients of two orders, and words."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import autodiff
from operation_samples import ERROR_INPUTS, ERRORS, SAMPLES, Sample, arrays, cotangent

torch = pytest.importorskip("torch")
torch.set_warn_always(True)

ORDERS = (1, 4, 16)  # how many times a sample's bound each order of derivative may use up


class Different(AssertionError):
    """Ours is not what PyTorch's is."""


def run(module: Any, sample: Sample, dtype: str) -> tuple[Any, list[Any], list[str]]:
    """The result, the inputs, and the warnings; the result is the exception if one was raised."""
    inputs = []
    for one, array in zip(sample.inputs, arrays(sample, dtype), strict=True):
        tensor = module.from_numpy(array)
        if one.cast and array.dtype.kind in "fc":
            tensor.requires_grad_()
        inputs.append(tensor)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = sample.call(module, *inputs)
        except Exception as error:  # noqa: BLE001 - which errors there are is what is compared
            result = error
    return result, inputs, [str(w.message).split(" (Triggered internally")[0] for w in caught]


def flat(module: Any, result: Any) -> list[Any]:
    """The tensors in a result."""
    if isinstance(result, module.Tensor):
        return [result]
    return [tensor for part in result for tensor in flat(module, part)]


def words(error: Exception) -> str:
    """Type and message, without where inside PyTorch it was raised."""
    text = str(error).split("\nException raised from")[0].rstrip()
    return f"{type(error).__name__}: {text}"


def ulps(mine: np.ndarray, theirs: np.ndarray, norm: bool, scale: float = 0.0) -> float:
    """The largest distance in units in the last place.

    norm: of the largest element, not of each. scale: of at least this number.
    """
    if mine.dtype.kind not in "fc":
        return 0.0 if np.array_equal(mine, theirs) else np.inf
    if mine.dtype.kind == "c":
        if np.isfinite(mine).all() and np.isfinite(theirs).all() and mine.size:
            # an error in one part is judged by the size of the whole number
            norm, scale = True, max(scale, float(np.max(np.abs(theirs))))
        return max(
            ulps(mine.real, theirs.real, norm, scale), ulps(mine.imag, theirs.imag, norm, scale)
        )
    finite = np.isfinite(theirs)
    if not np.array_equal(finite, np.isfinite(mine)):
        return np.inf
    if not np.array_equal(mine[~finite], theirs[~finite], equal_nan=True):
        return np.inf
    mine, theirs = mine[finite], theirs[finite]
    if not mine.size:
        return 0.0
    size = np.maximum(np.abs(mine), np.abs(theirs))
    unit = np.spacing(np.maximum(np.max(size) if norm else size, theirs.dtype.type(scale)))
    distance = np.abs(mine.astype(np.float64) - theirs.astype(np.float64))
    return float(np.max(distance / np.maximum(unit, np.finfo(theirs.dtype).smallest_subnormal)))


def check_values(
    what: str, mine: Any, theirs: Any, bound: float, norm: bool, scale: float = 0.0
) -> None:
    left = mine.detach().numpy()
    right = theirs.detach().resolve_conj().numpy(force=True)
    if left.dtype != right.dtype or left.shape != right.shape:
        raise Different(
            f"{what}: {left.dtype}{list(left.shape)}, theirs {right.dtype}{list(right.shape)}"
        )
    if left.dtype == np.float16:
        bound *= 4
    found = ulps(np.atleast_1d(left), np.atleast_1d(right), norm, scale)
    if found > bound:
        raise Different(f"{what}: {found} ULP\nmine   {left.tolist()}\ntheirs {right.tolist()}")


def largest(tensor: Any) -> float:
    """The largest finite size of an element."""
    if tensor is None:
        return 0.0
    sizes = np.abs(tensor.detach().resolve_conj().numpy(force=True))
    return float(np.max(sizes, initial=0.0, where=np.isfinite(sizes)))


def node_name(tensor: Any) -> str:
    return "none" if tensor.grad_fn is None else type(tensor.grad_fn).__name__


def layout(tensor: Any) -> list[int]:
    """The steps between elements; along a single element there is none."""
    return [step for step, size in zip(tensor.stride(), tensor.shape, strict=True) if size != 1]


def cotangents(module: Any, tensors: Sequence[Any], seed: int) -> list[Any]:
    made = []
    for number, tensor in enumerate(tensors):
        dtype = str(tensor.dtype).removeprefix("torch.")
        array = cotangent(tuple(tensor.shape), dtype, seed + number)
        made.append(module.from_numpy(np.array(array)).requires_grad_())
    return made


def derivatives(module: Any, outputs: list[Any], inputs: list[Any], order: int) -> list[list[Any]]:
    """Gradients of the first order, the second, …: each of all that the one before depended on."""
    found = []
    outputs = [t for t in outputs if t.requires_grad]
    inputs = [t for t in inputs if t.requires_grad]
    for number in range(order):
        if not outputs or not inputs:
            break
        given = cotangents(module, outputs, 7 * number)
        results = module.autograd.grad(
            outputs, inputs, given, create_graph=True, allow_unused=True
        )
        found.append(list(results))
        outputs = [t for t in results if t is not None and t.requires_grad]
        inputs = [*inputs, *given]
    return found


def missing_as_zeros(module: Any, found: list[Any], others: list[Any]) -> list[Any]:
    return [
        module.from_numpy(np.zeros(tuple(b.shape), str(b.dtype).removeprefix("torch.")))
        if a is None and b is not None
        else a
        for a, b in zip(found, others, strict=True)
    ]


def compare(
    sample: Sample, dtype: str, order: int = 2, counts: Counter[str] | None = None
) -> None:
    """Raise `Different` where a sample does not do what it does in PyTorch."""
    counts = Counter() if counts is None else counts
    theirs, their_inputs, their_warnings = run(torch, sample, dtype)
    if isinstance(theirs, Exception) and "not implemented for" in str(theirs):
        counts["not implemented in PyTorch"] += 1
        return
    mine, my_inputs, my_warnings = run(autodiff, sample, dtype)
    if isinstance(theirs, Exception) or isinstance(mine, Exception):
        counts["errors"] += 1
        compare_errors(mine, theirs)
        return
    if my_warnings != their_warnings:
        raise Different(f"warnings {my_warnings}, theirs {their_warnings}")
    left, right = flat(autodiff, mine), flat(torch, theirs)
    compare_results(sample, left, right, counts)
    if isinstance(mine, tuple | autodiff.Tensor) and repr_is_settled(left, right):
        if repr(mine) != repr(theirs):
            raise Different(f"prints\n{mine!r}\ntheirs\n{theirs!r}")
        counts["texts"] += 1
    if "values" in sample.options:  # where the gradient is ours to choose, or better
        return
    order = 1 if "first order" in sample.options else order
    try:
        their_gradients = derivatives(torch, right, their_inputs, order)
    except RuntimeError as error:  # a NotImplementedError, too
        if "not implemented" in str(error):
            return
        raise
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        my_gradients = derivatives(autodiff, left, my_inputs, order)
    for number, their_row in enumerate(their_gradients, 1):
        my_row = my_gradients[number - 1] if len(my_gradients) >= number else []
        # what cancels in a second derivative is of the size of its neighbours and of the first
        scale = max(map(largest, [*their_gradients[0], *their_row]), default=0.0)
        compare_gradients(sample, number, my_row, their_row, 0.0 if number == 1 else scale, counts)


def compare_errors(mine: Any, theirs: Any) -> None:
    if not isinstance(theirs, Exception):
        raise Different(f"raised {words(mine)}") from mine
    if not isinstance(mine, Exception):
        raise Different(f"did not raise {words(theirs)}")
    if words(mine) != words(theirs):
        raise Different(f"{words(mine)}\ntheirs {words(theirs)}")


def compare_results(
    sample: Sample, left: list[Any], right: list[Any], counts: Counter[str]
) -> None:
    """Values, and what else can be seen of a result."""
    if len(left) != len(right):
        raise Different(f"{len(left)} results, theirs {len(right)}")
    for a, b in zip(left, right, strict=True):
        check_values("value", a, b, sample.ulp, sample.norm)
        for fact in (lambda t: t.requires_grad, node_name, lambda t: t.is_leaf):
            if fact(a) != fact(b):
                raise Different(f"{fact(a)}, theirs {fact(b)}")
        counts["values"] += 1
        if "fused" in sample.options:  # one row here, several operations in PyTorch
            continue
        if b._is_view() and b.numel() and layout(a) != layout(b):
            raise Different(f"strides {a.stride()}, theirs {b.stride()}")
        if b.requires_grad and a._is_view() != b._is_view():
            raise Different(f"view: {a._is_view()}, theirs {b._is_view()}")


def compare_gradients(
    sample: Sample,
    number: int,
    my_row: list[Any],
    their_row: list[Any],
    scale: float,
    counts: Counter[str],
) -> None:
    """The gradients of one order; from the second on, none is as good as zero."""
    if len(my_row) != len(their_row):
        rows = [*their_row, *my_row]
        if any(t is not None and bool(t.detach().any()) for t in rows):
            raise Different(f"order {number}: {len(my_row)} gradients, theirs {len(their_row)}")
        return
    if number == 1 and [t is None for t in my_row] != [t is None for t in their_row]:
        raise Different(f"order 1: {my_row}, theirs {their_row}")
    mine = missing_as_zeros(autodiff, my_row, their_row)
    theirs = missing_as_zeros(torch, their_row, my_row)
    for position, (a, b) in enumerate(zip(mine, theirs, strict=True)):
        if a is not None:
            what, norm = f"order {number}, input {position}", sample.norm or number > 1
            check_values(what, a, b, sample.ulp * ORDERS[number], norm, scale)
            counts[f"gradients of order {number}"] += 1


def repr_is_settled(mine: list[Any], theirs: list[Any]) -> bool:
    """Whether the numbers are equal to the last bit, so that their texts must be, too."""
    for a, b in zip(mine, theirs, strict=True):
        left, right = a.detach().numpy(), b.detach().resolve_conj().numpy()
        if left.tobytes() != right.tobytes():
            return False
    return True


CASES = [(sample, dtype) for sample in SAMPLES for dtype in sample.dtypes]


@pytest.mark.parametrize(
    ("sample", "dtype"), CASES, ids=[f"{sample}-{dtype}" for sample, dtype in CASES]
)
def test_operation(sample: Sample, dtype: str) -> None:
    compare(sample, dtype)


WRONG = [(family, number) for family, calls in ERRORS.items() for number in range(len(calls))]


def complaint(module: Any, family: str, number: int) -> str:
    tensors = [module.from_numpy(np.array(one.values)) for one in ERROR_INPUTS]
    for tensor in tensors[:3]:
        tensor.requires_grad_()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ERRORS[family][number](module, *tensors)
        except Exception as error:  # noqa: BLE001 - which errors there are is what is compared
            return words(error)
    return "none"


@pytest.mark.parametrize(("family", "number"), WRONG)
def test_wrong_call(family: str, number: int) -> None:
    theirs = complaint(torch, family, number)
    mine = complaint(autodiff, family, number)
    if "invalid combination of arguments" in theirs or "missing 1 required" in theirs:
        # the list of overloads is PyTorch's own, missing arguments are Python's business
        assert mine.partition(":")[0] == theirs.partition(":")[0]
    else:
        assert mine == theirs
