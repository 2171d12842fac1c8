"""Forward mode, transforms and `autograd.functional`."""

from __future__ import annotations

from feature import Feature

__all__ = ["FEATURES"]

_FACTS = "tests/differential/test_semantics_torch.py::test_same_facts"
_TORCH = "tests/differential/test_transforms_torch.py"

FEATURES = [
    Feature(
        "L1",
        "dual levels, make_dual, unpack_dual, printed tangents",
        "differs",
        f"{_FACTS}[forward_levels]",
        "a tangent without history prints without PyTorch's `AddBackward0`",
    ),
    Feature(
        "L2", "one level of duals, nested jvp of torch.func", "same", f"{_FACTS}[forward_nested]"
    ),
    Feature(
        "L3",
        "forward over forward, forward over reverse, reverse over forward, third order",
        "differs",
        "tests/check/test_modes_autodiff.py::test_all_mode_pairs",
        "right where PyTorch loses terms: det, slogdet, solve, layer_norm, batch_norm",
    ),
    Feature(
        "L4",
        "a tangent of every differentiable operation",
        "differs",
        f"{_TORCH}::test_tangents",
        "at ties and kinks the tangent is the transpose of the reverse rule",
    ),
    Feature(
        "M1",
        "grad, grad_and_value, argnums, has_aux, nested arguments",
        "differs",
        f"{_FACTS}[func_grads]",
        "what `grad` cannot tell from an outside tensor (truths, detached tensors) prints without "
        "`GradTrackingTensor`; writes to captured tensors inside grad are not refused; what "
        "`has_aux` passes on may be anything",
    ),
    Feature(
        "M2",
        "vjp, jvp, linearize",
        "differs",
        f"{_FACTS}[func_products]",
        "a tangent of another dtype is cast; the function that `vjp` gives has another name",
    ),
    Feature("M3", "jacrev, jacfwd, hessian", "same", f"{_FACTS}[func_jacobians]"),
    Feature(
        "M4",
        "vmap: in_dims, out_dims, nesting, chunks, randomness",
        "differs",
        f"{_FACTS}[vmap_forms]",
        "a Function's own vmap always gets in_dims 0",
    ),
    Feature("M5", "transforms in any order, levels that ended", "same", f"{_FACTS}[func_levels]"),
    Feature(
        "M6",
        "functional_call, stack_module_state",
        "torch only",
        None,
        "They call modules of torch.nn, which are not here.",
    ),
    Feature(
        "M7",
        "what vmap refuses",
        "differs",
        f"{_FACTS}[vmap_refusals]",
        "`a[mask]` with as many elements in every member is computed; `tolist()`, `numpy()` and "
        "writes of members into what all share are refused with the words of `item()` and of "
        "other writes",
    ),
    Feature("N1", "autograd.functional.jacobian", "same", f"{_FACTS}[functional_api]"),
    Feature("N2", "hessian, hvp, vhp, vjp, jvp", "same", f"{_FACTS}[functional_api]"),
    Feature(
        "N3",
        "tuples in, tuples of tuples out",
        "differs",
        f"{_FACTS}[functional_api]",
        "blocks of a vectorized Hessian that are zero because nothing depends on a pair are "
        "without history",
    ),
    Feature(
        "modules",
        "autograd.graph, forward_ad, function, functional, gradcheck, grad_mode, func, testing, "
        "utils.checkpoint, nn.functional, linalg, special",
        "differs",
        "tests/engine/test_autograd_package.py::test_module",
        "autograd.profiler is not there: Python's own profilers see the calls",
    ),
    Feature(
        "printing in transforms",
        "GradTrackingTensor, BatchedTensor, tangents, levels",
        "differs",
        "tests/engine/test_autograd_package.py::test_nested_levels",
        "the batch is always the first axis (`bdim=0`); a value that all members share may be "
        "shown as a batch under forward over reverse",
    ),
]
