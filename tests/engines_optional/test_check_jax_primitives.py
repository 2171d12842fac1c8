"""Each of JAX's primitives through `check`: values and gradients against its mathematics."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax")

from reference.checking import check  # noqa: E402
from reference.definitions import MissingDefinition  # noqa: E402

checkpoint_name = pytest.importorskip("jax.ad_checkpoint").checkpoint_name
jnp, lax = jax.numpy, jax.lax
special, linalg = jax.scipy.special, lax.linalg


def drawn(*shape: int, seed: int = 0) -> Any:
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def positive(x: Any) -> Any:
    return jnp.abs(x) + 0.5


def definite(x: Any) -> Any:
    return x @ x.T + jnp.eye(x.shape[0])


def image(x: Any) -> Any:
    return x.reshape(1, 1, 3, 4)


def windows(operation: Any, start: float, **more: Any) -> Callable[[Any], Any]:
    return lambda x: lax.reduce_window(x, start, operation, (2, 2), (1, 2), "SAME", **more)


def convolved(x: Any, kernel: Any, **more: Any) -> Any:
    names = ("NHWC", "HWIO", "NHWC")
    given = {"window_strides": (1, 1), "padding": "SAME", "dimension_numbers": names, **more}
    return lax.conv_general_dilated(x, kernel, **given)


POINTWISE = {
    "lgamma": lambda x: lax.lgamma(positive(x)),
    "lgamma of negative numbers": lambda x: lax.lgamma(-positive(x) / 8),
    "digamma": lambda x: lax.digamma(positive(x)),
    "polygamma": lambda x: lax.polygamma(jnp.float32(1), positive(x) + 1),
    "polygamma of many orders": lambda x: lax.polygamma(
        jnp.float32([[1, 2, 3, 1]] * 3), positive(x)
    ),
    "erf_inv": lambda x: lax.erf_inv(jnp.tanh(x)),
    "igamma": lambda x: lax.igamma(jnp.float32(2.5), positive(x)),
    "igammac": lambda x: lax.igammac(jnp.float32(2.5), positive(x)),
    "betainc": lambda x: lax.betainc(jnp.float32(2), jnp.float32(3.5), lax.logistic(x)),
    "bessel_i0e": lax.bessel_i0e,
    "bessel_i1e": lax.bessel_i1e,
    "round": lambda x: lax.round(x * 4) + x,
    "round to even": lambda x: jnp.round(x * 4) * x,
    "rem": lambda x: lax.rem(x * 4, positive(x[::-1])),
    "clamp": lambda x: lax.clamp(-0.5, x, jnp.float32(0.5)),
    "nan_to_num": lambda x: jnp.nan_to_num(x) * x,
    "logaddexp": lambda x: jnp.logaddexp(x, x[::-1]),
    "exp2": lax.exp2,
}
MOVES = {
    "tile": lambda x: lax.tile(x, (2, 1)),
    "stack": lambda x: jnp.stack([x, x * x]),
    "dynamic_update_slice": lambda x: lax.dynamic_update_slice(x * x, x[:1], (1, 0)),
    "update of a constant": lambda x: lax.dynamic_update_slice(jnp.ones((4, 5)), x, (1, 1)),
    "name": lambda x: checkpoint_name(x * x, "square"),
    "device_put": lambda x: jax.device_put(x) * x,
    "debug_print": lambda x: (jax.debug.print(""), x * x)[1],
}
REDUCTIONS = {
    "cumsum": lambda x: lax.cumsum(x, 1, reverse=True),
    "cumprod": lambda x: lax.cumprod(x, 0),
    "cumlogsumexp": lambda x: lax.cumlogsumexp(x, 1),
    "cummin": lambda x: lax.cummin(x, 1),
    "sort by two keys": lambda x: lax.sort((jnp.round(x), x, x * x), num_keys=2)[2],
    "argsort": lambda x: x.ravel()[jnp.array([2, 0])] * jnp.argsort(x.ravel())[:2],
    "top k": lambda x: lax.top_k(x, 2)[0],
    "reduce": lambda x: lax.reduce(x, jnp.float32(0), lambda a, b: a * b + a + b, (0,)),
    "scatter-sub": lambda x: x.at[0].subtract(x[1]),
    "scatter-mul": lambda x: x.at[jnp.array([0, 1])].multiply(x[1:], unique_indices=True),
    "scatter-max": lambda x: x.at[0].max(x[1]),
    "scatter-min": lambda x: x.at[jnp.array([0, 2])].min(x[1]),
}
WINDOWS = {
    "max": windows(lax.max, -np.inf),
    "min": windows(lax.min, np.inf),
    "sum": windows(lax.add, 0.0),
    "sum, dilated": windows(lax.add, 0.0, base_dilation=(2, 1), window_dilation=(1, 2)),
    "gradient of max": jax.grad(lambda x: (windows(lax.max, -np.inf)(x) ** 3).sum()),
    "tangent of max": lambda x: jax.jvp(windows(lax.max, -np.inf), (x,), (x * x,))[1],
    "convolution": lambda x: lax.conv(image(x), image(x)[..., :2, :2], (1, 1), "VALID"),
    "strides": lambda x: lax.conv(image(x), image(x)[..., :2, :2], (2, 1), "SAME"),
    "dilation": lambda x: lax.conv_general_dilated(
        image(x), image(x)[..., :2, :2], (1, 1), [(1, 2), (0, 3)], (2, 1), (1, 2)
    ),
    "channels last": lambda x: convolved(x.reshape(1, 3, 2, 2), x.reshape(1, 3, 2, 2)),
    "groups of channels": lambda x: convolved(
        x.reshape(1, 3, 2, 2), x.reshape(1, 3, 1, 4), feature_group_count=2
    ),
    "groups of batches": lambda x: convolved(
        x.reshape(2, 3, 2, 1), x.reshape(1, 3, 1, 4), batch_group_count=2
    ),
    "gradient of convolution": jax.grad(
        lambda x: (convolved(x.reshape(1, 3, 2, 2), x.reshape(1, 3, 2, 2)) ** 2).sum()
    ),
}
MATRICES = {
    "cholesky": lambda x: linalg.cholesky(definite(x)),
    "eigenvalues": lambda x: linalg.eigh(definite(x))[1],
    "eigenvectors": lambda x: linalg.eigh(definite(x))[0] ** 2,
    "singular values": lambda x: linalg.svd(x, compute_uv=False),
    "svd": lambda x: [part**2 for part in linalg.svd(x, full_matrices=False)],
    "qr": lambda x: [part**2 for part in linalg.qr(x.T, full_matrices=False)],
    "lu": lambda x: linalg.lu(x @ x.T + jnp.diag(x[0, :3]))[0],
    "determinant": lambda x: jnp.linalg.det(x[:3, :3]),
    "determinant by lu": lambda x: jnp.linalg.slogdet(jnp.kron(x[:2, :2], jnp.eye(2)))[1],
    "triangular": lambda x: linalg.triangular_solve(definite(x), x, left_side=True, lower=True),
    "triangular, right": lambda x: linalg.triangular_solve(
        definite(x), x.T, unit_diagonal=True, transpose_a=True
    ),
    "tridiagonal": lambda x: linalg.tridiagonal_solve(
        x[0, :3], positive(x[1, :3]) + 4, x[2, :3], x
    ),
    "inverse": lambda x: jnp.linalg.inv(definite(x)),
    "fft": lambda x: jnp.abs(jnp.fft.fft(x)),
    "rfft": lambda x: jnp.fft.irfft(jnp.fft.rfft(x) ** 2),
}
ALL = {
    f"{family}: {name}": function
    for family, table in {
        "pointwise": POINTWISE,
        "moves": MOVES,
        "reductions": REDUCTIONS,
        "windows": WINDOWS,
        "matrices": MATRICES,
    }.items()
    for name, function in table.items()
}


@pytest.mark.parametrize("name", ALL)
def test_a_primitive_is_traced_and_right(name: str) -> None:
    report = check(ALL[name], drawn(3, 4), what=["value", "vjp"], repeats=0)
    assert report.ok, report.text
    assert {"value", "vjp"} <= set(report.checked)


def test_random_numbers_are_constants() -> None:
    def dropped(x: Any) -> Any:
        old, new = jax.random.PRNGKey(0), jax.random.key(1)
        return jnp.where(jax.random.bernoulli(old, 0.5, x.shape), x, jax.random.normal(new) * x)

    assert check(dropped, drawn(5), what=["value", "vjp"]).ok


def test_of_zeta_jax_has_the_value_alone() -> None:
    report = check(lambda x: lax.zeta(jnp.float32(3), positive(x)), drawn(3), what="value")
    assert report.ok, report.text


def test_a_pooling_with_a_wrong_rule_is_caught() -> None:
    pooled = jax.custom_vjp(windows(lax.max, -np.inf))
    pooled.defvjp(lambda x: (pooled(x), x), lambda x, g: (jnp.zeros_like(x).at[:, ::2].set(g),))
    assert not check(pooled, drawn(3, 4), what="vjp").ok


def test_by_which_parameter_there_is_no_derivative() -> None:
    with pytest.raises(MissingDefinition, match="igamma with a parameter"):
        check(lambda x: lax.igamma(x, jnp.ones(2)), jnp.ones(2))


def test_a_window_of_padding_alone_is_named() -> None:
    with pytest.raises(MissingDefinition, match="padding altogether"):
        check(
            lambda x: lax.reduce_window(x, -np.inf, lax.max, (1,), (1,), [(1, 0)])[1:], jnp.ones(2)
        )
