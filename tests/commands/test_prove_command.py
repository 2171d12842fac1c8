"""`python -m reference prove`: a thin command around `reference.prove`."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from reference.cli import main
from reference.commands import prove
from reference.prove import Piece, Proof, prove_piece


def status_of(*arguments: str) -> int:
    """The exit status of a command line, however it ends."""
    try:
        return main(arguments)
    except SystemExit as end:
        return int(end.code or 0)


def test_a_rule_is_proved(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("prove", "--ops", "pointwise.EXP") == 0
    out = capsys.readouterr().out
    assert "pointwise.EXP" in out
    assert out.rstrip().splitlines()[-1] in ("2 identical", "2 simplified")


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("prove", "--ops", "pointwise.EXP", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert {one["operation"] for one in found} == {"pointwise.EXP"}


def test_a_rule_that_is_wrong(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refuted = Proof("pointwise.EXP", "x", "refuted", ("x: 2",), "at x = 1: 2 is not 3", 0.0)
    monkeypatch.setattr(prove, "prove_piece", lambda _: refuted)
    assert status_of("prove", "--ops", "pointwise.EXP") == 1
    assert "2 refuted" in capsys.readouterr().out


def test_a_proof_that_breaks_off_is_none(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(_: Piece) -> Proof:
        raise ArithmeticError("no way")

    monkeypatch.setattr(prove, "prove_piece", breaks)
    assert status_of("prove", "--ops", "pointwise.EXP") == 1
    out = capsys.readouterr().out
    assert "2 not proved" in out
    assert "ArithmeticError: no way" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--ops", "nope"), "nope"),
        (("--jobs", "0"), "give 1 or more"),
        (("--seed", "-1"), "give 0 or more"),
        (("--ops", "pointwise.EXP", "--resume", "no/such/file"), "no folder"),
    ],
)
def test_wrong_usage(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of("prove", *arguments) == 2
    assert said in capsys.readouterr().err


def test_another_file_is_not_taken_for_proofs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("something else\n", encoding="utf-8")
    assert status_of("prove", "--ops", "pointwise.EXP", "--resume", str(path)) == 2
    assert "holds no proofs" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == "something else\n"


def test_what_is_interrupted_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Piece] = []

    def interrupted(piece: Piece) -> Proof:
        made.append(piece)
        if piece == ("pointwise.EXP", "value", 0) and made.count(piece) == 1:
            raise KeyboardInterrupt
        return prove_piece(piece)

    monkeypatch.setattr(prove, "prove_piece", interrupted)
    path = tmp_path / "proofs.jsonl"
    command = ("prove", "--ops", "pointwise.EXP", "--resume", str(path))
    assert status_of(*command) == 130
    told = capsys.readouterr()
    assert "1 identical" in told.out
    assert "interrupted: 1 of 2 done; the same command goes on from" in told.err
    with path.open("a", encoding="utf-8") as file:
        file.write('{"schema": "ref')  # cut off in the middle
    assert status_of(*command) == 0
    assert made.count(("pointwise.EXP", "x", 0)) == 1
    assert "2 identical" in capsys.readouterr().out


def test_progress_is_drawn_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        """A stream that says that it is a terminal."""

        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    assert status_of("prove", "--ops", "pointwise.EXP") == 0
    assert "2/2 proofs" in terminal.getvalue()
