"""`Tensor.grad_dtype`: which dtype a leaf's gradient has."""

from __future__ import annotations

from typing import Any

from autodiff import errors
from autodiff.dtypes import dtype as Dtype
from autodiff.dtypes import from_numpy_dtype
from autodiff.ops.shapes import TO_COPY
from autodiff.state import Extra, TensorState

__all__ = ["cpp_name", "kept_dtype", "set_grad_dtype"]

_CPP_NAMES = {
    "ComplexFloat": "c10::complex<float>",
    "ComplexDouble": "c10::complex<double>",
    "Half": "c10::Half",
    "BFloat16": "c10::BFloat16",
    "Byte": "unsigned char",
    "Char": "signed char",
    "Short": "short int",
    "Long": "long int",
}


def cpp_name(dtype: Dtype) -> str:
    """A dtype as PyTorch's messages write it from C++."""
    return _CPP_NAMES.get(dtype.title, dtype.title.lower())


def kept_dtype(tensor: TensorState) -> Dtype | None:
    """The dtype that a leaf's gradient must have; None for any."""
    extra = tensor._extra
    if extra is None or extra.grad_dtype is ...:
        return from_numpy_dtype(tensor._data.dtype)
    return extra.grad_dtype  # type: ignore[no-any-return]


def set_grad_dtype(tensor: Any, extra: Extra, value: Dtype | None) -> None:
    """Let a leaf's gradients be of another dtype, or None for any.

    Raises RuntimeError if there is a gradient of a dtype that does not fit.
    """
    if value is not None and not isinstance(value, Dtype):
        raise RuntimeError(errors.GRAD_DTYPE_KIND.format(type(value).__name__))
    if value is not None and tensor.grad is not None and tensor.grad.dtype is not value:
        found = cpp_name(tensor.grad.dtype)
        raise RuntimeError(errors.GRAD_DTYPE_HAS.format(value.title, found))
    extra.grad_dtype = value
    extra.cast = None if value is None else _caster(value)
    leaf = tensor._leaf
    node = None if leaf is None else leaf.accumulator()
    if node is not None:
        node.cast = extra.cast


def _caster(dtype: Dtype) -> Any:
    wanted = dtype.numpy

    def cast(cotangent: Any) -> Any:
        if isinstance(cotangent, TensorState):
            same = cotangent._data.dtype == wanted
            return cotangent if same else TO_COPY(cotangent, dtype=wanted)
        return cotangent if cotangent.dtype == wanted else cotangent.astype(wanted)

    return cast
