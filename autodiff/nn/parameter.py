"""`nn.Parameter`: a tensor that belongs to a model."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff import errors
from autodiff.creation import from_array
from autodiff.modes import settings
from autodiff.state import TensorState
from autodiff.tensor_class import Tensor

__all__ = ["Parameter"]


class _Meta(type):
    """What is a parameter is told by a mark, so that operations on parameters are not slower."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, TensorState) and instance.__dict__.get("_is_param", False)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return subclass is cls or issubclass(cls, subclass)


class Parameter(Tensor, metaclass=_Meta):
    """A leaf on the memory of `data`, marked as a parameter, that needs a gradient.

    Raises RuntimeError for integers, unless requires_grad is False.

    >>> import autodiff
    >>> autodiff.nn.Parameter(autodiff.ones(2))
    Parameter containing:
    tensor([1., 1.], requires_grad=True)
    """

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Any:
        """The tensor with its mark; its type is `Tensor`."""
        if data is None:
            data = from_array(np.empty(0, settings.default_dtype.numpy))
        made = data.detach()
        if requires_grad:
            made._set_requires_grad(True, errors.FLOAT_ONLY_FACTORY)
        made._is_param = True
        return made

    def __init__(self, data: Any = None, requires_grad: bool = True) -> None:
        """Everything is done in `__new__`."""
