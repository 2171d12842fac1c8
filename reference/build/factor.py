"""Factors of matrices, each given by the equations that it solves.

No factor has an algorithm here: an approximation by NumPy tells which of several roots is meant
(the signs of eigenvectors are LAPACK's), the equations say what it is, and how certain it is.
A matrix for which the factor is not unique up to that choice (equal eigenvalues, a singular value
of zero, columns that depend on each other) has none, and the evaluation says so with nan.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import combinations
from math import prod

import numpy as np

from reference.build.contract import einsum, expand_dims, matmul, swap_axes
from reference.build.elementwise import Value, absolute, add, divide, multiply, node, subtract
from reference.build.equations import root
from reference.build.index import concat, getitem, pad, reshape, stack, take
from reference.build.order import argmax, take_by_order
from reference.graph import Constant, Node, Restricted
from reference.starts import EigenpairStart, OrthogonalStart, TripletStart

__all__ = [
    "cholesky_factor",
    "determinant",
    "each_matrix",
    "eigenpairs",
    "orthogonal_factors",
    "pivoted_factors",
    "singular_triplets",
    "symmetric_part",
    "transposed",
]


def transposed(matrix: Value) -> Node:
    """The last two axes exchanged."""
    return swap_axes(matrix, -2, -1)


def symmetric_part(matrix: Value, *, loose: bool = False) -> Node:
    """(A + Aᵀ) / 2: what a function of symmetric matrices reads of a matrix.

    It makes such a function's gradient symmetric; loose: unless an engine has another convention.
    """
    held = node(matrix)
    part = multiply(add(held, transposed(held)), _HALF)
    return Restricted(part, held, loose=loose)


_HALF = Constant(np.array(0.5))


def each_matrix(function: Callable[[Node], tuple[Node, ...]], matrix: Value) -> tuple[Node, ...]:
    """`function` of every matrix of a batch (the last two axes), its results batched again."""
    source = node(matrix)
    if source.ndim == 2:
        return function(source)
    lead = tuple(int(size) for size in source.shape[:-2])
    count = prod(int(size) for size in lead)
    rows = reshape(source, (count, *source.shape[-2:]))
    results = [function(getitem(rows, k)) for k in range(count)]
    if not results:  # what one matrix has, of none
        height, width = (int(size) for size in source.shape[-2:])
        shapes = function(Constant(np.eye(height, width)))
        return tuple(Constant(np.zeros((*lead, *part.shape))) for part in shapes)
    return tuple(
        reshape(stack(parts), (*lead, *parts[0].shape)) for parts in zip(*results, strict=True)
    )


def _gap(left: Node, right: Node) -> Node:
    """left - right as one vector of equations."""
    return reshape(subtract(left, right), (-1,))


def cholesky_factor(matrix: Node) -> Node:
    """The lower triangular L with positive diagonal and L Lᵀ = A, of a symmetric A."""
    size = int(matrix.shape[0])
    rows, columns = np.tril_indices(size)
    flat = rows * size + columns

    def factor(unknown: Node) -> Node:
        places = np.full((size, size), -1, dtype=np.intp)
        places[rows, columns] = np.arange(len(rows))
        return take(unknown, places)

    def equations(unknown: Node, given: Node) -> Node:
        lower = factor(unknown)
        return take(subtract(matmul(lower, transposed(lower)), given), flat)

    def start(given: np.ndarray) -> np.ndarray:
        return np.asarray(np.linalg.cholesky(given)[rows, columns])

    return factor(_factored(equations, len(rows), matrix, start))


def _factored(
    equations: Callable[[Node, Node], Node],
    count: int,
    matrix: Node,
    start: Callable[[np.ndarray], np.ndarray],
) -> Node:
    """The unknowns of a factor; nothing is proved where NumPy finds no approximation."""

    def approximate(given: np.ndarray) -> np.ndarray:
        try:
            return start(given)
        except np.linalg.LinAlgError:
            return np.full(count, np.nan)

    return root(equations, count, [matrix], approximate)


def orthogonal_factors(matrix: Node) -> tuple[Node, Node]:
    """Q R = A with QᵀQ = 1 and R upper triangular, of as many rows as columns or more."""
    height, width = (int(size) for size in matrix.shape)
    rows, columns = np.triu_indices(width)
    count = height * width

    def parts(unknown: Node) -> tuple[Node, Node]:
        places = np.full((width, width), -1, dtype=np.intp)
        places[rows, columns] = count + np.arange(len(rows))
        return take(unknown, np.arange(count).reshape(height, width)), take(unknown, places)

    def equations(unknown: Node, given: Node) -> Node:
        q, r = parts(unknown)
        products = matmul(transposed(q), q)
        lengths = take(subtract(products, np.eye(width, dtype=np.int64)), rows * width + columns)
        return concat([_gap(matmul(q, r), given), lengths], 0)

    return parts(root(equations, count + len(rows), [matrix], OrthogonalStart()))


def eigenpairs(matrix: Node) -> tuple[Node, Node]:
    """(w, V) with A v = w v and vᵀ v = 1 for every column of V, of a symmetric A; w ascends."""
    size = int(matrix.shape[0])

    def equations(unknown: Node, given: Node) -> Node:
        vector, value = getitem(unknown, slice(0, size)), getitem(unknown, size)
        length = subtract(einsum("i,i->", vector, vector), 1)
        turned = subtract(matmul(given, vector), multiply(value, vector))
        return concat([turned, expand_dims(length, 0)], 0)

    pairs = [root(equations, size + 1, [matrix], EigenpairStart(k)) for k in range(size)]
    table = stack(pairs, 1)
    return getitem(table, size), getitem(table, slice(0, size))


def singular_triplets(matrix: Node) -> tuple[Node, Node, Node]:
    """(U, s, Vᵀ) with A v = s u, Aᵀ u = s v and uᵀ u = 1 for every triplet; s descends."""
    height, width = (int(size) for size in matrix.shape)
    total = height + width

    def equations(unknown: Node, given: Node) -> Node:
        left, right = getitem(unknown, slice(0, height)), getitem(unknown, slice(height, total))
        value = getitem(unknown, total)
        return concat(
            [
                subtract(matmul(given, right), multiply(value, left)),
                subtract(matmul(transposed(given), left), multiply(value, right)),
                expand_dims(subtract(einsum("i,i->", left, left), 1), 0),
            ],
            0,
        )

    triplets = [
        root(equations, total + 1, [matrix], TripletStart(k)) for k in range(min(height, width))
    ]
    table = stack(triplets, 0)
    return (
        transposed(getitem(table, (slice(None), slice(0, height)))),
        getitem(table, (slice(None), total)),
        getitem(table, (slice(None), slice(height, total))),
    )


def determinant(matrix: Value) -> Node:
    """The determinant, by nothing but sums and products: it holds at singular matrices, too.

    >>> determinant(np.ones((4, 3, 3))).shape
    (4,)
    """
    source = node(matrix)
    size = int(source.shape[-1])
    if source.ndim < 2 or source.shape[-2] != size:
        raise RuntimeError(
            "linalg.det: A must be batches of square matrices, but it has shape "
            f"{list(source.shape)}"
        )
    if size == 0:
        return Constant(np.ones([int(n) for n in source.shape[:-2]], dtype=np.int64))
    return _by_minors(source, size) if size <= _EXPANDED else _by_traces(source, size)


_EXPANDED = 6
"""Sizes up to here are expanded by minors: exact in few operations, but 2ⁿ of them."""


def _by_minors(source: Node, size: int) -> Node:
    """Laplace's expansion, column by column, every minor of the first columns once."""
    subsets: list[tuple[int, ...]] = [(row,) for row in range(size)]
    minors = getitem(source, (Ellipsis, 0))
    for column in range(1, size):
        places = {subset: number for number, subset in enumerate(subsets)}
        subsets = list(combinations(range(size), column + 1))
        rows = np.array(subsets)
        smaller = np.array(
            [[places[s[:j] + s[j + 1 :]] for j in range(column + 1)] for s in subsets]
        )
        signs = (-1) ** (column + np.arange(column + 1))
        minors = einsum(
            "...sj,...sj,j->...s",
            getitem(minors, (Ellipsis, smaller)),
            getitem(getitem(source, (Ellipsis, column)), (Ellipsis, rows)),
            signs,
        )
    return getitem(minors, (Ellipsis, 0))


def _by_traces(source: Node, size: int) -> Node:
    """Faddeev and LeVerrier: M ← A (M + c 1), c ← -trace(M) / k; after n steps |c| is |det A|."""
    lead = source.shape[:-2]
    product, coefficient = source, multiply(einsum("...ii->...", source), -1)
    for step in range(2, size + 1):
        spread = reshape(coefficient, (*lead, 1, 1))
        product = matmul(source, add(product, multiply(spread, np.eye(size, dtype=np.int64))))
        coefficient = multiply(einsum("...ii->...", product), Fraction(-1, step))
    return coefficient if size % 2 == 0 else multiply(coefficient, -1)


def pivoted_factors(matrix: Node, pivot: bool = True) -> tuple[Node, Node, Node, Node]:
    """(P, L, U, exchanges) with A = P L U: Gauss's elimination, the largest of a column first.

    pivot: without it rows stay where they are, and P is the identity. exchanges: which row,
    counted from 1, each of the first rows was exchanged with, one after another.

    L has ones on its diagonal, U is upper triangular, P is a permutation. It changes with the
    matrix in jumps only, so it is a constant to differentiation.
    """
    height, width = (int(size) for size in matrix.shape)
    steps = min(height, width)
    rest: Node = matrix
    # what moves with the rows: which row of the matrix each one is, and its multipliers
    rows: Node = Constant(np.eye(height, dtype=np.int64))
    done: list[Node] = []
    permuted: list[Node] = []
    lower: list[Node] = []
    upper: list[Node] = []
    exchanges: list[Node] = []
    for step in range(steps):
        exchanges.append(Constant(np.array(step + 1)))
        if pivot:
            key = absolute(getitem(rest, (slice(None), 0)))
            exchanges[-1] = add(argmax(key, 0), step + 1)
            rest, rows, *done = (_largest_first(part, key) for part in (rest, rows, *done))
        first, below = getitem(rest, 0), getitem(rest, (slice(1, None), slice(1, None)))
        permuted.append(getitem(rows, 0))
        row = [getitem(part, 0) for part in done]
        lower.append(_row([*row, Constant(np.array([1]))], steps))
        upper.append(_row([Constant(np.zeros(step, dtype=np.int64)), first], width))
        ratios = divide(getitem(rest, (slice(1, None), slice(0, 1))), getitem(first, 0))
        later = getitem(first, slice(1, None))
        rest = subtract(below, multiply(ratios, expand_dims(later, 0)))
        rows = getitem(rows, slice(1, None))
        done = [*(getitem(part, slice(1, None)) for part in done), ratios]
    for number in range(height - steps):  # rows beyond the last column
        permuted.append(getitem(rows, number))
        lower.append(_row([getitem(part, number) for part in done], steps))
    return transposed(stack(permuted)), stack(lower), stack(upper), stack(exchanges)


def _row(parts: Sequence[Node], length: int) -> Node:
    """Vectors one after another, then zeros up to a length."""
    joined = concat(parts, 0)
    return pad(joined, [(0, length - int(joined.shape[0]))])


def _largest_first(part: Node, key: Node) -> Node:
    """The rows of an array with the one of the largest key exchanged for the first."""
    shape = tuple(int(size) for size in part.shape)

    def rule(ranks: np.ndarray) -> np.ndarray:
        order = np.arange(shape[0])
        best = int(ranks.argmax())
        order[[0, best]] = order[[best, 0]]
        return np.arange(prod(shape)).reshape(shape)[order]

    return take_by_order(part, key, shape, rule)
