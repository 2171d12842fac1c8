"""An engine whose operations are right, wrong, slow and deadly, as tests of audits need them.

A module that registers `Fake()` is loaded with `--load`; importing this one changes nothing.
"""

from __future__ import annotations

import os
import time
from collections import deque
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from reference.adapters import Adapter, Pair, Pulled

__all__ = ["Fake"]


class Fake(Adapter):
    """First-order reverse mode from pairs (forward, vjp), by the definitions' names."""

    name = "fake"
    layouts = False
    version = "1"

    def recognises(self, value: Any) -> bool:
        return isinstance(value, (np.ndarray, np.generic))

    def adopt(self, content: np.ndarray, like: Any, *, layout: str = "plain") -> Any:
        return content.astype(like.dtype)

    def pull(self, f: Any, arrays: Any, wrt: Any, cotangents: Any) -> Pulled:
        output = f(*arrays)
        pair = PAIRS[f.__name__]
        return Pulled([output], [[pair.vjp(given[0], *arrays)] for given in cotangents])

    def operations(self) -> dict[str, Any]:
        return {name: pair.forward for name, pair in PAIRS.items()}


def _crash(x: Any) -> Any:
    os._exit(3)


def _hang(x: Any) -> Any:
    while True:
        time.sleep(0.01)


def _busy_at_kinks(x: Any) -> Any:
    """Computes for ever where some number is zero, as certain points do."""
    while not np.all(x):
        pass
    return np.abs(x)


def _hang_in_c(x: Any) -> Any:
    """As code in C hangs: no alarm of Python's is heard."""
    return deque(repeat(0), maxlen=0)


def _interrupt(x: Any) -> Any:
    """Ctrl-C, the first time; a file says whether it has been pressed."""
    pressed = Path(os.environ["FAKE_PRESSED"])
    if pressed.exists():
        return -x
    pressed.touch()
    raise KeyboardInterrupt


PAIRS = {
    "sin": Pair(np.sin, lambda g, x: g * np.cos(x)),
    "square": Pair(np.square, lambda g, x: 2 * g * x),
    "exp": Pair(np.exp, lambda g, x: g),  # wrong but at zero
    "tanh": Pair(np.tanh, lambda g, x: g * (1 - np.tanh(x) ** 2)),  # cancels
    "neg": Pair(_interrupt, lambda g, x: -g),
    "floor": Pair(_crash, lambda g, x: g),
    "abs": Pair(_busy_at_kinks, lambda g, x: g * np.sign(x)),
    "ceil": Pair(_hang, lambda g, x: g),
    "trunc": Pair(_hang_in_c, lambda g, x: g),
    "cosh": Pair(lambda x: 1 / 0, lambda g, x: g),
}
