"""HIPS autograd: functions written with `autograd.numpy`, of NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from reference.adapters.adapter import Arrays, Function, NotOffered, Pulled, flattened, framework
from reference.adapters.numpy_arrays import NumpyArrays

__all__ = ["HipsAdapter"]


class HipsAdapter(NumpyArrays):
    """Both modes, in all four pairs. A function must have one output."""

    name = "hips"
    forward_mode = True
    conjugates = True
    second_order = ("rr", "fr", "rf", "ff")

    def pull(
        self, f: Function, arrays: Arrays, wrt: Sequence[int], cotangents: Sequence[Arrays]
    ) -> Pulled:
        chosen = tuple(arrays[number] for number in wrt)
        back, output = framework("autograd").make_vjp(_of(f, arrays, wrt))(chosen)
        return Pulled([output], [list(back(given)) for (given,) in cotangents])

    def push(
        self, f: Function, arrays: Arrays, wrt: Sequence[int], tangents: Arrays
    ) -> tuple[Arrays, Arrays]:
        chosen = tuple(arrays[number] for number in wrt)
        make_jvp = framework("autograd").make_jvp
        with _offered():
            output, pushed = make_jvp(_of(f, arrays, wrt))(chosen)(tuple(tangents))
        return [output], [pushed]

    def second(
        self,
        mode: str,
        f: Function,
        arrays: Arrays,
        wrt: Sequence[int],
        cotangents: Arrays,
        tangents: Arrays,
    ) -> Arrays:
        autograd = framework("autograd")
        of = _of(f, arrays, wrt)
        chosen, along = tuple(arrays[number] for number in wrt), tuple(tangents)

        def pulled(given: Any) -> Any:
            return autograd.make_vjp(of)(given)[0](cotangents[0])

        def pushed(given: Any) -> Any:
            return autograd.make_jvp(of)(given)(along)[1]

        with _offered():
            if mode == "rr":
                return list(autograd.make_vjp(pulled)(chosen)[0](along))
            if mode == "fr":
                return list(autograd.make_jvp(pulled)(chosen)(along)[1])
            if mode == "rf":
                return list(autograd.make_vjp(pushed)(chosen)[0](cotangents[0]))
            return [autograd.make_jvp(pushed)(chosen)(along)[1]]


@contextmanager
def _offered() -> Iterator[None]:
    """Operations without a rule for a mode say so with NotImplementedError."""
    try:
        yield
    except NotImplementedError as error:
        raise NotOffered(str(error)) from error


def _of(f: Function, arrays: Arrays, wrt: Sequence[int]) -> Callable[[Any], Any]:
    """f as a function of one tuple, the chosen arguments."""

    def function(chosen: Any) -> Any:
        given = list(arrays)
        for place, number in enumerate(wrt):
            given[number] = chosen[place]
        outputs = flattened(f(*given))
        if len(outputs) != 1:
            raise NotOffered(
                f"HIPS autograd differentiates one output, and the function gives {len(outputs)}: "
                "return one array, or check them one by one"
            )
        return outputs[0]

    return function
