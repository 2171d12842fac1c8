"""Promotion, casting and limits are PyTorch's, for every pair of types and kinds."""

import itertools
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from autodiff import dtypes, size

torch = pytest.importorskip("torch")

NAMES = [
    "bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64",
    "float16", "bfloat16", "float32", "float64", "complex64", "complex128",
]  # fmt: skip
NUMBERS = {"bool": True, "int64": 2, "float64": 1.5, "complex128": 1j}
KINDS = [(name, kind) for kind in ("dim", "zero") for name in NAMES]
KINDS += [(name, "wrapped") for name in NUMBERS]


def mine(name: str) -> dtypes.dtype:
    found: dtypes.dtype = getattr(dtypes, name)
    return found


def outcome(call: Callable[[], object]) -> str:
    """The printed result, or the kind and first line of the error."""
    try:
        return str(call())
    except (RuntimeError, TypeError) as error:
        return f"{type(error).__name__}: {error}".splitlines()[0]


def without_complex32(text: str) -> str:
    """NumPy has no complex32; its place is taken by complex64."""
    return text.replace("complex32", "complex64")


@pytest.mark.parametrize("name", NAMES)
def test_attributes(name: str) -> None:
    d, t = mine(name), getattr(torch, name)
    assert repr(d) == str(d) == repr(t)
    for attribute in ("is_floating_point", "is_complex", "is_signed", "itemsize"):
        assert getattr(d, attribute) == getattr(t, attribute), attribute
    assert f"torch.{d.title}Tensor" == torch.zeros(1, dtype=t).type()
    assert outcome(d.to_complex) == without_complex32(outcome(t.to_complex))
    assert outcome(d.to_real) == outcome(t.to_real)


@pytest.mark.parametrize(
    "alias", ["half", "float", "double", "cfloat", "cdouble", "short", "int", "long"]
)
def test_aliases(alias: str) -> None:
    assert repr(mine(alias)) == repr(getattr(torch, alias))


@pytest.mark.parametrize("a", NAMES)
@pytest.mark.parametrize("b", NAMES)
def test_pairs(a: str, b: str) -> None:
    ours = outcome(lambda: dtypes.promote_types(mine(a), mine(b)))
    assert ours == outcome(lambda: torch.promote_types(getattr(torch, a), getattr(torch, b)))
    cast = torch.can_cast(getattr(torch, a), getattr(torch, b))
    assert dtypes.can_cast(mine(a), mine(b)) == cast


def operand(name: str, kind: str) -> Any:
    if kind == "wrapped":
        return NUMBERS[name]
    return torch.zeros((2,) if kind == "dim" else (), dtype=getattr(torch, name))


@pytest.mark.parametrize("default", ["float32", "float64", "float16", "bfloat16"])
def test_result_type_of_every_pair(default: str) -> None:
    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, default))
    try:
        for a, b in itertools.product(KINDS, KINDS):
            expected = outcome(partial(torch.result_type, operand(*a), operand(*b)))
            operands: Any = ((mine(a[0]), a[1]), (mine(b[0]), b[1]))
            ours = outcome(partial(dtypes.result_type, operands, mine(default)))
            assert ours == without_complex32(expected), (a, b)
    finally:
        torch.set_default_dtype(before)


def test_result_type_of_triples() -> None:
    # torch.result_type takes two; torch.cat promotes any number of tensors with dimensions,
    # and torch.where takes a 0-d tensor beside them: both end in the same rule.
    for names in itertools.product(["bool", "uint8", "int8", "float16", "complex64"], repeat=3):
        tensors = [operand(name, "dim") for name in names]
        operands: Any = tuple((mine(name), "dim") for name in names)
        ours = dtypes.result_type(operands, dtypes.float32)
        assert str(ours) == str(torch.cat(tensors).dtype), names


@pytest.mark.parametrize("name", NAMES)
def test_limits(name: str) -> None:
    for function, attributes in (
        ("finfo", ("bits", "dtype", "eps", "max", "min", "resolution", "smallest_normal", "tiny")),
        ("iinfo", ("bits", "dtype", "max", "min")),
    ):
        ours = outcome(partial(getattr(dtypes, function), mine(name)))
        theirs = outcome(partial(getattr(torch, function), getattr(torch, name)))
        assert ours == theirs
        if "Error" not in theirs:
            a = getattr(dtypes, function)(mine(name))
            b = getattr(torch, function)(getattr(torch, name))
            assert [getattr(a, each) for each in attributes] == [
                getattr(b, each) for each in attributes
            ]


@pytest.mark.parametrize("given", [bool, int, float, complex])
def test_python_types(given: type) -> None:
    assert str(dtypes.as_dtype(given)) == str(torch.zeros(1, dtype=given).dtype)


@pytest.mark.parametrize("code", ["O", "U1", "S1", "M8[s]", "m8[s]", "i4,", "g", "G"])
def test_unsupported_arrays(code: str) -> None:
    if np.dtype(code) == np.float64 or np.dtype(code) == np.complex128:
        pytest.skip("long double is double on this platform")
    with pytest.raises(TypeError) as theirs:
        torch.from_numpy(np.zeros(1, code))
    with pytest.raises(TypeError) as ours:
        dtypes.from_numpy_dtype(np.dtype(code))
    assert str(ours.value) == str(theirs.value)


EXPRESSIONS = [
    "Size([2, 3])", "Size([])", "Size([2, 3])[1:]", "Size([2, 3])[0]", "Size([2, 3]) + (4,)",
    "(4,) + Size([1])", "2 * Size([2])", "Size([2, 3]) * 2", "Size([2, 3]).numel()",
    "Size([1.5])", "Size(3)", "Size([True])", "Size([1]) + [2]", "Size([2]) + (1.5,)",
    "Size([1]) * 1.5", "1.5 * Size([1])", "Size([2]) * np.array([1, 2])",
    "Size([2]) + np.array([1, 2])", "np.array([1, 2]) + Size([2])", "device('cpu')",
    "device('cuda:0')", "device('cuda', 1)", "device(type='cuda', index=2)",
    "device(device('cpu'))", "str(device('cuda:1'))", "device('cpu') == device('cpu:0')",
    "device('cpu') == 'cpu'", "device('foo')", "device('')", "device('cuda:')",
    "device('cuda:01')", "device('cpu:0', 1)", "device('cuda', -1)", "device('cuda:0:1')",
    "device(' cpu')", "device('cuda', 1.5)", "device(device('cpu'), 0)",
    "device('cuda:99999999999999')",
]  # fmt: skip


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_size_and_device(expression: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        names = {"np": np, "Size": torch.Size, "device": torch.device}
        theirs = outcome(lambda: eval(expression, names))
    ours = outcome(lambda: eval(expression, {"np": np, "Size": size.Size, "device": size.device}))
    assert ours == theirs
