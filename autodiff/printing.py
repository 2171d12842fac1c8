"""How tensors are printed: the settings, and how to change them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from autodiff.formatting import PrintOptions
from autodiff.modes import settings

__all__ = ["get_printoptions", "print_options", "printoptions", "set_printoptions"]


def print_options() -> PrintOptions:
    """The settings in force."""
    return settings.print_options or PrintOptions()


def set_printoptions(
    precision: int | None = None,
    threshold: Any = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Change how tensors are printed; `sci_mode` goes back to automatic unless given.

    >>> import autodiff
    >>> with autodiff.printoptions(precision=2):
    ...     print(autodiff.tensor([1.2345]))
    tensor([1.23])
    """
    settings.print_options = print_options().updated(
        precision=precision,
        threshold=threshold,
        edgeitems=edgeitems,
        linewidth=linewidth,
        profile=profile,
        sci_mode=sci_mode,
    )


def get_printoptions() -> dict[str, Any]:
    """The settings in force."""
    return dict(print_options()._asdict())


@contextmanager
def printoptions(**options: Any) -> Iterator[None]:
    """Settings for a `with` block."""
    before = settings.print_options
    set_printoptions(**options)
    try:
        yield
    finally:
        settings.print_options = before
