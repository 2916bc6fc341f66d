"""What lossary takes for granted of Keras's private parts, one by one: a Keras that changes one fails here by name."""

import inspect
from typing import ClassVar

import keras
import numpy as np
import pytest
from keras import layers, ops

import lossary as ls
from lossary._registered import HOMES
from lossary.numerics import keras_private as private
from lossary.numerics.backend import double
from tests.backends import array

X = np.linspace(-1, 1, 12, dtype="float32").reshape(4, 3)
Y = X[:, :1]
CHECKS = {}


def holds(check):
    """A check of the function of that name."""
    CHECKS[check.__name__] = check
    return check


def small(compiled=True, **more):
    x = keras.Input((3,), name="x")
    hidden = layers.Dense(2, name="hidden", activity_regularizer="l2")(x)
    model = keras.Model(x, layers.Dense(1, name="y")(hidden))
    if compiled:
        model.compile("sgd", "mse", **more)
    return model


def on_tensorflow():
    return keras.backend.backend() == "tensorflow"


def inside_tf_scope(make):
    """What `make` gives, and the strategy it is made under; on TensorFlow alone there is one."""
    if not on_tensorflow():
        return make(), None
    import tensorflow as tf

    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    with strategy.scope():
        return make(), strategy


@holds
def get_mask():
    masked = layers.Masking()(ops.convert_to_tensor(np.float32([[[1.0], [0.0]]])))
    assert array(private.get_mask(masked)).tolist() == [[True, False]]
    assert private.get_mask(ops.ones((2, 3))) is None


@holds
def set_mask():
    values = ops.convert_to_tensor(np.float32([1.0, 5.0]))
    private.set_mask(values, ops.convert_to_tensor([True, False]))

    class AsItIs(keras.losses.Loss):
        def call(self, y_true, y_pred):
            return values

    assert float(array(AsItIs()(ops.ones((2,)), ops.ones((2,))))) == pytest.approx(
        1.0
    )  # the mean of what the mask leaves


@holds
def narrowed_types():
    table = private.narrowed_types()
    assert isinstance(table, dict) and table["float64"] == ("float64" if on_tensorflow() else "float32")


@holds
def set_narrowed_types():
    before = private.narrowed_types()
    try:
        private.set_narrowed_types({**before})
        assert private.narrowed_types() is not before
    finally:
        private.set_narrowed_types(before)
    with double():
        wide = ops.convert_to_tensor(np.array([1.0, 1e-12]), dtype="float64")
        assert float(ops.convert_to_numpy(ops.mean(wide))) == 0.5 + 5e-13


@holds
def torch_device():
    if keras.backend.backend() == "torch":
        assert private.torch_device() == str(ops.ones((1,)).device).partition(":")[0]


@holds
def operation_of():
    model = small(compiled=False)
    assert private.operation_of(model.outputs[0]) is model.get_layer("y")


@holds
def parents_of():
    model = small(compiled=False)
    assert [id(x) for x in private.parents_of(model.outputs[0])] == [id(model.get_layer("hidden").output)]


@holds
def layers_of():
    inner = small(compiled=False)
    outer = keras.Sequential([keras.Input((3,)), inner])
    assert {layer.name for layer in private.layers_of(outer, itself=False)} > {inner.name, "hidden", "y"}
    assert outer in private.layers_of(outer) and outer not in private.layers_of(outer, itself=False)


@holds
def variable_lists():
    layer = layers.BatchNormalization()
    layer.build((None, 3))
    trained, others = private.variable_lists(layer)
    assert [v.name for v in trained] == ["gamma", "beta"] and len(others) == 2
    trained.pop()
    assert len(layer.trainable_variables) == 1  # the lists themselves, not copies


@holds
def track():
    layer = layers.Dense(2)
    layer(X)
    variable = keras.Variable(np.float32([3.0]))
    private.track(layer, variable)
    assert any(v is variable for v in layer.trainable_variables)
    with pytest.raises(ValueError, match="cannot add new elements of state"):
        layer.other = keras.Variable(1.0)  # the lock is as it was


@holds
def untrack():
    model = small(compiled=False)
    count = len(model.trainable_variables)
    variable = keras.Variable(np.float32([3.0]))
    private.track(model, variable)
    private.untrack(model, variable)
    assert len(model.trainable_variables) == count


@holds
def draws_numbers():
    assert private.draws_numbers(layers.Dropout(0.5)) and not private.draws_numbers(layers.Dense(2))


@holds
def added_losses():
    model = small(compiled=False)
    model(X)
    found = {layer.name: private.added_losses(layer) for layer in private.layers_of(model)}
    assert [name for name, losses in found.items() if losses] == ["hidden"]


@holds
def keys_of_added():
    x = keras.Input((3,))
    model = keras.Model(x, ls.TermLayer(lambda h: ops.sum(h, axis=-1), name="term")({"h": layers.Dense(2)(x)})["h"])
    model(X)
    keys = private.keys_of_added(model.get_layer("term"))
    assert len(model.losses) == 1 and id(model.losses[0]) in keys


@holds
def first_call():
    model = small(compiled=False)
    assert [x.shape for x in private.first_call(model.get_layer("hidden"))] == [(None, 3), (None, 2)]
    assert private.first_call(layers.Dense(2)) == []


@holds
def outputs_structure():
    x = keras.Input((3,))
    model = keras.Model(x, {"b": layers.Dense(1)(x), "a": layers.Dense(1)(x)})
    assert set(private.outputs_structure(model)) == {"a", "b"}


@holds
def strategy_of():
    model, strategy = inside_tf_scope(small)
    assert private.strategy_of(model) is strategy


@holds
def build_by_symbols():
    model = keras.Sequential([layers.Dense(2), layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    private.build_by_symbols(model, (X, Y, None))
    assert model.built and model.optimizer.built and private.compiled_loss(model).built
    assert private.compiled_metrics(model).built


@holds
def jax_state():
    if keras.backend.backend() != "jax":
        return
    model = small()
    private.build_by_symbols(model, (X, Y, None))
    trained, others, optimizer, metrics = private.jax_state(model)
    assert [v.shape for v in trained] == [(3, 2), (2,), (2, 1), (1,)] and others == []
    assert len(optimizer) == len(model.optimizer.variables) and len(metrics) == len(model.metrics_variables)
    model.jax_state_sync()


@holds
def plain_updates():
    optimizer = keras.optimizers.AdamW(0.1, weight_decay=0.5)
    variable = keras.Variable(np.float32([3.0]))
    optimizer.build([variable])
    calls = []
    optimizer.update_step = lambda gradient, variable, rate: calls.append(array(gradient).tolist())
    with private.plain_updates(optimizer):
        optimizer.apply([ops.convert_to_tensor(np.float32([7.0]))], [variable])
    assert calls == [[7.0]]  # one call for each variable, in the Keras way
    assert float(array(variable)[0]) == pytest.approx(3.0 - 0.5 * 3.0 * 0.1)


@holds
def compiled_loss():
    assert private.compiled_loss(small(compiled=False)) is None
    assert private.compiled_loss(small()).output_names == ["y"]


@holds
def set_compiled_loss():
    model = small()

    class Nine:
        metrics, built, reduction = [], True, "sum"

        def __call__(self, y_true, y_pred, sample_weight=None):
            return ops.sum(y_pred) * 0 + 9.0

    private.set_compiled_loss(model, Nine())
    model.get_layer("hidden").activity_regularizer = None
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(9.0)


@holds
def compiled_metrics():
    assert private.compiled_metrics(small()) is None
    assert private.compiled_metrics(small(metrics=["mae"])) is not None


@holds
def loss_mean():
    model = small()
    loss = model.evaluate(X, Y, verbose=0)
    assert float(array(private.loss_mean(model).result())) == pytest.approx(loss)
    assert private.loss_mean(small(compiled=False)) is None


@holds
def compilation():
    model = small()
    first = private.compilation(model)
    assert private.compilation(model) is first
    model.compile("sgd", "mse")
    assert private.compilation(model) is not first


@holds
def loss_weights():
    x = keras.Input((3,))
    model = keras.Model(x, [layers.Dense(1, name="a")(x), layers.Dense(1, name="b")(x)])
    model.compile("sgd", ["mse", "mae"], loss_weights=[2.0, 3.0])
    assert list(private.loss_weights(model)) == [2.0, 3.0]


@holds
def loss_takes_training():
    class Told(keras.Model):
        told: ClassVar = []

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            self.told.append(training)
            return super().compute_loss(x, y, y_pred, sample_weight)

    class NotTold(keras.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None):
            return super().compute_loss(x, y, y_pred, sample_weight)

    for kind, tells in ((Told, True), (NotTold, False)):
        x = keras.Input((3,))
        model = kind(x, layers.Dense(1)(x))
        assert private.loss_takes_training(model) is tells
        object.__setattr__(model, private.LOSS_TAKES_TRAINING, tells)  # as it is: by that name Keras reads it
        model.compile("sgd", "mse", run_eagerly=True)
        model.evaluate(X, Y, verbose=0)
    assert Told.told[-1] is False


@holds
def logs_in_order():
    model = small(metrics=["mae"])
    logs = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx([logs["loss"], logs["mae"]])
    object.__setattr__(model, private.LOGS_IN_ORDER, lambda logs: sorted(logs))
    assert model.evaluate(X, Y, verbose=0) == ["loss", "mae"]
    assert private.logs_in_order(model)({"b": 1}) == ["b"]


@holds
def metrics_list():
    model = small()
    metric = keras.metrics.Mean(name="own")
    private.metrics_list(model).append(metric)
    assert any(one is metric for one in model.metrics)


@holds
def calls_of_losses():
    x = keras.Input((3,))
    model = keras.Model(x, [layers.Dense(1, name="a")(x), layers.Dense(1, name="b")(x)])
    model.compile("sgd", ["mse", ls.Huber()], loss_weights=[2.0, 3.0])
    calls = []

    def record(part):
        return lambda y, p, w=None: (
            calls.append((part.loss.name, part.loss_weights, float(array(p)[0, 0]))) or ops.zeros(())
        )

    y = ops.ones((2, 1))
    private.calls_of_losses(model, lambda: ([y, y], [y * 5, y * 7], None), record)
    assert calls == [("mse", 2.0, 5.0), ("huber", 3.0, 7.0)]


@holds
def loss_of_compile():
    y = np.float32([[0.0, 1.0]])
    assert private.loss_of_compile("mse", y, y).name == "mse"
    assert float(array(private.loss_of_compile(lambda a, b: b[:, 0] + 4, y, y)(y, y))) == 4.0
    assert private.loss_of_compile(None, y, y) is None


@holds
def wrapped_function():
    function, given = private.wrapped_function(keras.losses.Huber(delta=3.0))
    assert function is keras.losses.huber and given["delta"] == 3.0
    assert private.wrapped_function(ls.Huber()) is None


@holds
def is_bare_function():
    bare = private.loss_of_compile(lambda a, b: b, Y, Y)
    assert private.is_bare_function(bare) and not private.is_bare_function(keras.losses.Huber())


@holds
def less_is_better():
    metric = keras.metrics.MeanMetricWrapper(lambda y, p: p, name="mine")
    private.less_is_better(metric)
    stop = keras.callbacks.EarlyStopping(monitor="mine", mode="auto")
    model = small(metrics=[metric])
    model.evaluate(X, Y, verbose=0)
    stop.set_model(model)
    stop._set_monitor_op()
    assert bool(stop._is_improvement(1.0, 2.0)) and not bool(stop._is_improvement(2.0, 1.0))


@holds
def know_where_losses_are():
    private.know_where_losses_are()
    table = keras.saving.get_custom_objects()
    assert keras.saving.get_registered_object("lossary>Huber") is ls.Huber is table.get("lossary>Huber")
    for name in HOMES:
        assert keras.saving.get_registered_name(table[name]) == name
    assert keras.saving.get_registered_object("lossary>Nothing") is None is table.get("lossary>Nothing")
    with pytest.raises(KeyError):
        table["lossary>Nothing"]


FUNCTIONS = {
    name: one
    for name, one in vars(private).items()
    if inspect.isfunction(one) and one.__module__ == private.__name__ and not name.startswith("_")
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_keras_still_has(name):
    try:
        CHECKS[name]()
    except Exception as error:
        pytest.fail(f"Keras {keras.__version__} has changed what `{name}` reads. {FUNCTIONS[name].__doc__}\n{error!r}")


def test_every_function_says_what_stops_without_it():
    assert CHECKS.keys() == FUNCTIONS.keys()
    assert [name for name, one in FUNCTIONS.items() if "Without" not in (one.__doc__ or "")] == []
