"""What PyTorch's tensors hold in a watched run, noted by their memory."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from reference import build
from reference.graph import Node
from reference.tensor import Tensor, apply, from_node, tensor

__all__ = ["Memory", "count", "dtype_name"]


class Memory:
    """What tensors hold: for each storage a node of real numbers, in the order of the memory.

    `cut`: tensors that are looked at from behind a `detach`.
    """

    def __init__(self, torch: Any) -> None:
        self.torch = torch
        self.held: dict[int, tuple[Any, Node]] = {}  # the storage is kept, so that none is freed
        kept = importlib.import_module("torch.utils.weak")
        self.cut: Any = kept.WeakIdKeyDictionary()  # compared by identity

    def key(self, value: Any) -> int | None:
        """What is told of a tensor's memory; None where it has none of its own."""
        functorch = self.torch._C._functorch
        if value.layout is not self.torch.strided or functorch.is_functorch_wrapped_tensor(value):
            return None
        return int(value.untyped_storage()._cdata)

    def knows(self, value: Any) -> bool:
        return self.key(value) in self.held

    def read(self, value: Any) -> Tensor:
        """The oracle's tensor for a tensor that is known."""
        _, whole = self.held[self.key(value) or 0]
        node = self._seen(whole, value)
        if value in self.cut:
            node = self.cut[value](node)
        result = from_node(node, dtype_name(value))
        if value.is_conj():
            result = apply("conj", result)
        return apply("neg", result) if value.is_neg() else result

    def _seen(self, whole: Node, value: Any) -> Node:
        shape = self.real_shape(value)
        if value.is_contiguous() and value.storage_offset() == 0 and whole.size == count(shape):
            return whole if whole.shape == shape else build.reshape(whole, shape)
        order = self._order(value, whole)
        if order is not None:
            inner = build.reshape(whole, tuple(shape[axis] for axis in order))
            return build.permute(inner, tuple(np.argsort(order).tolist()))
        return build.take(build.reshape(whole, (-1,)), self.places(value))

    def _order(self, value: Any, whole: Node) -> list[int] | None:
        """The axes in the order of the memory, where the tensor is all of it, permuted."""
        sizes, steps = list(value.shape), list(value.stride())
        order = sorted(range(len(sizes)), key=lambda axis: -steps[axis])
        if value.dtype.is_complex or value.storage_offset() or whole.size != value.numel():
            return None
        step = 1
        for axis in reversed(order):
            if steps[axis] != step:
                return None
            step *= int(sizes[axis])
        return order

    def places(self, value: Any) -> np.ndarray:
        """Where each element lies in the memory, in real numbers."""
        places = np.full((), int(value.storage_offset()), dtype=np.intp)
        for size, step in zip(value.shape, value.stride(), strict=True):
            places = places[..., None] + np.arange(int(size)) * int(step)
        if value.dtype.is_complex:
            return np.stack([2 * places, 2 * places + 1], axis=-1)
        return places

    def real_shape(self, value: Any) -> tuple[int, ...]:
        shape = tuple(int(size) for size in value.shape)
        return (*shape, 2) if value.dtype.is_complex else shape

    def write(self, value: Any, node: Node) -> None:
        """Let a tensor's memory hold a node where the tensor lies in it."""
        key = self.key(value)
        if key is None:
            return
        shape = self.real_shape(value)
        if node.shape != shape:
            node = build.broadcast_to(node, shape)
        storage = value.untyped_storage()
        per = 2 if value.dtype.is_complex else 1
        total = storage.nbytes() // value.element_size() * per
        if value.is_contiguous() and value.storage_offset() == 0 and total == count(shape):
            self.held[key] = (storage, node)
            return
        held = self.held.get(key)
        before = held[1] if held is not None else self._content(value, total)
        flat = build.index_put(build.reshape(before, (-1,)), (self.places(value),), node)
        self.held[key] = (storage, flat)

    def _content(self, value: Any, total: int) -> Node:
        """The numbers of memory that nothing is known of."""
        kind = value.dtype.to_real() if value.dtype.is_complex else value.dtype
        whole = self.torch.empty(0, dtype=kind).set_(value.untyped_storage(), 0, (total,), (1,))
        held = tensor(_finite(whole.clone().double().numpy()), dtype="float64")
        return held.cell.value()


def _finite(content: np.ndarray) -> np.ndarray:
    """Memory that was never written may hold anything; it is read by nobody."""
    return np.where(np.isfinite(content), content, 0.0)


def count(shape: Sequence[int]) -> int:
    return int(np.prod(shape, dtype=np.intp))


def dtype_name(value: Any) -> str:
    return str(value.dtype).removeprefix("torch.")
