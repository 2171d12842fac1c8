"""What the compiled front offers; `autodiff.compiled` says what it is."""

from collections.abc import Callable, Sequence
from typing import Any

ELEMENTWISE: int
CALL: int
VIEW: int
VIEWS: int

def taken() -> bool: ...
def setup(known: dict[str, Any], /) -> None: ...
def straight(
    row: Any, function: Callable[..., Any], shape: int, inputs: int, /
) -> Callable[..., Any]: ...
def survey(roots: Sequence[tuple[Any, int, Any]], /) -> tuple[dict[Any, int], list[Any], bool]: ...
def needed(order: list[Any], wanted: Sequence[tuple[Any, int]], /) -> dict[Any, bool]: ...
def follow(
    walk: Any, order: list[Any], arithmetic: Any, needed: dict[Any, bool] | None, retain: bool, /
) -> None: ...
