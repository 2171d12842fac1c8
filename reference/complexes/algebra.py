"""Linear algebra of complex matrices, by equations for their real and imaginary parts.

Eigenvectors and singular vectors are determined up to a factor of modulus one. The equations fix
it by making a weighted sum of the components real; results are then turned to LAPACK's choice
where that is a rule (`eig`: the largest component is real). A function under test should not
depend on it: PyTorch refuses to differentiate one that does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
import sympy as sp

from reference import build
from reference.build.factor import symmetric_part, transposed
from reference.complexes.arrays import bilinear, einsum
from reference.complexes.pair import (
    Complex,
    add,
    by_parts,
    conjugate,
    joined,
    multiply,
    parts,
    scaled,
    split,
    subtract,
    whole,
)
from reference.complexes.pointwise import POINTWISE, squared_magnitude
from reference.graph import Node, Restricted

__all__ = ["ALGEBRA", "eig", "eigvals"]

Start = Callable[[np.ndarray], tuple[np.ndarray, ...]]
_matmul = bilinear("matmul")


def adjoint(matrix: Any) -> Complex:
    """The conjugate of the transposed."""
    return conjugate(by_parts(transposed, matrix))


def _item(value: Any, key: Any) -> Complex:
    return by_parts(lambda part: build.getitem(part, key), value)  # type: ignore[no-any-return]


def _flat(value: Any) -> list[Node]:
    """The parts as vectors of equations."""
    held = whole(value)
    return [build.reshape(held.real, (-1,)), build.reshape(held.imag, (-1,))]


def _each(function: Callable[[Complex], Sequence[Any]], matrix: Any) -> tuple[Any, ...]:
    """`function` of every matrix of a batch, its results (pairs or nodes) batched again."""
    held = whole(matrix)
    if held.ndim == 2:
        return tuple(function(held))
    lead = tuple(int(size) for size in held.shape[:-2])
    shape = tuple(int(size) for size in held.shape[-2:])
    rows = by_parts(lambda part: build.reshape(part, (prod(lead), *shape)), held)
    results = [function(_item(rows, k)) for k in range(prod(lead))]
    return tuple(_batched(column, lead) for column in zip(*results, strict=True))


def _batched(column: Sequence[Any], lead: tuple[int, ...]) -> Any:
    def stacked(values: Sequence[Node]) -> Node:
        return build.reshape(build.stack(values), (*lead, *values[0].shape))

    if isinstance(column[0], Complex):
        return Complex(stacked([c.real for c in column]), stacked([c.imag for c in column]))
    return stacked(column)


# equations of the first degree


def solve(A: Any, B: Any, *, left: bool = True) -> Complex:
    """The X with A X = B (or X A = B): a real system of twice the size."""
    if not left:
        return by_parts(transposed, solve(by_parts(transposed, A), by_parts(transposed, B)))  # type: ignore[no-any-return]
    matrix, right = whole(A), whole(B)
    vector = right.ndim == 1 or right.ndim == matrix.ndim - 1
    sides = by_parts(lambda part: build.expand_dims(part, part.ndim), right) if vector else right
    top = build.concat([matrix.real, build.negative(matrix.imag)], -1)
    bottom = build.concat([matrix.imag, matrix.real], -1)
    found = build.solve_linear(
        build.concat([top, bottom], -2), build.concat([sides.real, sides.imag], -2)
    )
    size = int(matrix.shape[-1])
    real = build.getitem(found, (Ellipsis, slice(0, size), slice(None)))
    imag = build.getitem(found, (Ellipsis, slice(size, None), slice(None)))
    result = Complex(real, imag)
    return _item(result, (Ellipsis, 0)) if vector else result


def inv(A: Any) -> Complex:
    """The inverse."""
    matrix = whole(A)
    size = int(matrix.shape[-1])
    return solve(matrix, build.broadcast_to(np.eye(size, dtype=np.int64), matrix.shape))


def _solve_triangular(
    A: Any, B: Any, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Complex:
    cut = build.triu if upper else build.tril
    step = int(unitriangular) if upper else -int(unitriangular)
    matrix = by_parts(lambda part: cut(part, step), A)
    if unitriangular:
        matrix = add(matrix, np.eye(int(matrix.shape[-1]), dtype=np.int64))
    return solve(matrix, B, left=left)


def _pinv(A: Any, *, rcond: Any = None, hermitian: bool = False) -> Complex:
    """(AᴴA)⁻¹ Aᴴ or Aᴴ (A Aᴴ)⁻¹, of full rank."""
    matrix, turned = whole(A), adjoint(A)
    if int(matrix.shape[-2]) >= int(matrix.shape[-1]):
        return solve(_matmul(turned, matrix), turned)
    return adjoint(solve(_matmul(matrix, turned), matrix))


def _matrix_power(A: Any, n: int) -> Complex:
    matrix = whole(A)
    identity = np.eye(int(matrix.shape[-1]), dtype=np.int64)
    result: Any = whole(build.broadcast_to(identity, matrix.shape))
    base = matrix if n >= 0 else inv(matrix)
    for number in range(abs(n)):
        result = _matmul(result, base) if number else base
    return result  # type: ignore[no-any-return]


def _multi_dot(tensors: Sequence[Any]) -> Any:
    result = tensors[0]
    for factor in tensors[1:]:
        result = _matmul(result, factor)
    return result


# determinants


def det(A: Any) -> Complex:
    """The determinant, by Laplace's expansion along the first column."""
    matrix = whole(A)
    size = int(matrix.shape[-1])
    if size == 0:
        return whole(build.node(np.ones(matrix.shape[:-2])))
    if size > _EXPANDED:
        raise NotImplementedError(
            f"det of complex matrices of size {size} has no definition: it is expanded by "
            f"minors up to {_EXPANDED}. Give definition=, with a product of a factor's diagonal"
        )
    minors: dict[tuple[int, ...], Any] = {
        (row,): _item(matrix, (Ellipsis, row, size - 1)) for row in range(size)
    }
    for column in reversed(range(size - 1)):
        rows = _subsets(size, size - column)
        minors = {chosen: _expanded(matrix, chosen, column, minors) for chosen in rows}
    return minors[tuple(range(size))]  # type: ignore[no-any-return]


_EXPANDED = 8


def _subsets(size: int, count: int) -> list[tuple[int, ...]]:
    if count == 0:
        return [()]
    return [(*rest, last) for last in range(count - 1, size) for rest in _subsets(last, count - 1)]


def _expanded(
    matrix: Complex, rows: tuple[int, ...], column: int, minors: dict[tuple[int, ...], Any]
) -> Any:
    total: Any = None
    for place, row in enumerate(rows):
        term = multiply(
            _item(matrix, (Ellipsis, row, column)), minors[rows[:place] + rows[place + 1 :]]
        )
        total = term if total is None else subtract(total, term) if place % 2 else add(total, term)
    return total


def _slogdet(A: Any) -> tuple[Complex, Node]:
    value = det(A)
    size = build.elementwise(lambda s: sp.log(s) / 2, squared_magnitude(value))
    return POINTWISE["sgn"](value), size


def _logdet(A: Any) -> Complex:
    return POINTWISE["log"](det(A))  # type: ignore[no-any-return]


# factors


def _factored(
    equations: Callable[[Node, Complex], Sequence[Node]],
    count: int,
    matrix: Complex,
    start: Callable[[np.ndarray], np.ndarray],
) -> Node:
    """The unknowns of a factor, as one real vector."""

    def approximate(given: np.ndarray) -> np.ndarray:
        try:
            return start(given[..., 0] + 1j * given[..., 1])
        except np.linalg.LinAlgError:
            return np.full(count, np.nan)

    return build.root(
        lambda unknown, given: build.concat(list(equations(unknown, split(given))), 0),
        count,
        [joined(matrix)],
        approximate,
    )


def _vector(unknown: Node, start: int, size: int) -> Complex:
    """Unknowns `start` and following: real parts, then imaginary ones."""
    return Complex(
        build.getitem(unknown, slice(start, start + size)),
        build.getitem(unknown, slice(start + size, start + 2 * size)),
    )


def _weights(size: int) -> tuple[np.ndarray, np.ndarray]:
    """The weighted sum of components that is made real: weights that no vector is made for."""
    numbers = np.arange(size)
    return 1 + numbers % 3 / 4 + numbers / 64, 3 / 8 - numbers % 5 / 8 + numbers / 128


def _weighted(vector: Complex) -> Complex:
    real, imag = _weights(int(vector.shape[0]))
    return einsum("i,i->", Complex(build.node(real), build.node(imag)), vector)  # type: ignore[no-any-return]


def _fixed(vector: Complex) -> list[Node]:
    """Length one, and a real weighted sum."""
    length = build.sum(squared_magnitude(vector))
    return [
        build.expand_dims(build.subtract(length, 1), 0),
        build.expand_dims(_weighted(vector).imag, 0),
    ]


def _phase_fixed(vector: np.ndarray, sign: float) -> np.ndarray:
    """A float vector turned so that its weighted sum is real, of the sign."""
    real, imag = _weights(len(vector))
    total = np.sum((real + 1j * imag) * vector)
    return np.asarray(vector * (np.conj(total) / abs(total) * sign))


def _eigenpair(
    matrix: Complex, start: Callable[[np.ndarray], tuple[Any, Any]]
) -> tuple[Complex, Complex]:
    """(w, v) with A v = w v and |v| = 1; start: from a float matrix to both."""
    size = int(matrix.shape[0])

    def equations(unknown: Node, given: Complex) -> Sequence[Node]:
        vector, value = _vector(unknown, 0, size), _vector(unknown, 2 * size, 1)
        gap = subtract(_matmul(given, vector), multiply(value, vector))
        return [*_flat(gap), *_fixed(vector)]

    def approximate(given: np.ndarray) -> np.ndarray:
        value, vector = start(given)
        largest = vector[np.argmax(abs(vector))]
        turned = _phase_fixed(vector, -1.0 if largest.real < 0 else 1.0)
        return np.array([*turned.real, *turned.imag, value.real, value.imag])

    unknown = _factored(equations, 2 * size + 2, matrix, approximate)
    return _item(_vector(unknown, 2 * size, 1), 0), _vector(unknown, 0, size)


def _largest_real(vector: Complex) -> Complex:
    """The vector turned so that its largest component is real, with the sign of its sum."""
    size = int(vector.shape[0])
    key = squared_magnitude(vector)

    def rule(ranks: np.ndarray) -> np.ndarray:
        return np.asarray(int(ranks.argmax()))

    largest = by_parts(lambda part: build.take_by_order(part, key, (), rule), vector)
    sign = build.sign(_weighted(vector).real)
    turn = scaled(POINTWISE["sgn"](conjugate(largest)), sign)
    return whole(multiply(by_parts(lambda p: build.broadcast_to(p, (size,)), turn), vector))


def _columns(vectors: Sequence[Complex]) -> Complex:
    return Complex(
        build.stack([v.real for v in vectors], 1), build.stack([v.imag for v in vectors], 1)
    )


def _values(values: Sequence[Complex]) -> Complex:
    return Complex(build.stack([v.real for v in values]), build.stack([v.imag for v in values]))


def _eig_of_one(matrix: Complex, real: bool) -> tuple[Complex, Complex]:
    def start(number: int) -> Callable[[np.ndarray], tuple[Any, Any]]:
        def approximate(given: np.ndarray) -> tuple[Any, Any]:
            values, vectors = np.linalg.eig(given.real if real else given)
            return complex(values[number]), vectors[:, number].astype(np.complex128)

        return approximate

    pairs = [_eigenpair(matrix, start(k)) for k in range(int(matrix.shape[0]))]
    return _values([w for w, _ in pairs]), _columns([_largest_real(v) for _, v in pairs])


def eig(A: Any) -> tuple[Complex, Complex]:
    """(w, V) with A V = V diag(w), of a real or complex matrix; columns of length one."""
    real = parts(A)[1] is None
    values, vectors = _each(lambda matrix: _eig_of_one(matrix, real), A)
    return values, vectors


def eigvals(A: Any) -> Complex:
    """The w of `eig`."""
    return eig(A)[0]


def _hermitian(matrix: Any, *, loose: bool = False) -> Complex:
    """(A + Aᴴ) / 2: what a function of Hermitian matrices reads."""
    held = whole(matrix)
    turned = by_parts(transposed, held)
    imaginary = scaled(subtract(held, turned), sp.Rational(1, 2)).imag
    return Complex(
        symmetric_part(held.real, loose=loose), Restricted(imaginary, held.imag, loose=loose)
    )


def _eigh_of_one(matrix: Complex) -> tuple[Node, Complex]:
    def start(number: int) -> Callable[[np.ndarray], tuple[Any, Any]]:
        def approximate(given: np.ndarray) -> tuple[Any, Any]:
            values, vectors = np.linalg.eigh(given)
            return complex(values[number]), vectors[:, number]

        return approximate

    pairs = [_eigenpair(matrix, start(k)) for k in range(int(matrix.shape[0]))]
    return _values([w for w, _ in pairs]).real, _columns([v for _, v in pairs])


def _eigh(A: Any, UPLO: str = "L") -> tuple[Node, Complex]:
    """(w, V) with A V = V diag(w), VᴴV = 1, w real and ascending."""
    values, vectors = _each(_eigh_of_one, _hermitian(A))
    return values, vectors


def _eigvalsh(A: Any, UPLO: str = "L") -> Node:
    return _eigh(A, UPLO)[0]


def _cholesky_of_one(matrix: Complex) -> tuple[Complex]:
    """The lower triangular L with a positive diagonal and L Lᴴ = A."""
    size = int(matrix.shape[0])
    rows, columns = np.tril_indices(size)
    below = np.tril_indices(size, -1)
    flat, strictly = rows * size + columns, below[0] * size + below[1]

    def factor(unknown: Node) -> Complex:
        real, imag = (np.full((size, size), -1, dtype=np.intp) for _ in range(2))
        real[rows, columns] = np.arange(len(rows))
        imag[below] = len(rows) + np.arange(len(below[0]))
        return Complex(build.take(unknown, real), build.take(unknown, imag))

    def equations(unknown: Node, given: Complex) -> Sequence[Node]:
        lower = factor(unknown)
        gap = subtract(_matmul(lower, adjoint(lower)), given)
        return [build.take(gap.real, flat), build.take(gap.imag, strictly)]

    def start(given: np.ndarray) -> np.ndarray:
        lower = np.linalg.cholesky(given)
        return np.concatenate([lower.real[rows, columns], lower.imag[below]])

    return (factor(_factored(equations, size * size, matrix, start)),)


def _cholesky(A: Any, *, upper: bool = False) -> Complex:
    # PyTorch's gradient is not Hermitian, and right along all that is
    (factor,) = _each(_cholesky_of_one, _hermitian(A, loose=True))
    return adjoint(factor) if upper else factor


def _qr_of_one(matrix: Complex) -> tuple[Complex, Complex]:
    """Q R = A, QᴴQ = 1, R upper triangular with a real diagonal."""
    height, width = (int(size) for size in matrix.shape)
    upper, above = np.triu_indices(width), np.triu_indices(width, 1)
    count = height * width

    def factors(unknown: Node) -> tuple[Complex, Complex]:
        places = np.arange(2 * count).reshape(2, height, width)
        real, imag = (np.full((width, width), -1, dtype=np.intp) for _ in range(2))
        real[upper] = 2 * count + np.arange(len(upper[0]))
        imag[above] = 2 * count + len(upper[0]) + np.arange(len(above[0]))
        q = Complex(build.take(unknown, places[0]), build.take(unknown, places[1]))
        return q, Complex(build.take(unknown, real), build.take(unknown, imag))

    def equations(unknown: Node, given: Complex) -> Sequence[Node]:
        q, r = factors(unknown)
        gram = subtract(_matmul(adjoint(q), q), np.eye(width, dtype=np.int64))
        return [
            *_flat(subtract(_matmul(q, r), given)),
            build.take(gram.real, upper[0] * width + upper[1]),
            build.take(gram.imag, above[0] * width + above[1]),
        ]

    def start(given: np.ndarray) -> np.ndarray:
        q, r = np.linalg.qr(given)
        turns = np.where(abs(np.diag(r)) > 0, np.diag(r) / abs(np.diag(r)), 1)
        turns = np.where(abs(turns.imag) < 1e-9, 1, turns)  # LAPACK's signs stay
        q, r = q * turns, r / turns[:, None]
        return np.concatenate([q.real.ravel(), q.imag.ravel(), r.real[upper], r.imag[above]])

    return factors(_factored(equations, 2 * count + width * width, matrix, start))


def _qr(A: Any, mode: str = "reduced") -> tuple[Complex, Complex]:
    matrix = whole(A)
    if mode != "reduced" or int(matrix.shape[-2]) < int(matrix.shape[-1]):
        raise NotImplementedError(
            "qr of complex matrices is defined in mode 'reduced' for no more columns than rows"
        )
    q, r = _each(_qr_of_one, matrix)
    return q, r


def _svd_of_one(matrix: Complex) -> tuple[Complex, Node, Complex]:
    """U, s, Vᴴ with A v = s u, Aᴴ u = s v and |u| = 1 for every triplet; s descends."""
    height, width = (int(size) for size in matrix.shape)

    def equations(unknown: Node, given: Complex) -> Sequence[Node]:
        left, right = _vector(unknown, 0, height), _vector(unknown, 2 * height, width)
        value = _vector(unknown, 2 * (height + width), 1)
        one = subtract(_matmul(given, right), multiply(value, left))
        other = subtract(_matmul(adjoint(given), left), multiply(value, right))
        return [*_flat(one), *_flat(other), *_fixed(left)]

    def start(number: int) -> Callable[[np.ndarray], np.ndarray]:
        def approximate(given: np.ndarray) -> np.ndarray:
            left, values, _right = np.linalg.svd(given, full_matrices=False)
            u = _phase_fixed(left[:, number], 1.0)
            v = given.conj().T @ u / values[number]
            return np.array([*u.real, *u.imag, *v.real, *v.imag, values[number], 0.0])

        return approximate

    lefts, values, rights = [], [], []
    for number in range(min(height, width)):
        unknown = _factored(equations, 2 * (height + width) + 2, matrix, start(number))
        lefts.append(_vector(unknown, 0, height))
        rights.append(_vector(unknown, 2 * height, width))
        values.append(build.getitem(unknown, 2 * (height + width)))
    return _columns(lefts), build.stack(values), adjoint(_columns(rights))


def _svd(A: Any, full_matrices: bool = True, *, driver: Any = None) -> tuple[Any, ...]:
    matrix = whole(A)
    if full_matrices and matrix.shape[-1] != matrix.shape[-2]:
        raise NotImplementedError("svd(full_matrices=True): give full_matrices=False")
    return _each(_svd_of_one, matrix)


def _svdvals(A: Any, *, driver: Any = None) -> Any:
    return _each(_svd_of_one, A)[1]


def _matrix_norm(
    A: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Node:
    if ord == "fro":
        total = build.sum(squared_magnitude(A), tuple(dim), keepdim)
        return build.elementwise(sp.sqrt, total)
    if ord == "nuc" and tuple(dim) == (-2, -1) and not keepdim:
        return build.sum(_svdvals(A), -1)
    raise NotImplementedError(f"matrix_norm(ord={ord!r}) of complex matrices has no definition")


ALGEBRA: dict[str, Callable[..., Any]] = {
    "H": adjoint,
    "adjoint": adjoint,
    "cholesky": _cholesky,
    "det": det,
    "eig": eig,
    "eigh": _eigh,
    "eigvals": eigvals,
    "eigvalsh": _eigvalsh,
    "inv": inv,
    "logdet": _logdet,
    "mH": adjoint,
    "matrix_norm": _matrix_norm,
    "matrix_power": _matrix_power,
    "multi_dot": _multi_dot,
    "pinv": _pinv,
    "qr": _qr,
    "slogdet": _slogdet,
    "solve": solve,
    "solve_triangular": _solve_triangular,
    "svd": _svd,
    "svdvals": _svdvals,
}
