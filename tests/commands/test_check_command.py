"""`python -m reference check`: what it takes, what it says, with which status it ends."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from reference.cli import main

HERE = Path(__file__).parent


def status_of(*arguments: str) -> int:
    """The exit status of a command line, however it ends."""
    try:
        return main(arguments)
    except SystemExit as end:
        return int(end.code or 0)


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE)


@pytest.mark.parametrize("name", ["asserts", "given"])
def test_right(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("check", f"mylib:{name}") == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ["asserts_wrongly", "given_wrong", "reports"])
def test_wrong(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("check", f"mylib:{name}") == 1
    assert "the sign is wrong" in capsys.readouterr().out


def test_one_failure_does_not_hide_the_rest(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("check", "mylib:raises", "mylib:strange", "mylib:given") == 1
    out = capsys.readouterr().out
    assert "RuntimeError: <script>" in out
    assert re.search(r"at mylib\.py:\d+, in raises", out)
    assert "\x1b" not in out
    assert "it gave int" in out
    assert "exp on pair: correct" in out


@pytest.mark.parametrize("place", ["mylib", "mylib.py", str(HERE / "mylib.py")])
def test_modules_and_files(place: str) -> None:
    assert status_of("check", f"{place}:pair", "--engine", "pair", "--shape", "x=3") == 0


@pytest.mark.parametrize(
    "options",
    [
        ("--shape", "x=2,3", "--seed", "5"),
        ("--shape", "x="),
        ("--arg", "x=0.5,-0x1p-3", "--dtype", "float32"),
        ("--arg", "x=1,2;3,4", "--what", "vjp", "--factor", "2"),
        ("--shape", "x=3", "--definition", "sin"),
        ("--shape", "x=3", "--definition", "numpy:sin"),
    ],
)
def test_arrays(options: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("check", "mylib:sines", "--engine", "pair", *options) == 0
    assert "correct" in capsys.readouterr().out


def test_arrays_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "arrays.npz"
    np.savez(file, x=np.ones((2, 2), np.float32))
    assert status_of("check", "mylib:pair", "--engine", "pair", "--args", str(file)) == 0
    assert "x float32[2, 2]" in capsys.readouterr().out


def test_nothing_in_a_file_is_evaluated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "objects.npz"
    np.savez(file, x=np.array([print], dtype=object))
    assert status_of("check", "mylib:pair", "--engine", "pair", "--args", str(file)) == 2
    assert "holds no plain arrays" in capsys.readouterr().err


def test_drawn_numbers_depend_on_the_seed_alone(capsys: pytest.CaptureFixture[str]) -> None:
    shown = []
    for seed in ("0", "0", "1"):
        options = ("--engine", "pair", "--shape", "x=2", "--seed", seed, "--what", "vjp")
        assert status_of("check", "mylib:wrong_pair", *options) == 1
        out = capsys.readouterr().out
        shown.append([line for line in out.splitlines() if "np.array" in line])
    assert shown[0] == shown[1] != shown[2]


def test_reports(tmp_path: Path) -> None:
    files = [tmp_path / f"a.{kind}" for kind in ("html", "json", "xml")]
    options = [word for file in files for word in ("--report", str(file))]
    assert status_of("check", "mylib:given", "mylib:raises", *options) == 1
    page = files[0].read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "\x1b" not in page
    entries = json.loads(files[1].read_text(encoding="utf-8"))["entries"]
    assert [(entry["name"], entry["state"]) for entry in entries] == [
        ("mylib:given", "passed"),
        ("mylib:raises", "error"),
    ]
    assert entries[1]["command"] == "python -m reference check mylib:raises"
    tree = ElementTree.parse(files[2]).getroot()
    assert len(list(tree.iter("testcase"))) == 2


def test_an_interruption_keeps_what_is_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.json"
    targets = ("mylib:given", "mylib:interrupts", "mylib:asserts")
    assert status_of("check", *targets, "--report", str(file)) == 130
    assert "interrupted" in capsys.readouterr().err
    entries = json.loads(file.read_text(encoding="utf-8"))["entries"]
    assert [entry["name"] for entry in entries] == ["mylib:given"]


def test_a_pair_needs_no_engine(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("check", "mylib:pair", "--shape", "x=2", "--points", "3") == 0
    assert "on pair: correct" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mylib",), "write module:function"),
        (("mylib:nope",), "mylib has no 'nope'"),
        (("nowhere:f",), "nowhere cannot be imported"),
        (("nowhere.py:f",), "there is no file"),
        (("mylib:number",), "cannot be called"),
        (("mylib:loss",), "say whose with --engine"),
        (("mylib:pair", "--engine", "nope", "--shape", "x=3"), "no engine 'nope'"),
        (("mylib:sines", "--engine", "pair", "--arg", "x=one"), "'one' is no number"),
        (("mylib:sines", "--engine", "pair", "--arg", "x=1,2;3"), "the rows have [2, 1] numbers"),
        (("mylib:sines", "--engine", "pair", "--arg", "x"), "write --arg NAME"),
        (("mylib:sines", "--engine", "pair", "--shape", "x=n"), "sizes are whole numbers"),
        (("mylib:loss", "--engine", "pair", "--shape", "y=3"), "no parameter 'y'"),
        (("mylib:product", "--engine", "pair", "--shape", "A=3"), "about the parameter 'x'"),
        (("mylib:sines", "--engine", "pair", "--args", "no.npz"), "cannot read 'no.npz'"),
        (("mylib:given", "--report", "a.pdf"), "ends in .html"),
        (("mylib:given", "--factor", "0"), "give more than 0"),
        (("mylib:given", "--what", "colour"), "invalid choice"),
        ((), "required"),
    ],
)
def test_wrong_usage(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of("check", *arguments) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_an_engine_that_is_not_installed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reference.commands.check.find_spec", lambda name: None)
    assert status_of("check", "mylib:loss", "--engine", "torch", "--shape", "x=3") == 2
    assert "torch is not installed: python -m pip install torch" in capsys.readouterr().err


def test_as_a_process() -> None:
    module = sys.modules["reference"]
    home = str(Path(str(module.__file__)).parents[1])
    done = subprocess.run(
        [sys.executable, "-m", "reference", "check", "mylib:given"],
        env={**os.environ, "PYTHONPATH": home}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("exp on pair: correct")
    assert done.stderr == ""
