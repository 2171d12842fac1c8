"""Operations on complex numbers, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reference.complexes.algebra import ALGEBRA
from reference.complexes.arrays import BILINEAR, LINEAR, OTHERS, bilinear, linear
from reference.complexes.pair import Complex
from reference.complexes.pointwise import POINTWISE
from reference.definitions import Definition, MissingDefinition, definition

__all__ = ["complex_definition", "gives_pair"]

_TRANSFORMS = frozenset({
    "fft", "fft2", "fftn", "hfft", "hfft2", "hfftn", "ifft", "ifft2", "ifftn", "ihfft", "ihfft2",
    "ihfftn", "irfft", "irfft2", "irfftn", "istft", "rfft", "rfft2", "rfftn", "stft",
})  # fmt: skip
_PAIRS = frozenset({*_TRANSFORMS, "view_as_complex"}) - {
    "hfft", "hfft2", "hfftn", "irfft", "irfft2", "irfftn", "istft",
}  # fmt: skip
_MAKERS = frozenset({"complex", "eig", "eigvals", "imag", "polar"})
_SPELLINGS = {
    "linalg_eig": "eig",
    "linalg_eigvals": "eigvals",
    "_conj": "conj",
    "_conj_physical": "conj",
    "sign": "sgn",
    "resolve_conj": "clone",
    "resolve_neg": "clone",
    "_neg_view": "neg",
    "linalg_vdot": "vdot",
    "linalg_vecdot": "vecdot",
    "vector_norm": "vector_norm",
    "linalg_vector_norm": "vector_norm",
    "linalg_adjoint": "adjoint",
    "asarray": "clone",
}


def gives_pair(name: str) -> bool:
    """Whether the definition of real numbers gives the two parts of a complex result.

    >>> gives_pair("fft"), gives_pair("irfft")
    (True, False)
    """
    return _canonical(name) in _PAIRS


def complex_definition(name: str, involved: bool) -> Definition | None:
    """The operation `name` of complex arguments; None where the real one is meant.

    involved: whether an argument is complex. Functions of the result take :class:`Complex` in
    the place of nodes, and give them.

    Raises MissingDefinition, which says how to add one.
    """
    short = _SPELLINGS.get(name, name)
    if not involved:
        return _row(short, _function(short)) if short in _MAKERS else None
    for spelling in dict.fromkeys((name, short, _canonical(short))):
        try:  # what a user has defined
            return definition(f"complex.{spelling}")
        except MissingDefinition:
            found = _function(spelling)
        if found is not None:
            return _row(spelling, found)
    raise MissingDefinition(
        f"the operation {name!r} has no definition for complex numbers. Add one, as "
        "mathematics of the two parts:\n"
        "    from reference import build, define\n"
        "    from reference.complexes import Complex\n"
        f'    define("complex.{name}", lambda z: Complex(build.negative(z.real), z.imag))'
    )


def _canonical(name: str) -> str:
    try:
        return definition(name).name
    except MissingDefinition:
        return name


def _row(name: str, function: Any) -> Definition:
    return Definition(name, function)


def _function(name: str) -> Callable[..., Any] | None:
    for table in (POINTWISE, OTHERS, ALGEBRA):
        if name in table:
            return table[name]
    if name in LINEAR:
        return linear(name, LINEAR[name])
    if name in BILINEAR:
        return bilinear(name)
    if name in _TRANSFORMS:
        return _transform(name)
    return None


def _transform(name: str) -> Callable[..., Any]:
    """Fourier transforms take and give tuples of the parts."""

    def function(input: Any, *args: Any, **kwargs: Any) -> Any:
        given = (input.real, input.imag) if isinstance(input, Complex) else input
        found = definition(name).function(given, *args, **kwargs)
        return Complex(*found) if isinstance(found, tuple) else found

    return function
