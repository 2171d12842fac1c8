"""dtype objects, conversion, promotion and limits."""

import builtins
import contextlib
import copy
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from autodiff import dtypes
from autodiff.formatting import PrintOptions, format_tensor

ALL = [
    dtypes.bool, dtypes.uint8, dtypes.int8, dtypes.int16, dtypes.int32, dtypes.int64,
    dtypes.uint16, dtypes.uint32, dtypes.uint64, dtypes.float16, dtypes.bfloat16,
    dtypes.float32, dtypes.float64, dtypes.complex64, dtypes.complex128,
]  # fmt: skip
WITH_NUMPY = [d for d in ALL if d is not dtypes.bfloat16]


@pytest.mark.parametrize("d", ALL, ids=str)
def test_one_object_per_type(d: dtypes.dtype) -> None:
    assert repr(d) == str(d) == f"{d}" == f"torch.{d.name}"
    assert pickle.loads(pickle.dumps(d)) is d
    assert copy.copy(d) is copy.deepcopy(d) is d
    assert {d: 1}[d] == 1
    assert d != d.name


@pytest.mark.parametrize("d", WITH_NUMPY, ids=str)
def test_numpy_counterpart(d: dtypes.dtype) -> None:
    assert d.numpy == np.dtype(d.name)
    assert d.itemsize == d.numpy.itemsize
    assert dtypes.from_numpy_dtype(d.numpy) is d
    assert dtypes.as_dtype(d) is dtypes.as_dtype(d.numpy) is dtypes.as_dtype(d.numpy.type) is d
    assert d.is_floating_point == (d.numpy.kind == "f")
    assert d.is_complex == (d.numpy.kind == "c")
    assert d.is_signed == (d.numpy.kind in "ifc")


def test_aliases() -> None:
    assert (dtypes.half, dtypes.float, dtypes.double) == (
        dtypes.float16,
        dtypes.float32,
        dtypes.float64,
    )
    assert (dtypes.cfloat, dtypes.cdouble) == (dtypes.complex64, dtypes.complex128)
    assert (dtypes.short, dtypes.int, dtypes.long) == (dtypes.int16, dtypes.int32, dtypes.int64)


def test_titles() -> None:
    assert [d.title for d in ALL] == [
        "Bool", "Byte", "Char", "Short", "Int", "Long", "UInt16", "UInt32", "UInt64",
        "Half", "BFloat16", "Float", "Double", "ComplexFloat", "ComplexDouble",
    ]  # fmt: skip


def test_immutable() -> None:
    with pytest.raises(TypeError, match=r"cannot create 'torch\.dtype' instances"):
        dtypes.dtype()
    with pytest.raises(AttributeError, match=r"attribute 'name' of 'torch\.dtype' objects is not"):
        dtypes.float32.name = "other"
    with pytest.raises(AttributeError, match=r"attribute 'name' of 'torch\.dtype' objects is not"):
        del dtypes.float32.name
    with pytest.raises(AttributeError, match=r"'torch\.dtype' object has no attribute 'other'"):
        dtypes.float32.other = 1
    with pytest.raises(AttributeError, match=r"'torch\.dtype' object has no attribute 'other'"):
        _ = dtypes.float32.other  # type: ignore[attr-defined]


def test_parts() -> None:
    assert dtypes.float32.to_complex() is dtypes.bfloat16.to_complex() is dtypes.complex64
    assert dtypes.float64.to_complex() is dtypes.complex128.to_complex() is dtypes.complex128
    assert dtypes.complex64.to_real() is dtypes.float32
    assert dtypes.complex128.to_real() is dtypes.float64
    assert dtypes.int8.to_real() is dtypes.int8
    with pytest.raises(RuntimeError, match="Unknown Complex ScalarType for Char"):
        dtypes.int8.to_complex()


def test_python_types_do_not_follow_the_default() -> None:
    assert dtypes.as_dtype(builtins.float) is dtypes.float64
    assert dtypes.as_dtype(builtins.int) is dtypes.int64
    assert dtypes.as_dtype(builtins.bool) is dtypes.bool
    assert dtypes.as_dtype(complex) is dtypes.complex128


@pytest.mark.parametrize(
    ("value", "name"), [("float32", "str"), (None, "NoneType"), (str, "type")]
)
def test_not_a_dtype(value: Any, name: str) -> None:
    message = rf"^zeros\(\): argument 'dtype' must be torch\.dtype, not {name}$"
    with pytest.raises(TypeError, match=message):
        dtypes.as_dtype(value, "zeros")
    with pytest.raises(TypeError, match=r"^argument 'dtype' must be"):
        dtypes.as_dtype(value)


@pytest.mark.parametrize(
    ("code", "name"),
    [("O", "object_"), ("U1", "str_"), ("M8[s]", "datetime64"), ("i4,", "void")],
)
def test_unsupported_numpy_type(code: str, name: str) -> None:
    message = (
        rf"^can't convert np\.ndarray of type numpy\.{name}\. The only supported types are: "
        "float64, float32, float16, complex64, complex128, int64, int32, int16, int8, uint64, "
        r"uint32, uint16, uint8, and bool\.$"
    )
    with pytest.raises(TypeError, match=message):
        dtypes.from_numpy_dtype(np.dtype(code))


def test_foreign_byte_order() -> None:
    foreign = np.dtype("i4").newbyteorder("S")
    with pytest.raises(ValueError, match="byte order different from the native byte order"):
        dtypes.from_numpy_dtype(foreign)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (dtypes.uint8, dtypes.int8, dtypes.int16),
        (dtypes.float16, dtypes.bfloat16, dtypes.float32),
        (dtypes.int64, dtypes.float16, dtypes.float16),
        (dtypes.bool, dtypes.uint8, dtypes.uint8),
        (dtypes.complex64, dtypes.float64, dtypes.complex128),
        (dtypes.bfloat16, dtypes.complex64, dtypes.complex64),
        (dtypes.uint64, dtypes.float32, dtypes.float32),
    ],
)
def test_promote_types(a: dtypes.dtype, b: dtypes.dtype, expected: dtypes.dtype) -> None:
    assert dtypes.promote_types(a, b) is dtypes.promote_types(b, a) is expected


def test_promotion_that_is_not_defined() -> None:
    message = (
        "^Promotion for uint16, uint32, uint64 types is not supported, "
        "attempted to promote UInt16 and Bool$"
    )
    with pytest.raises(RuntimeError, match=message):
        dtypes.promote_types(dtypes.uint16, dtypes.bool)
    with pytest.raises(TypeError, match=r"'type2' \(position 2\) must be torch\.dtype, not int$"):
        dtypes.promote_types(dtypes.float32, 3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("operands", "expected"),
    [
        (((dtypes.float32, "dim"), (dtypes.float64, "zero")), dtypes.float32),
        (((dtypes.float32, "dim"), (dtypes.float64, "dim")), dtypes.float64),
        (((dtypes.int32, "dim"), (dtypes.float64, "zero")), dtypes.float64),
        (((dtypes.int32, "dim"), (dtypes.float64, "wrapped")), dtypes.float32),
        (((dtypes.uint8, "dim"), (dtypes.int64, "wrapped")), dtypes.uint8),
        (((dtypes.bool, "dim"), (dtypes.int64, "wrapped")), dtypes.int64),
        (((dtypes.float64, "zero"), (dtypes.complex128, "wrapped")), dtypes.complex128),
        (((dtypes.float32, "dim"), (dtypes.complex128, "wrapped")), dtypes.complex64),
        (((dtypes.int8, "zero"), (dtypes.int64, "wrapped")), dtypes.int8),
        (
            ((dtypes.int64, "dim"), (dtypes.int64, "zero"), (dtypes.float64, "wrapped")),
            dtypes.float32,
        ),
    ],
)
def test_result_type(operands: Any, expected: dtypes.dtype) -> None:
    assert dtypes.result_type(operands, dtypes.float32) is expected
    assert dtypes.result_type(operands, dtypes.float32) is expected  # from the cache


def test_result_type_uses_the_default_given() -> None:
    operands: Any = ((dtypes.int32, "dim"), (dtypes.float64, "wrapped"))
    assert dtypes.result_type(operands, dtypes.float64) is dtypes.float64
    assert dtypes.result_type(operands, dtypes.float16) is dtypes.float16
    with pytest.raises(ValueError, match="at least one operand"):
        dtypes.result_type((), dtypes.float32)


def test_can_cast() -> None:
    assert dtypes.can_cast(dtypes.float64, dtypes.float16)
    assert dtypes.can_cast(dtypes.int64, dtypes.uint8)
    assert not dtypes.can_cast(dtypes.float16, dtypes.int64)
    assert not dtypes.can_cast(dtypes.complex64, dtypes.float64)
    assert not dtypes.can_cast(dtypes.uint8, dtypes.bool)


def test_finfo() -> None:
    for d in (dtypes.float16, dtypes.float32, dtypes.float64):
        mine, theirs = dtypes.finfo(d), np.finfo(d.numpy)
        assert (mine.bits, mine.dtype) == (theirs.bits, d.name)
        assert mine.eps == theirs.eps
        assert mine.max == -mine.min == theirs.max
        assert mine.tiny == mine.smallest_normal == theirs.tiny
        assert mine.resolution == builtins.float(str(theirs.resolution))
    assert (
        dtypes.finfo()
        == dtypes.finfo(dtypes.complex64)
        == dtypes.finfo(dtypes.float32)
        != dtypes.finfo(default=dtypes.double)
    )
    assert len({dtypes.finfo(dtypes.complex64), dtypes.finfo(dtypes.float32)}) == 1
    assert dtypes.finfo(dtypes.bfloat16).eps == 0.0078125
    with pytest.raises(TypeError, match=r"torch\.finfo\(\) requires a floating point input type"):
        dtypes.finfo(dtypes.int32)
    with pytest.raises(TypeError, match=r"'type' \(position 1\) must be torch\.dtype, not str"):
        dtypes.finfo("x")  # type: ignore[arg-type]
    with pytest.raises(AttributeError, match=r"'max' of 'torch\.finfo' objects is not writable"):
        dtypes.finfo().max = 1.0


def test_iinfo() -> None:
    for d in (
        dtypes.int8,
        dtypes.uint8,
        dtypes.int16,
        dtypes.uint16,
        dtypes.int32,
        dtypes.uint32,
        dtypes.int64,
        dtypes.uint64,
    ):
        mine, theirs = dtypes.iinfo(d), np.iinfo(d.numpy)
        assert (mine.bits, mine.min, mine.max) == (theirs.bits, theirs.min, theirs.max)
    assert dtypes.iinfo(dtypes.int) == dtypes.iinfo(dtypes.int32) != dtypes.iinfo(dtypes.int64)
    assert len({dtypes.iinfo(dtypes.int), dtypes.iinfo(dtypes.int32)}) == 1
    assert (
        repr(dtypes.iinfo(dtypes.int64)) == "iinfo(min=-9.22337e+18, max=9.22337e+18, dtype=int64)"
    )
    with pytest.raises(TypeError, match=r"torch\.iinfo\(\) requires an integer input type"):
        dtypes.iinfo(dtypes.float32)
    with pytest.raises(TypeError, match=r"torch\.bool is not supported by torch\.iinfo"):
        dtypes.iinfo(dtypes.bool)


def test_bfloat16_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    with contextlib.suppress(AttributeError):
        object.__delattr__(dtypes.bfloat16, "numpy")  # forget an earlier import
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "ml_dtypes", None)
        with pytest.raises(ImportError, match=r"autodiff\[bfloat16\]"):
            _ = dtypes.bfloat16.numpy


def test_bfloat16_with_ml_dtypes() -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    array = np.array([1.5, -2, np.nan], dtype=ml_dtypes.bfloat16)
    assert dtypes.from_numpy_dtype(array.dtype) is dtypes.bfloat16
    assert dtypes.bfloat16.numpy == array.dtype
    printed = format_tensor(array, options=PrintOptions(), default_dtype=dtypes.float32)
    assert printed == "tensor([ 1.5000, -2.0000,     nan], dtype=torch.bfloat16)"


def test_import_is_light() -> None:
    code = "import sys, autodiff.dtypes; print([m for m in sys.modules if m in sys.argv])"
    command = [sys.executable, "-c", code, "ml_dtypes", "torch", "sympy"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
