"""Statements about backward passes, hooks, saved values and memory, as templates.

They are added to those of `statements.py`, whose places they use; the helpers that they name are
in `helpers.py`. What is left out is told where it is left out.
"""

from __future__ import annotations

__all__ = ["PASSES", "PASS_POOLS", "PASS_WRAPPERS"]

PASS_POOLS: dict[str, tuple[str, ...]] = {
    "ways": (
        "retain_graph=True", "retain_graph=True, allow_unused=True", "create_graph=True",
        "create_graph=True, allow_unused=True", "retain_graph=True, materialize_grads=True",
        "create_graph=True, materialize_grads=True", "allow_unused=True", "materialize_grads=True",
    ),
    "hook": ("double", "look", "fail", "longer", "number", "zero"),
}  # fmt: skip

ROOTS = (
    "T.autograd.backward([{x}, {y}], [T.ones_like({x}), T.ones_like({y})], retain_graph=True)",
    "T.autograd.backward([{x}, {y}], [still({x}), still({y})], create_graph=True)",
    "T.autograd.backward(({x}.sum(), {y}), (None, still({y})), retain_graph=True)",
    "T.autograd.backward([{x}.sum(), {x}.sum()], [T.ones(()), T.ones(())], retain_graph=True)",
    "T.autograd.backward([{x}.sum(), {y}.sum()], [T.ones(())])",
    "({x} * {y}).sum().backward(inputs=[leaf({z}), leaf({x})], retain_graph=True)",
    "({x} * {x}).sum().backward(inputs=[leaf({y})], retain_graph=True)",
    "({x} * {y}).sum().backward(inputs=(leaf({y}), leaf({z})), create_graph=True)",
    "{x}.backward(inputs=[])",
    "{x} = own(T.autograd.grad([{y}, {z}], [a, b], [still({y}), still({z})], {ways}))",
    "{x} = own(T.autograd.grad([{y}.sum(), {z}.sum()], [{x}, {x}], {ways}))",
    "{x} = own(T.autograd.grad(({y} * {z}).sum(), [{z}, {y}], {ways}))",
    "{x} = own(list(T.autograd.grad({y}.sum(), dict(p={z}, q=a), {ways}).values()))",
    "{x} = own(T.autograd.grad(({y} ** 2).sum(), {z}, {ways}))",
    "{x} = own(T.autograd.grad({y}, {z}, still({y}), {ways}))",
    "{x} = own(T.autograd.grad({y}, {z}, [None], {ways}))",
    "{x} = own(T.autograd.grad({y}, {z}, batch({y}), is_grads_batched=True, {ways}))",
    "{x} = own(T.autograd.grad({y}.sum(), [], {ways}))",
    "{x} = own(T.autograd.grad({y}.sum(), {z}.detach(), {ways}))",
    "{x} = own(T.autograd.grad({y}.sum(), edge({z}), {ways}))",
    "{x} = own(T.autograd.grad(edge({y}), {z}, T.ones_like({y}), {ways}))",
    "T.autograd.backward(edge({x}), still({x}), retain_graph=True)",
    "{x}.sum().backward(inputs=[edge(leaf({y}))], retain_graph=True)",
    "{x} = Within.apply({y})",
    "{x} = Nothing.apply({y}) + {y}",
    "{x} = Nothing.apply({y})",
)

HOOKS = (
    "hooked({x}, {hook})",
    "hooked({x}, {hook})",
    "removed({x}, double)",
    "with hooking({x}, double): {y}.sum().backward(retain_graph=True)",
    "several([{x}, {y}], 'all')",
    "several([{x}, {y}, {z}], 'any')",
    "several([{x}], 'all')",
    "{x}.register_post_accumulate_grad_hook(grown)",
    "{x}.register_post_accumulate_grad_hook(fail)",
    "{x}.grad_fn.register_prehook(order('before'))",
    "{x}.grad_fn.register_hook(order('{x}'))",
    "{x}.grad_fn.register_hook(order('{y}'))",
    "edge({x}).node.register_prehook(node_before)",
    "edge({x}).node.register_hook(order('edge'))",
    "{x}.grad_fn.register_hook(node_fail)",
    "kept({x})",
)

SAVED = (
    "with packed(): {x} = ({y} * {z}).sin()",
    "with kept_on_cpu(): {x} = {y} * {z}",
    "with kept_on_cpu(), packed(): {x} = {y} ** 3.",
    "with tripled(): {x} = {y} * {y}",
    "with ill('pack'): {x} = {y}.clone().exp()",
    "with ill('unpack'): {x} = {y}.sin()",
    "with counted(): {x} = ({y} * {z}).sin()",
    "with T.autograd.graph.disable_saved_tensors_hooks('no hooks'): {x} = {y} * {z}",
    "with T.autograd.graph.disable_saved_tensors_hooks('no'), packed(): {x} = {y} * {z}",
    # PyTorch does not see that a view that was saved is written to through its base
    "with mutable(): {x} = {y}.sin(); {y}.mul_(2.); {x}.sum().backward(retain_graph=True)",
    "with mutable(): {x} = ({y} * {z}).cos()",
    "{x} = {y} * {y}; {x}.grad_fn._raw_saved_self.register_hooks(thrice, thrice)",
    "{x} = own([({y} * {z}).grad_fn._saved_other])",
    "{x} = {y}.clamp(-2., 2.).exp(); {x}.grad_fn._raw_saved_result.register_hooks(thrice, thrice)",
    "{x} = again(lambda v: again(lambda w: (w * {z}).sin(), v) * 2., {y})",
    "{x} = again(lambda v: (v * v).sin() * v, {y} * 1.)",
    "{x} = again(lambda v: v.clone().mul_({z}).cos(), {y})",
    "{x} = again(lambda v: (v * {z}).sin().sum(), {y}) * {y}",
    "{x} = entered(lambda v: (v * 2.).sin(), {y})",
    # of v alone: the name of a tensor may stand for the result itself by the time of the pass
    "{x} = entered(lambda v: (v * still(v)).sin(), {y})",
    "with T.utils.checkpoint.set_checkpoint_early_stop(False): {x} = again(T.sin, {y} * {z})",
    "{x} = T.utils.checkpoint.checkpoint_sequential([T.sin, T.cos, T.sin], 2, {y}, False)",
    "with packed(): {x} = again(lambda v: (v * {z}).sin(), {y})",
)

MEMORY_STATEMENTS = (
    "{x}.data.mul_(2.)",
    "{x}.data.zero_()",
    "{x}.detach().add_(1.)",
    "{x}.detach()[{view_index}].mul_(2.)",
    "{x}.detach_()",
    "{x} = {y}.detach(); {x}.mul_(2.)",
    "{x} = shared({y})",
    "{x} = shared({y}); {x}.mul_(2.)",
    "{x} = still({y}); {x}.set_({z}.detach())",
    "T.autograd.graph.increment_version({x})",
    "T.autograd.graph.increment_version([{x}, {y}])",
    # views as other numbers (`real`, `view_as_real`) keep the name of their node in PyTorch
    "{x} = {y}.unfold({dim}, 1, 1)",
    "{x} = {y}.as_strided({y}.shape, {y}.stride())",
    "{x} = {y}.expand({size}); {x}.mul_(2.)",
    "{x} = {y}.expand_as({z}); {x}[{view_index}] = 1.",
    "{x} = {y}.tensor_split(2)[0]",
    "{x} = {y}.ravel()",
    "{x} = {y}.select(0, 0); {x}.mul_(2.); {y}.add_(1.)",
    "{x} = {y}.diagonal(); {x}.copy_(still({x}))",
)

VARIANTS = (
    "{x}.clamp_max_(1.)",
    "{x}.remainder_(3.)",
    "{x}.trunc_()",
    "{x}.frac_()",
    "{x}.triu_(1)",
    "{x}.nan_to_num_()",
    "{x}.reciprocal_()",
    "{x}.logical_not_()",
    "{x}.eq_(apart({y}, {x}))",
    "{x}.lt_(1.)",
    "{x}.addcdiv_(apart({y}, {x}), still({x}) * 0. + 2.)",
    "{x}.masked_scatter_({condition}, {y} + 0)",
    "{x}.put_(T.tensor([0]), {y}.sum().reshape(1))",
    "{x}.copysign_(apart({y}, {x}))",
    "{x}.atan_()",
    "{x}.cumprod_({dim})",
    "{x}.floor_divide_(2.)",
    "{x}.exp2_().clamp_(-8., 8.)",
    "{x}.atan2_(apart({y}, {x}))",
    "{x}.clamp_(min=apart({y}, {x}))",
    "{x}.lerp_(apart({y}, {x}), apart({z}, {x}))",
    "{x}.sub_(apart({y}, {x}), alpha=2)",
    "{x}.true_divide_(2.)",
    "{x}.index_put_((T.tensor([0]), T.tensor([0])), {y}.sum())",
    "{x}.addmm_({y} + 0, {z} + 0)",
    "{x}.swapaxes_(0, 1)",
    "{x}.unsqueeze_(0)",
    "{x}.squeeze_()",
)

INFERENCE = (
    "with T.inference_mode(): {x} = {y} * 2.",
    "with T.inference_mode(): {x} = {y} * {z}",
    "with T.inference_mode(): {x} = {y}[{view_index}]",
    "with T.inference_mode(): {x}.mul_(2.)",
    "with T.inference_mode(): {x}[{view_index}] = 2.",
    "with T.inference_mode(), T.inference_mode(False): {x} = {y} * {z}",
    "with T.inference_mode(): {x} = T.ones_like({y})",
    "{x} = {y}.clone()",
    "{x}.mul_(2.)",
)

ANOMALY = (
    "with T.autograd.set_detect_anomaly(True): {x} = ({y} * 0. - 1.).sqrt()",
    "with T.autograd.set_detect_anomaly(True): {x}.sum().backward(retain_graph=True)",
    "with T.autograd.set_detect_anomaly(True, check_nan=False): {x}.sum().backward()",
    "with T.autograd.detect_anomaly(): ({x} * {y}).sum().backward(retain_graph=True)",
    "{x} = ({y} - {y}).sqrt() * 0.",
)

# how often a family is drawn, and what it holds
PASSES: tuple[tuple[int, tuple[str, ...]], ...] = (
    (30, ROOTS),
    (14, HOOKS),
    (14, SAVED),
    (16, MEMORY_STATEMENTS),
    (10, VARIANTS),
    (4, INFERENCE),
    (3, ANOMALY),
)

# what is put around a statement, and how often in a hundred
PASS_WRAPPERS: tuple[tuple[int, str], ...] = (
    (5, "with T.no_grad(): {0}"),
    (1, "with T.no_grad(), T.enable_grad(): {0}"),
    (2, "with packed(): {0}"),
    (1, "with kept_on_cpu(): {0}"),
    (1, "with T.inference_mode(): {0}"),
    (1, "with T.autograd.set_detect_anomaly(True): {0}"),
)
