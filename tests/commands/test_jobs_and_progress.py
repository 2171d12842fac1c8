"""Pieces of work in processes, and the line that says how far they are."""

import io
import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from reference.commands.jobs import run_pieces
from reference.commands.progress import Progress


def test_here_and_elsewhere() -> None:
    numbers = [-1, -2, -3, -4, -5]
    alone = sorted(done.result or 0 for done in run_pieces(abs, numbers))
    with ThreadPoolExecutor(2) as executor:
        threads = sorted(done.result or 0 for done in run_pieces(abs, numbers, executor=executor))
    processes = sorted(done.result or 0 for done in run_pieces(abs, numbers, jobs=2))
    assert alone == threads == processes == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_raises_is_an_error_of_its_own(jobs: int) -> None:
    found = {done.piece: done for done in run_pieces(int, ["1", "x", "3"], jobs=jobs)}
    assert (found["1"].result, found["3"].result) == (1, 3)
    assert (found["x"].error or "").startswith("ValueError: invalid literal")


def test_a_crash_is_an_error_of_its_own() -> None:
    found = {done.piece: done for done in run_pieces(os._exit, [7], jobs=2)}
    assert found[7].error == "brought its process down (status 7): a crash in the engine"


def test_nothing_runs_on_when_the_results_are_dropped() -> None:
    before = set(multiprocessing.active_children())
    results = run_pieces(abs, list(range(50)), jobs=2)
    next(results)
    close = getattr(results, "close", None)
    assert close is not None
    close()
    assert set(multiprocessing.active_children()) <= before


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_bar_on_a_terminal() -> None:
    stream = Terminal()
    with Progress(2, "files", stream=stream) as bar:
        bar.step("one")
        bar.step("two \x1b[31m")
    text = stream.getvalue()
    assert "0/2 files" in text
    assert "2/2 files two ?[31m" in text
    assert "\n" not in text
    assert "\x1b" not in text
    assert text.endswith("\r")  # nothing is left of it


def test_no_bar_elsewhere() -> None:
    stream = io.StringIO()
    with Progress(2, "files", stream=stream) as bar:
        bar.step("one")
    assert stream.getvalue() == ""


def test_a_bar_of_nothing() -> None:
    stream = Terminal()
    with Progress(0, "files", stream=stream):
        pass
    assert "0/0 files" in stream.getvalue()
