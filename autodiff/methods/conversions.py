"""Methods of `Tensor` that make other tensors like it, and tell small facts about it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from autodiff import creation, errors, lifecycle
from autodiff.functions.arguments import require_tensor
from autodiff.functions.strided import as_strided
from autodiff.inplace import allowed, bump
from autodiff.state import TensorState, storage

__all__ = ["Conversions"]


class Conversions(TensorState):
    """Methods of `Tensor` that make other tensors like it, and tell small facts about it."""

    __slots__ = ()
    dtype: Any
    shape: Any

    def _made(self, made: Any, given: dict[str, Any]) -> Any:
        given.setdefault("dtype", None)
        given.pop("device", None)
        if given["dtype"] is None:
            given["dtype"] = self.dtype
        return made(given)

    def new_zeros(self, *size: Any, **given: Any) -> Any:
        """Zeros of the given size, in this tensor's dtype unless another is given."""
        return self._made(lambda options: creation.zeros(*size, **options), given)

    def new_ones(self, *size: Any, **given: Any) -> Any:
        """Ones of the given size, in this tensor's dtype unless another is given."""
        return self._made(lambda options: creation.ones(*size, **options), given)

    def new_empty(self, *size: Any, **given: Any) -> Any:
        """Memory of the given size, in this tensor's dtype unless another is given."""
        return self._made(lambda options: creation.empty(*size, **options), given)

    def new_full(self, size: Any, fill_value: Any, **given: Any) -> Any:
        """One value everywhere, in this tensor's dtype unless another is given."""
        return self._made(lambda options: creation.full(size, fill_value, **options), given)

    def new_tensor(self, data: Any, **given: Any) -> Any:
        """A copy of `data`, in this tensor's dtype unless another is given."""
        if isinstance(data, TensorState):
            warnings.warn(
                errors.COPY_CONSTRUCT.replace("torch.tensor(", "tensor.new_tensor("),
                UserWarning,
                stacklevel=2,
            )
            data = np.asarray(data._data)
        return self._made(lambda options: creation.tensor(data, **options), given)

    def ndimension(self) -> int:
        """The number of dimensions."""
        return self._data.ndim  # type: ignore[no-any-return]

    def is_signed(self) -> bool:
        """Whether the dtype has negative numbers."""
        return self.dtype.is_signed  # type: ignore[no-any-return]

    def is_same_size(self, other: Any) -> bool:
        """Whether another tensor has the same shape."""
        return bool(self.shape == other.shape)

    def is_nonzero(self) -> bool:
        """Whether the only element is not zero."""
        return bool(self)

    def is_set_to(self, tensor: Any) -> bool:
        """Whether another tensor is the same view of the same memory."""
        mine, theirs = storage(self), storage(tensor)
        keys = ("data", "shape", "typestr")
        a, b = mine.__array_interface__, theirs.__array_interface__
        return mine.strides == theirs.strides and all(a[key] == b[key] for key in keys)

    def cuda(self, *args: Any, **kwargs: Any) -> Any:
        """Raises AssertionError, as PyTorch's build for the CPU does."""
        raise AssertionError("Torch not compiled with CUDA enabled")

    def get_device(self) -> int:
        """-1: the CPU."""
        return -1

    def is_pinned(self) -> bool:
        """Never: memory is the CPU's own."""
        return False

    def is_shared(self) -> bool:
        """Never between processes."""
        return False

    def is_conj(self) -> bool:
        """Never: conjugation is not put off here."""
        return False

    def is_neg(self) -> bool:
        """Never: negation is not put off here."""
        return False

    def resolve_conj(self) -> Any:
        """Itself: conjugation is not put off here."""
        return self

    def resolve_neg(self) -> Any:
        """Itself: negation is not put off here."""
        return self

    def __copy__(self) -> Any:
        return lifecycle.bare_copy(self)

    def __deepcopy__(self, memo: Any) -> Any:
        return lifecycle.deep_copy(self, memo)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return lifecycle.reduced(self)

    def share_memory_(self) -> Any:
        """Refused: there are no tensors between processes here."""
        raise NotImplementedError(
            "share_memory_(): memory is not shared between processes here; use "
            "multiprocessing.shared_memory and from_numpy"
        )

    def _resized(self, sizes: Any, *, written: bool = False) -> Any:
        """written: for `out=`, which asks nothing of a tensor that requires a gradient."""
        if self.requires_grad and not written:  # type: ignore[attr-defined]
            raise RuntimeError("cannot resize variables that require grad")
        view = self._extra is not None and self._extra.view is not None
        found = storage(self)
        if view or found.base is not None:
            raise RuntimeError(
                "resize_() of memory that is shared with another tensor or array is not "
                "supported: make a new tensor"
            )
        count = int(np.prod(sizes))
        memory = np.zeros(sizes, found.dtype)
        kept = min(count, found.size)
        memory.reshape(-1)[:kept] = found.reshape(-1)[:kept]
        self._data = memory
        self._counter = self._counter or [0]
        self._counter[0] += not written  # what is written into it counts
        return self

    def resize_(self, *sizes: Any) -> Any:
        """Another shape, in place: elements are dropped or added at the end of the memory."""
        given = sizes[0] if len(sizes) == 1 and not isinstance(sizes[0], int) else sizes
        return self._resized(tuple(given))

    def resize_as_(self, the_template: Any) -> Any:
        """The shape of another tensor, in place."""
        return self._resized(tuple(the_template.shape))

    def set_(
        self, source: Any = None, storage_offset: Any = None, size: Any = None, stride: Any = None
    ) -> Any:
        """Make the tensor stand for another one's memory (all of it, or as `as_strided` says).

        Both keep their own counters of versions. Without a source the tensor becomes empty.
        Raises RuntimeError for another dtype, a view, and where a gradient would be lost.
        """
        if source is None:
            memory = np.zeros(0, storage(self).dtype)
        else:
            other = require_tensor("set_", source, "source", 1)
            if storage(other).dtype != storage(self).dtype:
                raise RuntimeError(
                    f"Could not set tensor of type {_word(other)} to a tensor of type "
                    f"{_word(self)}"
                )
            if size is not None:
                steps = stride if stride is not None else _steps(size)
                other = as_strided(other.detach(), size, steps, storage_offset)
            memory = storage(other)
        inputs = (self,) if source is None else (self, source)
        if allowed(inputs):
            raise RuntimeError(
                "set_() of or to a tensor that requires a gradient loses its history: use "
                "detach() or no_grad()"
            )
        if self._extra is not None and self._extra.view is not None:
            raise RuntimeError("set_() of a view is not supported: make a new tensor")
        self._data = memory
        bump(self)
        return self


def _steps(size: Any) -> tuple[int, ...]:
    """The strides of a contiguous tensor."""
    sizes = tuple(size)
    return tuple(int(np.prod(sizes[place + 1 :])) for place in range(len(sizes)))


_WORDS = {
    "float16": "c10::Half",
    "float32": "float",
    "float64": "double",
    "complex64": "c10::complex<float>",
    "complex128": "c10::complex<double>",
    "uint8": "unsigned char",
    "int8": "signed char",
    "int16": "short int",
    "int32": "int",
    "int64": "long int",
}


def _word(tensor: Any) -> str:
    """The dtype's name in C++."""
    name = storage(tensor).dtype.name
    return str(_WORDS.get(name, name))
