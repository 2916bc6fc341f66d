"""On TensorFlow: a loop over blocks of rows."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

Tensor = Any


def summed(terms: Any, weights: Any, h: Any, w: Any, b: Any, held: tuple[Any, ...], scale: Any) -> Any:
    """The gradients are made with the value where a tape watches, and are handed over as they are."""
    kernel = terms.kernel(weights)
    biased = b is not None
    b = b if biased else tf.zeros((), h.dtype)

    def block(x: Any, w: Any, b: Any, held: Any, scale: Any) -> tuple[Any, Any]:
        z = tf.matmul(x, w, transpose_b=True)
        values, slopes = kernel(z + b if biased else z, *held)
        return tf.reduce_sum(values * scale), slopes * tf.expand_dims(scale, -1)

    @tf.custom_gradient
    def f(h: Any, w: Any, b: Any) -> tuple[Any, Any]:
        number, by_h, by_w, by_b = _over_blocks(block, h, w, b, tuple(map(tf.stop_gradient, held)), scale)

        def back(up: Any) -> Any:
            return by_h * up, by_w * up, by_b * up if biased else tf.zeros_like(b)

        return number, back

    return f(h, w, b)


def _over_blocks(block: Any, h: Any, w: Any, b: Any, held: tuple[Any, ...], scale: Any) -> tuple[Any, Any, Any, Any]:
    from . import rows_of_a_block

    size = rows_of_a_block(int(w.shape[0]))
    rows = tf.shape(h)[0]

    def more(start: Any, *made: Any) -> Any:
        return start < rows

    def body(start: Any, number: Any, by_h: Any, by_w: Any, by_b: Any) -> Any:
        part = slice(start, start + size)
        x = h[part]
        value, s = block(x, w, b, [one[part] for one in held], scale[part])
        by_h = by_h.write(start // size, tf.matmul(s, w))
        by_b = by_b + tf.reduce_sum(s, 0) if b.shape.rank else by_b
        return start + size, number + value, by_h, by_w + tf.matmul(s, x, transpose_a=True), by_b

    parts = tf.TensorArray(h.dtype, size=-(-rows // size), infer_shape=False, element_shape=(None, h.shape[-1]))
    start = (tf.zeros((), "int32"), tf.zeros((), h.dtype), parts, tf.zeros_like(w), tf.zeros_like(b))
    _, number, by_h, by_w, by_b = tf.while_loop(more, body, start, parallel_iterations=1)
    return number, tf.ensure_shape(by_h.concat(), h.shape), by_w, by_b
