"""Random streams as objects, and numbers drawn from distributions.

The streams are NumPy's: the same seed gives other numbers than in PyTorch.
"""

from __future__ import annotations

import pickle
import secrets
from typing import Any

import numpy as np

from autodiff.creation import from_array, randint
from autodiff.creation import generator as common_stream
from autodiff.functions.arguments import is_number, raw, require_tensor
from autodiff.functions.pointwise import kind_of
from autodiff.modes import random, settings
from autodiff.primitive import handed_over
from autodiff.size import device as Device

__all__ = [
    "Generator",
    "bernoulli",
    "binomial",
    "default_generator",
    "get_rng_state",
    "initial_seed",
    "multinomial",
    "normal",
    "poisson",
    "randint_like",
    "seed",
    "set_rng_state",
    "thread_safe_generator",
]

_FIRST = 67280421310721  # PyTorch's seed of a stream that nobody has seeded


class Generator:
    """A random stream of one's own, for the `generator=` of functions that draw numbers.

    >>> import autodiff
    >>> one, other = (autodiff.Generator().manual_seed(3) for _ in range(2))
    >>> bool((autodiff.rand(2, generator=one) == autodiff.rand(2, generator=other)).all())
    True
    """

    __slots__ = ("_seed", "_stream")

    def __init__(self, device: Any = "cpu") -> None:
        if str(device) != "cpu":
            raise RuntimeError(f"Device type {device} is not supported for torch.Generator() api.")
        self._seed = _FIRST
        self._stream = np.random.default_rng(_FIRST)

    @property
    def stream(self) -> Any:
        """NumPy's generator of the numbers."""
        return self._stream

    @stream.setter
    def stream(self, value: Any) -> None:
        self._stream = value

    @property
    def device(self) -> Device:
        """Where the numbers are made: always the CPU here."""
        return Device("cpu")

    def manual_seed(self, seed: int) -> Generator:
        """Start again from a seed; returns the generator."""
        number = _whole(seed)
        self.stream = np.random.default_rng(number % 2**64)
        self._seed = number % 2**64
        return self

    def seed(self) -> int:
        """Start again from a seed that nobody knows; returns it."""
        self.manual_seed(secrets.randbits(63))
        return self._seed

    def initial_seed(self) -> int:
        """The seed that the stream began with."""
        return self._seed

    def get_state(self) -> Any:
        """The state of the stream, as a tensor of bytes."""
        data = pickle.dumps((self._seed, self.stream.bit_generator.state))
        return from_array(np.frombuffer(data, np.uint8).copy())

    def set_state(self, state: Any) -> Generator:
        """Go back to a state from :meth:`get_state`. Raises TypeError for anything else."""
        if kind_of(require_tensor("set_state", state, "state")) != "u":
            raise TypeError(f"expected a torch.ByteTensor, but got {type(state).__name__}")
        self._seed, bits = pickle.loads(np.asarray(raw(state)).tobytes())
        stream = np.random.default_rng()
        stream.bit_generator.state = bits
        self.stream = stream
        return self

    def clone_state(self) -> Generator:
        """Another generator in the same state."""
        return Generator().set_state(self.get_state())

    def __repr__(self) -> str:
        return f"<torch._C.Generator object at {id(self):#x}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.get_state(),)


def _restored(state: Any) -> Generator:
    return Generator().set_state(state)


class _Common(Generator):
    """The stream of everyone who brings none."""

    __slots__ = ()

    def __init__(self) -> None:
        self._seed = _FIRST

    @property
    def stream(self) -> Any:
        return common_stream()

    @stream.setter
    def stream(self, value: Any) -> None:
        settings.generator = value


default_generator = _Common()


def _whole(seed: Any) -> int:
    number = raw(seed)
    if isinstance(number, float) or not is_number(number):
        raise TypeError(f"manual_seed expected a long, but got {type(seed).__name__}")
    return int(number)


def seed() -> int:
    """Start the common stream from a seed that nobody knows; returns it."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed that the common stream began with."""
    return default_generator.initial_seed()


def get_rng_state() -> Any:
    """The state of the common stream, as a tensor of bytes."""
    return default_generator.get_state()


def set_rng_state(new_state: Any) -> None:
    """Go back to a state from :func:`get_rng_state`."""
    default_generator.set_state(new_state)


def thread_safe_generator() -> Any:
    """None: no worker threads have streams of their own here."""
    return


@random
def _drawn(draw: Any, generator: Any) -> Any:
    return from_array(np.asarray(draw(common_stream(generator))))


def _probabilities(function: str, input: Any) -> Any:
    if kind_of(require_tensor(function, input)) not in "fV":
        title = input.dtype.title
        raise NotImplementedError(f"\"{function}\" not implemented for '{title}'")
    return np.asarray(raw(input))


def bernoulli(input: Any, p: float | None = None, *, generator: Any = None) -> Any:
    """One with the probability that each element (or p) says, otherwise zero."""
    require_tensor("bernoulli", input)
    if p is not None:
        return input.detach().clone().bernoulli_(p, generator=generator)
    chance = _probabilities("bernoulli_tensor_cpu_p_", input)
    if chance.size and not ((chance >= 0) & (chance <= 1)).all():
        raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false.")
    return _drawn(
        lambda stream: (stream.random(chance.shape) < chance).astype(chance.dtype), generator
    )


def multinomial(
    input: Any, num_samples: int, replacement: bool = False, *, generator: Any = None
) -> Any:
    """Numbers of columns, drawn with the weights in each row."""
    weights = _probabilities("multinomial", input)
    if weights.ndim not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if num_samples <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and num_samples > weights.shape[-1]:
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement"
        )
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    rows = weights.reshape(-1, weights.shape[-1]).astype(np.float64)
    totals = rows.sum(-1, keepdims=True)
    if (totals == 0).any() or (not replacement and ((rows > 0).sum(-1) < num_samples).any()):
        raise RuntimeError(
            "invalid multinomial distribution (sum of probabilities <= 0)"
            if (totals == 0).any()
            else "invalid multinomial distribution (with replacement=False, not enough "
            "non-negative category to sample)"
        )
    shape = (*weights.shape[:-1], num_samples)

    def draw(stream: Any) -> Any:
        chosen = [
            stream.choice(rows.shape[1], num_samples, replace=replacement, p=row / row.sum())
            for row in rows
        ]
        return np.array(chosen, np.int64).reshape(shape)

    return _drawn(draw, generator)


def poisson(input: Any, generator: Any = None) -> Any:
    """Counts with the rates that the elements say."""
    rates = _probabilities("poisson_cpu", input)
    if rates.size and (rates < 0).any():
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    return _drawn(lambda stream: stream.poisson(rates).astype(rates.dtype), generator)


def binomial(count: Any, prob: Any, generator: Any = None) -> Any:
    """How often an event of probability `prob` comes in `count` trials."""
    trials, chance = _probabilities("binomial_cpu", count), _probabilities("binomial_cpu", prob)
    return _drawn(
        lambda stream: stream.binomial(trials.astype(np.int64), chance).astype(trials.dtype),
        generator,
    )


def normal(
    mean: Any,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    out: Any = None,
) -> Any:
    """Normal numbers with the mean and the standard deviation (numbers or tensors) given.

    size: the shape, where both are numbers. They have no gradient: use mean + std · randn.
    """
    middle, width = np.asarray(raw(mean)), np.asarray(raw(std))
    if width.size and (width < 0).any():
        raise RuntimeError(f"normal expects std >= 0.0, but found std {float(width.min()):g}")
    if size is not None or (is_number(mean) and is_number(std)):
        if size is None:
            raise TypeError(
                "normal() received an invalid combination of arguments: of two numbers it needs a "
                "size"
            )
        kind = (settings.default_dtype if dtype is None else dtype).numpy
        shape: Any = tuple(size)
    else:
        kind = (middle if not is_number(mean) else width).dtype
        shape = np.broadcast_shapes(middle.shape, width.shape)
    found = _drawn(
        lambda stream: (middle + width * stream.standard_normal(shape)).astype(kind), generator
    )
    if out is not None:
        return out.copy_(found)
    return found.requires_grad_() if requires_grad else found


@handed_over
def randint_like(
    input: Any, low: int, high: Any = None, *, dtype: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Integers from low (0 if only one bound is given) to high, in the shape of a tensor."""
    kind = require_tensor("randint_like", input).dtype if dtype is None else dtype
    shape = tuple(input.shape)
    first, last = (0, low) if high is None else (low, high)
    return randint(first, last, shape, dtype=kind, requires_grad=requires_grad)
