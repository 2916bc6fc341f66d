"""On torch: one buffer holds the logits of a block, then their slopes."""

from __future__ import annotations

from typing import Any

import torch
from torch.autograd.forward_ad import unpack_dual
from torch.fx.experimental.proxy_tensor import get_proxy_mode

from ..classes import absent
from ..torch import concrete

Tensor = Any


def summed(terms: Any, weights: Any, h: Any, w: Any, b: Any, held: tuple[Any, ...], scale: Any) -> Any:
    """None where torch compiles, transforms or differentiates forwards."""
    moving = [x for x in (h, w, b) if x is not None]
    if get_proxy_mode() is not None or not all(concrete(x) and unpack_dual(x).tangent is None for x in moving):
        return None
    if any(x.requires_grad for x in (scale, *held)):
        return None
    return _Summed.apply(h, w, b, terms, weights, held, scale)


class _Summed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, h: Any, w: Any, b: Any, terms: Any, weights: Any, held: Any, scale: Any) -> Any:
        wanted = tuple(x is not None and x.requires_grad for x in (h, w, b))
        number, ctx.made = _blockwise(h, w, b, terms, weights, held, scale, wanted)
        ctx.rest, ctx.biased = (terms, weights, held, scale), b is not None
        ctx.save_for_backward(h, w, *([b] if b is not None else []))
        return number

    @staticmethod
    def backward(ctx: Any, up: Any) -> Any:
        h, w, *more = ctx.saved_tensors
        b = more[0] if more else None
        terms, weights, held, scale = ctx.rest
        made, ctx.made = ctx.made, None
        if torch.is_grad_enabled():  # it will be differentiated again
            from . import values

            moving = [x for x in (h, w, b) if x is not None and x.requires_grad]
            number = (values(terms, weights, h, w, b, held) * scale).sum()
            found = dict(zip(map(id, moving), torch.autograd.grad(number, moving, up, create_graph=True), strict=True))
            made = [found.get(id(x)) for x in (h, w, b)]
        else:
            if made is None:
                wanted = tuple(x is not None and x.requires_grad for x in (h, w, b))
                _, made = _blockwise(h, w, b, terms, weights, held, scale, wanted)
            if up.device.type != "cpu" or up.item() != 1.0:  # without waiting for the number elsewhere
                made = [None if x is None else x.mul_(up) for x in made]
        return *made, None, None, None, None


def _blockwise(
    h: Any, w: Any, b: Any, terms: Any, weights: Any, held: Any, scale: Any, wanted: tuple[bool, ...]
) -> tuple[Any, list[Any]]:
    from . import rows_of_a_block

    h, w, b = (None if x is None else x.detach() for x in (h, w, b))
    classes = len(w)
    step = min(rows_of_a_block(classes), len(h))
    room = h.new_empty((step, classes))
    bent = None if terms.cap is None else h.new_empty((step, classes))
    made = [torch.zeros_like(x) if want else None for x, want in zip((h, w, b), wanted, strict=True)]
    total = h.new_zeros((), dtype=torch.float64 if h.device.type != "mps" else h.dtype)
    for start in range(0, len(h), step):
        part = slice(start, min(start + step, len(h)))
        x, s, by = h[part], room[: part.stop - start], scale[part]
        torch.matmul(x, w.T, out=s)
        if b is not None:
            s.add_(b)
        t = None
        if terms.cap is not None and bent is not None:
            t = torch.div(s, terms.cap, out=bent[: len(s)])
            torch.tanh(t, out=s).mul_(terms.cap)
        index, *w_t = (one[part] for one in held)
        row = _in_place(terms, weights, s, index.unsqueeze(-1), w_t)
        total += (row.value[:, 0] * by).sum(dtype=total.dtype)
        if not any(wanted):
            continue
        slopes(s, row, weights, index.unsqueeze(-1), by.unsqueeze(-1), terms)
        if t is not None:
            s.mul_(t.abs_().mul_(-2).exp_()).mul_(4).div_(t.add_(1).square_())  # 1 - tanh^2 would cancel
        if made[0] is not None:
            torch.matmul(s, w, out=made[0][part])
        if made[1] is not None:
            made[1].addmm_(s.T, x)
        if made[2] is not None:
            made[2].add_(s.sum(0))
    return total.to(h.dtype), made


def _in_place(terms: Any, weights: Any, s: Any, index: Any, w_t: list[Any]) -> Any:
    """What the rows cost; s holds e then, 0 at the true class."""
    top = s.amax(-1, keepdim=True)
    s.sub_(top)
    d_t, spread = s.gather(-1, index), None
    if not absent(terms.smoothing):
        spread = s.sum(-1, keepdim=True) if weights is None else (s @ weights).unsqueeze(-1)
    s.exp_().scatter_(-1, index, 0.0)
    return terms.of_row(d_t, d_t.exp(), s.sum(-1, keepdim=True), spread, top, weights, tuple(w_t), s.shape[-1])


def slopes(s: Any, row: Any, weights: Any, index: Any, by: Any, terms: Any) -> None:
    """s, which held e, holds the slopes of the logits after the cap, each row times its scale."""
    s.mul_(row.each * by)
    if not absent(terms.smoothing):
        s.sub_(row.share * by if weights is None else row.share * by * weights)
    s.scatter_(-1, index, row.at_t * by)
