"""The processes of a torch process group."""

from __future__ import annotations

from typing import Any

import torch
from torch import distributed


class Processes:
    """Seen from one of them. Their gradients are averaged: by DistributedDataParallel, and by fully_shard."""

    averaged = True

    def __init__(self, group: Any) -> None:
        self.group = group
        self.count = distributed.get_world_size(group)
        self.place = distributed.get_rank(group)

    def gather(self, x: torch.Tensor) -> torch.Tensor:
        x = x.detach().contiguous()
        found = [torch.empty_like(x) for _ in range(self.count)]
        distributed.all_gather(found, x, group=self.group)
        return torch.stack(found)

    def rows(self, x: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
        if x.dtype == torch.bool:
            return self.rows(x.to(torch.uint8), counts).bool()
        found: torch.Tensor = _Rows.apply(x, [int(n) for n in counts], self)
        return found

    def agreed(self, wrong: bool) -> list[int]:
        device = "cuda" if "nccl" in str(distributed.get_backend(self.group)) else "cpu"
        flags = self.gather(torch.tensor([float(wrong)], device=device))
        return [place for place, flag in enumerate(flags[:, 0].tolist()) if flag]


class _Rows(torch.autograd.Function):
    """Rows of all processes. (Those of one are padded to the most that any has.)"""

    @staticmethod
    def forward(context: Any, x: torch.Tensor, counts: list[int], group: Processes) -> torch.Tensor:
        context.counts, context.group = counts, group
        padded = x.new_zeros((max(counts), *x.shape[1:]))
        padded[: len(x)] = x
        found = group.gather(padded)
        return torch.cat([rows[:n] for rows, n in zip(found, counts, strict=True)])

    @staticmethod
    def backward(context: Any, *slopes: Any) -> Any:
        slope = slopes[0].contiguous()
        distributed.all_reduce(slope, group=context.group.group)
        start = sum(context.counts[: context.group.place])
        return slope[start : start + context.counts[context.group.place]], None, None


def said(group: Any) -> Processes:
    """None is the group of all processes."""
    return Processes(group)
