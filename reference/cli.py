"""The command line, `python -m reference COMMAND`.

A command is a module with two functions: `configure(parser)` adds its arguments, and
`execute(arguments, error)` runs it and gives the exit status; `error(text)` ends it as wrong
usage. A further command is a module of this kind and an entry in `COMMANDS`.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import NamedTuple, NoReturn

from reference.commands import audit, certify, check, derive, prove
from reference.commands.printing import printable
from reference.scenarios import command as scenarios

__all__ = ["COMMANDS", "Command", "main"]

USAGE = 2
INTERRUPTED = 128 + 2  # SIGINT, as shells have it
BROKEN_PIPE = 128 + 13  # SIGPIPE


class Command(NamedTuple):
    """A subcommand: its name, what it does in one line, and its two functions."""

    name: str
    help: str
    configure: Callable[[argparse.ArgumentParser], None]
    execute: Callable[[argparse.Namespace, Callable[[str], NoReturn]], int]


COMMANDS = (
    Command(
        "scenarios",
        "run the documented scenarios on engines and on the oracle",
        scenarios.configure,
        scenarios.execute,
    ),
    Command(
        "check",
        "check the gradients of functions",
        check.configure,
        check.execute,
    ),
    Command(
        "derive",
        "write down the gradient of a function as a formula",
        derive.configure,
        derive.execute,
    ),
    Command(
        "certify",
        "print the gradient of a function with proven error bounds",
        certify.configure,
        certify.execute,
    ),
    Command(
        "audit",
        "hold every operation of an engine to its definition, at the special points",
        audit.configure,
        audit.execute,
    ),
    Command(
        "prove",
        "show that the engine's derivative rules are the derived gradients",
        prove.configure,
        prove.execute,
    ),
)


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        line = printable(" ".join(message.split()))
        self.exit(USAGE, f"{self.prog}: {line}\n")


def _parser(commands: Sequence[Command]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m reference",
        allow_abbrev=False,
        description="The oracle of gradients: what the exact gradient is, and who computes it.",
    )
    parser.add_argument("--version", action="version", version=_version())
    table = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=_Parser)
    for command in commands:
        sub = table.add_parser(command.name, help=command.help, allow_abbrev=False)
        command.configure(sub)
        sub.set_defaults(execute=command.execute, error=sub.error)
    return parser


def _version() -> str:
    try:
        return metadata.version("autodiff-oracle")
    except metadata.PackageNotFoundError:
        return "not installed: a checkout"


def main(arguments: Sequence[str] | None = None, commands: Sequence[Command] = COMMANDS) -> int:
    """Run a command line (by default the process's own) and give its exit status.

    Raises SystemExit where it ends early: wrong usage (2), `--help`, `--version` (0).

    >>> main(["scenarios", "S16"])
    Traceback (most recent call last):
    SystemExit: 2
    """
    parser = _parser(commands)
    try:
        given = parser.parse_args(arguments)
        if not hasattr(given, "execute"):
            names = ", ".join(command.name for command in commands)
            parser.error(f"name a command: {names}; --help says more")
        status: int = given.execute(given, given.error)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # whoever read the output has seen enough
        _discard_output()
        return BROKEN_PIPE
    except OSError as error:  # the disk that takes the output is full, say
        _discard_output()
        place = f": {error.filename!r}" if error.filename else ""
        print(f"{parser.prog}: {error.strerror or error}{place}", file=sys.stderr)
        return USAGE
    return status


def _discard_output() -> None:
    """Let what is still buffered go nowhere: Python would try again as it ends, and complain."""
    with contextlib.suppress(io.UnsupportedOperation), Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
