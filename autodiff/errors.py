"""Every message that users of PyTorch know, in one place, and our own exception types.

The wording is PyTorch 2.13's, so that a search for it finds the explanations written there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = [
    "ENGINE_ADVICE",
    "NON_LEAF_GRAD",
    "BatchedData",
    "RuleError",
    "already_freed",
    "broadcast_mismatch",
    "changed_in_place",
    "gradient_shape",
    "operation_title",
    "output_shape",
    "view_refused",
    "vmap_shapes",
]


class RuleError(RuntimeError):
    """A derivative rule broke its contract: wrong count, shape or type of gradients."""


class BatchedData(RuntimeError):
    """Numbers were asked of a tensor inside of `vmap`, which stands for a whole batch."""

    def by_member(self, name: str, *args: Any) -> Any:
        """What the function `name` gives for every member of the batch."""
        raise self


def vmap_shapes(function: str) -> RuntimeError:
    """The shape of the result of `function` depends on numbers of a batch."""
    return RuntimeError(_VMAP_OTHER_SHAPES.get(function, _VMAP_SHAPES.format(function)))


LEAF_IN_PLACE = "a leaf Variable that requires grad is being used in an in-place operation."
VIEW_OF_LEAF_IN_PLACE = (
    "a view of a leaf Variable that requires grad is being used in an in-place operation."
)
WRITE_TO_EXPANDED = (
    "unsupported operation: more than one element of the written-to tensor refers to a single "
    "memory location. Please clone() the tensor before performing the operation."
)
PARTIAL_OVERLAP = (
    "unsupported operation: some elements of the input tensor and the written-to tensor refer to "
    "a single memory location. Please clone() the tensor before performing the operation."
)
DETACH_VIEW = (
    "Can't detach views in-place. Use detach() instead. If you are using DistributedDataParallel "
    "(DDP) for training, and gradient_as_bucket_view is set as True, gradients are views of DDP "
    "buckets, and hence detach_() cannot be called on these gradients. To fix this error, please "
    "refer to the Optimizer.zero_grad() function in torch/optim/optimizer.py as the solution."
)
SECOND_BACKWARD = (
    "Trying to backward through the graph a second time (or directly access saved tensors after "
    "they have already been freed). Saved intermediate values of the graph are freed when you "
    "call .backward() or autograd.grad(). Specify retain_graph=True if you need to backward "
    "through the graph a second time or if you need to access saved tensors after calling "
    "backward."
)
SCALAR_ONLY = "grad can be implicitly created only for scalar outputs"
NO_GRAPH = "element {} of tensors does not require grad and does not have a grad_fn"
FLOAT_ONLY_FACTORY = "Only Tensors of floating point and complex dtype can require gradients"
FLOAT_ONLY_METHOD = "only Tensors of floating point dtype can require gradients"
FLOAT_ONLY_SETTER = "only Tensors of floating point and complex dtype can require gradients"
REQUIRES_GRAD_BOOL = "requires_grad must be a bool"
NON_LEAF_FLAG = "you can only change requires_grad flags of leaf variables."
NON_LEAF_FLAG_FALSE = (
    NON_LEAF_FLAG + " If you want to use a computed variable in a subgraph that doesn't require "
    "differentiation use var_no_grad = var.detach()."
)
NUMPY_REQUIRES_GRAD = (
    "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
)
UNUSED_INPUT = (
    "The differentiated Tensor at index {} appears to not have been used in the graph. Set "
    "allow_unused=True if this is the desired behavior."
)
INPUT_WITHOUT_GRAD = "One of the differentiated Tensors does not require grad"
INPUTS_EMPTY = "`inputs` argument to `{}()` cannot be empty."
INPUTS_MAPPING = (
    "`inputs` argument to `{}()` must be a dict, not {}. Other Mapping types are not supported."
)
OUTPUT_TYPE = "Expected output to be a torch.Tensor"
ONLY_INPUTS = (
    "only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate "
    "gradient for other parts of the graph, please use torch.autograd.backward."
)
DEEPCOPY_NON_LEAF = (
    "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at "
    "the moment.  If you were attempting to deepcopy a module, this may be because of a "
    "torch.nn.utils.weight_norm usage, see https://github.com/pytorch/pytorch/pull/103001"
)
ONCE_DIFFERENTIABLE = (
    "trying to differentiate twice a function that was marked with @once_differentiable"
)
NO_BACKWARD = (
    "You must implement either the backward or vjp method for your custom autograd.Function to "
    "use it with backward mode AD."
)
NO_FORWARD = "You must implement the forward function for custom autograd.Function."
BOTH_BACKWARD_AND_VJP = (
    "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should "
    "only implement one of them."
)
DIRTY_NOT_RETURNED = (
    "Some elements marked as dirty during the forward method were not returned as output. The "
    "inputs that are modified inplace must all be outputs of the Function."
)
DIRTY_TYPE = "mark_dirty can only accept variables, but argument "
DIRTY_LEAF = "a leaf Variable that requires grad has been used in an in-place operation."
DIRTY_NOT_INPUT = (
    "ctx.mark_dirty() received a tensor that was not an input. Only input Tensors that have been "
    "mutated should be passed to ctx.mark_dirty()."
)
DIRTY_VIEW = (
    "If your Function modifies inplace an input that is a view of another Tensor, your Function "
    "cannot return more than one Tensor. This is not supported by the current autograd engine. "
    "You should either make sure the input is not a view (using .clone() for example) or make "
    "your Function only return one Tensor (potentially splitting it into two Functions: one doing "
    "the inplace that returns a single Tensor and a second one that does the other operations). "
    "You can ask on the forum https://discuss.pytorch.org/ if you need help to do this change."
)
COMPLEX_GRADIENT = (
    "Expected isFloatingType(grad.scalar_type()) || (input_is_complex == grad_is_complex) to be "
    "true, but got false.  (Could this error message be improved?  If so, please report an "
    "enhancement request to PyTorch.)"
)
JVP_COUNT = (
    "Function's jvp returned an invalid number of forward gradients (expected {} but got {})"
)
JVP_TYPE = "expected Variable or None (got {}) for grad output {}."
JVP_NOT_DIFFERENTIABLE = (
    "Function's jvp returned a gradient at position {}, but  the corresponding forward output is "
    "not a differentiable Tensor.You should return None at that position instead."
)
JVP_DTYPE = "Expected both tensor and its forward grad to be floating point or complex"
JVP_NOT_IN_PLACE = (
    "An inplace custom Function is not modifying the forward mode gradients inplace. If the "
    "forward is modifying an input inplace, then the jvp function must modify the corresponding "
    "gradient inplace."
)
JVP_NOT_RETURNED = (
    "An inplace custom Function is not returning the forward mode gradients as-is. If the forward "
    "is modifying an input inplace, then the jvp function must modify the gradient inplace and "
    "return it as-is."
)
JVP_NO_VIEW = (
    "A custom Function's forward is returning a view (or an input as-is) but the jvp is not "
    "returning a view."
)
NON_DIFFERENTIABLE_TYPE = "mark_non_differentiable only accepts variable arguments, but got "
TANGENT_SIZE = (
    "Trying to set a forward gradient that has a different size than that of the original Tensor, "
    "this is not supported. Tensor is of size {} while the given forward gradient is of size {}."
)
_IN_TRANSFORM = (
    "inside of a function being transformed by a functorch transform. This is unsupported, please "
    "attempt to use the functorch transforms (e.g. grad, vjp, jacrev, jacfwd, hessian) or call "
)
TRANSFORM_REQUIRES_GRAD = (
    "You are attempting to call Tensor.requires_grad_() (or perhaps using "
    f"torch.autograd.functional.* APIs) {_IN_TRANSFORM}requires_grad_() outside of a function "
    "being transformed instead."
)
TRANSFORM_RETAIN_GRAD = (
    f"You are attempting to call Tensor.retain_grad() {_IN_TRANSFORM}retain_grad() outside of a "
    "function being transformed instead."
)
TRANSFORM_BACKWARD = (
    "backward() called inside a functorch transform. This is not supported, please use "
    "functorch.grad or functorch.vjp instead or call backward() outside of functorch transforms."
)
NO_SETUP_CONTEXT = (
    "In order to use an autograd.Function with functorch transforms (vmap, grad, jvp, jacrev, "
    "...), it must override the setup_context staticmethod. For more details, please see "
    "https://pytorch.org/docs/main/notes/extending.func.html"
)
NO_VMAP = (
    "You tried to vmap over {}, but it does not have vmap support. Please override and implement "
    "the vmap staticmethod or set generate_vmap_rule=True. For more details, please see "
    "https://pytorch.org/docs/main/notes/extending.func.html"
)
BOTH_VMAPS = (
    "You tried to vmap over {}, but it has both generate_vmap_rule=True and an overridden vmap "
    "staticmethod. Please set generate_vmap_rule=False or delete the overridden vmap staticmethod "
    "to avoid ambiguity. For more details, please see "
    "https://pytorch.org/docs/main/notes/extending.func.html"
)
NO_JVP = (
    "You must implement the jvp function for custom autograd.Function to use it with forward mode "
    "AD."
)
VMAP_ITEM = (
    "vmap: It looks like you're calling .{}() on a Tensor. We don't support vmap over calling "
    ".{}() on a Tensor, please try to rewrite what you're doing with other operations. If error "
    "is occurring somewhere inside PyTorch internals, please file a bug report."
)
VMAP_CONTROL_FLOW = (
    "vmap: It looks like you're attempting to use a Tensor in some data-dependent control flow. "
    "We don't support that yet, please file an issue at "
    "https://github.com/pytorch/pytorch/issues ."
)
VMAP_IN_PLACE = (
    "vmap: inplace arithmetic(self, *extra_args) is not possible because there exists a Tensor "
    "`other` in extra_args that has more elements than `self`. This happened due to `other` being "
    "vmapped over but `self` not being vmapped over in a vmap. Please try to use out-of-place "
    "operators instead of inplace arithmetic. If said operator is being called inside the PyTorch "
    "framework, please file a bug report instead."
)
_VMAP_SHAPES = (
    "vmap: We do not support batching operators that can output dynamic shape. Attempted to vmap "
    "over aten::{}. Please file an issue at https://github.com/pytorch/pytorch/issues if you need "
    "this feature."
)
_VMAP_OTHER_SHAPES = {
    "getitem": (
        "vmap: We do not support batching operators that can support dynamic shape. Attempting to "
        "batch over indexing with a boolean mask."
    ),
    "masked_select": (
        "vmap: Attempted to vmap over `mask` in torch.masked_select(self, mask) We cannot support "
        "this because for each batch this would return a differently shaped Tensor. Please file "
        "an issue at https://github.com/pytorch/pytorch/issues if you need this feature."
    ),
}
VMAP_RANDOM = (
    "vmap: called random operation while in randomness error mode. Please either use the 'same' "
    "or 'different' randomness flags on vmap or perform the randomness operation out of vmap"
)
VMAP_RANDOM_UNBATCHED = (
    "vmap: Cannot ask for different inplace randomness on an unbatched tensor. This will appear "
    "like same randomness. If this is necessary for your usage, please file an issue with "
    "functorch."
)
VMAP_DATA = "accessing `data` under vmap transform is not allowed"
VMAP_RETURNS = (
    "Expected the vmap staticmethod to have two returns, an output and out_dims with pytree "
    "structure compatible with the output. Got {}"
)
VMAP_OUT_DIMS = (
    "The autograd.Function's vmap staticmethod returned an incompatible (output, out_dims) tuple. "
    "Expected out_dims={} to be compatible with the structure of `output`. out_dims has structure "
    "{} but output has structure {}. For more details, please see "
    "https://pytorch.org/docs/main/notes/extending.func.html"
)
SAVE_FOR_FORWARD = (
    "save_for_forward expects all arguments to be tensors; you should save non-tensors as "
    "attributes on ctx."
)
MATERIALIZE_TYPE = (
    "set_materialize_grads received an invalid combination of arguments - got (), but expected "
    "(bool)"
)
ACCESSED_TWICE = (
    "saved_tensors can only be accessed once when clear_saved_tensors_on_access=True is set on "
    "the autograd.Function. Either access saved_tensors only once, or set "
    "clear_saved_tensors_on_access=False."
)
LEGACY_FUNCTION = (
    "Legacy autograd function with non-static forward method is deprecated. Please use new-style "
    "autograd function with static forward method. (Example: "
    "https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
)
NON_LEAF_GRAD = (
    "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad "
    "attribute won't be populated during autograd.backward(). If you indeed want the .grad field "
    "to be populated for a non-leaf Tensor, use .retain_grad() on the non-leaf Tensor. If you "
    "access the non-leaf Tensor by mistake, make sure you access the leaf Tensor instead. See "
    "github.com/pytorch/pytorch/pull/30531 for more information."
)
CREATE_GRAPH_CYCLE = (
    "Using backward() with create_graph=True will create a reference cycle between the parameter "
    "and its gradient which can cause a memory leak. We recommend using autograd.grad when "
    "creating the graph to avoid this. If you have to use this function, make sure to reset the "
    ".grad fields of your parameters to None after use to break the cycle and avoid the leak."
)
COPY_CONSTRUCT = (
    "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
    "sourceTensor.detach().clone().requires_grad_(True), rather than torch.tensor(sourceTensor)."
)
SCALAR_FROM_GRAD = (
    "Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior.\n"
    "Consider using tensor.detach() first."
)
ENGINE_ADVICE = (
    "Hint: enable anomaly detection to find the operation that failed to compute its gradient, "
    "with torch.autograd.set_detect_anomaly(True, check_nan=False)."
)
GRAD_TYPE = "assigned grad expected to be a Tensor or None but got grad of type {}"
GRAD_SELF = "can't assign Variable as its own grad"
GRAD_SIZE = (
    "attempting to assign a gradient of size '{}' to a tensor of size '{}'. Please ensure that "
    "the gradient and the tensor are the same size"
)
GRAD_DTYPE = (
    "attempting to assign a gradient with dtype '{}' to a tensor with grad_dtype '{}'. The "
    "gradient must match the tensor's grad_dtype (defaults to the tensor's dtype). You can set "
    "the tensor's grad_dtype attribute with a specific dtype, or None to allow any dtype. Set "
    "grad_dtype with caution. Diverging the dtypes of a tensor and its gradient may break "
    "downstream systems that assume they match."
)
HOOK_NO_GRAD = "cannot register a hook on a tensor that doesn't require gradient"
RETAIN_NO_GRAD = "can't retain_grad on Tensor that has requires_grad=False"
POST_HOOK_NON_LEAF = "post accumulate grad hooks cannot be registered on non-leaf tensors"
HOOK_PICKLED = (
    "backward hook {} on tensor will not be serialized.  If this is expected, you can decorate "
    "the function with @torch.utils.hooks.unserializable_hook to suppress this warning"
)
OUT_GRAD = (
    "{}(): functions with out=... arguments don't support automatic differentiation, but one of "
    "the arguments requires grad."
)
OUT_RESIZED = (
    "An output with one or more elements was resized since it had shape {}, which does not match "
    "the required output shape {}. This behavior is deprecated, and in a future PyTorch release "
    "outputs will not be resized unless they have zero elements. You can explicitly reuse an out "
    "tensor t by resizing it, inplace, to zero elements with t.resize_(0)."
)
DLPACK_GRAD = "Can't export tensors that require gradient, use tensor.detach()"
TURNED_BASE = (
    "The base of this view was itself turned into a view in place by as_strided_ after this view "
    "was made, and its history cannot be told any more. Make the view afterwards, or use the "
    "out-of-place operation."
)
HOOK_TYPE = "expected Variable, but hook returned '{}'"
HOOK_SIZE = "hook '{}' has changed the size of value"
HOOK_DTYPE = "hook '{}' has changed the type of value (was {} got {})"
NODE_HOOK_TYPE = "expected tuple, but hook returned '{}'"
NODE_HOOK_COUNT = "hook '{}' has returned an incorrect number of values (got {}, but expected {})"
DATA_DTYPE = "data set to a tensor that requires gradients must be floating point or complex dtype"


NO_EDGE = (
    "It is not possible to get the gradient edge for a Tensor that does not require gradients"
)
EDGE_MATERIALIZE = "materialize_grads cannot be used when the given input is a GradientEdge"
EDGE_UNKNOWN = (
    "the shape at this GradientEdge is not known: pass a gradient, or make the edge by "
    "get_gradient_edge(tensor)"
)
MUTATION_OUTSIDE = (
    "Trying to backward outside of the 'allow_mutation_on_saved_tensors' context"
    "in which the graph was originally recorded."
)
SAVED_FREED = (
    "Calling register_hooks on a saved tensor after it has been freed. Saved intermediate values "
    "of the graph are freed when you call .backward() or autograd.grad(). Specify "
    "retain_graph=True if you need to backward through the graph a second time or if you need to "
    "access saved variables after calling backward."
)
ANOMALY_ENABLED = (
    "Anomaly Detection has been enabled. This mode will increase the runtime and should only be "
    "enabled for debugging."
)
ANOMALY_TRACEBACK = "Error detected in {}. Traceback of forward call that caused the error:\n{}"
ANOMALY_PARENT = (
    "\n\nPrevious calculation was induced by {}. Traceback of forward call that induced the "
    "previous calculation:\n{}"
)
ANOMALY_UNKNOWN = (
    "Error detected in {}. No forward pass information available. Enable detect anomaly during "
    "forward pass for more information."
)
ANOMALY_PARENT_UNKNOWN = (
    "\n\nPrevious calculation was induced by {}. No forward pass information available. Enable "
    "detect anomaly during forward pass for more information."
)
ANOMALY_NAN = "Function '{}' returned nan values in its {}th output."
ANOMALY_ADVICE = (
    "Hint: the backtrace further above shows the operation that failed to compute its gradient. "
    "The variable in question was changed in there or anywhere later. Good luck!"
)
GRAD_DTYPE_READ = "grad_dtype can only be accessed on leaf tensors."
GRAD_DTYPE_SET = "grad_dtype can only be set on leaf tensors."
GRAD_DTYPE_KIND = "grad_dtype must be a torch.dtype or None, but got {}"
GRAD_DTYPE_HAS = (
    "Cannot set grad_dtype to '{}' because there is already a gradient with dtype '{}'. Please "
    "clear the gradient (.grad = None) before changing grad_dtype, or ensure the new grad_dtype "
    "matches the existing gradient's dtype."
)
INFERENCE_SAVED = (
    "Inference tensors cannot be saved for backward. Please do not use Tensors created in "
    "inference mode in computation tracked by autograd. To work around this, you can make a clone "
    "to get a normal tensor and use it in autograd, or use `torch.no_grad()` instead of "
    "`torch.inference_mode()`."
)
INFERENCE_WRITE = (
    "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone "
    "to get a normal tensor before doing inplace update.See "
    "https://github.com/pytorch/rfcs/pull/17 for more details."
)
INFERENCE_REQUIRES_GRAD = (
    "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed."
)
INFERENCE_VERSION = "Inference tensors do not track version counter."
PACK_IN_PLACE = (
    "A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack "
    "hook cannot be modified by in-place operations as this can lead to unexpected side-effects. "
    "Please open an issue if you need to perform in-place operations on the input to a pack hook."
)
UNPACK_TYPE = (
    "Output of saved tensor unpack_hook expected to be a Tensor but got result of type {}"
)
SAVED_NONE = "Calling register_hooks on a saved tensor with value None is forbidden"
SAVED_HOOKS_TWICE = (
    "Calling register_hooks on a saved tensor whose hooks have already been set. Hint: only one "
    "pair of hooks is allowed at a time."
)


def already_freed() -> RuntimeError:
    """The graph was walked once and its saved values are gone."""
    return RuntimeError(SECOND_BACKWARD)


def changed_in_place(
    tensor: str, producer: str | None, version: int, expected: int
) -> RuntimeError:
    """A value that backward needs was overwritten after it was saved."""
    source = f", which is {producer}," if producer else ""
    return RuntimeError(
        "one of the variables needed for gradient computation has been modified by an inplace "
        f"operation: [{tensor}]{source} is at version {version}; expected version {expected} "
        f"instead. {ENGINE_ADVICE}"
    )


def view_refused(made: str, number: int, producer: str | None, indirect: bool) -> RuntimeError:
    """A view that may not be written to was, or (`indirect`) its base or another view of it.

    made: "no_grad", "inference", "multiple" or "custom"; producer: the operation that made it, if
    it was recorded.
    """
    what = "its base or another view of its base has been" if indirect else "is being"
    if made == "inference":
        origin = (
            "A view was"
            if producer is None
            else (f"Output {number} of {producer} is a view of a view which was")
        )
        text = f"{origin} created in inference mode and {what} modified inplace in normal mode."
    elif producer is None:
        text = f"A view was created in no_grad mode and {what} modified inplace with grad mode"
        text += " enabled."
    elif made == "no_grad":
        text = f"Output {number} of {producer} is a view of a view which was created in no_grad "
        text += f"mode and {what} modified inplace with grad mode enabled."
    else:
        text = f"Output {number} of {producer} is a view and {what} modified inplace."
    return RuntimeError(text + _VIEW_REFUSALS[made])


_VIEW_REFUSALS = {
    "inference": (
        " Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify "
        "your code by moving both the view and the inplace either both inside the inference_mode "
        "block (if you don't want the inplace to be tracked) or both outside (if you want the "
        "inplace to be tracked)."
    ),
    "no_grad": (
        " Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify "
        "your code by moving both the view and the inplace either both inside the no_grad block "
        "(if you don't want the inplace to be tracked) or both outside (if you want the inplace "
        "to be tracked)."
    ),
    "multiple": (
        " This view is the output of a function that returns multiple views. Such functions do "
        "not allow the output views to be modified inplace. You should replace the inplace "
        "operation by an out-of-place one."
    ),
    "custom": (
        " This view was created inside a custom Function (or because an input was returned as-is) "
        "and the autograd logic to handle view+inplace would override the custom backward "
        "associated with the custom Function, leading to incorrect gradients. This behavior is "
        "forbidden. You can fix this by cloning the output of the custom Function."
    ),
}


def gradient_shape(
    index: int, gradient: Sequence[int], output: Sequence[int], batched: bool = False
) -> RuntimeError:
    """A cotangent does not have the shape of the output that it belongs to."""
    found = (
        f"grad_output[{index}] has a shape of torch.Size({list(gradient)}) and output[{index}] "
        f"has a shape of torch.Size({list(output)})."
    )
    if not batched:
        return RuntimeError(f"Mismatch in shape: {found}")
    return RuntimeError(
        "If `is_grads_batched=True`, we interpret the first dimension of each grad_output as the "
        "batch dimension. The sizes of the remaining dimensions are expected to match the shape "
        f"of corresponding output, but a mismatch was detected: {found} If you only want some "
        "tensors in `grad_output` to be considered batched, consider using vmap."
    )


def output_shape(output: Sequence[int], result: Sequence[int]) -> RuntimeError:
    """An in-place operation would change the tensor's shape."""
    return RuntimeError(
        f"output with shape {list(output)} doesn't match the broadcast shape {list(result)}"
    )


def broadcast_mismatch(first: Sequence[int], second: Sequence[int]) -> RuntimeError | None:
    """Two shapes that do not broadcast, told as PyTorch tells it; None where they do."""
    if first == second:
        return None
    rank = max(len(first), len(second))
    a, b = (1,) * (rank - len(first)) + tuple(first), (1,) * (rank - len(second)) + tuple(second)
    for axis in reversed(range(rank)):
        if a[axis] != b[axis] and 1 not in (a[axis], b[axis]):
            return RuntimeError(
                f"The size of tensor a ({a[axis]}) must match the size of tensor b ({b[axis]}) "
                f"at non-singleton dimension {axis}"
            )
    return None


def legacy_name(title: str) -> str:
    """A type of tensors as PyTorch's older messages call it.

    >>> legacy_name("Double"), legacy_name("Bool")
    ('torch.DoubleTensor', 'CPUBoolType')
    """
    old = ("Double", "Float", "Half", "Long", "Int", "Short", "Char", "Byte")
    return f"torch.{title}Tensor" if title in old else f"CPU{title}Type"


def operation_title(node: str) -> str:
    """The name of a node's operation in messages.

    >>> operation_title("MulBackward0"), operation_title("SumBackward1"), operation_title("Own")
    ('Mul', 'Sum1', 'Own')
    """
    name, found, kind = node.partition("Backward")
    return name + kind.removesuffix("0") if found and kind != "s" else node
