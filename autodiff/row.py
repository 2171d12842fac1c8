"""What a row consists of; what can be done with it is in `primitive.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["Row"]


class Row:
    """The contents of a row, as the files see it that record it and run its rules."""

    __slots__ = (
        "broadcasts",
        "codes",
        "elementwise",
        "holomorphic",
        "indexed",
        "inputs",
        "kernel",
        "kernel_takes_xp",
        "linear",
        "name",
        "node",
        "numpy_kernel",
        "outputs",
        "parameters",
        "plans",
        "promotion",
        "rules",
        "shown",
        "single",
        "straight",
        "variadic",
        "view",
    )

    name: str
    inputs: tuple[str, ...]
    kernel: Callable[..., Any]
    kernel_takes_xp: bool
    numpy_kernel: Callable[..., Any]
    parameters: tuple[str, ...]  # keyword parameters of the kernel
    rules: tuple[Callable[..., Any] | None, ...]
    codes: tuple[tuple[tuple[int, Any], ...], ...]  # what each parameter of each rule stands for
    plans: dict[int, Any]  # by the inputs that need a gradient
    node: str  # the name of its nodes
    shown: dict[type[Any], type[Any]]  # classes of the nodes that somebody has looked at
    indexed: bool  # index arrays or masks may be among its parameters
    straight: Callable[..., Any]  # the row as a function, for the frequent case
    promotion: str | None
    broadcasts: bool
    elementwise: bool
    holomorphic: bool
    linear: bool
    view: bool
    variadic: bool
    outputs: Sequence[str] | int
    single: Callable[[dict[str, Any], int], Any] | None

    def node_members(self) -> dict[str, Any]:
        """What the classes of nodes have that users see; `Primitive` knows."""
        raise NotImplementedError

    def __call__(self, *inputs: Any, **params: Any) -> Any:
        """Apply the row; `Primitive` does."""
        raise NotImplementedError
