"""`python -m reference derive module:function`: the gradient as a formula."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from reference.commands.arguments import named_sizes, parameters_of
from reference.commands.printing import show
from reference.commands.targets import TargetError, named_function, split_named
from reference.derivation import array, derive
from reference.domains.closed_form import NoClosedForm

__all__ = ["configure", "execute"]

SCHEMA = "reference.derive/1"

_ABOUT = """\
Prints the derivative of a function as a formula, for arrays of any size or of a fixed small one:

  python -m reference derive mylib:softmax --shape x=n
  python -m reference derive mylib:loss --shape X=m,n --shape y=m --shape w=n --wrt w --latex

A size that is a name stands for any positive integer. A parameter without --shape is a number.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _ABOUT
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "exit status: 0 a formula, 1 there is none, 2 wrong usage, 130 interrupted"
    add = parser.add_argument
    add("target", metavar="module:function")
    add(
        "--shape",
        action="append",
        default=[],
        metavar="NAME=SIZES",
        help="a parameter's shape, as in x=n or A=n,3; may be repeated",
    )
    add(
        "--wrt",
        action="append",
        default=[],
        metavar="NAME",
        help="derive with respect to this parameter; may be repeated; default: all",
    )
    add("--order", type=int, default=1, help="how many times to derive (default 1)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--latex", action="store_true", help="as LaTeX")
    form.add_argument("--json", action="store_true", help="as JSON: text, LaTeX, shape")
    form.add_argument("--explain", action="store_true", help="name what is repeated")  # fmt: skip


def execute(arguments: argparse.Namespace, error: Callable[[str], NoReturn]) -> int:
    """Run the command; 1 where there is no formula."""
    try:
        function = named_function(arguments.target)
        parts = _arrays(function, arguments.shape)
    except (TargetError, ValueError) as problem:
        error(str(problem))
    wrt = arguments.wrt or [part.name for part in parts]
    unknown = [name for name in wrt if name not in {part.name for part in parts}]
    if unknown:
        error(f"--wrt {unknown[0]}: no such parameter")
    if arguments.order < 1:
        error(f"--order {arguments.order}: give 1 or more")
    try:
        found = derive(function, *parts, wrt=wrt, order=arguments.order)
    except NoClosedForm as problem:
        show(f"no formula: {problem}")
        return 1
    except Exception as problem:  # noqa: BLE001  # a user's function raises anything
        show(f"{arguments.target}: {type(problem).__name__}: {problem}")
        return 1
    if arguments.json:
        formulas = list(found.values()) if isinstance(found, Mapping) else [found]
        content = {"schema": SCHEMA, "function": arguments.target,
                   "formulas": [_as_json(formula) for formula in formulas]}  # fmt: skip
        show(json.dumps(content, indent=2))
    elif arguments.latex:
        show(found.latex())
    else:
        show(found.explain() if arguments.explain else str(found))
    return 0


def _as_json(formula: Any) -> dict[str, Any]:
    return {
        "wrt": [part.name for part in formula.wrt],
        "left": formula.left,
        "indices": [str(index) for index in formula.indices],
        "shape": [str(size) for size in formula.shape],
        "text": str(formula),
        "latex": formula.latex(),
    }


def _arrays(function: Callable[..., Any], shapes: list[str]) -> list[Any]:
    given = {name: named_sizes(text) for name, text in split_named(shapes, "--shape").items()}
    parameters = parameters_of(function)
    names = [name for name, must in parameters if must or name in given] or list(given)
    unknown = [name for name in given if name not in names]
    if unknown:
        raise TargetError(f"no parameter {unknown[0]!r}: there are {', '.join(names) or 'none'}")
    if not names:
        raise TargetError("the function has no parameters: nothing to derive with respect to")
    return [array(name, *given.get(name, [])) for name in names]
