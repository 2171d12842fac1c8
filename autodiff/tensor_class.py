"""The `Tensor`: an array that records what is done with it."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Iterator
from numbers import Number
from typing import Any

import numpy as np

from autodiff import errors
from autodiff import namespace as array_namespace
from autodiff.dtypes import DTYPES, as_dtype, from_numpy_dtype
from autodiff.dtypes import dtype as Dtype
from autodiff.formatting import format_tensor
from autodiff.functions import shapes
from autodiff.functions.arguments import axis
from autodiff.gradient_types import cpp_name, kept_dtype, set_grad_dtype
from autodiff.gradients import backward as run_backward
from autodiff.graph import AccumulateGrad, LeafState, Node, Nowhere
from autodiff.hooks import RemovableHandle
from autodiff.methods.complexes import Complexes
from autodiff.methods.conversions import Conversions
from autodiff.methods.elementwise import Elementwise
from autodiff.methods.inplace import InPlace
from autodiff.methods.linalg import Linalg
from autodiff.methods.operators import Operators
from autodiff.methods.protocols import Protocols
from autodiff.methods.random import Random
from autodiff.methods.reductions import Reductions
from autodiff.methods.shapes import Shapes
from autodiff.modes import is_inference_mode_enabled, levels, refuse_in_transform, settings
from autodiff.operation import wrap
from autodiff.ops.shapes import TO_COPY
from autodiff.primitive import bind_tensor_class
from autodiff.size import Size, device, on_cpu
from autodiff.state import Extra, TensorState, Untracked, storage, version_counter
from autodiff.views import edge_of, requires_grad, written_through

__all__ = ["Tensor"]


class Tensor(
    Operators,
    Elementwise,
    Reductions,
    Shapes,
    Complexes,
    Linalg,
    InPlace,
    Random,
    Protocols,
    Conversions,
):
    """An array with PyTorch's methods, gradients and printing. Made by :func:`autodiff.tensor`.

    >>> import autodiff
    >>> x = autodiff.ones(2, 2, requires_grad=True)
    >>> y = (3 * (x + 2) ** 2).mean()
    >>> y.backward()
    >>> x.grad
    tensor([[4.5000, 4.5000],
            [4.5000, 4.5000]])
    """

    __slots__ = ()

    def __new__(cls, *args: Any) -> Any:
        """`Tensor(2, 3)` is uninitialised memory, `Tensor([1, 2])` a float tensor."""
        if len(args) == 1 and not isinstance(args[0], int):
            array = np.array(getattr(args[0], "_data", args[0]), settings.default_dtype.numpy)
        else:
            array = np.zeros(args or (0,), settings.default_dtype.numpy)
        made = object.__new__(cls)
        made._data = array
        made._node = made._leaf = made._counter = made._extra = None
        return made

    # what it is

    @property
    def shape(self) -> Size:
        """The size of every dimension."""
        return tuple.__new__(Size, self._data.shape)

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one dimension."""
        return self.shape if dim is None else self.shape[axis(dim, self._data.ndim)]

    @property
    def dtype(self) -> Dtype:
        """The type of the elements."""
        return from_numpy_dtype(self._data.dtype)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._data.ndim  # type: ignore[no-any-return]

    def dim(self) -> int:
        """The number of dimensions."""
        return self._data.ndim  # type: ignore[no-any-return]

    def numel(self) -> int:
        """The number of elements."""
        return self._data.size  # type: ignore[no-any-return]

    nelement = numel

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return self._data.dtype.itemsize  # type: ignore[no-any-return]

    def element_size(self) -> int:
        """Bytes per element."""
        return self._data.dtype.itemsize  # type: ignore[no-any-return]

    @property
    def device(self) -> device:
        """Where the elements are: always the CPU here."""
        return device("cpu")

    def is_floating_point(self) -> bool:
        """Whether the elements are real floating-point numbers."""
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        """Whether the elements are complex numbers."""
        return self.dtype.is_complex

    def type(self, dtype: Any = None) -> Any:
        """The legacy name such as `torch.FloatTensor`; with an argument, a conversion."""
        if isinstance(dtype, str):
            found = next((d for d in DTYPES if f"torch.{d.title}Tensor" == dtype), None)
            if found is None:
                raise ValueError(f"invalid type: '{dtype}'")
            dtype = found
        return f"torch.{self.dtype.title}Tensor" if dtype is None else self.to(dtype)

    def stride(self, dim: int | None = None) -> Any:
        """Elements to skip in memory for one step along each dimension."""
        data = storage(self)
        steps = [step // data.itemsize for step in data.strides]
        for place, size in reversed(list(enumerate(data.shape))):
            if size == 1 and not steps[place]:  # NumPy's new axes; PyTorch counts from the next
                last = place + 1 == len(steps)
                steps[place] = 1 if last else data.shape[place + 1] * steps[place + 1]
        return tuple(steps) if dim is None else steps[axis(dim, data.ndim)]

    def storage_offset(self) -> int:
        """Elements between the start of the base's memory and this view's first element."""
        base = self._base
        if base is None or not self._data.size:
            return 0
        start = storage(self).__array_interface__["data"][0]
        origin = storage(base).__array_interface__["data"][0]
        return (start - origin) // self._data.itemsize  # type: ignore[no-any-return]

    def data_ptr(self) -> int:
        """The address of the first element."""
        return storage(self).__array_interface__["data"][0]  # type: ignore[no-any-return]

    def is_contiguous(self, memory_format: Any = None) -> bool:
        """Whether the elements lie in memory in row-major order without gaps."""
        return storage(self).flags.c_contiguous  # type: ignore[no-any-return]

    def contiguous(self, memory_format: Any = None) -> Any:
        """Itself if contiguous, otherwise a contiguous copy."""
        return self if self.is_contiguous() else shapes.contiguous(self)

    # autograd

    @property
    def requires_grad(self) -> bool:
        """Whether operations on the tensor are recorded."""
        return self._leaf is not None or self._node is not None or requires_grad(self)

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise RuntimeError(errors.REQUIRES_GRAD_BOOL)  # noqa: TRY004 - PyTorch's own type
        if self._node is not None or written_through(self):
            raise RuntimeError(errors.NON_LEAF_FLAG if value else errors.NON_LEAF_FLAG_FALSE)
        self._set_requires_grad(value, errors.FLOAT_ONLY_SETTER)

    def _set_requires_grad(self, value: bool, message: str) -> None:
        if value and type(self._counter) is Untracked and not is_inference_mode_enabled():
            raise RuntimeError(errors.INFERENCE_REQUIRES_GRAD)
        if not value:
            if self._leaf is not None and self._leaf.grad is not None:
                self._ensure_extra().grad = self._leaf.grad
            self._leaf = None
        elif self._leaf is None:
            if self._data.dtype.kind not in "fcV":
                raise RuntimeError(message)
            self._leaf = LeafState()
            if self._extra is not None:
                self._leaf.grad = self._extra.grad

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

    @property
    def is_leaf(self) -> bool:
        """Whether the tensor was made by the user, not by a recorded operation."""
        node = self._node if self._extra is None else edge_of(self)[0]
        return node is None or isinstance(node, AccumulateGrad | Nowhere)

    @property
    def grad_fn(self) -> Node | None:
        """The node of the operation that made the tensor; None for a leaf."""
        node, _ = (self._node, 0) if self._extra is None else edge_of(self)
        if node is None or isinstance(node, AccumulateGrad | Nowhere):
            return None
        return node.shown()

    @property
    def output_nr(self) -> int:
        """Which output of its `grad_fn` the tensor is."""
        return edge_of(self)[1]

    @property
    def grad(self) -> Any:
        """What backward has added up for this tensor; None before."""
        if self._leaf is not None:
            return self._leaf.grad
        extra = self._extra
        kept = None if extra is None else extra.grad
        if self._node is not None and kept is None and (extra is None or not extra.retains):
            warnings.warn(errors.NON_LEAF_GRAD, UserWarning, stacklevel=2)
        return kept

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not None:
            self._check_grad(value)
        if self._leaf is not None:
            self._leaf.grad = value
        elif value is not None or self._extra is not None:
            self._ensure_extra().grad = value

    @grad.deleter
    def grad(self) -> None:
        self.grad = None

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

    @property
    def grad_dtype(self) -> Dtype | None:
        """The dtype that `.grad` must have: the tensor's own unless set; None for any."""
        if not self.is_leaf:
            raise RuntimeError(errors.GRAD_DTYPE_READ)
        return kept_dtype(self)

    @grad_dtype.setter
    def grad_dtype(self, value: Dtype | None) -> None:
        if not self.is_leaf:
            raise RuntimeError(errors.GRAD_DTYPE_SET)
        set_grad_dtype(self, self._ensure_extra(), value)

    def _ensure_extra(self) -> Extra:
        if self._extra is None:
            self._extra = Extra()
        return self._extra

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

    @property
    def retains_grad(self) -> bool:
        """Whether `retain_grad` is in force."""
        return self._extra is not None and self._extra.retains

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

    def detach(self) -> Any:
        """A tensor on the same memory (and write counter) that needs no gradient."""
        result = wrap(storage(self))
        result._counter = version_counter(self)
        return result

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

    @property
    def data(self) -> Any:
        """A tensor on the same memory whose writes autograd does not see."""
        result = wrap(storage(self))
        if type(self._counter) is Untracked:
            result._counter = Untracked()
        return result

    @data.setter
    def data(self, value: Any) -> None:
        if not isinstance(value, TensorState):
            raise TypeError(f"Variable data has to be a tensor, but got {type(value).__name__}")
        if self.requires_grad and value._data.dtype.kind not in "fcV":
            raise RuntimeError(errors.DATA_DTYPE)
        self._data = storage(value)

    @property
    def _version(self) -> int:
        if type(self._counter) is Untracked:
            raise RuntimeError(errors.INFERENCE_VERSION)
        return 0 if self._counter is None else self._counter[0]

    def is_inference(self) -> bool:
        """Whether the tensor was made in inference mode."""
        return type(self._counter) is Untracked

    @property
    def _base(self) -> Any:
        extra = self._extra
        return None if extra is None or extra.view is None else extra.view.base

    def _is_view(self) -> bool:
        return self._extra is not None and self._extra.view is not None

    # conversions

    def to(self, *args: Any, dtype: Any = None, copy: bool = False, **ignored: Any) -> Any:
        """Another dtype (itself if it is the same and `copy` is false); the device is the CPU."""
        on_cpu(ignored.get("device"))
        for one in args:
            if isinstance(one, TensorState):
                dtype = one.dtype  # type: ignore[attr-defined]
            elif isinstance(one, bool):
                continue
            elif isinstance(one, str | device):
                on_cpu(one)
            else:
                dtype = one
        if dtype is None:
            return self.clone() if copy else self
        wanted = as_dtype(dtype, "to").numpy
        if wanted == self._data.dtype and not copy:
            return self
        if self._data.dtype.kind == "c" and wanted.kind not in "cb":
            warnings.warn(
                "Casting complex values to real discards the imaginary part",
                UserWarning,
                stacklevel=2,
            )
        return TO_COPY(self, dtype=wanted)

    def double(self) -> Any:
        """float64."""
        return self.to("cpu", dtype=np.float64)

    def float(self) -> Any:
        """float32."""
        return self.to("cpu", dtype=np.float32)

    def half(self) -> Any:
        """float16."""
        return self.to("cpu", dtype=np.float16)

    def long(self) -> Any:
        """int64."""
        return self.to("cpu", dtype=np.int64)

    def int(self) -> Any:
        """int32."""
        return self.to("cpu", dtype=np.int32)

    def bool(self) -> Any:
        """bool."""
        return self.to("cpu", dtype=np.bool_)

    def cpu(self) -> Any:
        """Itself."""
        return self

    def numpy(self, *, force: Any = False) -> Any:
        """The array itself, sharing memory. Raises RuntimeError if a gradient is required."""
        if not isinstance(force, _bool):
            kind = type(force).__name__
            raise TypeError(f"numpy(): argument 'force' must be bool, not {kind}")
        if self.requires_grad and not force:
            raise RuntimeError(errors.NUMPY_REQUIRES_GRAD)
        return storage(self)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    def item(self) -> Any:
        """The only element as a Python number."""
        if self._data.size != 1:
            raise RuntimeError(
                f"a Tensor with {self._data.size} elements cannot be converted to Scalar"
            )
        return self._data.item()

    def tolist(self) -> Any:
        """Nested lists of Python numbers."""
        return self._data.tolist()

    def _scalar(self, convert: Callable[[Any], Any]) -> Any:
        if self.requires_grad:
            warnings.warn(errors.SCALAR_FROM_GRAD, UserWarning, stacklevel=3)
        if self._data.size != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        value = self._data.item()
        if isinstance(value, complex) and convert is not complex:
            if value.imag:
                kind = "double" if convert is _float else "int64_t"
                raise RuntimeError(f"value cannot be converted to type {kind} without overflow")
            value = value.real
        return convert(value)

    def __float__(self) -> Any:
        return self._scalar(_float)

    def __int__(self) -> Any:
        return self._scalar(_int)

    def __complex__(self) -> complex:
        return self._scalar(complex)  # type: ignore[no-any-return]

    def __index__(self) -> Any:
        if self._data.dtype.kind not in "iub" or self._data.size != 1:
            raise TypeError(
                "only integer tensors of a single element can be converted to an index"
            )
        return _int(self._data.item())

    def __bool__(self) -> Any:
        if self._data.size != 1:
            raise RuntimeError(
                "Boolean value of Tensor with no values is ambiguous"
                if not self._data.size
                else "Boolean value of Tensor with more than one value is ambiguous"
            )
        return _bool(self._data.item())

    def __len__(self) -> Any:
        if not self._data.ndim:
            raise TypeError("len() of a 0-d tensor")
        return len(self._data)

    def __iter__(self) -> Iterator[Any]:
        if not self._data.ndim:
            raise TypeError("iteration over a 0-d tensor")
        return iter(shapes.unbind(self, 0))

    def __contains__(self, element: Any) -> Any:
        if isinstance(element, TensorState | complex | Number):
            return _bool(np.any(self._data == getattr(element, "_data", element)))
        raise RuntimeError(
            f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a "
            f"{type(element)}."
        )

    @property
    def T(self) -> Any:
        """All dimensions reversed."""
        return shapes.reversed_dims(self)

    @property
    def mT(self) -> Any:
        """The last two dimensions exchanged."""
        if not self._data.ndim:
            return self
        if self._data.ndim < 2:
            raise RuntimeError(
                f"tensor.mT is only supported on matrices or batches of matrices. Got "
                f"{self._data.ndim}-D tensor."
            )
        return shapes.transpose(self, -2, -1)

    def __array_namespace__(self, api_version: str | None = None) -> Any:
        return array_namespace

    # printing

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
            options=settings.print_options,
            default_dtype=settings.default_dtype,
            requires_grad=self.requires_grad if requires is None else requires,
            grad_fn_name=name,
        )

    def __format__(self, spec: str) -> str:
        if not self._data.ndim and type(self) is Tensor:
            return format(self._data.item(), spec)
        return object.__format__(self, spec)


_float, _int, _bool = float, int, bool

Tensor.__module__ = "autodiff"  # where it is found, and is shown to be
bind_tensor_class(Tensor)
