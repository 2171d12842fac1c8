"""Attention, embeddings of classes, and dropout as far as it is mathematics."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from reference import build
from reference.build import Value
from reference.definitions.concrete import integers
from reference.definitions.registry import REALS, Definition, Sample
from reference.definitions.sampling import calls, dyadic
from reference.graph import Constant, Input, Node

__all__ = ["DEFINITIONS"]


def _is_mask(value: Node) -> bool:
    """Whether an array holds truth values, not numbers to add."""
    held = value.value if isinstance(value, (Constant, Input)) else None
    return held is not None and held.dtype == np.bool_


def _scaled_dot_product_attention(
    query: Value,
    key: Value,
    value: Value,
    attn_mask: Value = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: Value = None,
    enable_gqa: bool = False,
) -> Node:
    """softmax(query keyᵀ / √d + mask) value, the softmax over the keys that are not masked.

    attn_mask: truth values of the keys that take part, or numbers to add to the scores.
    """
    if dropout_p:
        raise NotImplementedError(
            f"attention with dropout_p={dropout_p} is random, and no function: set it to 0"
        )
    q, k, v = build.node(query), build.node(key), build.node(value)
    if enable_gqa:
        k, v = (_repeated_heads(x, int(q.shape[-3]) // int(x.shape[-3])) for x in (k, v))
    factor = 1 / sp.sqrt(sp.sympify(q.shape[-1])) if scale is None else scale
    scores = build.multiply(build.matmul(q, build.swap_axes(k, -2, -1)), factor)
    taken: Value = None
    if is_causal:
        taken = np.tri(int(q.shape[-2]), int(k.shape[-2]), dtype=np.int64)
    if attn_mask is not None:
        mask = build.node(attn_mask)
        if _is_mask(mask):
            taken = mask if taken is None else build.multiply(mask, taken)
        else:
            scores = build.add(scores, mask)
    return build.matmul(_weights(scores, taken), v)


def _weights(scores: Node, taken: Value) -> Node:
    """softmax over the last axis, of the elements that take part (1, not 0); zero elsewhere."""
    powers = build.elementwise(sp.exp, scores)
    if taken is not None:
        powers = build.where(taken, powers, 0)
    return build.divide(powers, build.sum(powers, -1, True))


def _repeated_heads(x: Node, times: int) -> Node:
    """Each of the heads along axis -3, `times` in a row."""
    heads = np.repeat(np.arange(int(x.shape[-3])), times)
    return build.getitem(x, (Ellipsis, heads, slice(None), slice(None)))


def _multi_head_attention_forward(
    query: Value,
    key: Value,
    value: Value,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Value,
    in_proj_bias: Value,
    bias_k: Value,
    bias_v: Value,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Value,
    out_proj_bias: Value,
    training: bool = True,
    key_padding_mask: Value = None,
    need_weights: bool = True,
    attn_mask: Value = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Value = None,
    k_proj_weight: Value = None,
    v_proj_weight: Value = None,
    static_k: Value = None,
    static_v: Value = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Node, ...]:
    """Attention in several heads between projections: (result, weights averaged over heads).

    query, key, value: (length, batch, width). Masks hold where an element does *not* take part.
    """
    if dropout_p and training:
        raise NotImplementedError("dropout is random, and no function: set dropout_p to 0")
    extras = (bias_k, bias_v, static_k, static_v)
    if add_zero_attn or any(extra is not None for extra in extras):
        raise NotImplementedError(
            "multi_head_attention_forward with bias_k, bias_v, static_k, static_v or "
            "add_zero_attn has no definition: append those rows to key and value"
        )
    width = int(build.node(query).shape[-1])
    if use_separate_proj_weight:
        weights = [build.node(w) for w in (q_proj_weight, k_proj_weight, v_proj_weight)]
    else:
        weights = [build.getitem(in_proj_weight, _third(n, width)) for n in range(3)]
    biases: list[Node | None] = [None] * 3
    if in_proj_bias is not None:
        biases = [build.getitem(in_proj_bias, _third(n, width)) for n in range(3)]
    q, k, v = (
        _in_heads(_linear(x, weight, bias), num_heads)
        for x, weight, bias in zip((query, key, value), weights, biases, strict=True)
    )
    scores = build.divide(
        build.matmul(q, build.swap_axes(k, -2, -1)), sp.sqrt(sp.Integer(width // num_heads))
    )
    taken: Value = None
    if attn_mask is not None:
        mask = build.node(attn_mask)
        spread = build.reshape(mask, (-1, num_heads, *mask.shape[1:])) if mask.ndim == 3 else mask
        scores, taken = _without(scores, taken, spread, _is_mask(mask))
    if key_padding_mask is not None:
        mask = build.node(key_padding_mask)
        spread = build.getitem(mask, (slice(None), None, None))
        scores, taken = _without(scores, taken, spread, _is_mask(mask))
    shares = _weights(scores, taken)
    heads = build.permute(build.matmul(shares, v), (2, 0, 1, 3))
    joined = build.reshape(heads, (*heads.shape[:2], width))
    result = _linear(joined, out_proj_weight, out_proj_bias)
    if not need_weights:
        return (result,)
    return result, build.mean(shares, 1) if average_attn_weights else shares


def _third(number: int, width: int) -> slice:
    """Which rows of the joint projection belong to the query, the key or the value."""
    return slice(number * width, (number + 1) * width)


def _linear(x: Value, weight: Value, bias: Value) -> Node:
    result = build.matmul(x, build.swap_axes(weight, 0, 1))
    return result if bias is None else build.add(result, bias)


def _in_heads(rows: Node, number: int) -> Node:
    """(length, batch, width) as (batch, head, length, width of a head)."""
    length, batch, width = (int(size) for size in rows.shape)
    split = build.reshape(rows, (length, batch, number, width // number))
    return build.permute(split, (1, 2, 0, 3))


def _without(scores: Node, taken: Value, mask: Node, truths: bool) -> tuple[Node, Value]:
    """Scores and who takes part, after a mask of those who do not, or of numbers to add."""
    if not truths:
        return build.add(scores, mask), taken
    kept = build.subtract(1, mask)
    return scores, kept if taken is None else build.multiply(taken, kept)


def _dropout(input: Value, p: float = 0.5, training: bool = True, inplace: bool = False) -> Node:
    """Dropout where nothing is left to chance: nothing dropped, or all."""
    if training and p == 1:
        return build.multiply(input, 0)
    if training and p:
        raise NotImplementedError(
            f"dropout with p={p} is random, and no function of its input: multiply by the mask "
            "that was drawn, or set training=False"
        )
    return build.elementwise(lambda a: a, input)


def _one_hot(tensor: Value, num_classes: int = -1) -> Node:
    classes = integers(tensor)
    number = int(classes.max(initial=-1)) + 1 if num_classes == -1 else num_classes
    if classes.size and (classes.min() < 0 or classes.max() >= number):
        raise RuntimeError("Class values must be smaller than num_classes.")
    return Constant((classes[..., None] == np.arange(number)).astype(np.int64))


def _attended(rng: np.random.Generator) -> list[Sample]:
    def three(*lead: int) -> tuple[np.ndarray, ...]:
        return dyadic(rng, (*lead, 3, 4)), dyadic(rng, (*lead, 2, 4)), dyadic(rng, (*lead, 2, 2))

    mask = np.array([[True, False], [True, True], [False, True]])
    return [
        Sample(three(2)),
        Sample((*three(1, 2), mask)),
        Sample((*three(), dyadic(rng, (3, 2)))),
        Sample(
            (dyadic(rng, (3, 2)), dyadic(rng, (3, 2)), dyadic(rng, (3, 2))), {"is_causal": True}
        ),
        Sample(three(2), {"scale": 0.25}),
        Sample(
            (dyadic(rng, (1, 4, 2, 2)), dyadic(rng, (1, 2, 3, 2)), dyadic(rng, (1, 2, 3, 2))),
            {"enable_gqa": True},
        ),
        Sample(
            (16 * dyadic(rng, (2, 4)), 16 * dyadic(rng, (3, 4)), dyadic(rng, (3, 2))), kind="tail"
        ),
    ]


def _many_heads(rng: np.random.Generator) -> list[Sample]:
    def projections() -> tuple[Any, ...]:
        return dyadic(rng, (12, 4)) / 8, dyadic(rng, (12,)), None, None, False, 0.0

    padding = np.array([[False, False, True]])
    own = tuple(dyadic(rng, (length, 1, 4)) / 2 for length in (2, 3, 3))
    last = dyadic(rng, (4, 4)), dyadic(rng, (4,))
    return [
        Sample((*own, 4, 2, *projections(), *last)),
        Sample((*own, 4, 1, *projections(), *last, True, padding, True)),
    ]


DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "scaled_dot_product_attention",
        _scaled_dot_product_attention,
        (REALS, REALS, REALS),
        (),
        _attended,
        results=("real",),
    ),
    Definition(
        "multi_head_attention_forward",
        _multi_head_attention_forward,
        (REALS, REALS, REALS),
        (),
        _many_heads,
        results=("real",),
    ),
    Definition(
        "dropout",
        _dropout,
        (REALS,),
        (),
        calls(
            lambda rng: (dyadic(rng, (2, 3)), 0.0),
            lambda rng: (dyadic(rng, (4, 3)).T, 0.5, False),
            lambda rng: (dyadic(rng, (3,)), 1.0),
        ),
    ),
    Definition(
        "one_hot",
        _one_hot,
        samples=calls(
            lambda rng: (rng.integers(0, 4, (3,)),), lambda rng: (rng.integers(0, 3, (2, 2)), 5)
        ),
        results=("index",),
    ),
)
