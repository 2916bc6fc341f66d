"""What every loss of named slots keeps, on samples drawn from its slots. No loss is named here."""

import inspect

import keras
import numpy as np
import pytest
from keras import ops

import lossary as ls
from lossary.core.results import Anchors, Rows, Sums
from lossary.numerics.backend import double
from tests.backends import BACKEND, array, usual
from tests.laws.cases import twin
from tests.laws.slots import (
    NAMED,
    OF_RESULTS,
    ROWS,
    SLOT_CASES,
    among,
    each_slot_loss_somewhere,
    every_slot_case,
    firsts,
    law,
)

WEIGHT = np.linspace(0.5, 2, ROWS, dtype="float32")
ONE_OF_EACH = firsts(OF_RESULTS + SLOT_CASES, lambda case: case.cls)
one_of_each = law("case", ONE_OF_EACH, among(OF_RESULTS))
# torch.compile takes seconds for each
COMPILED = firsts(OF_RESULTS, lambda case: case().gives) if BACKEND == "torch" else OF_RESULTS
FORMULAS = firsts(OF_RESULTS + SLOT_CASES, lambda case: (case.cls, case.form))


def close(got, want, tolerance=2e-5):
    np.testing.assert_allclose(array(got), array(want), rtol=tolerance, atol=tolerance)


@law(
    "case, reduction",
    [(case, how) for case in SLOT_CASES for how in ("sum", "mean_with_sample_weight", "sum_over_batch_size")
     if how != "sum_over_batch_size" or case.coupled],
    among(OF_RESULTS),
)  # fmt: skip
def test_a_row_of_weight_0_does_not_exist(case, reduction):
    """Where rows are compared with each other, it is not counted either; elsewhere a mean over rows counts it."""
    loss, arrays, weight, rest = case(reduction=reduction), case.draw(), WEIGHT.copy(), np.arange(ROWS) != 2
    weight[2] = 0

    def both(spoilt, kept):
        return case.value(loss, spoilt, weight), case.value(loss, kept, weight[rest])

    close(*usual(both)(case.spoilt(arrays, 2), case.taken(arrays, rest)))


IGNORING = [case for case in SLOT_CASES if any(slot.ignored for slot in case.slots.slots.values())]


@law("case", IGNORING, among(firsts(IGNORING, lambda case: case.cls)))
def test_a_row_of_the_ignored_class_does_not_exist(case):
    """Whatever the predictions hold there."""
    (name, field) = next((name, slot.ignored) for name, slot in case.slots.slots.items() if slot.ignored)
    loss, arrays, rest = case(**{field: -7}), case.spoilt(case.draw(), 2), np.arange(ROWS) != 2
    arrays[name][2] = -7
    close(case.value(loss, arrays), case.value(loss, case.taken(arrays, rest)))


@every_slot_case
def test_a_masked_row_does_not_exist(case):
    """It may hold anything; it has no gradient, and spoils none."""
    loss, arrays, rest = case(), case.draw(), np.arange(ROWS) != 5
    kept = case.taken(arrays, rest)
    close(case.value(loss, case.spoilt(arrays, 5), mask=rest), case.value(loss, kept))
    want = case.gradient(loss, kept)
    for name, g in case.gradient(loss, case.spoilt(arrays, 5), mask=rest).items():
        assert np.isfinite(g).all(), name
        if name in case.by_row:
            assert not g[5].any(), name
            close(g[rest], want[name])


@law(
    "case, reduction",
    [(case, how) for case in SLOT_CASES for how in ("sum", "sum_over_batch_size", "mean_with_sample_weight")],
    lambda case, how: case in OF_RESULTS or (how == "sum" and case in FORMULAS and issubclass(case().gives, Anchors)),
)
def test_halves_of_a_batch_merge_to_the_whole(case, reduction):
    """Losses that compare rows need all rows beside those that are computed; then a batch can be split."""
    loss, arrays = case(reduction=reduction), case.draw()
    halves, more = (slice(0, 3), slice(3, None)), [{}, {}]
    if issubclass(loss.gives, Anchors):
        with pytest.raises(ls.DefinitionError, match="others"):
            case.value(loss, case.taken(arrays, halves[0]), how="partial")
        more = [{"others": {**arrays, "sample_weight": WEIGHT}, "start": half.start} for half in halves]

    def both(arrays):
        one, two = (
            case.value(loss, case.taken(arrays, half), WEIGHT[half], how="partial", **given)
            for half, given in zip(halves, more, strict=True)
        )
        return one.merge(two).value(), case.value(loss, arrays, WEIGHT)

    close(*usual(both)(arrays))


@every_slot_case
def test_the_order_of_the_rows_changes_nothing(case):
    loss, arrays, order = case(), case.draw(), np.random.default_rng(1).permutation(ROWS)
    close(case.value(loss, case.taken(arrays, order), WEIGHT[order]), case.value(loss, arrays, WEIGHT))


@every_slot_case
def test_a_whole_weight_is_that_many_rows(case):
    loss, arrays = case(reduction="mean_with_sample_weight"), case.draw()
    if issubclass(loss.gives, Anchors):
        pytest.skip("a row repeated is a partner of itself")
    times = np.array([1, 3, 0, 2, 1, 1, 2, 1])
    repeated = case.taken(arrays, np.repeat(np.arange(ROWS), times))
    close(case.value(loss, arrays, times.astype("float32")), case.value(loss, repeated))


@every_slot_case
def test_the_gradient_is_the_slope(case):
    """Along a random step, in float64 so that it is too short to pass a kink; finite where all numbers are alike."""
    loss, arrays = case(), case.draw()
    found = case.gradient(loss, arrays)
    assert all(np.isfinite(g).all() for g in found.values())
    assert any(g.any() for g in found.values())
    for name, g in found.items() if not case.cls.holds_fixed else ():
        along = np.random.default_rng(2).normal(size=arrays[name].shape)
        with double():
            fine = {n: x.astype("float64") if x.dtype.kind == "f" else x for n, x in arrays.items()}
            ends = [{**fine, name: fine[name] + step * along} for step in (1e-6, -1e-6)]
            up, down = (array(case.value(case(dtype="float64"), end)) for end in ends)
        assert (up - down) / 2e-6 == pytest.approx((g * along).sum(), rel=1e-3, abs=1e-4), name
    alike = {name: np.full_like(x, x.flat[0]) if name in found and x.ndim == 2 else x for name, x in arrays.items()}
    assert all(np.isfinite(g).all() for g in case.gradient(loss, alike).values())


@each_slot_loss_somewhere
def test_class_and_function_agree_in_every_layout(case):
    """By name; by place where one formula fits; as dictionaries, tuples, and one stacked tensor."""
    loss, arrays = case(reduction=None), case.draw()
    fields = {n: value for n, value in case.how.items() if n not in ("classes", "features") and n not in arrays}
    want, function = case.value(loss, arrays), twin(case.cls)
    close(function(**arrays, **fields), want)
    fitting = [slots for slots in loss.inputs.values() if slots.fits(len(arrays), ())]
    if len(fitting) == 1 and len(loss.inputs.forms) == 1 and set(arrays) == set(fitting[0].slots):
        close(function(*arrays.values(), **fields), want)
    elif len(fitting) > 1:
        with pytest.raises(ls.ParameterError, match="by name"):
            function(*arrays.values(), **fields)
    true, pred, beside = case.slots.sides(arrays)
    tensors = tuple(map(ops.convert_to_tensor, pred.values()))
    close(loss(tuple(map(ops.convert_to_tensor, true.values())) or None, tensors, **beside), want)
    for side, part in (("y_true", true), ("y_pred", pred)):
        if len(part) == 1 and (x := next(iter(part.values()))).ndim == 1:  # a list of NumPy's numbers is one tensor
            close(loss(**{"y_true": true or None, "y_pred": pred, side: list(x)}, **beside), want)
    for side, part, axis in (("y_true", true, case.slots.stack_true), ("y_pred", pred, case.slots.stack)):
        if axis is not None and len(part) > 1:
            both = {"y_true": true or None, "y_pred": pred, side: np.stack(list(part.values()), axis)}
            close(loss(**both, **beside), want)


@each_slot_loss_somewhere
def test_saved_and_loaded_it_gives_the_same(case):
    loss, arrays = case(reduction="sum", name="mine"), case.draw()
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert again.get_config() == loss.get_config()
    assert array(case.value(again, arrays)) == array(case.value(loss, arrays))


@every_slot_case
def test_what_is_padded_does_not_exist(case):
    """By the slot that says what exists, and by a mask of the same shape."""
    name = case.padded()
    if name is None or name not in case.draw():
        pytest.skip("nothing is padded")
    loss, arrays = case(), case.draw()
    axis = case.axes(name)[-1]
    if axis == "row":
        pytest.skip("rows only")

    def lengthened(count):
        """The arrays with more entries, which hold nothing; and a number for each in fields that have one for each."""
        size = arrays[name].shape[-1]
        found = {}
        for n, x in arrays.items():
            more = [(0, count * (one == axis)) for one in case.axes(n)]
            nothing = np.nan if x.dtype.kind == "f" else -99
            found[n] = np.pad(x, more, constant_values=False if n == name else nothing)
        fields = {n: (*value, *value[-1:] * count) for n, value in case.how.items()
                  if isinstance(value, tuple) and len(value) == size}  # fmt: skip
        return found, case(**fields)

    longer, wider = lengthened(1)
    close(case.value(wider, longer), case.value(loss, arrays))
    assert all(np.isfinite(g).all() for g in case.gradient(wider, longer).values())
    without = {n: x for n, x in longer.items() if n != name}
    close(case.value(wider, without, mask=longer[name]), case.value(loss, arrays))
    lengths = case.slots.slots[name].lengths
    if lengths is not None:  # by how many exist: the first ones
        longer, wider = lengthened(2)
        exist = np.arange(arrays[name].shape[1] + 2) < arrays[lengths][:, None]
        del longer[name]
        close(
            case.value(wider, longer), case.value(wider, {n: x for n, x in longer.items() if n != lengths}, mask=exist)
        )
        assert all(np.isfinite(g).all() for g in case.gradient(wider, longer).values())


@every_slot_case
def test_no_rows_cost_nothing(case):
    loss, arrays, nothing = case(), case.draw(), np.zeros(ROWS, bool)
    assert array(case.value(loss, arrays, mask=nothing)) == 0
    assert all(np.isfinite(g).all() for g in case.gradient(loss, arrays, mask=nothing).values())


@law("case", ONE_OF_EACH, among(COMPILED))
def test_compiled_with_unknown_rows_it_is_the_same(case):
    loss, arrays = case(), case.draw()
    names, xs = list(arrays), [ops.convert_to_tensor(x) for x in arrays.values()]

    def f(*xs):
        return case.value(loss, dict(zip(names, xs, strict=True)))

    if BACKEND == "jax":
        import jax

        close(jax.jit(f)(*xs), case.value(loss, arrays))
    elif BACKEND == "tensorflow":
        import tensorflow as tf

        spec = [
            tf.TensorSpec([None if n in case.by_row else x.shape[0], *x.shape[1:]], x.dtype)
            for n, x in zip(names, xs, strict=True)
        ]
        close(tf.function(f, input_signature=spec)(*xs), case.value(loss, arrays))
    else:
        import torch

        close(torch.compile(f, backend="aot_eager")(*xs), case.value(loss, arrays))


@pytest.mark.skipif(BACKEND == "torch", reason="autograd runs the same operations, compiled or not")
@law("case", FORMULAS, among(OF_RESULTS))
def test_compiled_it_has_the_same_gradient(case):
    """Compilers reorder products: what is masked may not become infinite on the way."""
    loss, arrays = case(), case.draw()
    names = [name for name in arrays if name in case.floats or name in case.own]
    rest = {name: x for name, x in arrays.items() if name not in names}
    want = case.gradient(loss, arrays)

    def f(*xs):
        return case.value(loss, {**rest, **dict(zip(names, xs, strict=True))})

    xs = [ops.convert_to_tensor(arrays[name]) for name in names]
    if BACKEND == "jax":
        import jax

        got = jax.jit(jax.grad(f, argnums=tuple(range(len(xs)))))(*xs)
    else:
        import tensorflow as tf

        def slopes(*xs):
            with tf.GradientTape() as tape:
                tape.watch(xs)
                value = f(*xs)
            return tape.gradient(value, xs, unconnected_gradients="zero")

        got = tf.function(slopes, autograph=False)(*xs)
    for name, g in zip(names, got, strict=True):
        close(g, want[name])


@one_of_each
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_computed_in_single(case, dtype):
    arrays = case.draw()
    held = {n: array(ops.cast(ops.cast(x, dtype), "float32")) if x.dtype.kind == "f" else x for n, x in arrays.items()}
    got, want = case.value(case(dtype=dtype), held), array(ops.cast(case.value(case(), held), dtype))
    assert keras.backend.standardize_dtype(got.dtype) == dtype
    np.testing.assert_allclose(array(got).astype("float32"), want.astype("float32"), rtol=1e-6, atol=2.0**-24)


@every_slot_case
def test_a_wrong_size_is_told_in_the_words_of_the_slots(case):
    loss, arrays = case(), case.draw()
    if len(case.by_row) > 1:
        name = case.by_row[0]
        with pytest.raises(ls.LossaryError, match=case.cls.__name__) as caught:
            case.value(loss, {**arrays, name: arrays[name][:-1]})
        assert all((caught.value.asked, caught.value.arrived, caught.value.allowed, caught.value.do))
    needed = next(name for name in case.slots.needed)
    with pytest.raises(ls.LossaryError, match=case.cls.__name__):
        case.value(loss, {name: x for name, x in arrays.items() if name != needed})
    with pytest.raises(ls.LossaryError, match="no_such_slot"):
        case.value(loss, arrays, no_such_slot=1.0)


@pytest.mark.once
@pytest.mark.parametrize("cls", NAMED, ids=lambda cls: cls.__name__)
def test_every_formula_takes_its_slots_and_gives_what_is_declared(cls):
    for case in (case for case in SLOT_CASES if case.cls is cls):
        asked = list(inspect.signature(getattr(cls, case.form)).parameters)[1:]
        assert set(asked) <= {*case.slots.slots, "here", "others"}
        arrays = case.draw()
        true, pred, beside = case.slots.sides(arrays)
        result, _, _ = case()._result(true or None, pred, None, vectors=False, **beside)
        assert isinstance(result, case().gives) or (case().gives is Anchors and type(result) is Rows)
        assert isinstance(result, (Rows, Sums))


OWNERS = [case for case in SLOT_CASES if case.own]


@pytest.mark.parametrize("case", OWNERS, ids=str)
def test_weights_of_a_loss_are_made_and_used(case):
    loss, arrays = case(), case.draw()
    rows = {name: x for name, x in arrays.items() if name in case.by_row}
    assert {variable.name for variable in loss.layer.weights} == set(case.own)
    begun = {name: getattr(loss, name) for name in case.own if name in case.cls.params}
    if begun:  # they start at what the fields say, in the same terms as the function takes them
        close(case.value(case(reduction=None), rows), twin(case.cls)(**rows, **begun))
    for variable in loss.layer.weights:
        variable.assign(arrays[variable.name])
    close(case.value(loss, rows), case.value(loss, {**arrays, **loss.own_slots()}))
    field = case.slots.own()[case.own[0]].sizes[-1]
    if case.cls.params[field].optional:
        unsized = case.cls(**{**case.how, field: None})
        assert unsized.layer is None
        assert np.isfinite(array(case.value(unsized, rows)))  # the first call makes them
        assert unsized.layer.weights[0].shape == arrays[case.own[0]].shape


@pytest.mark.parametrize("features", [None, 3], ids=["of the output", "given"])
@pytest.mark.parametrize(
    "cls", dict.fromkeys(c.cls for c in OWNERS if "features" in c.cls.params), ids=lambda cls: cls.__name__
)
def test_weights_of_a_loss_train_and_are_saved_with_the_model(cls, features, tmp_path, rng):
    x, y = rng.normal(size=(32, 5)).astype("float32"), rng.integers(0, 4, 32)
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3)])
    loss = cls(classes=4, features=features)
    model.compile(keras.optimizers.SGD(0.1), loss=loss)
    before = array(loss.layer.weights[0])
    model.fit(x, y, batch_size=16, epochs=2, verbose=0)
    after = array(loss.layer.weights[0])
    assert np.abs(after - before).max() > 1e-4
    ls.train(model, x, y, epochs=1, batch_size=16, verbose=0)
    trained = array(loss.layer.weights[0])
    assert np.abs(trained - after).max() > 1e-4
    want = model.evaluate(x, y, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again.evaluate(x, y, verbose=0), want, rtol=1e-5)
    bare = keras.models.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_allclose(bare.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-5)


def test_a_loss_whose_weights_have_no_size_is_refused_by_compile():
    model = keras.Sequential([keras.layers.Dense(3)])
    with pytest.raises(ls.LossaryError, match="owns weights"):
        model.compile("sgd", loss=ls.ArcFace(classes=4))
    with pytest.raises(ls.LossaryError, match="classes"):
        ls.ArcFace()([0], np.ones((1, 3), "float32"))
