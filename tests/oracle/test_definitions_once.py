"""The registry: every operation once, and under PyTorch's places in the front door."""

from __future__ import annotations

import collections
import pathlib
from typing import Any

import numpy as np
import pytest

import reference
from reference import definitions as package
from reference.certify import certify
from reference.definitions import names
from reference.definitions.page import page
from reference.judge import judge
from reference.tensor import Tensor, apply, tensor

FAMILIES = (*package.FIRST_TIER, *package.SECOND_TIER)
ROWS = [row for family in FAMILIES for row in family.DEFINITIONS]


def test_every_name_and_alias_is_given_once() -> None:
    given = [name for row in ROWS for name in (row.name, *row.aliases)]
    assert [name for name, count in collections.Counter(given).items() if count > 1] == []
    assert {row.name for row in ROWS} <= set(names())


def test_every_row_with_a_domain_has_samples() -> None:
    """But for those that are an argument of another: their tests are that one's."""
    bare = {row.name for row in ROWS if row.domain and row.samples is None}
    assert bare <= {
        "setitem", "view_as", "expand_as", "reshape_as", "broadcast_tensors", "floor_divide",
        "trunc_divide",
    }  # fmt: skip


PLACES: dict[str, tuple[Any, str]] = {
    "nn.functional": (
        reference.nn.functional,
        """conv1d conv2d conv3d conv_transpose2d max_pool1d max_pool2d avg_pool1d avg_pool2d
        adaptive_avg_pool2d adaptive_max_pool2d batch_norm layer_norm group_norm rms_norm dropout
        embedding scaled_dot_product_attention multi_head_attention_forward nll_loss
        binary_cross_entropy binary_cross_entropy_with_logits l1_loss smooth_l1_loss huber_loss
        kl_div gelu silu elu selu leaky_relu softplus hardtanh hardswish relu6 prelu glu logsigmoid
        pad interpolate unfold normalize cosine_similarity one_hot""",
    ),
    "linalg": (
        reference.linalg,
        """inv det slogdet solve cholesky qr svd svdvals eigh eigvalsh pinv lstsq matrix_norm
        matrix_power multi_dot solve_triangular lu cross""",
    ),
    "fft": (
        reference.fft,
        "fft ifft rfft irfft fft2 ifft2 rfft2 irfft2 fftn ifftn rfftn irfftn",
    ),
    "special": (
        reference.special,
        "gammaln digamma polygamma erfc erfinv logit i0 xlogy entr ndtr log_ndtr i1 sinc",
    ),
    "torch": (
        reference,
        """exp2 log2 log10 asin acos atan sinh cosh asinh acosh atanh atan2 hypot logaddexp fmod
        remainder floor ceil round trunc lerp addcmul addcdiv nan_to_num fmax fmin median quantile
        nansum nanmean cumprod trace topk cummax logcumsumexp diff dist cdist movedim tile roll
        narrow unflatten diag diag_embed hstack vstack meshgrid scatter scatter_add index_add
        index_fill take_along_dim masked_select repeat_interleave lgamma digamma polygamma""",
    ),
    "methods": (
        Tensor,
        """fmod remainder floor ceil round trunc lerp nan_to_num fmax fmin median quantile nansum
        nanmean cumprod trace topk cummax logcumsumexp diff dist movedim repeat tile roll narrow
        unflatten diag diag_embed scatter scatter_add index_add index_fill take_along_dim
        masked_select repeat_interleave lgamma digamma polygamma erfinv logit i0 xlogy sinc det
        slogdet matrix_power cross kthvalue""",
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_the_second_tier_is_where_pytorch_has_it(place: str) -> None:
    home, listed = PLACES[place]
    assert [name for name in listed.split() if not hasattr(home, name)] == []
    exported = getattr(home, "__all__", None)
    assert exported is None or [n for n in listed.split() if n not in exported] == []


def test_the_front_door_computes() -> None:
    x = tensor([0.5, 2.0], requires_grad=True)
    reference.special.gammaln(x).sum().backward()
    assert x.grad is not None
    assert abs(float(x.grad[1]) - 0.42278433) < 1e-6
    assert reference.nn.functional.relu6(tensor([7.0])).tolist() == [6.0]
    assert tensor([3.0, 1.0]).cummax(0)[0].tolist() == [3.0, 3.0]


@pytest.mark.parametrize(
    ("name", "args", "words"),
    [
        ("as_strided", (np.ones(3), (3, 2), (1, 2)), "out of bounds"),
        ("scatter", (np.ones(3), 0, np.array([0, 1, 2]), np.ones(2)), "no larger than src"),
        ("scatter_add", (np.ones((2, 1)), 1, np.array([[0, 0]] * 3), np.ones((3, 2))), "self"),
        ("scatter_reduce", (np.ones(3), 0, np.array([0, 1]), np.ones(1), "sum"), "src"),
    ],
)
def test_indices_that_no_value_stands_for_are_refused(
    name: str, args: tuple[Any, ...], words: str
) -> None:
    with pytest.raises(RuntimeError, match=words):
        apply(name, *args)


# equal eigenvalues: a function that does not tell them apart has a gradient all the same


@pytest.mark.parametrize(
    "matrix",
    [np.eye(2), np.ones((3, 3)), np.diag([2.0, 1.0, 1.0]), np.zeros((2, 2))],
    ids=["identity", "rank-one", "two-equal", "zero"],
)
@pytest.mark.parametrize("name", ["eigvalsh", "svdvals"])
def test_the_sum_of_squared_eigenvalues_is_smooth(name: str, matrix: np.ndarray) -> None:
    """It is the sum of the squared elements, so its gradient is twice the (symmetric) matrix.

    Eigenvectors of equal eigenvalues, which floats cannot keep apart nearby, must not be counted
    twice.
    """
    found = certify(lambda a: (apply(name, a) ** 2).sum(), matrix)
    assert found.certified
    np.testing.assert_array_equal(found.gradients[0].round("float64"), 2 * matrix)


def test_one_of_equal_eigenvalues_has_a_kink() -> None:
    found = certify(lambda a: apply("eigvalsh", a)[0], np.eye(2))
    assert (found.status(0) == "kink").all()
    half = np.sqrt(0.5)
    for vector in ([1.0, 0.0], [half, -half]):  # the limits are the products v vᵀ
        assert judge(np.outer(vector, vector), found).counts == {"kink-member": 4}


def test_the_page_of_definitions_is_of_today() -> None:
    held = (pathlib.Path(__file__).parents[2] / "docs" / "definitions.md").read_text("utf-8")
    assert held.rstrip() == page().rstrip(), "python -m reference.definitions.page makes it anew"
