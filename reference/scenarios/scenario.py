"""What a scenario is: a program over a namespace `t`, and what must be seen while it runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Observation", "Program", "Scenario", "plain", "raised", "see"]


@dataclass(frozen=True, slots=True)
class Observation:
    """Something seen at one point of a program.

    name: the expression that was looked at, unique in its scenario. seen: what it gave: a tensor,
    a flag, a node, a text. texts: what it may print as. exact: the numbers it must hold where the
    documentation states them, as nested lists of ints and Fractions; they are for the oracle to
    meet, and the engines are held to the oracle.
    """

    name: str
    seen: Any
    texts: tuple[str, ...]
    exact: Any = None


Program = Callable[[Any], Iterator[Observation]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A documented step: its identifier, what it is about, its code as a reader sees it."""

    id: str
    title: str
    steps: str
    program: Program


def see(name: str, seen: Any, *texts: str, exact: Any = None) -> Observation:
    """An observation; what is seen must print as one of `texts`.

    >>> see("x.is_leaf", True, "True").texts
    ('True',)
    """
    return Observation(name, seen, texts, exact)


def raised(call: Callable[[], object]) -> str:
    """The error that a call ends with, as the last line of a traceback has it.

    >>> raised(lambda: [][1])
    'IndexError: list index out of range'
    """
    try:
        call()
    except Exception as error:  # noqa: BLE001  (whatever an engine raises is what was seen)
        return f"{type(error).__name__}: {error}"
    return "no error"


_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]+")
_MODULES = re.compile(r"<(?:\w+(?:\.|::))+(?=\w+ object at )")


def plain(seen: Any) -> str:
    """The printed text, without what differs from run to run: addresses and module names.

    >>> plain("<torch.autograd.function.EchoBackward object at 0x7f18f64e5f90>")
    '<EchoBackward object at 0x...>'
    """
    return _MODULES.sub("<", _ADDRESS.sub("0x...", str(seen)))
