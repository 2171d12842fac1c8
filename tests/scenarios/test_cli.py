"""`python -m reference scenarios`: what it prints, where it ends, with which status."""

import io
import json
import os
import signal
import subprocess
import sys
import types
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pytest

import autodiff
from reference import engines
from reference.cli import COMMANDS, Command, main
from reference.engines import Engine, EngineError
from reference.scenarios import command

MODULE = [sys.executable, "-m", "reference"]


def status_of(*arguments: str, commands: tuple[Command, ...] = COMMANDS) -> int:
    """The exit status of a command line, however it ends."""
    try:
        return main(arguments, commands)
    except SystemExit as end:
        return int(end.code or 0)


def scenarios_with(load: Callable[[str], Engine]) -> tuple[Command, ...]:
    """The command line, with engines from elsewhere."""
    return (COMMANDS[0]._replace(execute=partial(command.execute, load=load)),)


def broken_autodiff(name: str) -> Engine:
    """An `autodiff` whose gradients are off by one part in a million."""

    def ones(*size: Any, **named: Any) -> Any:
        leaf = autodiff.ones(*size, **named)
        if leaf.requires_grad:
            leaf.register_hook(lambda gradient: gradient * (1 + 1e-6))
        return leaf

    if name != "autodiff":
        return engines.load(name)
    return Engine(name, "0", types.SimpleNamespace(**{**vars(autodiff), "ones": ones}))


def test_all_hold(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("scenarios") == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith("The documented scenarios on autodiff ")
    assert out.count("  holds on autodiff, reference\n") == 16
    assert out.endswith(
        "autodiff   16 of 16 scenarios hold, largest error 0 ULPs\n"
        "reference  16 of 16 scenarios hold, largest error 0 ULPs\n"
    )
    assert max(map(len, out.splitlines())) <= 100


def test_output_is_stable(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("scenarios") == 0
    first = capsys.readouterr().out
    assert status_of("scenarios") == 0
    assert capsys.readouterr().out == first


def test_some_scenarios(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("scenarios", "S12", "s5") == 0
    out = capsys.readouterr().out
    headings = [line.split()[0] for line in out.splitlines() if line.startswith("S")]
    assert headings == ["S5", "S12"]
    assert "[[9/2, 9/2]," in out


def test_engines_are_added_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("scenarios", "S1", "--engine", "reference", "--engine", "autodiff") == 0
    assert "  holds on autodiff, reference\n" in capsys.readouterr().out


def test_a_broken_engine_gives_status_1(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "result.json"
    commands = scenarios_with(broken_autodiff)
    assert status_of("scenarios", "--json", str(file), commands=commands) == 1
    out = capsys.readouterr().out
    assert "  fails on autodiff\n    x.grad: numbers, 9 ULPs from the exact ones\n" in out
    assert "autodiff   12 of 16 scenarios hold" in out
    assert json.loads(file.read_text(encoding="utf-8"))["holds"] is False
    assert status_of("scenarios", "S1", commands=commands) == 0


def test_an_engine_that_raises_gives_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    def load(name: str) -> Engine:
        return Engine(name, "0", object()) if name == "autodiff" else engines.load(name)

    assert status_of("scenarios", "S1", commands=scenarios_with(load)) == 1
    out, err = capsys.readouterr()
    assert "AttributeError: 'object' object has no attribute 'ones'" in out
    assert err == ""


def test_json_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    assert status_of("scenarios", "S5", "--json", str(file)) == 0
    assert "holds on autodiff" in capsys.readouterr().out
    content = json.loads(file.read_text(encoding="utf-8"))
    assert list(content) == ["schema", "holds", "engines", "scenarios"]
    assert content["scenarios"][0]["outcomes"][0]["observations"][0]["exact"] == [["9/2"] * 2] * 2


def test_json_to_the_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("scenarios", "S5", "--json", "-") == 0
    assert json.loads(capsys.readouterr().out)["holds"] is True


def not_installed(name: str) -> Engine:
    raise EngineError(f"{name} is not installed: python -m pip install it")


WRONG = {
    "an unknown scenario": (["S16"], "scenarios: no scenario 'S16': did you mean S1, "),
    "an engine for a scenario": (["S1", "torch"], "(for an engine: --engine torch)"),
    "an unknown engine": (["--engine", "pytorch"], "no engine 'pytorch': did you mean torch?"),
    "no engine": (["--engine"], "argument --engine: expected one argument"),
    "an unknown option": (["--jso", "x"], "unrecognized arguments: --jso"),
    "a folder": (["--json", "."], "cannot write '.': it is a folder"),
    "no such folder": (
        ["--json", "lost/x.json"],
        "cannot write 'lost/x.json': there is no folder",
    ),
    "too long a name": (["--json", "x" * 5000], "File name too long"),
}


@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_wrong_usage_is_answered_in_one_line(
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert status_of("scenarios", *arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.startswith("python -m reference")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


NAMES = "scenarios, check, derive, certify, audit, prove"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], f"python -m reference: name a command: {NAMES}; --help says more"),
        (["scenario"], "python -m reference: argument COMMAND: invalid choice: 'scenario'"),
    ],
)
def test_no_such_command(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(message)
    assert err.count("\n") == 1


def test_an_engine_that_is_not_installed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert status_of("scenarios", "--engine", "torch") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "python -m pip install 'autodiff-oracle[torch]'" in err


def test_a_file_that_may_not_be_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anywhere
    assert status_of("scenarios", "--json", str(tmp_path / "x.json")) == 2
    assert capsys.readouterr().err.endswith("x.json': permission denied\n")


def test_a_file_that_cannot_be_written_in_the_end(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any, **named: Any) -> NoReturn:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    assert status_of("scenarios", "S1", "--json", str(tmp_path / "x.json")) == 2
    assert capsys.readouterr().err.endswith("x.json': No space left on device\n")


@pytest.mark.parametrize("arguments", [["--help"], ["scenarios", "--help"], ["--version"]])
def test_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(*arguments) == 0
    out, err = capsys.readouterr()
    assert out.strip()
    assert err == ""


# Terminals


class Terminal(io.StringIO):
    """Takes what is printed for a user's eyes."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": ""}, True),
        ({"TERM": "dumb"}, False),
    ],
)
def test_colours_on_a_terminal(
    environment: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    assert status_of("scenarios", "S1") == 0
    assert ("\x1b[" in terminal.getvalue()) is coloured


def test_no_colours_in_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("scenarios", "S1") == 0
    assert "\x1b" not in capsys.readouterr().out


def test_what_the_encoding_cannot_say_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(name: str) -> Engine:
        if name != "autodiff":
            return engines.load(name)
        return Engine(name, "0 \N{GREEK SMALL LETTER BETA}", autodiff)

    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    assert status_of("scenarios", "S1", commands=scenarios_with(load)) == 0
    sys.stdout.flush()
    assert b"autodiff 0 \\u03b2" in written.getvalue()


# Ends of a process


def process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments, stderr=subprocess.PIPE, text=True, timeout=300, check=False, **options
    )


def test_away_from_the_checkout(tmp_path: Path) -> None:
    environment = dict(os.environ)
    if "PYTHONPATH" in environment:  # relative entries would lose their meaning
        places = environment["PYTHONPATH"].split(os.pathsep)
        environment["PYTHONPATH"] = os.pathsep.join(str(Path(p).resolve()) for p in places)
    done = process(
        *MODULE, "scenarios", "S5", cwd=tmp_path, env=environment, stdout=subprocess.PIPE
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "holds on autodiff, reference" in done.stdout


def test_a_reader_who_has_seen_enough() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = process(*MODULE, "scenarios", "S5", stdout=writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_full_disk_under_the_output() -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = process(*MODULE, "scenarios", "S5", stdout=full)
    assert done.returncode == 2
    assert done.stderr == "python -m reference: No space left on device\n"


def test_interruption_ends_cleanly() -> None:
    program = (
        "import os, signal, sys\n"
        "from reference import cli\n"
        # a job in the background is started with the signal ignored
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "def execute(arguments, error):\n"
        f"    os.kill(os.getpid(), {int(signal.SIGINT)})\n"
        "    while True: pass\n"
        "command = cli.COMMANDS[0]._replace(execute=execute)\n"
        "sys.exit(cli.main(['scenarios'], [command]))\n"
    )
    done = process(sys.executable, "-c", program, stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "\ninterrupted\n"
