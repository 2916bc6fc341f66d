"""Values and gradients that are made in one pass: the same over several blocks as over their parts, with weights, in
reverse twice, and towards the targets."""

import numpy as np
import pytest
from keras import ops

import lossary as ls
from lossary.core.forms import Categorical, Overlap, Sparse
from lossary.core.results import Fused
from lossary.numerics.backend import double
from tests.backends import BACKEND, MODES, USUAL, array, gradient, traced, value_and_gradient
from tests.laws.cases import CASES, ONE_OF_FORMS, firsts, form, law

ROWS, PARTS = 6 * 23_000, 3  # several blocks on every backend, the last one shorter


def fused(case):
    """Whether the result of the loss's formula is made in one pass."""
    results = []

    def look(y, p):
        results.append(case()._result(y, p, None, vectors=False)[0])
        return p

    traced(look, *case.draw(np.random.default_rng(0)))
    return isinstance(results[0], Fused)


FUSED = [case for case in CASES if fused(case)]
ONE = firsts(FUSED, lambda case: form(case.cls))


def many(case, rng, times=ROWS // 6):
    """Rows of several blocks: six lawful ones, again and again in another order."""
    y, p = case.draw(rng)
    order = rng.permuted(np.tile(np.arange(6), (times, 1)), axis=1).ravel()
    return y[order], p[order]


def test_losses_of_each_form_are_made_in_one_pass():
    assert {cls.__name__ for cls, _ in map(form, {case.cls for case in FUSED})} >= {
        "Distance", "Margin", "Binary", "Sparse", "Categorical", "Vector", "Divergence",
    }  # fmt: skip


WAYS = MODES if BACKEND == "torch" else [mode for mode in MODES if mode != "eager"]  # those that have blocks


@law(
    ("case", "mode"),
    [(case, mode) for case in FUSED for mode in WAYS],
    lambda case, _: case in ONE or BACKEND == "torch",
)
def test_a_batch_of_several_blocks_is_the_mean_of_its_parts(case, mode, rng):
    y, p = many(case, rng)
    loss = case()
    value, slope = value_and_gradient(loss, *map(ops.convert_to_tensor, (y, p)), mode)
    rows = case(reduction="none")
    few = slice(0, 600)  # rows as they are, each by itself
    values, slopes = value_and_gradient(rows, *map(ops.convert_to_tensor, (y[few], p[few])), USUAL)
    count = len(p) if loss.contract.absent is None or case.parameters.get("ignore_class") is None else None
    if count is None:
        pytest.skip("the divisor is not the number of rows")
    np.testing.assert_allclose(slope[few] * count, slopes, rtol=2e-5, atol=1e-6 * abs(slopes).max())
    np.testing.assert_allclose(slope[-600:] * count, _again(rows, y, p)[1], rtol=2e-5, atol=1e-6 * abs(slopes).max())
    parts = [array(loss(y[k::PARTS], p[k::PARTS])) for k in range(PARTS)]
    np.testing.assert_allclose(value, np.mean(parts), rtol=2e-6)
    np.testing.assert_allclose(value, np.mean(values[:6]), rtol=2e-6)  # every six rows are the same six


def _again(rows, y, p):
    return value_and_gradient(rows, *map(ops.convert_to_tensor, (y[-600:], p[-600:])), USUAL)


@law(
    ("case", "mode", "dtype"),
    [(case, mode, dtype) for case in ONE for mode in WAYS for dtype in ("float16", "bfloat16")],
    lambda case, _, dtype: dtype == "float16" and case in ONE_OF_FORMS,
)
def test_blocks_of_half_precision_are_computed_in_single(case, mode, dtype, rng):
    """With weights, and where the loss is multiplied by a large number, without which its slopes would be too small."""
    y, p = many(case, rng)
    p = ops.cast(ops.convert_to_tensor(p), dtype)
    y = ops.cast(ops.convert_to_tensor(y), dtype) if y.dtype.kind == "f" else ops.convert_to_tensor(y)
    weight = np.tile(np.float32([0.5, 1, 2]), len(p) // 3)

    def scaled(y, p):
        return ops.cast(case()(y, p, sample_weight=weight), "float32") * 2.0**17 + case()(y, p)

    value, slope = value_and_gradient(scaled, y, p, mode)
    y32, p32 = (ops.cast(x, "float32") if x.dtype == p.dtype else x for x in (y, p))
    want = value_and_gradient(scaled, y32, p32, mode)
    unit = {"float16": 2.0**-10, "bfloat16": 2.0**-7}[dtype]
    np.testing.assert_allclose(value, want[0], rtol=1e-6)
    slope, least = slope.astype("float32"), 2.0**-14 if dtype == "float16" else 0.0
    np.testing.assert_allclose(slope, want[1], rtol=2 * unit, atol=2 * unit * least + 1e-12)


@law(
    ("case", "mode"),
    [(case, mode) for case in ONE for mode in WAYS],
    lambda case, _: case in ONE_OF_FORMS or BACKEND == "torch",
)
def test_weights_are_folded_into_the_pass(case, mode, rng):
    y, p = many(case, rng)
    weight = rng.uniform(0.5, 2.0, len(p)).astype("float32")
    weight[7::11] = 0
    loss = case(reduction="sum")

    def weighed(y, p):
        return loss(y, p, sample_weight=weight)

    value, slope = value_and_gradient(weighed, *map(ops.convert_to_tensor, (y, p)), mode)
    few = slice(-600, None)
    _, slopes = _again(case(reduction="none"), y, p)
    across = (-1, *[1] * (p.ndim - 1))
    if case.parameters.get("ignore_class") is None:
        np.testing.assert_allclose(slope[few], weight[few].reshape(across) * slopes, rtol=2e-5, atol=1e-5)
    assert not slope[7::11].any()
    assert np.isfinite(value)


COUNTED = [case for case in CASES if issubclass(case.cls, Overlap) and case.parameters.get("whole_batch")]


@law("case", COUNTED, lambda case: BACKEND == "torch" or case.cls.__name__ == "Tversky")
def test_counts_of_several_blocks_are_those_with_weights_of_one(case, rng):
    """Where rows have weights, counts are made operation by operation."""
    y, p = many(case, rng, times=8192)
    y, p = (np.concatenate([x.astype("float32"), 0.25 * x[:7]]) for x in (y, p))
    loss, weight = case(), np.ones(len(p), "float32")
    value, slope = value_and_gradient(loss, *map(ops.convert_to_tensor, (y, p)), WAYS[0])
    want = value_and_gradient(lambda y, p: loss(y, p, sample_weight=weight), *map(ops.convert_to_tensor, (y, p)), USUAL)
    np.testing.assert_allclose(value, want[0], rtol=2e-6)
    np.testing.assert_allclose(slope, want[1], rtol=2e-5, atol=2e-6 * abs(want[1]).max())
    along = gradient(lambda q: loss(q, p), y), gradient(lambda q: loss(q, p, sample_weight=weight), y)
    np.testing.assert_allclose(*along, rtol=2e-5, atol=2e-6 * abs(along[1]).max())


OF_CLASSES = [(case, True) for case in FUSED if issubclass(case.cls, (Categorical, Sparse))]


@law(("case", "tied"), [*((case, False) for case in FUSED), *OF_CLASSES], lambda case, tied: case in ONE)
def test_slopes_may_be_differentiated_again(case, tied, rng):
    """By differences of the slopes, along one direction; also where classes are predicted alike."""
    y, p = case.draw(rng)
    if tied:
        p[:3], p[3:, :2] = p[:3].mean(axis=1, keepdims=True), p[3:].max(axis=1, keepdims=True)
    p, y = p.astype("float64"), y.astype("float64") if y.dtype.kind == "f" else y
    loss = case(dtype="float64")
    along = rng.normal(size=p.shape)
    if "from_logits" in case.cls.params and not case.parameters.get("from_logits"):
        along = along * p * (1 - p)

    def moved(q):
        return gradient(lambda x: loss(y, x), q)

    def directed(q):
        return _inner(loss, y, q, along) + 0 * ops.sum(q)  # a straight loss has slopes without predictions in them

    step = 1e-6
    with double():
        bend = gradient(directed, p)
        apart = moved(p + step * along) - moved(p - step * along)
    want, kinks = apart / (2 * step), abs(apart) > 1e-3  # a corner lies between
    np.testing.assert_allclose(np.where(kinks, want, bend), want, rtol=2e-3, atol=2e-5 * max(1, abs(want).max()))


def _inner(loss, y, q, along):
    """The slope along a direction, in operations that are recorded."""
    if BACKEND == "torch":
        import torch

        (slope,) = torch.autograd.grad(loss(y, q), q, create_graph=True)
        return (slope * torch.as_tensor(along)).sum()
    if BACKEND == "jax":
        import jax

        return (jax.grad(lambda x: loss(y, x))(q) * along).sum()
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(q)
        value = loss(y, q)
    return tf.reduce_sum(tape.gradient(value, q) * along)


REAL = [case for case in FUSED if case().contract.shape == "same" and not case().contract.target.allowed]


@law("case", [case for case in REAL if case.parameters.get("ignore_class") is None], lambda case: case in ONE)
def test_targets_have_gradients_too(case, rng):
    """A target may be the output of a model: a teacher, a twin."""
    y, p = (x.astype("float64") for x in case.draw(rng))
    values = case().contract.target  # a step to either side is lawful
    y = 0.5 * y + 0.25 if values.high == 1 else y + 0.25 if values.low == 0 else y - 0.25 if values.high == 0 else y
    loss, step = case(dtype="float64"), 1e-6
    along = rng.normal(size=y.shape)
    with double():
        want = (array(loss(y + step * along, p)) - array(loss(y - step * along, p))) / (2 * step)
        slope = gradient(lambda v: loss(v, p), y)
    np.testing.assert_allclose((slope * along).sum(), want, rtol=1e-4, atol=1e-6)


ODD = {"two halves": {0: 0.5, 1: 0.5}, "one, and what cancels": {0: 1, 1: 0.5, 2: -0.5}, "two": {3: 2}, "nothing": {}}
ODD |= {"a half": {2: 0.5}, "two ones": {0: 1, 5: 1}, "less than nothing": {1: -1}}


@pytest.mark.parametrize("from_logits", [True, False])
@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_one_row_of_other_labels_beside_those_of_one_class(odd, from_logits, rng):
    """Blocks of rows of one class each are computed by its number."""
    y = np.eye(64, dtype="float32")[rng.integers(0, 64, 300)]
    y[7] = 0
    y[7, list(odd)] = list(odd.values())
    p = rng.normal(size=y.shape).astype("float32")
    p = p if from_logits else np.exp(p) / np.exp(p).sum(-1, keepdims=True)
    given = [*map(ops.convert_to_tensor, (y, p))]
    with ls.checks(False):
        whole, rows = (ls.CategoricalCrossentropy(from_logits, reduction=how) for how in ("sum", "none"))
        value, slope = value_and_gradient(whole, *given, USUAL)
        values, slopes = value_and_gradient(rows, *given, USUAL)
    np.testing.assert_allclose(value, values.sum(), rtol=1e-5)
    np.testing.assert_allclose(slope, slopes, rtol=1e-5, atol=1e-6)
