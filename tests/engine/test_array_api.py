"""The namespace of tensors has the array API standard's names, signatures and meanings."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import autodiff
from autodiff.autograd import grad

XP = autodiff.ones(1).__array_namespace__()

# the 2024.12 standard: what each function takes, `/` and `*` as in Python
ONE = """abs acos acosh asin asinh atan atanh bitwise_invert ceil conj cos cosh exp expm1 floor
imag isfinite isinf isnan log log1p log2 log10 logical_not negative positive real reciprocal
round sign signbit sin sinh square sqrt tan tanh trunc matrix_transpose nonzero unique_all
unique_counts unique_inverse unique_values""".split()  # noqa: SIM905 - as the standard lists them
TWO = """add atan2 bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor
copysign divide equal floor_divide greater greater_equal hypot less less_equal logaddexp
logical_and logical_or logical_xor maximum minimum multiply nextafter not_equal pow
remainder subtract matmul""".split()  # noqa: SIM905
OTHERS = {
    "clip": ("x", "min", "max"),
    "arange": ("start", "stop", "step", "dtype", "device"),
    "asarray": ("obj", "dtype", "device", "copy"),
    "empty": ("shape", "dtype", "device"),
    "empty_like": ("x", "dtype", "device"),
    "eye": ("n_rows", "n_cols", "k", "dtype", "device"),
    "from_dlpack": ("x", "device", "copy"),
    "full": ("shape", "fill_value", "dtype", "device"),
    "full_like": ("x", "fill_value", "dtype", "device"),
    "linspace": ("start", "stop", "num", "dtype", "device", "endpoint"),
    "meshgrid": ("arrays", "indexing"),
    "ones": ("shape", "dtype", "device"),
    "ones_like": ("x", "dtype", "device"),
    "tril": ("x", "k"),
    "triu": ("x", "k"),
    "zeros": ("shape", "dtype", "device"),
    "zeros_like": ("x", "dtype", "device"),
    "astype": ("x", "dtype", "copy", "device"),
    "broadcast_arrays": ("arrays",),
    "broadcast_to": ("x", "shape"),
    "can_cast": ("from_", "to"),
    "isdtype": ("dtype", "kind"),
    "result_type": ("arrays_and_dtypes",),
    "take": ("x", "indices", "axis"),
    "take_along_axis": ("x", "indices", "axis"),
    "tensordot": ("x1", "x2", "axes"),
    "vecdot": ("x1", "x2", "axis"),
    "concat": ("arrays", "axis"),
    "expand_dims": ("x", "axis"),
    "flip": ("x", "axis"),
    "moveaxis": ("x", "source", "destination"),
    "permute_dims": ("x", "axes"),
    "repeat": ("x", "repeats", "axis"),
    "reshape": ("x", "shape", "copy"),
    "roll": ("x", "shift", "axis"),
    "squeeze": ("x", "axis"),
    "stack": ("arrays", "axis"),
    "tile": ("x", "repetitions"),
    "unstack": ("x", "axis"),
    "argmax": ("x", "axis", "keepdims"),
    "argmin": ("x", "axis", "keepdims"),
    "count_nonzero": ("x", "axis", "keepdims"),
    "searchsorted": ("x1", "x2", "side", "sorter"),
    "where": ("condition", "x1", "x2"),
    "argsort": ("x", "axis", "descending", "stable"),
    "sort": ("x", "axis", "descending", "stable"),
    "cumulative_prod": ("x", "axis", "dtype", "include_initial"),
    "cumulative_sum": ("x", "axis", "dtype", "include_initial"),
    "max": ("x", "axis", "keepdims"),
    "mean": ("x", "axis", "keepdims"),
    "min": ("x", "axis", "keepdims"),
    "prod": ("x", "axis", "dtype", "keepdims"),
    "std": ("x", "axis", "correction", "keepdims"),
    "sum": ("x", "axis", "dtype", "keepdims"),
    "var": ("x", "axis", "correction", "keepdims"),
    "all": ("x", "axis", "keepdims"),
    "any": ("x", "axis", "keepdims"),
    "diff": ("x", "axis", "n", "prepend", "append"),
    "__array_namespace_info__": (),
}
VALUES = """e inf nan newaxis pi bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32
float64 complex64 complex128 finfo iinfo linalg fft __array_api_version__""".split()  # noqa: SIM905
LINALG = """cholesky cross det diagonal eigh eigvalsh inv matmul matrix_norm matrix_power
matrix_rank matrix_transpose outer qr slogdet solve svd svdvals tensordot trace vecdot
vector_norm""".split()  # noqa: SIM905
FFT = """fft ifft fftn ifftn rfft irfft rfftn irfftn hfft ihfft fftfreq rfftfreq fftshift
ifftshift""".split()  # noqa: SIM905


@pytest.mark.parametrize("name", [*ONE, *TWO, *OTHERS])
def test_signature(name: str) -> None:
    parameters = inspect.signature(getattr(XP, name)).parameters
    wanted = OTHERS.get(name, ("x",) if name in ONE else ("x1", "x2"))
    if name in OTHERS:
        assert tuple(sorted(parameters)) == tuple(sorted(wanted))
    else:  # PyTorch's own function may do; the standard's arguments have no names
        required = [p for p in parameters.values() if p.default is p.empty]
        assert len(required) == len(wanted)
    assert name in dir(XP)


@pytest.mark.parametrize("name", VALUES)
def test_constants_and_dtypes(name: str) -> None:
    assert hasattr(XP, name)


def test_extensions() -> None:
    assert [name for name in LINALG if not hasattr(XP.linalg, name)] == []
    assert [name for name in FFT if not hasattr(XP.fft, name)] == []
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        XP.nothing  # noqa: B018 - reading it is the test


M = np.array([[0.5, -1.25, 2.0], [3.0, 0.25, -0.75]])
V = np.array([2.0, -1.0, 0.5])
CALLS: dict[str, Any] = {
    "diff": lambda xp, m, v: xp.diff(m, axis=0, n=1),
    "diff more": lambda xp, m, v: xp.diff(v, n=2, prepend=v[:1], append=v[:2]),
    "cumulative_prod": lambda xp, m, v: xp.cumulative_prod(m, axis=1),
    "cumulative_prod from one": lambda xp, m, v: xp.cumulative_prod(v, include_initial=True),
    "cumulative_sum": lambda xp, m, v: xp.cumulative_sum(m, axis=0, include_initial=True),
    "repeat": lambda xp, m, v: xp.repeat(m, 2, axis=1),
    "repeat each": lambda xp, m, v: xp.repeat(v, xp.asarray([2, 0, 1])),
    "tile": lambda xp, m, v: xp.tile(m, (2, 1, 2)),
    "meshgrid": lambda xp, m, v: xp.meshgrid(v, m[0, :2])[1],
    "meshgrid ij": lambda xp, m, v: xp.meshgrid(v, m[0, :2], indexing="ij")[0],
    "tensordot": lambda xp, m, v: xp.tensordot(m, v, axes=1),
    "tensordot axes": lambda xp, m, v: xp.tensordot(m, m, axes=((0,), (0,))),
    "vecdot": lambda xp, m, v: xp.vecdot(m, v),
    "take": lambda xp, m, v: xp.take(m, xp.asarray([2, 0]), axis=1),
    "moveaxis": lambda xp, m, v: xp.moveaxis(m, 0, 1),
    "unstack": lambda xp, m, v: xp.unstack(m, axis=1)[1],
    "std": lambda xp, m, v: xp.std(m, axis=1, correction=1.0),
    "var": lambda xp, m, v: xp.var(m, axis=(0, 1), keepdims=True),
    "copysign": lambda xp, m, v: xp.copysign(m, v),
    "clip": lambda xp, m, v: xp.clip(m, min=-0.5, max=1.0),
    "sort": lambda xp, m, v: xp.sort(m, axis=1),
    "unique": lambda xp, m, v: xp.unique_values(xp.concat([v, v])),
    "concat": lambda xp, m, v: xp.concat([m, m], axis=None),
    "roll": lambda xp, m, v: xp.roll(m, 2),
    "cross": lambda xp, m, v: xp.linalg.cross(m, v),
    "trace": lambda xp, m, v: xp.linalg.trace(m, offset=1),
    "diagonal": lambda xp, m, v: xp.linalg.diagonal(m),
    "outer": lambda xp, m, v: xp.linalg.outer(v, m[0]),
    "matrix_norm": lambda xp, m, v: xp.linalg.matrix_norm(m),
    "vector_norm": lambda xp, m, v: xp.linalg.vector_norm(m, axis=1, ord=3),
    "hypot": lambda xp, m, v: xp.hypot(m, v),
    "logaddexp": lambda xp, m, v: xp.logaddexp(m, v),
    "broadcast_arrays": lambda xp, m, v: xp.broadcast_arrays(m, v)[1],
    "arithmetic": lambda xp, m, v: xp.divide(
        xp.subtract(xp.multiply(m, m), v), xp.add(xp.pow(v, xp.full(3, 2.0)), 1)
    ),
}
PLAIN: dict[str, Any] = {
    "signbit": lambda xp, m, v: xp.signbit(m),
    "nextafter": lambda xp, m, v: xp.nextafter(m, v),
    "shifts": lambda xp, m, v: xp.bitwise_left_shift(xp.asarray([1, 2]), xp.asarray([3, 1])),
    "searchsorted": lambda xp, m, v: xp.searchsorted(xp.sort(v), m, side="right"),
    "argmax": lambda xp, m, v: xp.argmax(m, axis=1, keepdims=True),
    "argmin": lambda xp, m, v: xp.argmin(m),
    "argsort": lambda xp, m, v: xp.argsort(m, axis=0),
    "all": lambda xp, m, v: xp.all(m > 0, axis=0),
    "any": lambda xp, m, v: xp.any(m > 2),
    "count_nonzero": lambda xp, m, v: xp.count_nonzero(m, axis=1),
    "counts": lambda xp, m, v: xp.unique_counts(xp.asarray([3, 1, 3])).counts,
    "inverse": lambda xp, m, v: xp.unique_inverse(xp.asarray([3, 1, 3])).inverse_indices,
    "eye": lambda xp, m, v: xp.eye(2, 3, k=1, dtype=xp.float64),
    "linspace": lambda xp, m, v: xp.linspace(0, 1, 4, endpoint=False, dtype=xp.float64),
    "arange": lambda xp, m, v: xp.arange(1, 7, 2),
    "remainder": lambda xp, m, v: xp.remainder(m, v),
    "rank": lambda xp, m, v: xp.linalg.matrix_rank(m),
    "logical_xor": lambda xp, m, v: xp.logical_xor(m > 0, v > 0),
    "bitwise": lambda xp, m, v: xp.bitwise_xor(*map(xp.asarray, ([6], [-4]))),
    "inverted": lambda xp, m, v: xp.bitwise_invert(xp.asarray([3])),
    "isdtype": lambda xp, m, v: np.asarray(
        [xp.isdtype(xp.float32, kind) for kind in ("real floating", "numeric", ("bool",))]
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", [*CALLS, *PLAIN])
def test_values_are_numpys(name: str) -> None:
    call = CALLS.get(name) or PLAIN[name]
    found = np.asarray(call(XP, autodiff.from_numpy(M), autodiff.from_numpy(V)))
    expected = np.asarray(call(np, M, V))
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.parametrize("name", CALLS)
def test_gradients_are_slopes(name: str) -> None:
    m, v = (autodiff.from_numpy(one.copy()).requires_grad_() for one in (M, V))
    call = CALLS[name]
    result = call(XP, m, v)
    weights = np.linspace(-1.0, 1.5, max(result.numel(), 1)).reshape(tuple(result.shape))
    found = grad((result * autodiff.from_numpy(weights)).sum(), [m, v], allow_unused=True)
    for place, gradient in enumerate(found):
        for step in np.ndindex(*(M, V)[place].shape):
            moved = [M.copy(), V.copy()], [M.copy(), V.copy()]
            moved[0][place][step] += 1e-6
            moved[1][place][step] -= 1e-6
            above, below = (float((np.asarray(call(np, *one)) * weights).sum()) for one in moved)
            mine = 0.0 if gradient is None else gradient[step].item()
            assert mine == pytest.approx((above - below) / 2e-6, abs=1e-8)


def test_information() -> None:
    info = XP.__array_namespace_info__()
    assert info.default_device() in info.devices()
    assert info.default_dtypes()["integral"] is autodiff.int64
    assert list(info.dtypes(kind="complex floating")) == ["complex64", "complex128"]
    assert info.capabilities()["boolean indexing"] is True
    assert XP.result_type(autodiff.ones(2), autodiff.int64, 2.0) is autodiff.float32
    with pytest.raises(ValueError, match="needs a tensor or a dtype"):
        XP.result_type(2.0)
    with pytest.raises(ValueError, match="kind is 'odd'"):
        XP.isdtype(autodiff.int64, "odd")
    with pytest.raises(ValueError, match="axis is needed"):
        XP.cumulative_prod(autodiff.ones(2, 2))
    with pytest.raises(ValueError, match="say 'xy' or 'ij'"):
        XP.meshgrid(autodiff.ones(2), indexing="yx")
