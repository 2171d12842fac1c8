"""`save` and `load`: objects with tensors in files, by pickle.

The files are not those of PyTorch. `load` makes tensors, numbers, texts and containers of these
and nothing else, unless `weights_only` is false: a pickle from a stranger may run any code.
"""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any, BinaryIO

__all__ = ["load", "save"]

_MAGIC = b"autodiff-1\n"
_ALLOWED = {
    ("collections", "OrderedDict"),
    ("collections", "defaultdict"),
    ("builtins", "set"),
    ("builtins", "frozenset"),
    ("builtins", "complex"),
    ("builtins", "bytearray"),
    ("builtins", "slice"),
    ("builtins", "range"),
}
_NUMPY = {"_reconstruct", "_frombuffer", "ndarray", "dtype", "scalar"}


class _Careful(pickle.Unpickler):
    """Finds this package's own classes and NumPy's arrays, and no other code."""

    def find_class(self, module: str, name: str) -> Any:
        root = module.partition(".")[0]
        known = (
            (module, name) in _ALLOWED
            or (root == "autodiff" and not name.startswith("__"))
            or (root == "numpy" and (name in _NUMPY or name.startswith("dtype")))
            or (root == "numpy" and module == "numpy.dtypes")
            or (root == "ml_dtypes" and name == "bfloat16")
        )
        if not known:
            raise pickle.UnpicklingError(
                f"Weights only load failed: {module}.{name} is not allowed; pass "
                "weights_only=False if you trust the file"
            )
        return super().find_class(module, name)


def save(
    obj: Any, f: str | os.PathLike[str] | BinaryIO, pickle_module: Any = pickle, **_: Any
) -> None:
    """Write an object to a file, given by its path or open.

    >>> import autodiff, io
    >>> file = io.BytesIO()
    >>> save({"w": autodiff.ones(2)}, file)
    >>> _ = file.seek(0)
    >>> load(file)
    {'w': tensor([1., 1.])}
    """
    if isinstance(f, str | os.PathLike):
        with Path(f).open("wb") as file:
            save(obj, file, pickle_module)
        return
    f.write(_MAGIC)
    pickle_module.dump(obj, f, protocol=4)


def load(
    f: str | os.PathLike[str] | BinaryIO,
    map_location: Any = None,
    pickle_module: Any = pickle,
    *,
    weights_only: bool = True,
    mmap: bool | None = None,
) -> Any:
    """Read what :func:`save` wrote.

    map_location: accepted and not used. Raises pickle.UnpicklingError for other files and, unless
    `weights_only` is false, for what is neither a tensor, a number, a text nor a container.
    """
    if isinstance(f, str | os.PathLike):
        with Path(f).open("rb") as file:
            return load(file, map_location, pickle_module, weights_only=weights_only)
    head = f.read(len(_MAGIC))
    if head != _MAGIC:
        raise pickle.UnpicklingError(
            "not a file of autodiff.save: files of PyTorch are read by PyTorch"
        )
    if weights_only:
        return _Careful(f).load()
    return pickle_module.load(f)
