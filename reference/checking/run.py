"""The questions that `check` asks an engine, one after the other."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from reference.adapters.adapter import Adapter, NotOffered, Pulled, flattened
from reference.checking.compare import compare
from reference.checking.directions import Directions
from reference.checking.draws import cotangents_of, random_arrays, single_entries
from reference.checking.outputs import chosen, of_chosen
from reference.checking.repeats import Runs
from reference.checking.report import Comparison, Fault, Report
from reference.checking.tangents import widened
from reference.checking.truth import Correct, Row, Truth
from reference.complexes.formats import PartFormat
from reference.graph import Unrecorded, topological

__all__ = ["EVERYTHING", "Check", "Settings"]

EVERYTHING = ("value", "vjp", "jvp", "second", "layout", "again", "repeat", "unmodified")
_MODES = {
    "rr": "reverse over reverse",
    "rc": "reverse over reverse, by the cotangent",
    "fr": "forward over reverse",
    "rf": "reverse over forward",
    "ff": "forward over forward",
}
_SPOTS = 3
_SHORT = 1024  # bytes that are compared as they are
_MANY = 20_000  # entries of a Jacobian up to which all of its rows are compared
_ROWS = 8

Settings = dict[str, Any]
Arrays = list[np.ndarray]


class Check:
    """One check: an engine's function, its arguments, the truth, and the report that grows."""

    def __init__(
        self,
        adapter: Adapter,
        f: Callable[..., Any],
        arguments: Sequence[Any],
        contents: dict[int, np.ndarray],
        wrt: Sequence[int],
        truth: Callable[[Sequence[str], Sequence[int], int], Truth],
        report: Report,
        *,
        what: Sequence[str],
        asked: Sequence[str],
        cotangents: int | Sequence[Any],
        repeats: int,
    ) -> None:
        self.adapter = adapter
        self.arguments = list(arguments)
        self.wrt = list(wrt)
        self.report = report
        self.what = what
        self.asked = asked
        self.repeats = repeats
        self.given = not isinstance(cotangents, int)
        self.names = [f"the gradient of {argument.name}" for argument in report.arguments]
        self.contents = contents
        outputs = flattened(f(*self.fresh()))
        kept, notes = chosen(adapter, outputs)
        report.notes += notes
        self.f = of_chosen(f, kept, outputs) if notes else f
        self.outputs = [outputs[number] for number in kept]
        self.shapes = [tuple(int(n) for n in np.shape(adapter.content(o))) for o in self.outputs]
        self._held_shapes = [tuple(int(n) for n in np.shape(o)) for o in self.outputs]
        self.truth = truth([adapter.dtype(o) for o in self.outputs], kept, len(outputs))
        self._check_shapes()
        self.directions = Directions(self.truth, report.seed)
        self.cotangents = self._cotangents(cotangents)
        self.rows: dict[int, Row] = {}
        self.judgements: dict[int, tuple[Row, list[Any], list[str], list[Comparison]]] = {}

    def _check_shapes(self) -> None:
        expected = [tuple(int(n) for n in node.shape) for node in self.truth.outputs]
        if expected != self.shapes:
            text = (
                f"outputs of shapes {self.shapes}, where the mathematics has {expected}: nothing "
                "can be compared"
            )
            self.report.faults.append(Fault("value", "wrong shape", text))

    def _cotangents(self, given: int | Sequence[Any]) -> list[tuple[str, Arrays]]:
        if not isinstance(given, int):
            known = cotangents_of(given, self.shapes)
            return [(f"given cotangent {k}", arrays) for k, arrays in enumerate(known)]
        count = max(1, given)
        outputs = sum(map(math.prod, self.shapes))
        inputs = sum(array.size for array in self.truth.arrays)
        seed = self.report.seed
        bits = [fmt.precision for fmt in self.truth.output_formats]
        drawn = [
            (f"random cotangent {k}", random_arrays(self.shapes, seed, k, bits if k else None))
            for k in range(count)
        ]
        if not outputs:
            return drawn
        if outputs == 1 and count > 1:  # numbers of both signs
            pairs = zip(drawn[0][1], drawn[1][1], strict=True)
            drawn[1] = (drawn[1][0], [-np.abs(b) * np.sign(a) for a, b in pairs])
        small = outputs <= _ROWS and outputs * inputs <= _MANY
        return drawn + single_entries(self.shapes, seed, None if small else _SPOTS)

    # what the engine gets

    def fresh(self, layout: str = "plain") -> list[Any]:
        """Arguments of their own for one run; the user's are never handed over."""
        return [
            self.adapter.adopt(self.contents[number], value, layout=layout)
            if number in self.contents
            else value
            for number, value in enumerate(self.arguments)
        ]

    def like_outputs(self, arrays: Sequence[np.ndarray], layout: str = "plain") -> list[Any]:
        """Cotangents with the dtypes of the outputs."""
        return [
            self.adapter.adopt(array, output, layout=layout)
            for array, output in zip(arrays, self.outputs, strict=True)
        ]

    def like_inputs(self, arrays: Sequence[np.ndarray]) -> list[Any]:
        """Tangents with the dtypes of the arguments."""
        return [
            self.adapter.adopt(array, self.arguments[number])
            for array, number in zip(arrays, self.wrt, strict=True)
        ]

    # the questions

    def run(self) -> Report:
        """All that was asked."""
        if any(fault.kind == "wrong shape" for fault in self.report.faults):
            return self.report  # nothing of what follows would have a truth to meet
        steps: dict[str, Callable[[], None]] = {
            "value": self.value,
            "vjp": self.vjp,
            "jvp": self.jvp,
            "second": self.second,
            "layout": self.layout,
            "again": self.again,
            "repeat": self.repeat,
        }
        self._foresee()
        for what, step in steps.items():
            if what in self.what:
                step()
        return self.report

    def _foresee(self) -> None:
        """Tell the truth what will be asked of it."""
        reverse = {"vjp", "layout", "repeat"} & set(self.what)
        second = "second" in self.what and bool(self.adapter.second_order)
        cotangents = [arrays for _, arrays in self.cotangents] if reverse else []
        if "layout" in self.what and self._expands:
            cotangents.append(self._ones)
        if second and not cotangents:
            cotangents = [self.cotangents[0][1]]
        along = self._directions if "jvp" in self.what and self.adapter.forward_mode else []
        self.truth.foresee(
            cotangents,
            [direction for _, direction in along],
            self.directions.random(200) if second else None,
            values="value" in self.what,
        )

    @contextmanager
    def asking(self, what: str, detail: str) -> Iterator[None]:
        """A question to which an engine may answer with an error."""
        try:
            yield
        except NotOffered as error:
            text = f"{what} ({detail}) is not on offer: {error}"
            if what in self.asked or what == "vjp":  # without which nothing is checked
                self.report.faults.append(Fault(what, "missing", text))
            else:
                self.report.notes.append(text)
        except Exception as error:  # noqa: BLE001  # whatever the code under test raises
            if what in ("jvp", "second") and what not in self.asked:
                self.report.notes.append(f"{what} ({detail}) raises {_line(error)}")
            else:
                self.report.faults.append(Fault(what, "raised", f"{detail}: {_line(error)}"))

    def value(self) -> None:
        """The outputs."""
        row = self.truth.values()
        targets = _outputs(len(self.outputs), "output")
        contents = [self.adapter.content(output) for output in self.outputs]
        self.judged("value", "forward pass", targets, contents, row)

    def judged(
        self,
        what: str,
        detail: str,
        targets: Sequence[str],
        values: Sequence[np.ndarray | None],
        row: Row,
        inputs: Sequence[np.ndarray] = (),
        quick: Correct | None = None,
    ) -> list[Comparison]:
        """Compare, and keep what came out; the same numbers against the same row only once.

        quick: what `row.correct` says of the values, where that is known.
        """
        report = self.report
        told = [None if v is None else _told(v) for v in values]
        known = self.judgements.get(id(row))
        if known is not None and known[:3] == (row, told, list(targets)):
            found = [replace(one, what=what, detail=detail) for one in known[3]]
        else:
            found = compare(
                what, detail, targets, values, row,
                inputs=inputs, factor=report.factor, seed=report.seed, quick=quick,
            )  # fmt: skip
            self.judgements[id(row)] = (row, told, list(targets), found)
        report.comparisons += found
        return found

    def row(self, number: int) -> Row:
        """The truth for a cotangent."""
        if number not in self.rows:
            found = self.truth.pulled([arrays for _, arrays in self.cotangents])
            if not self.given:  # the first is random: it has no zeros
                found = _where_defined(found)
            self.rows.update(enumerate(found))
        return self.rows[number]

    def gradients(self, what: str, detail: str, found: Sequence[Any], row: Row) -> None:
        """Compare gradients with a row, after a look at their dtypes and shapes."""
        values = self.contents_of(what, detail, found, list(row.certificate.dtypes[: row.count]))
        if values is not None:
            values = self.directions.told(values, row)
            self.judged(what, detail, self.names, values, row, self.truth.arrays)

    def contents_of(
        self, what: str, detail: str, found: Sequence[Any], dtypes: Sequence[str]
    ) -> list[np.ndarray | None] | None:
        """The contents of gradients of the arguments; None where a shape is wrong."""
        values: list[np.ndarray | None] = []
        sound = True
        for gradient, array, dtype, name, argument in zip(
            found, self.truth.arrays, dtypes, self.names, self.report.arguments, strict=True
        ):
            if gradient is None:
                values.append(None)
                continue
            held, content = self._read(gradient)
            if content is None:
                sound = False
                self.fault(what, "wrong dtype", f"{name} is {held}, not an array of floats")
                continue
            values.append(content)
            if isinstance(held, PartFormat) and not isinstance(argument.dtype, PartFormat):
                sound = False
                self.fault(what, "wrong dtype", f"{name} is complex, its argument {dtype}")
            elif content.shape != array.shape:
                sound = False
                text = f"{name} has shape {content.shape}, its argument {array.shape} ({detail})"
                self.fault(what, "wrong shape", text)
            elif held != dtype:
                text = f"{name} is {held}, its argument {dtype} ({detail})"
                self.fault(what, "wrong dtype", text)
        return values if sound else None

    def _read(self, value: Any) -> tuple[str, np.ndarray | None]:
        """(the dtype, the content) of what an engine gave; no content of what is no array."""
        try:
            content = self.adapter.content(value)
            return self.adapter.dtype(value), content if content.dtype.kind == "f" else None
        except (TypeError, ValueError, AttributeError):
            dtype = getattr(value, "dtype", None)
            return type(value).__name__ + (f" of {dtype}" if dtype is not None else ""), None

    def fault(self, what: str, kind: str, text: str) -> None:
        """Note a mistake, the first of its kind only."""
        if not any(f.what == what and f.kind == kind for f in self.report.faults):
            self.report.faults.append(Fault(what, kind, text))

    def vjp(self) -> None:
        """The gradients for all cotangents, from one forward pass."""
        with self.asking("vjp", "reverse mode"):
            arrays = self.fresh()
            given = [self.like_outputs(c) for _, c in self.cotangents]
            pulled = self.adapter.pull(self.f, arrays, self.wrt, given)
            shapes = [tuple(int(n) for n in np.shape(output)) for output in pulled.outputs]
            if shapes != self._held_shapes:
                text = f"outputs of shapes {shapes}, where an earlier run had {self._held_shapes}"
                self.fault("vjp", "wrong shape", text)
            for number, found in enumerate(pulled.gradients):
                self.gradients("vjp", self.cotangents[number][0], found, self.row(number))
            self.unmodified(arrays, given)

    def unmodified(self, arrays: Sequence[Any], cotangents: Sequence[Sequence[Any]]) -> None:
        """Whether arguments and cotangents still hold what they held."""
        if "unmodified" not in self.what:
            return
        for number, content in self.contents.items():
            if not _same(self.adapter.content(arrays[number]), content):
                self.fault("unmodified", "modified", f"argument {number} was changed")
        for (_, before), after in zip(self.cotangents, cotangents, strict=True):
            for one, other in zip(before, after, strict=True):
                if not _same(self.adapter.content(other), one):
                    self.fault("unmodified", "modified", "the backward pass changed the cotangent")

    @cached_property
    def _directions(self) -> list[tuple[str, Arrays]]:
        """Along which forward mode is asked."""
        shapes = [array.shape for array in self.truth.arrays]
        seed = self.report.seed
        bits = [fmt.precision for fmt in self.truth.formats]
        along = [
            (f"random direction {k}", random_arrays(shapes, seed, 100 + k, bits if k else None))
            for k in (0, 1)
        ]
        inputs = sum(array.size for array in self.truth.arrays)
        outputs = sum(map(math.prod, self.shapes))
        if 1 < inputs <= _ROWS and inputs * outputs <= _MANY:
            along = along[:1] + single_entries(shapes, seed)
        return self.directions.each_within(along)

    @property
    def _expands(self) -> bool:
        """Whether an expanded cotangent of ones is asked for."""
        return self.adapter.layouts and self.adapter.expands and any(self.shapes)

    @property
    def _ones(self) -> Arrays:
        return [np.ones(shape) for shape in self.shapes]

    def jvp(self) -> None:
        """The derivatives of the outputs along directions, in forward mode."""
        if not self.adapter.forward_mode:
            if "jvp" in self.asked:
                self.fault("jvp", "missing", f"{self.adapter.name} has no forward mode")
            return
        along = self._directions
        targets = _outputs(len(self.outputs), "the tangent of output")
        pushed = []
        with self.asking("jvp", "forward mode"):
            self._recorded()
            for detail, direction in along:
                tangents = self.like_inputs(direction)
                _, found = self.adapter.push(self.f, self.fresh(), self.wrt, tangents)
                pushed.append((detail, found))
        if not pushed:
            return
        rows = _where_defined(
            self.truth.pushed([direction for _, direction in along[: len(pushed)]])
        )
        for (detail, found), (_, direction), row in zip(pushed, along, rows, strict=False):
            self.tangents("jvp", detail, targets, found, row, direction)

    def tangents(
        self,
        what: str,
        detail: str,
        targets: Sequence[str],
        found: Sequence[Any],
        row: Row,
        direction: Arrays,
    ) -> None:
        """Compare tangents of the outputs along a direction with a row."""
        values: list[np.ndarray | None] = []
        for tangent, output, shape in zip(found, self.outputs, self.shapes, strict=True):
            if tangent is None:
                values.append(None)
                continue
            content = self.adapter.content(tangent)
            if content.shape != shape:
                text = f"a tangent has shape {content.shape}, its output {shape} ({detail})"
                self.fault(what, "wrong shape", text)
                return
            held, expected = self.adapter.dtype(tangent), self.adapter.dtype(output)
            if held != expected:
                text = f"a tangent is {held}, its output {expected} ({detail})"
                self.fault(what, "wrong dtype", text)
            values.append(content)
        factor, seed = self.report.factor, self.report.seed
        quick = row.correct(values, factor)
        if quick is None:
            second = detail == _MODES["ff"]
            row = widened(
                self.truth, row, values, direction, second=second, factor=factor, seed=seed
            )
        self.judged(what, detail, targets, values, row, quick=quick)

    def second(self) -> None:
        """The gradient of <gradient, u>, in the mode pairs that the engine has."""
        if not self.adapter.second_order and "second" in self.asked:
            self.fault("second", "missing", f"{self.adapter.name} has no second derivatives")
        direction = self.directions.random(200)
        cotangent = self.cotangents[0][1]
        row: Row | None = None
        for mode in self.adapter.second_order:
            detail = _MODES[mode]
            with self.asking("second", detail):
                if "f" in mode:
                    self._recorded()
                found = self.adapter.second(
                    mode,
                    self.f,
                    self.fresh(),
                    self.wrt,
                    self.like_outputs(cotangent),
                    self.like_inputs(direction),
                )
                if mode == "rc":
                    targets = _outputs(len(self.outputs), "the derivative along u of output")
                    held = self._pushed(direction)
                    self.tangents("second", detail, targets, found, held, direction)
                    continue
                if mode == "ff":
                    targets = _outputs(len(self.outputs), "the second tangent of output")
                    held = self.truth.second_forward(direction)
                    self.tangents("second", detail, targets, found, held, direction)
                    continue
                row = row or self.truth.second(cotangent, direction)
                self.gradients("second", detail, found, row)
        if any(one.what == "second" for one in self.report.comparisons):
            self._note_missing("second")  # a rule for reverse mode has no forward mode

    @cached_property
    def _unrecorded(self) -> bool:
        return any(isinstance(node, Unrecorded) for node in topological(self.truth.outputs))

    def _recorded(self) -> None:
        """Raise NotOffered where reverse mode and forward mode have no common truth."""
        if self._unrecorded:
            raise NotOffered(
                "forward mode sees what is computed under no_grad, and reverse mode does not"
            )
        self.directions.offered()

    def _note_missing(self, what: str) -> None:
        """Make notes of the faults about what is not on offer."""
        missing = [f for f in self.report.faults if f.what == what and f.kind == "missing"]
        self.report.notes += [fault.text for fault in missing]
        self.report.faults[:] = [f for f in self.report.faults if f not in missing]

    def _pushed(self, direction: Arrays) -> Row:
        return self.truth.pushed([direction])[0]

    def layout(self) -> None:
        """Arguments and cotangents that are not contiguous."""
        if not self.adapter.layouts:
            return
        cotangent = self.cotangents[0][1]
        kinds: list[tuple[str, str, Arrays, Callable[[], Row]]] = [
            ("strided arguments", "strided", cotangent, partial(self.row, 0))
        ]
        if self._expands:
            ones = self._ones
            row_of_ones = partial(self._row_of, ones)
            kinds.append(("an expanded cotangent of ones", "expanded", ones, row_of_ones))
        for detail, layout, arrays, row in kinds:
            given = self.like_outputs(arrays, layout)
            arguments = self.fresh("strided" if layout == "strided" else "plain")
            try:
                found = self.adapter.pull(self.f, arguments, self.wrt, [given]).gradients[0]
            except Exception as error:  # noqa: BLE001  # a kernel may refuse, and say so
                self.report.notes.append(f"refuses {detail}: {_line(error)}")
                continue
            self.gradients("layout", detail, found, row())

    def _row_of(self, cotangent: Arrays) -> Row:
        return self.truth.pulled([cotangent])[0]

    def again(self) -> None:
        """A second backward pass through the same record."""
        with self.asking("again", "a second backward pass"):
            detail, cotangent = self.cotangents[0]
            given = [self.like_outputs(cotangent), self.like_outputs(cotangent)]
            first, second = self.adapter.pull(self.f, self.fresh(), self.wrt, given).gradients
            if not self.alike(first, second):
                self.gradients("again", f"second backward pass, {detail}", second, self.row(0))

    def alike(self, first: Sequence[Any], second: Sequence[Any]) -> bool:
        """Whether gradients are the same to the last bit."""
        return all(
            (one is None and other is None)
            or (
                one is not None
                and other is not None
                and _same(self.adapter.content(one), self.adapter.content(other))
            )
            for one, other in zip(first, second, strict=True)
        )

    def repeat(self) -> None:
        """The same gradient again and again: what differs is judged."""
        detail, cotangent = self.cotangents[0]
        first: Pulled | None = None
        different = 0
        with self.asking("repeat", "repeated runs"):
            for batch, differing in self._runs(cotangent).batches(self.repeats):
                first = first or batch[0]
                for place in differing:
                    pulled = batch[place]
                    if self._alike_all(first, pulled):
                        continue
                    different += 1
                    if different <= 3:
                        name = f"run {self.report.repeats + place + 1}, {detail}"
                        self.gradients("repeat", name, pulled.gradients[0], self.row(0))
                        self.judged("repeat", name, _outputs(len(self.outputs), "output"),
                                    [self.adapter.content(o) for o in pulled.outputs],
                                    self.truth.values())  # fmt: skip
                self.report.repeats += len(batch)
        if first is not None:
            self.gradients("repeat", f"run 1, {detail}", first.gradients[0], self.row(0))
        if different:
            runs = f"{different} of {self.report.repeats} runs differ from the first"
            if all(c.ok for c in self.report.comparisons if c.what == "repeat"):
                self.report.notes.append(
                    f"non-deterministic, within what rounding explains: {runs}"
                )
            else:
                self.fault("repeat", "non-deterministic", runs)

    def _alike_all(self, one: Pulled, other: Pulled) -> bool:
        """Whether two runs gave the same outputs and gradients to the last bit."""
        return self.alike([*one.outputs, *one.gradients[0]], [*other.outputs, *other.gradients[0]])

    def _runs(self, cotangent: Arrays) -> Runs:
        return Runs(
            self.adapter, self.f, self.arguments, self.contents, self.wrt, self.outputs, cotangent
        )


def _told(array: np.ndarray) -> bytes:
    """What tells arrays of one shape apart."""
    numbers = array.tobytes()
    return numbers if len(numbers) <= _SHORT else hashlib.blake2b(numbers).digest()


def _where_defined(rows: Sequence[Row]) -> list[Row]:
    """The rows, with nothing asked where the first, which has no zeros, has no derivative.

    Elsewhere an engine may well multiply the zero of a cotangent by an infinity.
    """
    hopeless = rows[0].hopeless()
    if not any(mask.any() for mask in hopeless):
        return list(rows)
    return [rows[0], *(row.without(hopeless) for row in rows[1:])]


def _outputs(count: int, name: str) -> list[str]:
    return [name] if count == 1 else [f"{name} {number}" for number in range(count)]


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    if one.shape != other.shape:
        return False
    if one.nbytes <= _SHORT and one.dtype == other.dtype and one.tobytes() == other.tobytes():
        return True
    return bool(np.array_equal(one, other, equal_nan=True))


def _line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0][:200] if text else ''}"
