"""Differentiate and compile on whichever backend runs: the one place of the tests that knows the three apart."""

import keras
import numpy as np
from keras import ops

BACKEND = keras.backend.backend()


def array(x):
    """A tensor as NumPy, half precision as float32."""
    return np.asarray(ops.convert_to_numpy(ops.cast(x, "float32") if "bfloat16" in str(x.dtype) else x))


def gradient(f, x):
    """d sum(f(x)) / dx as NumPy."""
    x = ops.convert_to_tensor(x)
    if BACKEND == "jax":
        import jax

        return array(jax.grad(lambda v: ops.sum(f(v)))(x))
    if BACKEND == "torch":
        x = x.detach().clone().requires_grad_()
        f(x).sum().backward()
        return array(x.grad if x.grad is not None else ops.zeros_like(x))
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(f(x))
    got = tape.gradient(y, x)
    return array(tf.zeros_like(x) if got is None else got)


def compiled(f):
    """The same function under the backend's compiler; a break in the graph is an error."""
    if BACKEND == "jax":
        import jax

        return jax.jit(f)
    if BACKEND == "torch":
        import torch

        return torch.compile(f, backend="eager", fullgraph=True, dynamic=False)
    import tensorflow as tf

    return tf.function(f)
