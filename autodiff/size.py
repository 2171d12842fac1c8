"""`Size`, the shape of a tensor, and `device`, the place it lives in."""

import math
import operator
from collections.abc import Iterable
from typing import Any, NoReturn, SupportsIndex, final, overload

__all__ = [
    "Size",
    "channels_last",
    "channels_last_3d",
    "contiguous_format",
    "device",
    "layout",
    "memory_format",
    "on_cpu",
    "preserve_format",
    "strided",
]


@final
class Size(tuple[int, ...]):
    """A tuple of lengths that prints as `torch.Size`; slices, sums and multiples are Sizes.

    >>> Size([2, 3]) + (4,)
    torch.Size([2, 3, 4])
    >>> Size([2, 3])[1:].numel()
    3
    """

    __slots__ = ()
    __module__ = "autodiff"  # where it is found, and is shown to be

    def __new__(cls, sizes: Iterable[SupportsIndex] = (), /) -> "Size":
        made = tuple.__new__(cls, sizes)
        for length in made:
            if type(length) is not int:
                return tuple.__new__(cls, _as_ints(made))
        return made

    def __repr__(self) -> str:
        return f"torch.Size({list(self)})"

    @overload
    def __getitem__(self, index: SupportsIndex, /) -> int: ...
    @overload
    def __getitem__(self, index: slice, /) -> "Size": ...
    def __getitem__(self, index: SupportsIndex | slice, /) -> "int | Size":
        if isinstance(index, slice):
            return tuple.__new__(Size, tuple.__getitem__(self, index))
        return tuple.__getitem__(self, index)

    def __add__(self, other: object, /) -> "Size":
        if not isinstance(other, tuple):
            if hasattr(other, "__array__"):  # an array adds elementwise
                return NotImplemented
            raise TypeError(
                f"can only concatenate tuple (not {type(other).__name__}) to torch.Size"
            )
        return Size((*self, *other))

    def __radd__(self, other: object, /) -> "Size":
        if not isinstance(other, tuple):
            return NotImplemented
        return Size((*other, *self))

    def __mul__(self, count: SupportsIndex, /) -> "Size":
        try:
            repeats = operator.index(count)
        except TypeError:
            if hasattr(count, "__array__"):  # an array multiplies elementwise
                return NotImplemented
            raise TypeError(
                f"can't multiply sequence by non-int of type '{type(count).__name__}'"
            ) from None
        return tuple.__new__(Size, tuple.__mul__(self, repeats))

    def __rmul__(self, count: SupportsIndex, /) -> "Size":
        return self.__mul__(count)

    def numel(self) -> int:
        """Give the number of elements: the product of the lengths.

        >>> Size([2, 3]).numel(), Size([]).numel()
        (6, 1)
        """
        return math.prod(self)


def _as_ints(lengths: tuple[Any, ...]) -> list[int]:
    """Convert NumPy integers, bools and other index-like lengths to plain ints."""
    converted = []
    for position, length in enumerate(lengths):
        try:
            converted.append(operator.index(length) + 0)  # + 0 makes an int of a bool
        except TypeError:
            raise TypeError(
                "torch.Size() takes an iterable of 'int' "
                f"(item {position} is '{type(length).__name__}')"
            ) from None
    return converted


_DEVICE_TYPES = (
    "cpu, cuda, ipu, xpu, mkldnn, opengl, opencl, ideep, hip, ve, fpga, maia, xla, lazy, "
    "vulkan, mps, meta, hpu, mtia, privateuseone"
)
# PyTorch keeps the index in one signed byte and lets larger ones wrap; here they are refused.
_MAX_INDEX = 127


@final
class device:
    """A place for tensors, made from 'cpu', 'cuda:0', a type and an index, or a device.

    Any PyTorch device can be named, so that code and messages carry over; arrays live on 'cpu'.

    >>> device("cpu"), device("cuda:1"), str(device("cuda", 1))
    (device(type='cpu'), device(type='cuda', index=1), 'cuda:1')
    """

    __slots__ = ("index", "type")
    __module__ = "autodiff"

    index: int | None
    type: str

    def __init__(self, type: "str | device", index: int | None = None) -> None:
        if isinstance(type, device):
            if index is not None:
                raise TypeError(
                    "device(): argument 'type' (position 1) must be str, not torch.device"
                )
            name, number = type.type, type.index
        elif isinstance(type, str):
            name, number = _parse(type)
            if index is not None:
                number = _explicit_index(type, number, index)
        else:
            raise TypeError(
                "device(): argument 'type' (position 1) must be str or torch.device, "
                f"not {type.__class__.__name__}"
            )
        object.__setattr__(self, "type", name)
        object.__setattr__(self, "index", number)

    def __setattr__(self, attribute: str, value: object) -> NoReturn:
        raise AttributeError(f"attribute '{attribute}' of 'torch.device' objects is not writable")

    def __delattr__(self, attribute: str) -> NoReturn:
        self.__setattr__(attribute, None)

    def __reduce__(self) -> "tuple[Any, ...]":
        return (device, (self.type,) if self.index is None else (self.type, self.index))

    def __eq__(self, other: object) -> bool:
        # As in PyTorch 'cpu' and 'cpu:0' differ, and a device never equals a string.
        if not isinstance(other, device):
            return NotImplemented
        return self.type == other.type and self.index == other.index

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __repr__(self) -> str:
        if self.index is None:
            return f"device(type='{self.type}')"
        return f"device(type='{self.type}', index={self.index})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"


def on_cpu(place: "str | device | int | None") -> None:
    """Refuse any other place than the CPU, in PyTorch's words for a build without CUDA.

    >>> on_cpu("cpu")
    """
    if place is None or place == "cpu":
        return
    named = f"cuda:{place}" if isinstance(place, int) else place
    found = named if isinstance(named, device) else device(named)
    if found.type == "cuda":
        raise AssertionError("Torch not compiled with CUDA enabled")
    if found.type != "cpu":
        raise NotImplementedError(f"there is no device {found} here: leave tensors on the CPU")


def _parse(text: str) -> tuple[str, int | None]:
    """Split 'cuda:0' in a known device type and an index without leading zeros."""
    if not text:
        raise RuntimeError("Device string must not be empty")
    name, colon, digits = text.partition(":")
    if not (name.isascii() and name.replace("_", "").isalpha()):
        raise RuntimeError(f"Invalid device string: '{text}'")
    if colon and not (
        digits.isascii() and digits.isdigit() and (digits == "0" or digits[0] != "0")
    ):
        raise RuntimeError(f"Invalid device string: '{text}'")
    if name not in _DEVICE_TYPES.split(", "):
        raise RuntimeError(
            f"Expected one of {_DEVICE_TYPES} device type at start of device string: {name}"
        )
    if not colon:
        return name, None
    if len(digits) > 3 or int(digits) > _MAX_INDEX:
        raise RuntimeError(f"Could not parse device index '{digits}' in device string '{text}'")
    return name, int(digits)


def _explicit_index(text: str, parsed: int | None, index: int) -> int:
    """Check the index given beside a device type."""
    if parsed is not None:
        raise RuntimeError(
            f"type (string) must not include an index because index was passed explicitly: {text}"
        )
    if type(index) is not int:
        raise TypeError(
            f"device(): argument 'index' (position 2) must be int, not {type(index).__name__}"
        )
    if index < 0:
        raise RuntimeError("Device index must not be negative")
    if index > _MAX_INDEX:
        raise RuntimeError(f"Device index must be at most {_MAX_INDEX}; got {index}")
    return index


class layout:
    """How elements lie in memory: `strided`, the only one here."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"torch.{self._name}"

    def __reduce__(self) -> str:
        return self._name


class memory_format(layout):
    """An order of dimensions in memory, as PyTorch's functions take it."""

    __slots__ = ()


strided = layout("strided")
contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last")
channels_last_3d = memory_format("channels_last_3d")
