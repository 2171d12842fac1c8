"""Named results such as `torch.return_types.max(values=…, indices=…)`."""

from __future__ import annotations

from typing import Any

__all__ = ["return_type"]


class _Named(tuple[Any, ...]):
    """A tuple whose parts have names and which prints as PyTorch's does."""

    __slots__ = ()
    _fields: tuple[str, ...] = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[self._fields.index(name)]
        except ValueError:
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}"
            ) from None

    def __repr__(self) -> str:
        parts = ",\n".join(f"{n}={v!r}" for n, v in zip(self._fields, self, strict=True))
        return f"torch.return_types.{type(self).__name__}(\n{parts})"


def return_type(name: str, *fields: str) -> type[_Named]:
    """A type of named results.

    >>> pair = return_type("max", "values", "indices")((1, 2))
    >>> pair.indices
    2
    """
    return type(name, (_Named,), {"_fields": fields, "__slots__": (), "__module__": __name__})
