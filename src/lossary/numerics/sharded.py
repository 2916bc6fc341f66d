"""Logits whose classes lie on several devices, as torch's DTensor holds them: what a row needs, without gathering them.

JAX's compiler does the same by itself.
"""

from __future__ import annotations

from typing import Any

import keras

Tensor = Any


def over_classes(x: Any) -> bool:
    """Whether the last axis of a tensor lies on several devices that torch keeps apart."""
    if type(x).__name__ != "DTensor" or keras.backend.backend() != "torch":
        return False
    return any(getattr(place, "dim", None) in (-1, x.ndim - 1) for place in x.placements)


def logit_parts(z: Tensor, index: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """With d the logits less the largest: log sum e^d, d of the class at `index`, and the mean of d, for each row."""
    import torch
    from torch.distributed.tensor import DTensor, Replicate, Shard, distribute_tensor

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
    mean = d.sum(-1) / z.shape[-1]
    return total.log().full_tensor(), own.full_tensor(), mean.full_tensor()
