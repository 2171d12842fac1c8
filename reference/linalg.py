"""PyTorch's `linalg`, one line for each definition that is one."""

from __future__ import annotations

from reference.functions import function

__all__ = [
    "cholesky",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "inv",
    "lstsq",
    "lu",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
    "svdvals",
    "vander",
    "vecdot",
    "vector_norm",
]

cholesky = function("cholesky")
cond = function("cond")
cross = function("cross")
det = function("det")
diagonal = function("diagonal")
eigh = function("eigh")
eigvalsh = function("eigvalsh")
inv = function("inv")
lstsq = function("lstsq")
lu = function("lu")
matmul = function("matmul")
matrix_norm = function("matrix_norm")
matrix_power = function("matrix_power")
multi_dot = function("multi_dot")
norm = function("vector_norm")
pinv = function("pinv")
qr = function("qr")
slogdet = function("slogdet")
solve = function("solve")
solve_triangular = function("solve_triangular")
svd = function("svd")
svdvals = function("svdvals")
vander = function("vander")
vecdot = function("vecdot")
vector_norm = function("vector_norm")
