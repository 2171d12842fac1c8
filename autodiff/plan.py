"""What an application of a row saves, and how its rules are called: worked out once.

A row's rules ask for values by name. For each combination of inputs that need a gradient, a
`Plan` says which values are saved and turns each rule into a call with a fixed form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autodiff.operation import Operation
    from autodiff.primitive import Primitive

__all__ = ["PARAM", "POSITION", "SAVED", "SHAPE", "XP", "G", "Plan", "Step"]

# what a parameter of a rule stands for: the cotangent, the namespace, a saved value (its place),
# the shape of an input (its position; None: of the input asked about), a parameter (its name),
# the position of the input asked about
G, XP, SAVED, SHAPE, PARAM, POSITION = range(6)

Step = tuple[int, Callable[..., Any], bool, tuple[tuple[int, Any], ...]]


class Plan:
    """How one combination of inputs that need a gradient is recorded and run.

    sources: what is saved, in order: position of an input, or -1 - k for output k.
    steps: (position of the input, rule, direct, codes); `direct` rules take (g, *saved).
    conjugate: whether complex numbers are involved and the rules are complex partials.
    """

    __slots__ = ("conjugate", "node_type", "saves", "sources", "steps")

    def __init__(
        self,
        row: Primitive,
        wanted: Sequence[int],
        node_type: type[Operation],
        conjugate: bool = False,
    ) -> None:
        self.node_type = node_type
        self.conjugate = conjugate
        chosen = [(position, 0 if row.variadic else position) for position in wanted]
        sources: list[int] = []
        for _, place in chosen:
            for kind, key in row.codes[place]:
                if kind == SAVED and key not in sources:
                    sources.append(key)
        self.sources = tuple(sources)
        self.saves = bool(sources)
        everything = ((G, None), *((SAVED, i) for i in range(len(sources))))
        steps: list[Step] = []
        for position, place in chosen:
            rule = row.rules[place]
            if rule is None:
                raise NotImplementedError(
                    f"the derivative for '{row.inputs[place]}' of '{row.name}' is not implemented."
                )
            codes = tuple(
                (kind, sources.index(key) if kind == SAVED else key)
                for kind, key in row.codes[place]
            )
            steps.append((position, rule, codes == everything, codes))
        self.steps = tuple(steps)
