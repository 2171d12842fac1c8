"""The second tier of definitions has PyTorch's values and gradients, at float64's accuracy.

The oracle's side is exact to 200 bits, so whatever differs beyond rounding is a difference of
meaning: of parameters, of which element counts at a tie, of what a gradient is on a manifold.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from reference.definitions import SECOND_TIER, Sample, definition
from reference.differentiate import vjp
from reference.domains.certified import evaluate
from reference.graph import Constant, Node
from reference.tensor import apply, tensor, variable

torch = pytest.importorskip("torch")

SIGNS_ARE_FREE = {
    "eigh",
    "svd",
    "qr",
    "torch_svd",
}  # of vectors, which LAPACK and MKL choose differently
SYMMETRIC = {"cholesky", "eigh", "eigvalsh"}  # whose gradient counts on symmetric matrices alone
NOT_DIFFERENTIATED: dict[str, tuple[int | str, ...]] = {  # in PyTorch
    "batch_norm": (1, 2),  # running statistics
    "multi_margin_loss": ("weight",),
    "igamma": (0,),
    "igammac": (0,),
    "zeta": (0,),
    **{
        f"fractional_max_pool{rank}d{ending}": ("_random_samples",)
        for rank in (2, 3)
        for ending in ("", "_with_indices")
    },
}
# Where PyTorch's own float64 is this far off, relative to the largest element. Found here.
ACCURACY = {
    "digamma": 1e-8,  # its derivative is polygamma(1)
    "polygamma": 1e-8,  # the series for trigamma stops early
    "hardsigmoid": 1e-7,  # the backward of float64 divides by six in float32
    **dict.fromkeys(("bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1"), 1e-5),
    "igamma": 1e-7,  # lgamma of whole numbers is taken in float32
    "igammac": 1e-7,
    "airy_ai": 1e-4,  # for negative arguments
    "sinc": 1e-10,  # (cos x - sin x / x) / x cancels near zero
}
_SHAPES = "scatter's backward wants an index as large as src; its forward does not"
_TRIANGLE = "a gradient in the triangle that the function does not read"
_NORMALISED = "the backward supposes that log_probs come from log_softmax, and undoes it"
WRONG = {
    "det-3": "the gradient at a singular matrix is the adjugate, not zero",
    "cond-2": "modifies in place what its own backward needs",
    "cholesky_solve-0": _TRIANGLE,
    "cholesky_solve-1": _TRIANGLE,
    "cholesky_inverse-0": _TRIANGLE,
    "scatter-1": _SHAPES,
    "scatter_add-1": _SHAPES,
    "scatter_reduce-10": _SHAPES,
    "torch_vander-0": "modifies in place what its own backward needs",
    "torch_vander-1": "modifies in place what its own backward needs",
    "ldexp-0": "two to a negative power is zero there, where the power is an integer",
    "as_strided_scatter-0": "the gradient of what was overwritten, and none of what was not",
    **{f"ctc_loss-{number}": _NORMALISED for number in range(3)},
}
NO_GRADIENT = {  # in PyTorch: "derivative for … is not implemented"
    "heaviside", "airy_ai", "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1",
    "modified_bessel_i0", "modified_bessel_i1", "modified_bessel_k0", "modified_bessel_k1",
}  # fmt: skip
ELSEWHERE = {"betaln", "cbrt"}  # which PyTorch does not have

pytestmark = [  # PyTorch says so once in a process, whichever test comes first
    pytest.mark.filterwarnings("ignore:index_reduce.* is in beta:UserWarning"),
    pytest.mark.filterwarnings("ignore:torch.triangular_solve is deprecated:UserWarning"),
]


def cases(kinds: tuple[str, ...]) -> Iterator[Any]:
    for family in SECOND_TIER:
        for row in family.DEFINITIONS:
            if (
                row.name in ELSEWHERE or row.samples is None
            ):  # what recorded graphs call; tested where those are
                continue
            for number, sample in enumerate(row.samples(np.random.default_rng(11))):
                if sample.kind in kinds:
                    name = f"{row.name}-{number}"
                    marks = [pytest.mark.xfail(reason=WRONG[name])] if name in WRONG else []
                    yield pytest.param(row.name, sample, id=name, marks=marks)


def is_leaf(name: str, value: np.ndarray, place: int | str) -> bool:
    """Whether an argument is one to differentiate with respect to."""
    return value.dtype == np.float64 and place not in NOT_DIFFERENTIATED.get(name, ())


# PyTorch's side


def _pairs(function: Callable[..., Any]) -> Callable[..., Any]:
    """Complex numbers as pairs of real ones, as the definitions have them."""

    def call(x: Any, *args: Any, **kwargs: Any) -> Any:
        given = torch.complex(*x) if isinstance(x, tuple) else x
        result = function(given, *args, **kwargs)
        return (result.real, result.imag) if result.is_complex() else result

    return call


_SPECIAL: dict[str, Callable[..., Any]] = {
    "lstsq": torch.linalg.lstsq,
    "pad": torch.nn.functional.pad,
    "stft": _pairs(torch.stft),
    "istft": _pairs(torch.istft),
    "view_as_real": lambda x: torch.view_as_real(torch.complex(*x)),
    "view_as_complex": _pairs(torch.view_as_complex),
}
_METHODS = ("put", "index_fill", "index_copy", "masked_scatter", "as_strided")


def theirs(name: str) -> Callable[..., Any]:
    """The function of PyTorch that a definition speaks of."""
    if name in _SPECIAL:
        return _SPECIAL[name]
    if "fft" in name:
        return _pairs(getattr(torch.fft, name))
    found: Callable[..., Any]
    prefix, _, rest = name.partition("_")
    if prefix in ("torch", "linalg"):
        found = getattr(torch if prefix == "torch" else torch.linalg, rest)
        return found
    if name in _METHODS:
        return lambda x, *args, **kwargs: getattr(x, name)(*args, **kwargs)
    homes = [torch.nn.functional, torch, torch.linalg, torch.special]
    if "linalg." + name in definition(name).aliases:
        homes.insert(0, torch.linalg)
    found = next(getattr(home, name) for home in homes if hasattr(home, name))
    return found


def call_theirs(name: str, sample: Sample) -> tuple[list[Any], list[Any]]:
    """The differentiated inputs and the results."""
    leaves: list[Any] = []

    def argument(value: Any, place: int | str) -> Any:
        if isinstance(value, np.ndarray):
            own = torch.from_numpy(value)
            if is_leaf(name, value, place):
                leaves.append(own.requires_grad_())
            return own
        if isinstance(value, tuple) and any(isinstance(part, np.ndarray) for part in value):
            return tuple(argument(part, place) for part in value)
        return value

    args = [argument(value, place) for place, value in enumerate(sample.args)]
    named = {key: argument(value, key) for key, value in sample.kwargs.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = theirs(name)(*args, **named)
    results = list(result) if isinstance(result, (tuple, list)) else [result]
    return leaves, [part for part in results if part is not None]


# the oracle's side


def call_mine(name: str, sample: Sample) -> tuple[list[Node], list[Any]]:
    leaves: list[Node] = []

    def argument(value: Any, place: int | str) -> Any:
        if isinstance(value, np.ndarray) and is_leaf(name, value, place):
            held = variable(f"x{len(leaves)}", value)
            leaves.append(held.node)
            return held
        if isinstance(value, np.ndarray):
            return tensor(value)
        if isinstance(value, tuple) and any(isinstance(part, np.ndarray) for part in value):
            return tuple(argument(part, place) for part in value)
        return value

    args = [argument(value, place) for place, value in enumerate(sample.args)]
    named = {key: argument(value, key) for key, value in sample.kwargs.items()}
    result = apply(name, *args, **named)
    return leaves, list(result) if isinstance(result, tuple) else [result]


def floats(nodes: list[Node]) -> list[np.ndarray]:
    arrays = evaluate(nodes, precision=200)
    return [np.array(a.ravel().tolist(), dtype=np.float64).reshape(a.shape) for a in arrays]


def check(name: str, what: str, mine: np.ndarray, other: np.ndarray) -> None:
    assert mine.shape == other.shape, what
    if not mine.size:
        return
    finite = np.isfinite(other)
    np.testing.assert_array_equal(mine[~finite], other[~finite], what)
    scale = np.abs(other[finite]).max(initial=0.0)
    bound = ACCURACY.get(name, 1e-12) * (scale + 1e-3)
    np.testing.assert_allclose(mine[finite], other[finite], rtol=0, atol=bound, err_msg=what)


@pytest.mark.parametrize(("name", "sample"), list(cases(("plain", "tail", "kink"))))
def test_definition_is_pytorchs_function(name: str, sample: Sample) -> None:
    their_leaves, their_results = call_theirs(name, sample)
    leaves, results = call_mine(name, sample)
    if sample.kind == "kink":  # which of several equal values an index names is free
        results, their_results = results[:1], their_results[:1]
    assert len(results) == len(their_results)
    values = floats([result.node for result in results])
    rng = np.random.default_rng(3)
    weights, their_weights = [], []
    for value, result, other in zip(values, results, their_results, strict=True):
        given = other.detach().resolve_neg().numpy()
        assert str(result.dtype).endswith(str(given.dtype)), (result.dtype, given.dtype)
        weight = np.asarray(rng.integers(-32, 32, size=value.shape) / 16.0)
        weights.append(weight)
        same = np.ones(value.shape)
        if name in SIGNS_ARE_FREE:
            same = np.where(value * given < 0, -1.0, 1.0)
        their_weights.append(torch.from_numpy(np.asarray(weight * same)))
        check(name, "value", value, np.asarray(given * same))
    if sample.kind == "kink" or not definition(name).domain or name in NO_GRADIENT:
        return
    moving = [k for k, other in enumerate(their_results) if other.requires_grad]
    if not moving:
        return
    wanted = torch.autograd.grad(
        [their_results[k] for k in moving],
        their_leaves,
        [their_weights[k] for k in moving],
        allow_unused=True,
    )
    pulled = vjp([results[k].node for k in moving], leaves, [Constant(weights[k]) for k in moving])
    for leaf, gradient, other in zip(leaves, pulled, wanted, strict=True):
        expected = np.zeros(leaf.shape) if other is None else other.detach().resolve_neg().numpy()
        if name in SYMMETRIC:
            expected = (expected + expected.swapaxes(-1, -2)) / 2
        found = np.zeros(leaf.shape) if gradient is None else floats([gradient])[0]
        check(name, "gradient", found, expected)


F = torch.nn.functional


@pytest.mark.parametrize(
    ("function", "shapes"),
    [
        (lambda x, w, b: F.conv2d(x, w, b, padding=1), [(1, 2, 5, 5), (3, 2, 3, 3), (3,)]),
        (lambda x, w: F.conv_transpose2d(x, w, stride=2), [(1, 2, 3, 3), (2, 1, 2, 2)]),
        (lambda x: F.max_pool2d(x, 2), [(1, 2, 4, 4)]),
        (lambda x: F.max_pool2d(x, 2, return_indices=True)[0], [(1, 2, 4, 4)]),
        (lambda x: F.adaptive_max_pool2d(x, 2), [(1, 2, 4, 4)]),
        (lambda x: F.adaptive_avg_pool2d(x, 2), [(1, 2, 4, 4)]),
        (lambda x, w, b: F.batch_norm(x, None, None, w, b, True), [(4, 3), (3,), (3,)]),
        (lambda x: F.group_norm(x, 2), [(2, 4, 3)]),
        (lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True), [(1, 3, 4)] * 3),
        (lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"), [(1, 1, 3, 4)]),
        (lambda x: F.pad(x, (1, 1), mode="reflect"), [(1, 1, 4)]),
        (lambda x: F.threshold(x, 0.1, 2.0), [(5,)]),
        (lambda x, y: F.kl_div(x, y.abs(), reduction="batchmean"), [(2, 3), (2, 3)]),
        (lambda x: F.embedding(torch.tensor([0, 2]), x), [(3, 2)]),
        (torch.linalg.svdvals, [(3, 2)]),
        (torch.linalg.det, [(3, 3)]),
        (torch.special.log_ndtr, [(4,)]),
        (lambda x: torch.quantile(x, 0.25), [(5,)]),
        (lambda x: torch.cummax(x, 0)[0], [(5,)]),
        (torch.cdist, [(3, 2), (2, 2)]),
        (torch.kron, [(2, 2), (1, 3)]),
    ],
)
def test_pytorchs_functions_find_their_definitions(
    function: Callable[..., Any], shapes: list[tuple[int, ...]]
) -> None:
    """PyTorch's own functions, called with the oracle's tensors."""
    rng = np.random.default_rng(5)
    arrays = [rng.integers(-40, 40, shape) / 16.0 + 2.0**-7 for shape in shapes]
    mine = [tensor(array, requires_grad=True) for array in arrays]
    others = [torch.from_numpy(array).requires_grad_() for array in arrays]
    for result in (function(*mine), function(*others)):
        result.sum().backward()
    for one, other in zip(mine, others, strict=True):
        assert one.grad is not None
        np.testing.assert_allclose(one.grad.numpy(), other.grad.numpy(), rtol=1e-9, atol=1e-11)
