"""An exported ATen graph on the oracle's tensors, where `__torch_function__` cannot see through.

`make_fx` records which ATen operations a function calls on real tensors (inside of custom
`autograd.Function`s, too); the record is then run on the oracle's. Operations that only move
elements are asked of ATen itself, on an array of positions; all others are definitions.
"""

from __future__ import annotations

import importlib
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from reference.build import take
from reference.definitions import MissingDefinition
from reference.tensor import Tensor, apply, from_node
from reference.trace.torch_aten import bound

__all__ = ["run_exported"]

# operations that read elements of their first argument, and compute nothing
_MOVES = frozenset({
    "_reshape_alias", "_unsafe_view", "alias", "as_strided", "broadcast_to", "chunk", "diagonal",
    "expand", "expand_as", "flatten", "flip", "gather", "index", "index_select", "mT", "movedim",
    "narrow", "numpy_T", "permute", "ravel", "repeat", "repeat_interleave", "reshape", "roll",
    "rot90", "select", "slice", "split", "split_with_sizes", "squeeze", "swapaxes", "t", "take",
    "take_along_dim", "tensor_split", "tile", "transpose", "unbind", "unflatten", "unfold",
    "unsafe_chunk", "unsafe_split", "unsqueeze", "view", "view_as",
})  # fmt: skip
# what is made in the shape of the first argument, whatever it holds
_LIKE = frozenset({
    "empty_like", "full_like", "new_empty", "new_full", "new_ones", "new_zeros", "ones_like",
    "scalar_tensor", "sym_size", "zeros_like",
})  # fmt: skip
_RANDOM = frozenset({
    "bernoulli", "bernoulli_", "cauchy_", "exponential_", "geometric_", "log_normal_",
    "multinomial", "native_dropout", "normal", "normal_", "poisson", "rand", "rand_like",
    "randint", "randint_like", "randn", "randn_like", "randperm", "random_", "uniform_",
})  # fmt: skip
_SAME = frozenset({
    "_to_copy", "clone", "contiguous", "lift_fresh", "lift_fresh_copy", "to", "type_as",
})  # fmt: skip
_NAMES = {
    "_softmax": "softmax",
    "_log_softmax": "log_softmax",
    "clamp_min": "clamp",
    "_batch_norm_impl_index": "native_batch_norm",
    "_native_batch_norm_legit": "native_batch_norm",
    "cross": "torch_cross",
    "svd": "torch_svd",
    "vander": "torch_vander",
    "__and__": "logical_and",
    "__or__": "logical_or",
    "bitwise_and": "logical_and",
    "bitwise_or": "logical_or",
    "bitwise_not": "logical_not",
}
_DROPPED = frozenset({"device", "layout", "pin_memory", "memory_format", "non_blocking"})


def run_exported(
    torch: Any, f: Callable[..., Any], tensors: Sequence[Any], arrays: Sequence[Any]
) -> Any:
    """What f gives on the oracle's tensors, by the operations that it calls on `arrays`.

    torch: the module. tensors: the oracle's tensors, or the argument itself where it is none.

    Raises MissingDefinition for an operation that has none.
    """
    proxy = importlib.import_module("torch.fx.experimental.proxy_tensor")
    places = [n for n, value in enumerate(tensors) if isinstance(value, Tensor)]

    def of_tensors(*chosen: Any) -> Any:
        given = list(arrays)
        for place, value in zip(places, chosen, strict=True):
            given[place] = value
        return f(*given)

    tables: tuple[dict[str, Any], ...] = (
        {"pre_dispatch": True},
        {},
        {
            "decomposition_table": importlib.import_module(
                "torch._decomp"
            ).core_aten_decompositions()
        },
    )
    watcher = _watcher(torch)
    reasons: list[Exception] = []
    deaf: list[Any] = []  # records that do not depend on every argument
    for options in tables:  # from PyTorch's own operations down to a small set of them
        samples = [arrays[place].detach().clone().requires_grad_(True) for place in places]
        try:
            with watcher() as watched:
                graph = proxy.make_fx(of_tensors, **options)(*samples)
            run = _Run(torch, graph, watched.detaches)
            if any(node.op == "placeholder" and not node.users for node in graph.graph.nodes):
                deaf.append(run)  # `torch.func.grad` hides them from some records
                continue
            return run.result(iter([tensors[place] for place in places]))
        except Exception as error:  # noqa: BLE001  # the next record may do
            reasons.append(error)
    if deaf:
        return deaf[-1].result(iter([tensors[place] for place in places]))
    missing = [error for error in reasons if isinstance(error, MissingDefinition)]
    raise (missing or reasons)[0]


def _watcher(torch: Any) -> Any:
    """A mode that notices whether the function itself calls `detach`.

    The record has `detach` also where PyTorch's own machinery (`torch.func`, backward passes)
    puts it, and there it cuts nothing off.
    """

    class Watcher(torch.overrides.TorchFunctionMode):  # type: ignore[misc]
        detaches = False

        def __torch_function__(
            self, function: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            name = str(getattr(function, "__name__", ""))
            self.detaches = self.detaches or name in ("detach", "detach_")
            return function(*args, **(kwargs or {}))

    return Watcher


class _Run:
    """One walk through a recorded graph.

    detaches: whether `detach` in the record is the function's own.
    """

    def __init__(self, torch: Any, graph: Any, detaches: bool = True) -> None:
        self.detaches = detaches
        self.torch = torch
        self.graph = graph
        self.values: dict[Any, Any] = {}

    def result(self, arguments: Any) -> Any:
        for node in self.graph.graph.nodes:
            if node.op == "placeholder":
                self.values[node] = next(arguments)
            elif node.op == "get_attr":
                self.values[node] = operator.attrgetter(node.target)(self.graph)
            elif node.op == "call_function":
                args, kwargs = self.filled(node.args), self.filled(node.kwargs)
                used = bool(node.users) or str(node.target).partition(".")[2]
                self.values[node] = self.call(node.target, args, kwargs) if used else None
            elif node.op == "output":
                return self.filled(node.args[0])
        raise MissingDefinition("the exported graph has no output")

    def filled(self, value: Any) -> Any:
        """The argument with the values of nodes in their places."""
        if isinstance(value, (tuple, list)):
            return [self.filled(part) for part in value]
        if isinstance(value, dict):
            return {key: self.filled(part) for key, part in value.items()}
        try:
            return self.values.get(value, value)
        except TypeError:  # a slice before Python 3.12
            return value

    def call(self, target: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if target is operator.getitem:
            source, place = args
            return source[place] if isinstance(source, (tuple, list)) else source
        name = str(getattr(target, "_opname", None) or getattr(target, "__name__", target))
        if name in _RANDOM:
            raise NotImplementedError(
                f"{name} draws random numbers, so the function has no one value: draw them "
                "beforehand and give them as an argument, or switch to evaluation"
            )
        if not _has_tensor([*args, *kwargs.values()]):
            return target(*args, **kwargs)
        if name in _LIKE:
            return target(*self.real(args), **kwargs)
        if name in _SAME:
            return apply("clone", args[0])
        if name == "detach":
            return args[0].detach() if self.detaches else args[0]
        if name.removesuffix("_copy") in _MOVES and not _has_tensor([*args[1:], *kwargs.values()]):
            return self.moved(target, args, kwargs)
        named = {key: value for key, value in kwargs.items() if key not in _DROPPED}
        return self.defined(target, name, args, named)

    def defined(self, target: Any, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if name in ("_softmax", "_log_softmax"):
            return apply(_NAMES[name], args[0], args[1])
        if name == "clamp_max":
            return apply("clamp", args[0], None, args[1])
        if name == "linear" or not name.endswith("_") or name.startswith("__"):
            own = _NAMES.get(name, name)
            given, named = bound(target, own, args, kwargs)
            return apply(own, *given, **named)
        if name == "copy_":
            return args[0].copy_(args[1])
        return args[0].replace(name[:-1], *args[1:], **kwargs)

    def moved(self, target: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """The same elements, where ATen puts them in an array of positions."""
        source = args[0]
        if source.dtype.is_complex:
            return self.moved_parts(target, args, kwargs)
        total = int(np.prod(source.shape, dtype=np.intp))
        places = self.torch.arange(total).reshape(tuple(source.shape))
        result = target(places, *args[1:], **kwargs)
        if isinstance(result, (tuple, list)):
            return [self.taken(source, part) for part in result]
        return self.taken(source, result)

    def moved_parts(self, target: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """The same with complex numbers: both parts go to the same places."""
        halves = [
            self.moved(target, [part, *args[1:]], kwargs) for part in (args[0].real, args[0].imag)
        ]
        if isinstance(halves[0], list):
            return [apply("complex", *pair) for pair in zip(*halves, strict=True)]
        return apply("complex", *halves)

    @staticmethod
    def taken(source: Tensor, places: Any) -> Tensor:
        return from_node(take(source.node, places.numpy()), source.dtype)

    def real(self, args: list[Any]) -> list[Any]:
        """Real tensors of the same shapes, for what does not depend on what they hold."""
        return [
            self.torch.zeros(tuple(value.shape), dtype=getattr(self.torch, value.dtype.name))
            if isinstance(value, Tensor)
            else value
            for value in args
        ]


def _has_tensor(values: Sequence[Any]) -> bool:
    return any(
        isinstance(value, Tensor) or (isinstance(value, (tuple, list)) and _has_tensor(value))
        for value in values
    )
