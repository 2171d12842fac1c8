"""Forward mode, transforms and `autograd.functional`."""

from __future__ import annotations

from feature import Feature

__all__ = ["FEATURES"]

_FORWARD = "tests/engine/test_forward.py"
_VMAP = "tests/engine/test_vmap.py"
_FUNC = "tests/engine/test_func.py"
_FUNCTIONAL = "tests/engine/test_functional.py"
_TORCH = "tests/differential/test_transforms_torch.py"

FEATURES = [
    Feature(
        "forward mode",
        "dual levels, make_dual, unpack_dual, printed tangents; all operations",
        "differs",
        f"{_TORCH}::test_tangents",
        "at ties and kinks the tangent is the transpose of the reverse rule; a tangent without "
        "history prints without PyTorch's `AddBackward0`",
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
    Feature(
        "modes composed",
        "forward over forward, forward over reverse, reverse over forward, third order",
        "differs",
        "tests/check/test_modes_autodiff.py::test_all_mode_pairs",
        "right where PyTorch loses terms: det, slogdet, solve, layer_norm, batch_norm",
    ),
    Feature(
        "func",
        "grad, grad_and_value, vjp, jvp, linearize, jacrev, jacfwd, hessian",
        "differs",
        f"{_FUNC}::test_gradients",
        "what `grad` cannot tell from an outside tensor (truths, detached tensors) prints without "
        "`GradTrackingTensor`; writes to captured tensors inside grad are not refused; a tangent "
        "of another dtype is cast",
    ),
    Feature(
        "vmap",
        "in_dims, out_dims, nesting, chunks, randomness",
        "differs",
        f"{_VMAP}::test_a_batch_is_its_members",
        "a Function's own vmap always gets in_dims 0; results whose shape depends on numbers are "
        "refused as in PyTorch",
    ),
    Feature(
        "autograd.functional",
        "jacobian, hessian, vjp, jvp, hvp, vhp with strict, vectorize, create_graph",
        "same",
        f"{_FUNCTIONAL}::test_jacobian",
    ),
    Feature(
        "is_grads_batched",
        "autograd.grad over a batch of cotangents",
        "same",
        "tests/engine/test_autograd_package.py::test_batched_cotangents_are_one_pass",
    ),
]
