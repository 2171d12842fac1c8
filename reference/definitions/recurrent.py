"""Recurrent layers and their cells: LSTM, GRU, and the plain network of Elman."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import sympy as sp

from reference import build
from reference.build import Value
from reference.definitions.concrete import integers
from reference.definitions.registry import REALS, Definition, Sample, Samples
from reference.definitions.sampling import dyadic
from reference.graph import Constant, Node

__all__ = ["DEFINITIONS"]

State = tuple[Node, ...]
Step = Callable[[Node, State, Node, Node], State]
"""From the input's share of the gates, the state, and the state's weight and bias or 0."""


def _projected(x: Value, weight: Value, bias: Value) -> Node:
    product = build.matmul(x, build.swap_axes(weight, -2, -1))
    return product if bias is None else build.add(product, bias)


def _gates(values: Node, number: int) -> list[Node]:
    """Equal parts of the last axis."""
    width = int(values.shape[-1]) // number
    return [
        build.getitem(values, (Ellipsis, slice(k * width, (k + 1) * width))) for k in range(number)
    ]


def _sigmoid(x: Node) -> Node:
    power = build.elementwise(lambda a: sp.exp(-a), x)
    return build.elementwise(lambda p: 1 / (1 + p), power)


def _tanh(x: Node) -> Node:
    return build.elementwise(sp.tanh, x)


def _lstm_step(given: Node, state: State, weight: Node, bias: Node) -> State:
    """c' = σ(f) c + σ(i) tanh(g); h' = σ(o) tanh(c')."""
    hidden, cell = state
    entering, forgetting, fresh, leaving = _gates(
        build.add(given, _projected(hidden, weight, bias)), 4
    )
    kept = build.multiply(_sigmoid(forgetting), cell)
    new = build.add(kept, build.multiply(_sigmoid(entering), _tanh(fresh)))
    return build.multiply(_sigmoid(leaving), _tanh(new)), new


def _gru_step(given: Node, state: State, weight: Node, bias: Node) -> State:
    """h' = (1 - z) tanh(n + r · hidden's share of n) + z h."""
    (hidden,) = state
    own, other = _gates(given, 3), _gates(_projected(hidden, weight, bias), 3)
    reset, update = (_sigmoid(build.add(a, b)) for a, b in zip(own[:2], other[:2], strict=True))
    fresh = _tanh(build.add(own[2], build.multiply(reset, other[2])))
    return (
        build.add(
            build.multiply(build.subtract(1, update), fresh), build.multiply(update, hidden)
        ),
    )


def _plain_step(activation: Callable[[Node], Node]) -> Step:
    def step(given: Node, state: State, weight: Node, bias: Node) -> State:
        return (activation(build.add(given, _projected(state[0], weight, bias))),)

    return step


def _relu(x: Node) -> Node:
    return build.elementwise(lambda a: sp.Piecewise((a, a > 0), (0, True)), x)


_STEPS: dict[str, Step] = {
    "lstm": _lstm_step,
    "gru": _gru_step,
    "rnn_tanh": _plain_step(_tanh),
    "rnn_relu": _plain_step(_relu),
}


def _cell(kind: str) -> Callable[..., Any]:
    def cell(
        input: Value, hx: Any, w_ih: Value, w_hh: Value, b_ih: Value = None, b_hh: Value = None
    ) -> Any:
        """One step: the state that follows."""
        state = tuple(map(build.node, hx)) if kind == "lstm" else (build.node(hx),)
        found = _STEPS[kind](_projected(input, w_ih, b_ih), state, build.node(w_hh), b_hh)
        return found if kind == "lstm" else found[0]

    return cell


def _layer(kind: str) -> Callable[..., Any]:
    """The layer as PyTorch's modules call it, on padded sequences or on packed ones."""

    def layer(input: Value, second: Any, third: Any, *rest: Any) -> tuple[Node, ...]:
        """(every step's result, the last state)

        Padded sequences: (input, state, weights, has_biases, layers, dropout, train,
        bidirectional, batch_first). Packed ones: (data, batch_sizes, state, weights, …).
        """
        states = second if isinstance(third, (tuple, list)) and _is_plain(rest[0]) else None
        if states is not None:
            weights, biases, layers, dropout, train, both, batch_first = third, *rest
            source = build.node(input)
            if batch_first:
                source = build.swap_axes(source, 0, 1)
            counts = [int(source.shape[1])] * int(source.shape[0])
        else:
            batch_first, states = False, third
            weights, biases, layers, dropout, train, both = rest
            counts = [int(n) for n in integers(second)]
            source = build.node(input)
        if dropout and train and layers > 1:
            raise NotImplementedError(
                f"{kind} with dropout={dropout} between layers is random, and no function: set it "
                "to 0, or call eval() first"
            )
        packed = _packed(source) if source.ndim == 3 else source
        given = tuple(states) if kind == "lstm" else (states,)
        result, last = _layers(kind, packed, counts, given, weights, biases, layers, both)
        if source.ndim == 3:
            shape = (len(counts), counts[0] if counts else 0, result.shape[-1])
            result = build.reshape(result, shape)
        return (build.swap_axes(result, 0, 1) if batch_first else result, *last)

    return layer


def _pack(input: Value, lengths: Value, batch_first: bool) -> tuple[Node, Node]:
    """(the rows of all sequences that reach a step, step after step, the counts of each step)"""
    source = build.node(input)
    if batch_first:
        source = build.swap_axes(source, 0, 1)
    long = integers(lengths)
    counts = np.array([(long > step).sum() for step in range(long.max(initial=0))], dtype=np.int64)
    places = [step * len(long) + np.arange(n) for step, n in enumerate(counts)]
    rows = build.getitem(_packed(source), np.concatenate([np.zeros(0, np.intp), *places]))
    return rows, Constant(counts)


def _pad(
    data: Value,
    batch_sizes: Value,
    batch_first: bool = False,
    padding_value: Value = 0.0,
    total_length: int = -1,
) -> tuple[Node, Node]:
    """(sequences of one length, filled up with a number, and how long each was)"""
    rows, counts = build.node(data), integers(batch_sizes)
    steps, batch = max(total_length, len(counts)), int(counts.max(initial=0))
    places = np.full((steps, batch), int(rows.shape[0]), dtype=np.intp)
    for step, (count, start) in enumerate(zip(counts, np.cumsum(counts) - counts, strict=True)):
        places[step, :count] = start + np.arange(count)
    filler = build.broadcast_to(padding_value, (1, *rows.shape[1:]))
    padded = build.getitem(build.concat([rows, filler], 0), places)
    long = Constant((counts[:, None] > np.arange(batch)).sum(axis=0))
    return (build.swap_axes(padded, 0, 1) if batch_first else padded), long


def _is_plain(value: Any) -> bool:
    return isinstance(value, (bool, int, np.bool_))


def _packed(x: Node) -> Node:
    """(time, batch, …) as rows, one step's after another's."""
    steps, batch, *rest = (int(size) for size in x.shape)
    return build.reshape(x, (steps * batch, *rest))


def _layers(
    kind: str,
    rows: Node,
    counts: Sequence[int],
    initial: State,
    weights: Sequence[Value],
    biases: bool,
    layers: int,
    both: bool,
) -> tuple[Node, State]:
    """All layers and directions; rows: what enters, of `counts[t]` sequences at step t."""
    directions = 2 if both else 1
    each = len(weights) // (layers * directions)
    finals: list[State] = []
    for number in range(layers):
        results = []
        for direction in range(directions):
            place = number * directions + direction
            own = list(weights[place * each : (place + 1) * each])
            shift, hidden_bias = (own[2], own[3]) if biases else (None, None)
            projection = own[-1] if each in (3, 5) else None
            state = tuple(build.getitem(part, place) for part in initial)
            given = _projected(rows, own[0], shift)
            found, last = _run(
                _STEPS[kind], given, counts, state, own[1], hidden_bias, projection, direction == 1
            )
            results.append(found)
            finals.append(last)
        rows = build.concat(results, -1)
    return rows, tuple(build.stack(list(parts)) for parts in zip(*finals, strict=True))


def _run(
    step: Step,
    given: Node,
    counts: Sequence[int],
    state: State,
    weight: Value,
    bias: Value,
    projection: Value,
    backwards: bool,
) -> tuple[Node, State]:
    """One direction of one layer: rows of results, and the state when each sequence ends."""
    starts = np.cumsum([0, *counts])
    results: list[Node] = []
    held = state  # of all sequences; those that have ended, or not begun, keep theirs
    for time in reversed(range(len(counts))) if backwards else range(len(counts)):
        count = counts[time]
        entering = build.getitem(given, slice(int(starts[time]), int(starts[time + 1])))
        running = tuple(build.getitem(part, slice(0, count)) for part in held)
        found = step(entering, running, build.node(weight), bias)
        if projection is not None:
            found = (_projected(found[0], projection, None), *found[1:])
        results.append(found[0])
        held = tuple(
            _joined(new, build.getitem(old, slice(count, None)))
            for new, old in zip(found, held, strict=True)
        )
    return build.concat(results[::-1] if backwards else results, 0), held


def _joined(first: Node, rest: Node) -> Node:
    return build.concat([first, rest], 0) if int(rest.shape[0]) else first


# samples


def _weights(rng: np.random.Generator, gates: int, widths: Sequence[int]) -> tuple[Any, ...]:
    entering, hidden = widths
    return (
        dyadic(rng, (gates * hidden, entering)) / 4,
        dyadic(rng, (gates * hidden, hidden)) / 4,
        dyadic(rng, (gates * hidden,)) / 4,
        dyadic(rng, (gates * hidden,)) / 4,
    )


def _cells(gates: int, pair: bool) -> Samples:
    def samples(rng: np.random.Generator) -> list[Sample]:
        result = []
        for biases in (4, 2):
            state = dyadic(rng, (2, 2)), dyadic(rng, (2, 2))
            own = _weights(rng, gates, (3, 2))[:biases]
            result.append(Sample((dyadic(rng, (2, 3)), state if pair else state[0], *own)))
        return result

    return samples


def _sequences(gates: int, pair: bool) -> Samples:
    def samples(rng: np.random.Generator) -> list[Sample]:
        def state(number: int) -> Any:
            parts = dyadic(rng, (number, 2, 2)), dyadic(rng, (number, 2, 2))
            return parts if pair else parts[0]

        first = _weights(rng, gates, (3, 2))
        twice = (
            *_weights(rng, gates, (3, 2)),
            *_weights(rng, gates, (3, 2)),
            *_weights(rng, gates, (4, 2)),
            *_weights(rng, gates, (4, 2)),
        )
        return [
            Sample((dyadic(rng, (3, 2, 3)), state(1), first, True, 1, 0.0, False, False, False)),
            Sample(
                (dyadic(rng, (2, 2, 3)), state(1), first[:2], False, 1, 0.0, True, False, True)
            ),
            Sample((dyadic(rng, (2, 2, 3)), state(4), twice, True, 2, 0.0, False, True, False)),
            Sample(
                (
                    dyadic(rng, (3, 3)),
                    np.array([2, 1]),
                    state(2),
                    twice[:8],
                    True,
                    1,
                    0.0,
                    False,
                    True,
                )
            ),
        ]

    return samples


def _rows() -> list[Definition]:
    gates = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
    rows = []
    for kind, number in gates.items():
        pair = kind == "lstm"
        kinks = (0.0,) if kind == "rnn_relu" else ()
        layer, cell = _sequences(number, pair), _cells(number, pair)
        results = ("real",) * (2 if pair else 1)
        rows += [
            Definition(kind, _layer(kind), (REALS,), kinks, layer, results=("real", *results)),
            Definition(f"{kind}_cell", _cell(kind), (REALS,), kinks, cell, results=results),
        ]
    return rows


def _some_sequences(rng: np.random.Generator) -> list[Sample]:
    long = np.array([3, 2, 2])
    return [
        Sample((dyadic(rng, (3, 3, 2)), long, False)),
        Sample((dyadic(rng, (3, 4)), long, True)),
    ]


def _some_rows(rng: np.random.Generator) -> list[Sample]:
    counts = np.array([3, 3, 1])
    return [
        Sample((dyadic(rng, (7, 2)), counts, False, 0.0, 5)),
        Sample((dyadic(rng, (7,)), counts, True, 0.5, 3)),
    ]


DEFINITIONS: tuple[Definition, ...] = (
    *_rows(),
    Definition(
        "_pack_padded_sequence", _pack, (REALS,), (), _some_sequences, results=("value", "index")
    ),
    Definition("_pad_packed_sequence", _pad, (REALS,), (), _some_rows, results=("value", "index")),
)
