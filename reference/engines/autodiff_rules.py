"""The derivative rules of `autodiff`, one by one, for `reference.prove`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reference.engines import autodiff

__all__ = ["OF_COMPLEX", "RuleView", "rules", "view"]

OF_COMPLEX = frozenset({
    "complexes.ANGLE", "complexes.COMPLEX", "complexes.JOIN", "complexes.POLAR",
    "complexes.VIEW_AS_COMPLEX", "complexes.VIEW_AS_REAL", "fourier.FFT_C2C", "fourier.FFT_C2R",
    "fourier.FFT_R2C",
})  # fmt: skip
"""Rows that take parts of complex numbers, or put them together: symbols stand for real ones.

They are held to the definitions on numbers, and to PyTorch.
"""


class RuleView:
    """A row of `autodiff`: see `reference.prove.statement.RowView`.

    place: module and constant, as `pointwise.EXP`. row: the row itself.
    """

    def __init__(self, place: str, row: Any) -> None:
        self.place = place
        self.row = row

    @property
    def name(self) -> str:
        """PyTorch's name of the function."""
        return str(self.row.name)

    @property
    def elementwise(self) -> bool:
        """Whether the operation acts on each element of its broadcast inputs alone."""
        return bool(self.row.broadcasts and self.row.promotion is not None)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs; "…" for any number of them."""
        if self.row.variadic:
            return ("…",)
        return tuple(self.row.inputs)

    @property
    def outputs(self) -> tuple[str, ...] | None:
        """The names of the results; None where their number varies."""
        return None if self.row.outputs == -1 else tuple(self.row.outputs)

    def has_rule(self, position: int) -> bool:
        """Whether there is a derivative rule for the input."""
        rules = self.row.rules
        place = 0 if self.row.variadic else position
        return place < len(rules) and rules[place] is not None

    def pull(
        self,
        position: int,
        cotangent: Any,
        values: Sequence[Any],
        results: Sequence[Any],
        shapes: Sequence[tuple[int, ...]],
        params: Mapping[str, Any],
        xp: Any,
    ) -> Any:
        """The rule's result, broadcasting undone, as the engine does it."""
        row = self.row
        engine = _parts()
        place = 0 if row.variadic else position
        given: dict[int, Callable[[Any], Any]] = {
            engine.plan.G: lambda key: cotangent,
            engine.plan.XP: lambda key: xp,
            engine.plan.SAVED: lambda key: results[-1 - key] if key < 0 else values[key],
            engine.plan.SHAPE: lambda key: shapes[position if key is None else key],
            engine.plan.PARAM: lambda key: params[key],
            engine.plan.POSITION: lambda key: position,
        }
        found = row.rules[place](*(given[kind](key) for kind, key in row.codes[place]))
        if not hasattr(found, "shape"):
            found = xp.asarray(found)
        if tuple(found.shape) != tuple(shapes[position]) and row.broadcasts:
            fitted = engine.operation.sum_to(found, tuple(shapes[position]), xp)
            found = found if fitted is None else fitted
        return found

    def forward(self, values: Sequence[Any], params: Mapping[str, Any], xp: Any) -> Any:
        """The kernel on arrays over `xp`."""
        if self.row.kernel_takes_xp:
            return self.row.kernel(xp, *values, **params)
        return self.row.kernel(*values, **params)


class _Parts:
    """The modules of the engine that are needed here."""

    def __init__(self) -> None:
        name = autodiff.load().namespace.__name__
        self.plan = importlib.import_module(f"{name}.plan")
        self.operation = importlib.import_module(f"{name}.operation")
        self.primitive = importlib.import_module(f"{name}.primitive")
        self.ops = importlib.import_module(f"{name}.ops")


def _parts() -> _Parts:
    return _Parts()


def view(row: Any) -> RuleView:
    """The view of a row, under its place; under its node's name if it is in no table.

    >>> view(rules()["pointwise.EXP"].row).place
    'pointwise.EXP'
    """
    for found in rules().values():
        if found.row is row:
            return found
    return RuleView(row.node, row)


def rules() -> dict[str, RuleView]:
    """Every row of the engine that has a rule on real numbers, by its place.

    >>> rules()["pointwise.MUL"].inputs
    ('x', 'y')
    """
    parts = _parts()
    modules = {
        info.name: importlib.import_module(f"{parts.ops.__name__}.{info.name}")
        for info in sorted(pkgutil.iter_modules(parts.ops.__path__), key=lambda m: m.name)
    }
    found: dict[str, RuleView] = {}
    seen: set[int] = set()
    for own in (True, False):  # where it is exported first, so that no import hides its place
        for place, module in modules.items():
            for name, value in vars(module).items():
                if not isinstance(value, parts.primitive.Primitive) or id(value) in seen:
                    continue
                if not own or name in getattr(module, "__all__", ()):
                    seen.add(id(value))
                    if any(value.rules) and f"{place}.{name}" not in OF_COMPLEX:
                        found[f"{place}.{name}"] = RuleView(f"{place}.{name}", value)
    return dict(sorted(found.items()))
