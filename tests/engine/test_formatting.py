"""The printed text of arrays: pairs taken from PyTorch 2.13."""

import math
import warnings
from typing import Any

import numpy as np
import pytest

from autodiff.dtypes import dtype, float16, float32, float64
from autodiff.formatting import PrintOptions, format_tensor

NAN, INF = math.nan, math.inf


def text(
    values: Any,
    numpy_type: Any = np.float32,
    *,
    default: dtype = float32,
    options: PrintOptions | None = None,
    **suffixes: Any,
) -> str:
    array = np.array(values, dtype=numpy_type)
    return format_tensor(
        array, options=options or PrintOptions(), default_dtype=default, **suffixes
    )


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (3.0, "tensor(3.)"),
        (-0.0, "tensor(-0.)"),
        (NAN, "tensor(nan)"),
        ([1.5, 2.25, -3.125], "tensor([ 1.5000,  2.2500, -3.1250])"),
        ([1.0, 1000.0, 1001.0], "tensor([1.0000e+00, 1.0000e+03, 1.0010e+03])"),
        ([0.00012, 0.1], "tensor([0.0001, 0.1000])"),
        ([2.5, 2500.0], "tensor([   2.5000, 2500.0000])"),
        ([1e8, 1.0], "tensor([1.0000e+08, 1.0000e+00])"),
        ([NAN, 1.0, INF], "tensor([nan, 1., inf])"),
        ([NAN, 1.5, -INF], "tensor([   nan, 1.5000,   -inf])"),
        ([0.99995, 1.0], "tensor([0.9999, 1.0000])"),
        ([0.0, -0.0], "tensor([0., -0.])"),
        ([[1.0, -2.0], [30.5, 4.0]], "tensor([[ 1.0000, -2.0000],\n        [30.5000,  4.0000]])"),
        ([], "tensor([])"),
    ],
)
def test_float32(values: Any, expected: str) -> None:
    assert text(values) == expected


@pytest.mark.parametrize(
    ("values", "numpy_type", "expected"),
    [
        ([True, False], np.bool_, "tensor([ True, False])"),
        ([1, -20, 300], np.int64, "tensor([  1, -20, 300])"),
        ([1], np.int32, "tensor([1], dtype=torch.int32)"),
        (2**64 - 1, np.uint64, "tensor(18446744073709551615, dtype=torch.uint64)"),
        ([1.5], np.float16, "tensor([1.5000], dtype=torch.float16)"),
        ([1 + 2j, -3.5 - 0.5j], np.complex64, "tensor([ 1.0000+2.0000j, -3.5000-0.5000j])"),
        (1j, np.complex64, "tensor(0.+1.j)"),
        ([1e-6 + 1j], np.complex64, "tensor([1.0000e-06+1.j])"),
        ([1j], np.complex128, "tensor([0.+1.j], dtype=torch.complex128)"),
        ([], np.int64, "tensor([], dtype=torch.int64)"),
    ],
)
def test_other_types(values: Any, numpy_type: Any, expected: str) -> None:
    assert text(values, numpy_type) == expected


@pytest.mark.parametrize("shape", [(0, 3), (2, 0, 3)])
def test_empty_shows_its_size(shape: tuple[int, ...]) -> None:
    assert text(np.empty(shape)) == f"tensor([], size={shape})"
    both = f"tensor([], size={shape}, dtype=torch.bool)"
    assert text(np.empty(shape), np.bool_) == both


def test_blocks_are_parted_by_an_empty_line() -> None:
    assert text(np.arange(8).reshape(2, 2, 2)) == (
        "tensor([[[0., 1.],\n         [2., 3.]],\n\n        [[4., 5.],\n         [6., 7.]]])"
    )


def test_long_rows_wrap() -> None:
    assert text(range(30), np.int64) == (
        "tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,\n"
        "        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29])"
    )


def test_summary_of_a_vector() -> None:
    expected = "tensor([   0,    1,    2,  ...,  998,  999, 1000])"
    assert text(range(1001), np.int64) == expected


def test_summary_of_a_matrix() -> None:
    rows = ["[0., 0.]"] * 3 + ["..."] + ["[0., 0.]"] * 3
    assert text(np.zeros((1001, 2))) == "tensor([" + ",\n        ".join(rows) + "])"


def test_summary_decides_by_the_shown_elements_only() -> None:
    values = np.ones(1001)
    values[500] = 1e-30
    assert text(values) == "tensor([1., 1., 1.,  ..., 1., 1., 1.])"


@pytest.mark.parametrize(
    ("values", "scientific"),
    [
        ([1.5, 1500.0], False),
        ([1.5, 1500.5], True),
        ([1e8], False),
        ([1e8 + 1], True),
        ([1e-4], False),
        ([0.99e-4], True),
        ([0.0, 1e-4], False),
    ],
)
def test_scientific_limits_are_strict(values: list[float], scientific: bool) -> None:
    assert ("e" in text(values, np.float64, default=float64)[len("tensor") :]) == scientific


def test_suffixes() -> None:
    assert text([1, 2], requires_grad=True) == "tensor([1., 2.], requires_grad=True)"
    assert text([2, 4], requires_grad=True, grad_fn_name="MulBackward0") == (
        "tensor([2., 4.], grad_fn=<MulBackward0>)"
    )
    assert text(5, np.float64, grad_fn_name="SumBackward0") == (
        "tensor(5., dtype=torch.float64, grad_fn=<SumBackward0>)"
    )
    assert text([1, 1], tangent=text([0, 0])) == "tensor([1., 1.], tangent=tensor([0., 0.]))"
    assert text([1, 1], prefix="Mine(") == "Mine([1., 1.])"


def test_suffix_that_does_not_fit_takes_a_new_line() -> None:
    matrix = np.full((3, 4), math.e)
    row = "[2.7183, 2.7183, 2.7183, 2.7183]"
    assert text(matrix, np.float64, grad_fn_name="ExpBackward0") == (
        f"tensor([{row},\n        {row},\n        {row}], dtype=torch.float64,\n"
        "       grad_fn=<ExpBackward0>)"
    )
    nine, seven = ", ".join(["1.2500"] * 9), ", ".join(["1.2500"] * 7)
    assert text([1.25] * 16, grad_fn_name="MulBackward0") == (
        f"tensor([{nine},\n        {seven}],\n       grad_fn=<MulBackward0>)"
    )


def test_default_dtype_is_not_written() -> None:
    assert text([1], np.float32, default=float64) == "tensor([1.], dtype=torch.float32)"
    assert text([1], np.float64, default=float64) == "tensor([1.])"
    assert text([1], np.complex128, default=float64) == "tensor([1.+0.j])"
    assert text([1], np.complex64, default=float16) == "tensor([1.+0.j])"


@pytest.mark.parametrize(
    ("changes", "values", "expected"),
    [
        ({"precision": 2}, [1.2345], "tensor([1.23])"),
        ({"precision": 2, "sci_mode": True}, [1, 2], "tensor([1.00e+00, 2.00e+00])"),
        ({"sci_mode": True}, [0.0, NAN], "tensor([0., nan])"),
        ({"sci_mode": False}, [1e-9, 1.5], "tensor([0.0000, 1.5000])"),
        ({"threshold": 5}, range(10), "tensor([0., 1., 2.,  ..., 7., 8., 9.])"),
        ({"threshold": 5, "edgeitems": 0}, range(10), "tensor([...], size=(10,))"),
        ({"edgeitems": 0}, [1, 2], "tensor([1., 2.], size=(2,))"),
        ({"linewidth": 16}, [1, 2, 3], "tensor([1., 2.,\n        3.])"),
    ],
)
def test_options(changes: dict[str, Any], values: Any, expected: str) -> None:
    assert text(list(values), options=PrintOptions().updated(**changes)) == expected


def test_updated_follows_set_printoptions() -> None:
    start = PrintOptions(precision=7, sci_mode=True)
    assert start.updated() == PrintOptions(precision=7)
    assert start.updated(profile="default") == PrintOptions()
    assert start.updated(profile="short", linewidth=9) == PrintOptions(2, 1000, 2, 9)
    assert start.updated(profile="full") == PrintOptions(threshold=INF)
    assert start.updated(profile="unknown") == PrintOptions(precision=7)
    with pytest.raises(AttributeError):
        start.precision = 3  # type: ignore[misc]


def test_scalars_and_strided_views_are_accepted() -> None:
    options = PrintOptions()
    single = format_tensor(np.float32(1.5), options=options, default_dtype=float32)
    assert single == "tensor(1.5000)"
    view = np.arange(6.0, dtype=np.float32).reshape(2, 3).T[::-1]
    assert text(view) == "tensor([[2., 5.],\n        [1., 4.],\n        [0., 3.]])"


@pytest.mark.parametrize("numpy_type", [np.float16, np.float32, np.float64, np.complex64])
def test_extreme_values_raise_no_warning(numpy_type: Any) -> None:
    # 0x7fa00000 is a signalling NaN, whose conversion raises a floating-point flag.
    signalling = np.array([0x7FA00000], np.uint32).view(np.float32)
    largest = np.finfo(numpy_type).max
    values = np.array([NAN, INF, -INF, largest, 5e-324, 0.0]).astype(numpy_type)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert text(values, numpy_type).startswith("tensor([")
        assert (
            format_tensor(signalling, options=PrintOptions(), default_dtype=float32)
            == "tensor([nan])"
        )
