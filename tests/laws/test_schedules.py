"""Every number that shapes a loss may follow a schedule: compiled once, it has the value of the step it is given."""

import keras
import numpy as np
import pytest
from keras import ops

from lossary.core.errors import ParameterError
from lossary.core.moments import at_step
from lossary.core.schedules import LinearSchedule
from tests.backends import BACKEND, array, as_trained, compiled, gradient
from tests.laws.cases import CASES, LOSSES, among, firsts, form, law
from tests.laws.slots import OF_CHOICES, OF_RESULTS

STEPS = 8


def moving_numbers(cls):
    """From a value that is not the default to another, for every parameter that is one number."""
    bounds = {}
    for name, param in cls.params.items():
        if param.kind == "number" and param.slide and not param.prepared:
            low, high = param.slide
            bounds[name] = (low + 0.4 * (high - low), low + 0.7 * (high - low))
    return bounds


BOUNDS = {cls: moving_numbers(cls) for cls in dict.fromkeys(case.cls for case in CASES)}
MOVABLE = [cls for cls, bounds in BOUNDS.items() if bounds]
FIRSTS = firsts(MOVABLE, form)
every_movable = law("cls", MOVABLE, FIRSTS.__contains__)  # a law of forms
COMPILED = FIRSTS[:3] if BACKEND == "torch" else FIRSTS  # torch.compile takes seconds for each


@law("cls", MOVABLE, COMPILED.__contains__)
def test_compiled_once_it_moves_with_the_step(cls, rng):
    bounds = BOUNDS[cls]
    loss = cls(**{name: LinearSchedule(*ends, steps=STEPS) for name, ends in bounds.items()})
    y, p = next(case for case in CASES if case.cls is cls).draw(rng)

    def run(step, y_pred):
        with at_step(step):
            return loss(y, y_pred)

    whole = compiled(run, whole=False)
    for step in (0, 3, STEPS):
        fixed = cls(**{name: a + (b - a) * step / STEPS for name, (a, b) in bounds.items()})
        index = ops.convert_to_tensor(step, dtype="int32")
        np.testing.assert_allclose(array(whole(index, ops.convert_to_tensor(p))), array(fixed(y, p)), rtol=2e-5)
        got, want = (gradient(lambda v, f=f: f(y, v), p) for f in (lambda y, v, s=index: run(s, v), fixed))
        np.testing.assert_allclose(got, want, rtol=2e-5, atol=1e-7)


NAMED = [case for case in OF_CHOICES if moving_numbers(case.cls)]


@law("case", NAMED, among(OF_RESULTS if BACKEND != "torch" else OF_RESULTS[:1]))
def test_losses_of_named_inputs_move_too(case):
    bounds, arrays = moving_numbers(case.cls), case.draw()
    loss = case(**{name: LinearSchedule(*ends, steps=STEPS) for name, ends in bounds.items()})

    def run(step, *xs):
        with at_step(step):
            return case.value(loss, dict(zip(arrays, xs, strict=True)))

    whole = compiled(run, whole=False)
    for step in (0, 3):
        fixed = case(**{name: a + (b - a) * step / STEPS for name, (a, b) in bounds.items()})
        index = ops.convert_to_tensor(step, dtype="int32")
        got = array(whole(index, *map(ops.convert_to_tensor, arrays.values())))
        np.testing.assert_allclose(got, array(case.value(fixed, arrays)), rtol=2e-5, atol=1e-7)


@every_movable
def test_outside_of_training_it_has_its_first_value_and_its_configuration_keeps_the_schedule(cls, rng):
    bounds = BOUNDS[cls]
    loss = cls(**{name: LinearSchedule(*ends, steps=STEPS) for name, ends in bounds.items()})
    first = cls(**{name: a for name, (a, _) in bounds.items()})
    y, p = next(case for case in CASES if case.cls is cls).draw(rng)
    np.testing.assert_allclose(array(loss(y, p)), array(first(y, p)), rtol=1e-6)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    with at_step(STEPS):
        last = cls(**{name: b for name, (_, b) in bounds.items()})
        np.testing.assert_allclose(array(again(y, p)), array(last(y, p)), rtol=2e-5)


@every_movable
def test_a_schedule_that_leaves_the_bounds_is_refused(cls):
    for name, param in cls.params.items():
        if param.kind == "number" and param.slide and np.isfinite(param.low):
            with pytest.raises(ParameterError, match=name):
                cls(**{name: LinearSchedule(param.slide[1], param.low - 1, steps=STEPS)})


@every_movable
def test_a_training_step_that_does_not_say_which_it_is_is_refused(cls, rng):
    loss = cls(**{name: LinearSchedule(*ends, steps=STEPS) for name, ends in BOUNDS[cls].items()})
    y, p = next(c for c in CASES if c.cls is cls).draw(rng)
    for one in (loss, 0.5 * cls() + LinearSchedule(0.0, 1.0, steps=STEPS) * cls()):
        with pytest.raises(Exception, match="at_step"):  # TensorFlow wraps what a function raises while it is compiled
            as_trained(lambda v, one=one: one(y, v))(ops.convert_to_tensor(p))


PREPARED = [(cls, name) for cls in LOSSES for name, param in cls.params.items() if param.prepared]


@pytest.mark.parametrize(("cls", "name"), PREPARED)
def test_what_is_prepared_for_one_number_refuses_a_schedule(cls, name):
    low, high = cls.params[name].slide
    with pytest.raises(ParameterError, match=f"{name}=.*prepared for one number.*It was given a schedule"):
        cls(**{name: LinearSchedule(low + 0.2 * (high - low), high, steps=STEPS)})
