"""Pooling's inverses, and what is done to whole channels."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from reference import build
from reference.build import Value
from reference.definitions.axes import each_axis
from reference.definitions.concrete import integers
from reference.definitions.pooling import largest_of_windows
from reference.definitions.registry import REALS, Definition, Sample, Samples
from reference.definitions.sampling import calls, distinct, dyadic
from reference.graph import Node

__all__ = ["DEFINITIONS"]


def _max_unpool(rank: int) -> Callable[..., Node]:
    def max_unpool(
        input: Value,
        indices: Value,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        output_size: Any = None,
    ) -> Node:
        """Zeros, with each value where max pooling found it."""
        source, places = build.node(input), integers(indices)
        inner = [int(n) for n in source.shape[source.ndim - rank :]]
        lead = [int(n) for n in source.shape[: source.ndim - rank]]
        kernel = each_axis(kernel_size, rank)
        steps = kernel if stride is None or stride == [] else each_axis(stride, rank)
        if output_size is None:
            sizes = [
                (n - 1) * step - 2 * pad + width
                for n, step, pad, width in zip(
                    inner, steps, each_axis(padding, rank), kernel, strict=True
                )
            ]
        else:
            sizes = [int(n) for n in tuple(output_size)[-rank:]]
        total = prod(sizes)
        if places.size and places.max() >= total:
            raise RuntimeError(
                f"Found an invalid max index: {int(places.max())} (output volumes are of size "
                f"{'x'.join(map(str, sizes))}"
            )
        starts = np.arange(prod(lead))[:, None] * total
        flat = (starts + places.reshape(prod(lead), -1)).ravel()
        empty = np.zeros(prod(lead) * total, dtype=np.int64)
        found = build.index_put(empty, (flat,), build.reshape(source, -1))
        return build.reshape(found, (*lead, *sizes))

    return max_unpool


def _fractional(rank: int, with_indices: bool) -> Callable[..., Any]:
    def fractional_max_pool(
        input: Value,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Value = None,
    ) -> Any:
        """The largest of windows at uneven steps, which one number for each plane and axis fixes.

        _random_samples: (batch, channels, axes), from 0 to 1; the first is of the last axis.
        """
        if _random_samples is None:
            raise NotImplementedError(
                "fractional_max_pool without _random_samples draws them, and is no function: give "
                "_random_samples, of shape (batch, channels, number of axes)"
            )
        source = build.node(input)
        inner = [int(n) for n in source.shape[source.ndim - rank :]]
        kernel = each_axis(kernel_size, rank)
        if output_size is None:
            shares = (output_ratio,) * rank if isinstance(output_ratio, float) else output_ratio
            sizes = tuple(int(n * share) for n, share in zip(inner, shares, strict=True))
        else:
            sizes = each_axis(output_size, rank)
        lead = tuple(int(n) for n in source.shape[: source.ndim - rank])
        draws = _known(_random_samples).reshape(prod(lead), rank)
        if rank == 2:  # of width and height; of three axes they are in order
            draws = draws[:, ::-1]
        planes = build.reshape(source, (prod(lead), *inner))
        found = [
            largest_of_windows(
                build.getitem(planes, number),
                [
                    _uneven(size, width, count, float(draw))
                    for size, width, count, draw in zip(inner, kernel, sizes, own, strict=True)
                ],
            )
            for number, own in enumerate(draws)
        ]
        values, places = (
            build.reshape(build.stack(list(parts)), (*lead, *sizes))
            for parts in zip(*found, strict=True)
        )
        return (values, places) if return_indices or with_indices else values

    return fractional_max_pool


def _known(value: Value) -> np.ndarray:
    """Numbers that must be known when the program runs."""
    held = getattr(value, "value", None)
    if held is None:
        raise ValueError("the random numbers of a pooling must be known: give constants")
    return np.asarray(held, dtype=np.float64)


def _uneven(size: int, width: int, count: int, draw: float) -> np.ndarray:
    """Graham's pseudo-random windows along an axis; the last ends with it."""
    step = (size - width) / (count - 1) if count > 1 else 0.0
    starts = [int((k + draw) * step) - int(draw * step) for k in range(count - 1)]
    return np.array([*starts, size - width])[:, None] + np.arange(width)


def _channel_shuffle(input: Value, groups: int) -> Node:
    """Channels (axis 1) of as many groups dealt out in turn."""
    source = build.node(input)
    batch, channels, *rest = (int(n) for n in source.shape)
    if channels % groups:
        raise RuntimeError(
            "Number of channels must be divisible by groups. Got "
            f"{channels} channels and {groups} groups."
        )
    split = build.reshape(source, (batch, groups, channels // groups, *rest))
    return build.reshape(build.swap_axes(split, 1, 2), source.shape)


def _rrelu(
    input: Value,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Node:
    """x where it is positive, else x times the middle of the slopes."""
    if training:
        raise NotImplementedError(
            "rrelu in training draws its slopes, and is no function: set training=False"
        )
    slope = (build.exact_number(lower) + build.exact_number(upper)) / 2
    return build.where(build.greater(input, 0), input, build.multiply(input, slope))


def _dropout(name: str, standard: bool) -> Callable[..., Node]:
    def dropout(
        input: Value, p: float = 0.5, training: bool = standard, inplace: bool = False
    ) -> Node:
        """Dropout where nothing is left to chance."""
        if training and p == 1 and "alpha" not in name:
            return build.multiply(input, 0)
        if training and p:
            raise NotImplementedError(
                f"{name} with p={p} is random, and no function of its input: multiply by the "
                "mask that was drawn, or set training=False"
            )
        return build.elementwise(lambda a: a, input)

    return dropout


# samples


def _unpooled(rng: np.random.Generator) -> list[Sample]:
    places = np.array([[[1, 2, 5], [0, 3, 4]]])
    return [
        Sample((dyadic(rng, (1, 2, 3)), places, 2)),
        Sample((dyadic(rng, (2, 3)), places[0], 2, 2), {"output_size": (7,)}),
    ]


def _unpooled_planes(rng: np.random.Generator) -> list[Sample]:
    places = np.array([[[[0, 3], [9, 14]]]])
    return [
        Sample((dyadic(rng, (1, 1, 2, 2)), places, 2)),
        Sample((dyadic(rng, (1, 2, 2)), places[0], (2, 2), 2), {"output_size": (4, 5)}),
    ]


def _fractions(rank: int) -> Samples:
    def samples(rng: np.random.Generator) -> list[Sample]:
        draws = rng.integers(0, 32, (1, 2, rank)) / 32.0
        image = distinct(rng, (1, 2, 5, 6, 4)[: 2 + rank])
        own = {"_random_samples": draws}
        return [Sample((image, 2), {"output_size": (2, 3, 2)[:rank], **own})]

    return samples


_SAME_CHANNELS = {
    "dropout1d": (True, (2, 3, 4)),
    "dropout2d": (True, (1, 2, 2, 3)),
    "dropout3d": (True, (1, 2, 2, 1, 2)),
    "alpha_dropout": (False, (2, 3)),
    "feature_alpha_dropout": (False, (1, 2, 3)),
}


def _without_chance(name: str, standard: bool, shape: tuple[int, ...]) -> Definition:
    samples = calls(
        lambda rng: (dyadic(rng, shape), 0.5, False), lambda rng: (dyadic(rng, shape), 0.0)
    )
    aliases = ("feature_dropout",) if name == "dropout2d" else ()
    return Definition(name, _dropout(name, standard), (REALS,), (), samples, aliases)


DEFINITIONS: tuple[Definition, ...] = (
    Definition("max_unpool1d", _max_unpool(1), (REALS,), (), _unpooled),
    Definition("max_unpool2d", _max_unpool(2), (REALS,), (), _unpooled_planes),
    Definition(
        "max_unpool3d",
        _max_unpool(3),
        (REALS,),
        (),
        calls(lambda rng: (dyadic(rng, (1, 1, 1, 1, 2)), np.array([[[[[2, 5]]]]]), 2)),
    ),
    *(
        Definition(
            f"fractional_max_pool{rank}d{ending}",
            _fractional(rank, bool(ending)),
            (REALS,),
            ("equal",),
            _fractions(rank),
            results=("value", "index"),
        )
        for rank in (2, 3)
        for ending in ("", "_with_indices")
    ),
    Definition(
        "channel_shuffle",
        _channel_shuffle,
        (REALS,),
        (),
        calls(lambda rng: (dyadic(rng, (1, 4, 2)), 2), lambda rng: (dyadic(rng, (2, 6, 1, 2)), 3)),
        ("native_channel_shuffle",),
    ),
    Definition(
        "rrelu",
        _rrelu,
        (REALS,),
        (0.0,),
        calls(
            lambda rng: (dyadic(rng, (2, 3)),),
            lambda rng: (dyadic(rng, (4, 3)).T, 0.25, 0.5),
            lambda _: Sample((np.array([0.0]),), kind="kink"),
        ),
        (),
        ("real",),
    ),
    *(_without_chance(name, *rest) for name, rest in _SAME_CHANNELS.items()),
)
