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

    def agreed(self, wrong: bool, rows: int | None) -> tuple[list[int], list[int]]:
        device = "cuda" if "nccl" in str(distributed.get_backend(self.group)) else "cpu"
        flags = self.gather(torch.tensor([float(wrong)], device=device))
        return [place for place, flag in enumerate(flags[:, 0].tolist()) if flag], []


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


def said(group: Any) -> Processes | None:
    """None is the group of all processes. What is no group, or has not begun, is none."""
    begun = distributed.is_available() and distributed.is_initialized()
    known = group is None or isinstance(group, distributed.ProcessGroup) if begun else False
    return Processes(group) if known else None


def logit_parts(z: Any, index: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """With d the logits less the largest: log sum e^d, d of the class at `index`, and the mean of d, for each row."""
    from torch.distributed.tensor import DTensor, Replicate, Shard, distribute_tensor  # takes a second

    mesh, last = z.device_mesh, z.ndim - 1
    apart = [isinstance(place, Shard) and place.dim == last for place in z.placements]
    whole = [Replicate()] * mesh.ndim
    numbers = torch.arange(z.shape[-1], device=mesh.device_type)
    classes = distribute_tensor(numbers, mesh, [Shard(0) if one else Replicate() for one in apart], src_data_rank=None)
    index = DTensor.from_local(index, mesh, whole, run_check=False)
    rows = [Replicate() if one else place for one, place in zip(apart, z.placements, strict=True)]
    d = z - z.detach().amax(-1, keepdim=True).redistribute(mesh, rows)
    total = d.exp().sum(-1).redistribute(mesh, rows)
    own = torch.where(classes == index.unsqueeze(-1), d, 0.0).sum(-1)
    mean = (d / z.shape[-1]).sum(-1)
    return total.log().full_tensor(), own.full_tensor(), mean.full_tensor()
