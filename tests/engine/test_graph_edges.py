"""Nodes and edges as users see them, hooks of several tensors, `grad_dtype`, parameters."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import autodiff as torch
from autodiff.autograd import backward, grad, graph
from autodiff.nn import Parameter


def leaf() -> Any:
    return torch.tensor([1.0, 2.0], requires_grad=True)


def test_nodes() -> None:
    x = leaf()
    y = x.exp()
    node = y.grad_fn
    assert isinstance(node, graph.Node)
    assert node.name() == "ExpBackward0"
    assert node.next_functions[0][0] is node.next_functions[0][0]
    assert node.next_functions[0][0].variable is x
    node.metadata["note"] = 1
    assert y.grad_fn.metadata == {"note": 1}
    assert y.exp().grad_fn._sequence_nr() > node._sequence_nr()


def test_edges_stand_for_tensors() -> None:
    x = leaf()
    y = x * 3
    z = (y * y).sum()
    edges = (graph.get_gradient_edge(y), graph.get_gradient_edge(x))
    assert edges[0]._fields == ("node", "output_nr", "ownership_token")
    found = grad(z, edges, retain_graph=True)
    assert [one.tolist() for one in found] == [[6.0, 12.0], [18.0, 36.0]]
    z.backward(inputs=edges[1:], retain_graph=True)
    assert x.grad.tolist() == [18.0, 36.0]
    root = graph.get_gradient_edge(z)
    assert grad(root, x, retain_graph=True)[0].tolist() == [18.0, 36.0]
    assert grad(root, x, torch.tensor(2.0), retain_graph=True)[0].tolist() == [36.0, 72.0]
    backward(root)
    assert x.grad.tolist() == [36.0, 72.0]


def test_edges_of_one_of_several_outputs() -> None:
    x = leaf()
    first, second = x.unbind()
    edge = graph.get_gradient_edge(second)
    assert edge.output_nr == 1
    assert grad(first * second, edge, retain_graph=True)[0].item() == 1.0
    assert grad(edge, x)[0].tolist() == [0.0, 1.0]


def test_complaints_about_edges() -> None:
    x = leaf()
    z = (x * x).sum()
    with pytest.raises(RuntimeError, match="not possible to get the gradient edge for a Tensor"):
        graph.get_gradient_edge(torch.ones(1))
    edge = graph.get_gradient_edge(z)
    with pytest.raises(RuntimeError, match="Mismatch in shape"):
        grad(edge, x, torch.ones(3), retain_graph=True)
    with pytest.raises(RuntimeError, match="all inputs have to be Tensors or GradientEdges"):
        grad(edge, [3], retain_graph=True)
    other = graph.get_gradient_edge(leaf())
    with pytest.raises(RuntimeError, match="appears to not have been used in the graph"):
        grad(z, other, retain_graph=True)
    with pytest.raises(RuntimeError, match="materialize_grads cannot be used"):
        grad(z, other, retain_graph=True, materialize_grads=True)
    by_hand = graph.GradientEdge((x * 2).grad_fn, 0)
    with pytest.raises(RuntimeError, match="the shape at this GradientEdge is not known"):
        grad(by_hand, x)
    assert grad(by_hand, x, torch.ones(2))[0].tolist() == [2.0, 2.0]


def test_increment_version() -> None:
    x = leaf()
    y = x.exp()
    graph.increment_version([y, y])
    assert y._version == 2
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
    with torch.inference_mode():
        graph.increment_version(torch.ones(1))


def test_hooks_of_several_tensors() -> None:
    a, b = leaf(), leaf()
    c, d = a * b, a * b
    log: list[Any] = []
    handle = graph.register_multi_grad_hook(
        (a, b, c, d), lambda grads: log.append([one is not None for one in grads])
    )
    c.sum().backward(retain_graph=True)
    c.sum().backward(inputs=(a,), retain_graph=True)
    (c + d).sum().backward(retain_graph=True)
    assert log == [[True, True, True, False], [True, False, True, False], [True] * 4]
    handle.remove()
    c.sum().backward(retain_graph=True)
    assert len(log) == 3
    with graph.register_multi_grad_hook((a, c, d), log.append, mode="any"):
        c.sum().backward(retain_graph=True)
        d.sum().backward()
    assert [one.tolist() for one in log[3:]] == [[1.0, 1.0], [1.0, 1.0]]
    with pytest.raises(ValueError, match="Expects mode to be one of"):
        graph.register_multi_grad_hook((a,), print, mode="some")
    with pytest.raises(AssertionError, match="Expected gradient function to be set"):
        graph.register_multi_grad_hook((torch.ones(1),), print)


@pytest.mark.parametrize("where", ["tensor", "node before", "node after", "accumulated"])
def test_a_hook_that_raises_leaves_everything_sound(where: str) -> None:
    x = leaf()
    y = x * x

    def fail(*values: Any) -> None:
        raise ValueError(where)

    if where == "tensor":
        handle = y.register_hook(fail)
    elif where == "node before":
        handle = y.grad_fn.register_prehook(fail)
    elif where == "node after":
        handle = y.grad_fn.register_hook(fail)
    else:
        handle = x.register_post_accumulate_grad_hook(fail)
    with pytest.raises(ValueError, match=where):
        y.sum().backward(retain_graph=True)
    handle.remove()
    assert torch.is_grad_enabled() is True
    x.grad = None
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 4.0]


def test_grad_dtype() -> None:
    x = leaf()
    assert x.grad_dtype is torch.float32
    x.grad_dtype = torch.float64
    seen: list[Any] = []
    x.register_hook(lambda g: seen.append(g.dtype))
    (x * x).sum().backward()
    (x * 3).sum().backward()
    assert x.grad.dtype is torch.float64
    assert seen == [torch.float64] * 2
    assert x.grad.tolist() == [5.0, 7.0]
    assert grad((x * x).sum(), x)[0].dtype is torch.float64
    with pytest.raises(RuntimeError, match="with dtype 'float' to a tensor with grad_dtype 'Dou"):
        x.grad = torch.ones(2)
    with pytest.raises(RuntimeError, match="Cannot set grad_dtype to 'Half' because there is"):
        x.grad_dtype = torch.float16
    with pytest.raises(RuntimeError, match=r"grad_dtype must be a torch.dtype or None, but got"):
        x.grad_dtype = 3
    x.grad_dtype = None
    x.grad = torch.ones(2, dtype=torch.float16)
    assert x.grad_dtype is None
    with pytest.raises(RuntimeError, match="can only be accessed on leaf tensors"):
        _ = (x * 1).grad_dtype
    with pytest.raises(RuntimeError, match="can only be set on leaf tensors"):
        (x * 1).grad_dtype = None


def test_parameters() -> None:
    data = torch.ones(2)
    p = Parameter(data)
    assert repr(p) == "Parameter containing:\ntensor([1., 1.], requires_grad=True)"
    assert isinstance(p, Parameter)
    assert isinstance(p, torch.Tensor)
    assert not isinstance(data, Parameter)
    assert not isinstance(p * 2, Parameter)
    data[0] = 5.0
    assert p.tolist() == [5.0, 1.0]
    (p * 3).sum().backward()
    for other in (copy.deepcopy(p), pickle.loads(pickle.dumps(p))):
        assert isinstance(other, Parameter)
        assert other.grad is None
        assert other.requires_grad
    assert Parameter(leaf() * 2).is_leaf
    assert Parameter().tolist() == []
    assert not Parameter(torch.ones(2, dtype=torch.int64), requires_grad=False).requires_grad
    with pytest.raises(RuntimeError, match="Only Tensors of floating point and complex dtype"):
        Parameter(torch.ones(2, dtype=torch.int64))
