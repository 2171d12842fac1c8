"""`python -m reference check module:function …`: are the gradients of a function right?"""

from __future__ import annotations

import argparse
import shlex
import time
import traceback
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

from reference import adapters
from reference.checking import EVERYTHING, Report, check
from reference.commands.arguments import add_array_options, arrays_for, takes_nothing
from reference.commands.printing import show
from reference.commands.progress import Progress
from reference.commands.targets import TargetError, named_function
from reference.definitions import MissingDefinition
from reference.engines.engine import EngineError
from reference.reports import Entry, Run, as_data, environment, now, suffix_of, write

__all__ = ["configure", "execute"]

_HERE = Path(__file__).resolve().parent.parent  # the oracle's own code
_MODULES = {
    "torch": "torch", "jax": "jax", "hips": "autograd", "mygrad": "mygrad", "tinygrad": "tinygrad",
}  # fmt: skip

_ABOUT = """\
Checks the functions that are named, as module:function or file.py:function.

A function without required parameters is called. It may call assert_gradients, give a report (or
several) of check, or give what is to be checked: (f, array, array, …).

A function with parameters is checked itself, at arrays that are given or drawn:

  python -m reference check mylib:loss --engine torch --shape x=3,4 --shape y=3
  python -m reference check mylib:kernel --engine jax --arg x=0.5,-1 --definition mylib:plain
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _ABOUT
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "exit status: 0 all right, 1 a gradient is not, 2 wrong usage, 130 interrupted"
    add = parser.add_argument
    add("targets", nargs="+", metavar="module:function")
    add_array_options(parser)
    add("--engine", metavar="NAME", help=f"whose arrays it takes ({', '.join(adapters.names())})")
    add(
        "--definition",
        metavar="WHAT",
        help="its mathematics: module:function, or the name of a definition; default: traced",
    )
    add(
        "--what",
        action="append",
        default=[],
        choices=EVERYTHING,
        help="may be repeated; default: all that the engine offers",
    )
    add("--factor", type=float, default=None, help="times the judge's threshold (default 1)")
    add(
        "--points",
        type=int,
        default=0,
        metavar="N",
        help="check at up to N further places that are special to the function (default 0)",
    )
    add("--report", action="append", default=[], metavar="FILE",
        help="write a report: .html, .json or .xml (JUnit); may be repeated")  # fmt: skip


def execute(arguments: argparse.Namespace, error: Callable[[str], NoReturn]) -> int:
    """Run the command; 0 where every gradient is right, else 1."""
    if arguments.factor is not None and not arguments.factor > 0:
        error(f"--factor {arguments.factor:g}: give more than 0")
    try:
        for path in arguments.report:
            suffix_of(path)
        works = [(target, _work(target, arguments)) for target in arguments.targets]
    except (TargetError, ValueError) as problem:
        error(str(problem))
    entries: list[Entry] = []
    try:
        with Progress(len(works), "checks") as bar:
            for target, work in works:
                own = _entries(target, work, arguments, error)
                bar.clear()
                for entry, text in own:
                    show(text)
                    entries.append(entry)
                bar.step(target)
    finally:  # what was done before an interruption is written as well
        run = Run("check", now(), environment(), arguments.seed, entries)
        if entries:
            for path in arguments.report:
                write(run, path)
    return 0 if run.ok else 1


def _work(target: str, arguments: argparse.Namespace) -> Callable[[], list[Report]]:
    """What gives the reports of a target; everything that can be wrong usage is seen here."""
    function = named_function(target)
    given = bool(arguments.arg or arguments.args or arguments.shape)
    if not given and takes_nothing(function):
        return partial(_called, function, arguments)
    if arguments.engine is None and isinstance(function, adapters.Pair):
        return partial(_checked, function, arrays_for(function.forward, arguments), arguments)
    if arguments.engine is None:
        raise TargetError(
            f"{target} takes arrays: say whose with --engine ({', '.join(adapters.names())})"
        )
    _look_for(arguments.engine)
    arrays = arrays_for(function, arguments)
    return partial(_checked, function, arrays, arguments)


def _look_for(engine: str) -> None:
    """Raise TargetError for an engine that is unknown or not installed."""
    try:
        adapters.adapter(engine)
    except EngineError as problem:
        raise TargetError(str(problem)) from None
    module = _MODULES.get(engine, "")
    if module and find_spec(module) is None:
        raise TargetError(f"{module} is not installed: python -m pip install {module}")


def _checked(f: Callable[..., Any], arrays: Any, arguments: argparse.Namespace) -> list[Report]:
    options: dict[str, Any] = {"seed": arguments.seed}
    if arguments.definition is not None:
        named = arguments.definition
        options["definition"] = named_function(named) if ":" in named else named
    for name in ("engine", "factor", "points"):
        if getattr(arguments, name) is not None:
            options[name] = getattr(arguments, name)
    if arguments.what:
        options["what"] = arguments.what
    return [check(f, *arrays, **options)]


def _called(function: Callable[..., Any], arguments: argparse.Namespace) -> list[Report]:
    found = function()
    if found is None:  # it has asserted
        return []
    parts = list(found) if isinstance(found, (tuple, list)) else [found]
    if parts and all(isinstance(part, Report) for part in parts):
        return parts
    if parts and callable(parts[0]):
        return _checked(parts[0], parts[1:], arguments)
    raise TypeError(
        f"it gave {type(found).__name__}: give (f, array, …), a report of check, or nothing"
    )


def _entries(
    target: str,
    work: Callable[[], list[Report]],
    arguments: argparse.Namespace,
    error: Callable[[str], NoReturn],
) -> list[tuple[Entry, str]]:
    """An entry, and its text, for each report of a target."""
    start = time.perf_counter()
    command = _command(target, arguments)
    try:
        reports = work()
    except (EngineError, TargetError) as problem:  # not installed, or misspelt
        error(str(problem))
    except AssertionError as problem:
        seconds = time.perf_counter() - start
        text = str(problem) or "an assertion does not hold"
        entry = Entry(target, "check", "failed", seconds, None, text, target, command)
        return [(entry, f"{target}\n{text}")]
    except Exception as problem:  # noqa: BLE001  # whatever the code under test raises
        seconds = time.perf_counter() - start
        text = f"{type(problem).__name__}: {problem}{_place(problem)}"
        if isinstance(problem, MissingDefinition):
            text += "\nor give its mathematics: --definition"
        entry = Entry(target, "check", "error", seconds, None, text, target, command)
        return [(entry, f"{target}\n{text}")]
    if not reports:
        seconds = time.perf_counter() - start
        return [
            (Entry(target, "check", "passed", seconds, None, "", target, command), f"{target}: ok")
        ]
    result = []
    for number, report in enumerate(reports):
        name = target if len(reports) == 1 else f"{target} [{number}]"
        state = "passed" if report.ok else "failed"
        message = "" if report.ok else report.summary()
        entry = Entry(
            name, "check", state, report.seconds, as_data(report), message, target, command
        )
        result.append((entry, report.text))
    return result


def _place(error: Exception) -> str:
    """Where the code under test raised, if it was that code."""
    trace = traceback.extract_tb(error.__traceback__)
    last = trace[-1] if trace else None
    if last is None or Path(last.filename).resolve().is_relative_to(_HERE):
        return ""
    return f"\n    at {Path(last.filename).name}:{last.lineno}, in {last.name}"


def _command(target: str, arguments: argparse.Namespace) -> str:
    """The command line that checks this target alone."""
    words = ["python", "-m", "reference", "check", target]
    for name in ("engine", "definition", "args"):
        if getattr(arguments, name) is not None:
            words += [f"--{name}", str(getattr(arguments, name))]
    for name in ("arg", "shape", "what"):
        for value in getattr(arguments, name):
            words += [f"--{name}", value]
    if arguments.arg or arguments.shape:
        words += ["--dtype", arguments.dtype]
    if arguments.seed:
        words += ["--seed", str(arguments.seed)]
    if arguments.factor is not None:
        words += ["--factor", f"{arguments.factor:g}"]
    if arguments.points:
        words += ["--points", str(arguments.points)]
    return shlex.join(words)
