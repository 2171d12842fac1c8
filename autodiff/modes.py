"""The only mutable state of the package: grad mode, default dtype, random stream, printing.

Grad mode belongs to the thread (or asyncio task) that sets it, starts enabled in each new one,
and is restored when a block is left, however it is left. The rest is process-wide, as in PyTorch.
"""

from __future__ import annotations

import contextvars
import functools
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar, cast

import numpy as np

__all__ = [
    "enable_grad",
    "grad_mode",
    "is_grad_enabled",
    "no_grad",
    "restore",
    "set_grad_enabled",
    "settings",
    "silence",
]

_GENERATOR = 0x20  # inspect.CO_GENERATOR, without importing inspect
F = TypeVar("F", bound=Callable[..., Any])

_grad: contextvars.ContextVar[bool] = contextvars.ContextVar("autodiff.grad", default=True)
is_grad_enabled: Callable[[], bool] = _grad.get


class Settings:
    """Process-wide settings: `default_dtype`, `print_options`, `generator`."""

    __slots__ = ("default_dtype", "generator", "print_options")
    default_dtype: Any
    generator: Any
    print_options: Any


settings = Settings()


class _GradMode:
    """Set grad mode in a `with` block, around a function, or inside a generator's own steps."""

    __slots__ = ("_mode", "_tokens")

    def __init__(self, mode: bool) -> None:
        self._mode = mode
        self._tokens: list[contextvars.Token[bool]] = []

    def __enter__(self) -> None:
        self._tokens.append(_grad.set(self._mode))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        token = self._tokens.pop()
        try:
            _grad.reset(token)
        except ValueError:  # left in another context than entered: an async generator's
            _grad.set(token.old_value is contextvars.Token.MISSING or bool(token.old_value))

    def __call__(self, function: F) -> F:
        mode = self._mode
        if (
            getattr(function, "__code__", None) is not None
            and function.__code__.co_flags & _GENERATOR
        ):
            return cast(F, _steps_in_mode(function, mode))

        @functools.wraps(function)
        def in_mode(*args: Any, **kwargs: Any) -> Any:
            with _GradMode(mode):
                return function(*args, **kwargs)

        return cast(F, in_mode)


def _steps_in_mode(function: Callable[..., Any], mode: bool) -> Callable[..., Any]:
    """Each step of the generator runs in the mode; its caller's code between steps does not."""

    @functools.wraps(function)
    def steps(*args: Any, **kwargs: Any) -> Any:
        generator = function(*args, **kwargs)
        step, value = generator.send, None
        try:
            while True:
                with _GradMode(mode):
                    try:
                        item = step(value)
                    except StopIteration as stop:
                        return stop.value
                try:
                    step, value = generator.send, (yield item)
                except GeneratorExit:
                    raise
                except BaseException as error:  # noqa: BLE001 - thrown into the generator
                    step, value = generator.throw, error
        finally:
            with _GradMode(mode):
                generator.close()

    return steps


def grad_mode(mode: bool) -> _GradMode:
    """A block in which grad mode is `mode`."""
    return _GradMode(mode)


class no_grad(_GradMode):
    """Record nothing inside: `with no_grad():`, `@no_grad()`, or on a generator function.

    >>> import autodiff
    >>> x = autodiff.ones(1, requires_grad=True)
    >>> with autodiff.no_grad():
    ...     (x * 2).requires_grad
    False
    """

    __slots__ = ()

    def __new__(cls, function: Any = None) -> Any:
        mode = super().__new__(cls)
        if function is None:
            return mode
        _GradMode.__init__(mode, False)
        return mode(function)  # `@no_grad` without parentheses

    def __init__(self, function: None = None) -> None:
        super().__init__(False)


class enable_grad(_GradMode):
    """Record again inside a `no_grad` block.

    >>> import autodiff
    >>> with autodiff.no_grad(), autodiff.enable_grad():
    ...     autodiff.is_grad_enabled()
    True
    """

    __slots__ = ()

    def __new__(cls, function: Any = None) -> Any:
        mode = super().__new__(cls)
        if function is None:
            return mode
        _GradMode.__init__(mode, True)
        return mode(function)

    def __init__(self, function: None = None) -> None:
        super().__init__(True)


class set_grad_enabled(_GradMode):
    """Set grad mode at once, until changed; as a context manager, until the block ends.

    >>> import autodiff
    >>> with autodiff.set_grad_enabled(False):
    ...     autodiff.is_grad_enabled()
    False
    >>> autodiff.is_grad_enabled()
    True
    """

    __slots__ = ("_previous",)

    def __init__(self, mode: bool) -> None:
        if not isinstance(mode, bool):
            raise TypeError(
                f"set_grad_enabled() expects a bool, but got {type(mode).__name__}: "
                "pass True or False"
            )
        super().__init__(mode)
        self._previous = _grad.get()
        _grad.set(mode)

    def __enter__(self) -> None:
        _grad.set(self._mode)

    def __exit__(self, *exception: object) -> None:
        _grad.set(self._previous)

    def __call__(self, function: F) -> F:
        _grad.set(self._previous)  # as a decorator it acts inside the function alone
        return super().__call__(function)


def _silence() -> tuple[Callable[[Any], Any], Callable[[Any], None], Any]:
    """How to keep NumPy from warning of inf and nan, which PyTorch makes silently.

    `np.errstate` costs over a microsecond a use. What it sets is a context variable; where that
    can be found by looking at the context, setting the same value directly costs a fifth.
    """
    inside: dict[Any, Any] = {}
    with np.errstate(all="ignore"):
        inside.update(contextvars.copy_context().items())
    for variable, value in inside.items():
        if variable.name == "numpy.ufunc.extobj":
            return variable.set, variable.reset, value

    def enter(_: Any) -> np.errstate:
        state = np.errstate(all="ignore")
        state.__enter__()
        return state

    return enter, lambda state: state.__exit__(), None


silence, restore, SILENT = _silence()
