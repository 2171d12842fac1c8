"""Forward-mode differentiation: values that carry a tangent through the computation.

>>> import autodiff
>>> from autodiff import forward_ad
>>> x = autodiff.tensor([1., 2.])
>>> with forward_ad.dual_level():
...     y = forward_ad.make_dual(x, autodiff.tensor([1., 0.])) ** 2
...     forward_ad.unpack_dual(y)
UnpackedDualTensor(primal=tensor([1., 4.]), tangent=tensor([2., 0.]))
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, ClassVar, NamedTuple

from autodiff import dual, errors, modes
from autodiff.layers import Level, open_levels, primal_at, settled, tangent_at
from autodiff.operation import wrap
from autodiff.ops.shapes import VIEW
from autodiff.state import TensorState
from autodiff.views import like_strided

__all__ = [
    "UnpackedDualTensor",
    "dual_level",
    "enter_dual_level",
    "exit_dual_level",
    "make_dual",
    "unpack_dual",
]


_PRIMAL = VIEW.variant("Identity")  # PyTorch's name for the step from a dual to its primal


class _ForwardLevel(Level):
    """The level of forward mode that is opened by hand; there is one at most."""

    __slots__ = ()
    transform: ClassVar[bool] = False


class UnpackedDualTensor(NamedTuple):
    """What :func:`unpack_dual` returns: the value, and its tangent or None."""

    primal: Any
    tangent: Any


def _current() -> _ForwardLevel | None:
    for level in open_levels():
        if isinstance(level, _ForwardLevel):
            return level
    return None


def enter_dual_level() -> int:
    """Open the level of forward mode. Raises RuntimeError if it is open."""
    if _current() is not None:
        raise RuntimeError("Nested forward mode AD is not supported at the moment")
    level = _ForwardLevel()
    modes.levels.set((*open_levels(), level))
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """Close the level: tangents are forgotten. Raises RuntimeError if it is not the last one."""
    current = _current()
    if level is not None and level != (0 if current is not None else -1):
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This "
            "is not supported."
        )
    if current is None:
        raise RuntimeError("Dual level must be a positive number.")
    current.alive = False
    modes.levels.set(tuple(one for one in open_levels() if one is not current))


def _checked_level(level: int | None, function: str) -> _ForwardLevel | None:
    current = _current()
    if level is None or level < 0 or current is None:
        return current if level is None else None
    if level:
        raise RuntimeError(f"Invalid level given to {function}")
    return current


def make_dual(tensor: Any, tangent: Any, *, level: int | None = None) -> Any:
    """A view of the tensor that carries a tangent, of the tensor's shape.

    Raises RuntimeError outside of :func:`dual_level`, or if the tensor carries one already.
    """
    current = _checked_level(level, "_make_dual")
    if current is None:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to "
            "enter_dual_level() first."
        )
    for name, one in (("primal", tensor), ("tangent", tangent)):
        if not _is_inexact(one):
            raise ValueError(
                f"Expected {name} to be floating point or complex, but got: {one.dtype}"
            )
    tensor, tangent = settled(tensor), settled(tangent)
    if tangent_at(tangent, current) is not None:
        raise RuntimeError(
            "Setting a forward grad that itself has a forward gradient at the same level0 is not "
            "supported."
        )
    if tangent_at(tensor, current) is not None:
        raise RuntimeError(
            "Making a dual Tensor based on a Tensor that already has a forward gradient at the "
            "same level 0 is not supported."
        )
    shape = tensor._data.shape
    if shape != tangent._data.shape:
        raise RuntimeError(errors.TANGENT_SIZE.format(list(shape), list(tangent._data.shape)))
    primal = VIEW.straight(tensor, shape=shape)
    return dual.make_dual(current, primal, _laid_out_like(tangent, primal))


def _is_inexact(value: Any) -> bool:
    if isinstance(value, TensorState):
        return value._data.dtype.kind in "fcV"
    return bool(value.is_floating_point() or value.is_complex())


def _laid_out_like(tangent: Any, primal: Any) -> Any:
    """The tangent in memory of the primal's order, so that the same views of it exist."""
    if tangent._layered or primal._layered or not tangent._data.ndim or not tangent._data.size:
        return tangent
    if tangent.stride() == primal.stride():
        return tangent
    laid = wrap(like_strided(primal._data, tangent._data.dtype))
    return laid.copy_(tangent)


def unpack_dual(tensor: Any, *, level: int | None = None) -> UnpackedDualTensor:
    """The value without tangent, and the tangent: None if there is none."""
    current = _checked_level(level, "_fw_primal")
    if current is None:
        return UnpackedDualTensor(settled(tensor), None)
    if not isinstance(tensor, TensorState):
        raise TypeError(
            "_unpack_dual(): argument 'dual' (position 1) must be Tensor, not "
            f"{type(tensor).__name__}"
        )
    tensor = settled(tensor)
    primal = primal_at(tensor, current)
    shown = _PRIMAL.straight(primal, shape=primal._data.shape)
    return UnpackedDualTensor(shown, tangent_at(tensor, current))


class dual_level:
    """A block in which forward mode is on; tangents end with it."""

    __slots__ = ()

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        exit_dual_level()
