"""`python -m reference audit`: an engine's operations, all of them, held to their definitions."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from fnmatch import fnmatchcase
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, NoReturn

from reference.audit import (
    MODES,
    EngineUnderTest,
    Outcome,
    Piece,
    Settings,
    audit,
    audited_engine,
    engine_names,
    examine_point,
)
from reference.audit.published import as_run, markdown, whole_json
from reference.audit.state import State
from reference.audit.table_text import (
    counts,
    finding_lines,
    gathered,
    legend,
    row_text,
    table_heading,
)
from reference.audit.work import points_of
from reference.commands.printing import show
from reference.commands.progress import Progress
from reference.commands.targets import unwritable
from reference.definitions import definitions
from reference.engines.engine import EngineError
from reference.reports import suffix_of, write

__all__ = ["configure", "execute"]

_DTYPES = ("float64", "float32", "float16", "bfloat16")
_STANDARD = Settings("")

_ABOUT = """\
Holds every operation that has a definition and that the engine has to its definition, at the
operation's special points: value, reverse mode (vjp), forward mode (jvp), and the second order in
four pairs of modes (rr: reverse over reverse, fr: forward over reverse, rf, ff). Prints a table of
verdicts and every finding with the command that shows it again.

Results are kept as they come, with --resume FILE or (until all is done) beside --json FILE; a
rerun after Ctrl-C goes on from there. A result is made again where the engine's or the oracle's
version is another.
"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.description = _ABOUT
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = (
        f"{legend()}\n\nexit status: 0 nothing found, 1 findings, 2 wrong usage, 130 interrupted"
    )
    add = parser.add_argument
    add("--engine", required=True, metavar="NAME", help="torch, autodiff, jax, autograd, …")
    add(
        "--ops",
        action="append",
        default=[],
        metavar="PATTERN",
        help="names of definitions, with * and ?; may be repeated, or separated by commas",
    )
    add(
        "--dtype",
        action="append",
        default=[],
        choices=_DTYPES,
        help="may be repeated; default: float64 and float32",
    )
    add("--what", action="append", default=[], choices=MODES, help="may be repeated; default: all")
    add("--point", type=int, metavar="N", help="this point only, with the whole report")
    add(
        "--points",
        type=_whole,
        default=_STANDARD.points,
        metavar="N",
        help=f"how many special points at most (default {_STANDARD.points})",
    )
    add("--seed", type=int, default=0, help="of the points and of all that is drawn (default 0)")
    add("--factor", type=_positive, default=1.0, help="times the judge's threshold")
    add(
        "--limit",
        type=_positive,
        default=_STANDARD.seconds,
        metavar="SECONDS",
        help=f"for an operation in a dtype (default {_STANDARD.seconds:g})",
    )
    add(
        "--each",
        type=_positive,
        default=_STANDARD.each,
        metavar="SECONDS",
        help=f"of the processor's time, for a point (default {_STANDARD.each:g})",
    )
    add("--jobs", type=_whole, default=1, metavar="N", help="processes (default 1)")
    add("--json", metavar="FILE", help="write all results as JSON")
    add("--html", metavar="FILE", help="write a page (.html; .json and .xml: as other reports)")
    add("--markdown", metavar="FILE", help="write the table and the findings as Markdown")
    add("--resume", metavar="FILE", help="keep results here as they come, and go on from them")
    add(
        "--load",
        action="append",
        default=[],
        metavar="MODULE",
        help="import this first: it may register engines and definitions; may be repeated",
    )


def _whole(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: give 1 or more")
    return value


def _positive(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError(f"{text}: give more than 0")
    return value


def execute(arguments: argparse.Namespace, error: Callable[[str], NoReturn]) -> int:
    """Run the command; 0 where nothing is found, else 1."""
    _check_files(arguments, error)
    for module in arguments.load:
        _load(module, error)
    try:
        engine = audited_engine(arguments.engine)
    except EngineError as problem:
        names = ", ".join(engine_names())
        error(str(problem) if names in str(problem) else f"{problem} (engines: {names})")
    settings = Settings(
        arguments.engine,
        tuple(mode for mode in MODES if mode in arguments.what) or MODES,
        arguments.points,
        arguments.seed,
        arguments.factor,
        arguments.limit,
        tuple(arguments.load),
        arguments.each,
    )
    operations = _chosen(engine, arguments.ops, error)
    dtypes = tuple(dict.fromkeys(arguments.dtype)) or _DTYPES[:2]
    pieces = [Piece(settings, name, dtype) for name in operations for dtype in dtypes]
    if arguments.point is not None:
        return _single(pieces, arguments.point, error)
    return _all(engine, settings, pieces, arguments, error)


def _check_files(arguments: argparse.Namespace, error: Callable[[str], NoReturn]) -> None:
    for name in ("json", "html", "markdown", "resume"):
        path = getattr(arguments, name)
        problem = None if path is None else unwritable(Path(path))
        if problem:
            error(f"cannot write {path!r}: {problem}")
    if arguments.html is not None:
        try:
            suffix_of(arguments.html)
        except ValueError as problem_with_name:
            error(str(problem_with_name))


def _load(module: str, error: Callable[[str], NoReturn]) -> None:
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        import_module(module)
    except ImportError as problem:
        error(f"--load {module}: {problem}")


def _chosen(
    engine: EngineUnderTest, patterns: list[str], error: Callable[[str], NoReturn]
) -> list[str]:
    """The names of operations that the engine has and that a pattern fits."""
    wanted = [part.strip() for text in patterns for part in text.split(",") if part.strip()]
    # without a domain nothing is differentiated: comparisons, indices
    have = [row.name for row in definitions() if row.name in engine.operations and row.domain]
    chosen = [name for name in have if not wanted or any(fnmatchcase(name, one) for one in wanted)]
    if not chosen:
        error(f"{engine.name} has no operation with a definition that fits {', '.join(wanted)}")
    return chosen


def _single(pieces: list[Piece], number: int, error: Callable[[str], NoReturn]) -> int:
    """One point of each of the pieces, with all that is to be said."""
    ok = True
    for piece in pieces:
        points = points_of(piece)
        if not 0 <= number < len(points):
            error(f"{piece.operation} has {len(points)} points in {piece.dtype}: 0 and on")
        point = points[number]
        show(f"point {number} of {piece.operation}, {piece.dtype}: {point.why}")
        try:
            report = examine_point(piece, point)
        except Exception as problem:  # noqa: BLE001  # an engine raises anything
            show(f"  {piece.settings.engine} raises {type(problem).__name__}: {problem}")
            ok = False
            continue
        show(report.text)
        ok = ok and not report.failures
    return 0 if ok else 1


def _all(
    engine: EngineUnderTest,
    settings: Settings,
    pieces: list[Piece],
    arguments: argparse.Namespace,
    error: Callable[[str], NoReturn],
) -> int:
    versions = _versions(engine)
    kept = _kept(arguments)
    try:
        state = State(kept, settings, versions)
    except (OSError, ValueError) as problem:
        error(f"--resume: {problem}")
    wanted = {(piece.operation, piece.dtype) for piece in pieces}
    rest = [p for p in pieces if (p.operation, p.dtype) not in state.found]
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    show(f"{len(pieces)} audits of {engine.name} ({named})")
    if len(rest) < len(pieces):
        show(f"{len(pieces) - len(rest)} are done, from {str(kept)!r}")
    show(table_heading(settings.what))
    try:
        _run(settings, rest, arguments.jobs, state)
    except KeyboardInterrupt:
        done = len(wanted & state.found.keys())
        where = f"; the same command goes on from {str(kept)!r}" if kept is not None else ""
        print(f"\ninterrupted: {done} of {len(pieces)} done{where}", file=sys.stderr)
        raise
    order = [(piece.operation, piece.dtype) for piece in pieces]
    outcomes = [state.found[key] for key in order if key in state.found]
    _summary(outcomes)
    content = whole_json(engine.name, settings, versions, outcomes)
    if arguments.json is not None:
        _write(arguments.json, json.dumps(content, indent=1, allow_nan=False) + "\n")
        if arguments.resume is None and kept is not None:
            kept.unlink(missing_ok=True)
    if arguments.markdown is not None:
        _write(arguments.markdown, markdown(f"Audit of {engine.name}", content))
    if arguments.html is not None:
        write(as_run(engine.name, settings, versions, outcomes), arguments.html)
    return 0 if all(outcome.ok for outcome in outcomes) else 1


def _write(place: str, text: str) -> None:
    """The file appears whole or not at all."""
    path = Path(place)
    part = path.with_name(path.name + ".new")
    part.write_text(text, encoding="utf-8", newline="\n")
    part.replace(path)


def _kept(arguments: argparse.Namespace) -> Path | None:
    """Where results are kept as they come."""
    if arguments.resume is not None:
        return Path(arguments.resume)
    return None if arguments.json is None else Path(arguments.json + ".part")


def _run(settings: Settings, pieces: list[Piece], jobs: int, state: State) -> None:
    with ExitStack() as stack:
        bar = stack.enter_context(Progress(len(pieces), "audits"))
        results: Iterable[Outcome] = audit(settings, pieces, jobs=jobs)
        close: Callable[[], Any] | None = getattr(results, "close", None)
        if close is not None:
            stack.callback(close)  # processes end before the interruption is reported
        for outcome in results:
            state.add(outcome)
            bar.clear()
            show(row_text(outcome, settings.what))
            bar.step(outcome.operation)


def _summary(outcomes: list[Outcome]) -> None:
    findings = [finding for outcome in outcomes for finding in outcome.findings]
    show()
    show(legend())
    for outcome in outcomes:
        for finding, also in gathered(outcome):
            show("\n".join(finding_lines(finding, also)))
    cells = ", ".join(f"{count} {verdict}" for verdict, count in counts(outcomes).items())
    errors = sum(outcome.error is not None for outcome in outcomes)
    show()
    show(
        f"{len(outcomes)} audits: {cells or 'nothing'}; {len(findings)} findings, {errors} errors"
    )


def _versions(engine: EngineUnderTest) -> dict[str, str]:
    """Versions of all that a result depends on."""
    found = {engine.name: engine.version} if engine.version else {}
    for name in ("autodiff-oracle", "numpy", "sympy", "python-flint"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "checkout"
    found["python"] = platform.python_version()
    return found
