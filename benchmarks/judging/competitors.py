"""The cases for other checkers, at their defaults: bridges from pairs of NumPy functions.

Each checker takes a case as a function of its own framework, with the pair's forward pass as its
value and the pair's rules as its derivatives. What a checker cannot take raises `Cannot`.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from judging.case import Case

__all__ = ["Cannot", "checkers"]

Checker = Callable[[Case], bool]


class Cannot(Exception):
    """The checker has no way to take this case."""


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def _listed(found: Any) -> list[Any]:
    return list(found) if isinstance(found, (tuple, list)) else [found]


def _needs_second(case: Case) -> bool:
    return case.kind.startswith("second order")


def _needs_forward(case: Case) -> bool:
    return case.kind.startswith("forward mode")


def _torch_checkers(torch: Any) -> dict[str, Checker]:
    bridge = importlib.import_module("judging.torch_bridge")

    def slow_or_fast(fast: bool) -> Checker:
        def run(case: Case) -> bool:
            rules = case.rules()
            f = bridge.function(rules)
            arrays = [bridge.tensor(array).requires_grad_() for array in case.arrays]
            gradcheck = torch.autograd.gradcheck
            forward = _needs_forward(case) and rules.jvp is not None
            try:
                passed = gradcheck(f, arrays, fast_mode=fast, check_forward_ad=forward)
                if passed and _needs_second(case) and rules.second is not None:
                    passed = torch.autograd.gradgradcheck(f, arrays, fast_mode=fast)
            except bridge.GradcheckError:
                return False
            return bool(passed)

        return run

    return {"torch gradcheck": slow_or_fast(False), "torch gradcheck, fast": slow_or_fast(True)}


def _jax_checkers(jax: Any) -> dict[str, Checker]:
    bridge = importlib.import_module("judging.jax_bridge")

    def run(case: Case) -> bool:
        rules = case.rules()
        modes = ["fwd"] if _needs_forward(case) else ["rev"]
        order = 2 if _needs_second(case) and rules.second is not None else 1
        f = bridge.function(rules, case.arrays, modes[0])
        arrays = tuple(jax.numpy.asarray(array) for array in case.arrays)
        try:
            importlib.import_module("jax.test_util").check_grads(
                f, arrays, order=order, modes=modes
            )
        except AssertionError:
            return False
        return True

    return {"jax check_grads": run}


def _hips_checkers(autograd: Any) -> dict[str, Checker]:
    extend = importlib.import_module("autograd.extend")
    check_grads = importlib.import_module("autograd.test_util").check_grads

    def run(case: Case) -> bool:
        if any(array.dtype.name == "bfloat16" for array in case.arrays):
            raise Cannot("autograd has no bfloat16")
        rules = case.rules()
        primitive = extend.primitive(rules.forward)
        numbers = range(len(case.arrays))

        def pull(number: int) -> Any:
            part = extend.primitive(lambda g, *xs: _listed(rules.vjp(g.copy(), *xs))[number])
            if rules.second is not None and len(case.arrays) == 1:
                extend.defvjp(
                    part,
                    lambda out, g, x: lambda u: rules.jvp((u,), x),
                    lambda out, g, x: lambda u: _listed(rules.second(g, (u,), x))[0],
                )
            return lambda out, *xs: lambda g: part(g, *xs)

        extend.defvjp(primitive, *(pull(number) for number in numbers))
        if _needs_forward(case) and rules.jvp is not None:
            zeros = [np.zeros_like(array) for array in case.arrays]

            def push(number: int) -> Any:
                def tangent(u: Any, out: Any, *xs: Any) -> Any:
                    given = [u if k == number else zeros[k] for k in numbers]
                    return rules.jvp(tuple(given), *xs)

                return tangent

            extend.defjvp(primitive, *(push(number) for number in numbers))
        modes = ["fwd"] if _needs_forward(case) else ["rev"]
        order = 2 if _needs_second(case) and rules.second is not None else 1
        arrays = [np.array(array) for array in case.arrays]
        try:
            check_grads(primitive, modes=modes, order=order)(*arrays)
        except AssertionError:
            return False
        return True

    return {"autograd check_grads": run}


def checkers() -> tuple[dict[str, Checker], list[str]]:
    """(the checkers that are installed, by name; the frameworks that are not)."""
    found: dict[str, Checker] = {}
    missing = []
    for name, make in (
        ("torch", _torch_checkers), ("jax", _jax_checkers), ("autograd", _hips_checkers),
    ):  # fmt: skip
        try:
            framework = importlib.import_module(name)
        except ImportError:
            missing.append(name)
            continue
        if name == "jax":
            framework.config.update("jax_enable_x64", True)
        for label, checker in make(framework).items():
            found[label] = _guarded(checker)
    return found, missing


def _guarded(checker: Checker) -> Checker:
    def run(case: Case) -> bool:
        with _quiet():
            return checker(case)

    return run
