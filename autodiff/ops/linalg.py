"""Linear algebra: factors, inverses, determinants, systems of equations.

Rows, because nothing of this is made of elementwise operations. The rules are the ones that
differentiating the defining equations gives (Giles 2008; for eigenvectors and singular vectors,
Walter and others), written with the rows themselves, so that every order is at hand.
"""

from __future__ import annotations

from typing import Any

from autodiff.kernels import linalg as kernels
from autodiff.operation import sum_to
from autodiff.ops.indexing import INDEX
from autodiff.plan import PARAM, SAVED
from autodiff.primitive import Primitive, primitive

__all__ = [
    "CHOLESKY",
    "CHOLESKY_SOLVE",
    "DET",
    "EIGH",
    "INV",
    "QR",
    "SLOGDET",
    "SOLVE",
    "SOLVE_TRIANGULAR",
    "SVD",
]


def _h(xp: Any, x: Any) -> Any:
    """The adjoint."""
    return xp.conj(xp.matrix_transpose(x))


def _diagonal(xp: Any, values: Any) -> Any:
    """Values on the diagonal of matrices."""
    return xp.tril(
        xp.triu(
            xp.broadcast_to(xp.expand_dims(values, axis=-1), (*values.shape, values.shape[-1]))
        )
    )


def _column(xp: Any, values: Any) -> Any:
    return xp.expand_dims(values, axis=-1)


def _row(xp: Any, values: Any) -> Any:
    return xp.expand_dims(values, axis=-2)


def _is_complex(x: Any) -> bool:
    kind = getattr(x.dtype, "kind", None)
    return kind == "c" or (kind is None and "complex" in str(x.dtype))


def _on_diagonal(xp: Any, x: Any) -> Any:
    """A matrix without what is beside its diagonal."""
    return xp.tril(xp.triu(x))


def _reading_results(row: Primitive, *names: str) -> Primitive:
    """The row, whose rules are given the results that they ask for by these names.

    Recomputed results would be other tensors: what depends on the phases of complex vectors
    cancels only between all that was made of the same ones.
    """
    row.codes = tuple(
        tuple(
            (SAVED, -1 - names.index(key)) if kind == PARAM and key in names else (kind, key)
            for kind, key in codes
        )
        for codes in row.codes
    )
    return row


def _is_short(x: Any) -> bool:
    """Of 16 bits: what was rounded to them is worked out again in 32."""
    return bool(x.itemsize == 2)


def _wide(xp: Any, value: Any) -> Any:
    """Of 16 bits, in 32: the factors' rules divide by differences, which 16 would not bear."""
    return xp.astype(value, xp.float32) if value.itemsize == 2 else value


# ------------------------------------------------------------------------------------- equations


def _solve_right(xp: Any, g: Any, x: Any, left: bool, vector: bool) -> Any:
    return SOLVE(_h(xp, x), g, left=left, vector=vector)


def _solve_y_rule(xp: Any, g: Any, x: Any, y_shape: Any, left: bool, vector: bool) -> Any:
    return sum_to(_solve_right(xp, g, x, left, vector), tuple(y_shape), xp)


def _solve_x_rule(
    xp: Any, g: Any, x: Any, out: Any, x_shape: Any, left: bool, vector: bool
) -> Any:
    right = _solve_right(xp, g, x, left, vector)
    if vector:
        product = _column(xp, right) * _row(xp, xp.conj(out))
    else:
        product = right @ _h(xp, out) if left else _h(xp, out) @ right
    return sum_to(-product, tuple(x_shape), xp)


SOLVE: Primitive = primitive(
    "solve",
    "LinalgSolveExBackward0",
    lambda x, y, left, vector: kernels.solve(x, y, left, vector),
    (_solve_x_rule, _solve_y_rule),
)


def _triangle(xp: Any, x: Any, upper: bool, unitriangular: bool = False) -> Any:
    return xp.triu(x, k=int(unitriangular)) if upper else xp.tril(x, k=-int(unitriangular))


def _triangular_right(
    xp: Any, g: Any, x: Any, upper: bool, left: bool, unitriangular: bool
) -> Any:
    return SOLVE_TRIANGULAR(_h(xp, x), g, upper=not upper, left=left, unitriangular=unitriangular)


def _triangular_y_rule(
    xp: Any, g: Any, x: Any, y_shape: Any, upper: bool, left: bool, unitriangular: bool
) -> Any:
    right = _triangular_right(xp, g, x, upper, left, unitriangular)
    return sum_to(right, tuple(y_shape), xp)


def _triangular_x_rule(
    xp: Any,
    g: Any,
    x: Any,
    out: Any,
    x_shape: Any,
    upper: bool,
    left: bool,
    unitriangular: bool,
) -> Any:
    right = _triangular_right(xp, g, x, upper, left, unitriangular)
    product = right @ _h(xp, out) if left else _h(xp, out) @ right
    return sum_to(_triangle(xp, -product, upper, unitriangular), tuple(x_shape), xp)


SOLVE_TRIANGULAR: Primitive = primitive(
    "solve_triangular",
    "LinalgSolveTriangularBackward0",
    lambda x, y, upper, left, unitriangular: kernels.solve_triangular(
        x, y, upper, left, unitriangular
    ),
    (_triangular_x_rule, _triangular_y_rule),
)


def _cholesky_solve_kernel(y: Any, x: Any, upper: bool) -> Any:
    first = x.swapaxes(-1, -2).conj() if upper else x
    half = kernels.solve_triangular(first, y, False, True, False)
    return kernels.solve_triangular(first.swapaxes(-1, -2).conj(), half, True, True, False)


def _cholesky_solve_x_rule(xp: Any, g: Any, x: Any, out: Any, x_shape: Any, upper: bool) -> Any:
    half = CHOLESKY_SOLVE(g, x, upper=upper) @ _h(xp, out)
    both = -(half + _h(xp, half))
    factor = _triangle(xp, x, upper)  # what else x holds is not read
    product = factor @ both if upper else both @ factor
    return sum_to(_triangle(xp, product, upper), tuple(x_shape), xp)


CHOLESKY_SOLVE: Primitive = primitive(
    "cholesky_solve",
    "CholeskySolveBackward0",
    _cholesky_solve_kernel,
    (
        lambda xp, g, x, y_shape, upper: sum_to(
            CHOLESKY_SOLVE(g, x, upper=upper), tuple(y_shape), xp
        ),
        _cholesky_solve_x_rule,
    ),
    inputs=("y", "x"),
)


def _inv_rule(xp: Any, g: Any, out: Any) -> Any:
    turned = _h(xp, out)
    return -(turned @ g @ turned)


INV: Primitive = primitive("inv", "LinalgInvExBackward0", lambda x: kernels.inv(x), (_inv_rule,))

# ----------------------------------------------------------------------------------- determinants

_BY_MINORS = 4  # up to this size, minors: also of singular matrices, and to every order


def _det_rule(xp: Any, g: Any, x: Any, out: Any) -> Any:
    scale = _column(xp, _column(xp, g))
    size = x.shape[-1]
    if size > _BY_MINORS:
        return scale * _column(xp, _column(xp, xp.conj(out))) * _h(xp, INV(x))
    if size == 1:
        return xp.broadcast_to(scale, tuple(x.shape))
    index, signs = kernels.minors(size)
    minors = DET(INDEX(x, index=(..., *index)))
    return scale * xp.conj(minors) * xp.asarray(signs, dtype=x.dtype)


DET: Primitive = primitive("det", "LinalgDetBackward0", lambda x: kernels.det(x), (_det_rule,))


def _slogdet_rule(xp: Any, gs: Any, x: Any, sign: Any) -> Any:
    g = gs[1]
    if _is_complex(x):  # the sign is a direction, which moves along the unit circle
        g = g - xp.imag(xp.conj(gs[0]) * sign) * 1j
    return _column(xp, _column(xp, g)) * _h(xp, INV(x))


SLOGDET: Primitive = _reading_results(
    primitive(
        "slogdet",
        "LinalgSlogdetBackward0",
        lambda x: kernels.slogdet(x),
        (_slogdet_rule,),
        outputs=-1,
    ),
    "sign",
)

# ---------------------------------------------------------------------------------------- factors


def _cholesky_rule(xp: Any, g: Any, out: Any, upper: bool) -> Any:
    """With L the factor: L⁻ᴴ Φ(Lᴴ g) L⁻¹, symmetric; Φ is the lower half."""
    lower = _h(xp, out) if upper else out
    if kernels.is_large(g) and kernels.is_large(out):
        return kernels.cholesky_cotangent(lower, g.T if upper else g)
    product = _h(xp, lower) @ (_h(xp, g) if upper else g)
    half = xp.tril(product) + xp.tril(product, k=-1)  # twice the lower half
    first = SOLVE_TRIANGULAR(_h(xp, lower), half, upper=True, left=True, unitriangular=False)
    second = SOLVE_TRIANGULAR(lower, first, upper=False, left=False, unitriangular=False)
    return (second + _h(xp, second)) * 0.25


CHOLESKY: Primitive = primitive(
    "cholesky",
    "LinalgCholeskyExBackward0",
    lambda x, upper: kernels.cholesky(x, upper),
    (_cholesky_rule,),
    inputs=("x",),
)


def _distances(xp: Any, values: Any) -> Any:
    """values[j] - values[i], and 1 on the diagonal."""
    gaps = _row(xp, values) - _column(xp, values)
    return gaps + _diagonal(xp, xp.ones_like(values))


def _eigh_rule(xp: Any, gs: Any, x: Any, values: Any, vectors: Any, lower: bool) -> Any:
    """V (diag(gw) + VᴴgV / gaps) Vᴴ, of which x moves the symmetric part."""
    if _is_short(x):
        values, vectors = EIGH(_wide(xp, x), lower=lower)
    g_values, g_vectors = (_wide(xp, g) for g in gs)
    if kernels.is_nothing(g_vectors):  # equal eigenvalues have no say then
        return (vectors * _row(xp, g_values)) @ _h(xp, vectors)
    mixing = _h(xp, vectors) @ g_vectors
    if _is_complex(x):
        kernels.refuse_phases("eigh", mixing)
        mixing = mixing - _on_diagonal(xp, mixing)
    mixing = (mixing - _h(xp, mixing)) * 0.5 / _distances(xp, values)
    return vectors @ (mixing + _diagonal(xp, g_values)) @ _h(xp, vectors)


EIGH: Primitive = _reading_results(
    primitive(
        "eigh",
        "LinalgEighBackward0",
        lambda x, lower: kernels.eigh(x, lower),
        (_eigh_rule,),
        inputs=("x",),
        outputs=-1,
    ),
    "values",
    "vectors",
)


def _svd_rule(xp: Any, gs: Any, x: Any, u: Any, s: Any, vh: Any, full: bool) -> Any:
    if _is_short(x):
        u, s, vh = SVD(_wide(xp, x), full=full)
    gu, g_values, gv = (_wide(xp, g) for g in gs)
    size = s.shape[-1]
    if full:  # what is beyond the singular values is not unique
        gu, gv = gu[..., :size], gv[..., :size, :]
        u, vh = u[..., :size], vh[..., :size, :]
    if kernels.is_nothing(gu) and kernels.is_nothing(gv):  # nor have equal singular values
        return (u * _row(xp, g_values)) @ vh
    gaps = _distances(xp, s * s)
    turn_u, turn_v = _h(xp, u) @ gu, gv @ _h(xp, vh)
    inner = (turn_u - _h(xp, turn_u)) / gaps * _row(xp, s)
    inner = inner + _column(xp, s) * ((_h(xp, turn_v) - turn_v) / gaps)
    if _is_complex(x):  # what turns a left and a right vector by one angle changes nothing
        kernels.refuse_phases("svd", turn_u - turn_v)
        phases = _on_diagonal(xp, turn_u - _h(xp, turn_u)) * 0.5 / _row(xp, s)
        inner = inner - _on_diagonal(xp, inner) + phases
    inner = inner + _diagonal(xp, g_values)
    result = u @ inner @ vh
    rows, columns = x.shape[-2], x.shape[-1]
    if rows > size:
        result = result + ((gu - u @ turn_u) / _row(xp, s)) @ vh
    if columns > size:
        result = result + u @ ((gv - turn_v @ vh) / _column(xp, s))
    return result


SVD: Primitive = _reading_results(
    primitive(
        "svd",
        "LinalgSvdBackward0",
        lambda x, full: kernels.svd(x, full),
        (_svd_rule,),
        inputs=("x",),
        outputs=-1,
    ),
    "u",
    "s",
    "vh",
)


def _qr_tall(xp: Any, gq: Any, gr: Any, q: Any, r: Any) -> Any:
    half = xp.triu(gr @ _h(xp, r) - _h(xp, q) @ gq)
    both = half + _h(xp, xp.triu(half, k=1))
    if _is_complex(half):  # the diagonal of R is real
        both = (both + _h(xp, both)) * 0.5
    return SOLVE_TRIANGULAR(_h(xp, r), gq + q @ both, upper=False, left=False, unitriangular=False)


def _qr_rule(xp: Any, gs: Any, x: Any, q: Any, r: Any, mode: str) -> Any:
    if mode == "r":
        raise RuntimeError(
            "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. "
            "Please use linalg.qr(A, mode='reduced') if you are going to differentiate through "
            "linalg.qr."
        )
    if mode == "complete" and x.shape[-2] > x.shape[-1]:
        raise RuntimeError(
            "The QR decomposition is not differentiable when mode='complete' and nrows > ncols."
        )
    if _is_short(x):
        x = _wide(xp, x)
        q, r = QR(x, mode=mode)
    gq, gr = (_wide(xp, g) for g in gs)
    rows, columns = x.shape[-2], x.shape[-1]
    if rows >= columns:
        return _qr_tall(xp, gq, gr, q, r)
    # x = [a | b] and R = [r | Qᴴ b]: the first square block decides Q
    rest = gr[..., rows:]
    first = _qr_tall(xp, gq + x[..., rows:] @ _h(xp, rest), gr[..., :rows], q, r[..., :rows])
    return xp.concat([first, q @ rest], axis=-1)


QR: Primitive = _reading_results(
    primitive(
        "qr",
        "LinalgQrBackward0",
        lambda x, mode: kernels.qr(x, mode),
        (_qr_rule,),
        inputs=("x",),
        outputs=-1,
    ),
    "q",
    "r",
)
