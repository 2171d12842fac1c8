"""Samples of complex numbers: parts, directions, mixtures with real numbers, linear algebra."""

from __future__ import annotations

from typing import Any

from samples.build import WIDE, Input, positive, samples, spread, values, x34, y34, zero_d
from samples.decompositions import matrix

__all__: list[str] = []

COMPLEX = ("complex128", "complex64")


def with_zero(*shape: int) -> Input:
    """Some of the numbers are zero."""
    numbers = spread(*shape).values.copy()
    numbers.reshape(-1)[::3] = 0
    return Input(numbers)


for z in (x34, x34.T, zero_d, with_zero(2, 3)):
    samples(
        "complex-parts",
        (z,),
        lambda t, z: z.real,
        lambda t, z: z.imag,
        lambda t, z: t.real(z) * t.imag(z),
        lambda t, z: t.view_as_real(z),
        lambda t, z: t.view_as_real(z) ** 2,
        lambda t, z: t.view_as_complex(t.view_as_real(z).contiguous() * 2),
        lambda t, z: t.conj_physical(z),
        lambda t, z: z.abs(),
        lambda t, z: t.complex(z.imag, z.real),
        lambda t, z: t.polar(z.abs() + 1, z.real),
        lambda t, z: z.abs() * z,
        lambda t, z: z.real * z,
        lambda t, z: (z * z.real).imag,
        lambda t, z: t.isreal(z),
        lambda t, z: t.is_complex(z) and z,
        dtypes=COMPLEX,
        ulp=8,
    )
    samples(  # of the second order at 0, where the first is 0 by convention, PyTorch makes nan
        "complex-directions",
        (z,),
        lambda t, z: z.sgn(),
        lambda t, z: z.angle(),
        dtypes=COMPLEX,
        ulp=8,
        options=("first order",) if (z.values == 0).any() else (),
    )
    samples(
        "complex-conjugates",
        (z,),
        lambda t, z: z.conj(),
        lambda t, z: z * z.conj(),
        lambda t, z: (z + z.conj()) * z,
        lambda t, z: z.conj().conj() * 2,
        lambda t, z: t.conj(z).abs(),
        lambda t, z: z.conj().resolve_conj() * z,
        dtypes=COMPLEX,
        ulp=8,
        options=("fused",),
    )
samples(
    "complex-of-real",
    (x34, y34),
    lambda t, x, y: t.complex(x, y),
    lambda t, x, y: t.complex(x, y) ** 2,
    lambda t, x, y: t.complex(x, y[0]).exp().real,
    lambda t, x, y: t.polar(x.abs(), y),
    lambda t, x, y: t.polar(x.abs() + 1, y).imag,
    lambda t, x, y: x * 1j,
    lambda t, x, y: (x * 1j + y).abs(),
    lambda t, x, y: (x + 2j) * y,
    lambda t, x, y: (x + 1j) ** y,
    lambda t, x, y: (x**2 + 1) ** (0.5 + 1j),
    lambda t, x, y: t.stack([x * 1j, y * (1 + 0j)]),
    lambda t, x, y: x.to(t.complex128).exp(),
    lambda t, x, y: x.angle(),
    lambda t, x, y: t.view_as_complex(x[:, :2].contiguous()),
    lambda t, x, y: t.view_as_complex(x.reshape(3, 2, 2)) * 2j,
    lambda t, x, y: x.real + y.conj() + t.conj_physical(x),
    dtypes=WIDE,
    norm=True,
    ulp=16,
)
samples(
    "complex-with-real",
    (x34, y34.real),
    lambda t, z, r: z * r,
    lambda t, z, r: z / (r.abs() + 1),
    lambda t, z, r: r - z,
    lambda t, z, r: (z * r).abs(),
    lambda t, z, r: z ** (r.real * 0.5),
    lambda t, z, r: (z @ r.T.conj_physical()).abs(),
    dtypes=COMPLEX,
    norm=True,
    ulp=16,
)
samples(
    "complex-vectors",
    (spread(4), spread(4, seed=3)),
    lambda t, x, y: t.vdot(x, y),
    lambda t, x, y: x.vdot(y) * x,
    lambda t, x, y: t.vdot(x, x),
    lambda t, x, y: x.dot(y),
    lambda t, x, y: t.vdot(x, y).abs(),
    dtypes=("float64", "float32", *COMPLEX),
    norm=True,
    ulp=8,
)
samples(
    "complex-writes",
    (x34, y34),
    lambda t, x, y: _written(t, x, lambda z: z.real.mul_(2)),
    lambda t, x, y: _written(t, x, lambda z: z.imag.add_(z.real)),
    lambda t, x, y: _written(t, x, lambda z: z.imag.copy_(y.abs())),
    lambda t, x, y: _written(t, x, lambda z: setattr(z, "real", y.real)),
    lambda t, x, y: _written(t, x, lambda z: setattr(z, "imag", 3.0)),
    lambda t, x, y: _written(t, x, lambda z: z.real.__setitem__((0, slice(2)), 5.0)),
    lambda t, x, y: _written(t, x, lambda z: t.view_as_real(z)[..., 0].exp_()),
    lambda t, x, y: _written(t, x, lambda z: z[1].imag.zero_()),
    lambda t, x, y: _written(t, x, lambda z: z.mul_(y).real.neg_()),
    dtypes=COMPLEX,
    ulp=16,
    options=("fused",),
)


def _written(t: Any, x: Any, write: Any) -> Any:
    """A copy of the numbers, something written to parts of it, and then used."""
    copy = x * 1
    write(copy)
    return copy * (1 + 0.5j)


# -------------------------------------------------------------------------------- linear algebra


def mixed(a: Any) -> Any:
    """Numbers of several directions."""
    return a + 0.25j * (a * a.real)


def product(factors: Any) -> Any:
    return factors[0] @ factors[2]


def hermitian(a: Any) -> Any:
    return a @ a.mH + 1


COMPLEX_MATRICES = (matrix(3, 3), matrix(2, 2, 2, seed=1), matrix(3, 3).T)
for a in COMPLEX_MATRICES:
    samples(
        "complex-linalg",
        (a,),
        lambda t, a: a.mH * 2,
        lambda t, a: a.adjoint() @ a,
        lambda t, a: t.adjoint(a) + a,
        lambda t, a: t.linalg.cholesky(hermitian(mixed(a))),
        lambda t, a: t.linalg.cholesky(hermitian(mixed(a)), upper=True),
        lambda t, a: t.linalg.inv(mixed(a)),
        lambda t, a: t.linalg.det(mixed(a)),
        lambda t, a: tuple(t.linalg.slogdet(mixed(a))),
        lambda t, a: t.logdet(mixed(a)),
        lambda t, a: t.linalg.eigh(hermitian(mixed(a)))[0],
        lambda t, a: t.linalg.eigh(hermitian(mixed(a)))[1].abs(),
        lambda t, a: t.linalg.eigvalsh(hermitian(mixed(a)), UPLO="U"),
        lambda t, a: t.linalg.svdvals(mixed(a)),
        lambda t, a: t.linalg.svd(mixed(a))[0].abs(),
        lambda t, a: t.linalg.svd(mixed(a), full_matrices=False)[2].abs(),
        lambda t, a: product(t.linalg.svd(mixed(a))),
        lambda t, a: t.linalg.qr(mixed(a))[0],
        lambda t, a: t.linalg.qr(mixed(a))[1],
        lambda t, a: t.linalg.solve(mixed(a), a.exp()[..., :1]),
        lambda t, a: t.linalg.solve(mixed(a), a.exp()[..., :2, :], left=False),
        lambda t, a: t.linalg.solve_triangular(mixed(a), a.exp(), upper=True),
        lambda t, a: t.linalg.solve_triangular(mixed(a), a.exp(), upper=False, left=False),
        lambda t, a: t.cholesky_solve(a[..., :1], a.tril()),
        lambda t, a: t.linalg.matrix_power(mixed(a), 3),
        lambda t, a: t.linalg.matrix_power(mixed(a), -1),
        lambda t, a: t.linalg.matrix_norm(mixed(a)),
        lambda t, a: t.linalg.matrix_norm(mixed(a), "nuc"),
        lambda t, a: t.linalg.matrix_norm(mixed(a), 2),
        lambda t, a: t.linalg.matrix_norm(mixed(a), 1),
        lambda t, a: t.linalg.norm(mixed(a), 1, dim=-1),
        norm=True,
        ulp=512,
        dtypes=COMPLEX,
        options=("fused",),
    )
samples(
    "complex-linalg-shapes",
    (matrix(4, 2, seed=2),),
    lambda t, a: t.linalg.qr(mixed(a))[0],
    lambda t, a: t.linalg.qr(mixed(a.mT))[1],
    lambda t, a: t.linalg.qr(mixed(a.mT), mode="complete")[0],
    lambda t, a: t.linalg.svdvals(mixed(a)),
    lambda t, a: t.linalg.svd(mixed(a.mT), full_matrices=False)[0].abs(),
    lambda t, a: t.linalg.svd(mixed(a), full_matrices=False)[0].abs(),
    norm=True,
    ulp=512,
    dtypes=COMPLEX,
    options=("fused",),
)
samples(
    "complex-functions",
    (x34, positive(3, 4)),
    lambda t, z, w: z.logsumexp(1),
    lambda t, z, w: z.logsumexp((0, 1), keepdim=True) * z,
    lambda t, z, w: z.prod(0),
    lambda t, z, w: z.var(1),
    lambda t, z, w: z.std() * z,
    lambda t, z, w: z.cumsum(0) * w,
    lambda t, z, w: t.linalg.vector_norm(z, 3),
    lambda t, z, w: z.norm() * z,
    lambda t, z, w: t.einsum("ij,kj->ik", z, w),
    lambda t, z, w: t.nn.functional.l1_loss(z, w),
    norm=True,
    ulp=64,
    dtypes=COMPLEX,
    options=("fused",),
)
samples(
    "complex-refusals",
    (x34, values([1, 2, 3.0])),
    lambda t, z, v: z.amax(),
    lambda t, z, v: z.amin(1),
    lambda t, z, v: z.max(),
    lambda t, z, v: z.min(0),
    lambda t, z, v: z.argmax(),
    lambda t, z, v: z.argmin(1),
    lambda t, z, v: z.topk(2),
    lambda t, z, v: z.sort(),
    lambda t, z, v: z.round(),
    lambda t, z, v: z.floor(),
    lambda t, z, v: z.sign(),
    lambda t, z, v: z.clamp(0),
    lambda t, z, v: z < z,
    lambda t, z, v: t.maximum(z, z),
    lambda t, z, v: t.nn.functional.gelu(z),
    lambda t, z, v: t.nn.functional.silu(z),
    lambda t, z, v: t.nn.functional.elu(z),
    lambda t, z, v: t.nn.functional.selu(z),
    lambda t, z, v: t.nn.functional.celu(z),
    lambda t, z, v: t.nn.functional.leaky_relu(z),
    lambda t, z, v: t.nn.functional.softplus(z),
    lambda t, z, v: t.relu(z),
    lambda t, z, v: t.softmax(z, 0),
    lambda t, z, v: t.log_softmax(z, 1),
    lambda t, z, v: t.nn.functional.mse_loss(z, z),
    lambda t, z, v: t.nn.functional.huber_loss(z, z),
    lambda t, z, v: t.nn.functional.smooth_l1_loss(z, z),
    lambda t, z, v: t.nn.functional.kl_div(z, z),
    lambda t, z, v: t.nn.functional.group_norm(z, 2),
    lambda t, z, v: t.nn.functional.embedding(t.tensor([0]), z),
    lambda t, z, v: t.view_as_real(z.real),
    lambda t, z, v: t.view_as_complex(z),
    lambda t, z, v: t.view_as_complex(z.real),
    lambda t, z, v: t.view_as_complex(t.view_as_real(z)[..., :1]),
    lambda t, z, v: t.view_as_complex(t.view_as_real(z)[0].T),
    lambda t, z, v: t.view_as_complex(t.ones(3, 3)[:, :2]),
    lambda t, z, v: t.view_as_complex(t.ones(5)[1:].reshape(2, 2)),
    lambda t, z, v: t.view_as_complex(t.tensor(1.0)),
    lambda t, z, v: t.view_as_complex(t.tensor([1, 2])),
    lambda t, z, v: z.real.imag,
    lambda t, z, v: t.imag(z.abs()),
    lambda t, z, v: t.complex(z, z),
    lambda t, z, v: t.complex(z.real, z.real.half()),
    lambda t, z, v: t.polar(z.real, 1.0),
    lambda t, z, v: t.polar(t.tensor([1]), t.tensor([1])),
    lambda t, z, v: t.vdot(z, z),
    lambda t, z, v: t.vdot(v, v.real),
    lambda t, z, v: t.vdot(v, v[:2]),
    lambda t, z, v: v.H,
    lambda t, z, v: v.mH,
    lambda t, z, v: v.adjoint(),
    lambda t, z, v: z.reshape(3, 2, 2).H,
    lambda t, z, v: setattr(v.real, "imag", 1.0),
    lambda t, z, v: setattr(v * 1, "real", z),
    lambda t, z, v: z.real @ z.T,
    lambda t, z, v: z.sum().backward(),
    lambda t, z, v: float(v[0]),
    lambda t, z, v: int(v[0].detach()),
    lambda t, z, v: t.linalg.svd(mixed(z))[0].real.sum().backward(),
    lambda t, z, v: t.linalg.eigh(hermitian(mixed(z)))[1].imag.sum().backward(),
    lambda t, z, v: t.linalg.qr(z.mT, mode="complete")[0].abs().sum().backward(),
    lambda t, z, v: t.linalg.qr(z, mode="r")[1].abs().sum().backward(),
    dtypes=COMPLEX,
    options=("outside",),
)
