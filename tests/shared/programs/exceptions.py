"""Where PyTorch's own behaviour is not followed, each with its reason, and nowhere else."""

from __future__ import annotations

from typing import Any

__all__ = ["agreed", "composed", "ends", "recorded_alike", "spoiled", "unreached"]

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
    "'NoneType' object has no attribute 'next_functions'",  # hooks on inference tensors
    "_will_engine_execute_node",  # grad() of a leaf with a hook on several tensors
    "Could this error message be improved?",  # the gradient of where(c, real, complex)
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
    "is out of bounds for dimension",
    "Index tensor must have the same number of dimensions",
)


# Products of several kinds; each names the shape or the dtype first, and in words of its kind.
_PRODUCTS = (" @ ", "matmul(", "linear(")
_UNFIT = (
    "cannot be multiplied",
    "Expected size for first two dimensions",
    "size mismatch",
    "inconsistent tensor size",
    "must match the size of tensor b",
    "have the same dtype",
    "have same dtype",
    "expected scalar type",
)


# A statement with two faults, of which PyTorch finds the one first and the engine the other.
_TWO_FAULTS = (
    ("can't be cast to the desired output type", "more than one element"),
    ("modified by an inplace operation", "Trying to backward through the graph a second time"),
    ("Trying to backward through the graph a second time", "modified by an inplace operation"),
    # The engine looks at all nodes before the pass, and a recomputation is part of the pass.
    # PyTorch saves what an operation is given before it computes, and may stop before the fault.
    ("a hook failed", "modified by an inplace operation"),
    ("a hook failed", "Trying to backward through the graph a second time"),
    ("returned nan values", "modified by an inplace operation"),
    ("outside of the 'allow_mutation_on_saved_tensors'", "modified by an inplace operation"),
    ("Inference tensors cannot be saved", "The size of tensor a"),
    ("Recomputed values for the following", "Trying to backward through the graph a second time"),
    ("Recomputed values for the following", "modified by an inplace operation"),
    ("Recomputed values for the following", "The size of tensor a"),
    # PyTorch reads the size of a dimension that a 0-d tensor does not have
    ("select() cannot be applied to a 0-dim tensor", "for dimension 0 with size 0"),
    ("of AsStrided is a view", "of Diagonal is a view"),  # what `fill_diagonal_` is made of
    ("more than one element", "index_copy_(): When source and destination"),
    ("more than one element", "The size of tensor a"),
    ("does not support automatic differentiation", "not implemented for"),  # of empty tensors
)


def _unchecked(statement: str, found: str) -> bool:
    """What PyTorch does not look at where tensors are empty: indices, and dtypes of products."""
    if "same dtype" in found:
        return any(one in statement for one in _PRODUCTS)
    return "index out of range in self" in found or "is out of bounds for dimension" in found


def _refused_here(statement: str, found: str, empty: bool) -> bool:
    """What is refused here and not in PyTorch."""
    if empty and _unchecked(statement, found):
        return True
    if "cumsum_" in statement and "can't be cast" in found:
        return True  # bools are summed as numbers
    if "Inplace update to inference tensor" in found:
        return True  # detached, as which PyTorch lets everybody write to them
    if "inference_mode()" in statement and ".detach_()" in statement:
        return True  # PyTorch's does nothing in the mode
    if "more than one element" in found:
        return True  # documented: memory that elements share is not written to
    if "would stand in a 0-d tensor" in found:
        return True  # PyTorch takes the last of several elements
    # on a view that was made without grad mode: PyTorch never calls it
    return "post accumulate grad hooks" in found


def _accepted_here(statement: str, expected: str) -> bool:
    """What is refused in PyTorch and not here."""
    if "pushed(" in statement:  # it writes tangents into memory that looks like the primal's
        return "more than one element" in expected
    # with a view made without grad mode, which is constant there, and here is not
    return "A different number of tensors was saved" in expected


def _both_refuse(statement: str, expected: str, found: str) -> bool:
    """Whether the two reasons are reasons of one refusal."""
    if any(words in expected for words in _ONE_OF_SEVERAL):
        return True
    if "Inplace update to inference tensor" in found:
        return True  # PyTorch writes, and then finds that it must not
    if expected.replace("floor_divide_ is", "floor_divide is") == found:
        return True  # it has no derivative under either name
    if any(theirs in expected and ours in found for theirs, ours in _TWO_FAULTS):
        return True
    if any(one in statement for one in _PRODUCTS):
        return any(words in expected for words in _UNFIT) and any(
            words in found for words in _UNFIT
        )
    if "CheckpointError" in found and expected.startswith(found):
        return True  # PyTorch's advice on compilation follows
    # PyTorch names the same dtype "Long" in one place and "long int" in another; of several values
    # that were modified each names the first that it comes to, as the product before its shape
    alike = (
        *(["can't be cast to the desired output type"] if "clamp_" in statement else []),
        "modified by an inplace operation: [",
    )
    return any(words in expected and words in found for words in alike)


def composed(program: list[str], expected: str | None, found: str | None) -> bool:
    """Whether PyTorch has saved more, for what it makes of several operations.

    A view made without grad mode is constant; the views of it of which PyTorch makes a product of
    stacks of matrices have a history, so that the other factor is saved.
    """
    if found is not None or expected is None or "modified by an inplace" not in expected:
        return False
    text = "\n".join(program)
    return "no_grad()" in text and any(one in text for one in _PRODUCTS)


def agreed(statement: str, expected: str | None, found: str | None, empty: bool) -> bool:
    """Whether two different endings of a statement are one to us.

    empty: whether one of the program's tensors has no elements.
    """
    if expected is None:
        return _refused_here(statement, found or "", empty)
    if any(words in expected for words in _LACKING):
        return True
    if "resize_() of memory that is shared" in (found or ""):
        return True  # documented
    if found is None:
        return _accepted_here(statement, expected)
    if empty and _unchecked(statement, found):
        return True
    return _both_refuse(statement, expected, found)


def ends(statement: str, expected: str) -> bool:
    """Whether PyTorch's state is half changed after this failure: its pass stops in the middle."""
    if any(words in expected for words in _LACKING) or "resized" in expected:
        return True  # it may be done here
    if "backward" not in statement and "autograd.grad" not in statement:
        return False
    return not any(words in expected for words in _BEFORE_THE_PASS)


def unreached(statement: str, program: list[str], text: str) -> bool:
    """Whether a root kept the gradient of a pass that had nowhere to go.

    PyTorch fills `.grad` of a single root that retains it before it finds that no input is
    reached; the engine looks first.
    """
    kept = any("kept(" in one for one in program)
    return kept and "allow_unused=True" in statement and text.endswith(" and None")


def spoiled(tensor: Any) -> bool:
    """Whether PyTorch has let something be that has no meaning.

    Whole numbers that require a gradient: `fill_` makes them, by mistake. Inference tensors that
    require one: what is computed with them outside the mode is not recorded, without a word.
    """
    if not hasattr(tensor, "requires_grad"):
        return False
    if tensor.is_inference() and tensor.requires_grad:
        return True
    return tensor.requires_grad and not (tensor.is_floating_point() or tensor.is_complex())


def recorded_alike(program: list[str], tensor: Any) -> bool:
    """Whether a recorded gradient may require a gradient on one engine only.

    Empty vectors have no part in what `cat` joins; the variance of one number is nan, and so is
    its gradient, which PyTorch takes for a constant.
    """
    text = "\n".join(program)
    if any("inference_mode()" in one and ".detach_()" in one for one in program):
        return True  # PyTorch's does nothing in the mode
    if "create_graph=True" not in text:
        return False
    return (not tensor.numel() and "T.cat" in text) or (not tensor.ndim and ".var(" in text)
