"""The engine's rows held against their definitions: calls, certified truth, verdicts.

A case is one sample of a definition in one dtype. With `f` the operation, `v` a cotangent and `u`
a direction, both random and dyadic, order 1 judges

    the gradient of <f(x), v> with respect to x and to v:   Jᵀv and the value f(x) itself;

order 2 judges

    the gradient of <Jᵀv, u> with respect to x and to v:    the second derivative and J u,

so that a rule that is linear in x is also held to its own transpose.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import autodiff
import autodiff.ops
from autodiff.primitive import Primitive
from reference import build
from reference.certify import Certificate, certify_problem
from reference.definitions import Sample, definition, definitions
from reference.differentiate import vjp, zeros
from reference.enclosure import Enclosure
from reference.floats import Format, format_of
from reference.graph import Constant, Input, Node
from reference.judge import judge, scatter
from reference.problem import Problem
from reference.tensor import apply, tensor, variable

__all__ = [
    "DTYPES",
    "ELSEWHERE",
    "PARTNERS",
    "PROMOTING",
    "Case",
    "Outcome",
    "all_rows",
    "arrays_of",
    "cases",
    "cast",
    "engine_gradients",
    "function_of",
    "is_differentiable",
    "is_real",
    "judged",
    "samples_of",
    "truth_of",
]

DTYPES = ("float64", "float32", "float16")
SEED = 7
PROMOTING = ("add", "sub", "mul", "div", "pow", "maximum", "minimum", "where", "stack", "cat")
# Samples whose sums cancel to 0, by the number of the sample: a fast transform adds in another
# order than the definition, so its rounding there is that of the largest element.
CANCELLED = {("fft", 6), ("ifft", 6)}
NOT_DIFFERENTIATED = {"cross_entropy": (2,), "nll_loss": (2,)}  # class weights, as in PyTorch


def all_rows() -> dict[str, Primitive]:
    """Every row of the engine once, by the name of the module and of the constant."""
    found: dict[str, Primitive] = {}
    seen: set[int] = set()
    infos = sorted(pkgutil.iter_modules(autodiff.ops.__path__), key=lambda m: m.name)
    modules = {m.name: importlib.import_module(f"autodiff.ops.{m.name}") for m in infos}
    for own in (True, False):  # where it is exported first, so that no import hides its place
        for place, module in modules.items():
            for name, value in vars(module).items():
                exported = name in getattr(module, "__all__", ())
                if isinstance(value, Primitive) and id(value) not in seen and exported >= own:
                    seen.add(id(value))
                    found[f"{place}.{name}"] = value
    return found


# Rows without a definition of their own: the partner that they are held to, and why.
PARTNERS: dict[str, tuple[str, str]] = {
    "slice": ("getitem", "one of the ways to index"),
    "getitem_backward": ("getitem", "its transpose: first order of getitem, second of its own"),
    "gather_backward": ("gather", "its transpose"),
    "diagonal_backward": ("diagonal", "its transpose"),
    "argkth": ("kthvalue", "where it is"),
    "argmedian": ("median", "where it is"),
    "scan": ("cumprod", "what its gradient and that of logcumsumexp are made of"),
    "tanh_backward": ("tanh", "its derivative: second order of tanh judges its rules"),
    "sigmoid_backward": ("sigmoid", "its derivative"),
    "threshold_backward": ("relu", "its derivative"),
    "leaky_relu_backward": ("leaky_relu", "its derivative"),
    "conv2d_input": ("conv2d", "its transpose in the input"),
    "conv2d_weight": ("conv2d", "its transpose in the weight"),
    "embedding_backward": ("embedding", "its transpose"),
    "avg_pool2d_backward": ("avg_pool2d", "its transpose"),
    "as_strided_backward": ("as_strided", "its transpose"),
    "max_pool2d_backward": ("max_pool2d", "its transpose"),
    "max_pool2d_gather": ("max_pool2d", "the transpose of its transpose"),
    "complex": ("view_as_complex", "of two tensors in the place of a last dimension"),
    "polar": ("cos", "the size times cosine and sine of the angle"),
    "fft_c2c": ("fftn", "any transform of complex numbers to complex ones"),
    "fft_r2c": ("rfftn", "any transform of real numbers, or its first half"),
    "fft_c2r": ("irfftn", "any transform to real numbers"),
    "sgn": ("sign", "the sign of complex numbers, which on real ones is sign"),
    "div_floor": ("floor_divide", "div with rounding_mode='floor'"),
    "div_trunc": ("trunc_divide", "div with rounding_mode='trunc'"),
    "bitwise_and": ("logical_and", "of integers and truths: no derivative"),
    "bitwise_or": ("logical_or", "of integers and truths: no derivative"),
    "bitwise_xor": ("ne", "of integers and truths: no derivative"),
    "bitwise_not": ("logical_not", "of integers and truths: no derivative"),
}
# Rows with a rule that no sample's call records, and why.
ELSEWHERE: dict[str, str] = {
    "complexes.ANGLE": "complex numbers only",
    "complexes.POLAR": "complex numbers only",
    "pointwise.SGN": "complex numbers only",
    "pointwise.SIGMOID_COMPLEX": "complex numbers only",
    "elementwise.ASINH_COMPLEX": "complex numbers only",
    "elementwise.LOGADDEXP_COMPLEX": "complex numbers only",
    "pointwise.SQUARE": "the Array API's square; PyTorch's is a power",
    "pointwise.REMAINDER_OF_NUMBER": "its rule raises, as PyTorch's does",
    "pointwise.FLOOR_DIVIDE": "its rule raises, as PyTorch's does",
    "pointwise.RSUB": "from a number: the rule for the number is never asked",
    "pointwise.RSUB_SCALED": "from a number: the rule for the number is never asked",
    "special.FMAX": "its definition is that of maximum, whose samples call MAXIMUM",
    "special.FMIN": "its definition is that of minimum, whose samples call MINIMUM",
    "pointwise.DIV_TRUNC": "its rule gives zeros",
    "pointwise.ROUND_DECIMALS": "its rule gives zeros",
    "writing.LERP": "as LERP_TENSOR, with a weight that is a number",
    "windows.WINDOWS_GATHER": "its rule, WINDOWS_PUT, is asked in the third order",
}

# ---------------------------------------------------------------------------- the engine's side


def _set_item(x: Any, key: Any, value: Any) -> Any:
    result = x.clone()
    result[key] = value
    return result


def _to_another_width(x: Any) -> Any:
    return x.to(autodiff.float32 if x.dtype == autodiff.float64 else autodiff.float64)


def _parts(result: Any) -> Any:
    return (result.real, result.imag) if result.is_complex() else result


def _of_pairs(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function of the parts of complex numbers, as definitions take and give them.

    There are no complex numbers of two halves: those are worked on in 32 bits.
    """

    def call(x: Any, *args: Any, **kwargs: Any) -> Any:
        pair = x if isinstance(x, tuple) else (x,)
        short = pair[0].dtype == autodiff.float16
        given = [part.float() for part in pair] if short else pair
        whole = autodiff.complex(*given) if len(given) == 2 else given[0]
        found = function(whole, *args, **kwargs)
        result = _parts(found)
        if not short:
            return result
        return tuple(one.half() for one in result) if isinstance(result, tuple) else result.half()

    return call


_TRANSFORMS = (
    "fft", "fft2", "fftn", "hfft", "hfft2", "hfftn", "ifft", "ifft2", "ifftn", "ihfft", "ihfft2",
    "ihfftn", "irfft", "irfft2", "irfftn", "rfft", "rfft2", "rfftn",
)  # fmt: skip

_SPECIAL: dict[str, Callable[..., Any]] = {
    **{name: _of_pairs(getattr(autodiff.fft, name)) for name in _TRANSFORMS},
    "view_as_real": _of_pairs(autodiff.view_as_real),
    "view_as_complex": _of_pairs(autodiff.view_as_complex),
    "getitem": lambda x, key: x[key],
    "setitem": _set_item,
    "T": lambda x: x.permute(*reversed(range(x.ndim))),
    "mT": lambda x: x.mT,
    "to": _to_another_width,
    "vector_norm": autodiff.linalg.vector_norm,
    "rsub": autodiff.rsub,
    "fftshift": autodiff.fft.fftshift,
    "ifftshift": autodiff.fft.ifftshift,
    "cross": autodiff.linalg.cross,
    "vander": autodiff.linalg.vander,
    "torch_cross": autodiff.cross,
    "torch_vander": autodiff.vander,
    "torch_svd": autodiff.svd,
    "linalg_lu_solve": autodiff.linalg.lu_solve,
    "svd": autodiff.linalg.svd,
    "qr": autodiff.linalg.qr,
    "cholesky": autodiff.linalg.cholesky,
    "linalg_norm": autodiff.linalg.norm,
}


def function_of(name: str) -> Callable[..., Any] | None:
    """What a user of the engine calls: a special form, a function, or a method."""
    if name in _SPECIAL:
        return _SPECIAL[name]
    if name in ("stft", "istft"):  # their samples' windows have one dtype: see test_more_names
        return None
    if name == "unfold":  # that of nn.functional is defined; the tensor's is as_strided's
        return getattr(autodiff.nn.functional, name, None)
    for place in (
        autodiff,
        autodiff.nn.functional,
        autodiff.linalg,
        autodiff.special,
        autodiff.Tensor,
    ):
        found = getattr(place, name, None)
        if callable(found):
            return found  # type: ignore[no-any-return]
    return None


# --------------------------------------------------------------------------------------- cases


@dataclass(frozen=True, eq=False)
class Case:
    """One sample of a definition in one dtype."""

    name: str
    number: int
    sample: Sample
    dtype: str

    @property
    def id(self) -> str:
        return f"{self.name}-{self.number}-{self.dtype}"

    @property
    def key(self) -> tuple[str, int, str]:
        return self.name, self.number, self.dtype


@functools.cache
def samples_of(name: str) -> tuple[Sample, ...]:
    row = definition(name)
    if row.samples is None:
        return ()
    return tuple(row.samples(np.random.default_rng([SEED, zlib.crc32(name.encode())])))


def cases(names: Any = None, dtypes: tuple[str, ...] = DTYPES) -> Iterator[Case]:
    """The cases of the given definitions; of all that the engine has a function for."""
    chosen = [row.name for row in definitions()] if names is None else names
    for name in chosen:
        if function_of(name) is None:
            continue
        for number, sample in enumerate(samples_of(definition(name).name)):
            if not is_differentiable(name) or (name, number) in CANCELLED:
                continue
            for dtype in dtypes:
                if _fits(sample, dtype):
                    yield Case(name, number, sample, dtype)


def is_differentiable(name: str) -> bool:
    """Whether any result has a derivative: truths and indices have none."""
    return not {"truth", "index"} >= set(definition(name).results)


def _fits(sample: Sample, dtype: str) -> bool:
    """Whether the dtype holds the sample's numbers: a tail may lie beyond a short format."""
    largest = float(np.finfo("float32" if dtype == "mixed" else dtype).max)
    return all(
        not array.size or float(np.abs(array).max()) <= largest for array in arrays_of(sample)
    )


def arrays_of(sample: Sample) -> Iterator[np.ndarray]:
    for value in sample.args:
        parts = value if isinstance(value, (tuple, list)) else (value,)
        yield from (part for part in parts if is_real(part))


def is_real(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == np.float64


def _dtype(case: Case, number: int) -> str:
    """The dtype of the case's argument of this number: "mixed" begins with a float32."""
    if case.dtype == "mixed":
        return "float64" if number else "float32"
    return case.dtype


def cast(array: np.ndarray, dtype: str) -> np.ndarray:
    """The array in a dtype, strided as it was."""
    if array.flags.c_contiguous or array.flags.f_contiguous:
        return array.astype(dtype, order="K")
    wide = np.full((*array.shape[:-1], 2 * array.shape[-1]), 99, dtype=dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


def _filled(
    case: Case, leaf: Callable[[np.ndarray], Any], other: Callable[[Any], Any]
) -> list[Any]:
    """The positional arguments with differentiated arrays and other arrays made anew."""
    constant = NOT_DIFFERENTIATED.get(case.name, ())

    count = 0

    def made(value: Any, position: int) -> Any:
        nonlocal count
        if is_real(value):
            own = cast(value, _dtype(case, count))
            count += 1
            return other(own) if position in constant else leaf(own)
        if isinstance(value, np.ndarray):
            return other(value)
        if isinstance(value, tuple) and any(isinstance(part, np.ndarray) for part in value):
            return tuple(made(part, -1) for part in value)
        return value

    return [made(value, position) for position, value in enumerate(case.sample.args)]


def _weights(case: Case, which: int, shapes: Any) -> list[np.ndarray]:
    """Random dyadic numbers, none zero, of both signs: exact in every dtype."""
    rng = np.random.default_rng([SEED, case.number, which, zlib.crc32(case.name.encode())])
    return [
        np.asarray(rng.integers(1, 64, size=shape) * rng.choice([-1.0, 1.0], size=shape) / 32.0)
        for shape in shapes
    ]


def _is_floating(value: Any) -> bool:
    return isinstance(value, autodiff.Tensor) and value.is_floating_point()


def engine_gradients(case: Case, order: int) -> list[np.ndarray | None]:
    """What the engine gives for every leaf and every cotangent."""
    function = function_of(case.name)
    assert function is not None
    leaves: list[Any] = []

    def leaf(array: np.ndarray) -> Any:
        leaves.append(autodiff.from_numpy(array).requires_grad_())
        return leaves[-1]

    result = function(*_filled(case, leaf, _constant), **case.sample.kwargs)
    parts = [p for p in (result if isinstance(result, tuple) else (result,)) if _is_floating(p)]
    drawn = _weights(case, 1, [tuple(part.shape) for part in parts])
    cotangents = [
        autodiff.from_numpy(_numpy(v).astype(_numpy(part).dtype)).requires_grad_(order == 2)
        for v, part in zip(drawn, parts, strict=True)
    ]
    pairs = [(p, v) for p, v in zip(parts, cotangents, strict=True) if p.requires_grad]
    pulled: list[Any] = [None] * len(leaves)
    if pairs:
        pulled = list(
            autodiff.autograd.grad(
                [p for p, _ in pairs],
                leaves,
                [v for _, v in pairs],
                create_graph=order == 2,
                allow_unused=True,
            )
        )
    _check(pulled, leaves)
    if order == 1:
        return [*(_numpy(g) for g in pulled), *(_numpy(p) for p in parts)]
    directions = _weights(case, 2, [tuple(x.shape) for x in leaves])
    chosen = [
        (g, autodiff.from_numpy(u.astype(_numpy(g).dtype)))
        for g, u in zip(pulled, directions, strict=True)
        if g is not None and g.requires_grad
    ]
    targets = [*leaves, *cotangents]
    if not chosen:
        return [None] * len(targets)
    second = autodiff.autograd.grad(
        [g for g, _ in chosen], targets, [u for _, u in chosen], allow_unused=True
    )
    _check(second, targets)
    return [_numpy(g) for g in second]


def _constant(array: Any) -> Any:
    return (
        autodiff.from_numpy(np.ascontiguousarray(array)) if array.ndim else autodiff.tensor(array)
    )


def _numpy(value: Any) -> Any:
    if value is None or isinstance(value, np.ndarray):
        return value
    return np.asarray(value.detach()._data)


def _check(gradients: Any, leaves: Any) -> None:
    for gradient, leaf in zip(gradients, leaves, strict=True):
        if gradient is not None and (gradient.shape, gradient.dtype) != (leaf.shape, leaf.dtype):
            raise AssertionError(
                f"a gradient of {gradient.dtype}, {tuple(gradient.shape)} for a leaf of "
                f"{leaf.dtype}, {tuple(leaf.shape)}"
            )


# -------------------------------------------------------------------------------- the truth


_problems: dict[tuple[Any, ...], tuple[Certificate, tuple[np.ndarray, ...]]] = {}


def truth_of(case: Case, order: int) -> tuple[Certificate, tuple[np.ndarray, ...]]:
    """The certified gradients, and the scatter of an ideal implementation."""
    key = (*case.key, order)
    if key not in _problems:
        certificate = certify_problem(_problem(case, order))
        _problems[key] = certificate, scatter(certificate, _format(certificate))
    return _problems[key]


def _format(certificate: Certificate) -> Format | None:
    """The format judged in: that of the numbers, whose ULP at zero is no smaller than 2**-552.

    In ULPs of 2**-1074 the distance from a true zero is more than float64 can hold.
    """
    if {fmt.name for fmt in certificate.problem.formats} == {"float64"}:
        return Format("float64", 53, -500, 1023)
    return None


def _problem(case: Case, order: int) -> Problem:
    leaves: list[Any] = []

    def leaf(array: np.ndarray) -> Any:
        leaves.append(variable(f"x{len(leaves)}", array))
        return leaves[-1]

    result = apply(case.name, *_filled(case, leaf, tensor), **case.sample.kwargs)
    parts = [
        p
        for p in (result if isinstance(result, tuple) else (result,))
        if p.dtype.is_floating_point
    ]
    outputs = [part.node for part in parts]
    drawn = _weights(case, 1, [node.shape for node in outputs])
    cotangents = [Input(f"v{k}", v.shape, v) for k, v in enumerate(drawn)]
    inputs = [held.node for held in leaves]
    pulled = vjp(outputs, inputs, cotangents)
    everything = [*inputs, *cotangents]
    gradients: list[Node | None] = [*pulled, *outputs]
    if order == 2:
        directions = _weights(case, 2, [node.shape for node in inputs])
        pairs = [
            (g, Constant(u)) for g, u in zip(pulled, directions, strict=True) if g is not None
        ]
        gradients = [None] * len(everything)
        if pairs:
            gradients = vjp([g for g, _ in pairs], everything, [u for _, u in pairs])
    total: Node = build.node(0)
    for output, cotangent in zip(outputs, cotangents, strict=True):
        total = build.add(total, build.sum(build.multiply(output, cotangent)))
    return Problem(
        total,
        tuple(everything),
        tuple(node.value for node in everything),
        (*(format_of(held.dtype) for held in leaves), *_result_formats(case, parts)),
        tuple(
            zeros(node.shape) if gradient is None else gradient
            for gradient, node in zip(gradients, everything, strict=True)
        ),
        tuple(node.name for node in everything),
    )


def _result_formats(case: Case, parts: list[Any]) -> list[Format]:
    if case.name == "to":
        return [format_of("float32" if case.dtype == "float64" else "float64")]
    return [format_of(part.dtype) for part in parts]


# -------------------------------------------------------------------------------- verdicts


@dataclass(frozen=True)
class Outcome:
    """Whether a case passed; what was found if not; the largest excess error."""

    ok: bool
    text: str
    excess: float = 0.0


def judged(case: Case, order: int) -> Outcome:
    """The engine's numbers for one case against the certified truth."""
    certificate, explained = truth_of(case, order)
    given = engine_gradients(case, order)
    truths = certificate.gradients
    # no gradient stands for zeros
    values = [np.zeros(t.shape) if v is None else v for v, t in zip(given, truths, strict=True)]
    verdict = judge(values, certificate, _format(certificate), explain=explained)
    for verdicts, value, truth in zip(verdict.verdicts, values, truths, strict=True):
        verdicts[_same_infinity(value, truth)] = "correct"
    return Outcome(verdict.ok, f"{case.id} order {order}: {verdict.summary()}", verdict.worst[2])


def _same_infinity(value: np.ndarray, truth: Enclosure) -> np.ndarray:
    """Where a value is the infinity that it should be (masked_fill with -inf)."""
    known = [float(ball) if ball.rad() == 0 else np.nan for ball in truth.balls.ravel()]
    exact = np.array(known, dtype=np.float64).reshape(truth.shape)
    return np.isinf(exact) & (value == exact)
