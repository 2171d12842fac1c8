"""What the engine has of PyTorch's autograd, row by row of the list of features.

row: the feature's number (letters A to S are the sections). status: "same" where scripts and
tests show the same values, texts and errors; "differs" where something differs, told in `why`;
"torch only" where there is no use for it here; "missing" where it is not there yet. test: a test
that shows it.
"""

from __future__ import annotations

from feature import Feature

__all__ = ["FEATURES"]

_EDGES = "tests/engine/test_graph_edges.py"
_SAVED = "tests/engine/test_saved_hooks.py"
_CHECKPOINT = "tests/engine/test_checkpoint.py"
_ANOMALY = "tests/engine/test_anomaly.py"
_INFERENCE = "tests/engine/test_inference_mode.py"
_GRADCHECK = "tests/engine/test_gradcheck.py"
_BACKWARD = "tests/engine/test_backward.py"
_HOOKS = "tests/engine/test_hooks.py"

FEATURES = [
    Feature(
        "A10",
        "nn.Parameter",
        "differs",
        f"{_EDGES}::test_parameters",
        "`type(p)` is `Tensor`; `isinstance(p, nn.Parameter)` holds, by a mark: operations "
        "on parameters are as fast as on other tensors. Classes cannot derive from Parameter.",
    ),
    Feature("A11", "grad_dtype", "same", f"{_EDGES}::test_grad_dtype"),
    Feature(
        "B4",
        "inference_mode",
        "differs",
        f"{_INFERENCE}::test_what_is_made_is_marked",
        "Operations on inference tensors alone that need a gradient are recorded outside the "
        "mode (PyTorch forgets them without a word); gradients that a backward inside the mode "
        "makes are normal tensors.",
    ),
    Feature("C1", "grad_fn and next_functions", "same", f"{_EDGES}::test_nodes"),
    Feature("C2", "AccumulateGrad with .variable", "same", f"{_EDGES}::test_nodes"),
    Feature("C4", "name(), metadata, _sequence_nr()", "same", f"{_EDGES}::test_nodes"),
    Feature(
        "C5",
        "saved values by name",
        "differs",
        f"{_SAVED}::test_saved_tensors_by_name",
        "There for what the row's rules read: tensors under PyTorch's names, parameters such as "
        "`_saved_dim`. What only PyTorch's formulas read (sizes, strides) is not there; `tanh` "
        "and `sigmoid` save their input, too. Plain numbers come back as numbers.",
    ),
    Feature(
        "C6",
        "Node, GradientEdge, get_gradient_edge; grad() and backward() on edges",
        "differs",
        f"{_EDGES}::test_edges_stand_for_tensors",
        "An edge made by hand (not by get_gradient_edge) does not know its shape: as a root it "
        "needs a gradient.",
    ),
    Feature("C7", "repr of a node", "same", "tests/engine/test_graph.py"),
    Feature("C8", "the same node object on each access", "same", f"{_EDGES}::test_nodes"),
    Feature("D1", "Tensor.backward", "same", _BACKWARD),
    Feature("D2", "autograd.backward of several roots", "same", _BACKWARD),
    Feature("D3", "autograd.grad leaves .grad alone", "same", _BACKWARD),
    Feature("D4", "accumulation in place", "same", _BACKWARD),
    Feature("D5", "create_graph replaces .grad and warns", "same", _BACKWARD),
    Feature("D6", "retain_graph, freed buffers", "same", _BACKWARD),
    Feature("D7", "inputs=", "same", _BACKWARD),
    Feature("D8", "allow_unused, materialize_grads", "same", _BACKWARD),
    Feature(
        "D9",
        "is_grads_batched",
        "same",
        "tests/engine/test_autograd_package.py::test_batched_cotangents_are_one_pass",
    ),
    Feature("D10", "inputs as a dict", "same", _BACKWARD),
    Feature("D11", "the same tensor twice in inputs", "same", _BACKWARD),
    Feature("D12", "seeds and their checks", "same", _BACKWARD),
    Feature("D13", "only the needed part runs", "same", _BACKWARD),
    Feature("D14", "order of execution", "same", _HOOKS),
    Feature("D15", "no recursion", "same", _BACKWARD),
    Feature("D16", "undefined gradients", "same", _BACKWARD),
    Feature("D17", "any order", "same", _BACKWARD),
    Feature("D18", "layout of gradients", "same", _BACKWARD),
    Feature("D19", "a leaf as root", "same", _BACKWARD),
    Feature("D20", "gradients in the dtype of each input", "same", _BACKWARD),
    Feature(
        "D21", "backward inside of backward", "same", f"{_CHECKPOINT}::test_the_same_gradients"
    ),
    Feature(
        "D22",
        "set_multithreading_enabled",
        "torch only",
        None,
        "A pass runs in the thread that called it; there are no device threads to switch off.",
    ),
    Feature(
        "E12",
        "increment_version, allow_mutation_on_saved_tensors",
        "same",
        f"{_SAVED}::test_saved_tensors_may_be_written_to_where_that_is_allowed",
    ),
    Feature("G1", "Tensor.register_hook", "same", _HOOKS),
    Feature("G2", "order of hooks", "same", f"{_HOOKS}::test_order"),
    Feature("G3", "hooks and in-place operations", "same", _HOOKS),
    Feature("G4", "register_post_accumulate_grad_hook", "same", _HOOKS),
    Feature("G5", "Node.register_prehook and register_hook", "same", _HOOKS),
    Feature("G6", "register_multi_grad_hook", "same", f"{_EDGES}::test_hooks_of_several_tensors"),
    Feature("G7", "node_creation_hook", "torch only", None, "Not in PyTorch 2.13 either."),
    Feature("G8", "checks of what hooks return", "same", _HOOKS),
    Feature(
        "G9",
        "hooks around every operation",
        "torch only",
        None,
        "Chainer's, not PyTorch's; a selective checkpoint's policy sees every operation.",
    ),
    Feature(
        "I1",
        "saved_tensors_hooks",
        "same",
        f"{_SAVED}::test_each_saved_tensor_is_packed_once_and_unpacked_in_backward",
    ),
    Feature(
        "I2", "_raw_saved_x.register_hooks", "same", f"{_SAVED}::test_hooks_on_one_saved_tensor"
    ),
    Feature("I3", "save_on_cpu", "same", f"{_SAVED}::test_disabled_hooks_say_the_message"),
    Feature(
        "I4",
        "disable_saved_tensors_hooks",
        "same",
        f"{_SAVED}::test_disabled_hooks_say_the_message",
    ),
    Feature(
        "I5",
        "what pack and unpack hooks may do",
        "same",
        f"{_SAVED}::test_a_pack_hook_that_writes_is_refused_and_nothing_is_left_on",
    ),
    Feature("J1", "checkpoint", "same", f"{_CHECKPOINT}::test_the_same_gradients"),
    Feature("J2", "early stop", "same", f"{_CHECKPOINT}::test_early_stop"),
    Feature("J3", "random state", "same", f"{_CHECKPOINT}::test_random_numbers_come_again"),
    Feature(
        "J4",
        "determinism check and CheckpointError",
        "differs",
        f"{_CHECKPOINT}::test_another_recomputation_is_told",
        "The messages end before PyTorch's advice on torch.compile; the log of debug=True names "
        "rows of this engine and is shorter.",
    ),
    Feature("J5", "checkpoint_sequential", "same", f"{_CHECKPOINT}::test_sequential"),
    Feature(
        "J6",
        "selective policy",
        "differs",
        f"{_CHECKPOINT}::test_selective",
        "Operations are told by `op.__name__` ('mm'); lists hold functions of this package, where "
        "PyTorch takes `torch.ops.aten.mm.default`. Copies are kept, so writes to cached results "
        "are no error.",
    ),
    Feature("J7", "nested and higher-order checkpoints", "same", f"{_CHECKPOINT}::test_nested"),
    Feature(
        "K1",
        "detect_anomaly, set_detect_anomaly",
        "differs",
        f"{_ANOMALY}::test_detect_anomaly_warns_and_ends",
        "The mode belongs to the thread (or asyncio task), as grad mode does; PyTorch's is "
        "process-wide.",
    ),
    Feature(
        "K2",
        "traceback of the forward call",
        "differs",
        f"{_ANOMALY}::test_nan_is_found_and_its_forward_call_shown",
        "It ends at the user's line, without this package's own frames.",
    ),
    Feature(
        "K3",
        "nan as an error",
        "differs",
        f"{_ANOMALY}::test_nan_is_found_and_its_forward_call_shown",
        "A nan that a user's Function returns for an input that needs no gradient is not looked "
        "at: it is dropped.",
    ),
    Feature(
        "K4", "autograd.profiler", "torch only", None, "Python's own profilers see the calls."
    ),
    Feature(
        "O1", "gradcheck and gradgradcheck", "same", f"{_GRADCHECK}::test_right_gradients_pass"
    ),
    Feature(
        "O2",
        "fast mode",
        "differs",
        f"{_GRADCHECK}::test_right_gradients_pass",
        "The random projections come from NumPy's generator with a fixed seed.",
    ),
    Feature(
        "O3",
        "undefined gradients, nondeterminism, forward mode, batches, complex numbers",
        "same",
        f"{_GRADCHECK}::test_what_a_backward_must_do_besides",
    ),
    Feature("O4", "GradcheckError", "same", f"{_GRADCHECK}::test_a_wrong_gradient_is_shown"),
    Feature(
        "graph",
        "set_warn_on_accumulate_grad_stream_mismatch, set_override_stale_capture_stream, "
        "region_activation_memory_budget, GraphExecGroup",
        "torch only",
        None,
        "CUDA streams, CUDA graphs and torch.compile.",
    ),
]
