"""A function of tensors, traced once and simplified: what remains are the operations whose results are needed.

Keras takes about ten times as long to decide on torch's operations as torch to do them, for small tensors. A trace
decides once. It holds every operation, those of the gradient and of the optimizer included, as functions without side
effects; constants, repetitions and operations that change nothing are taken out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.fx import Graph, GraphModule, Node
from torch.fx.experimental.proxy_tensor import make_fx

Function = Callable[..., list[torch.Tensor]]

# Nothing happens in these when the result has the shape, the strides and the type of the argument.
PASSING = {
    "alias", "clone", "detach", "expand", "lift_fresh", "lift_fresh_copy", "mean", "permute", "reshape", "squeeze",
    "sum", "t", "_to_copy", "transpose", "_unsafe_view", "view",
}  # fmt: skip
FILLED = {"full_like", "new_full", "new_ones", "new_zeros", "ones_like", "zeros_like"}  # of shape and type alone
UNFILLED = {"empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided"}


class Untraceable(RuntimeError):
    """The operations of this function do not show all that it does."""


def trace(function: Function, tensors: list[torch.Tensor]) -> Function:
    """`function`, which maps tensors to a list of tensors, as a program for tensors of these shapes and types.

    Raises whatever stands in the way: numbers read out of tensors, generators, operations unknown to the tracer.
    """
    return _Simplified(make_fx(function)(*tensors)).function()


def _written(graph: Graph) -> set[Node]:
    """The nodes whose memory some operation writes into; they are left as they are."""
    owner: dict[Node, Node] = {}  # the node that made the memory which a node looks into
    written = set()
    for node in graph.nodes:
        schema = getattr(node.target, "_schema", None)
        looks = node.args and (schema is None or any(found.alias_info is not None for found in schema.returns))
        owner[node] = owner[node.args[0]] if looks and isinstance(node.args[0], Node) else node
        for argument, value in zip(schema.arguments if schema else (), node.args, strict=False):
            if argument.alias_info is not None and argument.alias_info.is_write:
                written |= {owner[one] for one in (value if isinstance(value, (list, tuple)) else [value])}
    if any(node.op != "call_function" for node in written):
        raise Untraceable("an operation writes into the tensors that it was given")
    return {node for node in graph.nodes if owner[node] in written}


class _Simplified:
    """The graph anew, node by node, without what is not needed."""

    def __init__(self, module: GraphModule) -> None:
        self.module, self.graph = module, Graph()
        self.new: dict[Node, Node] = {}  # the node that now stands for an old one
        self.constants: dict[Node, torch.Tensor] = {}  # by new node, a placeholder
        self.seen: dict[Any, Node] = {}
        self.written = _written(module.graph)
        for node in module.graph.nodes:
            getattr(self, f"_{node.op}")(node)
        self.graph.eliminate_dead_code()

    def function(self) -> Function:
        """The program, called with the tensors alone."""
        constants = [self.constants[node] for node in self.graph.nodes if node.op == "placeholder" and self._is(node)]
        for node in self.graph.nodes:
            node.target = _direct(node.target) if node.op == "call_function" else node.target
        run: Function = GraphModule(self.module, self.graph).forward
        return lambda *tensors: run(*tensors, *constants)

    def _is(self, node: Any) -> bool:
        return node in self.constants

    def _placeholder(self, node: Node) -> None:
        self.new[node] = self.graph.placeholder(node.name)
        self.new[node].meta = node.meta
        self.last = self.new[node]

    def _get_attr(self, node: Node) -> None:
        self.new[node] = self._constant(getattr(self.module, str(node.target)))

    def _output(self, node: Node) -> None:
        self.graph.output(torch.fx.map_arg(node.args[0], self.new.__getitem__))

    def _call_function(self, node: Node) -> None:
        args, kwargs = (torch.fx.map_arg(part, self.new.__getitem__) for part in (node.args, node.kwargs))
        inputs: list[Node] = []
        torch.fx.map_arg((args, kwargs), inputs.append)
        random = (
            isinstance(node.target, torch._ops.OpOverload) and torch.Tag.nondeterministic_seeded in node.target.tags
        )
        alone = random or node in self.written or any(one in self.written for one in node.all_input_nodes)
        same = None if alone else _same(_name(node), node, args, self.constants)
        if same is not None:
            self.new[node] = same
        elif not alone and self._fixed(node, inputs):
            self.new[node] = self._constant(self._computed(node, args, kwargs))
        else:
            key = None if alone else (node.target, repr(args), repr(kwargs))
            self.new[node] = self.seen.get(key) or self.graph.call_function(node.target, args, kwargs)
            self.new[node].meta = node.meta
            if key is not None:
                self.seen[key] = self.new[node]

    def _fixed(self, node: Node, inputs: list[Node]) -> bool:
        name = _name(node)
        known = all(self._is(one) for one in inputs) and name not in UNFILLED
        return (known or name in FILLED) and isinstance(node.meta.get("val"), torch.Tensor)

    def _computed(self, node: Node, args: Any, kwargs: Any) -> torch.Tensor:
        def value(one: Node) -> torch.Tensor:
            if self._is(one):
                return self.constants[one]
            shape = one.meta["val"]
            return torch.empty_strided(shape.shape, shape.stride(), dtype=shape.dtype, device=shape.device)

        found: torch.Tensor = node.target(*torch.fx.map_arg(args, value), **torch.fx.map_arg(kwargs, value))
        return found

    def _constant(self, value: torch.Tensor) -> Node:
        """A placeholder after the others, for a tensor that is always the same."""
        with self.graph.inserting_after(self.last):
            node = self.last = self.graph.placeholder(f"constant_{len(self.constants)}")
        node.meta = {"val": value}
        self.constants[node] = value.detach()
        return node


def _name(node: Node) -> str:
    target = node.target
    return target._schema.name.split("::")[-1] if isinstance(target, torch._ops.OpOverload) else ""


def _same(name: str, node: Node, args: Any, constants: dict[Node, torch.Tensor]) -> Node | None:
    """The argument that the result of this operation always equals, if there is one."""
    result = node.meta.get("val")
    if not isinstance(result, torch.Tensor) or not args:
        return None
    first, other = args[0], args[1] if len(args) > 1 else None
    if name == "where":
        chosen = constants.get(first)
        if chosen is not None and chosen.numel() and bool((chosen == chosen.flatten()[0]).all()):
            picked = args[1] if bool(chosen.flatten()[0]) else args[2]
            return picked if _alike(picked, result) else None
        return None
    one = constants.get(other, other) if isinstance(other, Node) else other
    neutral = name in ("mul", "div", "pow") and _is_one(one)
    return first if (neutral or name in PASSING) and _alike(first, result) else None


def _is_one(value: Any) -> bool:
    if isinstance(value, torch.Tensor):
        return value.numel() > 0 and value.is_floating_point() and bool((value == 1).all())
    return not isinstance(value, Node) and value == 1


def _alike(node: Any, result: torch.Tensor) -> bool:
    value = node.meta.get("val") if isinstance(node, Node) else None
    return (
        isinstance(value, torch.Tensor)
        and value.shape == result.shape
        and value.stride() == result.stride()
        and value.dtype == result.dtype
        and value.device == result.device
    )


def _direct(target: Any) -> Any:
    """torch's own function for an operation, which starts in half the time; the operation where there is none."""
    if not isinstance(target, torch._ops.OpOverload):
        return target
    name = target._schema.name.split("::")[-1]
    function = getattr(torch, name, None)
    builtin = type(function) is type(torch.add)
    named = all(not argument.kwarg_only or argument.has_default_value() for argument in target._schema.arguments)
    plain = not target._schema.is_mutable and not name.startswith("_")
    return function if builtin and named and plain else target
