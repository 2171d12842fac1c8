"""`python -m reference prove`: the engine's own derivative rules, for all inputs of a shape."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

from reference.commands.jobs import run_pieces
from reference.commands.printing import show
from reference.commands.progress import Progress
from reference.commands.targets import unwritable
from reference.prove import Piece, Proof, pieces, prove_piece, table
from reference.reports import environment

__all__ = ["configure", "execute"]

SCHEMA = "reference.prove-state/1"

_ABOUT = """\
Runs every derivative rule of `autodiff` on symbolic arrays and shows it equal to the gradient that
is derived from the operation's definition: as the same expression, by simplification, or, where
SymPy cannot decide, by certified evaluation at random points.

After Ctrl-C what is proved is printed; with --resume FILE the same command goes on from there.
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
    add("--resume", metavar="FILE", help="keep proofs as they come, and go on from them")


def execute(arguments: argparse.Namespace, error: Callable[[str], NoReturn]) -> int:
    """Run the command; 0 where everything is proved."""
    if arguments.jobs < 1:
        error(f"--jobs {arguments.jobs}: give 1 or more")
    if arguments.seed < 0:
        error(f"--seed {arguments.seed}: give 0 or more")
    wanted = pieces(arguments.ops, seed=arguments.seed)
    if not wanted:
        error(f"no operation fits {arguments.ops!r}")
    path = None if arguments.resume is None else Path(arguments.resume)
    problem = None if path is None else unwritable(path)
    if problem:
        error(f"cannot write {arguments.resume!r}: {problem}")
    try:
        found = {} if path is None or not path.exists() else _read(path)
    except (OSError, ValueError) as unread:
        error(f"--resume: {unread}")
    try:
        _prove(wanted, found, arguments.jobs, path)
    except KeyboardInterrupt:
        _print(wanted, found, as_json=arguments.json)
        done = sum(piece in found for piece in wanted)
        where = "" if path is None else f"; the same command goes on from {str(path)!r}"
        print(f"\ninterrupted: {done} of {len(wanted)} done{where}", file=sys.stderr)
        raise
    _print(wanted, found, as_json=arguments.json)
    return 0 if all(found[piece].ok for piece in wanted) else 1


def _prove(
    wanted: Sequence[Piece], found: dict[Piece, Proof], jobs: int, path: Path | None
) -> None:
    """Add what is wanted and not yet found."""
    rest = [piece for piece in wanted if piece not in found]
    versions = environment([])
    results = run_pieces(prove_piece, rest, jobs=jobs)
    with Progress(len(rest), "proofs") as bar, closing(results):  # type: ignore[type-var]
        for done in results:
            proof = done.result
            if proof is None:
                text = done.error or "no proof, and no word why"
                proof = Proof(done.piece[0], done.piece[1], "not proved", (), text, 0.0)
            found[done.piece] = proof
            if path is not None and done.result is not None:
                line = {"schema": SCHEMA, "versions": versions, "piece": done.piece,
                        "proof": asdict(proof)}  # fmt: skip
                with path.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
            bar.step(done.piece[0])


def _read(path: Path) -> dict[Piece, Proof]:
    """The proofs of a file that were made with these versions; a torn line is passed over."""
    versions = environment([])
    found: dict[Piece, Proof] = {}
    lines = path.read_text(encoding="utf-8").splitlines()
    known = 0
    for line in lines:
        data = _parsed(line)
        if not isinstance(data, dict) or data.get("schema") != SCHEMA:
            continue
        known += 1
        if data.get("versions") == versions:
            proof = data["proof"]
            found[tuple(data["piece"])] = Proof(**{**proof, "shapes": tuple(proof["shapes"])})
    if lines and not known:
        raise ValueError(f"{str(path)!r} holds no proofs: name another file")
    return found


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _print(wanted: Sequence[Piece], found: dict[Piece, Proof], *, as_json: bool) -> None:
    proofs = [found[piece] for piece in wanted if piece in found]
    if as_json:
        show(json.dumps([asdict(proof) for proof in proofs], indent=1))
        return
    show(table(proofs))
    for proof in proofs:
        if not proof.ok:
            show(f"{proof.operation}, {proof.argument}: {proof.method}: {proof.text}")
    kinds = Counter(proof.kind for proof in proofs)
    show(", ".join(f"{count} {kind}" for kind, count in kinds.items()))
