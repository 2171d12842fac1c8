"""`python -m reference audit` on an engine whose mistakes are known."""

import json
import os
import subprocess
import sys
import types
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reference import audit as package
from reference import definitions
from reference.audit import Finding, Outcome, Piece, Settings, audit
from reference.audit.model import GRAVITY, MODES, SYMBOLS
from reference.audit.published import as_run, markdown, whole_json
from reference.audit.state import State
from reference.cli import main
from reference.reports import read, write

COMMON = ("audit", "--engine", "fake", "--points", "5")
RIGHT_AND_WRONG = "sin,square,exp,tanh"


def status_of(*arguments: str) -> int:
    """The exit status of a command line, however it ends."""
    try:
        return main(arguments)
    except SystemExit as end:
        return int(end.code or 0)


def run(fake: str, *arguments: str) -> int:
    return status_of(*COMMON, "--load", fake, *arguments)


def rows(text: str) -> dict[tuple[str, str], list[str]]:
    """The table of symbols by operation and dtype."""
    words = [line.split() for line in text.splitlines()]
    return {
        (one[0], one[1]): [cell for cell in one[2:9] if cell in SYMBOLS.values()]
        for one in words
        if len(one) > 2 and one[1].startswith("float") and one[2] in SYMBOLS.values()
    }


def outcomes(path: Path) -> dict[tuple[str, str], Outcome]:
    data = json.loads(path.read_text(encoding="utf-8"))
    found = [Outcome.from_json(one) for one in data["outcomes"]]
    return {(outcome.operation, outcome.dtype): outcome for outcome in found}


def test_verdicts(fake: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(fake, "--ops", RIGHT_AND_WRONG) == 1
    found = rows(capsys.readouterr().out)
    assert found["sin", "float64"][:2] == ["✓", "✓"]
    assert found["square", "float32"][:2] == ["✓", "✓"]
    assert found["exp", "float64"][:2] == ["✓", "✗"]
    assert found["tanh", "float64"][:2] == ["✓", "✗"]
    assert found["sin", "float64"][2:] == ["·"] * 5  # the engine has reverse mode alone


def test_all_right(fake: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(fake, "--ops", "s*", "--dtype", "float64", "--what", "vjp") == 0
    assert capsys.readouterr().out.rstrip().endswith("0 findings, 0 errors")


def test_a_finding_and_the_command_that_shows_it_again(
    fake: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "found.json"
    assert run(fake, "--ops", "exp", "--dtype", "float32", "--json", str(file)) == 1
    printed = capsys.readouterr().out
    (outcome,) = outcomes(file).values()
    (finding,) = [one for one in outcome.findings if one.verdict == "wrong"]
    assert finding.mode == "vjp"
    assert finding.given is not None
    assert float.fromhex(finding.given) != 0
    assert any(finding.given in argument for argument in finding.arguments)
    assert float(finding.ulps) > 1000 < float(finding.excess)
    assert finding.point in finding.points
    assert finding.command in printed
    words = finding.command.split()
    assert words[:3] == ["python", "-m", "reference"]
    assert status_of(*words[3:]) == 1
    again = capsys.readouterr().out
    assert f"point {finding.point} of exp, float32" in again
    assert "NOT correct" in again


def test_a_point_that_is_right(fake: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(fake, "--ops", "sin", "--dtype", "float64", "--point", "0", "--what", "vjp") == 0
    assert "correct" in capsys.readouterr().out


def test_two_processes_find_what_one_finds(
    fake: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    files = [tmp_path / "one.json", tmp_path / "two.json"]
    for file, jobs in zip(files, ("1", "2"), strict=True):
        assert run(fake, "--ops", RIGHT_AND_WRONG, "--jobs", jobs, "--json", str(file)) == 1
    contents = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    for content in contents:
        for outcome in content["outcomes"]:
            outcome.pop("seconds")
    assert contents[0] == contents[1]
    assert capsys.readouterr().err == ""


def test_any_executor(fake: str) -> None:
    settings = Settings("fake", what=("vjp",), points=3, load=(fake,))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path.cwd()))
        pieces = [Piece(settings, name, "float64") for name in ("sin", "exp")]
        alone = {one.operation: dict(one.grid) for one in audit(settings, pieces)}
        with ThreadPoolExecutor(2) as executor:
            found = audit(settings, pieces, executor=executor)
            assert {one.operation: dict(one.grid) for one in found} == alone
    assert alone == {"sin": {"vjp": "correct"}, "exp": {"vjp": "wrong"}}


def test_an_interrupted_audit_goes_on(
    fake: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """`neg` raises KeyboardInterrupt the first time; operations run in the definitions' order."""
    state, file = tmp_path / "state.jsonl", tmp_path / "all.json"
    arguments = (
        "--ops", "neg,square,sin", "--dtype", "float64", "--what", "vjp",
        "--resume", str(state), "--json", str(file),
    )  # fmt: skip
    assert run(fake, "--ops", "sin", *arguments[2:]) == 0
    capsys.readouterr()
    assert run(fake, *arguments) == 130
    out, err = capsys.readouterr()
    assert "1 are done" in out
    assert "interrupted: 1 of 3 done; the same command goes on" in err
    assert file.exists()  # of the first run
    kept = state.read_text(encoding="utf-8").splitlines()
    assert len(kept) == 1
    assert run(fake, *arguments) == 0
    out = capsys.readouterr().out
    assert "1 are done" in out
    assert set(rows(out)) == {("neg", "float64"), ("square", "float64")}
    assert len(outcomes(file)) == 3
    assert run(fake, *arguments) == 0
    assert rows(capsys.readouterr().out) == {}
    assert state.read_text(encoding="utf-8").splitlines()[:1] == kept


def test_results_are_kept_beside_the_json_file_until_all_is_done(
    fake: str, tmp_path: Path
) -> None:
    file = tmp_path / "all.json"
    arguments = ("--ops", "square,neg", "--dtype", "float64", "--what", "vjp", "--json", str(file))
    assert run(fake, *arguments) == 130
    assert not file.exists()
    part = Path(f"{file}.part")
    assert not part.exists()  # `neg` comes first: nothing was done
    assert run(fake, *arguments) == 0
    assert file.exists()
    assert not part.exists()


@pytest.mark.parametrize("change", [("--seed", "1"), ("--points", "4"), ("--factor", "2")])
def test_other_questions_are_asked_again(
    fake: str, change: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = str(tmp_path / "state.jsonl")
    arguments = ("--ops", "sin", "--dtype", "float64", "--what", "vjp", "--resume", state)
    assert run(fake, *arguments) == 0
    assert len(rows(capsys.readouterr().out)) == 1
    assert run(fake, *arguments, *change) == 0
    assert len(rows(capsys.readouterr().out)) == 1


def test_other_versions_are_audited_again(tmp_path: Path) -> None:
    path = tmp_path / "state.jsonl"
    settings = Settings("fake")
    State(path, settings, {"fake": "1"}).add(Outcome("sin", "float64"))
    assert State(path, settings, {"fake": "1"}).found
    assert not State(path, settings, {"fake": "2"}).found


def test_what_came_to_nothing_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "state.jsonl"
    first = State(path, Settings("fake"), {})
    first.add(Outcome("sin", "float64", error="brought its process down"))
    first.add(Outcome("cos", "float64", points=3, error="points that took longer than 1 s: 0"))
    assert set(State(path, Settings("fake"), {}).found) == {("cos", "float64")}


def test_a_torn_line_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "state.jsonl"
    first = State(path, Settings("fake"), {})
    first.add(Outcome("sin", "float64", {"vjp": "wrong"}))
    first.add(Outcome("exp", "float64"))
    content = path.read_text(encoding="utf-8")
    path.write_text(content[:-20], encoding="utf-8")
    second = State(path, Settings("fake"), {})
    assert set(second.found) == {("sin", "float64")}
    second.add(Outcome("cos", "float64"))
    third = State(path, Settings("fake"), {})
    assert set(third.found) == {("sin", "float64"), ("cos", "float64")}
    assert third.found["sin", "float64"].grid == {"vjp": "wrong"}


def test_a_file_of_something_else_is_left_alone(
    fake: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "thesis.txt"
    path.write_text("my thesis\n", encoding="utf-8")
    assert run(fake, "--ops", "sin", "--resume", str(path)) == 2
    assert "holds no results of an audit" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == "my thesis\n"


def test_what_raises_is_an_error_of_that_operation_alone(
    fake: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(fake, "--ops", "cosh,sin", "--dtype", "float64", "--what", "value") == 0
    found = rows(capsys.readouterr().out)
    assert found["cosh", "float64"] == ["!"]
    assert found["sin", "float64"] == ["✓"]


@pytest.mark.parametrize(
    ("deadly", "said"), [("floor", "brought its process down"), ("trunc", "did not end within")]
)
def test_a_crash_and_a_hang_end_their_process_only(
    fake: str, deadly: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With two processes, the piece beside the deadly one is run again and comes out whole."""
    monkeypatch.setattr("reference.audit.work._GRACE", 3.0)
    monkeypatch.setattr("reference.audit.work._at_most", _never)
    settings = Settings("fake", what=("value",), points=2, seconds=1.0, load=(fake,))
    pieces = [Piece(settings, name, "float64") for name in (deadly, "sin", "square")]
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path.cwd()))
        found = {one.operation: one for one in audit(settings, pieces, jobs=2)}
    error = found[deadly].error
    assert error is not None
    assert said in error
    assert found["sin"].grid == found["square"].grid == {"value": "correct"}


def _never(seconds: float) -> None:
    raise AssertionError("the alarm is for the processes, where nothing is patched")


def test_a_hang_is_ended_by_an_alarm(fake: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--dtype", "float64", "--what", "value", "--points", "2", "--limit", "0.2")
    assert run(fake, "--ops", "ceil", *arguments) == 1
    assert "points that took longer than 0.2 s: 0" in capsys.readouterr().out


def test_a_point_has_so_much_of_the_processor(
    fake: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The points after one that takes too long are looked at all the same."""
    page = tmp_path / "page.md"
    options = ("--points", "6", "--each", "0.25", "--markdown", str(page))
    assert run(fake, "--ops", "abs", "--dtype", "float64", "--what", "vjp", *options) == 1
    assert "points that took longer than 0.25 s: " in capsys.readouterr().out
    text = page.read_text(encoding="utf-8")
    assert "| `abs` | – | ✓ |" in text
    command = "--engine fake --dtype float64 --what vjp --points 6 --each 0.25`"
    assert f"Made by `python -m reference audit {command}" in text
    assert "left out for want of time" in text


def test_files_for_people_and_machines(fake: str, tmp_path: Path) -> None:
    names = [tmp_path / name for name in ("a.html", "a.md", "a.json")]
    options = ("--html", str(names[0]), "--markdown", str(names[1]), "--json", str(names[2]))
    assert run(fake, "--ops", "exp,sin", "--dtype", "float64", *options) == 1
    page, text, data = (name.read_text(encoding="utf-8") for name in names)
    assert "audit of fake" in page
    assert "| `exp` | ✓ | ✗ |" in text
    assert "python -m reference audit --engine fake --ops exp" in text
    content = json.loads(data)
    assert content["schema"] == "reference.audit/1"
    assert content["versions"]["fake"] == "1"
    assert content["settings"]["points"] == 5
    assert [one["operation"] for one in content["outcomes"]] == ["exp", "sin"]


def test_hostile_text_is_escaped(tmp_path: Path) -> None:
    bad = "<script>alert(1)</script>|\x1b[31m`"
    finding = Finding(
        "exp", "float64", "vjp", "wrong", 0, bad, bad, bad, (bad,), (), None, bad, bad,
        "0", "1", "1", bad, (0,), "python -m reference",
    )  # fmt: skip
    found = [
        Outcome("exp", "float64", {"vjp": "wrong"}, 1, 0, (finding,), {"jvp": bad}, error=bad)
    ]
    settings = Settings("fake")
    run_of = as_run(bad, settings, {bad: bad}, found)
    page = write(run_of, tmp_path / "a.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "\x1b" not in page
    assert read(write(run_of, tmp_path / "a.json")).title == f"audit of {bad}"
    text = markdown("Audit", whole_json("fake", settings, {}, found))
    assert "<script>" not in text.replace("\\<script\\>", "")


def test_the_terminal_is_shown_no_escape_sequences(
    fake: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(fake, "--ops", "\x1b[31m") == 2
    assert "\x1b" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--engine", "nope"), "no engine 'nope'"),
        (("--engine", "pair"), "no operations of its own to audit"),
        (("--engine", "autodiff", "--ops", "nope*"), "no operation with a definition that fits"),
        (("--engine", "autodiff", "--dtype", "int8"), "invalid choice: 'int8'"),
        (("--engine", "autodiff", "--jobs", "0"), "give 1 or more"),
        (("--engine", "autodiff", "--html", "a.pdf"), "ends in .html"),
        (("--engine", "autodiff", "--json", "/nowhere/a.json"), "no folder"),
        (("--engine", "autodiff", "--load", "not_there"), "--load not_there"),
        (("--engine", "autodiff", "--ops", "sin", "--point", "999"), "points in float64"),
        ((), "--engine"),
    ],
)
def test_wrong_usage(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of("audit", *arguments) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_autodiff_has_most_of_the_definitions() -> None:
    engine = package.audited_engine("autodiff")
    first_tier = {row.name for row in definitions.definitions() if row.domain}
    assert len(first_tier & engine.operations.keys()) > 100


def test_autodiff_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--ops", "tanh,mul", "--points", "4", "--dtype", "float64")
    assert status_of("audit", "--engine", "autodiff", *arguments) == 0
    found = rows(capsys.readouterr().out)
    assert found["tanh", "float64"] == found["mul", "float64"] == ["✓"] * 7


def test_every_verdict_has_a_symbol_and_a_rank() -> None:
    assert tuple(SYMBOLS) == GRAVITY
    assert len(MODES) == 7


def test_in_a_process_of_its_own(fake: str) -> None:
    """Ctrl-C in the middle: status 130, what is done kept, nothing left running."""
    command = [sys.executable, "-m", "reference", *COMMON, "--load", fake, "--what", "vjp"]
    command += ["--ops", "square,neg", "--dtype", "float64", "--resume", "kept.jsonl"]
    paths = os.pathsep.join(_paths(sys.path))
    environment = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 130, done.stderr
    assert "interrupted: 0 of 2 done" in done.stderr
    assert "Traceback" not in done.stderr


def _paths(found: Iterable[str]) -> list[str]:
    """Where this process finds the packages, which may be a checkout or a wheel."""
    module = sys.modules["reference"]
    assert isinstance(module, types.ModuleType)
    home = str(Path(str(module.__file__)).parents[1])
    return [home, *(path for path in found if path.endswith("shared"))]
