"""Every in-place method here and in the installed PyTorch: values, names, versions, refusals."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest

import autodiff

torch = pytest.importorskip("torch")

# method -> argument lists, as text with T the namespace, o an operand [2., 3.] that requires grad
CALLS = {
    "abs": ["()"],
    "absolute": ["()"],
    "add": ["(o,)", "(1,)", "(o, )", "(d,)", "(T.tensor(2.),)"],
    "addcdiv": ["(o, o)", "(o, c)"],
    "addcmul": ["(o, o)", "(o, c)"],
    "bitwise_and": ["(i,)"],
    "bitwise_not": ["()"],
    "clamp": ["(0, 1)", "(o, o + 1)", "(d.float() - 1, o)", "(0,)", "(None, 1)"],
    "clip": ["(0, 1)"],
    "copy": ["(o,)", "(d,)", "(T.tensor(2.),)", "(i,)"],
    "cos": ["()"],
    "cosh": ["()"],
    "cumsum": ["(0,)"],
    "div": ["(o,)", "(2,)"],
    "divide": ["(o,)"],
    "eq": ["(o,)", "(1,)"],
    "erf": ["()"],
    "exp": ["()"],
    "expm1": ["()"],
    "fill": ["(1.5,)", "(T.tensor(1.),)", "(o[0],)"],
    "floor": ["()"],
    "floor_divide": ["(c,)", "(2,)"],
    "ge": ["(o,)", "(1,)"],
    "gt": ["(o,)", "(1,)"],
    "index_add": ["(0, i, o)"],
    "index_copy": ["(0, i, o)"],
    "index_fill": ["(0, i, 1.)", "(0, i, o[0])"],
    "index_put": ["((i,), o)", "((i,), o, True)"],
    "le": ["(o,)", "(1,)"],
    "lerp": ["(o, 0.5)", "(o, o)", "(c, 0.25)"],
    "log": ["()"],
    "log1p": ["()"],
    "logical_and": ["(o,)"],
    "logical_not": ["()"],
    "logical_or": ["(o,)"],
    "logical_xor": ["(o,)"],
    "lt": ["(o,)", "(1,)"],
    "masked_fill": ["(m, 1.)", "(m, o[0])"],
    "masked_scatter": ["(m, o)"],
    "mul": ["(o,)", "(2,)", "(d,)"],
    "multiply": ["(o,)"],
    "ne": ["(o,)", "(1,)"],
    "neg": ["()"],
    "negative": ["()"],
    "pow": ["(o,)", "(2,)", "(0.5,)", "(1,)", "(0,)"],
    "put": ["(i, o)", "(i, o, True)"],
    "reciprocal": ["()"],
    "relu": ["()"],
    "remainder": ["(2,)", "(c,)"],
    "round": ["()"],
    "rsqrt": ["()"],
    "scatter": ["(0, i, o)", "(0, i, 1.)"],
    "scatter_add": ["(0, i, o)"],
    "sgn": ["()"],
    "sigmoid": ["()"],
    "sign": ["()"],
    "sin": ["()"],
    "sinh": ["()"],
    "sqrt": ["()"],
    "square": ["()"],
    "squeeze": ["()", "(0,)"],
    "sub": ["(o,)", "(1,)"],
    "subtract": ["(o,)"],
    "swapaxes": ["(0, 0)"],
    "swapdims": ["(0, 0)"],
    "t": ["()"],
    "tan": ["()"],
    "tanh": ["()"],
    "transpose": ["(0, 0)"],
    "true_divide": ["(o,)"],
    "unsqueeze": ["(0,)", "(1,)"],
    "zero": ["()"],
}
RANDOM = {
    "normal": ["()", "(1., 2.)"],
    "uniform": ["()", "(2., 3.)"],
    "exponential": ["()"],
    "cauchy": ["()"],
    "log_normal": ["()"],
    "geometric": ["(0.5,)"],
    "bernoulli": ["()", "(c / 8,)"],
    "random": ["()", "(5,)", "(2, 5)"],
}
CASES = [(name, args) for name, given in CALLS.items() for args in given]
RANDOM_CASES = [(name, args) for name, given in RANDOM.items() for args in given]


def told(function: Callable[[], Any]) -> Any:
    """The result, or the type and words of the error, less what one library alone would say."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return function()
        except Exception as error:  # noqa: BLE001 - both must raise it
            words = str(error).split(" (Triggered")[0].split("\n")[0]
            if isinstance(error, NotImplementedError) or "output type Bool" in words:
                return "refused"  # PyTorch names the kernel that it lacks
            if "output type bool" in words:
                return "refused"
            return f"{type(error).__name__}: {words}"


def operands(T: Any) -> dict[str, Any]:
    o = T.tensor([2.0, 3.0], requires_grad=True)
    return {
        "T": T,
        "o": o,
        "c": T.tensor([2.0, 3.0]),
        "d": T.tensor([2.0, 3.0], dtype=T.float64),
        "i": T.tensor([1, 0]),
        "m": T.tensor([True, False]),
    }


def name_of(t: Any) -> Any:
    return None if t.grad_fn is None else t.grad_fn.name()


def recorded(T: Any, method: str, args: str) -> list[Any]:
    space = operands(T)
    x = T.tensor([0.25, 0.75], requires_grad=True)
    y = x * 1
    given = eval(args, dict(space))
    result = told(lambda: getattr(y, f"{method}_")(*given))
    if isinstance(result, str):
        return [result, y.tolist(), y._version, name_of(y)]
    seen = [result is y, name_of(y), y._version, tuple(y.shape), T_text(y)]
    told(lambda: (y * T.arange(1.0, 1 + y.numel()).reshape(y.shape)).sum().backward())
    return [*seen, T_text(x.grad), T_text(space["o"].grad)]


def T_text(t: Any) -> str:
    if t is None:
        return "None"
    values = [complex(v) for v in (t.detach() + 1 - 1).reshape(-1).tolist()]
    return repr([(round(v.real, 5) + 0.0, round(v.imag, 5) + 0.0) for v in values])


@pytest.mark.parametrize(("method", "args"), CASES)
def test_recorded(method: str, args: str) -> None:
    assert recorded(autodiff, method, args) == recorded(torch, method, args)


@pytest.mark.parametrize(("method", "args"), RANDOM_CASES)
def test_random_fill(method: str, args: str) -> None:
    facts = []
    for T in (torch, autodiff):
        x = T.ones(3, requires_grad=True)
        y = x * 1
        getattr(y, f"{method}_")(*eval(args, {"T": T, "c": T.tensor([1.0, 2.0, 3.0])}))
        node, version = name_of(y), y._version
        y.sum().backward()
        facts.append([node, version, y.dtype.__repr__(), x.grad.tolist()])
    assert facts[0] == facts[1]


def refusals(T: Any, method: str, args: str) -> list[Any]:
    space = operands(T)
    given = eval(args, dict(space))

    def call(t: Any) -> Any:
        before = t._version
        result = told(lambda: getattr(t, f"{method}_")(*given))
        return result if isinstance(result, str) else T_text(result), t._version - before

    leaf = T.ones(2, requires_grad=True)
    seen = [call(leaf)]
    with T.no_grad():
        seen.append(call(T.ones(2, requires_grad=True)))
    base = T.ones(2, 2, requires_grad=True) * 1
    view = T.ones(4, requires_grad=True)[:2]
    first, _ = base.unbind()
    with T.no_grad():
        made = base[0]
    seen += [call(view), call(first), call(made)]
    seen.append(call(T.ones(2, dtype=T.int64)))
    seen.append(call(T.ones(2, dtype=T.bool)))
    seen.append(call(T.ones(2, dtype=T.float64)))
    seen.append(call(T.ones(2, dtype=T.complex64)))
    if method not in ("index_fill", "index_put", "masked_fill"):  # deprecated there, refused here
        seen.append(call(T.ones(1).expand(2)))
    return seen


SHAPED = ("squeeze", "unsqueeze", "t", "transpose", "swapaxes", "swapdims")


@pytest.mark.parametrize(
    ("method", "args"), [c for c in CASES if c[0] not in SHAPED and "bitwise" not in c[0]]
)
def test_refusals(method: str, args: str) -> None:
    for ours, theirs in zip(
        refusals(autodiff, method, args), refusals(torch, method, args), strict=True
    ):
        assert ours == theirs
