"""`python -m reference prove`: a thin command around `reference.prove`."""

import json

import pytest

from reference.cli import main
from reference.commands import prove
from reference.prove import Proof


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
    monkeypatch.setattr(prove, "prove_all", lambda *_, **__: [refuted])
    assert status_of("prove") == 1
    assert "1 refuted" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("--ops", "nope"), "nope"), (("--jobs", "0"), "give 1 or more")],
)
def test_wrong_usage(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of("prove", *arguments) == 2
    assert said in capsys.readouterr().err
