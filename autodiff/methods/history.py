"""Methods of `Tensor` for its history: backward, hooks, and what is kept of a pass."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from autodiff import errors
from autodiff.dtypes import from_numpy_dtype
from autodiff.gradient_types import cpp_name, kept_dtype, set_grad_dtype
from autodiff.gradients import backward as run_backward
from autodiff.graph import AccumulateGrad, Nowhere
from autodiff.hooks import RemovableHandle
from autodiff.modes import refuse_in_transform
from autodiff.state import TensorState
from autodiff.views import edge_of, written_through

__all__ = ["History"]


class History(TensorState):
    """Methods of `Tensor` for its history: backward, hooks, and what is kept of a pass."""

    __slots__ = ()
    dtype: Any
    grad: Any
    requires_grad: Any
    _ensure_extra: Any
    _is_view: Any
    _set_requires_grad: Any
    _kept_dtype = kept_dtype
    _set_grad_dtype = set_grad_dtype

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """Set `requires_grad` of a leaf, and return the tensor."""
        if not isinstance(requires_grad, bool):
            raise TypeError(
                "requires_grad_(): argument 'requires_grad' (position 1) must be bool, "
                f"not {type(requires_grad).__name__}"
            )
        refuse_in_transform(errors.TRANSFORM_REQUIRES_GRAD)
        if self._node is not None or written_through(self):
            if not requires_grad:
                raise RuntimeError(errors.NON_LEAF_FLAG_FALSE)
            return self
        self._set_requires_grad(requires_grad, errors.FLOAT_ONLY_METHOD)
        return self

    def _keep_grad(self, value: Any) -> None:
        """`retain_grad`: a pass has computed this tensor's gradient."""
        extra = self._ensure_extra()
        extra.grad = value.clone() if extra.grad is None else extra.grad + value

    def retain_grad(self) -> None:
        """Keep the gradient of a tensor that is not a leaf in its `.grad`, too."""
        refuse_in_transform(errors.TRANSFORM_RETAIN_GRAD)
        if not self.requires_grad:
            raise RuntimeError(errors.RETAIN_NO_GRAD)
        node, number = edge_of(self)
        if node is None or isinstance(node, AccumulateGrad | Nowhere):
            return
        self._ensure_extra().retains = True
        node.ensure_hooks().retained[number] = weakref.ref(self)

    def _forget_retain(self) -> None:
        """Undo `retain_grad`: the pass that asked for it failed."""
        node, number = edge_of(self)
        self._ensure_extra().retains = False
        if node is not None and node.hooks is not None:
            node.hooks.retained.pop(number, None)

    def backward(
        self,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Add this tensor's gradients into the `.grad` of the leaves that made it.

        gradient: the cotangent, of this tensor's shape; may be left out for a scalar. The rest is
        as in :func:`autodiff.autograd.backward`.
        """
        run_backward((self,), gradient, retain_graph, create_graph, inputs=inputs)

    def register_hook(self, hook: Callable[[Any], Any]) -> RemovableHandle:
        """Call `hook(gradient)` whenever the gradient is computed; it may return another."""
        if not self.requires_grad:
            raise RuntimeError(errors.HOOK_NO_GRAD)
        node, number = edge_of(self)
        assert node is not None
        hooks = node.ensure_hooks().on_output.setdefault(number, {})
        if self._leaf is not None:
            self._ensure_extra().hooks = hooks
        return RemovableHandle(hooks, hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Any], Any]) -> RemovableHandle:
        """Call `hook(tensor)` after each accumulation into a leaf's `.grad`."""
        if not self.requires_grad:
            raise RuntimeError(errors.HOOK_NO_GRAD)
        edge_of(self)  # a view whose base was written to is no leaf
        if self._leaf is None:
            raise RuntimeError(errors.POST_HOOK_NON_LEAF)
        if self._leaf.post_hooks is None:
            self._leaf.post_hooks = {}
        return RemovableHandle(self._leaf.post_hooks, hook)

    def detach_(self) -> Any:
        """Cut this tensor off from what made it."""
        if self._is_view():
            raise RuntimeError(errors.DETACH_VIEW)
        grad = None if self._leaf is None else self._leaf.grad
        if grad is not None:
            self._ensure_extra().grad = grad
        self._node = self._leaf = None
        if self._extra is not None:
            self._extra.number = 0
        return self

    def _check_grad(self, value: Any) -> None:
        if not isinstance(value, TensorState):
            raise TypeError(errors.GRAD_TYPE.format(type(value).__name__))
        if value is self:
            raise RuntimeError(errors.GRAD_SELF)
        found, own = value._data, self._data
        wanted = self.dtype if self._extra is None else kept_dtype(self)
        if wanted is not None and found.dtype != wanted.numpy:
            given = from_numpy_dtype(found.dtype)
            raise RuntimeError(errors.GRAD_DTYPE.format(cpp_name(given), wanted.title))
        if found.shape != own.shape:
            raise RuntimeError(errors.GRAD_SIZE.format(list(found.shape), list(own.shape)))
