"""Our printed text is PyTorch's, letter by letter, for arrays drawn at random."""

import warnings
from typing import Any

import hypothesis
import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import strategies as st

from autodiff import dtypes
from autodiff.formatting import PrintOptions, format_tensor

torch = pytest.importorskip("torch")

TYPES = [
    "bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64",
    "float16", "float32", "float64", "complex64", "complex128",
]  # fmt: skip
PLAIN = st.sampled_from([0.0, -0.0, 1.0, -2.0, 1000.0, 1001.0, 0.5, 1.25, 30.5, 0.99995])
EDGE = st.sampled_from(
    [1e-4, 9.999e-5, 1e8, 1.00000001e8, 1e5, 99999.0, 5e-324, 1e300, 65504.0, 6e-8, 0.1]
)
SPECIAL = st.sampled_from([np.nan, np.inf, -np.inf, 0.0])
REALS = [PLAIN, PLAIN | SPECIAL, PLAIN | EDGE, PLAIN | EDGE | SPECIAL, SPECIAL]
SHAPES = st.one_of(
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=13),
    st.sampled_from([(1000,), (1001,), (1001, 2), (2, 1001), (7, 7, 30), (3, 334), (34, 6, 5)]),
)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "precision": st.integers(0, 9),
        "threshold": st.sampled_from([0, 1, 5, 20, 1000, float("inf")]),
        "edgeitems": st.integers(0, 4),
        "linewidth": st.sampled_from([1, 8, 20, 40, 80, 79, 120]),
        "profile": st.sampled_from(["default", "short", "full"]),
        "sci_mode": st.sampled_from([None, True, False]),
    },
)


@st.composite
def arrays(draw: st.DrawFn) -> np.ndarray[Any, Any]:
    numpy_type = np.dtype(draw(st.sampled_from(TYPES)))
    shape = draw(SHAPES)
    if numpy_type.kind in "biu" or draw(st.booleans()):
        return draw(hnp.arrays(numpy_type, shape))
    real = draw(hnp.arrays(np.float64, shape, elements=draw(st.sampled_from(REALS))))
    made = np.zeros(shape, numpy_type)
    with np.errstate(all="ignore"):
        made[...] = real
        if numpy_type.kind == "c":
            other = draw(st.sampled_from(REALS))
            made.imag[...] = draw(hnp.arrays(np.float64, shape, elements=other))
    return made


def ours(array: np.ndarray[Any, Any], changes: dict[str, Any], default: str, **more: Any) -> str:
    return format_tensor(
        array,
        options=PrintOptions().updated(**changes),
        default_dtype=getattr(dtypes, default),
        **more,
    )


def theirs(tensor: Any, changes: dict[str, Any], default: str) -> str:
    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, default))
    torch.set_printoptions(**changes)
    try:
        return repr(tensor)
    finally:
        torch.set_printoptions(profile="default")
        torch.set_default_dtype(before)


@hypothesis.settings(deadline=None, max_examples=300)
@hypothesis.given(arrays(), OPTIONS, st.sampled_from(["float32", "float32", "float64", "float16"]))
def test_text_is_torchs(
    array: np.ndarray[Any, Any], changes: dict[str, Any], default: str
) -> None:
    # A copy, because PyTorch warns about arrays that cannot be written to.
    tensor = torch.from_numpy(np.array(array))
    assert ours(array, changes, default) == theirs(tensor, changes, default)


@hypothesis.settings(deadline=None, max_examples=100)
@hypothesis.given(arrays(), OPTIONS, st.sampled_from(["leaf", "result", "dual"]))
def test_suffixes_are_torchs(
    array: np.ndarray[Any, Any], changes: dict[str, Any], kind: str
) -> None:
    hypothesis.assume(array.dtype.kind in "fc")
    tensor = torch.from_numpy(np.array(array))
    if kind == "dual":
        # make_dual scripts PyTorch's decompositions on first use, which warns.
        with warnings.catch_warnings(), torch.autograd.forward_ad.dual_level():
            warnings.simplefilter("ignore")
            dual = torch.autograd.forward_ad.make_dual(tensor, tensor)
            expected = theirs(dual, changes, "float32")
        # PyTorch writes the tangent with format(), which gives a 0-d tensor's bare number.
        tangent = ours(array, changes, "float32") if array.ndim else format(array.item())
        assert ours(array, changes, "float32", tangent=tangent) == expected
        return
    tensor.requires_grad_()
    name = None
    if kind == "result":
        tensor = tensor.clone()
        name = "CloneBackward0"
    expected = theirs(tensor, changes, "float32")
    assert ours(array, changes, "float32", requires_grad=True, grad_fn_name=name) == expected


@hypothesis.settings(deadline=None, max_examples=100)
@hypothesis.given(st.lists(OPTIONS | st.just({"profile": "unknown"}), max_size=4))
def test_options_are_torchs(steps: list[dict[str, Any]]) -> None:
    options = PrintOptions()
    try:
        for changes in steps:
            torch.set_printoptions(**changes)
            options = options.updated(**changes)
        assert options._asdict() == torch._tensor_str.get_printoptions()
    finally:
        torch.set_printoptions(profile="default")
