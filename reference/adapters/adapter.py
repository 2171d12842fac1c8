"""What `check` asks of an engine. An adapter answers for one framework, in a page of code.

Write one for a framework of your own by subclassing :class:`Adapter`: `adopt` and `pull` are all
that first-order reverse mode needs. Give an instance as `engine=`, or `register` it.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from reference.content import complex_array
from reference.definitions import MissingDefinition
from reference.engines.engine import EngineError
from reference.floats import FORMATS, dtype_name, exact_array
from reference.trace.numpy_arrays import as_numpy, as_tensor

__all__ = ["Adapter", "Function", "NotOffered", "Pulled", "flattened", "framework", "strided"]

Function = Callable[..., Any]
Arrays = list[Any]


class NotOffered(NotImplementedError):
    """What the engine (or the function under test) does not do; no mistake."""


class Pulled(NamedTuple):
    """What one forward pass gave, and what its backward pass gave for every cotangent.

    gradients[k][i]: of the k-th cotangent, for the i-th argument asked about; None where the
    engine gave none.
    """

    outputs: Arrays
    gradients: list[Arrays]


def framework(name: str) -> Any:
    """The module of that name; EngineError, with how to install it, where there is none."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name.partition(".")[0]:
            raise EngineError(f"{name} does not load: {error}") from None
        raise EngineError(f"{name} is not installed: python -m pip install {name}") from None
    except (ImportError, OSError) as error:
        raise EngineError(f"{name} does not load: {error}") from None


def flattened(result: Any) -> Arrays:
    """The arrays of a result: itself, or those of a tuple or list."""
    if isinstance(result, (tuple, list)):
        return [part for each in result for part in flattened(each)]
    return [result]


def strided(content: np.ndarray) -> tuple[np.ndarray, Callable[[Any], Any]]:
    """A contiguous array, and the slice of it that is `content` without being contiguous.

    >>> whole, view = strided(np.array([[1, 2], [3, 4]]))
    >>> view(whole).tolist(), view(whole).flags.contiguous
    ([[1, 2], [3, 4]], False)
    """
    turned = np.ascontiguousarray(content.T)
    if not content.ndim:
        return turned.reshape(content.shape), lambda whole: whole
    whole = np.ones((2 * turned.shape[0], *turned.shape[1:]), content.dtype)
    whole[::2] = turned
    return whole, lambda base: base[::2].T if content.ndim != 1 else base[::2]


class Adapter(ABC):
    """One engine, as `check` sees it. Nothing here changes what the user gave."""

    name: str
    """As `engine=` takes it."""
    second_order: tuple[str, ...] = ()
    """The mode pairs on offer, of "rr", "fr" (forward over reverse), "rf" and "ff".

    "rc" is "rr", by the cotangent.
    """
    forward_mode: bool = False
    layouts: bool = True
    """Whether arrays have strides."""
    expands: bool = False
    """Whether one number can stand for a whole cotangent, with strides of zero."""

    # what belongs to the engine

    @abstractmethod
    def recognises(self, value: Any) -> bool:
        """Whether a value is an array of this engine. Must not load the framework."""

    def is_float(self, value: Any) -> bool:
        """Whether a value is an array of floats of this engine."""
        return self.recognises(value) and "float" in dtype_name(getattr(value, "dtype", ""))

    def asks(self, value: Any) -> bool:
        """Whether an array asks for its gradient, where the engine's arrays can say so."""
        return bool(getattr(value, "requires_grad", False))

    # conversions

    @abstractmethod
    def adopt(self, content: np.ndarray, like: Any, *, layout: str = "plain") -> Any:
        """A fresh array with this content, and the dtype and device of `like`.

        content: float64, exactly representable. like: one of the engine's arrays. layout:
        "plain", "strided" or (where the engine `expands`) "expanded".
        """

    def content(self, value: Any) -> np.ndarray:
        """The exact content of one of the engine's arrays, as float64."""
        return exact_array(value)[0].astype(np.float64)

    def contents(self, values: Sequence[Any]) -> list[np.ndarray]:
        """The contents of several arrays; override it where asking once for all is cheaper."""
        return [self.content(value) for value in values]

    def bits(self, values: Sequence[Any]) -> list[Any]:
        """What tells arrays apart, cheaply: equal bits are equal arrays; None of None."""
        known = [value for value in values if value is not None]
        if not all(isinstance(value, (np.ndarray, np.generic)) for value in known):
            known = self.contents(known)
        told = iter([(value.shape, value.tobytes()) for value in known])
        return [None if value is None else next(told) for value in values]

    def copies(self, content: np.ndarray, like: Any, count: int) -> Arrays:
        """As many fresh arrays as `adopt` would make; override it where copying is cheaper."""
        return [self.adopt(content, like) for _ in range(count)]

    def dtype(self, value: Any) -> str:
        """The name of an array's dtype, as in `float32` or `complex64`."""
        if self.is_complex(value):
            return str(value.dtype).rsplit(".", 1)[-1]
        name = dtype_name(getattr(value, "dtype", ""))
        return name if name in FORMATS else exact_array(value)[1]

    def from_numpy(self, array: np.ndarray) -> Any:
        """An array of this engine for a NumPy array given in its place."""
        return array

    # differentiation

    @abstractmethod
    def pull(
        self, f: Function, arrays: Arrays, wrt: Sequence[int], cotangents: Sequence[Arrays]
    ) -> Pulled:
        """One forward pass of f, and one backward pass for each of the cotangents.

        arrays: fresh arguments, of which those numbered in `wrt` are differentiated. cotangents:
        each one array per output; a backward pass may be asked for twice.
        """

    def pull_each(
        self,
        f: Function,
        runs: Sequence[Arrays],
        wrt: Sequence[int],
        cotangents: Sequence[Arrays],
    ) -> list[Pulled]:
        """A forward and a backward pass of its own for each of several sets of arguments.

        Override it where an engine runs many backward passes cheaper at once. f is small.
        """
        return [
            self.pull(f, arrays, wrt, [given])
            for arrays, given in zip(runs, cotangents, strict=True)
        ]

    def push(
        self, f: Function, arrays: Arrays, wrt: Sequence[int], tangents: Arrays
    ) -> tuple[Arrays, Arrays]:
        """(outputs, their tangents) in forward mode."""
        raise NotOffered(f"{self.name} has no forward mode")

    def second(
        self,
        mode: str,
        f: Function,
        arrays: Arrays,
        wrt: Sequence[int],
        cotangents: Arrays,
        tangents: Arrays,
    ) -> Arrays:
        """The gradient of <<f, cotangents>', tangents>, per argument of `wrt`.

        In the mode "ff": the second derivative of f along the tangents, per output. In the mode
        "rc": the gradient of the same by the cotangents, which is that of f along the tangents.
        """
        raise NotOffered(f"{self.name} has no second derivatives in the mode {mode}")

    # complex numbers: see complex_view.py

    conjugates: bool = False
    """Whether gradients are ∂L/∂re - i ∂L/∂im, as JAX has them, and not ∂L/∂re + i ∂L/∂im."""

    def is_complex(self, value: Any) -> bool:
        """Whether a value is an array of complex numbers of this engine."""
        return self.recognises(value) and "complex" in dtype_name(getattr(value, "dtype", ""))

    def complex_content(self, value: Any) -> np.ndarray:
        """The exact content of an array of complex numbers, as complex128."""
        return complex_array(value).astype(np.complex128)

    def conjugate(self, value: Any) -> Any:
        """The conjugate of one of the engine's arrays; asked for where it `conjugates`."""
        return value.conj()

    # nests and modules: see trees.py

    def pytrees(self, value: Any) -> Any:
        """The library that takes a nested argument apart where it is none of Python's own."""
        return None

    def parameters(self, f: Any) -> dict[str, Any]:
        """A module's parameters by name, which are checked as further arguments."""
        return {}

    def call_with(self, f: Any, parameters: Mapping[str, Any], arguments: Sequence[Any]) -> Any:
        """A module with other parameters, called."""
        raise TypeError(f"{self.name} has no modules: give a function of its parameters")

    def from_numpy_if_foreign(self, value: Any) -> Any:
        """A NumPy array given in place of one of the engine's, as one of the engine's."""
        if isinstance(value, (np.ndarray, np.generic)) and not self.recognises(value):
            return self.from_numpy(np.asarray(value))
        return value

    # mathematics

    def trace(self, f: Function, tensors: Sequence[Any], arrays: Sequence[Any]) -> Any:
        """f run on the oracle's tensors; arrays: the arguments that they stand for.

        Raises NotOffered where f does not take them.
        """
        try:
            return f(*tensors)
        except MissingDefinition:
            raise
        except Exception as error:
            text = str(error).strip().splitlines()
            raise NotOffered(
                f"the function cannot be traced on the oracle's tensors ({type(error).__name__}: "
                f"{text[0][:240] if text else ''}): give its mathematics as definition="
            ) from error

    def explain(self, definition: Function, tensors: Sequence[Any], arrays: Sequence[Any]) -> Any:
        """A definition given beside f, run on the oracle's tensors.

        Their methods are PyTorch's; what they cannot take may be meant for NumPy's arrays.
        """
        try:
            return definition(*tensors)
        except (TypeError, AttributeError):
            try:
                return as_tensor(definition(*(as_numpy(value) for value in tensors)))
            except Exception:  # noqa: BLE001  # the first error says more
                pass
            raise

    def source(self, name: str, values: str, dtype: str) -> str:
        """A line of code that makes an argument; values: nested lists of hex floats."""
        return f"{name} = np.array({values}, dtype=np.{dtype})"

    def complex_source(self, name: str, values: str, dtype: str) -> str:
        """The same of a complex argument; values: lists of pairs, dtype: that of the parts."""
        line = self.source(name, values, dtype)
        return f"{line}; {name} = {name}[..., 0] + 1j * {name}[..., 1]"
