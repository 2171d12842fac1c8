"""Functions that few programs use: in all modes; files, random streams."""

from __future__ import annotations

import collections
import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autodiff
from autodiff import func, linalg
from autodiff.autograd import gradcheck, gradgradcheck
from autodiff.nn import functional as F

f64 = autodiff.float64


def leaf(*shape: int, low: float = 0.25, high: float = 1.75) -> Any:
    count = int(np.prod(shape))
    values = low + (high - low) * ((np.arange(count) * 0.618034) % 1)
    return autodiff.tensor(values.reshape(shape), dtype=f64, requires_grad=True)


def test_in_place_and_out() -> None:
    x = leaf(3)
    y = x * 1
    assert y.cumprod_(0) is y
    np.testing.assert_array_equal(y.detach().numpy(), np.cumprod(x.detach().numpy()))
    (g,) = autodiff.autograd.grad(y[2], x)
    data = x.detach().numpy()
    np.testing.assert_allclose(g.numpy(), data.prod() / data, rtol=1e-15)
    kept = autodiff.empty(3, dtype=f64)
    assert autodiff.lgamma(x.detach(), out=kept) is kept
    z = x.detach().clone()
    assert autodiff.exp_(z) is z
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        x.digamma_()


# ------------------------------------------------------------------ derivatives in all modes

ALL_MODES: dict[str, Callable[[Any], Any]] = {
    "cumprod": lambda x: autodiff.cumprod(x, 0),
    "logcumsumexp": lambda x: autodiff.logcumsumexp(x, 1),
    "lgamma": autodiff.lgamma,
    "polygamma": lambda x: autodiff.polygamma(1, x),
    "erfinv": lambda x: autodiff.erfinv(x / 2),
    "sinc": autodiff.sinc,
    "i0": autodiff.i0,
    "i1e": autodiff.special.i1e,
    "log_ndtr": lambda x: autodiff.special.log_ndtr(-x),
    "erfcx": autodiff.special.erfcx,
    "xlogy": lambda x: autodiff.xlogy(x, x * x),
    "fmod": lambda x: autodiff.fmod(x, 0.7),
    "fmax": lambda x: autodiff.fmax(x, 1.9 - x),
    "median": lambda x: autodiff.median(x, 1).values,
    "quantile": lambda x: autodiff.quantile(x, 0.3, 0),
    "kthvalue": lambda x: autodiff.kthvalue(x, 2).values,
    "cdist": lambda x: autodiff.cdist(x, x.flip(0) + 0.5),
    "normalize": F.normalize,
    "pinv": linalg.pinv,
    "matrix_exp": autodiff.matrix_exp,
    "lu": lambda x: linalg.lu(x).U,
    "kron": lambda x: autodiff.kron(x, x),
    "diag_embed": autodiff.diag_embed,
    "rot90": autodiff.rot90,
    "trace": autodiff.trace,
    "interpolate": lambda x: F.interpolate(x[None], size=5, mode="linear"),
    "unfold": lambda x: F.unfold(x[None, None], 2),
    "pad": lambda x: F.pad(x, (1, 2), mode="reflect"),
    "mish": F.mish,
    "hardswish": F.hardswish,
    "glu": lambda x: F.glu(x[:2], 0),
    "trapezoid": autodiff.trapezoid,
    "cov": autodiff.cov,
}


@pytest.mark.parametrize("name", ALL_MODES)
def test_derivatives_by_differences(name: str) -> None:
    options: dict[str, Any] = {"check_forward_ad": True, "check_batched_grad": False}
    assert gradcheck(ALL_MODES[name], (leaf(3, 3),), **options)
    assert gradgradcheck(ALL_MODES[name], (leaf(3, 3),), check_batched_grad=False)


@pytest.mark.parametrize("name", sorted(set(ALL_MODES) - {"matrix_exp", "lu"}))
def test_a_batch_is_its_members(name: str) -> None:
    """Under vmap; `matrix_exp` and `lu` look at the numbers of a member, which are not there."""
    batch = leaf(2, 3, 3).detach()
    together = func.vmap(ALL_MODES[name])(batch)
    alone = autodiff.stack([ALL_MODES[name](one) for one in batch])
    np.testing.assert_allclose(together.numpy(), alone.numpy(), rtol=1e-14)


def test_transforms_of_a_signal() -> None:
    x = leaf(12)
    window = autodiff.hann_window(4, dtype=f64)
    spectra = autodiff.stft(x, 4, window=window, return_complex=True)
    back = autodiff.istft(spectra, 4, window=window, length=12)
    np.testing.assert_allclose(back.detach().numpy(), x.detach().numpy(), rtol=1e-14)
    (g,) = autodiff.autograd.grad((back * autodiff.arange(12)).sum(), x)
    np.testing.assert_allclose(g.numpy(), np.arange(12.0), atol=1e-13)


def test_least_squares_of_a_deficient_matrix() -> None:
    a = autodiff.tensor([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]], dtype=f64)
    b = autodiff.tensor([[1.0], [0.0], [2.0]], dtype=f64)
    found = linalg.lstsq(a, b)
    assert int(found.rank) == 1
    expected = np.linalg.lstsq(a.numpy(), b.numpy(), rcond=None)[0]
    np.testing.assert_allclose(found.solution.numpy(), expected, rtol=1e-13)


def test_eigenvalues_have_no_derivative() -> None:
    matrix = leaf(2, 2)
    found = np.sort_complex(linalg.eigvals(matrix.detach()).numpy())
    expected = np.sort_complex(np.linalg.eigvals(matrix.detach().numpy()))
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    with pytest.raises(NotImplementedError, match="has no derivative here"):
        linalg.eig(matrix)


# --------------------------------------------------------------------------- random streams


def test_generators() -> None:
    one, other = (autodiff.Generator().manual_seed(3) for _ in range(2))
    assert one.initial_seed() == 3
    assert one.device == autodiff.device("cpu")
    for draw in (
        lambda g: autodiff.rand(3, generator=g),
        lambda g: autodiff.randn(3, generator=g),
        lambda g: autodiff.randint(0, 9, (3,), generator=g),
        lambda g: autodiff.randperm(5, generator=g),
        lambda g: autodiff.normal(0.0, 1.0, (3,), generator=g),
        lambda g: autodiff.bernoulli(autodiff.full((5,), 0.5), generator=g),
        lambda g: autodiff.multinomial(autodiff.ones(2, 4), 3, generator=g),
        lambda g: autodiff.poisson(autodiff.ones(4), generator=g),
        lambda g: autodiff.empty(3).normal_(generator=g),
    ):
        assert autodiff.equal(draw(one), draw(other))
    state = one.get_state()
    first = autodiff.rand(2, generator=one)
    assert autodiff.equal(first, autodiff.rand(2, generator=one.set_state(state)))
    again = pickle.loads(pickle.dumps(other))
    assert autodiff.equal(autodiff.rand(2, generator=again), autodiff.rand(2, generator=other))


def test_common_stream() -> None:
    assert autodiff.manual_seed(5) is autodiff.default_generator
    assert autodiff.initial_seed() == 5
    state = autodiff.get_rng_state()
    first = autodiff.rand(3)
    autodiff.set_rng_state(state)
    assert autodiff.equal(first, autodiff.rand(3))
    autodiff.manual_seed(5)
    assert autodiff.equal(first, autodiff.rand(3))


# ------------------------------------------------------------------------------------- files


def test_files(tmp_path: Path) -> None:
    held = {
        "w": autodiff.tensor([1.0, 2.0], requires_grad=True),
        "step": 3,
        "more": [autodiff.arange(2), collections.OrderedDict(a=autodiff.tensor(True))],
        "half": autodiff.ones(2, dtype=autodiff.float16),
    }
    autodiff.save(held, tmp_path / "state.pt")
    found = autodiff.load(tmp_path / "state.pt")
    assert str(found) == str(held)
    assert found["w"].requires_grad
    buffer = io.BytesIO()
    autodiff.save(held["w"], buffer)
    buffer.seek(0)
    assert autodiff.equal(autodiff.load(buffer), held["w"])


class Stranger:
    """Of which a file could make anything."""


def test_files_of_strangers_run_no_code(tmp_path: Path) -> None:
    autodiff.save({"x": Stranger()}, tmp_path / "state.pt")
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        autodiff.load(tmp_path / "state.pt")
    assert isinstance(autodiff.load(tmp_path / "state.pt", weights_only=False)["x"], Stranger)
    (tmp_path / "other.pt").write_bytes(b"PK\x03\x04 of another kind")
    with pytest.raises(pickle.UnpicklingError, match="not a file of"):
        autodiff.load(tmp_path / "other.pt")


# ------------------------------------------------------------------------------------ factories


def test_legacy_types() -> None:
    assert autodiff.LongTensor([1]).dtype == autodiff.int64
    assert autodiff.FloatTensor(2, 3).shape == (2, 3)
    assert isinstance(autodiff.ones(2), autodiff.FloatTensor)
    assert not isinstance(autodiff.ones(2), autodiff.LongTensor)
    assert repr(autodiff.FloatTensor) == "<class 'torch.FloatTensor'>"


def test_layouts() -> None:
    assert repr(autodiff.strided) == "torch.strided"
    assert autodiff.ones(2).layout is autodiff.strided
    assert pickle.loads(pickle.dumps(autodiff.strided)) is autodiff.strided
    assert autodiff.empty_strided((2, 2), (1, 2)).stride() == (1, 2)
    assert autodiff.empty_permuted((2, 3), (1, 0)).stride() == (1, 2)


def test_no_cuda() -> None:
    assert not autodiff.cuda.is_available()
    with pytest.raises(AssertionError, match="not compiled with CUDA"):
        autodiff.ones(2).cuda()


def test_factors_of_a_singular_matrix() -> None:
    found = linalg.lu(autodiff.zeros(3, 3))
    assert found.L.tolist() == autodiff.eye(3).tolist()
    assert found.U.tolist() == autodiff.zeros(3, 3).tolist()
    with pytest.raises(RuntimeError, match=r"lu_factor: U\[1,1\] is zero"):
        linalg.lu_factor(autodiff.tensor([[0.0, 1.0], [0.0, 2.0]]))
    with pytest.raises(RuntimeError, match=r"\(Batch element 1\): U\[2,2\] is zero"):
        linalg.lu_factor(autodiff.stack([autodiff.eye(2), autodiff.ones(2, 2)]))
