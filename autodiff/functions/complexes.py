"""Functions of complex numbers.

PyTorch puts conjugation off: `x.conj()` shares the memory of `x` and bears a mark. Here it is
computed at once, so no tensor is ever marked.
"""

from __future__ import annotations

from typing import Any

from autodiff.dtypes import bool as bool_
from autodiff.dtypes import float32
from autodiff.functions.arguments import require_tensor
from autodiff.functions.pointwise import kind_of
from autodiff.functions.shapes import transpose
from autodiff.likes import ones_like
from autodiff.modes import settings
from autodiff.ops import complexes as ops
from autodiff.ops.indexing import SELECT
from autodiff.ops.pointwise import CONJ
from autodiff.primitive import handed_over

__all__ = [
    "adjoint",
    "adjoint_of",
    "angle",
    "complex",
    "conj",
    "conj_physical",
    "hermitian",
    "imag",
    "is_complex",
    "is_conj",
    "is_neg",
    "isreal",
    "polar",
    "real",
    "resolve_conj",
    "resolve_neg",
    "vdot",
    "view_as_complex",
    "view_as_real",
]


@handed_over
def view_as_real(input: Any) -> Any:
    """A view of complex numbers as real ones: their two parts are a new last dimension.

    Raises RuntimeError for real tensors.

    >>> import autodiff as torch
    >>> torch.view_as_real(torch.tensor([1 + 2j, 3j]))
    tensor([[1., 2.],
            [0., 3.]])
    """
    if kind_of(require_tensor("view_as_real", input)) != "c":
        raise RuntimeError("view_as_real is only supported for complex tensors")
    return ops.VIEW_AS_REAL(input)


@handed_over
def view_as_complex(input: Any) -> Any:
    """A view of pairs, along a last dimension of size two, as complex numbers.

    Raises RuntimeError where the pairs do not lie in memory as complex numbers do.

    >>> import autodiff as torch
    >>> torch.view_as_complex(torch.tensor([[1.0, 2.0], [0.0, 3.0]]))
    tensor([1.+2.j, 0.+3.j])
    """
    require_tensor("view_as_complex", input)
    name = input.dtype.title
    if name not in ("Half", "Float", "Double"):
        raise RuntimeError(
            "view_as_complex is only supported for half, float and double tensors, but got a "
            f"tensor of scalar type: {name}"
        )
    if name == "Half":
        raise RuntimeError(
            "view_as_complex: NumPy has no complex numbers of two halves; view input.float() "
            "instead"
        )
    if not input.ndim:
        raise RuntimeError("Input tensor must have one or more dimensions")
    if input.shape[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    if not input._layered:
        *steps, last = input.stride()
        if last != 1:
            raise RuntimeError("Tensor must have a last dimension with stride 1")
        if any(step % 2 for step in steps):
            raise RuntimeError(
                "Tensor must have a stride divisible by 2 for all but last dimension"
            )
        if input.storage_offset() % 2:
            raise RuntimeError("Tensor must have a storage_offset divisible by 2")
    return ops.VIEW_AS_COMPLEX(input)


def _part(input: Any, number: int) -> Any:
    parts = ops.VIEW_AS_REAL(input)
    return SELECT(parts, index=(..., number))


@handed_over
def real(input: Any) -> Any:
    """A view of the real parts; a real tensor itself."""
    return _part(input, 0) if kind_of(require_tensor("real", input)) == "c" else input


@handed_over
def imag(input: Any) -> Any:
    """A view of the imaginary parts. Raises RuntimeError for real tensors."""
    if kind_of(require_tensor("imag", input)) != "c":
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return _part(input, 1)


@handed_over
def conj(input: Any) -> Any:
    """The complex conjugate, computed at once; a real tensor itself."""
    return CONJ(input) if kind_of(require_tensor("conj", input)) == "c" else input


@handed_over
def conj_physical(input: Any) -> Any:
    """The complex conjugate; a real tensor itself."""
    is_complex = kind_of(require_tensor("conj_physical", input)) == "c"
    return ops.CONJ_PHYSICAL(input) if is_complex else input


@handed_over
def angle(input: Any) -> Any:
    """The angle to the positive real axis, in radians: in (-pi, pi].

    >>> import autodiff as torch
    >>> torch.angle(torch.tensor([1j, -1 + 0j]))
    tensor([1.5708, 3.1416])
    """
    if kind_of(require_tensor("angle", input)) == "c":
        return ops.ANGLE(input)
    if kind_of(input) in "iub":
        input = input.to(settings.default_dtype)
    return ops.ANGLE_REAL(input)


def _same_floats(first: Any, second: Any) -> None:
    names = (first.dtype.title, second.dtype.title)
    if any(name not in ("Half", "Float", "Double") for name in names):
        raise RuntimeError(
            f"Expected both inputs to be Half, Float or Double tensors but got {names[0]} and "
            f"{names[1]}"
        )
    if names[0] != names[1]:
        raise RuntimeError(
            f"Expected object of scalar type {names[0]} but got scalar type {names[1]} for second "
            "argument"
        )


@handed_over
def complex(real: Any, imag: Any) -> Any:
    """Complex numbers of their parts; those of float16 are complex64.

    >>> import autodiff as torch
    >>> torch.complex(torch.tensor([1.0]), torch.tensor([2.0]))
    tensor([1.+2.j])
    """
    require_tensor("complex", real, "real")
    require_tensor("complex", imag, "imag", 2)
    _same_floats(real, imag)
    if real.dtype.title == "Half":
        real, imag = real.to(float32), imag.to(float32)
    return ops.COMPLEX(real, imag)


@handed_over
def polar(abs: Any, angle: Any) -> Any:
    """Complex numbers of their sizes and angles.

    >>> import autodiff as torch
    >>> torch.polar(torch.tensor([2.0]), torch.tensor([0.0]))
    tensor([2.+0.j])
    """
    require_tensor("polar", abs, "abs")
    require_tensor("polar", angle, "angle", 2)
    _same_floats(abs, angle)
    if abs.dtype.title == "Half":
        raise NotImplementedError("\"polar_cpu\" not implemented for 'Half'")
    return ops.POLAR(abs, angle)


@handed_over
def vdot(input: Any, other: Any) -> Any:
    """The sum of the products of the conjugates of one vector and the elements of another.

    Raises RuntimeError where they are not vectors of one dtype and size.
    """
    require_tensor("vdot", input)
    require_tensor("vdot", other, "other", 2)
    if input.ndim != 1 or other.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {input.ndim}D and {other.ndim}D tensors")
    if input.dtype != other.dtype:
        raise RuntimeError(
            f"dot : expected both vectors to have same dtype, but found {input.dtype.title} and "
            f"{other.dtype.title}"
        )
    if input.shape != other.shape:
        mine, theirs = input.shape[0], other.shape[0]
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{mine}] and src [{theirs}] to have the "
            f"same number of elements, but got {mine} and {theirs} elements respectively"
        )
    return ops.VDOT(input, other)


def _conjugated(input: Any) -> Any:
    if not input.ndim:
        return conj(input)
    return conj(transpose(input, -2, -1))


def adjoint(input: Any) -> Any:
    """The conjugates of matrices, transposed; of real matrices a view."""
    return adjoint_of(require_tensor("adjoint", input), "adjoint()")


def adjoint_of(input: Any, name: str) -> Any:
    """The adjoint, under one of its names in messages."""
    if input.ndim == 1:
        raise RuntimeError(
            f"tensor.{name} is only supported on matrices or batches of matrices. Got 1-D tensor."
        )
    return _conjugated(input)


def hermitian(input: Any) -> Any:
    """The adjoint of one matrix: `Tensor.H`."""
    if input.ndim not in (0, 2):
        more = " For batches of matrices, consider using tensor.mH" if input.ndim > 2 else ""
        raise RuntimeError(
            f"tensor.H is only supported on matrices (2-D tensors). Got {input.ndim}-D tensor."
            f"{more}"
        )
    return _conjugated(input)


def is_complex(input: Any) -> bool:
    """Whether the elements are complex numbers."""
    return bool(require_tensor("is_complex", input).is_complex())


def is_conj(input: Any) -> bool:
    """Never: conjugation is not put off here."""
    return bool(require_tensor("is_conj", input).is_conj())


def is_neg(input: Any) -> bool:
    """Never: negation is not put off here."""
    return bool(require_tensor("is_neg", input).is_neg())


def resolve_conj(input: Any) -> Any:
    """Itself: conjugation is not put off here."""
    return require_tensor("resolve_conj", input)


def resolve_neg(input: Any) -> Any:
    """Itself: negation is not put off here."""
    return require_tensor("resolve_neg", input)


def isreal(input: Any) -> Any:
    """True where the imaginary part is zero."""
    if kind_of(require_tensor("isreal", input)) == "c":
        return imag(input) == 0
    return ones_like(input, dtype=bool_)
