"""One step of recurrent networks, as PyTorch has them beside its modules."""

from __future__ import annotations

from typing import Any

from autodiff.functions.contraction import linear
from autodiff.functions.pointwise import relu, sigmoid, tanh
from autodiff.functions.shapes import chunk

__all__ = ["gru_cell", "lstm_cell", "rnn_relu_cell", "rnn_tanh_cell"]


def lstm_cell(
    input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> tuple[Any, Any]:
    """(hidden, cell) after one step; hx: the pair before. Gates: input, forget, cell, output."""
    hidden, cell = hx
    gates = linear(input, w_ih, b_ih) + linear(hidden, w_hh, b_hh)
    into, forget, new, out = chunk(gates, 4, 1)
    after = sigmoid(forget) * cell + sigmoid(into) * tanh(new)
    return sigmoid(out) * tanh(after), after


def gru_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    """The hidden state after one step. Gates: reset, update, new."""
    reset, update, new = chunk(linear(input, w_ih, b_ih), 3, 1)
    reset_h, update_h, new_h = chunk(linear(hx, w_hh, b_hh), 3, 1)
    share = sigmoid(update + update_h)
    proposed = tanh(new + sigmoid(reset + reset_h) * new_h)
    return (hx - proposed) * share + proposed


def rnn_tanh_cell(
    input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> Any:
    """The hidden state after one step: tanh of the sum of two linear maps."""
    return tanh(linear(input, w_ih, b_ih) + linear(hx, w_hh, b_hh))


def rnn_relu_cell(
    input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> Any:
    """The hidden state after one step: relu of the sum of two linear maps."""
    return relu(linear(input, w_ih, b_ih) + linear(hx, w_hh, b_hh))
