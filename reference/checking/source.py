"""Lines of code that repeat a check, as far as a function and its arguments can be written."""

from __future__ import annotations

import base64
import dataclasses
import sys
import types
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from reference.adapters import Adapter, Pair
from reference.adapters.trees import argument_names
from reference.content import complex_array

__all__ = ["name_of", "origin_of", "source_of"]

_LITERAL = 16  # numbers of an array that is written out
_PACKED = 6_000  # characters of an array that is written packed
_DEFAULTS = {"what": None, "factor": 1.0, "cotangents": 2, "repeats": 64, "points": 0}
_IMPORTS = {  # as the adapters' lines spell them
    "autodiff.": "import autodiff",
    "base64.": "import base64",
    "jnp.": "import jax.numpy as jnp",
    "mygrad.": "import mygrad",
    "np.": "import numpy as np",
    "zlib.": "import zlib",
    " Tensor(": "from tinygrad import Tensor, dtypes",
    "torch.": "import torch",
}


def name_of(f: Any) -> str:
    """A function's name for reports, without control characters.

    >>> name_of(np.sin), name_of(Pair(np.exp, np.exp))
    ('sin', 'exp')
    """
    named = f.forward if isinstance(f, Pair) else f
    name = str(getattr(named, "__name__", None) or type(named).__name__)
    owner = getattr(named, "__self__", None)
    if isinstance(owner, type) and isinstance(named, (types.MethodType, types.BuiltinMethodType)):
        name = f"{owner.__name__}.{name}"  # `apply` alone says nothing
    kept = (c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in name)
    return "".join(kept)


def origin_of(f: Any) -> str:
    """Where a function is written, "module:name", as far as it says so."""
    named = f.forward if isinstance(f, Pair) else f
    module = _module(named)
    name = getattr(named, "__qualname__", None) or getattr(named, "__name__", None)
    return f"{module}:{_global(f) or name or type(named).__qualname__}"


def source_of(
    f: Any, arrays: Sequence[Any], adapter: Adapter, options: Mapping[str, Any]
) -> tuple[str, ...]:
    """The lines: imports, arguments, and the call of `check`.

    options: the other parameters of `check`; those with their usual values are left out.

    >>> from reference.adapters import adapter
    >>> lines = source_of(np.sin, [np.float32(0.5)], adapter("hips"), {"seed": 3})
    >>> print(*lines, sep="\\n")
    import numpy as np
    from numpy import sin
    from reference import check
    x = np.array(float.fromhex('0x1.0000000000000p-1'), dtype=np.float32)
    check(sin, x, engine='hips', seed=3)
    """
    written = _Lines(adapter)
    called = written.function(f, "f")
    values = [
        written.argument(name, value)
        for name, value in zip(
            argument_names(f.forward if isinstance(f, Pair) else f, len(arrays)),
            arrays,
            strict=True,
        )
    ]
    definition = options.get("definition")
    if isinstance(definition, str):
        values.append(f"definition={definition!r}")
    elif definition is not None:
        values.append(f"definition={written.function(definition, 'definition')}")
    values += [f"engine={adapter.name!r}", f"seed={options.get('seed', 0)}"]
    for name, usual in _DEFAULTS.items():
        given = options.get(name, usual)
        if name == "cotangents" and not isinstance(given, int):
            written.lines.append("# cotangents: those that were given")
        elif given != usual:
            values.append(f"{name}={given!r}")
    call = f"check({', '.join([called, *values])})"
    used = [
        line
        for start, line in _IMPORTS.items()
        if any(start in made.partition(" = ")[2] for made in written.lines)
    ]
    return (*used, *written.imports, "from reference import check", *written.lines, call)


class _Lines:
    """Lines that make the arguments, and the imports that they need."""

    def __init__(self, adapter: Adapter) -> None:
        self.adapter = adapter
        self.lines: list[str] = []
        self.imports: dict[str, None] = {}
        self._used: set[str] = set()

    def function(self, f: Any, name: str) -> str:
        """A function's name, imported where that can be; a comment says what it is elsewhere."""
        named = f.forward if isinstance(f, Pair) else f
        module, found = _module(named), _global(f)
        if found is not None and module != "__main__":
            self.imports[f"from {module} import {found.partition('.')[0]}"] = None
            return found
        kind = "the pair of " if isinstance(f, Pair) else ""
        code = getattr(named, "__code__", None)
        place = module
        if code is not None and not isinstance(getattr(named, "__self__", None), type):
            place = f"{Path(code.co_filename).name}, line {code.co_firstlineno}"
        self.lines.append(f"# {found or name}: {kind}{name_of(f)} in {place}")
        return found or name

    def argument(self, name: str, value: Any) -> str:
        """The expression that stands for an argument; its arrays get lines of their own."""
        adapter = self.adapter
        if isinstance(value, Mapping):
            inside = (f"{k!r}: {self.argument(f'{name}_{k}', v)}" for k, v in value.items())
            return "{" + ", ".join(inside) + "}"
        if isinstance(value, (tuple, list)) and not hasattr(value, "_fields"):
            parts = [self.argument(f"{name}_{k}", part) for k, part in enumerate(value)]
            ends = "[]" if isinstance(value, list) else "()"
            return ends[0] + ", ".join(parts) + ("," if ends == "()" else "") + ends[1]
        fields = _fields(value)
        if fields:
            kind = type(value)
            self.imports[f"from {kind.__module__} import {kind.__qualname__}"] = None
            inside = (f"{k}={self.argument(f'{name}_{k}', getattr(value, k))}" for k in fields)
            return f"{kind.__qualname__}({', '.join(inside)})"
        if adapter.recognises(value) or isinstance(value, (np.ndarray, np.generic)):
            return self._array(self._fresh(name), value)
        if value is None or isinstance(value, (bool, int, float, complex, str)):
            return repr(value)
        self.lines.append(f"# {name}: {type(value).__name__}, as it was")
        return self._fresh(name)

    def _fresh(self, name: str) -> str:
        """An identifier that is not used yet."""
        plain = "".join(c if c.isalnum() and c.isascii() else "_" for c in name)
        plain = plain if plain.isidentifier() else f"x_{plain}"
        while plain in self._used:
            plain += "_"
        self._used.add(plain)
        return plain

    def _array(self, name: str, value: Any) -> str:
        adapter = self.adapter if self.adapter.recognises(value) else None
        if adapter is not None and adapter.is_complex(value):
            whole = np.asarray(complex_array(value))
            content = np.stack([whole.real, whole.imag], -1).astype(np.float64)
            dtype = {"complex128": "float64", "complex32": "float16"}.get(
                adapter.dtype(value), "float32"
            )
        elif adapter is not None and adapter.is_float(value):
            content, dtype = adapter.content(value), adapter.dtype(value)
        else:
            return self._other(name, value)
        values = _literal(content) if content.size <= _LITERAL else _packed(content)
        if len(values) > _PACKED and content.size > _LITERAL:
            shape = list(content.shape)
            self.lines.append(f"# {name}: {dtype}{shape}, as it was; too long to be written here")
            return name
        make = adapter.complex_source if adapter.is_complex(value) else adapter.source
        line = make(name, values, dtype)
        self.lines.append(line if adapter.asks(value) else line.replace(_ASKS, ""))
        return name

    def _other(self, name: str, value: Any) -> str:
        """An array of integers or flags, or of NumPy in another engine's place."""
        held = value.detach().cpu() if hasattr(value, "detach") else value
        try:
            array = np.asarray(held)
            dtype = array.dtype.name
        except Exception:  # noqa: BLE001  # an array of a framework's own kind
            array, dtype = np.zeros(0, object), "object"
        if array.dtype.kind not in "biuf" or array.size > 4 * _LITERAL:
            self.lines.append(f"# {name}: {type(value).__name__}, as it was")
            return name
        numbers = repr(array.tolist())
        if isinstance(value, (np.ndarray, np.generic)):
            self.lines.append(f"{name} = np.array({numbers}, dtype=np.{dtype})")
        else:
            self.lines.append(self.adapter.source(name, numbers, dtype).replace(_ASKS, ""))
        return name


_ASKS = ", requires_grad=True"


def _fields(value: Any) -> list[str]:
    """The names of the parts of a named tuple or dataclass."""
    if isinstance(value, tuple):
        return list(getattr(value, "_fields", ()))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [field.name for field in dataclasses.fields(value) if field.init]
    return []


def _module(named: Any) -> str:
    """The module of a function; of a class method, the module of its class."""
    owner = getattr(named, "__self__", None)
    holder = owner if isinstance(owner, type) else named
    return str(getattr(holder, "__module__", None) or type(named).__module__)


def _global(f: Any) -> str | None:
    """The name by which the function's own module knows it; None where it does not."""
    named = f.forward if isinstance(f, Pair) else f
    owner = getattr(named, "__self__", None)
    if isinstance(owner, type) and not isinstance(f, Pair):
        held = _global(owner)
        return None if held is None else f"{held}.{named.__name__}"
    names = vars(sys.modules.get(_module(named), types))
    own = getattr(named, "__name__", None)
    if own in names and names[own] is f:
        return str(own)
    return next((name for name, value in list(names.items()) if value is f), None)


def _literal(content: np.ndarray) -> str:
    if not content.ndim:
        return f"float.fromhex({float(content).hex()!r})"
    return "[" + ", ".join(_literal(row) for row in content) + "]"


def _packed(content: np.ndarray) -> str:
    held = np.ascontiguousarray(content, dtype="<f8")
    text = base64.b85encode(zlib.compress(held.tobytes(), 9)).decode("ascii")
    made = f"np.frombuffer(zlib.decompress(base64.b85decode({text!r})), '<f8')"
    return f"{made}.reshape({content.shape})"
