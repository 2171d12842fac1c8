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
    "ERRORS",
    "GRAD_MODE",
    "SILENT",
    "Block",
    "Mode",
    "change_mode",
    "enable_grad",
    "enter_grad_mode",
    "grad_mode",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "leave_grad_mode",
    "levels",
    "no_grad",
    "random",
    "recorded",
    "recording",
    "refuse_in_transform",
    "restore",
    "set_grad_enabled",
    "settings",
    "silence",
]

_GENERATOR = 0x20  # inspect.CO_GENERATOR, without importing inspect
F = TypeVar("F", bound=Callable[..., Any])


class Mode:
    """How operations are recorded where anything but grad mode itself is unusual.

    True where they are recorded at all. grad: grad mode. inference: whether what is made are
    inference tensors. hooks: the pairs (pack, unpack) of `saved_tensors_hooks`, innermost last;
    disabled: the message with which these are refused, or None. anomaly, check_nan: anomaly mode.
    parent: the node whose backward is being recorded in anomaly mode. intercept: what a selective
    checkpoint does with each operation. cloner: what is told of writes to memory.
    """

    __slots__ = (
        "anomaly", "check_nan", "cloner", "disabled", "grad", "hooks", "inference", "intercept",
        "parent",
    )  # fmt: skip

    def __init__(self, grad: bool) -> None:
        self.grad = grad
        self.inference = self.anomaly = False
        self.check_nan = True
        self.hooks: tuple[tuple[Any, Any], ...] = ()
        self.disabled: str | None = None
        self.parent: Any = None
        self.intercept: Any = None
        self.cloner: Any = None

    def __bool__(self) -> bool:
        return self.grad and not self.inference

    def changed(self, changes: dict[str, Any]) -> Any:
        """A mode that differs in some respect; a plain bool where nothing unusual is left."""
        mode = Mode(self.grad)
        for slot in Mode.__slots__:
            setattr(mode, slot, changes.get(slot, getattr(self, slot)))
        usual = not (mode.inference or mode.anomaly or mode.hooks or mode.parent is not None)
        if usual and mode.disabled is None and mode.intercept is None and mode.cloner is None:
            return mode.grad
        return mode


_grad: contextvars.ContextVar[Any] = contextvars.ContextVar("autodiff.grad", default=True)
# True, False, or a `Mode` where something unusual is on
recording: Callable[[], Any] = _grad.get
GRAD_MODE = _grad  # for `compiled`
# for a pass that is about to begin: what `grad_mode` does where nothing is unusual
enter_grad_mode: Callable[[bool], Any] = _grad.set
leave_grad_mode: Callable[[Any], None] = _grad.reset


def is_grad_enabled() -> bool:
    """Whether grad mode is on."""
    mode = _grad.get()
    return mode if mode is True or mode is False else mode.grad


def change_mode(**changes: Any) -> None:
    """Change some part of how operations are recorded from now on."""
    mode = _grad.get()
    _grad.set((Mode(mode) if isinstance(mode, bool) else mode).changed(changes))


# the levels of the transforms that are running (layers.py), lowest first
levels: contextvars.ContextVar[tuple[Any, ...]] = contextvars.ContextVar(
    "autodiff.levels", default=()
)


def refuse_in_transform(message: str) -> None:
    """Raise RuntimeError where a transform of `func` is running, which does not support this."""
    open_levels = levels.get()
    if open_levels and any(level.transform for level in open_levels):
        raise RuntimeError(message)


def random(function: F) -> F:
    """Mark a function as one that draws random numbers, which `vmap` has rules for."""

    @functools.wraps(function)
    def drawn(*args: Any, **kwargs: Any) -> Any:
        draw: Callable[[], Any] = functools.partial(function, *args, **kwargs)
        for level in reversed(levels.get()):
            if level.batches:
                draw = functools.partial(level.drawn, draw)
        return draw()

    return cast(F, drawn)


class Settings:
    """Process-wide settings: `default_dtype`, `print_options`, `generator`."""

    __slots__ = ("default_dtype", "generator", "print_options")
    default_dtype: Any
    generator: Any
    print_options: Any


settings = Settings()


class Block:
    """Change the mode in a `with` block, around a function, or in a generator's own steps."""

    __slots__ = ("_before", "_changes")

    def __init__(self, **changes: Any) -> None:
        self._changes = changes
        self._before: list[Any] = []

    def __enter__(self) -> None:
        before = _grad.get()
        self._before.append(before)
        changes = self._changes
        if (before is True or before is False) and len(changes) == 1 and "grad" in changes:
            _grad.set(changes["grad"])
        else:
            change_mode(**changes)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        before = self._before.pop()
        now = _grad.get()
        if (now is True or now is False) and (before is True or before is False):
            _grad.set(before)
            return
        before = Mode(before) if isinstance(before, bool) else before
        change_mode(**{name: getattr(before, name) for name in self._changes})

    def _again(self) -> Block:
        """A block like this one, for each call and for each step."""
        return Block(**self._changes)

    def __call__(self, function: F) -> F:
        if (
            getattr(function, "__code__", None) is not None
            and function.__code__.co_flags & _GENERATOR
        ):
            return cast(F, _steps_in_mode(function, self._again))
        again = self._again

        @functools.wraps(function)
        def in_mode(*args: Any, **kwargs: Any) -> Any:
            with again():
                return function(*args, **kwargs)

        return cast(F, in_mode)


def _steps_in_mode(function: Callable[..., Any], block: Callable[[], Block]) -> Callable[..., Any]:
    """Each step of the generator runs in the mode; its caller's code between steps does not."""

    @functools.wraps(function)
    def steps(*args: Any, **kwargs: Any) -> Any:
        generator = function(*args, **kwargs)
        step, value = generator.send, None
        try:
            while True:
                with block():
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
            with block():
                generator.close()

    return steps


def grad_mode(mode: bool) -> Block:
    """A block in which grad mode is `mode`."""
    return Block(grad=mode)


class no_grad(Block):
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
        Block.__init__(mode, grad=False)
        return mode(function)  # `@no_grad` without parentheses

    def __init__(self, function: None = None) -> None:
        super().__init__(grad=False)


class enable_grad(Block):
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
        Block.__init__(mode, grad=True)
        return mode(function)

    def __init__(self, function: None = None) -> None:
        super().__init__(grad=True)


def recorded() -> Block:
    """A block in which operations are recorded, whatever mode is on around it."""
    mode = _grad.get()
    if mode is True or mode is False or not mode.inference:
        return Block(grad=True)
    return Block(grad=True, inference=False)


class inference_mode(Block):
    """Record nothing inside, and mark what is made as inference tensors.

    These have no write counter, and cannot take part in what is recorded later (RuntimeError).
    `mode=False` switches inference mode off again, and grad mode on.

    >>> import autodiff
    >>> with autodiff.inference_mode():
    ...     x = autodiff.ones(2)
    >>> x.is_inference()
    True
    """

    __slots__ = ()

    def __new__(cls, mode: Any = True) -> Any:
        block = super().__new__(cls)
        if isinstance(mode, bool):
            return block
        Block.__init__(block, grad=False, inference=True)
        return block(mode)  # `@inference_mode` without parentheses

    def __init__(self, mode: bool = True) -> None:
        super().__init__(grad=not mode, inference=mode)


def is_inference_mode_enabled() -> bool:
    """Whether inference mode is on."""
    mode = _grad.get()
    return False if mode is True or mode is False else mode.inference


class set_grad_enabled(Block):
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
        super().__init__(grad=mode)
        self._previous = is_grad_enabled()
        change_mode(grad=mode)

    def __enter__(self) -> None:
        change_mode(**self._changes)

    def __exit__(self, *exception: object) -> None:
        change_mode(grad=self._previous)

    def __call__(self, function: F) -> F:
        change_mode(grad=self._previous)  # as a decorator it acts inside the function alone
        return super().__call__(function)


def _silence() -> tuple[Any, Callable[[Any], Any], Callable[[Any], None], Any]:
    """How to keep NumPy from warning of inf and nan, which PyTorch makes silently.

    `np.errstate` costs over a microsecond a use. What it sets is a context variable; where that
    can be found by looking at the context, setting the same value directly costs a fifth.
    """
    inside: dict[Any, Any] = {}
    with np.errstate(all="ignore"):
        inside.update(contextvars.copy_context().items())
    for variable, value in inside.items():
        if variable.name == "numpy.ufunc.extobj":
            return variable, variable.set, variable.reset, value

    def enter(_: Any) -> np.errstate:
        state = np.errstate(all="ignore")
        state.__enter__()
        return state

    return None, enter, lambda state: state.__exit__(), None


# the context variable itself, None where it was not found
ERRORS, silence, restore, SILENT = _silence()
