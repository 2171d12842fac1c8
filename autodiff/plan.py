"""What an application of a row saves, and how its rules are called: worked out once.

A row's rules ask for values by name. For each combination of inputs that need a gradient, a
`Plan` says which values are saved and turns each rule into a call with a fixed form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autodiff.row import Row

__all__ = [
    "ALONE",
    "ANY",
    "ONE",
    "PARAM",
    "POSITION",
    "SAVED",
    "SHAPE",
    "TWO",
    "XP",
    "XP_ONE",
    "G",
    "Plan",
]

# what a parameter of a rule stands for: the cotangent, the namespace, a saved value (its place),
# the shape of an input (its position; None: of the input asked about), a parameter (its name),
# the position of the input asked about
G, XP, SAVED, SHAPE, PARAM, POSITION = range(6)

# what the walk calls, with saved values a and b: rule(g), rule(g, a), rule(g, a, b),
# rule(xp, g, a), or the general call
ALONE, ONE, TWO, XP_ONE, ANY = range(5)
_FORMS = {(G,): ALONE, (G, SAVED): ONE, (G, SAVED, SAVED): TWO, (XP, G, SAVED): XP_ONE}

Codes = tuple[tuple[int, Any], ...]
# (node, position of the input, cotangent, saved values, namespace) -> cotangent of the input
Call = Callable[[Any, int, Any, Sequence[Any], Any], Any]


class Plan:
    """How one combination of inputs that need a gradient is recorded and run.

    row: whose plan it is. sources: what is saved, in order: position of an input, or -1 - k for
    output k. steps: for each input that needs a gradient its position and the call of its rule.
    walked: the same for the walk, which spends no call on a call: position, form, what to call,
    places of up to two saved values, what computes it into the cotangent's memory (or None).
    conjugate: whether complex numbers are involved and the rules are complex partials. indexed:
    whether index arrays may be among its parameters.
    rules: the rules behind the calls.
    """

    __slots__ = ("conjugate", "indexed", "row", "rules", "sources", "steps", "walked")

    def __init__(self, row: Row, wanted: Sequence[int], conjugate: bool = False) -> None:
        self.row = row
        self.indexed = row.indexed
        self.conjugate = conjugate
        chosen = [(position, 0 if row.variadic else position) for position in wanted]
        sources: list[int] = []
        for _, place in chosen:
            for kind, key in row.codes[place]:
                if kind == SAVED and key not in sources:
                    sources.append(key)
        self.sources = tuple(sources)
        steps: list[tuple[int, Call]] = []
        walked: list[tuple[int, int, Callable[..., Any], int, int, Any]] = []
        self.rules: list[Callable[..., Any]] = []
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
            self.rules.append(rule)
            call = _call(rule, codes)
            steps.append((position, call))
            form = _FORMS.get(tuple(kind for kind, _ in codes), ANY)
            places = [key for kind, key in codes if kind == SAVED]
            first, second = (*places, 0, 0)[:2]
            what = call if form == ANY else rule
            walked.append((position, form, what, first, second, getattr(rule, "into", None)))
        self.steps = tuple(steps)
        self.walked = tuple(walked)


# what stands in a call for a parameter of its kind; a key takes the place of the braces
_ARGUMENTS = {
    G: "g",
    XP: "xp",
    SAVED: "saved[{}]",
    SHAPE: "(g.shape if node.shapes is None else node.shapes[{}])",
    PARAM: "node.params[{}]",
    POSITION: "position",
}


def _call(rule: Callable[..., Any], codes: Codes) -> Call:
    """The rule behind a fixed form of call, written out: a loop costs more than most rules."""
    arguments = []
    for kind, key in codes:
        place = "position" if kind == SHAPE and key is None else repr(key)
        arguments.append(_ARGUMENTS[kind].format(place))
    # nothing of a user is in the text: keys are parameter names and places of our own rows
    source = f"lambda node, position, g, saved, xp: rule({', '.join(arguments)})"
    return eval(source, {"rule": rule})  # type: ignore[no-any-return]
