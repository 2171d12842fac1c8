"""A program on two engines at once, and what differs."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from programs.exceptions import agreed, composed, ends, recorded_alike, spoiled, unreached
from programs.surroundings import NAMES, space

__all__ = ["Difference", "compare"]


@dataclass(frozen=True)
class Difference:
    """What differs after which statement. kind: what a smaller program must still show."""

    kind: str
    statement: int
    text: str


@lru_cache(maxsize=1 << 14)
def _compiled(statement: str) -> Any:
    return compile(statement, f"<{statement}>", "exec")


_SPACES: dict[str, dict[str, Any]] = {}


def _names(engine: Any) -> dict[str, Any]:
    """A fresh set of names for a program on the engine."""
    if engine.__name__ not in _SPACES:
        _SPACES[engine.__name__] = space(engine)
    names = _SPACES[engine.__name__].copy()
    names["seen"] = []
    names["__builtins__"] = __builtins__
    return names


def _execute(names: dict[str, Any], statement: str) -> str | None:
    """The words of the error that the statement raises, None if it raises none."""
    try:
        exec(_compiled(statement), names)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other must raise it too
        return f"{type(error).__name__}: {error}".replace("autodiff.", "torch.")
    return None


def _tried(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except RuntimeError as error:
        return f"{type(error).__name__}: {error}"


def _steps(array: Any) -> Any:
    """The strides, where they mean anything."""
    if not array.size:
        return None
    return [step for step, size in zip(array.strides, array.shape, strict=True) if size > 1]


def _named(node: Any) -> Any:
    return None if node is None else node.name()


def _printed(tensor: Any) -> dict[str, Any]:
    return {
        "text": _tried(lambda: repr(tensor)),
        "grad text": None if tensor.grad is None else _tried(lambda: repr(tensor.grad)),
    }


def _facts(tensor: Any, names: dict[str, Any]) -> dict[str, Any]:
    """All that a user can see of a tensor but its numbers."""
    node = _tried(lambda: tensor.grad_fn)
    broken = isinstance(node, str)
    grad = tensor.grad
    base = tensor._base
    return {
        "grad_fn": node if broken else _named(node),
        "is_leaf": None if broken else tensor.is_leaf,
        "output_nr": None if broken else tensor.output_nr,
        "version": _tried(lambda: tensor._version),
        "is_inference": tensor.is_inference(),
        "is_view": tensor._is_view(),
        "base": [name for name in NAMES if base is not None and names.get(name) is base],
        "retains_grad": tensor.retains_grad,
        "grad requires": None if grad is None else grad.requires_grad,
    }


class _Numbers:
    """Compares the numbers of two engines, and lets the second go on with those of the first.

    Both round; so that differences in the last place do not add up, or decide a comparison, the
    bits of the first are put in the place of the second's once they have been found to be near.
    """

    def __init__(self) -> None:
        self.scale = 1.0  # the largest number so far
        self.digits = 0.0  # the roughest resolution so far
        self.laid_out = True  # whether all tensors have lain alike in memory

    def same(self, first: Any, second: Any) -> str | None:
        """What differs; None if nothing but rounding does."""
        left, right = first.detach().numpy(), second.detach().numpy()
        if left.shape != right.shape or left.dtype != right.dtype:
            return f"{left.dtype}{left.shape} and {right.dtype}{right.shape}"
        if left.strides != right.strides and _steps(left) != _steps(right):
            if second._is_view():
                return f"strides {left.strides} and {right.strides}"
            self.laid_out = False
        inexact = left.dtype.kind in "fc"
        if inexact and left.size:
            self.digits = max(self.digits, float(np.finfo(left.dtype).eps))
            large = np.abs(left[np.isfinite(left)])
            if large.size:
                self.scale = max(self.scale, float(large.max()))
        if left.tobytes() == right.tobytes():
            return None
        if inexact:
            limit = self.scale * self.digits * 16
            if np.allclose(left, right, 1e-9 + 64 * self.digits, limit, equal_nan=True):
                self._settle(second, left)
                return None
        return f"{left.tolist()} and {right.tolist()}"

    def _settle(self, tensor: Any, wanted: Any) -> None:
        array = tensor.detach().numpy()
        if array.flags.writeable:
            array[...] = wanted


def _any_empty(names: dict[str, Any]) -> bool:
    tensors: list[Any] = [names.get(name) for name in NAMES]
    return any(hasattr(one, "numel") and not one.numel() for one in tensors)


def _look(names: dict[str, Any]) -> None:
    """Ask every tensor for its history, which views make when they are asked."""
    for name in NAMES:
        tensor: Any = names.get(name)
        if hasattr(tensor, "detach"):
            _tried(partial(getattr, tensor, "grad_fn"))


def _states(names: dict[str, Any]) -> dict[str, Any]:
    """What a failing statement must leave as it was."""
    states: dict[str, Any] = {}
    for name in NAMES:
        tensor: Any = names.get(name)
        if hasattr(tensor, "detach"):
            grad = tensor.grad
            states[name] = (
                id(tensor),
                tensor.detach().numpy().tobytes(),
                _tried(partial(getattr, tensor, "_version")),
                tensor.requires_grad,
                tuple(tensor.shape),
                id(grad),
                None if grad is None else grad.detach().numpy().tobytes(),
            )
    return states


def compare(program: list[str], first: Any, second: Any, every: bool = True) -> Difference | None:
    """What differs between the engines when they run the program, None if nothing does.

    every: look at everything after every statement, not after the last only. Looking changes
    things: who asks a view for its grad_fn gets its history rebuilt.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _compare(program, first, second, every)
        except RuntimeError as error:  # PyTorch's retain_grad kept a batch that cannot be read
            if "Batching rule not implemented" not in str(error):
                raise
            return None


def _compare(program: list[str], first: Any, second: Any, every: bool) -> Difference | None:
    theirs, ours = _names(first), _names(second)
    numbers = _Numbers()
    for place, statement in enumerate(program):
        before, there = _states(ours), _states(theirs)
        expected, found = _execute(theirs, statement), _execute(ours, statement)
        same = expected == found or agreed(statement, expected, found, _any_empty(theirs))
        if not same and not composed(program, expected, found):
            kind = (found or expected or "").split(":")[0]
            return Difference(f"error {kind}", place, f"raises {expected!r} and {found!r}")
        half = _changed(there, _states(theirs)) if expected is not None else set()
        whole = "; " not in statement  # of several, those before the fault have been done
        if found is not None and whole and (changed := _changed(before, _states(ours)) - half):
            return Difference("failed", place, f"failed with {found!r} and changed {changed}")
        if expected != found and None in (expected, found):
            return None  # one of the two went on
        if expected is not None:  # PyTorch looks at histories before it finds the fault
            _look(theirs)
            _look(ours)
        if half or (expected is not None and ends(statement, expected)):
            return None
        if any(spoiled(theirs.get(name)) for name in NAMES):
            return None
        if not np.isfinite(numbers.scale) or numbers.scale > 1e30:
            return None  # nothing but overflow follows
        last = place == len(program) - 1
        difference = _visible(theirs, ours, numbers, every or last, last)
        if not numbers.laid_out and (difference is None or difference[0] != "value"):
            return None  # what is computed from several layouts may have another: documented
        if difference is not None:
            if _known(difference, statement, program, theirs):
                return None
            return Difference(difference[0], place, difference[1])
    return None


def _known(
    difference: tuple[str, str], statement: str, program: list[str], theirs: dict[str, Any]
) -> bool:
    """Whether a difference is one of those that `exceptions.py` tells of."""
    kind, text = difference
    if kind == "grad" and "mutable" in statement and ": None and " in text:
        return True  # PyTorch loses what retain_grad asked for
    if kind == "grad" and "Batching rule not implemented" in text:
        return True  # what retain_grad kept of a pass for several cotangents cannot be printed
    if kind == "grad":
        return unreached(statement, program, text)
    # PyTorch counts the making of a clone of an inference tensor, and stacks them as a view
    if kind in ("version", "is_view"):
        return any("inference_mode()" in one for one in program)
    tensor: Any = theirs.get(text[0])
    return kind == "requires_grad" and hasattr(tensor, "numel") and recorded_alike(program, tensor)


def _changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    return {name for name in before if before[name] != after.get(name)}


def _visible(
    theirs: dict[str, Any], ours: dict[str, Any], numbers: _Numbers, whole: bool, last: bool
) -> tuple[str, str] | None:
    """The kind of a difference that can be seen, and its words."""
    if theirs["seen"] != ours["seen"]:
        return "seen", f"hooks saw {theirs['seen']} and {ours['seen']}"
    for name in NAMES:
        found = _tensors(theirs.get(name), ours.get(name), numbers)
        if found is not None:
            return found[0], f"{name}: {found[1]}"
    if not whole:
        return None
    for name in NAMES:
        left, right = theirs.get(name), ours.get(name)
        if hasattr(left, "detach"):
            seen, shown = _facts(left, theirs), _facts(right, ours)
            if last:
                seen |= _printed(left)
                shown |= _printed(right)
            for key, value in seen.items():
                if value != shown[key]:
                    return key, f"{name}'s {key}: {value!r} and {shown[key]!r}"
    return None


def _tensors(left: Any, right: Any, numbers: _Numbers) -> tuple[str, str] | None:
    """What differs between two tensors and their gradients, but for their histories."""
    if not hasattr(left, "detach") or not hasattr(right, "detach"):
        same = type(left).__name__ == type(right).__name__
        return None if same else ("type", f"{left!r} and {right!r}")
    if left.requires_grad != right.requires_grad:
        return "requires_grad", f"{left.requires_grad} and {right.requires_grad}"
    difference = numbers.same(left, right)
    if difference is not None:
        return "value", difference
    grads = left.grad, right.grad
    if (grads[0] is None) != (grads[1] is None):
        return "grad", str(_tried(lambda: f"{grads[0]} and {grads[1]}"))
    difference = None if grads[0] is None else numbers.same(*grads)
    return None if difference is None else ("grad", difference)
