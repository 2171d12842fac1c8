"""PyTorch's printed form of a tensor, made from a NumPy array.

The rules are those of `torch/_tensor_str.py` (2.13).  Everything here is a pure function of its
arguments: the current print options live in `autodiff.modes`.  Numbers are compared and written
as Python floats, so no NumPy arithmetic takes place and no NumPy warning can arise.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from autodiff.dtypes import bool as bool_
from autodiff.dtypes import complex64, complex128, dtype, float64, from_numpy_dtype, int64

__all__ = ["PrintOptions", "format_tensor"]

_Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]


class PrintOptions(NamedTuple):
    """How tensors are printed; immutable, and equal to another with the same values.

    `precision` is the number of digits after the point, `threshold` the number of elements
    above which only `edgeitems` at either end of a dimension are shown, `linewidth` where lines
    break.  `sci_mode` forces (True) or forbids (False) scientific notation; None decides by
    the values.

    >>> PrintOptions().updated(profile="short", sci_mode=True)
    PrintOptions(precision=2, threshold=1000, edgeitems=2, linewidth=80, sci_mode=True)
    """

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None

    def updated(
        self,
        *,
        precision: int | None = None,
        threshold: float | None = None,
        edgeitems: int | None = None,
        linewidth: int | None = None,
        profile: str | None = None,
        sci_mode: bool | None = None,
    ) -> "PrintOptions":
        """Give the options `torch.set_printoptions` would leave.

        A profile ('default', 'short' or 'full') sets the first four, single values override
        it, and `sci_mode` is always replaced: leaving it out means None.  PyTorch ignores an
        unknown profile, and so does this.

        >>> PrintOptions(sci_mode=True).updated(precision=2)
        PrintOptions(precision=2, threshold=1000, edgeitems=3, linewidth=80, sci_mode=None)
        """
        base = self if profile is None else _PROFILES.get(profile, self)
        return PrintOptions(
            base.precision if precision is None else precision,
            base.threshold if threshold is None else threshold,
            base.edgeitems if edgeitems is None else edgeitems,
            base.linewidth if linewidth is None else linewidth,
            sci_mode,
        )


_PROFILES = {
    "default": PrintOptions(),
    "short": PrintOptions(precision=2, edgeitems=2),
    "full": PrintOptions(threshold=math.inf),
}


def format_tensor(
    array: "_Array | np.generic",
    *,
    options: PrintOptions,
    default_dtype: dtype,
    prefix: str = "tensor(",
    requires_grad: bool = False,
    grad_fn_name: str | None = None,
    tangent: str | None = None,
) -> str:
    """Write an array as PyTorch writes the tensor.

    `prefix` is `tensor(`, or the class name and a parenthesis for a subclass; `grad_fn_name`
    wins over `requires_grad`; `tangent` is `format(tangent)` of a dual tensor's tangent, which
    for a 0-d tensor is the bare number.

    >>> from autodiff.dtypes import float32
    >>> format_tensor(np.array([1.5, -2], np.float32), options=PrintOptions(),
    ...               default_dtype=float32, requires_grad=True)
    'tensor([ 1.5000, -2.0000], requires_grad=True)'
    """
    array = np.asarray(array)
    element_type = from_numpy_dtype(array.dtype)
    indent = len(prefix)
    suffixes = []
    if array.size == 0:
        body = "[]"
        # The shape is shown where '[]' does not tell it, and the type even where it is int64
        # or bool, because no element gives it away.
        if array.ndim != 1:
            suffixes.append(f"size={array.shape}")
        if element_type is not default_dtype:
            suffixes.append(f"dtype={element_type}")
    else:
        body = _body(array, element_type, indent, options)
        if not options.edgeitems:
            suffixes.append(f"size={array.shape}")
        default_complex = complex128 if default_dtype is float64 else complex64
        if element_type not in (default_dtype, default_complex, int64, bool_):
            suffixes.append(f"dtype={element_type}")
    if grad_fn_name is not None:
        suffixes.append(f"grad_fn=<{grad_fn_name}>")
    elif requires_grad:
        suffixes.append("requires_grad=True")
    if tangent is not None:
        suffixes.append(f"tangent={tangent}")
    return _append_suffixes(prefix + body, suffixes, indent, options.linewidth)


def _append_suffixes(text: str, suffixes: Iterable[str], indent: int, linewidth: int) -> str:
    """Add each suffix to the last line if it fits there, or else on a line of its own."""
    # Counted as PyTorch counts it: two more than the characters after the last newline.
    used = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if used + len(suffix) + 2 > linewidth:
            text += ",\n" + " " * indent + suffix
            used = indent + len(suffix)
        else:
            text += ", " + suffix
            used += len(suffix) + 2
    return text + ")"


def _body(array: _Array, element_type: dtype, indent: int, options: PrintOptions) -> str:
    """Write the elements of an array that has at least one, with their brackets."""
    summarise = array.size > options.threshold
    edge = options.edgeitems
    if summarise and edge == 0 and array.ndim > 0:
        return "[...]"
    shortened = [False] * array.ndim
    if summarise:
        for axis, length in enumerate(array.shape):
            if length > 2 * edge:
                shortened[axis] = True
                front = (slice(None),) * axis
                head, tail = array[(*front, slice(edge))], array[(*front, slice(-edge, None))]
                array = np.concatenate((head, tail), axis)
    if element_type.name == "bfloat16":
        # ml_dtypes' arrays list their own scalars; float32 holds every bfloat16 exactly.  The
        # conversion of a signalling NaN raises a floating-point flag, which is no news here.
        with np.errstate(all="ignore"):
            array = array.astype(np.float32)
    if element_type.is_complex:
        real = _Column(_flat(array.real), True, options)
        imag = _Column(_flat(array.imag), True, options)
        texts = [_join_parts(a, b.lstrip()) for a, b in zip(real.texts, imag.texts, strict=True)]
        width = real.width + imag.width + 1  # 1 for the j
    else:
        column = _Column(_flat(array), element_type.is_floating_point, options)
        texts, width = column.texts, column.width
    if array.ndim == 0:
        return texts[0]
    per_line = max(1, math.floor((options.linewidth - indent - array.ndim + 1) / (width + 2)))
    return _nest(texts, array.shape, shortened, edge, indent, per_line)


def _flat(array: _Array) -> list[Any]:
    """List all elements in order as Python numbers."""
    listed: list[Any] = array.reshape(-1).tolist()
    return listed


def _join_parts(real: str, imag: str) -> str:
    """Join the texts of the two parts of a complex number."""
    return f"{real}{imag}j" if imag[0] == "-" else f"{real}+{imag}j"


def _nest(
    texts: Sequence[str],
    shape: tuple[int, ...],
    shortened: Sequence[bool],
    edge: int,
    indent: int,
    per_line: int,
) -> str:
    """Lay out texts of the given shape in brackets; `shortened` dimensions get their dots."""
    if len(shape) == 1:
        row = list(texts)
        if shortened[0]:
            row.insert(edge, " ...")
        lines = [", ".join(row[i : i + per_line]) for i in range(0, len(row), per_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
    step = len(texts) // shape[0]
    blocks = [
        _nest(texts[i : i + step], shape[1:], shortened[1:], edge, indent + 1, per_line)
        for i in range(0, len(texts), step)
    ]
    if shortened[0]:
        blocks.insert(edge, "...")
    return "[" + ("," + "\n" * (len(shape) - 1) + " " * (indent + 1)).join(blocks) + "]"


class _Column:
    """The texts of real numbers written in one common notation, and their common width.

    Only finite non-zero numbers decide the notation and the width; a nan, an infinity or a
    zero may therefore be wider than `width`.
    """

    __slots__ = ("texts", "width")

    texts: list[str]
    width: int

    def __init__(self, values: Sequence[Any], floating: bool, options: PrintOptions) -> None:
        if not floating:
            written = [str(value) for value in values]
            self.width = max(map(len, written))
        else:
            written = self._write_floats(values, options)
        self.texts = [text.rjust(self.width) for text in written]

    def _write_floats(self, values: Sequence[float], options: PrintOptions) -> list[str]:
        """Choose a notation, set `width` and write the numbers."""
        decisive = [value for value in values if value and math.isfinite(value)]
        whole = all(value.is_integer() for value in decisive)
        if not decisive:
            scientific = False  # even if asked for
        elif options.sci_mode is None:
            largest = max(map(abs, decisive))
            smallest = min(map(abs, decisive))
            scientific = largest / smallest > 1000.0 or largest > 1e8 or smallest < 1e-4
        else:
            scientific = options.sci_mode
        point = ""
        if scientific:
            spec = f".{options.precision}e"
        elif whole:
            spec, point = ".0f", "."
        else:
            spec = f".{options.precision}f"
        written = [
            format(value, spec) + (point if math.isfinite(value) else "") for value in values
        ]
        widths = [
            len(text)
            for value, text in zip(values, written, strict=True)
            if value and math.isfinite(value)
        ]
        self.width = max(widths, default=1)
        return written
