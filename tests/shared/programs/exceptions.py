"""Where PyTorch's own behaviour is not followed, each with its reason, and nowhere else."""

from __future__ import annotations

from typing import Any

__all__ = ["agreed", "ends", "spoiled", "through_relu"]

# These are found before the pass begins, so that nothing has changed and the program goes on.
_BEFORE_THE_PASS = (
    "does not require grad",
    "grad can be implicitly created only for scalar outputs",
    "Mismatch in shape",
)


_LACKING = (
    '" not implemented for',
    "INTERNAL ASSERT FAILED",
    "does not support complex input",
    "does not support bool input",
    "without overflow",
    "don't yet support saved tensor hooks",
    "numel: integer multiplication overflow",  # x.expand(3, -1): a size of -1 is multiplied
    "setStorage: sizes",  # index_fill_ on an empty tensor reads before it looks
    "unflatten got an unexpected error",  # the words go on with addresses in memory
    "select(): index 0 out of range for tensor of size [0]",  # vmap over an empty batch
    "self indexing axis dim should be positive",  # index_select on an empty tensor
)


# Both refuse, for different reasons, or name another operation in the reason.
_ONE_OF_SEVERAL = (
    "refer to a single memory location",
    "Index put requires the source and destination dtypes match",
    "is a view of a view which was created in no_grad mode",
    "its base or another view",
    "A view was created in no_grad mode and is being modified",
    "Indexing dim",
    "zero-dimensional tensor (at position",
    "The size of tensor a",
    "shape mismatch: value tensor of shape",
    "source tensor shape must match",
    "doesn't match the broadcast shape",
    "its base or another view of its base",
    "Expected reduction dim",
    "is out of bounds for dimension",
    "Index tensor must have the same number of dimensions",
)


# Composed of other operations, which have their own reasons; products have several.
_COMPOSED = (
    *("alpha=", "[True]", "fill_diagonal_", "sub_(", " -= ", "pushed("),
    *(" @ ", "matmul", "linear("),
)


def _refused_here(statement: str, found: str) -> bool:
    """What is refused here and not in PyTorch."""
    if ("alpha=" in statement or "cumsum_" in statement) and "can't be cast" in found:
        return True  # alpha is a factor here, whose dtype counts; bools are summed as numbers
    if "more than one element" in found:
        return True  # documented: memory that elements share is not written to
    if "This view is the output of a function" in found and "enabled. This view" in found:
        return True  # whole numbers, of which no history is kept
    if "[True]" in statement:
        return True  # a mask without dimensions, which PyTorch fills as a whole
    if "scatter" in statement and "same number of dimensions" in found:
        return True  # from an empty index PyTorch reads nothing, and checks nothing
    if "scatter" in statement and "broadcast" in found:
        return True  # several elements scattered into a 0-d tensor
    if "post accumulate grad hooks" in found:
        return True  # on a view that was made without grad mode: PyTorch never calls it
    # a view that lost its history is looked at when it is used, though nothing is recorded
    quiet = "no_grad" in statement or "set_grad_enabled(False)" in statement
    return quiet and "its base or another view" in found


def _accepted_here(statement: str, expected: str) -> bool:
    """What is refused in PyTorch and not here."""
    if "pushed(" in statement:  # it writes tangents into memory that looks like the primal's
        return "more than one element" in expected
    # of empty tensors, whose memory is nobody's
    empty = "scatter" in statement or "T.tensor([], " in statement
    return empty and "refer to a single memory location" in expected


def _both_refuse(statement: str, expected: str, found: str) -> bool:
    """Whether the two reasons are reasons of one refusal."""
    if any(words in expected for words in _ONE_OF_SEVERAL):
        return True
    if any(one in statement for one in _COMPOSED):
        return True
    if "no_grad" in statement and "its base or another view" in found:
        return True
    # PyTorch's advice on compilation follows; the first of several values that were modified, and
    # what was written through a view has the view's name; PyTorch names the same dtype "Long" in
    # one place and "long int" in another; it lists overloads, or the types that it would take
    alike = (
        "CheckpointError",
        "modified by an inplace operation: [",
        "can't be cast to the desired output type",
        "TypeError",
    )
    return any(words in expected and words in found for words in alike)


def agreed(statement: str, expected: str | None, found: str | None) -> bool:
    """Whether two different endings of a statement are one to us."""
    if expected is None:
        return _refused_here(statement, found or "")
    if any(words in expected for words in _LACKING):
        return True
    if "resize_() of memory that is shared" in (found or ""):
        return True  # documented
    if found is None:
        return _accepted_here(statement, expected)
    return _both_refuse(statement, expected, found)


def ends(statement: str, expected: str) -> bool:
    """Whether PyTorch's state is half changed after this failure: its pass stops in the middle."""
    if any(words in expected for words in _LACKING) or "resized" in expected:
        return True  # it may be done here
    if "backward" not in statement and "autograd.grad" not in statement:
        return False
    return not any(words in expected for words in _BEFORE_THE_PASS)


def spoiled(tensor: Any) -> bool:
    """Whole numbers that require a gradient: PyTorch lets `fill_` make them, by mistake."""
    if not hasattr(tensor, "requires_grad"):
        return False
    return tensor.requires_grad and not (tensor.is_floating_point() or tensor.is_complex())


def through_relu(program: list[str]) -> bool:
    """Whether a recorded gradient may have gone through `relu`.

    PyTorch's requires a gradient, of zero, with respect to relu's result; that of the engine does
    not depend on it.
    """
    text = "\n".join(program)
    return "relu" in text and "create_graph=True" in text
