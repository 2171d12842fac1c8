"""Complex numbers: views of their parts, writes through them, gradients as in PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autodiff as torch
from autodiff.autograd import forward_ad, grad
from autodiff.gradcheck import gradcheck, gradgradcheck

Z = [[1 + 2j, 3 - 1j], [0.5j, 2 + 0.25j]]


def leaf(values: Any = Z, dtype: Any = torch.complex128) -> Any:
    return torch.tensor(values, dtype=dtype, requires_grad=True)


def test_parts_share_memory_and_counter() -> None:
    z = torch.tensor(Z)
    parts = torch.view_as_real(z)
    assert parts.shape == (2, 2, 2)
    assert z.real._base is z
    assert z.real.stride() == (4, 2)
    before = z._version
    z.real[0, 0] = 7.0
    parts[1, 1, 1] = -1.0
    assert z[0, 0].item() == 7 + 2j
    assert z[1, 1].item() == 2 - 1j
    assert z._version == before + 2
    back = torch.view_as_complex(parts)
    back[0, 1] = 1j
    assert z[0, 1].item() == 1j


def test_parts_of_a_real_tensor() -> None:
    x = torch.tensor([1.0, 2.0])
    assert x.real is x
    assert x.conj() is x
    assert torch.conj_physical(x) is x
    assert torch.isreal(x).all()
    with pytest.raises(RuntimeError, match="imag is not implemented for tensors with non-complex"):
        _ = x.imag


def test_assignment_to_parts_is_recorded() -> None:
    x = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
    z = x * 1j
    z.real = x * 2
    assert str(z.grad_fn).startswith("<CopySlices")
    (z.real * z.imag).sum().backward()  # 2x · x
    assert x.grad.tolist() == [4.0, -8.0]


def test_write_to_a_part_of_a_leaf_is_refused() -> None:
    with pytest.raises(RuntimeError, match="a view of a leaf Variable that requires grad"):
        leaf().real.mul_(2)
    z = torch.tensor([1j])
    with pytest.raises(RuntimeError, match="value cannot be converted to type float without over"):
        z.real = 1j


def test_saved_numbers_that_change_through_a_part_are_noticed() -> None:
    z = leaf() * 1
    y = z * z
    z.imag.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().abs().backward()


def test_conjugation_is_computed_at_once() -> None:
    z = leaf()
    w = z.conj()
    assert not w.is_conj()
    assert w.resolve_conj() is w
    assert w.grad_fn.name() == "ConjBackward0"
    assert w.tolist() == [[one.conjugate() for one in row] for row in Z]


def test_adjoints() -> None:
    z = leaf()
    assert z.H.tolist() == np.array(Z).conj().T.tolist()
    assert z.mH.tolist() == z.adjoint().tolist() == z.H.tolist()
    real = torch.ones(2, 3)
    assert real.mH._base is real
    with pytest.raises(RuntimeError, match=r"tensor.H is only supported on matrices"):
        _ = torch.ones(2, 2, 2).H


def test_gradient_is_along_the_conjugate() -> None:
    """Of |z|² it is 2z, and of the real part of z² it is 2·conj(z)."""
    z = leaf([1 + 2j])
    assert grad((z * z.conj()).real.sum(), z)[0].tolist() == [2 + 4j]
    assert grad((z * z).real.sum(), z)[0].tolist() == [2 - 4j]


def test_real_leaves_get_real_gradients() -> None:
    x = torch.tensor([0.5, 2.0], requires_grad=True)
    (gradient,) = grad((x * (1 + 2j)).abs().sum(), x)
    assert gradient.dtype == torch.float32


def test_a_complex_loss_is_refused() -> None:
    with pytest.raises(RuntimeError, match="grad can be implicitly created only for real scalar"):
        leaf().sum().backward()


FUNCTIONS: dict[str, Any] = {
    "real": lambda z: z.real * z.imag,
    "conj": lambda z: z.conj() * z,
    "angle": torch.angle,
    "sgn": torch.sgn,
    "abs": lambda z: z.abs() ** 3,
    "complex": lambda z: torch.complex(z.imag, z.real) ** 2,
    "polar": lambda z: torch.polar(z.real, z.imag),
    "view_as_real": lambda z: torch.view_as_real(z).prod(-1),
    "view_as_complex": lambda z: torch.view_as_complex(torch.view_as_real(z) ** 2) ** 2,
    "vdot": lambda z: torch.vdot(z[0], z[1]),
    "power": lambda z: z.abs() ** (1 + 0.5j),
    "power of a real base": lambda z: (z.real * z.real + 1) ** z,
    "power by a real exponent": lambda z: z ** (z.real * 0.5),
    "logsumexp": lambda z: z.logsumexp(1),
    "inv": torch.linalg.inv,
    "det": torch.linalg.det,
    "logdet": torch.logdet,
    "slogdet": torch.linalg.slogdet,
    "solve": lambda z: torch.linalg.solve(z, z.exp()[..., :1]),
    "qr": torch.linalg.qr,
    "cholesky": lambda z: torch.linalg.cholesky(z @ z.mH),
    "eigh": lambda z: (torch.linalg.eigh(z @ z.mH)[0], torch.linalg.eigh(z @ z.mH)[1].abs()),
    "svd": lambda z: (torch.linalg.svd(z)[0].abs(), torch.linalg.svd(z)[1]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_slopes_of_both_orders(name: str) -> None:
    assert gradcheck(FUNCTIONS[name], leaf(), check_forward_ad=True)
    assert gradgradcheck(FUNCTIONS[name], leaf(), check_fwd_over_rev=True)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_batches(name: str) -> None:
    both = torch.tensor([Z, [[2j, 1], [1, 3 + 1j]]], dtype=torch.complex128)
    found = torch.vmap(FUNCTIONS[name])(both)
    each = [FUNCTIONS[name](one) for one in both]
    for place, result in enumerate(found if isinstance(found, tuple) else (found,)):
        parts = [one[place] if isinstance(found, tuple) else one for one in each]
        assert torch.stack(parts).allclose(result, rtol=1e-12)


def test_infinite_parts_stay_apart() -> None:
    z = torch.complex(torch.tensor([float("inf")]), torch.tensor([2.0]))
    assert z.tolist() == [complex(float("inf"), 2)]


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (lambda z: torch.linalg.svd(z)[0].real.sum(), "svd_backward: The singular vectors in"),
        (lambda z: torch.linalg.eigh(z @ z.mH)[1].imag.sum(), "linalg_eigh_backward: The eigenv"),
    ],
)
def test_losses_that_depend_on_phases_are_refused(loss: Any, words: str) -> None:
    with pytest.raises(RuntimeError, match=words):
        loss(leaf()).backward()


def test_forward_mode_through_parts() -> None:
    with forward_ad.dual_level():
        z = forward_ad.make_dual(torch.tensor([1 + 2j]), torch.tensor([0.5 - 1j]))
        primal, tangent = forward_ad.unpack_dual(z.real * z.imag)
    assert primal.tolist() == [2.0]
    assert tangent.tolist() == [0.5 * 2 - 1.0 * 1]
