"""examples/digits.py does what it says, and the README shows what it prints."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "examples" / "digits.py"
PATIENCE = 600  # seconds; a slow machine is no failure


def needs_the_extra() -> None:
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")


def run(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        cwd=directory,
        env={**os.environ, "COLUMNS": "100", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


def shape_of(text: str) -> list[str]:
    """The lines of a report, with a # for every number and no notice of columns."""
    masked = re.sub(r"\d[\d,]*(\.\d+)?(e[+-]\d+)?", "#", text)
    return [" ".join(line.split()) for line in masked.splitlines()]


def counts(output: str, title: str) -> list[int]:
    """The numbers of one row of the table, less the share."""
    line = next(line for line in output.splitlines() if line.startswith(title + " "))
    return [int(word.replace(",", "")) for word in line.removeprefix(title).split()[:5]]


def test_the_gradient_of_a_trained_network_is_certified(tmp_path: Path) -> None:
    needs_the_extra()
    done = run(tmp_path, "--quick")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "step/s" not in done.stdout + done.stderr  # no bar where there is no terminal
    picture = (tmp_path / "digits.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 20_000

    losses = [float(number) for number in re.findall(r"loss ([\d.]+)", done.stdout)]
    assert len(losses) == 4
    assert losses[-1] < losses[0] / 3
    found = re.search(r"Accuracy on 360 test images: ([\d.]+) %", done.stdout)
    assert found is not None
    assert float(found[1]) > 90

    assert "4,810 of 4,810 numbers certified to 2**-10 ULP" in done.stdout
    assert "Verdict: 4,810 correct." in done.stdout
    titles = ("0", "up to 0.5", "up to 1", "up to 2", "up to 4", "up to 16", "more than 16")
    rows = [counts(done.stdout, title) for title in titles]
    assert [sum(column) for column in zip(*rows, strict=True)] == [4096, 64, 640, 10, 4810]
    # What is rounded correctly is off by half an ULP at most.
    within = [zero + half for zero, half in zip(rows[0], rows[1], strict=True)]
    rounded = counts(done.stdout, "correctly rounded")
    assert all(r <= w for r, w in zip(rounded, within, strict=True))

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(
        r"^The gradient of the next step.*?(?=\n```)", readme, re.DOTALL | re.MULTILINE
    )
    assert shown is not None
    printed = done.stdout[done.stdout.index("The gradient of the next step") :]
    assert shape_of(shown[0]) == shape_of(printed)


def test_the_same_seed_gives_the_same_output(tmp_path: Path) -> None:
    needs_the_extra()
    options = ("--epochs", "1", "--batch", "700", "--output", "picture.svg")
    first, second, other = (
        run(tmp_path, *options, "--seed", seed).stdout for seed in ("7", "7", "8")
    )
    assert first.endswith("Picture: picture.svg\n")
    assert first == second
    assert first != other


@pytest.mark.skipif(os.name == "nt", reason="Windows sends interrupts to a whole console")
def test_an_interruption_is_no_traceback(tmp_path: Path) -> None:
    needs_the_extra()
    # A parent may have told its children to ignore interrupts.
    code = (
        "import runpy, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "sys.argv = ['digits.py', '--epochs', '1000000']\n"
        f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("epoch ")
        process.send_signal(signal.SIGINT)
        errors = process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert errors.splitlines()[-1] == "digits.py: interrupted"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("missing", ["sklearn", "matplotlib", "tqdm"])
def test_a_missing_extra_is_one_line(missing: str, tmp_path: Path) -> None:
    code = (
        "import runpy, sys\n"
        f"sys.modules[{missing!r}] = None\n"
        f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')\n"
    )
    if missing != "matplotlib":  # which is imported before the others
        needs_the_extra()
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1] == (
        f"digits.py: {missing} is not installed; in the checkout, "
        "python -m pip install '.[examples]' installs all that is needed"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--batch", "1438"], "argument --batch: 1438 is more than the 1437 images there are"),
        (["--epochs", "0"], "argument --epochs: '0' is not a positive whole number"),
        (["--output", "digits.doc"], "argument --output: digits.doc should end in one of "),
        (["--output", "absent/digits.png"], "argument --output: there is no folder absent"),
    ],
)
def test_a_wrong_option_is_told_at_once(
    arguments: list[str], message: str, tmp_path: Path
) -> None:
    needs_the_extra()
    done = run(tmp_path, *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith(f"digits.py: error: {message}")
    assert "Traceback" not in done.stderr
