"""Tensors, modes, in-place operations, views, complex numbers, types, printing, interoperation."""

from __future__ import annotations

from feature import Feature

__all__ = ["FEATURES"]

_FACTS = "tests/differential/test_semantics_torch.py::test_same_facts"
_TENSOR = "tests/engine/test_tensor.py"
_IN_PLACE = "tests/differential/test_inplace_torch.py"
_PROMOTION = "tests/differential/test_promotion_torch.py"
_INTEROP = "tests/engine/test_interop.py"
_LIFE = "tests/engine/test_lifecycle.py"

_MODES = "tests/engine/test_modes.py"
_OPERATIONS = "tests/differential/test_operations_torch.py"
_FORMATTING = "tests/differential/test_formatting_torch.py"
_ERRORS = "tests/engine/test_errors.py"

FEATURES = [
    Feature("A1", "grad, requires_grad, grad_fn, is_leaf on the tensor", "same", _FACTS),
    Feature("A2", "requires_grad= in factories, requires_grad_(), setter", "same", _FACTS),
    Feature("A3", "is_leaf of what needs no gradient and of detach()", "same", _FACTS),
    Feature("A4", "whole numbers cannot require gradients", "same", _FACTS),
    Feature(
        "A5",
        "detach(), detach_(), .data: storage and counters",
        "differs",
        _FACTS,
        "detach_() on a tensor that a node has saved is allowed",
    ),
    Feature("A6", "clone() is differentiable and keeps the layout", "same", _FACTS),
    Feature("A7", "retain_grad, retains_grad, the warning for .grad", "same", _FACTS),
    Feature("A8", ".grad is checked when it is set", "same", _FACTS),
    Feature("A9", ".grad is a tensor", "same", _FACTS),
    Feature(
        "A12",
        "0-d, empty and zero-size tensors",
        "same",
        f"{_LIFE}::test_layout_and_elements_survive",
    ),
    Feature(
        "A13",
        "item, tolist, float, int, bool, index: words of the errors",
        "differs",
        f"{_FACTS}[python_conversions]",
        "the warning about converting a tensor that requires a gradient comes at every call",
    ),
    Feature(
        "A14",
        "len, iteration, in, hash by identity, ==",
        "differs",
        f"{_FACTS}[python_conversions]",
        "hash(t) is Python's own for an object, not id(t)",
    ),
    Feature(
        "B1",
        "no_grad as context, decorator and on generators",
        "same",
        _MODES,
    ),
    Feature(
        "B2",
        "enable_grad, set_grad_enabled, is_grad_enabled",
        "same",
        _MODES,
    ),
    Feature(
        "B3",
        "grad mode belongs to the thread",
        "differs",
        "tests/engine/test_threads.py::test_grad_mode_belongs_to_the_thread",
        "to the asyncio task, too; free-threaded Pythons may let threads inherit it",
    ),
    Feature(
        "B5",
        "factories under no_grad honour requires_grad=True",
        "same",
        _MODES,
    ),
    Feature(
        "E1",
        "_version is bumped by every in-place operation",
        "same",
        f"{_IN_PLACE}::test_recorded",
    ),
    Feature(
        "E2", "a saved tensor that was changed: error", "same", f"{_FACTS}[in_place_invalidates]"
    ),
    Feature(
        "E3",
        "operations that save only their result, or only their input",
        "differs",
        f"{_FACTS}[in_place_saved_values]",
        "tanh and sigmoid save their input, too, and expm1 its input alone, for accuracy",
    ),
    Feature("E4", "leaf and view of a leaf refuse", "same", f"{_IN_PLACE}::test_refusals"),
    Feature("E5", "__setitem__ with every kind of index", "same", f"{_FACTS}[setitem_forms]"),
    Feature("E6", "x += y keeps the object, replaces grad_fn", "same", _FACTS),
    Feature("E7", "writing what needs a gradient into a plain buffer", "same", _FACTS),
    Feature(
        "E8",
        "every op_ variant of the operations here",
        "differs",
        f"{_IN_PLACE}::test_recorded",
        "made from the functions; `asinh_` and `atanh_` have the derivative that PyTorch lacks; "
        "expanded memory is refused by index_fill_, index_put_ and masked_fill_, too; a view "
        "taken before as_strided_() of its base cannot be differentiated after",
    ),
    Feature("E9", "out=", "same", f"{_FACTS}[out_argument]"),
    Feature(
        "E10", "result type of in-place operations", "same", f"{_PROMOTION}::test_in_place_dtype"
    ),
    Feature("E11", "writing to expanded memory", "same", f"{_IN_PLACE}::test_refusals"),
    Feature(
        "E13",
        "NumPy arrays changed behind the engine's back",
        "differs",
        f"{_INTEROP}::test_array_that_may_not_be_written",
        "read-only arrays refuse writes; arrays beside tensors are copied; shared memory is "
        "documented in docs/threads-and-memory.md",
    ),
    Feature(
        "F1",
        "views share storage: view, slice, select, t, transpose, permute, expand, diagonal, "
        "squeeze, unsqueeze, unfold, narrow, unbind, split, chunk, as_strided",
        "differs",
        "tests/engine/test_windows.py::test_strided_views_write_to_their_base",
        "in-place operations on overlapping windows of unfold, which PyTorch warns against, give "
        "other numbers; as_strided of a view that reaches beyond it is a view of the base",
    ),
    Feature("F2", "_is_view() and _base", "same", _FACTS),
    Feature("F3", "CopySlices and AsStridedBackward0", "same", _FACTS),
    Feature("F4", "views follow their base", "same", _FACTS),
    Feature("F5", "one of several views refuses", "same", f"{_IN_PLACE}::test_refusals"),
    Feature("F6", "a view made under no_grad refuses", "same", f"{_IN_PLACE}::test_refusals"),
    Feature(
        "F7",
        "detach_() on a view refuses",
        "same",
        f"{_ERRORS}::test_conversions",
    ),
    Feature(
        "F8",
        "contiguous, stride, storage_offset, view against reshape",
        "differs",
        "tests/engine/test_views.py",
        "strides of dimensions of size one, and of permuted tensors without elements, may differ",
    ),
    Feature(
        "P1",
        "complex leaves, conjugate Wirtinger",
        "same",
        _OPERATIONS,
    ),
    Feature(
        "P2",
        "a real leaf gets a real gradient",
        "same",
        _OPERATIONS,
    ),
    Feature(
        "P3",
        "conj, resolve_conj, is_conj, real, imag",
        "differs",
        "tests/engine/test_complex.py::test_conjugation_is_computed_at_once",
        "Conjugation is computed at once, so `is_conj()` is never true, `x.conj()` and `x.mH` of "
        "complex tensors are copies, not views, and `resolve_conj()` gives the tensor itself. "
        "What follows: writing to `x.conj()` does not write to `x`; `view_as_real(x.conj())` "
        "works; `x.conj().imag` is no negative view. `real` and `imag` are views, as in PyTorch.",
    ),
    Feature(
        "P4",
        "view_as_real, view_as_complex, polar, complex",
        "differs",
        "tests/engine/test_complex.py::test_parts_share_memory_and_counter",
        "NumPy has no complex numbers of two halves: `view_as_complex` refuses float16, "
        "`complex` gives complex64. The gradient of `polar` with respect to a size of 0 or less "
        "is the derivative (PyTorch's is 0, or has the other sign).",
    ),
    Feature(
        "P5",
        "gradients of complex linear algebra and fft",
        "differs",
        "tests/differential/test_operations_torch.py",
        "`torch.fft` and every function of `torch.linalg` that is here, with the errors of "
        "losses that depend on the phases of vectors. The gradient of `cholesky` is always "
        "Hermitian (PyTorch's is not where the cotangent of the real diagonal has an imaginary "
        "part); `cholesky_solve` gives no gradient to the triangle that it does not read.",
    ),
    Feature(
        "Q1",
        "promotion with dimensioned, 0-d and Python operands",
        "differs",
        f"{_PROMOTION}::test_result_dtype",
        "NumPy has no complex32: complex64 stands for it",
    ),
    Feature("Q2", "default dtype", "same", "tests/differential/test_creation_torch.py"),
    Feature("Q3", "whole numbers: division, sums", "same", f"{_PROMOTION}::test_result_dtype"),
    Feature(
        "Q4",
        "float16 and bfloat16",
        "differs",
        f"{_FACTS}[bfloat16_arithmetic]",
        "bfloat16 needs ml_dtypes; einsum does not take it",
    ),
    Feature("Q5", "broadcasting both ways", "same", _OPERATIONS),
    Feature("Q6", "named-tuple results", "same", _OPERATIONS),
    Feature("R1", "printing, set_printoptions", "same", _FORMATTING),
    Feature("R2", "__format__", "same", f"{_FACTS}[python_conversions]"),
    Feature("R3", "Size, dtype, device", "same", "tests/engine/test_size.py"),
    Feature("R4", "copy, deepcopy, pickle", "same", f"{_FACTS}[life_cycle]"),
    Feature(
        "R5",
        "save, load, safetensors",
        "differs",
        "tests/engine/test_more_names.py::test_files",
        "save and load write and read files of their own, by pickle; PyTorch's are not read; "
        "safetensors is not here",
    ),
    Feature(
        "R6",
        "from_numpy and numpy() share memory",
        "same",
        f"{_INTEROP}::test_from_numpy_shares_memory",
    ),
    Feature(
        "R7",
        "np.sin(t)",
        "differs",
        f"{_INTEROP}::test_unary_ufunc",
        "recorded here; PyTorch refuses what requires a gradient",
    ),
    Feature("R8", "np.float64(2) * t", "same", f"{_INTEROP}::test_numpy_scalars_count_as_numbers"),
    Feature(
        "R9",
        "ndarray + tensor",
        "differs",
        f"{_INTEROP}::test_operators_with_arrays",
        "recorded here; PyTorch raises",
    ),
    Feature(
        "R10",
        "__array_function__",
        "differs",
        f"{_INTEROP}::test_numpy_function",
        "recorded here; PyTorch gives arrays without gradient",
    ),
    Feature("R11", "DLPack both ways", "same", f"{_FACTS}[dlpack]"),
    Feature(
        "R12",
        "Generator, manual_seed",
        "differs",
        "tests/engine/test_more_names.py::test_generators",
        "the stream is NumPy's: the same seed gives other numbers",
    ),
]
