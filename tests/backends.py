"""Differentiate and compile on whichever backend runs: the one place of the tests that knows the three apart."""

import functools

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


def usual(f):
    """The function as most programs run it: compiled on JAX, where each operation by itself takes longer."""
    if BACKEND == "jax":
        import jax

        return jax.jit(f)
    return f


def compiled(f, whole=True):
    """The same function under the backend's compiler; a break in the graph is an error, unless `whole` is False."""
    if BACKEND == "jax":
        import jax

        return jax.jit(f)
    if BACKEND == "torch":
        import torch

        torch._dynamo.reset()  # it counts recompilations of the same code over all losses
        return torch.compile(f, backend="eager", fullgraph=whole, dynamic=False)
    import tensorflow as tf

    return tf.function(f)


def as_trained(f):
    """The function as this backend's trainer runs it: compiled, or with a gradient recorded."""
    return (lambda p: gradient(f, p)) if BACKEND == "torch" else compiled(f)


MODES = {"tensorflow": ("eager", "graph", "xla"), "jax": ("eager", "jit"), "torch": ("eager",)}[BACKEND]


USUAL = "jit" if BACKEND == "jax" else "eager"  # how most programs run, and what is quick to measure
AS_USERS_DO = {"xla_backend_optimization_level": 3}  # the quick tests compile with less effort (tests/conftest.py)


def value_and_gradient(f, y, p, mode="eager"):
    """f(y, p) and the gradient of its sum by p, as NumPy arrays; `mode` is one of MODES."""
    value, slope = _both(f, mode)(y, p)
    return array(value), array(slope)


@functools.lru_cache(maxsize=4)  # a function compiled for one block serves the next of the same shape
def _both(f, mode):
    if BACKEND == "jax":
        import jax

        def both(y, p):
            value, back = jax.vjp(lambda v: f(y, v), p)
            return value, back(jax.numpy.ones_like(value))[0]

        return jax.jit(both, compiler_options=AS_USERS_DO) if mode == "jit" else both
    if BACKEND == "torch":
        return lambda y, p: _both_on_torch(f, y, p)
    import tensorflow as tf

    def both(y, p):
        with tf.GradientTape() as tape:
            tape.watch(p)
            value = f(y, p)
        return value, tape.gradient(value, p, unconnected_gradients="zero")

    return both if mode == "eager" else tf.function(both, autograph=False, jit_compile=mode == "xla")


def with_gradients(f, dtype=None):
    """A function of (arrays, rest): f of them, and the gradients of its sum by each of the arrays; compiled on JAX.
    The arrays are tensors of the type, if one is given."""
    if BACKEND == "jax":
        import jax

        def both(xs, rest):
            value, back = jax.vjp(lambda xs: f(xs, rest), xs)
            return value, *back(jax.numpy.ones_like(value))[0]

        run = jax.jit(both, compiler_options=AS_USERS_DO)
        return lambda arrays, rest: list(map(np.asarray, run([jax.numpy.asarray(x, dtype) for x in arrays], rest)))
    if BACKEND == "torch":
        import torch

        def run_on_torch(arrays, rest):
            kind = None if dtype is None else getattr(torch, dtype)
            xs = [torch.tensor(x, dtype=kind, requires_grad=True) for x in arrays]
            value = f(xs, rest)
            value.sum().backward()
            return [array(value.detach()), *(np.zeros(x.shape) if x.grad is None else array(x.grad) for x in xs)]

        return run_on_torch
    import tensorflow as tf

    def run_on_tensorflow(arrays, rest):
        xs = [tf.cast(tf.constant(x), dtype or x.dtype) for x in arrays]
        with tf.GradientTape() as tape:
            tape.watch(xs)
            value = f(xs, rest)
        return [array(value), *map(array, tape.gradient(value, xs, unconnected_gradients="zero"))]

    return run_on_tensorflow


def _both_on_torch(f, y, p):
    import torch

    p = p.detach().clone().requires_grad_()
    value = f(y, p)
    if value.requires_grad:
        value.backward(torch.ones_like(value))
    return value, p.grad if p.grad is not None else torch.zeros_like(p)


def compiled_throughout(model):
    """Whether no kind of step of `lossary.train` had to be left to Keras: only torch's traces can fail so."""
    from lossary.training import epochs

    programs = epochs._PROGRAMS[model].programs.values()
    kinds = [kind for program in programs for kind in getattr(program, "kinds", {}).values()]
    return BACKEND != "torch" or (bool(kinds) and all(kind.checked for kind in kinds))


def compiled_by_xla(model):
    """Whether the programs of `lossary.train` are XLA's, where that can be chosen."""
    from lossary.training import epochs

    return BACKEND != "tensorflow" or all(program.xla for program in epochs._PROGRAMS[model].programs.values())


def wide_numbers():
    """A context in which float64 is float64: JAX has it only when asked."""
    import contextlib

    if BACKEND != "jax":
        return contextlib.nullcontext()
    import jax

    return jax.enable_x64(True)


def traced(f, *arrays):
    """Call f, on JAX with what stands for such arrays: nothing is compiled."""
    if BACKEND != "jax":
        f(*map(ops.convert_to_tensor, arrays))
        return
    import jax

    jax.eval_shape(f, *arrays)


def unknown_sizes(f, arrays, shapes):
    """f(y, p, ...) and the gradient of its sum by p, compiled once for `shapes`, in which a size may be None."""
    import tensorflow as tf

    def both(*x):
        with tf.GradientTape() as tape:
            tape.watch(x[1])
            value = f(*x)
        return value, tape.gradient(value, x[1], unconnected_gradients="zero")

    spec = [tf.TensorSpec(shape, x.dtype) for x, shape in zip(arrays, shapes, strict=True)]
    run = tf.function(both, spec, autograph=False)
    return lambda *x: tuple(map(array, run(*map(tf.constant, x))))
