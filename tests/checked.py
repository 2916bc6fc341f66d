"""Lets every training of a test be looked at by the check first: what is shown as right is no finding."""

import functools

import keras
import pytest

import lossary as ls


@pytest.fixture
def checked(monkeypatch):
    """While a test runs, fit() and ls.train() begin with ls.check on their data; the findings must be none."""
    seen = []

    def looking(model, x, y, weight):
        if y is None or model.loss is None or any(model is one for one in seen):
            return
        seen.append(model)
        found = ls.check(model, x, y, weight)
        assert not found, str(found)

    fit = keras.Model.fit

    @functools.wraps(fit)
    def checked_fit(self, x=None, y=None, *args, sample_weight=None, **more):
        looking(self, x, y, sample_weight)
        return fit(self, x, y, *args, sample_weight=sample_weight, **more)

    train = ls.train

    @functools.wraps(train)
    def checked_train(model, x, y=None, **more):
        history = train(model, x, y, **more)
        looking(model, x, y, more.get("sample_weight"))
        return history

    owner = next(cls for cls in keras.Model.__mro__ if "fit" in cls.__dict__)
    monkeypatch.setattr(owner, "fit", checked_fit)
    monkeypatch.setattr(ls, "train", checked_train)
    return seen
