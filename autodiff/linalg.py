"""`torch.linalg`: for now the vector norm and the matrix product."""

from autodiff.functions.contraction import matmul
from autodiff.functions.reductions import vector_norm

__all__ = ["matmul", "vector_norm"]
