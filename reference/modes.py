"""Whether operations are recorded: `no_grad`, `enable_grad`, `set_grad_enabled`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ContextDecorator, contextmanager
from contextvars import ContextVar, Token
from types import TracebackType

__all__ = ["enable_grad", "is_grad_enabled", "no_grad", "recording", "set_grad_enabled"]

_enabled: ContextVar[bool] = ContextVar("grad_enabled", default=True)


def is_grad_enabled() -> bool:
    """Whether operations of this thread are recorded now."""
    return _enabled.get()


@contextmanager
def recording(enabled: bool) -> Iterator[None]:
    """Recording on or off inside a block, whatever happens there."""
    token = _enabled.set(enabled)
    try:
        yield
    finally:
        _enabled.reset(token)


class _Mode(ContextDecorator):
    """A context manager and decorator; one object may be entered several times."""

    _enter_with: bool

    def __init__(self) -> None:
        self._tokens: list[Token[bool]] = []

    def __enter__(self) -> None:
        self._tokens.append(_enabled.set(self._enter_with))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _enabled.reset(self._tokens.pop())


class no_grad(_Mode):
    """Results of this block need no gradient.

    >>> with no_grad():
    ...     is_grad_enabled()
    False
    """

    _enter_with = False


class enable_grad(_Mode):
    """Recording on again, inside :class:`no_grad`."""

    _enter_with = True


class set_grad_enabled(_Mode):
    """Recording set at once, by the call; as a context manager, put back at the end."""

    def __init__(self, mode: bool) -> None:
        super().__init__()
        self._enter_with = bool(mode)
        self._before = _enabled.set(self._enter_with)

    def __enter__(self) -> None:
        _enabled.set(self._enter_with)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _enabled.reset(self._before)
