"""`python -m reference certify module:function`: the gradient with a proven error bound."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

import numpy as np

from reference.certify import Certificate, certify
from reference.commands.arguments import add_array_options, arrays_for, numbers
from reference.commands.printing import show
from reference.commands.targets import TargetError, named_function
from reference.enclosure import Enclosure

__all__ = ["configure", "execute"]

SCHEMA = "reference.certify/1"

_ABOUT = """\
Prints the gradient of a function, written with operators and NumPy's functions, at arrays that
are given or drawn; a float means exactly the number that it holds, and every digit is proven:

  python -m reference certify mylib:loss --arg x=0.5,1.5 --digits 30
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _ABOUT
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = (
        "exit status: 0 all is certified, 1 some is not (kinks, undefined points), 2 wrong usage, "
        "130 interrupted"
    )
    add = parser.add_argument
    add("target", metavar="module:function")
    add_array_options(parser)
    add(
        "--cotangent",
        metavar="NUMBERS",
        help="weights of the outputs, as in 1,0,0; default: their sum",
    )
    add("--order", type=int, default=1, choices=(1, 2), help="2: the gradient of its sum")
    add("--digits", type=int, default=17, help="to print (default 17)")
    add("--json", action="store_true",
        help="midpoints and radii as decimal strings, with what is certain")  # fmt: skip


def execute(arguments: argparse.Namespace, error: Callable[[str], NoReturn]) -> int:
    """Run the command; 1 where something is not certified."""
    if arguments.digits < 1:
        error(f"--digits {arguments.digits}: give 1 or more")
    try:
        function = named_function(arguments.target)
        arrays = arrays_for(function, arguments)
    except TargetError as problem:
        error(str(problem))
    try:
        certificate = _certified(function, arrays, arguments)
    except TargetError as problem:
        error(str(problem))
    except Exception as problem:  # noqa: BLE001  # a user's function raises anything
        show(f"{arguments.target}: {type(problem).__name__}: {problem}")
        return 1
    if arguments.json:
        show(json.dumps(_as_json(arguments.target, certificate), indent=2, allow_nan=False))
    else:
        show(f"value = {certificate.value.to_text(arguments.digits)}")
        for name, gradient in zip(certificate.problem.names, certificate.gradients, strict=True):
            show(f"d/d {name} = {gradient.to_text(arguments.digits)}")
        show(certificate.report())
    return 0 if certificate.certified else 1


def _certified(
    function: Callable[..., Any], arrays: list[np.ndarray], arguments: argparse.Namespace
) -> Certificate:
    """Of the sum of the outputs, where there are several and no weights are given."""
    options: dict[str, Any] = {"order": arguments.order}
    if arguments.cotangent is not None:
        options["cotangent"] = np.asarray(numbers("--cotangent", arguments.cotangent))
        return certify(function, *arrays, **options)
    try:
        return certify(function, *arrays, **options)
    except RuntimeError as problem:
        if "scalar" not in str(problem):
            raise

    @wraps(function)
    def summed(*parts: Any) -> Any:
        return function(*parts).sum()

    return certify(summed, *arrays, **options)


def _as_json(target: str, certificate: Certificate) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "function": target,
        "certified": certificate.certified,
        "precision": certificate.precision,
        "value": _enclosure(certificate.value),
        "gradients": [
            {"name": name, "dtype": dtype, **_enclosure(gradient),
             "status": certificate.status(number).tolist()}
            for number, (name, dtype, gradient) in enumerate(
                zip(certificate.problem.names, certificate.dtypes, certificate.gradients,
                    strict=True)
            )
        ],
        "findings": [
            {"argument": finding.argument, "kind": finding.kind, "reason": finding.reason,
             "positions": [list(position) for position in finding.positions]}
            for finding in certificate.findings
        ],
    }  # fmt: skip


def _enclosure(found: Enclosure) -> dict[str, Any]:
    """Decimal strings: floats would round what is known."""
    balls = [found[position] for position in np.ndindex(found.shape)]
    pairs = [_decimal(ball) for ball in balls]
    return {
        "shape": [int(size) for size in found.shape],
        "midpoints": [middle for middle, _ in pairs],
        "radii": [radius for _, radius in pairs],
    }


def _decimal(ball: Any) -> tuple[str, str]:
    """A midpoint and a radius around it, in decimals: the ball, and a little more."""
    if not ball.is_finite():
        return str(ball), "inf"
    text = ball.str(40)  # rounded outwards: `[middle +/- radius]`, or exact digits alone
    middle, _, radius = text.strip("[]").partition(" +/- ")
    return middle, radius or "0"
