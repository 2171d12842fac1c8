"""PyTorch's `linalg`, one line for each definition that is one."""

from __future__ import annotations

from reference.functions import function

__all__ = [
    "cholesky",
    "cholesky_ex",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "householder_product",
    "inv",
    "inv_ex",
    "lstsq",
    "lu",
    "lu_factor",
    "lu_factor_ex",
    "lu_solve",
    "matmul",
    "matrix_exp",
    "matrix_norm",
    "matrix_power",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_ex",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensorinv",
    "tensorsolve",
    "vander",
    "vecdot",
    "vector_norm",
]

cholesky = function("cholesky")
cholesky_ex = function("cholesky_ex")
cond = function("cond")
cross = function("linalg_cross")
det = function("det")
diagonal = function("diagonal")
eigh = function("eigh")
eigvalsh = function("eigvalsh")
householder_product = function("householder_product")
inv = function("inv")
inv_ex = function("inv_ex")
lstsq = function("lstsq")
lu = function("lu")
lu_factor = function("lu_factor")
lu_factor_ex = function("lu_factor_ex")
lu_solve = function("linalg_lu_solve")
matmul = function("matmul")
matrix_exp = function("matrix_exp")
matrix_norm = function("matrix_norm")
matrix_power = function("matrix_power")
multi_dot = function("multi_dot")
norm = function("vector_norm")
pinv = function("pinv")
qr = function("qr")
slogdet = function("slogdet")
solve = function("solve")
solve_ex = function("solve_ex")
solve_triangular = function("solve_triangular")
svd = function("svd")
svdvals = function("svdvals")
tensorinv = function("tensorinv")
tensorsolve = function("tensorsolve")
vander = function("linalg_vander")
vecdot = function("vecdot")
vector_norm = function("vector_norm")
