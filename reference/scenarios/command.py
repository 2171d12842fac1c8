"""`python -m reference scenarios`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from reference import engines, report
from reference.engines.engine import Engine, EngineError
from reference.scenarios.catalogue import SCENARIOS, ScenarioError, choose
from reference.scenarios.run import Result, run

__all__ = ["configure", "execute"]

_ENGINES = ("autodiff",)  # what always runs, beside the oracle
_ORACLE = "reference"

_ABOUT = """\
Runs the documented scenarios on `autodiff` and on the oracle: programs of PyTorch's tutorial on
autograd. Shows what the engines print, the exact value beside every number, the error in units in
the last place (ULPs), and whether all is as documented.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _ABOUT
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    listed = "\n".join(f"  {scenario.id:4} {scenario.title}" for scenario in SCENARIOS)
    parser.epilog = (
        f"scenarios:\n{listed}\n\n"
        "exit status: 0 all hold, 1 some do not, 2 wrong usage, 130 interrupted"
    )
    parser.add_argument(
        "ids", nargs="*", metavar="ID", help="the scenarios to run, such as S1 S6b; default: all"
    )
    parser.add_argument(
        "--engine",
        action="append",
        default=[],
        metavar="NAME",
        help=f"another engine to run them on; may be repeated ({', '.join(engines.names())})",
    )
    parser.add_argument(
        "--json",
        metavar="FILE",
        help="write the whole result as JSON; `-` is the standard output, in place of the table",
    )


def execute(
    arguments: argparse.Namespace,
    error: Callable[[str], NoReturn],
    load: Callable[[str], Engine] = engines.load,
) -> int:
    """Run the command; 0 where all holds, else 1.

    error: ends the command, with one line about wrong usage. load: gives an engine by its name.
    """
    try:
        chosen = choose(arguments.ids)
    except ScenarioError as problem:
        misplaced = [name for name in arguments.ids if name in engines.names()]
        hint = f" (for an engine: --engine {misplaced[0]})" if misplaced else ""
        error(f"{problem}{hint}")
    quiet = arguments.json == "-"
    if arguments.json is not None and not quiet:
        problem_with_file = _unwritable(Path(arguments.json))
        if problem_with_file:
            error(f"cannot write {arguments.json!r}: {problem_with_file}")
    names = dict.fromkeys((*_ENGINES, *arguments.engine))
    names.pop(_ORACLE, None)
    try:
        held = [load(name) for name in names]
        oracle = load(_ORACLE)
    except EngineError as problem:
        error(str(problem))
    results: list[Result] = []
    style = report.Style(_has_colours())
    if not quiet:
        _show(report.heading([*held, oracle], style))
    for result in run(chosen, held, oracle):
        results.append(result)
        if not quiet:
            _show(report.scenario_text(result, style))
    content = json.dumps(report.as_json(results, [*held, oracle]), indent=2, allow_nan=False)
    if quiet:
        _show(content)
    else:
        _show(report.summary(results, style).rstrip("\n"))
    if arguments.json is not None and not quiet:
        try:
            Path(arguments.json).write_text(content + "\n", encoding="utf-8")
        except OSError as problem:
            error(f"cannot write {arguments.json!r}: {problem.strerror}")
    return 0 if all(result.holds for result in results) else 1


def _unwritable(path: Path) -> str | None:
    """Why a file cannot be written, as far as can be told before anything is."""
    try:
        if path.is_dir():
            return "it is a folder"
        if not path.parent.is_dir():
            return f"there is no folder {str(path.parent)!r}"
        writable = os.access(path if path.exists() else path.parent, os.W_OK)
    except OSError as error:  # too long a name, say
        return error.strerror
    return None if writable else "permission denied"


def _has_colours() -> bool:
    """Colours are for terminals, and for users who have not said NO_COLOR."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain


def _show(text: Any) -> None:
    """Print, whatever the encoding of the standard output can say; at once, for those who wait."""
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)
