"""Attention."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff.creation import from_array
from autodiff.functions.activations import dropout
from autodiff.functions.arguments import raw, require_tensor
from autodiff.functions.contraction import matmul
from autodiff.functions.losses import softmax
from autodiff.functions.pointwise import logical_and, logical_not
from autodiff.functions.shapes import stack, transpose

__all__ = ["scaled_dot_product_attention"]


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    """softmax(query keyᵀ · scale + mask) value, the softmax over the keys that are not masked.

    A composition: two matrix products and the fused softmax, which is what the time goes to.
    query: (…, L, E); key: (…, S, E); value: (…, S, V). attn_mask: truth values of the keys that
    take part, or numbers to add to the scores. scale: by default 1 / √E. A query to which every
    key is masked gets zeros. enable_gqa: heads (dimension -3) of key and value are shared by
    equally many heads of the query each.
    """
    for position, (name, one) in enumerate((("query", query), ("key", key), ("value", value)), 1):
        require_tensor("scaled_dot_product_attention", one, name, position)
    if enable_gqa:
        key, value = (_repeated(one, query.shape[-3] // one.shape[-3]) for one in (key, value))
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = matmul(query * factor, transpose(key, -2, -1))
    taken = None
    if is_causal:
        taken = from_array(np.tri(query.shape[-2], key.shape[-2], dtype=bool))
    if attn_mask is not None:
        if raw(attn_mask).dtype.kind == "b":
            taken = attn_mask if taken is None else logical_and(attn_mask, taken)
        else:
            scores = scores + attn_mask
    if taken is None:
        weights = softmax(scores, -1)
    else:
        left_out = logical_not(taken)
        nobody = left_out.all(-1, keepdim=True)
        scores = scores.masked_fill(logical_and(left_out, logical_not(nobody)), -math.inf)
        weights = softmax(scores, -1).masked_fill(nobody, 0.0)
    return matmul(dropout(weights, dropout_p), value)


def _repeated(x: Any, times: int) -> Any:
    """Each of the heads along dimension -3, `times` in a row."""
    shape = x.shape
    return stack([x] * times, x.ndim - 2).reshape(*shape[:-3], shape[-3] * times, *shape[-2:])
