"""What operations on tensors give: pairs with names, and the formats of results."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from reference.dtypes import DType, as_dtype, bool_, default, int32, int64

__all__ = ["ValuesIndices", "pair_class", "result_dtype"]


class ValuesIndices(NamedTuple):
    """What `max`, `sort` and others along an axis give."""

    values: Any
    indices: Any

    def __repr__(self) -> str:
        name = type(self).__name__
        return f"torch.return_types.{name}(\nvalues={self.values!r},\nindices={self.indices!r})"


@cache
def pair_class(name: str) -> type[ValuesIndices]:
    """PyTorch names the pair after the operation."""
    return type(name, (ValuesIndices,), {"__slots__": (), "__doc__": ValuesIndices.__doc__})


def result_dtype(kind: str, promoted: DType, kwargs: dict[str, Any]) -> DType:
    """The format of a result; kind: as a definition's `results` say."""
    if kwargs.get("dtype") is not None:
        return as_dtype(kwargs["dtype"])
    if kind == "index":
        return int64
    if kind == "index32":
        return int32
    if kind == "truth":
        return bool_
    if promoted.is_floating_point or kind == "value":
        return promoted
    return int64 if kind == "total" else default
