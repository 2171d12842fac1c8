"""The dtype of every binary operation on every pair of dtypes and kinds, here and in PyTorch."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import pytest

import autodiff

torch = pytest.importorskip("torch")
pytest.importorskip("ml_dtypes")

DTYPES = (
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "bfloat16",
    "float32",
    "float64",
    "complex64",
    "complex128",
)
SCALARS = (True, 2, 1.5, 1 + 2j)
OPERATIONS = {
    "add": lambda T, a, b: a + b,
    "sub": lambda T, a, b: a - b,
    "mul": lambda T, a, b: a * b,
    "div": lambda T, a, b: a / b,
    "floordiv": lambda T, a, b: a // b,
    "mod": lambda T, a, b: a % b,
    "pow": lambda T, a, b: a**b,
    "eq": lambda T, a, b: a == b,
    "lt": lambda T, a, b: a < b,
    "maximum": lambda T, a, b: T.maximum(a, b),
    "and": lambda T, a, b: a & b,
    "logical_and": lambda T, a, b: T.logical_and(a, b),
    "where": lambda T, a, b: T.where(T.tensor([True, False]), a, b),
    "cat": lambda T, a, b: T.cat([a.reshape(-1), b.reshape(-1)]),
    "stack": lambda T, a, b: T.stack([a.reshape(-1)[:1], b.reshape(-1)[:1]]),
}
IN_PLACE = {
    "add_": lambda a, b: a.add_(b),
    "sub_": lambda a, b: a.sub_(b),
    "mul_": lambda a, b: a.mul_(b),
    "div_": lambda a, b: a.div_(b),
    "floor_divide_": lambda a, b: a.floor_divide_(b),
    "remainder_": lambda a, b: a.remainder_(b),
    "pow_": lambda a, b: a.pow_(b),
    "eq_": lambda a, b: a.eq_(b),
    "copy_": lambda a, b: a.copy_(b),
    "iadd": lambda a, b: a.__iadd__(b),
    "setitem": lambda a, b: a.__setitem__(0, b) or a,
}


def outcome(function: Any, *args: Any) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = function(*args)
        except Exception:  # noqa: BLE001 - both must refuse; the words are held elsewhere
            return "refused"
    values = result.to(result.dtype).reshape(-1).tolist()
    numbers = [complex(v) for v in values]
    return f"{result.dtype} {[(round(v.real, 1) + 0.0, round(v.imag, 1) + 0.0) for v in numbers]}"


def half_complex(what: str) -> bool:
    """Where PyTorch gives (or lacks a kernel for) complex32, which NumPy does not have."""
    return "float16" in what and ("complex" in what or "j" in what)


def tensors(T: Any, dtype: str) -> tuple[Any, Any]:
    kind = getattr(T, dtype)
    return T.tensor([1, 3]).to(kind), T.tensor(2).to(kind)


def pairs(T: Any) -> Any:
    for first, second in itertools.product(DTYPES, DTYPES):
        (a, a0), (b, b0) = tensors(T, first), tensors(T, second)
        for kind, x, y in (("dd", a, b), ("dz", a, b0), ("zd", a0, b), ("zz", a0, b0)):
            yield f"{first} {second} {kind}", x, y
    for dtype, number in itertools.product(DTYPES, SCALARS):
        a, a0 = tensors(T, dtype)
        yield f"{dtype} {number} d", a, number
        yield f"{dtype} {number} z", a0, number
        yield f"{number} {dtype} d", number, a


@pytest.mark.parametrize("name", OPERATIONS)
def test_result_dtype(name: str) -> None:
    function = OPERATIONS[name]
    wrong = [
        (what, ours, theirs)
        for (what, a, b), (_, c, d) in zip(pairs(autodiff), pairs(torch), strict=True)
        if not half_complex(what)
        and (ours := outcome(function, autodiff, a, b))
        != (theirs := outcome(function, torch, c, d))
    ]
    assert not wrong


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place_dtype(name: str) -> None:
    function = IN_PLACE[name]
    wrong = [
        (what, ours, theirs)
        for (what, a, b), (_, c, d) in zip(pairs(autodiff), pairs(torch), strict=True)
        if isinstance(a, autodiff.Tensor)
        and (ours := outcome(function, a.clone(), b))
        != (theirs := outcome(function, c.clone(), d))
    ]
    assert not wrong
