"""Users' own functions, names of nodes, threads and memory, and the sections without letters."""

from __future__ import annotations

from feature import Feature

__all__ = ["FEATURES"]

_FACTS = "tests/differential/test_semantics_torch.py::test_same_facts"
_ENGINE = "tests/engine/test_function.py"
_MEMORY = "tests/engine/test_memory.py"

FEATURES = [
    Feature(
        "B6",
        "func.grad inside no_grad, no_grad inside func.grad",
        "same",
        f"{_FACTS}[grad_inside_no_grad]",
    ),
    Feature(
        "C3",
        "names of nodes as in ATen",
        "differs",
        f"{_FACTS}[node_names]",
        "two nodes of one operation have one name and may have different classes; names of "
        "operations that are not here are in the list of missing operations",
    ),
    Feature(
        "C9",
        "a printable program of the computation",
        "differs",
        "tests/engine/test_recorder.py::test_a_program_prints",
        "`autodiff.recorder` makes and replays one (docs/recorder.md); it is not torch.fx",
    ),
    Feature(
        "F9",
        "a Function that returns its input gives a view",
        "same",
        f"{_FACTS}[function_returns_its_input]",
    ),
    Feature("H1", "forward, backward, apply", "same", f"{_FACTS}[function_basic]"),
    Feature(
        "H2",
        "save_for_backward, saved_tensors, other attributes of ctx",
        "same",
        f"{_FACTS}[function_context_errors]",
    ),
    Feature(
        "H3",
        "setup_context",
        "differs",
        f"{_FACTS}[function_setup_context]",
        "under func.grad it is called once, where PyTorch calls it twice",
    ),
    Feature("H4", "vjp for backward", "same", f"{_FACTS}[function_vjp_alias]"),
    Feature(
        "H5",
        "jvp, save_for_forward",
        "differs",
        f"{_FACTS}[function_jvp]",
        "jacfwd takes a Function without a rule for vmap, too: its directions go one by one",
    ),
    Feature("H6", "vmap, generate_vmap_rule", "same", f"{_FACTS}[function_vmap]"),
    Feature("H7", "mark_dirty and its errors", "same", f"{_FACTS}[function_dirty]"),
    Feature(
        "H8",
        "mark_non_differentiable, set_materialize_grads",
        "same",
        f"{_FACTS}[function_nondifferentiable]",
    ),
    Feature("H9", "needs_input_grad", "same", f"{_FACTS}[function_needs_input_grad]"),
    Feature("H10", "once_differentiable", "same", f"{_FACTS}[function_once]"),
    Feature("H11", "double backward", "same", f"{_FACTS}[function_double]"),
    Feature(
        "H12",
        "wrong count, shape or type of gradients",
        "same",
        f"{_FACTS}[function_bad_gradients]",
    ),
    Feature(
        "H13",
        "name of the node, BackwardCFunction",
        "same",
        f"{_FACTS}[function_basic]",
    ),
    Feature(
        "H14",
        "clear_saved_tensors_on_access, boxed_grads_call",
        "same",
        f"{_FACTS}[function_saved_on_access]",
    ),
    Feature(
        "H15",
        "InplaceFunction, NestedIOFunction",
        "differs",
        f"{_FACTS}[function_kinds]",
        "InplaceFunction is there; NestedIOFunction, which PyTorch keeps for programs older than "
        "static methods, is not",
    ),
    Feature(
        "H16",
        "registration in the style of torch.library",
        "torch only",
        None,
        "It registers kernels with PyTorch's dispatcher; Function is the way here.",
    ),
    Feature(
        "R13",
        "__torch_function__ of subclasses",
        "missing",
        None,
        "Classes derived from Tensor do not intercept functions: every call would have to look "
        "for them. Values of other classes that have `__torch_function__` are handed over by "
        "most functions; NumPy's protocols (R7 to R10) and `autodiff.recorder` see the calls.",
    ),
    Feature(
        "S1",
        "several threads, shared leaves",
        "differs",
        "tests/engine/test_threads.py::test_sums_on_shared_leaves_are_exact",
        "sums on shared leaves are exact here: each is made under a lock",
    ),
    Feature(
        "S2",
        "saved tensors are freed node by node",
        "same",
        f"{_MEMORY}::test_backward_frees_saved_values_as_it_passes_them",
    ),
    Feature(
        "S3",
        "no circle of references between a result and its node",
        "same",
        "tests/engine/test_memory_rows.py::test_no_circles_of_references",
    ),
    Feature(
        "S4",
        "what only the graph keeps dies after backward",
        "same",
        f"{_FACTS}[freed_by_node]",
    ),
    Feature(
        "S5",
        "cost of an operation",
        "differs",
        "tests/benchmarks/test_workloads.py",
        "measured side by side with PyTorch and others in docs/speed.md",
    ),
    Feature(
        "1.1",
        "facts of the engine: accumulation, aliases, versions",
        "same",
        f"{_FACTS}[accumulation_facts]",
    ),
    Feature(
        "array API",
        "__array_namespace__ of the 2024.12 standard",
        "differs",
        "tests/engine/test_array_api.py::test_signature",
        "PyTorch 2.13 has no `__array_namespace__`",
    ),
    Feature(
        "combined writes",
        "scatter_reduce, index_reduce and their in-place forms",
        "differs",
        f"{_FACTS}[scatter_reduced]",
        "sources may be larger than the index; index_reduce does not warn that it is in beta; "
        "with include_self=False an equal element of the tensor takes no share of the gradient "
        "of an extreme; the tangent of products is not zero; next_functions are those of the "
        "parts",
    ),
    Feature("1.2", "order of hooks", "same", f"{_FACTS}[hook_order]"),
    Feature(
        "1.3",
        "gradients at corners",
        "differs",
        f"{_FACTS}[corner_gradients]",
        'the same but for what is named under "More accurate here"',
    ),
    Feature(
        "1.4",
        "names of nodes",
        "same",
        f"{_FACTS}[node_names]",
    ),
    Feature(
        "4",
        "rules of printing",
        "same",
        "tests/differential/test_formatting_torch.py::test_text_is_torchs",
    ),
    Feature(
        "5",
        "words of errors and warnings",
        "differs",
        f"{_FACTS}[next_messages]",
        "wrong calls that PyTorch answers with its list of overloads agree in the type alone; "
        "`item` and other methods given too many arguments say so in Python's words",
    ),
]
