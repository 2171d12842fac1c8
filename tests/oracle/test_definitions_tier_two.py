"""The second tier: every derivative graph against differences of certified values.

The differences know no formula: values at x ± 2**-400 d, with 1200 bits, give the slope along d
to some 240 digits. How the values compare with PyTorch's: tests/differential.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import flint
import mpmath
import numpy as np
import pytest

from definition_checks import check_derivative
from reference import build
from reference.certify import certify
from reference.clarke import membership
from reference.definitions import SECOND_TIER, Sample, definition
from reference.differentiate import vjp
from reference.domains.certified import evaluate, working_precision
from reference.graph import Constant, Input, Node
from reference.problem import trace_nodes
from reference.tensor import apply, tensor

TIER_TWO = """
    conv1d conv2d conv3d conv_transpose2d max_pool1d max_pool2d avg_pool1d avg_pool2d
    adaptive_avg_pool2d adaptive_max_pool2d batch_norm layer_norm group_norm rms_norm dropout
    embedding scaled_dot_product_attention multi_head_attention_forward nll_loss
    binary_cross_entropy binary_cross_entropy_with_logits l1_loss smooth_l1_loss huber_loss kl_div
    gelu silu elu selu leaky_relu softplus hardtanh hardswish relu6 prelu glu logsigmoid pad
    interpolate unfold normalize cosine_similarity one_hot inv det slogdet solve cholesky qr svd
    svdvals eigh eigvalsh pinv lstsq matrix_norm matrix_power multi_dot solve_triangular lu cross
    fft ifft rfft irfft fft2 ifft2 rfft2 irfft2 fftn ifftn rfftn irfftn lgamma digamma polygamma
    erfc erfinv logit i0 xlogy special.entr special.ndtr special.log_ndtr special.i1 sinc exp2
    log2 log10 asin acos atan sinh cosh asinh acosh atanh atan2 hypot logaddexp fmod remainder
    floor ceil round trunc lerp addcmul addcdiv nan_to_num fmax fmin median quantile nansum
    nanmean cumprod trace topk cummax logcumsumexp diff dist cdist movedim repeat tile roll narrow
    unflatten diag diag_embed hstack vstack meshgrid scatter scatter_add index_add index_fill
    take_along_dim masked_select repeat_interleave real conj angle view_as_real view_as_complex
""".split()  # noqa: SIM905  # a list of 147 names reads worse
MISSING = ("eig", "eigvals", "imag")  # complex numbers, or nothing to differentiate


def cases() -> Iterator[Any]:
    for family in SECOND_TIER:
        for row in family.DEFINITIONS:
            if not row.domain or row.samples is None:
                continue
            for number, sample in enumerate(row.samples(np.random.default_rng(7))):
                if sample.kind != "kink":
                    yield pytest.param(row.name, sample, id=f"{row.name}-{number}")


@pytest.mark.parametrize(("name", "sample"), list(cases()))
def test_derivative_is_the_limit_of_differences(name: str, sample: Sample) -> None:
    check_derivative(name, sample)


def test_tier_two_has_a_hundred_and_fifty_names() -> None:
    assert len({*TIER_TWO, *MISSING}) == 150


@pytest.mark.parametrize("name", TIER_TWO)
def test_tier_two_is_defined(name: str) -> None:
    row = definition(name)
    assert row.samples is not None
    assert row.samples(np.random.default_rng(0))


def test_every_row_has_samples() -> None:
    for family in SECOND_TIER:
        for row in family.DEFINITIONS:
            if not recorded(row.name):
                assert row.samples is not None, row.name
                assert row.samples(np.random.default_rng(0)), row.name


def recorded(name: str) -> bool:
    """Whether only recorded graphs call it: tests/differential/test_check_torch_layers.py."""
    return name.startswith(("_linalg", "native_")) or name == "rrelu_with_noise"


# kinks: what a gradient may be


@pytest.mark.parametrize(
    ("name", "args", "inside", "outside"),
    [
        ("relu6", (np.array([0.0, 6.0]),), [[0.5, 0.25], [0.0, 1.0]], [[-0.5, 0.0], [1.5, 1.0]]),
        ("hardswish", (np.array([-3.0, 3.0]),), [[0.0, 1.0], [-0.5, 1.5]], [[0.25, 1.0]]),
        ("softshrink", (np.array([0.5]),), [[0.0], [1.0]], [[-1.0]]),
        ("i0e", (np.array([0.0]),), [[0.0], [-1.0], [1.0]], [[1.5]]),
        ("max_pool1d", (np.array([[1.0, 1.0]]), 2), [[[0.5, 0.5]], [[1.0, 0.0]]], [[[1.0, 1.0]]]),
        ("cummax", (np.array([2.0, 2.0]), 0), [[1.5, 0.5], [1.0, 1.0]], [[2.0, 1.0]]),
        ("quantile", (np.array([1.0, 1.0, 3.0]), 0.0), [[0.5, 0.5, 0.0]], [[1.0, 1.0, 0.0]]),
        ("dist", (np.array([1.0]), np.array([1.0]), 1), [[0.0], [-1.0]], [[2.0]]),
        ("matrix_norm", (np.array([[1.0, -1.0]]), 1), [[[0.5, -0.5]]], [[[1.0, -1.0]]]),
    ],
)
def test_kinks_have_the_gradients_around_them(
    name: str, args: tuple[Any, ...], inside: Any, outside: Any
) -> None:
    for expected, gradients in (("member", inside), ("not a member", outside)):
        for gradient in gradients:
            problem = trace_nodes(lambda x: _total(name, x, *args[1:]), [args[0]])
            given = np.array(gradient)
            found = membership(problem, [given], [np.full(given.shape, 1e-6)])
            assert found.answer == expected, (name, gradient)


def _total(name: str, *args: Any) -> Node:
    result = definition(name).function(*args)
    return build.sum(result[0] if isinstance(result, tuple) else result)


@pytest.mark.parametrize(
    ("name", "point", "slope"), [("sinc", 0.0, 0.0), ("i1e", 0.0, 0.5), ("entr", 1.0, -1.0)]
)
def test_removable_singularities_have_one_gradient(name: str, point: float, slope: float) -> None:
    found = certify(lambda x: apply(name, x), np.array(point))
    assert found.certified
    assert float(found.gradients[0].mid) == slope


def test_the_second_derivative_of_sinc_at_zero() -> None:
    def slope(x: Node) -> Node:
        (result,) = vjp([_total("sinc", x)], [x], [Constant(1)])
        assert result is not None
        return result

    problem = trace_nodes(slope, [np.array(0.0)])
    for value, expected in ((-(np.pi**2) / 3, "member"), (0.0, "not a member")):
        assert membership(problem, [np.array(value)], [np.array(1e-9)]).answer == expected


# what has no value, or none that differentiates


@pytest.mark.parametrize(
    ("name", "args", "error", "words"),
    [
        ("dropout", (np.ones(3),), NotImplementedError, "random"),
        ("dropout", (np.ones(3), 0.25), NotImplementedError, "mask"),
        ("one_hot", (np.array([3]), 2), RuntimeError, "smaller than num_classes"),
        ("qr", (np.eye(2), "complete"), NotImplementedError, "reduced"),
        ("fractional_max_pool2d", (np.ones((1, 4, 4)), 2, 2), NotImplementedError, "draws"),
        ("rrelu", (np.ones(3), 0.1, 0.3, True), NotImplementedError, "draws"),
        ("alpha_dropout", (np.ones(3), 0.5, True), NotImplementedError, "random"),
        ("channel_shuffle", (np.ones((1, 3, 2)), 2), RuntimeError, "divisible"),
        (
            "scatter_reduce",
            (np.ones(2), 0, np.zeros(1, int), np.ones(1), "xor"),
            RuntimeError,
            "xor",
        ),
        (
            "grid_sample",
            (np.ones((1, 1, 2, 2)), np.ones((1, 1, 1, 2)), "cubic"),
            ValueError,
            "mode",
        ),
        ("torch_cross", (np.ones(2), np.ones(2)), RuntimeError, "size 3"),
        ("det", (np.ones((2, 3)),), RuntimeError, "square"),
        ("eigh", (np.ones((2, 3)),), RuntimeError, "square"),
        ("cross", (np.ones(2), np.ones(2)), RuntimeError, "length 3"),
        ("quantile", (np.ones(3), 1.5), RuntimeError, "range"),
        ("glu", (np.ones(3),), RuntimeError, "must be even"),
        ("conv1d", (np.ones((1, 2, 4)), np.ones((1, 3, 2))), RuntimeError, "channels"),
        ("conv1d", (np.ones((1, 1, 2)), np.ones((1, 1, 3))), RuntimeError, "Kernel size"),
        ("group_norm", (np.ones((1, 3)), 2), RuntimeError, "divisible"),
        ("interpolate", (np.ones((1, 1, 3)), 2, None, "cubic"), NotImplementedError, "cubic"),
        ("fft", (np.ones(3), 3, -1, "none"), RuntimeError, "normalization"),
        ("view_as_complex", (np.ones(3),), RuntimeError, "size 2"),
        (
            "embedding",
            (np.array([0]), np.ones((2, 2)), None, 1.0),
            NotImplementedError,
            "in place",
        ),
        ("pad", (np.ones((1, 3)), (1, 1), "mirror"), NotImplementedError, "mirror"),
    ],
)
def test_what_cannot_be_computed_is_refused(
    name: str, args: tuple[Any, ...], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        apply(name, *args)


@pytest.mark.parametrize("name", ["eigh", "svd"])
def test_equal_values_have_no_vectors(name: str) -> None:
    result = apply(name, tensor(np.eye(2)))
    values = [evaluate([part.node])[0] for part in result]
    assert not any(ball.is_finite() for array in values for ball in array.ravel())


def test_a_padding_row_is_not_learned() -> None:
    weight = tensor(np.ones((3, 2)), requires_grad=True)
    apply("embedding", tensor(np.array([0, 1, 1])), weight, 1).sum().backward()
    assert weight.grad is not None
    assert weight.grad.exact.tolist() == [[1, 1], [0, 0], [0, 0]]


# equations that factors satisfy, in balls


def _balls(name: str, *args: Any, **kwargs: Any) -> list[Any]:
    result = apply(name, *map(tensor, args), **kwargs)
    parts = result if isinstance(result, tuple) else (result,)
    return [flint.arb_mat(evaluate([part.node], precision=256)[0].tolist()) for part in parts]


def _is_zero(matrix: Any) -> bool:
    return all(v.contains(0) and v.rad() < 1e-60 for v in matrix.entries())


def _matrix(array: np.ndarray) -> Any:
    return flint.arb_mat(array.tolist())


GENERAL = np.array([[4.0, 1.0, -0.5], [0.25, 3.0, 1.0], [-1.0, 0.5, 5.0], [0.5, 2.0, 1.0]])
SQUARE = GENERAL[:3]
SYMMETRIC = (SQUARE + SQUARE.T) / 2


@pytest.fixture
def many_bits() -> Iterator[None]:
    with working_precision(256):
        yield


@pytest.mark.usefixtures("many_bits")
def test_factors_multiply_to_the_matrix() -> None:
    (lower,) = _balls("cholesky", SYMMETRIC)
    assert _is_zero(lower * lower.transpose() - _matrix(SYMMETRIC))
    q, r = _balls("qr", GENERAL)
    assert _is_zero(q * r - _matrix(GENERAL))
    assert _is_zero(q.transpose() * q - _matrix(np.eye(3)))
    p, lower, upper = _balls("lu", GENERAL)
    assert _is_zero(p * lower * upper - _matrix(GENERAL))
    (inverse,) = _balls("pinv", GENERAL)
    assert _is_zero(inverse * _matrix(GENERAL) - _matrix(np.eye(3)))


@pytest.mark.usefixtures("many_bits")
def test_vectors_are_orthogonal_although_no_equation_says_so() -> None:
    values, vectors = (
        evaluate([part.node], precision=256)[0] for part in apply("eigh", tensor(SYMMETRIC))
    )
    v = flint.arb_mat(vectors.tolist())
    w = flint.arb_mat(3, 3, [values[i] if i == j else 0 for i in range(3) for j in range(3)])
    assert _is_zero(v.transpose() * v - _matrix(np.eye(3)))
    assert _is_zero(v * w * v.transpose() - _matrix(SYMMETRIC))
    left, values, right = (
        evaluate([part.node], precision=256)[0]
        for part in apply("svd", tensor(GENERAL), full_matrices=False)
    )
    u, vt = flint.arb_mat(left.tolist()), flint.arb_mat(right.tolist())
    s = flint.arb_mat(3, 3, [values[i] if i == j else 0 for i in range(3) for j in range(3)])
    assert _is_zero(u * s * vt - _matrix(GENERAL))
    assert _is_zero(u.transpose() * u - _matrix(np.eye(3)))
    assert _is_zero(vt * vt.transpose() - _matrix(np.eye(3)))


@pytest.mark.usefixtures("many_bits")
@pytest.mark.parametrize("size", [1, 2, 5, 6, 7, 9])
def test_both_ways_to_a_determinant(size: int) -> None:
    """Up to six rows by minors, beyond by traces; Arb by elimination."""
    matrix = np.random.default_rng(size).integers(-9, 9, (size, size)) / 4
    ball = evaluate([definition("det").function(matrix)], precision=256)[0][()]
    assert _is_zero(flint.arb_mat([[ball - _matrix(matrix).det()]]))


@pytest.mark.usefixtures("many_bits")
@pytest.mark.parametrize("scale", [0.25, 1.0, 8.0])
def test_the_exponential_of_a_matrix(scale: float) -> None:
    """Arb's, of the same matrix; and of one that has no eigenvectors to be made of."""
    matrix = GENERAL[:3] * scale
    (found,) = _balls("matrix_exp", matrix)
    size = float(max(abs(v).mid() for v in found.entries()))
    gap = (found - _matrix(matrix).exp()) / size
    assert _is_zero(gap)
    (jordan,) = _balls("matrix_exp", np.array([[1.0, 1.0], [0.0, 1.0]]))
    e = flint.arb(1).exp()
    assert _is_zero(jordan - flint.arb_mat([[e, e], [0, e]]))


def test_singular_vectors_beyond_the_values_are_undefined() -> None:
    left, values, _ = apply("svd", tensor(np.ones((3, 2)) + np.eye(3, 2)))
    held, found = evaluate([left.node, values.node])
    assert all(ball.is_finite() for ball in found.ravel())
    assert [bool(ball.is_finite()) for ball in held[0]] == [True, True, False]


def test_a_determinant_of_singular_matrices_has_a_gradient() -> None:
    for size in (3, 7):
        matrix = np.eye(size)
        matrix[-1, -1] = 0.0
        x = Input("x", matrix.shape, matrix)
        (slope,) = vjp([definition("det").function(x)], [x], [Constant(1)])
        assert slope is not None
        expected = np.zeros(matrix.shape)
        expected[-1, -1] = 1.0
        gap = flint.arb_mat(evaluate([slope], precision=256)[0].tolist()) - _matrix(expected)
        assert _is_zero(gap)


# special functions and their slopes, by mpmath

SPECIAL: dict[str, tuple[Callable[..., Any], tuple[float, ...]]] = {
    "lgamma": (lambda x: mpmath.log(abs(mpmath.gamma(x))), (0.25, 3.5, -1.5, -2.25, 100.0)),
    "digamma": (mpmath.digamma, (0.25, 3.5, -1.5, 100.0)),
    "erfinv": (mpmath.erfinv, (-0.75, 0.125, 0.9375)),
    "ndtr": (mpmath.ncdf, (-8.0, 0.5, 3.0)),
    "log_ndtr": (lambda x: mpmath.log(mpmath.ncdf(x)), (-30.0, 0.5, 3.0)),
    "ndtri": (lambda p: mpmath.sqrt(2) * mpmath.erfinv(2 * p - 1), (0.125, 0.75)),
    "erfcx": (lambda x: mpmath.exp(x * x) * mpmath.erfc(x), (-2.0, 0.5, 20.0)),
    "i0": (lambda x: mpmath.besseli(0, x), (-2.0, 0.0, 0.5, 20.0)),
    "i1": (lambda x: mpmath.besseli(1, x), (-2.0, 0.0, 0.5, 20.0)),
    "i1e": (lambda x: mpmath.exp(-abs(x)) * mpmath.besseli(1, x), (-2.0, 20.0)),
    "bessel_j1": (lambda x: mpmath.besselj(1, x), (-2.0, 0.5, 20.0)),
    "modified_bessel_k0": (lambda x: mpmath.besselk(0, x), (0.5, 20.0)),
    "airy_ai": (mpmath.airyai, (-5.0, 0.5, 8.0)),
    "entr": (lambda x: -x * mpmath.log(x), (0.125, 4.0)),
    "sinc": (mpmath.sincpi, (0.5, -2.25)),
    "logit": (lambda p: mpmath.log(p / (1 - p)), (0.125, 0.9375)),
    "logaddexp2": (lambda x: mpmath.log(2**x + mpmath.sqrt(2), 2), (-2.0, 3.0)),
    "mish": (lambda x: x * mpmath.tanh(mpmath.log1p(mpmath.exp(x))), (-3.0, 2.0)),
}


@pytest.mark.parametrize("name", SPECIAL)
def test_special_functions_by_mpmath(name: str) -> None:
    function, points = SPECIAL[name]
    more = (0.5,) if name == "logaddexp2" else ()
    for point in points:
        x = Input("x", (), np.array(point))
        value = definition(name).function(x, *more)
        slope = vjp([value], [x], [Constant(1)])[0]
        assert slope is not None
        found = evaluate([value, slope], precision=300)
        with mpmath.workdps(70):
            exact = function(mpmath.mpf(point)), mpmath.diff(function, mpmath.mpf(point))
            for ball, expected in zip(found, exact, strict=True):
                assert _near(ball[()], mpmath.mpf(expected)), (name, point)


@pytest.mark.parametrize("order", [0, 1, 3])
def test_polygamma_by_mpmath(order: int) -> None:
    for point in (0.25, 3.5, -1.5, 50.0):
        x = Input("x", (), np.array(point))
        value = definition("polygamma").function(order, x)
        slope = vjp([value], [x], [Constant(1)])[0]
        assert slope is not None
        found = evaluate([value, slope], precision=300)
        with mpmath.workdps(70):
            for ball, step in zip(found, (0, 1), strict=True):
                assert _near(ball[()], mpmath.psi(order + step, mpmath.mpf(point)))


def _near(ball: Any, value: Any) -> bool:
    """Whether a ball and a number of mpmath agree to 40 digits."""
    mantissa, exponent = ball.mid().man_exp()
    middle = mpmath.ldexp(mpmath.mpf(int(mantissa)), int(exponent))
    slack = (1 + abs(value)) * mpmath.mpf(10) ** -40
    return bool(abs(middle - value) <= slack) and float(ball.rad()) < float(slack)
