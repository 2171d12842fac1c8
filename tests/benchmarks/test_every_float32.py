"""The search for the worst errors of compiled functions finds what is planted."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
every = importlib.import_module("every_float32")
STEP = 100_003


def kernels(**changed: Any) -> SimpleNamespace:
    def rounded(name: str) -> Any:
        def function(*arrays: Any) -> Any:
            with np.errstate(all="ignore"):
                return every.exact(name, arrays[-1].astype(np.float64)).astype(np.float32)

        return function

    return SimpleNamespace(**{name: rounded(name) for name in every.FUNCTIONS} | changed)


def test_what_is_rounded_once_is_half_a_unit_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(every, "kernels", kernels())
    for name in every.FUNCTIONS:
        worst = every.measured(name, STEP)
        assert 0.4 < worst.units <= 0.5
        assert worst.special == 0


def test_errors_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def far(x: Any) -> Any:
        with np.errstate(all="ignore"):
            return np.nextafter(np.exp(x), np.float32(0))

    monkeypatch.setattr(every, "kernels", kernels(exp=far, tanh=np.nan_to_num))
    worst = every.measured("exp", STEP)
    assert worst.units > 1
    assert worst.special > 1000  # infinities
    assert every.measured("tanh", STEP).special > 100  # nan


def test_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(every, "kernels", kernels())
    assert every.main(["--step", str(STEP), "--only", "exp"]) == 0
    assert capsys.readouterr().out.startswith("exp: 0.5")
    monkeypatch.setattr(every, "kernels", None)
    assert every.main([]) == 1
