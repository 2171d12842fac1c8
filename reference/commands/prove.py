"""`python -m reference prove`: the engine's own derivative rules, for all inputs of a shape."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict
from multiprocessing import get_context
from typing import NoReturn

from reference.commands.printing import show
from reference.prove import prove_all, table

__all__ = ["configure", "execute"]

_ABOUT = """\
Runs every derivative rule of `autodiff` on symbolic arrays and shows it equal to the gradient that
is derived from the operation's definition: as the same expression, by simplification, or, where
SymPy cannot decide, by certified evaluation at random points.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _ABOUT
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "exit status: 0 all are proved, 1 some are not, 2 wrong usage, 130 interrupted"
    add = parser.add_argument
    add("--ops", default="*", metavar="PATTERN", help="names of operations, with * and ?")
    add("--seed", type=int, default=0, help="of the points that are evaluated (default 0)")
    add("--jobs", type=int, default=1, metavar="N", help="processes (default 1)")
    add("--json", action="store_true", help="as JSON, in place of the table")


def execute(arguments: argparse.Namespace, error: Callable[[str], NoReturn]) -> int:
    """Run the command; 0 where everything is proved."""
    if arguments.jobs < 1:
        error(f"--jobs {arguments.jobs}: give 1 or more")
    pool = (
        nullcontext(None)
        if arguments.jobs == 1
        else ProcessPoolExecutor(arguments.jobs, mp_context=get_context("spawn"))
    )
    with pool as executor:
        used: Executor | None = executor
        proofs = prove_all(arguments.ops, used, seed=arguments.seed)
    if not proofs:
        error(f"no operation fits {arguments.ops!r}")
    if arguments.json:
        show(json.dumps([asdict(proof) for proof in proofs], indent=1))
    else:
        show(table(proofs))
        kinds = Counter(proof.kind for proof in proofs)
        show(", ".join(f"{count} {kind}" for kind, count in kinds.items()))
    return 0 if all(proof.ok for proof in proofs) else 1
