"""Heavier layers: attention, convolution, normalization with softmax, embedding."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from workloads.workload import Arrays, Problem, Workload

__all__ = ["WORKLOADS"]


def tokens(
    rng: np.random.Generator, *, batch: int, heads: int, length: int, width: int
) -> Problem:
    total = heads * width
    x = rng.standard_normal((batch, length, total)).astype(np.float32)
    weights = [
        (rng.standard_normal((total, total)) / np.sqrt(total)).astype(np.float32) for _ in range(4)
    ]
    return Problem([x, *weights], [heads])


def attention_torch(torch: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    x, *weights, output = leaves
    batch, length, total = x.shape
    heads = constants[0]
    width = total // heads
    q, k, v = ((x @ w).reshape(batch, length, heads, width).transpose(1, 2) for w in weights)
    scores = q @ k.transpose(2, 3) * width**-0.5
    mixed = torch.softmax(scores, -1) @ v
    y = mixed.transpose(1, 2).reshape(batch, length, total) @ output
    return (y * y).mean()


def attention_numpy(xp: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    x, *weights, output = leaves
    batch, length, total = x.shape
    heads = constants[0]
    width = total // heads
    q, k, v = (
        xp.swapaxes(xp.reshape(xp.matmul(x, w), (batch, length, heads, width)), 1, 2)
        for w in weights
    )
    scores = xp.matmul(q, xp.swapaxes(k, 2, 3)) * width**-0.5
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    mixed = xp.matmul(e / xp.sum(e, axis=-1, keepdims=True), v)
    y = xp.matmul(xp.reshape(xp.swapaxes(mixed, 1, 2), (batch, length, total)), output)
    return xp.mean(y * y)


def attention_by_hand(leaves: Arrays, constants: Sequence[Any]) -> Sequence[Any]:
    x, *weights, output = leaves
    batch, length, total = x.shape
    heads = constants[0]
    width = total // heads
    scale = np.float32(width**-0.5)
    flat = x.reshape(-1, total)
    q, k, v = (
        (flat @ w).reshape(batch, length, heads, width).transpose(0, 2, 1, 3) for w in weights
    )
    p = q @ k.swapaxes(2, 3)
    p *= scale
    p -= p.max(axis=-1, keepdims=True)
    np.exp(p, out=p)
    p /= p.sum(axis=-1, keepdims=True)
    mixed = (p @ v).transpose(0, 2, 1, 3).reshape(-1, total)
    y = mixed @ output
    value = (y * y).mean()
    gy = y * np.float32(2 / y.size)
    g_output = mixed.T @ gy
    g_mixed = (gy @ output.T).reshape(batch, length, heads, width).transpose(0, 2, 1, 3)
    gv = p.swapaxes(2, 3) @ g_mixed
    gp = g_mixed @ v.swapaxes(2, 3)
    gp -= (gp * p).sum(axis=-1, keepdims=True)
    gp *= p
    gp *= scale
    gq = gp @ k
    gk = gp.swapaxes(2, 3) @ q
    gx = np.zeros_like(flat)
    gradients = []
    for g, w in zip((gq, gk, gv), weights, strict=True):
        joined = g.transpose(0, 2, 1, 3).reshape(-1, total)
        gradients.append(flat.T @ joined)
        gx += joined @ w.T
    return value, gx.reshape(x.shape), *gradients, g_output


def images(
    rng: np.random.Generator, *, batch: int, channels: int, filters: int, size: int
) -> Problem:
    x = rng.standard_normal((batch, channels, size, size)).astype(np.float32)
    w = (rng.standard_normal((filters, channels, 3, 3)) / np.sqrt(9 * channels)).astype(np.float32)
    weighing = rng.standard_normal((batch, filters, size, size)).astype(np.float32)
    return Problem([x, w, rng.uniform(-0.1, 0.1, filters).astype(np.float32)], [weighing])


def convolution_torch(torch: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    y = torch.nn.functional.conv2d(*leaves, padding=1)
    return (y * constants[0]).sum()


def convolution_jax(xp: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    x, w, b = leaves
    lax = importlib.import_module("jax.lax")
    y = lax.conv_general_dilated(x, w, (1, 1), "SAME") + xp.reshape(b, (1, -1, 1, 1))
    return xp.sum(y * constants[0])


def convolution_mygrad(xp: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    x, w, b = leaves
    nnet = importlib.import_module("mygrad.nnet")
    y = nnet.conv_nd(x, w, stride=1, padding=1) + xp.reshape(b, (1, -1, 1, 1))
    return xp.sum(y * constants[0])


def convolution_numpy(xp: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    """Windows side by side (im2col), then one product."""
    x, w, b = leaves
    batch, channels, height, width = x.shape
    padded = xp.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), "constant")
    windows = xp.stack(
        [padded[:, :, i : i + height, j : j + width] for i in range(3) for j in range(3)], 2
    )
    flat = xp.reshape(windows, (batch, channels * 9, height * width))
    y = xp.matmul(xp.reshape(w, (len(w), -1)), flat) + xp.reshape(b, (-1, 1))
    return xp.sum(xp.reshape(y, (batch, -1, height, width)) * constants[0])


def convolution_by_hand(leaves: Arrays, constants: Sequence[Any]) -> Sequence[Any]:
    x, w, b = leaves
    batch, channels, height, width = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.empty((batch, channels, 9, height, width), x.dtype)
    for place in range(9):
        i, j = divmod(place, 3)
        windows[:, :, place] = padded[:, :, i : i + height, j : j + width]
    flat = windows.reshape(batch, channels * 9, height * width)
    matrix = w.reshape(len(w), -1)
    y = (matrix @ flat + b[:, None]).reshape(batch, -1, height, width)
    value = (y * constants[0]).sum()
    g = constants[0].reshape(batch, len(w), -1)
    gw = (g @ flat.swapaxes(1, 2)).sum(axis=0).reshape(w.shape)
    g_windows = (matrix.T @ g).reshape(windows.shape)
    g_padded = np.zeros_like(padded)
    for place in range(9):
        i, j = divmod(place, 3)
        g_padded[:, :, i : i + height, j : j + width] += g_windows[:, :, place]
    return value, g_padded[:, :, 1:-1, 1:-1], gw, g.sum(axis=(0, 2))


def rows_to_normalize(rng: np.random.Generator, *, rows: int, columns: int) -> Problem:
    x, weighing = (rng.standard_normal((rows, columns)).astype(np.float32) for _ in range(2))
    scale = rng.uniform(0.5, 1.5, columns).astype(np.float32)
    shift = rng.uniform(-0.1, 0.1, columns).astype(np.float32)
    return Problem([x, scale, shift], [weighing])


def normalized_torch(torch: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    x, scale, shift = leaves
    y = torch.nn.functional.layer_norm(x, (x.shape[1],), scale, shift)
    return (torch.softmax(y, 1) * constants[0]).sum()


def normalized_composed(torch: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    x, scale, shift = leaves
    centered = x - x.mean(1, keepdim=True)
    variance = (centered * centered).mean(1, keepdim=True)
    y = centered * torch.rsqrt(variance + 1e-5) * scale + shift
    return (torch.softmax(y, 1) * constants[0]).sum()


def normalized_numpy(xp: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    x, scale, shift = leaves
    centered = x - xp.mean(x, axis=1, keepdims=True)
    variance = xp.mean(centered * centered, axis=1, keepdims=True)
    y = centered / xp.sqrt(variance + 1e-5) * scale + shift
    e = xp.exp(y - xp.max(y, axis=1, keepdims=True))
    return xp.sum(e / xp.sum(e, axis=1, keepdims=True) * constants[0])


def normalized_by_hand(leaves: Arrays, constants: Sequence[Any]) -> Sequence[Any]:
    (x, scale, shift), (weighing,) = leaves, constants
    columns = np.float32(x.shape[1])
    unit = x - x.mean(axis=1, keepdims=True)
    factor = 1 / np.sqrt(along_rows(unit, unit) / columns + np.float32(1e-5))
    unit *= factor
    p = unit * scale
    p += shift
    p -= p.max(axis=1, keepdims=True)
    np.exp(p, out=p)
    p /= p.sum(axis=1, keepdims=True)
    weighted = along_rows(p, weighing)
    value = weighted.sum()
    g = weighing - weighted
    g *= p
    g_scale, g_shift = np.einsum("ij,ij->j", g, unit), g.sum(axis=0)
    g *= scale
    inner = along_rows(g, unit) / columns
    g -= g.mean(axis=1, keepdims=True)
    unit *= inner
    g -= unit
    g *= factor
    return value, g, g_scale, g_shift


def along_rows(x: Any, y: Any) -> Any:
    return np.einsum("ij,ij->i", x, y)[:, None]


def vocabulary(rng: np.random.Generator, *, words: int, width: int, length: int) -> Problem:
    table = rng.standard_normal((words, width)).astype(np.float32)
    weighing = rng.standard_normal((length, width)).astype(np.float32)
    return Problem([table], [rng.integers(0, words, length), weighing])


def embedding_torch(torch: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    indices, weighing = constants
    return (torch.nn.functional.embedding(indices, leaves[0]) * weighing).sum()


def embedding_numpy(xp: Any, leaves: Sequence[Any], constants: Sequence[Any]) -> Any:
    indices, weighing = constants
    return (leaves[0][indices] * weighing).sum()


def embedding_by_hand(leaves: Arrays, constants: Sequence[Any]) -> Sequence[Any]:
    (table,), (indices, weighing) = leaves, constants
    value = (np.take(table, indices, axis=0) * weighing).sum()
    # Sorted, then all first uses of a word at once, all second uses, and so on: twice as fast as
    # `np.add.reduceat` along the first axis, three times as fast as `np.add.at`.
    order = np.argsort(indices, kind="stable")
    found = indices[order]
    starts = np.flatnonzero(np.concatenate([[True], found[1:] != found[:-1]]))
    counts = np.diff(np.append(starts, len(found)))
    gradient = np.zeros_like(table)
    gradient[found[starts]] = weighing[order[starts]]
    for use in range(1, counts.max()):
        starts = starts[counts > use]
        counts = counts[counts > use]
        gradient[found[starts]] += weighing[order[starts + use]]
    return value, gradient


WORKLOADS = [
    Workload(
        name="attention",
        title="attention block 4 × 4 heads × 128 × 64",
        problem=tokens,
        full={"batch": 4, "heads": 4, "length": 128, "width": 64},
        small={"batch": 2, "heads": 2, "length": 5, "width": 3},
        by_hand=attention_by_hand,
        programs={"torch": attention_torch, "numpy": attention_numpy},
        target=1.00,
    ),
    Workload(
        name="conv2d",
        title="conv2d 3×3, 16 × 16→32 × 28×28",
        problem=images,
        full={"batch": 16, "channels": 16, "filters": 32, "size": 28},
        small={"batch": 2, "channels": 3, "filters": 4, "size": 5},
        by_hand=convolution_by_hand,
        programs={
            "torch": convolution_torch,
            "numpy": convolution_numpy,
            "jax": convolution_jax,
            "mygrad": convolution_mygrad,
        },
        needs=("nn.functional.conv2d",),
        tolerance=2048,  # the value is a sum of 400,000 numbers of both signs
        target=1.50,
    ),
    Workload(
        name="layer-norm-softmax",
        title="layer norm + softmax 512 × 1024",
        problem=rows_to_normalize,
        full={"rows": 512, "columns": 1024},
        small={"rows": 3, "columns": 7},
        by_hand=normalized_by_hand,
        programs={
            "torch": normalized_torch,
            "composed": normalized_composed,
            "numpy": normalized_numpy,
        },
        needs=("nn.functional.layer_norm",),
        tolerance=2048,
        target=1.20,
    ),
    Workload(
        name="embedding",
        title="embedding 50,000 × 64, 20,000 indices",
        problem=vocabulary,
        full={"words": 50_000, "width": 64, "length": 20_000},
        small={"words": 12, "width": 3, "length": 30},
        by_hand=embedding_by_hand,
        programs={
            "torch": embedding_torch,
            "composed": embedding_numpy,
            "numpy": embedding_numpy,
        },
        needs=("nn.functional.embedding",),
        tolerance=4096,  # the value is a sum of 1,280,000 numbers of both signs
        target=1.00,
    ),
]
