"""Element types: the `dtype` objects, type promotion, `finfo` and `iinfo`.

Names, printed forms, promotion and error words are PyTorch's.  The aliases `bool`, `int` and
`float` are part of that vocabulary and shadow the builtins in this module, so the code below
says `builtins.bool`, `builtins.int` and `builtins.float` when it means those.

Two differences from PyTorch: `complex32` and the 8-bit floats do not exist because NumPy lacks
them, so the complex partner of `float16` is `complex64`; and `bfloat16` needs the optional
package `ml_dtypes`, which is imported when an array of that type is first made.
"""

import builtins
import importlib
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeAlias, final

import numpy as np

__all__ = [
    "DTYPES",
    "Kind",
    "as_dtype",
    "bfloat16",
    "bool",
    "can_cast",
    "cdouble",
    "cfloat",
    "complex64",
    "complex128",
    "double",
    "dtype",
    "finfo",
    "float",
    "float16",
    "float32",
    "float64",
    "from_numpy_dtype",
    "half",
    "iinfo",
    "int",
    "int8",
    "int16",
    "int32",
    "int64",
    "long",
    "promote_types",
    "result_type",
    "short",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]

Kind: TypeAlias = Literal["dim", "zero", "wrapped"]
"""What an operand of `result_type` is: a tensor with dimensions, a 0-d tensor, a number."""


class _Immutable:
    """Base of records whose attributes are fixed when they are made."""

    __slots__ = ()

    def __setattr__(self, attribute: str, value: object) -> NoReturn:
        kind = f"torch.{type(self).__name__}"
        if not hasattr(type(self), attribute):
            raise AttributeError(f"'{kind}' object has no attribute '{attribute}'")
        raise AttributeError(f"attribute '{attribute}' of '{kind}' objects is not writable")

    def __delattr__(self, attribute: str) -> NoReturn:
        self.__setattr__(attribute, None)


@final
class dtype(_Immutable):
    """The type of a tensor's elements; there is one object per type, so compare with `is`.

    `numpy` is the corresponding `numpy.dtype`; `title` is the name PyTorch's messages use.

    >>> float32, float32.itemsize, float32.numpy, float32.title
    (torch.float32, 4, dtype('float32'), 'Float')
    >>> float64.to_complex()
    torch.complex128
    """

    __slots__ = (
        "is_complex",
        "is_floating_point",
        "is_signed",
        "itemsize",
        "name",
        "numpy",
        "title",
    )
    __module__ = "autodiff"  # where it is found, and is shown to be

    name: str
    title: str
    itemsize: builtins.int
    is_floating_point: builtins.bool
    is_complex: builtins.bool
    is_signed: builtins.bool
    numpy: np.dtype[Any]

    def __new__(cls, *args: object, **kwargs: object) -> "dtype":
        raise TypeError("cannot create 'torch.dtype' instances")

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        # pickle and copy take a plain string as the name of a global of this module, which
        # keeps the one object per type.
        return self.name

    if not TYPE_CHECKING:

        def __getattr__(self, attribute: str) -> np.dtype[Any]:
            # Python calls this only for a slot that is not filled, that is for
            # `bfloat16.numpy` before ml_dtypes is imported; other lookups pay nothing.
            if attribute != "numpy":
                raise AttributeError(f"'torch.dtype' object has no attribute '{attribute}'")
            return _load_bfloat16()

    def to_complex(self) -> "dtype":
        """Give the complex type with parts of this type (`complex64` for `float16`).

        >>> float32.to_complex()
        torch.complex64
        """
        if self.is_complex:
            return self
        if not self.is_floating_point:
            raise RuntimeError(f"Unknown Complex ScalarType for {self.title}")
        return complex128 if self is float64 else complex64

    def to_real(self) -> "dtype":
        """Give the type of the real part; real types are their own.

        >>> complex128.to_real(), int64.to_real()
        (torch.float64, torch.int64)
        """
        if self is complex64:
            return float32
        return float64 if self is complex128 else self


_FROM_NUMPY: dict[np.dtype[Any], dtype] = {}


def _make(name: str, title: str, kind: str, itemsize: builtins.int) -> dtype:
    """Make the dtype `name` of NumPy's `kind`, one of the letters 'biufc'."""
    made = object.__new__(dtype)
    record: dict[str, object] = {
        "name": name,
        "title": title,
        "itemsize": itemsize,
        "is_floating_point": kind == "f",
        "is_complex": kind == "c",
        "is_signed": kind in "ifc",
    }
    if name != "bfloat16":
        record["numpy"] = np.dtype(name)
        _FROM_NUMPY[np.dtype(name)] = made
    for attribute, value in record.items():
        object.__setattr__(made, attribute, value)
    return made


def _load_bfloat16() -> np.dtype[Any]:
    try:
        ml_dtypes = importlib.import_module("ml_dtypes")
    except ImportError as error:
        raise ImportError(
            "torch.bfloat16 needs the package ml_dtypes, which cannot be imported. "
            "Install it with: pip install 'autodiff[bfloat16]'"
        ) from error
    loaded: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
    object.__setattr__(bfloat16, "numpy", loaded)
    _FROM_NUMPY[loaded] = bfloat16
    return loaded


float16 = half = _make("float16", "Half", "f", 2)
bfloat16 = _make("bfloat16", "BFloat16", "f", 2)
float32 = float = _make("float32", "Float", "f", 4)
float64 = double = _make("float64", "Double", "f", 8)
complex64 = cfloat = _make("complex64", "ComplexFloat", "c", 8)
complex128 = cdouble = _make("complex128", "ComplexDouble", "c", 16)
int8 = _make("int8", "Char", "i", 1)
int16 = short = _make("int16", "Short", "i", 2)
int32 = int = _make("int32", "Int", "i", 4)
int64 = long = _make("int64", "Long", "i", 8)
uint8 = _make("uint8", "Byte", "u", 1)
uint16 = _make("uint16", "UInt16", "u", 2)
uint32 = _make("uint32", "UInt32", "u", 4)
uint64 = _make("uint64", "UInt64", "u", 8)
bool = _make("bool", "Bool", "b", 1)


# Conversion --------------------------------------------------------------------------------


def from_numpy_dtype(numpy_dtype: np.dtype[Any]) -> dtype:
    """Give the dtype of an array's `array.dtype`.

    >>> from_numpy_dtype(np.dtype("int64"))
    torch.int64
    """
    try:
        return _FROM_NUMPY[numpy_dtype]
    except KeyError:
        pass
    if numpy_dtype.name == "bfloat16" and numpy_dtype == _load_bfloat16():
        return bfloat16
    if numpy_dtype.newbyteorder("=") in _FROM_NUMPY:
        raise ValueError(
            "given numpy array has byte order different from the native byte order. "
            "Conversion between byte orders is currently not supported."
        )
    raise TypeError(
        f"can't convert np.ndarray of type numpy.{numpy_dtype.type.__name__}. The only "
        "supported types are: float64, float32, float16, complex64, complex128, int64, int32, "
        "int16, int8, uint64, uint32, uint16, uint8, and bool."
    )


_FROM_PYTHON: dict[object, dtype] = {
    builtins.bool: bool,
    builtins.int: int64,
    builtins.float: float64,
    complex: complex128,
}


def as_dtype(value: object, function: str | None = None) -> dtype:
    """Read a dtype argument: a dtype, a Python number type or, beyond PyTorch, a NumPy type.

    As in PyTorch, `float` means `float64` and `complex` means `complex128`, whatever the
    default dtype is.  `function` is the name put before the error message.

    >>> as_dtype(float32), as_dtype(builtins.float), as_dtype(np.dtype("int8"))
    (torch.float32, torch.float64, torch.int8)
    """
    if isinstance(value, dtype):
        return value
    if isinstance(value, np.dtype):
        return from_numpy_dtype(value)
    if isinstance(value, type):
        if value in _FROM_PYTHON:
            return _FROM_PYTHON[value]
        if issubclass(value, np.generic):
            return from_numpy_dtype(np.dtype(value))
    where = f"{function}(): " if function else ""
    raise TypeError(f"{where}argument 'dtype' must be torch.dtype, not {type(value).__name__}")


# Promotion ---------------------------------------------------------------------------------

# PyTorch joins these with floats alone ("barebones unsigned types").
_WIDE_UNSIGNED = (uint16, uint32, uint64)


def _join(a: dtype, b: dtype) -> dtype | None:
    """Find the least upper bound of two types, or None where PyTorch defines none."""
    if a is b:
        return a
    if a.is_complex or b.is_complex:
        if a in _WIDE_UNSIGNED or b in _WIDE_UNSIGNED:
            return None
        return complex128 if {a, b} & {complex128, float64} else complex64
    if a.is_floating_point and b.is_floating_point:
        if a.itemsize == b.itemsize:  # float16 and bfloat16: neither holds the other
            return float32
        return a if a.itemsize > b.itemsize else b
    if a.is_floating_point or b.is_floating_point:
        return a if a.is_floating_point else b
    if a in _WIDE_UNSIGNED or b in _WIDE_UNSIGNED:
        return None
    if a is bool or b is bool:
        return b if a is bool else a
    if a.itemsize == b.itemsize:  # uint8 and int8: neither holds the other
        return int16
    return a if a.itemsize > b.itemsize else b


DTYPES = (*_FROM_NUMPY.values(), bfloat16)


class _Rows(dict[dtype, dict[dtype, dtype]]):
    """What each type has in common with the others, computed when it is first asked for.

    Rows of rows, because making a tuple key costs more than the second access.
    """

    def __missing__(self, a: dtype) -> dict[dtype, dtype]:
        if not isinstance(a, dtype):
            raise KeyError(a)
        row = self[a] = {b: joined for b in DTYPES if (joined := _join(a, b)) is not None}
        return row


_PROMOTED = _Rows()


def promote_types(a: dtype, b: dtype) -> dtype:
    """Give the smallest type that both types convert to without leaving their category.

    >>> promote_types(uint8, int8), promote_types(float16, bfloat16), promote_types(int64, half)
    (torch.int16, torch.float32, torch.float16)
    """
    try:
        return _PROMOTED[a][b]
    except KeyError:
        pass
    for position, operand in enumerate((a, b), start=1):
        if not isinstance(operand, dtype):
            raise TypeError(
                f"promote_types(): argument 'type{position}' (position {position}) must be "
                f"torch.dtype, not {type(operand).__name__}"
            )
    raise RuntimeError(
        "Promotion for uint16, uint32, uint64 types is not supported, attempted to promote "
        f"{a.title} and {b.title}"
    )


def _combine(higher: dtype | None, lower: dtype | None) -> dtype | None:
    """Join two priority classes: `lower` matters only where it is of a higher category."""
    if higher is None or lower is None:
        return higher or lower
    if higher.is_complex:
        return higher
    if higher.is_floating_point:
        return higher.to_complex() if lower.is_complex else higher
    if lower.is_floating_point or lower.is_complex:
        return lower
    return promote_types(bool, lower) if higher is bool else higher


_Operands: TypeAlias = tuple[tuple[dtype, Kind], ...]
_RESULTS: dict[tuple[_Operands, dtype], dtype] = {}


def result_type(operands: _Operands, default: dtype) -> dtype:
    """Give the type of an operation's result from its operands' types and kinds.

    Tensors with dimensions decide first, then 0-d tensors, then Python numbers; a later class
    changes the result only if its category is higher (bool < int < float < complex).  A Python
    float counts as the default dtype `default`, a Python complex as its complex partner.

    >>> result_type(((float32, "dim"), (float64, "zero")), float32)
    torch.float32
    >>> result_type(((int64, "dim"), (float64, "wrapped")), float32)
    torch.float32
    """
    try:
        return _RESULTS[operands, default]
    except KeyError:
        pass
    found: dict[Kind, dtype | None] = {"dim": None, "zero": None, "wrapped": None}
    for given, kind in operands:
        current = given
        if kind == "wrapped" and given.is_complex:
            current = default.to_complex()
        elif kind == "wrapped" and given.is_floating_point:
            current = default
        before = found[kind]
        found[kind] = current if before is None else promote_types(before, current)
    result = _combine(found["dim"], _combine(found["zero"], found["wrapped"]))
    if result is None:
        raise ValueError("result_type needs at least one operand; got none")
    if len(operands) <= 2:  # longer lists are rare, and would let the cache grow without bound
        _RESULTS[operands, default] = result
    return result


def can_cast(from_: dtype, to: dtype) -> builtins.bool:
    """Say whether a result of type `from_` may be stored in `to`: categories must not fall.

    >>> can_cast(float64, float32), can_cast(float32, int64)
    (True, False)
    """
    if from_.is_complex:
        return to.is_complex
    if from_.is_floating_point:
        return to.is_floating_point or to.is_complex
    return from_ is bool or to is not bool


# Limits ------------------------------------------------------------------------------------

# Stored bits of the significand and the largest exponent (IEEE 754, 3.6; bfloat16 has
# float32's exponent).  Not from numpy.finfo, which knows no bfloat16 and is slow to set up.
_FLOAT_SHAPES = {float16: (10, 15), bfloat16: (7, 127), float32: (23, 127), float64: (52, 1023)}


_DType: TypeAlias = dtype  # for the two classes below, in which `dtype` is an attribute


def _check_info_argument(name: str, value: object) -> dtype:
    if not isinstance(value, dtype):
        raise TypeError(
            f"{name}(): argument 'type' (position 1) must be torch.dtype, "
            f"not {type(value).__name__}"
        )
    return value


@final
class finfo(_Immutable):
    """Numerical limits of a floating-point type; a complex type gives those of its parts.

    Without a type it describes `default`.  `dtype` is a name, as in PyTorch.

    >>> finfo(float32).eps
    1.1920928955078125e-07
    >>> finfo(float16)
    finfo(resolution=0.001, min=-65504, max=65504, eps=0.000976562, smallest_normal=6.10352e-05, \
tiny=6.10352e-05, dtype=float16)
    """

    __slots__ = ("bits", "dtype", "eps", "max", "min", "resolution", "smallest_normal", "tiny")

    bits: builtins.int
    dtype: str
    eps: builtins.float
    max: builtins.float
    min: builtins.float
    resolution: builtins.float
    smallest_normal: builtins.float
    tiny: builtins.float

    def __init__(self, type_: _DType | None = None, /, *, default: _DType = float32) -> None:
        real = _check_info_argument("finfo", default if type_ is None else type_).to_real()
        if not real.is_floating_point:
            raise TypeError(
                "torch.finfo() requires a floating point input type. "
                "Use torch.iinfo to handle 'torch.finfo'"
            )
        digits, exponent = _FLOAT_SHAPES[real]
        eps = 2.0**-digits
        largest = (2.0 - eps) * 2.0**exponent
        tiny = 2.0 ** (1 - exponent)
        # The decimal digits that survive a round trip are floor(digits * log10(2)).
        resolution = builtins.float(f"1e-{builtins.int(digits * 0.30103)}")
        put = object.__setattr__
        put(self, "bits", 8 * real.itemsize)
        put(self, "dtype", real.name)
        put(self, "eps", eps)
        put(self, "max", largest)
        put(self, "min", -largest)
        put(self, "resolution", resolution)
        put(self, "smallest_normal", tiny)
        put(self, "tiny", tiny)

    def __eq__(self, other: object) -> builtins.bool:
        return isinstance(other, finfo) and self.dtype == other.dtype

    def __hash__(self) -> builtins.int:
        return hash(("finfo", self.dtype))

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, "
            f"eps={self.eps:g}, smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, "
            f"dtype={self.dtype})"
        )


@final
class iinfo(_Immutable):
    """Numerical limits of an integer type.

    >>> iinfo(int8)
    iinfo(min=-128, max=127, dtype=int8)
    """

    __slots__ = ("bits", "dtype", "max", "min")

    bits: builtins.int
    dtype: str
    max: builtins.int
    min: builtins.int

    def __init__(self, type_: _DType, /) -> None:
        checked = _check_info_argument("iinfo", type_)
        if checked.is_floating_point or checked.is_complex:
            raise TypeError(
                "torch.iinfo() requires an integer input type. "
                "Use torch.finfo to handle 'torch.iinfo'"
            )
        if checked is bool:
            raise TypeError("torch.bool is not supported by torch.iinfo")
        bits = 8 * checked.itemsize
        put = object.__setattr__
        put(self, "bits", bits)
        put(self, "dtype", checked.name)
        put(self, "max", (1 << (bits - checked.is_signed)) - 1)
        put(self, "min", -(1 << (bits - 1)) if checked.is_signed else 0)

    def __eq__(self, other: object) -> builtins.bool:
        return isinstance(other, iinfo) and self.dtype == other.dtype

    def __hash__(self) -> builtins.int:
        return hash(("iinfo", self.dtype))

    def __repr__(self) -> str:
        # PyTorch prints the limits through a C++ stream, which shortens them to six digits.
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
