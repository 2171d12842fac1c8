"""The fake engine, for one test at a time."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reference import adapters

REGISTERING = """
from fake_engine import Fake
from reference.adapters import register

register(Fake())
"""


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a module that registers the fake engine; the current folder is a fresh one."""
    name = "registers_fake"
    (tmp_path / f"{name}.py").write_text(REGISTERING, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(adapters, "_registered", {})
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("FAKE_PRESSED", str(tmp_path / "pressed"))
    yield name
    sys.modules.pop(name, None)
