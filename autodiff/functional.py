"""Products with Jacobians and Hessians, and these themselves: `torch.autograd.functional`.

>>> import autodiff
>>> from autodiff import functional
>>> functional.jacobian(lambda x: x ** 2, autodiff.tensor([1., 2.]))
tensor([[2., 0.],
        [0., 4.]])
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autodiff import forward_ad
from autodiff.functions.shapes import expand, stack
from autodiff.gradients import grad
from autodiff.likes import zeros_like
from autodiff.mapping import in_one_pass
from autodiff.modes import enable_grad, grad_mode, is_grad_enabled
from autodiff.ops.shapes import VIEW
from autodiff.state import TensorState

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

_OUTPUTS = "outputs of the user-provided function"
_STRICT_JACOBIAN = (
    "The jacobian of the user-provided function is independent of input {}. This is not allowed "
    "in strict mode when create_graph=True."
)
# what is wrong with a gradient that does not exist, and with one that is constant
_ABSENT = {
    "back": "The output of the user-provided function is independent of input {}. This is not "
    "allowed in strict mode.",
    "back_trick": "The gradient with respect to the input is independent of entry {} in the "
    "grad_outputs when using the double backward trick to compute forward mode gradients. This is "
    "not allowed in strict mode.",
    "double_back": "The jacobian of the user-provided function is independent of input {}. This "
    "is not allowed in strict mode.",
    "double_back_trick": "The hessian of the user-provided function is independent of entry {} in "
    "the grad_jacobian. This is not allowed in strict mode as it prevents from using the double "
    "backward trick to replace forward mode AD.",
}
_STRICT = {
    "outputs": "Output {} of the user-provided function does not require gradients. The outputs "
    "must be computed in a differentiable manner from the input when running in strict mode.",
    "grad_inputs": "The gradient with respect to input {} is independent of the inputs of the "
    "user-provided function. This is not allowed in strict mode.",
    "jacobian": "While computing the hessian, found that the jacobian of the user-provided "
    "function with respect to input {} is independent of the input. This is not allowed in strict "
    "mode. You should ensure that your function is twice differentiable and that the jacobian "
    "depends on the inputs (this would be violated by a linear function for example).",
    "hessian": "The hessian of the user-provided function with respect to input {} is independent "
    "of the input. This is not allowed in strict mode. You should ensure that your function is "
    "thrice differentiable and that the hessian depends on the inputs.",
}


def _tensors(value: Any, name: str, function: str) -> tuple[bool, tuple[Any, ...]]:
    """Whether a tuple was given, and its tensors."""
    several = isinstance(value, tuple)
    found = value if several else (value,)
    for place, one in enumerate(found):
        if not isinstance(one, TensorState):
            which = f"value at index {place}" if several else f"given {name}"
            raise TypeError(
                f"The {name} given to {function} must be either a Tensor or a tuple of Tensors "
                f"but the {which} has type {type(one)}."
            )
    return several, found


def _prepared(inputs: Sequence[Any], create_graph: bool, need_graph: bool) -> tuple[Any, ...]:
    """The inputs as variables of this call: connected to what they were if a graph is wanted."""
    return tuple(
        VIEW(one, shape=tuple(one.shape))
        if create_graph and one.requires_grad
        else one.detach().requires_grad_(need_graph)
        for one in inputs
    )


def _finished(values: Any, create_graph: bool) -> Any:
    if isinstance(values, tuple):
        return tuple(_finished(one, create_graph) for one in values)
    return values if create_graph else values.detach()


def _unpacked(values: tuple[Any, ...], several: bool) -> Any:
    return values if several else values[0]


def _check_vector(v: Sequence[Any], others: Sequence[Any], several: bool) -> None:
    if len(others) != len(v):
        if several:
            raise RuntimeError(
                f"v is a tuple of invalid length: should be {len(others)} but got {len(v)}."
            )
        raise RuntimeError("The given v should contain a single Tensor.")
    for place, (mine, other) in enumerate(zip(v, others, strict=True)):
        if mine.shape != other.shape:
            which = f"Entry {place} in " if several else ""
            raise RuntimeError(
                f"{which}v has invalid size: should be {other.shape} but got {mine.shape}."
            )


def _check_recorded(values: Sequence[Any], what: str, strict: bool) -> None:
    """In strict mode every value must depend on the inputs."""
    if not strict:
        return
    for place, one in enumerate(values):
        if one is None:
            raise RuntimeError(_ABSENT["back"].format(place))
        if not one.requires_grad:
            raise RuntimeError(_STRICT[what].format(place))


def _gradients(
    outputs: Sequence[Any],
    inputs: Sequence[Any],
    cotangents: Sequence[Any] | None = None,
    create_graph: bool = False,
    retain_graph: bool | None = None,
) -> tuple[Any, ...]:
    """Gradients of the outputs that have a history; None where there is no connection."""
    given = (None,) * len(outputs) if cotangents is None else cotangents
    pairs = [
        (output, cotangent)
        for output, cotangent in zip(outputs, given, strict=True)
        if output is not None and output.requires_grad
    ]
    if not pairs:
        return (None,) * len(inputs)
    roots, seeds = zip(*pairs, strict=True)
    found: tuple[Any, ...] = grad(
        roots,
        inputs,
        seeds,
        allow_unused=True,
        create_graph=create_graph,
        retain_graph=retain_graph,
    )
    return found


def _filled(
    found: Sequence[Any], like: Sequence[Any], strict: bool, create_graph: bool, stage: str
) -> tuple[Any, ...]:
    """Zeros for the gradients that do not exist; in strict mode, a complaint."""
    result = []
    for place, (value, other) in enumerate(zip(found, like, strict=True)):
        if value is None and strict:
            raise RuntimeError(_ABSENT[stage].format(place))
        if value is not None and strict and create_graph and not value.requires_grad:
            word = "hessian" if "double" in stage else "jacobian"
            raise RuntimeError(_STRICT_JACOBIAN.replace("jacobian", word).format(place))
        result.append(zeros_like(other) if value is None else value)
    return tuple(result)


def _vector(
    v: Any, like: Sequence[Any], several: bool, function: str, create_graph: bool
) -> tuple[Any, ...] | None:
    """The given vector, checked; None if it may be left out."""
    if v is not None:
        _, given = _tensors(v, "v", function)
        prepared = _prepared(given, create_graph, False)
        _check_vector(prepared, like, several)
        return prepared
    if len(like) != 1 or like[0].numel() != 1:
        if function == "vjp":
            raise RuntimeError(
                "The vector v can only be None if the user-provided function returns a single "
                "Tensor with a single element."
            )
        raise RuntimeError(
            "The vector v can only be None if the input to the user-provided function is a single "
            "Tensor with a single element."
        )
    return None


def vjp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """`func(inputs)`, and the product of `v` with the Jacobian: of the inputs' shapes."""
    with enable_grad():
        several, given = _tensors(inputs, "inputs", "vjp")
        points = _prepared(given, create_graph, True)
        outputs_several, outputs = _tensors(func(*points), _OUTPUTS, "vjp")
        _check_recorded(outputs, "outputs", strict)
        vector = _vector(v, outputs, outputs_several, "vjp", create_graph)
    with grad_mode(create_graph or is_grad_enabled()):
        found = _gradients(outputs, points, vector, create_graph)
        product = _filled(found, points, strict, create_graph, "back")
    return (
        _unpacked(_finished(outputs, create_graph), outputs_several),
        _unpacked(_finished(product, create_graph), several),
    )


def jvp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """`func(inputs)`, and the product of the Jacobian with `v`: of the outputs' shapes."""
    with enable_grad():
        several, given = _tensors(inputs, "inputs", "jvp")
        points = _prepared(given, create_graph, True)
        vector = _vector(v, points, several, "jvp", create_graph)
        outputs_several, outputs = _tensors(func(*points), _OUTPUTS, "jvp")
        _check_recorded(outputs, "outputs", strict)
        stand_ins = tuple(zeros_like(one).requires_grad_() for one in outputs)
        pulled = _gradients(outputs, points, stand_ins, create_graph=True)
        _check_recorded(pulled, "grad_inputs", strict)
    with grad_mode(create_graph or is_grad_enabled()):
        found = _gradients(pulled, stand_ins, vector, create_graph)
        product = _filled(found, outputs, strict, create_graph, "back_trick")
    return (
        _unpacked(_finished(outputs, create_graph), outputs_several),
        _unpacked(_finished(product, create_graph), outputs_several),
    )


def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The Jacobian: for an output of shape S and an input of shape T an array of shape (*S, *T).

    Several outputs or inputs give tuples (of tuples). vectorize: all rows in one pass.
    """
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your '
            'function has more outputs than inputs, "forward-mode" tends to be more performant. '
            'Otherwise, prefer to use "reverse-mode".'
        )
    if strategy == "forward-mode":
        if create_graph:
            raise NotImplementedError(
                "torch.autograd.functional.jacobian: `create_graph=True` and "
                '`strategy="forward-mode"` are not supported together (yet). Please either set '
                '`create_graph=False` or `strategy="reverse-mode"`.'
            )
        return _forward_jacobian(func, inputs, strict, vectorize)
    with enable_grad():
        several, given = _tensors(inputs, "inputs", "jacobian")
        points = _prepared(given, create_graph, True)
        outputs_several, outputs = _tensors(func(*points), _OUTPUTS, "jacobian")
        _check_recorded(outputs, "outputs", strict)
        if vectorize and strict:
            raise RuntimeError(
                "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not "
                "supported together. Please either set `strict=False` or `vectorize=False`."
            )
        rows = _rows_at_once if vectorize else _rows_in_turn
        found = tuple(
            tuple(
                part.view(*output.shape, *point.shape)
                for part, point in zip(
                    rows(place, output, points, create_graph, strict), points, strict=True
                )
            )
            for place, output in enumerate(outputs)
        )
    found = _finished(found, create_graph)
    return _unpacked(tuple(_unpacked(one, several) for one in found), outputs_several)


def _rows_in_turn(
    place: int, output: Any, points: Sequence[Any], create_graph: bool, strict: bool
) -> list[Any]:
    """For each input the gradients of all elements of an output, one pass each."""
    columns: list[list[Any]] = [[] for _ in points]
    flat = output.reshape(-1)
    for number in range(output.numel()):
        found = _gradients((flat[number],), points, None, create_graph, True)
        for which, (column, value, point) in enumerate(zip(columns, found, points, strict=True)):
            if value is None and strict:
                raise RuntimeError(
                    f"Output {place} of the user-provided function is independent of input "
                    f"{which}. This is not allowed in strict mode."
                )
            if value is not None and strict and create_graph and not value.requires_grad:
                raise RuntimeError(_STRICT_JACOBIAN.format(place))
            column.append(zeros_like(point) if value is None else value)
    return [
        stack(column) if column else point.new_zeros(0)
        for column, point in zip(columns, points, strict=True)
    ]


def _rows_at_once(
    place: int, output: Any, points: Sequence[Any], create_graph: bool, strict: bool
) -> list[Any]:
    """The same in one pass over a batch of cotangents."""
    size = output.numel()
    if not output.requires_grad:
        return [zeros_like(point).expand(size, *point.shape).clone() for point in points]
    flat = output.reshape(-1)

    def pull_back(seed: Any) -> tuple[Any, ...]:
        found = _gradients((flat,), points, (seed,), create_graph, True)
        return tuple(
            zeros_like(point) if value is None else value
            for value, point in zip(found, points, strict=True)
        )

    return list(in_one_pass(pull_back)(_unit_matrix(flat)))


def _unit_matrix(flat: Any) -> Any:
    size = flat.numel()
    matrix = expand(zeros_like(flat.detach()), size, size).clone()
    matrix.diagonal().fill_(1)
    return matrix


def _forward_jacobian(func: Callable[..., Any], inputs: Any, strict: bool, vectorize: bool) -> Any:
    if strict:
        raise RuntimeError(
            'torch.autograd.functional.jacobian: `strict=True` and `strategy="forward-mode"` are '
            "not supported together (yet). Please either set `strict=False` or "
            '`strategy="reverse-mode"`.'
        )
    several, points = _tensors(inputs, "inputs", "jacobian")
    if not vectorize:
        raise NotImplementedError(
            "Computing Jacobian using forward-AD or forward-over-reverse Hessian isonly "
            "implemented for `vectorize=True`."
        )
    if not points:
        raise AssertionError("Expected at least one tensor")
    parts = [_columns(func, points, which) for which in range(len(points))]
    nested = parts[0][0]
    by_input = [columns for _, columns in parts]
    by_output: Any = [list(of_one) for of_one in zip(*by_input, strict=True)]
    if not several:
        by_output = tuple(of_one[0] for of_one in by_output)
    return by_output if nested else by_output[0]  # lists or not, as PyTorch has them here


def _columns(
    func: Callable[..., Any], points: Sequence[Any], which: int
) -> tuple[bool, list[Any]]:
    """Whether there are several outputs, and the Jacobian of each by one of the inputs."""
    point = points[which]
    facts: list[Any] = []

    def push(direction: Any) -> tuple[Any, ...]:
        with forward_ad.dual_level():
            moving = forward_ad.make_dual(point, direction.reshape(point.shape))
            result = func(*points[:which], moving, *points[which + 1 :])
            several, outputs = _tensors(result, "outputs", "None")
            facts[:] = [several, [one.shape for one in outputs]]
            pairs = [forward_ad.unpack_dual(one) for one in outputs]
            return tuple(
                zeros_like(pair.primal) if pair.tangent is None else pair.tangent for pair in pairs
            )

    found = in_one_pass(push)(_unit_matrix(point.reshape(-1)))
    several, sizes = facts
    return several, [
        column.movedim(0, -1).reshape(*size, *point.shape)
        for column, size in zip(found, sizes, strict=True)
    ]


def hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The second derivatives of a function with a single element as its result."""
    several, points = _tensors(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')

    def single(*arguments: Any) -> Any:
        out = func(*arguments)
        nested, outputs = _tensors(out, _OUTPUTS, "hessian")
        _check_recorded(outputs, "outputs", strict)
        if nested:
            raise RuntimeError("The function given to hessian should return a single Tensor")
        if out.numel() != 1:
            raise RuntimeError(
                "The Tensor returned by the function given to hessian should contain a single "
                "element"
            )
        return out.squeeze()

    def slopes(*arguments: Any) -> Any:
        if outer_jacobian_strategy == "forward-mode":
            arguments = tuple(one.requires_grad_(True) for one in arguments)
        found = jacobian(single, arguments, create_graph=True)
        _check_recorded(found, "jacobian", strict)
        return found

    found = jacobian(
        slopes, points, create_graph, strict, vectorize, strategy=outer_jacobian_strategy
    )
    return found if several else found[0][0]


def _slopes(
    function: str, func: Callable[..., Any], points: Sequence[Any], strict: bool
) -> tuple[Any, tuple[Any, ...]]:
    """The single output of a function, and its gradient, recorded."""
    nested, outputs = _tensors(func(*points), _OUTPUTS, function)
    _check_recorded(outputs, "outputs", strict)
    if nested:
        raise RuntimeError(f"The function given to {function} should return a single Tensor")
    if outputs[0].numel() != 1:
        raise RuntimeError(
            f"The Tensor returned by the function given to {function} should contain a single "
            "element"
        )
    found = _gradients(outputs, points, create_graph=True)
    _check_recorded(found, "jacobian", strict)
    return outputs[0], found


def vhp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """`func(inputs)`, a single element, and the product of `v` with its Hessian."""
    with enable_grad():
        several, given = _tensors(inputs, "inputs", "vhp")
        points = _prepared(given, create_graph, True)
        vector = _vector(v, points, several, "vhp", create_graph)
        output, slopes = _slopes("vhp", func, points, strict)
    with grad_mode(create_graph or is_grad_enabled()):
        found = _gradients(slopes, points, vector, create_graph)
        product = _filled(found, points, strict, create_graph, "double_back")
    return _finished(output, create_graph), _unpacked(_finished(product, create_graph), several)


def hvp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """`func(inputs)`, a single element, and the product of its Hessian with `v`.

    The Hessian is symmetric, so this is what :func:`vhp` gives, which costs a pass less.
    """
    with enable_grad():
        several, given = _tensors(inputs, "inputs", "hvp")
        points = _prepared(given, create_graph, True)
        vector = _vector(v, points, several, "hvp", create_graph)
        output, slopes = _slopes("hvp", func, points, strict)
        stand_ins = tuple(zeros_like(one).requires_grad_() for one in points)
        pulled = _gradients(slopes, points, stand_ins, create_graph=True)
        _check_recorded(slopes, "hessian", strict)
    with grad_mode(create_graph or is_grad_enabled()):
        found = _gradients(pulled, stand_ins, vector, create_graph)
        product = _filled(found, points, strict, create_graph, "double_back_trick")
    return _finished(output, create_graph), _unpacked(_finished(product, create_graph), several)
