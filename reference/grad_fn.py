"""What recorded tensors show of their history: `grad_fn` and `next_functions`.

These objects carry PyTorch's names and links, and the hooks that users register. What a gradient
is, only the graph of nodes says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from reference.graph import Node

__all__ = ["AccumulateGrad", "GradFn", "Hook", "RemovableHandle", "gradient_name", "node_class"]

Hook = Callable[[Node], Node | None]


class GradFn:
    """One recorded result; `node` is its value in the graph.

    hooks: called with the cotangent that arrives here; one that gives a node replaces it.
    """

    def __init__(
        self, next_functions: Sequence[tuple[GradFn | None, int]], node: Node | None
    ) -> None:
        self.next_functions = tuple(next_functions)
        self.node = node
        self.hooks: list[Hook] = []
        self.metadata: dict[str, Any] = {}

    def name(self) -> str:
        """The class's name."""
        return type(self).__name__

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object at {id(self):#x}>"


class RemovableHandle:
    """Takes a hook away again, by `remove()` or at the end of a `with` block."""

    def __init__(self, hooks: list[Any], hook: Any) -> None:
        self._hooks = hooks
        self._hook = hook

    def remove(self) -> None:
        """Take the hook away; a second time does nothing."""
        if self._hook in self._hooks:
            self._hooks.remove(self._hook)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


class AccumulateGrad(GradFn):
    """The end of the history at a leaf: adds into `variable.grad`."""

    def __init__(self, variable: Any, node: Node) -> None:
        super().__init__((), node)
        self.variable = variable


@cache
def node_class(name: str) -> type[GradFn]:
    """The class of that name; made once."""
    return type(name, (GradFn,), {"__doc__": f"A result of the operation {name}."})


# Where PyTorch's name is not the operation's name in capitals with Backward0 (PyTorch 2.13).
_NAMES = {
    "rsub": "RsubBackward1",
    "clamp": "ClampBackward1",
    "norm": "LinalgVectorNormBackward0",
    "vector_norm": "LinalgVectorNormBackward0",
    "T": "PermuteBackward0",
    "mT": "TransposeBackward0",
    "t": "TBackward0",
    "reshape": "ViewBackward0",
    "flatten": "ViewBackward0",
    "view_as": "ViewBackward0",
    "to": "ToCopyBackward0",
    "chunk": "SplitBackward0",
    "outer": "MulBackward0",
    "einsum": "ViewBackward0",
    "cross_entropy": "NllLossBackward0",
    "setitem": "CopySlices",
    "index_put": "IndexPutBackward0",
    "solve": "LinalgSolveExBackward0",
    "inv": "LinalgInvExBackward0",
    "layer_norm": "NativeLayerNormBackward0",
    "expand_as": "ExpandBackward0",
    "pad": "ConstantPadNdBackward0",
    "diag": "DiagonalBackward0_copy",
    "binary_cross_entropy_with_logits": "BinaryCrossEntropyWithLogitsBackward0",
}
_ONE_WITH_AXES = frozenset({"sum", "mean", "prod", "squeeze"})
_ONE_WITHOUT_AXES = frozenset({"max", "min", "median"})


def gradient_name(operation: str, args: Sequence[Any], kwargs: dict[str, Any]) -> str:
    """PyTorch's name of the recorded operation; args hold nodes where tensors were given.

    >>> gradient_name("sum", (None,), {}), gradient_name("sum", (None, 0), {})
    ('SumBackward0', 'SumBackward1')
    """
    axes = len(args) > 1 or any(key in kwargs for key in ("dim", "axis"))
    if operation in _ONE_WITH_AXES:
        return _capitals(operation) + ("Backward1" if axes else "Backward0")
    if operation in _ONE_WITHOUT_AXES:
        return _capitals(operation) + ("Backward0" if axes else "Backward1")
    if operation == "pow":
        base, exponent = (isinstance(value, Node) for value in (*args, *kwargs.values()))
        return "PowBackward" + ("1" if base and exponent else "0" if base else "2")
    if operation == "matmul":
        return _product_name(tuple(value.ndim for value in args))
    if operation == "linear":
        rank = args[0].ndim
        bias = len(args) > 2 or kwargs.get("bias") is not None
        return (
            "AddmmBackward0"
            if bias and rank == 2
            else "MmBackward0"
            if rank == 2
            else ("ViewBackward0")
        )
    if operation == "getitem":
        return _index_name(args[1])
    if operation in _NAMES:
        return _NAMES[operation]
    return _capitals(operation) + "Backward0"


def _capitals(operation: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in operation.split("_"))


def _product_name(ranks: tuple[int, ...]) -> str:
    names: dict[tuple[int, ...], str] = {(2, 2): "Mm", (2, 1): "Mv", (1, 1): "Dot"}
    if ranks == (1, 2):
        return "SqueezeBackward4"
    return names.get(ranks, "UnsafeView") + "Backward0"


def _index_name(key: Any) -> str:
    parts = key if isinstance(key, tuple) else (key,)
    if any(isinstance(part, (Node, list)) or hasattr(part, "dtype") for part in parts):
        return "IndexBackward0"
    last = [part for part in parts if part is not Ellipsis][-1:] or [slice(None)]
    if last[0] is None:
        return "UnsqueezeBackward0"
    return "SelectBackward0" if isinstance(last[0], int) else "SliceBackward0"
