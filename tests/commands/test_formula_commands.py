"""`python -m reference derive` and `certify`."""

import json
from decimal import Decimal, localcontext
from pathlib import Path

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


def test_derive(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("derive", "mylib:loss", "--shape", "x=n") == 0
    expected = "d loss/d x[j] = exp(x[j])/Sum(exp(x[k]), (k, 0, n - 1))\n"
    assert capsys.readouterr().out == expected


def test_derive_with_respect_to_some(capsys: pytest.CaptureFixture[str]) -> None:
    shapes = ("--shape", "A=n,m", "--shape", "x=m")
    assert status_of("derive", "mylib:product", *shapes, "--wrt", "A") == 0
    assert capsys.readouterr().out == "d product/d A[i, j] = x[j]\n"


def test_derive_as_latex(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("derive", "mylib:loss", "--shape", "x=n", "--latex") == 0
    assert capsys.readouterr().out.startswith(r"\frac{\partial \operatorname{loss}}")


def test_derive_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    shapes = ("--shape", "A=n,3", "--shape", "x=3")
    assert status_of("derive", "mylib:product", *shapes, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "reference.derive/1"
    assert [one["wrt"] for one in found["formulas"]] == [["A"], ["x"]]
    assert found["formulas"][0]["shape"] == ["n", "3"]


def test_derive_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("derive", "mylib:sine", "--shape", "x=", "--order", "2") == 0
    assert capsys.readouterr().out.endswith("= -sin(x)\n")


def test_derive_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("derive", "mylib:softmax", "--shape", "x=n", "--explain") == 0
    assert "where" in capsys.readouterr().out


def test_derive_of_what_raises(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("derive", "mylib:product", "--shape", "A=2", "--shape", "x=3") == 1
    assert capsys.readouterr().out.startswith("mylib:product: ")


def test_certify(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("certify", "mylib:loss", "--arg", "x=0.5,1.5", "--digits", "25") == 0
    out = capsys.readouterr().out
    assert "d/d x = [0.2689414213699951207488408, 0.7310585786300048792511592]" in out


def test_certify_as_decimal_strings(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("certify", "mylib:loss", "--arg", "x=0.5,1.5", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["schema"] == "reference.certify/1"
    assert found["certified"] is True
    (gradient,) = found["gradients"]
    assert gradient["shape"] == [2]
    with localcontext() as context:
        context.prec = 60
        truth = 1 / (1 + Decimal(1).exp())
        middle, radius = Decimal(gradient["midpoints"][0]), Decimal(gradient["radii"][0])
        assert abs(middle - truth) <= radius < Decimal("1e-30")


def test_certify_a_kink(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("certify", "mylib:kink", "--arg", "x=0,1") == 1
    assert "kink in x at [0]" in capsys.readouterr().out


def test_certify_several_outputs(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--arg", "x=0.5", "--cotangent", "3")
    assert status_of("certify", "mylib:sine", *options) == 0
    assert "d/d x = 2.6327476856711" in capsys.readouterr().out
    assert status_of("certify", "mylib:sine", "--arg", "x=0.5,0.5") == 0
    assert "d/d x = [0.87758256189037272, 0.87758256189037272]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("derive", "mylib:nope"), "mylib has no 'nope'"),
        (("derive", "mylib:loss", "--shape", "y=n"), "no parameter 'y'"),
        (("derive", "mylib:loss", "--shape", "x=n-1"), "neither a number nor a name"),
        (("derive", "mylib:loss", "--shape", "x=n", "--wrt", "y"), "no such parameter"),
        (("derive", "mylib:loss", "--shape", "x=n", "--order", "0"), "give 1 or more"),
        (("derive", "mylib:given"), "no parameters"),
        (("derive", "mylib:loss", "--latex", "--json"), "not allowed with"),
        (("certify", "mylib:loss"), "about the parameter 'x'"),
        (("certify", "mylib:loss", "--arg", "x=1", "--digits", "0"), "give 1 or more"),
        (("certify", "mylib:sine", "--arg", "x=1", "--cotangent", "a"), "'a' is no number"),
    ],
)
def test_wrong_usage(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of(*arguments) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
