"""Nested tuples, lists and dicts of tensors, taken apart and put together again."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Any

from autodiff.size import Size

__all__ = ["Structure", "flatten", "spread_prefix", "tree_map"]

_DICTS = (dict, OrderedDict, defaultdict)


class Structure:
    """How leaves were nested: `kind` None stands for a leaf."""

    __slots__ = ("children", "context", "kind")

    def __init__(self, kind: Any, context: Any, children: Sequence[Structure]) -> None:
        self.kind = kind
        self.context = context
        self.children = tuple(children)

    @property
    def leaves(self) -> int:
        """The number of leaves."""
        return 1 if self.kind is None else sum(child.leaves for child in self.children)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Structure)
            and self.kind is other.kind
            and self.context == other.context
            and self.children == other.children
        )

    def __hash__(self) -> int:
        return hash((self.kind, len(self.children)))

    def __repr__(self) -> str:
        return self._text(0)

    def _text(self, indent: int) -> str:
        if self.kind is None:
            return "*"
        inner = (",\n" + " " * (indent + 2)).join(c._text(indent + 2) for c in self.children)
        return f"TreeSpec({self.kind.__name__}, {self.context}, [{inner}])"

    def shown(self) -> str:
        """The structure as Python writes it, with a star for each leaf."""
        if self.kind is None:
            return "*"
        parts = [child.shown() for child in self.children]
        if self.kind in _DICTS:
            inside = ", ".join(f"{k!r}: {p}" for k, p in zip(self.context, parts, strict=True))
            return "{" + inside + "}"
        if self.kind is list:
            return "[" + ", ".join(parts) + "]"
        return "(" + ", ".join(parts) + ("," if len(parts) == 1 else "") + ")"

    def build(self, leaves: Sequence[Any]) -> Any:
        """The nested value with these leaves."""
        source = iter(leaves)
        return self._build(source)

    def _build(self, source: Any) -> Any:
        if self.kind is None:
            return next(source)
        parts = [child._build(source) for child in self.children]
        if self.kind is defaultdict:
            made: Any = defaultdict(None)
            made.update(zip(self.context, parts, strict=True))
            return made
        if self.kind in _DICTS:
            return self.kind(zip(self.context, parts, strict=True))
        if hasattr(self.kind, "_make"):  # a namedtuple; PyTorch's return types take one sequence
            return self.kind._make(parts)
        return self.kind(parts)


_LEAF = Structure(None, None, ())


def _is_namedtuple(kind: Any) -> bool:
    return issubclass(kind, tuple) and hasattr(kind, "_fields")


def flatten(tree: Any) -> tuple[list[Any], Structure]:
    """The leaves in order, and how they were nested.

    >>> leaves, structure = flatten({"a": 1, "b": (2, [3])})
    >>> leaves
    [1, 2, 3]
    >>> structure.build([x * 10 for x in leaves])
    {'a': 10, 'b': (20, [30])}
    """
    leaves: list[Any] = []
    return leaves, _flatten(tree, leaves)


def _flatten(tree: Any, leaves: list[Any]) -> Structure:
    kind = type(tree)
    if kind in _DICTS:
        return Structure(kind, list(tree), [_flatten(part, leaves) for part in tree.values()])
    if kind is Size:  # comes back as a plain tuple, as in PyTorch
        kind = tuple
    if kind in (tuple, list, deque):
        return Structure(kind, None, [_flatten(part, leaves) for part in tree])
    if isinstance(tree, tuple) and _is_namedtuple(kind):
        return Structure(kind, kind, [_flatten(part, leaves) for part in tree])
    leaves.append(tree)
    return _LEAF


def tree_map(function: Callable[[Any], Any], tree: Any) -> Any:
    """The nested value with `function` applied to every leaf.

    >>> tree_map(lambda x: -x, [1, (2, 3)])
    [-1, (-2, -3)]
    """
    leaves, structure = flatten(tree)
    return structure.build([function(leaf) for leaf in leaves])


def spread_prefix(prefix: Any, structure: Structure) -> list[Any] | None:
    """One value for each leaf, where a leaf of `prefix` may stand for a whole part; None if not.

    >>> spread_prefix((0, None), flatten((1, [2, 3]))[1])
    [0, None, None]
    """
    leaves: list[Any] = []
    shape = _flatten(prefix, leaves)
    result: list[Any] = []
    return result if _spread(shape, iter(leaves), structure, result) else None


def _spread(prefix: Structure, source: Any, structure: Structure, result: list[Any]) -> bool:
    if prefix.kind is None:
        result += [next(source)] * structure.leaves
        return True
    if (
        prefix.kind is not structure.kind
        or prefix.context != structure.context
        or len(prefix.children) != len(structure.children)
    ):
        return False
    return all(
        _spread(mine, source, theirs, result)
        for mine, theirs in zip(prefix.children, structure.children, strict=True)
    )
