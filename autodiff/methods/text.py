"""How a `Tensor` is written as text."""

from __future__ import annotations

from typing import Any

from autodiff.formatting import format_tensor
from autodiff.graph import Node
from autodiff.modes import levels, settings
from autodiff.printing import print_options
from autodiff.state import TensorState
from autodiff.tensor_class import Tensor

__all__ = ["Text"]


class Text(TensorState):
    """How a `Tensor` is written as text."""

    __slots__ = ()
    grad_fn: Any
    requires_grad: Any

    def __repr__(self) -> str:
        running = levels.get()
        return running[-1].shown(self) if running else self._text()

    def _text(self, node: Node | None = None, requires: Any = None) -> str:
        """How the tensor is printed; node and requires stand for its own history, where given."""
        name = None
        try:
            node = self.grad_fn if requires is None else node
            name = None if node is None else node.title()
        except RuntimeError:  # a view that may not be regenerated; PyTorch prints so, too
            name = "Invalid"
        start = "Parameter containing:\n" if self.__dict__.get("_is_param") else ""
        return start + format_tensor(
            self._data,
            options=print_options(),
            default_dtype=settings.default_dtype,
            requires_grad=self.requires_grad if requires is None else requires,
            grad_fn_name=name,
        )

    def __format__(self, spec: str) -> str:
        if not self._data.ndim and type(self) is Tensor:
            return format(self._data.item(), spec)
        return object.__format__(self, spec)
