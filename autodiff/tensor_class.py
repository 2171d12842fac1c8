"""The `Tensor`: an array that records what is done with it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from autodiff import errors, late
from autodiff.dtypes import dtype as Dtype
from autodiff.dtypes import from_numpy_dtype
from autodiff.graph import AccumulateGrad, LeafState, Node, Nowhere
from autodiff.modes import is_inference_mode_enabled, settings
from autodiff.size import Size, device, strided
from autodiff.state import Extra, TensorState, Untracked, storage, version_counter

if TYPE_CHECKING:
    from autodiff.methods.bits import Bits
    from autodiff.methods.casts import Casts
    from autodiff.methods.complexes import Complexes
    from autodiff.methods.contraction import Contraction
    from autodiff.methods.conversions import Conversions
    from autodiff.methods.edges import Edges
    from autodiff.methods.elementwise import Elementwise
    from autodiff.methods.history import History
    from autodiff.methods.indexing import Indexing
    from autodiff.methods.inplace import InPlace
    from autodiff.methods.layout import Layout
    from autodiff.methods.linalg import Linalg
    from autodiff.methods.numbers import Numbers
    from autodiff.methods.operators import Operators
    from autodiff.methods.ordering import Ordering
    from autodiff.methods.protocols import Protocols
    from autodiff.methods.random import Random
    from autodiff.methods.reductions import Reductions
    from autodiff.methods.shapes import Shapes
    from autodiff.methods.strided import Strided
    from autodiff.methods.text import Text

    class Methods(
        Operators,
        Elementwise,
        Reductions,
        Shapes,
        Indexing,
        Contraction,
        Casts,
        Numbers,
        History,
        Edges,
        Layout,
        Ordering,
        Complexes,
        Linalg,
        InPlace,
        Bits,
        Strided,
        Random,
        Protocols,
        Conversions,
        Text,
    ):
        """What type checkers read; each method comes when it is used."""

        __slots__ = ()
else:
    Methods = late.methods(TensorState)

__all__ = ["Tensor", "wrap"]

_new = object.__new__


class Tensor(Methods):
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
    __array_priority__ = 1000

    is_cpu = True
    is_cuda = is_sparse = is_quantized = is_meta = is_mps = is_xpu = is_nested = False
    name = None
    layout = strided

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

    @property
    def nbytes(self) -> int:
        """Bytes that all elements take."""
        return self._data.nbytes  # type: ignore[no-any-return]

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

    @property
    def T(self) -> Any:
        """All dimensions reversed."""
        return self._reversed()

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
        return self.transpose(-2, -1)

    @property
    def H(self) -> Any:
        """The conjugates of a matrix, transposed."""
        return self._hermitian()

    @property
    def mH(self) -> Any:
        """The conjugates of matrices, transposed."""
        return self._adjoint_of("mH")

    @property
    def real(self) -> Any:
        """A view of the real parts; a real tensor itself. Assigning writes to them."""
        return self._real()

    @real.setter
    def real(self, value: Any) -> None:
        _write(self.real, value)

    @property
    def imag(self) -> Any:
        """A view of the imaginary parts. Assigning writes to them."""
        return self._imag()

    @imag.setter
    def imag(self, value: Any) -> None:
        _write(self.imag, value)

    # autograd

    @property
    def requires_grad(self) -> bool:
        """Whether operations on the tensor are recorded."""
        return self._leaf is not None or self._node is not None or self._requires_grad()

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise RuntimeError(errors.REQUIRES_GRAD_BOOL)  # noqa: TRY004 - PyTorch's own type
        if self._node is not None or self._written_through():
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

    @property
    def is_leaf(self) -> bool:
        """Whether the tensor was made by the user, not by a recorded operation."""
        node = self._node if self._extra is None else self._edge()[0]
        return node is None or isinstance(node, AccumulateGrad | Nowhere)

    @property
    def grad_fn(self) -> Node | None:
        """The node of the operation that made the tensor; None for a leaf."""
        node, _ = (self._node, 0) if self._extra is None else self._edge()
        if node is None or isinstance(node, AccumulateGrad | Nowhere):
            return None
        return node.shown()

    @property
    def output_nr(self) -> int:
        """Which output of its `grad_fn` the tensor is."""
        return self._edge()[1]

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

    @property
    def grad_dtype(self) -> Dtype | None:
        """The dtype that `.grad` must have: the tensor's own unless set; None for any."""
        if not self.is_leaf:
            raise RuntimeError(errors.GRAD_DTYPE_READ)
        return self._kept_dtype()

    @grad_dtype.setter
    def grad_dtype(self, value: Dtype | None) -> None:
        if not self.is_leaf:
            raise RuntimeError(errors.GRAD_DTYPE_SET)
        self._set_grad_dtype(self._ensure_extra(), value)

    @property
    def retains_grad(self) -> bool:
        """Whether `retain_grad` is in force."""
        return self._extra is not None and self._extra.retains

    def _ensure_extra(self) -> Extra:
        if self._extra is None:
            self._extra = Extra()
        return self._extra

    def detach(self) -> Any:
        """A tensor on the same memory (and write counter) that needs no gradient."""
        result = wrap(storage(self))
        result._counter = version_counter(self)
        return result

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


def _write(part: Any, value: Any) -> None:
    """Write to a view; a tensor's shape is held to as `copy_` does."""
    if isinstance(value, TensorState):
        part.copy_(value)
    else:
        part[...] = value


def wrap(data: Any) -> Any:
    """A tensor without history around an array."""
    tensor = _new(Tensor)
    tensor._data = data
    tensor._node = tensor._leaf = tensor._counter = tensor._extra = None
    return tensor


Tensor.__module__ = "autodiff"  # where it is found, and is shown to be
