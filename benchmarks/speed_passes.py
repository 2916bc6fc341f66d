"""How many times a loss goes over the whole matrix: operations on torch, parts of the compiled program on JAX and XLA.

Counted is every operation that reads or writes a tensor with at least as many entries as the predictions; what only
looks at the same memory in another way is none. Meant for GPUs, where each of them is a trip to memory.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

FREE = {  # they look at the same memory, or count by what is within
    "view", "reshape", "expand", "transpose", "t", "unsqueeze", "squeeze", "detach", "alias", "slice", "select",
    "as_strided", "permute", "empty", "empty_like", "empty_strided", "to", "lift_fresh", "narrow", "chunk", "split",
    "result_type", "resolve_conj", "resolve_neg", "is_nonzero", "item", "resize_", "_unsafe_view", "_reshape_alias",
    "expand_as", "flatten", "unflatten", "movedim", "ones_like", "zeros_like", "contiguous",
}  # fmt: skip
NOTHING = {"parameter", "constant", "tuple", "get-tuple-element", "bitcast", "iota", "partition-id", "after-all"}
STATEMENT = re.compile(r"^\s*(?:ROOT )?%?([\w.\-]+) = (.*?) ([\w\-]+)\((.*)$")
SHAPE = re.compile(r"\w+\[([\d,]*)\]")


def of_torch(torch: Any, run: Callable[[], Any], size: int) -> int:
    """Innermost operations with an input of the full size."""
    run()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], record_shapes=True) as profile:
        run()
    events = [e for e in profile.events() if e.name.startswith("aten::") and e.name[6:] not in FREE]
    return sum(1 for e in events if full(e, size) and not any(full(child, size) for child in working(e)))


def full(event: Any, size: int) -> bool:
    return any(isinstance(s, list) and s and math.prod(s) >= size for s in event.input_shapes)


def working(event: Any) -> Iterator[Any]:
    """The operations within an operation that are not free."""
    for child in event.cpu_children:
        if child.name.startswith("aten::") and child.name[6:] not in FREE:
            yield child
        yield from working(child)


def of_program(text: str, size: int) -> int:
    """Statements of the compiled program's entry that read or write a tensor of the full size; a loop is one."""
    entry = text[text.index("\nENTRY") :] if "\nENTRY" in text else text
    sizes: dict[str, int] = {}
    passes = 0
    for line in entry.splitlines():
        found = STATEMENT.match(line)
        if found is None:
            continue
        name, kind, operation, rest = found.groups()
        sizes[name] = largest(kind)
        operands = re.findall(r"%?([\w.\-]+)", rest.split("), ")[0])
        touched = max([sizes[name], *(sizes.get(word, 0) for word in operands)])
        passes += operation not in NOTHING and touched >= size
    return passes


def largest(kind: str) -> int:
    """Entries of the largest tensor of a type: f32[4096,1000]{1,0}, or a tuple of such."""
    return max((math.prod(map(int, filter(None, s.split(",")))) for s in SHAPE.findall(kind)), default=0)
