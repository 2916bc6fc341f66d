"""On JAX: a scan over blocks of rows, which adds to the kernel's gradient where it is."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

Tensor = Any
PART = 1 << 20  # numbers of the kernel's gradient that are added to at once


def summed(terms: Any, weights: Any, h: Any, w: Any, b: Any, held: tuple[Any, ...], scale: Any) -> Any:
    """Tensors that may lie on several devices have no blocks: cutting them would gather them."""
    if jax.device_count() > 1:
        return None
    kernel = terms.kernel(weights)

    def block(h: Any, w: Any, b: Any, held: Any, scale: Any) -> tuple[Any, Any]:
        z = jax.lax.dot_general(h, w, (((1,), (1,)), ((), ())))  # of a transposed one, XLA makes a copy
        z = z if b is None else z + b
        values, slopes = kernel(z, *held)
        return jnp.sum(values * scale), slopes * scale[..., None]

    def both(h: Any, w: Any, b: Any, *rest: Any) -> tuple[Any, tuple[Any, Any, Any]]:
        def body(made: Any, rows: Any) -> tuple[Any, Any]:
            total, by_w, by_b = made
            x, *held, scale = rows
            number, s = block(x, w, b, held, scale)
            by_b = by_b if by_b is None else by_b + jnp.sum(s, 0)
            return (total + number, _added(by_w, s, x), by_b), jnp.matmul(s, w)

        start = (jnp.zeros((), h.dtype), jnp.zeros_like(w), None if b is None else jnp.zeros_like(b))
        (number, by_w, by_b), by_h = _over_blocks(body, start, (h, *rest), len(w))
        return number, (by_h, by_w, by_b)

    def value(h: Any, w: Any, b: Any, *rest: Any) -> Any:
        def body(total: Any, rows: Any) -> tuple[Any, Any]:
            x, *held, scale = rows
            return total + block(x, w, b, held, scale)[0], None

        return _over_blocks(body, jnp.zeros((), h.dtype), (h, *rest), len(w))[0]

    f = jax.custom_jvp(value)

    def rule(x: Any, changes: Any) -> tuple[Any, Any]:
        number, slopes = both(*x)
        change = jnp.zeros_like(number)
        for slope, moved in zip(slopes, changes[:3], strict=True):
            if slope is not None and not isinstance(moved, jax.custom_derivatives.SymbolicZero):
                change = change + jnp.sum(slope * moved)
        return number, change

    f.defjvp(rule, symbolic_zeros=True)
    return f(h, w, b, *held, scale)


def _added(by_w: Any, s: Any, x: Any) -> Any:
    """by_w plus the product of s, transposed, and x: a few classes at a time, where they are."""
    size = max(1, PART // x.shape[-1])
    count = len(by_w) // size

    def add(start: Any, by_w: Any, size: int) -> Any:
        part = jax.lax.dynamic_slice_in_dim(s, start, size, 1)
        more = jax.lax.dynamic_slice_in_dim(by_w, start, size, 0) + jnp.matmul(part.T, x)
        return jax.lax.dynamic_update_slice_in_dim(by_w, more, start, 0)

    if count:
        by_w = jax.lax.fori_loop(0, count, lambda k, by_w: add(k * size, by_w, size), by_w)
    rest = len(by_w) - count * size
    return add(count * size, by_w, rest) if rest else by_w


def _over_blocks(body: Any, start: Any, rows: tuple[Any, ...], classes: int) -> tuple[Any, Any]:
    """A scan over blocks of rows; the last one may be smaller."""
    from . import rows_of_a_block

    n = len(rows[0])
    size = min(rows_of_a_block(classes), n)
    if n == size:
        return body(start, rows)
    count = n // size
    cut = tuple(x[: count * size].reshape((count, size, *x.shape[1:])) for x in rows)
    made, found = jax.lax.scan(body, start, cut)
    found = None if found is None else found.reshape((count * size, *found.shape[2:]))
    if n > count * size:
        made, last = body(made, tuple(x[count * size :] for x in rows))
        found = None if found is None else jnp.concatenate([found, last])
    return made, found
